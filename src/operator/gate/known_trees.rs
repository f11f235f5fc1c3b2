//! What revisions contain. Asking may take seconds, and a gate must not show an old verdict meanwhile: a look
//! takes what is known, and is repeated when more is.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::gitops::Key;
use crate::trees::{TreeAsk, Trees};
use crate::work::Trigger;

/// How long one answer is waited for.
const LONGEST: Duration = Duration::from_secs(30);
/// What could not be found out is asked again after this time, when somebody wants to know it.
const AGAIN: Duration = Duration::from_secs(60);
/// Answers that are remembered.
const KNOWN: usize = 4096;

/// What came of a question.
#[derive(Clone, Debug)]
enum Answer {
    Pending,
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
        for ask in asks {
            match self.answer(&ask) {
                Some(Answer::Known(tree)) => drop(known.insert(ask.revision, tree)),
                Some(Answer::Pending) => pending = true,
                Some(Answer::Unknown(at)) if at.elapsed() < AGAIN => {}
                Some(Answer::Unknown(_)) | None => {
                    pending = true;
                    self.ask(gate.clone(), ask);
                }
            }
        }
        (known, pending)
    }

    fn answer(&self, ask: &TreeAsk) -> Option<Answer> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(ask).cloned()
    }

    /// Asks in the background. Two gates that ask the same are two looks, not two questions, as the first of them
    /// is answered within moments for both.
    fn ask(&self, gate: Key, ask: TreeAsk) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= KNOWN {
            answers.retain(|_, answer| matches!(answer, Answer::Pending));
        }
        answers.insert(ask.clone(), Answer::Pending);
        drop(answers);
        let (asking, answers, send) = (self.trees.tree(ask.clone()), Arc::clone(&self.answers), self.send.clone());
        tokio::spawn(async move {
            let tree = tokio::time::timeout(LONGEST, asking).await.ok().flatten();
            let answer = tree.map_or_else(|| Answer::Unknown(Instant::now()), Answer::Known);
            answers.lock().unwrap_or_else(PoisonError::into_inner).insert(ask, answer);
            // Nobody receives only when everything ends.
            let _ = send.send(Trigger::Now(gate));
        });
    }
}

#[cfg(test)]
mod tests {
    use assay_api::GitSource;
    use futures::future::BoxFuture;

    use super::*;

    struct Slow;

    impl Trees for Slow {
        fn tree(&self, ask: TreeAsk) -> BoxFuture<'static, Option<String>> {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                (ask.revision != "gone").then(|| format!("tree of {}", ask.revision))
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
        let trees = KnownTrees::new(Arc::new(Slow), send);
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
}
