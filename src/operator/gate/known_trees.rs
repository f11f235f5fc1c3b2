//! What revisions contain. Asking may take seconds, and a gate must not show an old verdict meanwhile: a look
//! takes what is known, and is repeated when more is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::gitops::Key;
use crate::trees::{TreeAsk, Trees};
use crate::work::Trigger;

/// How long one answer is waited for, with all its tries.
const LONGEST: Duration = Duration::from_secs(30);
/// Wait before another try, which doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// What could not be found out is asked again after this time, when somebody wants to know it.
const AGAIN: Duration = Duration::from_secs(60);
/// Answers that are remembered.
const KNOWN: usize = 4096;

/// What came of a question.
#[derive(Debug)]
enum Answer {
    /// Not known yet, and the gates that wait for it.
    Pending(BTreeSet<Key>),
    Known(String),
    Unknown(Instant),
}

/// What is known, and who is asked for more.
pub(crate) struct KnownTrees {
    trees: Arc<dyn Trees>,
    answers: Arc<Mutex<HashMap<TreeAsk, Answer>>>,
    send: mpsc::UnboundedSender<Trigger<Key>>,
}

impl KnownTrees {
    pub(super) fn new(trees: Arc<dyn Trees>, send: mpsc::UnboundedSender<Trigger<Key>>) -> Self {
        Self { trees, answers: Arc::default(), send }
    }

    /// What is known of these revisions, by their names, and whether more is being found out: then the gate is
    /// looked at again.
    pub(super) fn of(&self, gate: &Key, asks: impl IntoIterator<Item = TreeAsk>) -> (BTreeMap<String, String>, bool) {
        let (mut known, mut pending) = (BTreeMap::new(), false);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for ask in asks {
            match answers.get_mut(&ask) {
                Some(Answer::Known(tree)) => drop(known.insert(ask.revision, tree.clone())),
                Some(Answer::Unknown(at)) if at.elapsed() < AGAIN => {}
                Some(Answer::Pending(waiting)) => {
                    pending = true;
                    waiting.insert(gate.clone());
                }
                Some(Answer::Unknown(_)) | None => {
                    pending = true;
                    if answers.len() >= KNOWN {
                        answers.retain(|_, answer| matches!(answer, Answer::Pending(_)));
                    }
                    answers.insert(ask.clone(), Answer::Pending(BTreeSet::from([gate.clone()])));
                    self.ask(ask);
                }
            }
        }
        (known, pending)
    }

    /// Asks in the background, and wakes everybody who waits for the answer.
    fn ask(&self, ask: TreeAsk) {
        let (trees, answers, send) = (Arc::clone(&self.trees), Arc::clone(&self.answers), self.send.clone());
        tokio::spawn(async move {
            let tree = tokio::time::timeout(LONGEST, patiently(trees.as_ref(), &ask)).await.ok().flatten();
            let answer = tree.map_or_else(|| Answer::Unknown(Instant::now()), Answer::Known);
            let before = answers.lock().unwrap_or_else(PoisonError::into_inner).insert(ask, answer);
            let Some(Answer::Pending(waiting)) = before else { return };
            // Nobody receives only when everything ends.
            waiting.into_iter().for_each(|gate| drop(send.send(Trigger::Now(gate))));
        });
    }
}

/// Asks until there is an answer: a server that does not answer once is no reason to test the same content again.
async fn patiently(trees: &dyn Trees, ask: &TreeAsk) -> Option<String> {
    let mut pause = PAUSE;
    loop {
        if let Ok(tree) = trees.tree(ask.clone()).await {
            return tree;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use assay_api::GitSource;
    use futures::future::BoxFuture;

    use super::*;
    use crate::trees::NotNow;

    /// Answers after three seconds; the first time, that it cannot say.
    #[derive(Default)]
    struct Slow(AtomicBool);

    impl Trees for Slow {
        fn tree(&self, ask: TreeAsk) -> BoxFuture<'static, Result<Option<String>, NotNow>> {
            let asked = self.0.swap(true, Ordering::SeqCst);
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                if !asked {
                    return Err(NotNow);
                }
                Ok((ask.revision != "gone").then(|| format!("tree of {}", ask.revision)))
            })
        }
    }

    fn ask(revision: &str) -> TreeAsk {
        let source = GitSource { repository: "https://git/shop".into(), branch: "main".into(), path: "web".into() };
        TreeAsk { namespace: "shop".into(), source, revision: revision.into(), paths: vec!["web".into()] }
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_never_waits_and_is_repeated_when_more_is_known() {
        let (send, mut woken) = mpsc::unbounded_channel();
        let trees = KnownTrees::new(Arc::<Slow>::default(), send);
        let gate = ("shop".to_owned(), "web".to_owned());
        let asks = || [ask("a"), ask("gone")];
        assert_eq!(trees.of(&gate, asks()), (BTreeMap::new(), true));
        assert_eq!(trees.of(&gate, asks()), (BTreeMap::new(), true));
        for _ in 0..2 {
            assert_eq!(woken.recv().await, Some(Trigger::Now(gate.clone())));
        }
        let known = BTreeMap::from([("a".to_owned(), "tree of a".to_owned())]);
        assert_eq!(trees.of(&gate, asks()), (known.clone(), false));
        tokio::time::sleep(AGAIN).await;
        assert_eq!(trees.of(&gate, asks()), (known, true), "what was not found is looked for again");
    }

    #[tokio::test(start_paused = true)]
    async fn every_gate_that_waits_for_an_answer_is_woken_by_it() {
        let (send, mut woken) = mpsc::unbounded_channel();
        let trees = KnownTrees::new(Arc::<Slow>::default(), send);
        let gates = ["api", "web"].map(|name| ("shop".to_owned(), name.to_owned()));
        for gate in &gates {
            assert_eq!(trees.of(gate, [ask("a")]), (BTreeMap::new(), true));
        }
        for gate in gates {
            let next = tokio::time::timeout(Duration::from_secs(60), woken.recv()).await;
            assert_eq!(next, Ok(Some(Trigger::Now(gate))));
        }
    }
}
