//! Commit statuses: the forge shows what a gate says of the commit that it judges. A courtesy: whatever goes wrong
//! here changes no gate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_api::{GitWriteAccess, Judgement, TestGate};
use assay_git::{CommitState, CommitStatus, Disposition};
use assay_gitops::{Shown, ShownState, shown};
use assay_lifecycle::Failure;
use assay_telemetry::error_chain;
use tokio::sync::{broadcast, mpsc};

use super::granted::covering;
use super::opened::open;
use crate::context::Context;
use crate::failure::LookError;
use crate::git::Git;
use crate::gitops::{Gitops, Key, News, hear, key_of};
use crate::hands::Hands;
use crate::work::{self, Next, Trigger};

/// News of a gate within this time are shown once.
const GATHER: Duration = Duration::from_millis(200);
/// A Secret that is missing or wrong is not watched, so it is looked at again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What a gate said last, one for each of its newest commits: only changes are shown. Forges count them.
#[derive(Default)]
struct Memory(Mutex<HashMap<Key, Vec<Shown>>>);

impl Memory {
    fn knows(&self, gate: &Key, shown: &Shown) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(gate).is_some_and(|known| known.contains(shown))
    }

    fn learn(&self, gate: &Key, shown: Shown) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(gate.clone()).or_default();
        known.retain(|other| other.commit != shown.commit);
        known.insert(0, shown);
        known.truncate(3);
    }

    fn forget(&self, gate: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(gate);
    }
}

/// Shows the verdicts of all gates whose repository a grant with a forge covers.
pub(crate) async fn run(hands: Hands, news: broadcast::Receiver<News>) {
    let Hands { context, git, gitops } = hands;
    let (send, triggers) = mpsc::unbounded_channel();
    let mut grants = HashMap::new();
    let feed = hear(news, |news| {
        let keys = match news {
            Some(News::Gate(key)) => vec![key],
            // Its status is written again and again, and changes nothing here.
            Some(News::Access(name)) if !is_new(&mut grants, gitops.grants.get("", &name).as_deref(), &name) => {
                Vec::new()
            }
            // A grant may be there now that was not when the verdict came.
            Some(News::Access(_)) | None => gitops.gates.all().iter().map(|gate| key_of(gate.as_ref())).collect(),
            Some(_) => Vec::new(),
        };
        // What changes within a moment is shown once.
        keys.into_iter().for_each(|key| drop(send.send(Trigger::Within(key, GATHER))));
    });
    let memory = Arc::new(Memory::default());
    let metrics = context.metrics.of_loop("commit-statuses");
    let looks = work::run(triggers, 4, metrics, |key: Key| {
        let (context, git, gitops, memory) =
            (Arc::clone(&context), Arc::clone(&git), Arc::clone(&gitops), Arc::clone(&memory));
        async move { show(&context, &git, &gitops, &memory, &key).await }
    });
    tokio::join!(feed, async {
        // A gate of which the grant is not listed yet would be taken for one without.
        tokio::join!(gitops.gates.synced(), gitops.grants.synced());
        looks.await;
    });
}

/// Whether somebody made, changed or removed the grant.
fn is_new(known: &mut HashMap<String, Option<i64>>, grant: Option<&GitWriteAccess>, name: &str) -> bool {
    let generation = grant.and_then(|grant| grant.metadata.generation);
    known.insert(name.to_owned(), generation) != Some(generation)
}

async fn show(context: &Context, git: &Git, gitops: &Gitops, memory: &Memory, key: &Key) -> Next {
    let Some(gate) = gitops.gates.get(&key.0, &key.1) else {
        memory.forget(key);
        return Next::OnChange;
    };
    match show_gate(context, git, gitops, memory, &gate, key).await {
        Ok(next) => next,
        Err(error) => {
            tracing::debug!(namespace = key.0, name = key.1, error = error_chain(&error), "a verdict is not shown yet");
            Next::Failed(error.failure())
        }
    }
}

async fn show_gate(
    context: &Context,
    git: &Git,
    gitops: &Gitops,
    memory: &Memory,
    gate: &TestGate,
    key: &Key,
) -> Result<Next, LookError> {
    let Some(status) = &gate.status else { return Ok(Next::OnChange) };
    let news: Vec<Shown> = judgements(status.current.as_ref(), status.verdicts.first())
        .filter_map(|judgement| shown(&key.0, &key.1, gate.spec.mode, judgement))
        .filter(|shown| !memory.knows(key, shown))
        .collect();
    let Some(source) = status.source.as_ref().filter(|_| git.write && !news.is_empty()) else {
        return Ok(Next::OnChange);
    };
    let Ok(covering) = covering(&gitops.grants.all(), &key.0, source, &[]) else { return Ok(Next::OnChange) };
    let wanted = covering.object.spec.forge.as_ref().is_some_and(|forge| !forge.no_statuses);
    if !wanted {
        return Ok(Next::OnChange);
    }
    let forge = match open(&context.cluster, git, &covering.object.spec).await?.map(|opened| opened.forge) {
        Ok(Ok(Some(forge))) => forge,
        Ok(Ok(None)) => return Ok(Next::OnChange),
        // The grant's own status says what is wrong.
        Ok(Err(_)) | Err(_) => return Ok(Next::Within(LOOK_AGAIN)),
    };
    for shown in news {
        let status = CommitStatus {
            context: shown.context.clone(),
            state: state(shown.state),
            description: shown.description.clone(),
            url: git.external_url.clone(),
        };
        if let Err(error) = forge.status(&shown.commit, &status).await {
            let words = error_chain(&error);
            match error.disposition() {
                Disposition::Transient => {
                    tracing::info!(namespace = key.0, name = key.1, error = words, "a verdict is not shown yet");
                    return Ok(error.retry_after().map_or(Next::Failed(Failure::Transient), Next::Within));
                }
                // It would say no again: this one is not shown.
                Disposition::Stalled | Disposition::Bug => {
                    tracing::warn!(namespace = key.0, name = key.1, error = words, "the forge does not show a verdict");
                }
            }
        }
        memory.learn(key, shown);
    }
    Ok(Next::OnChange)
}

/// The older one first: the newest stays the last word where both are about one commit.
fn judgements<'a>(
    current: Option<&'a Judgement>,
    former: Option<&'a Judgement>,
) -> impl Iterator<Item = &'a Judgement> {
    let same = |former: &&Judgement| current.is_some_and(|now| now.revision.revision == former.revision.revision);
    former.filter(|former| !same(former)).into_iter().chain(current)
}

const fn state(state: ShownState) -> CommitState {
    match state {
        ShownState::Pending => CommitState::Pending,
        ShownState::Success => CommitState::Success,
        ShownState::Failure => CommitState::Failure,
        ShownState::Error => CommitState::Error,
    }
}

#[cfg(test)]
mod tests {
    use assay_api::{GitWriteAccessSpec, RevisionStatus, Verdict};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    #[test]
    fn a_grant_is_new_when_somebody_changed_it_and_not_when_its_status_was_written() {
        let mut known = HashMap::new();
        let grant = |generation: i64| GitWriteAccess {
            metadata: ObjectMeta { generation: Some(generation), ..ObjectMeta::default() },
            ..GitWriteAccess::new("shop", GitWriteAccessSpec::default())
        };
        let mut news = |grant: Option<GitWriteAccess>| is_new(&mut known, grant.as_ref(), "shop");
        let seen = [Some(grant(1)), Some(grant(1)), Some(grant(2)), None, None, Some(grant(1))].map(&mut news);
        assert_eq!(seen, [true, false, true, true, false, true]);
    }

    fn judgement(commit: char, verdict: Option<Verdict>) -> Judgement {
        let revision = RevisionStatus { revision: String::from(commit).repeat(40), ..RevisionStatus::default() };
        Judgement { revision, verdict, ..Judgement::default() }
    }

    fn said(memory: &Memory, key: &Key, current: &Judgement, former: &Judgement) -> usize {
        let news: Vec<_> = judgements(Some(current), Some(former))
            .filter_map(|judgement| shown(&key.0, &key.1, assay_api::GateMode::Blocking, judgement))
            .filter(|shown| !memory.knows(key, shown))
            .collect();
        let number = news.len();
        news.into_iter().for_each(|shown| memory.learn(key, shown));
        number
    }

    #[test]
    fn only_changes_are_shown() {
        let (memory, key) = (Memory::default(), ("shop".to_owned(), "web".to_owned()));
        let good = judgement('a', Some(Verdict::Passed));
        assert_eq!(said(&memory, &key, &judgement('b', None), &good), 2);
        assert_eq!(said(&memory, &key, &judgement('b', None), &good), 0);
        assert_eq!(said(&memory, &key, &judgement('b', Some(Verdict::Failed)), &good), 1);
        // A judgement of the same commit anew: the newest word counts.
        assert_eq!(said(&memory, &key, &judgement('b', None), &judgement('b', Some(Verdict::Failed))), 1);
        memory.forget(&key);
        assert_eq!(said(&memory, &key, &judgement('b', None), &good), 2);
    }
}
