//! Which records a piece of news concerns.

use std::sync::Arc;
use std::time::Duration;

use assay_api::{DeliveryKind, Rollback, RollbackPhase};
use assay_cluster::DeliveryKey;
use assay_gitops::{asks_guards, same_repository};

use crate::gitops::{Key, News, key_of};
use crate::work::Trigger;

/// What may matter to somebody else is looked at together, a moment later.
const GATHER: Duration = Duration::from_millis(300);

/// Who is to be looked at because of this news.
pub(super) fn concerned(news: &News, records: &[Arc<Rollback>]) -> Vec<Trigger<Key>> {
    let active = records.iter().filter(|record| !is_over(record));
    let mut triggers = Vec::new();
    for record in active {
        let own = key_of(record.as_ref());
        let undecided = asks_guards(phase(record));
        let trigger = match news {
            News::Rollback(key) if *key == own => Some(Trigger::Now(own)),
            // A leader, a budget, a cool-down.
            News::Rollback(_) | News::Access(_) => undecided.then_some(Trigger::Within(own, GATHER)),
            News::Gate((namespace, name)) if own.0 == *namespace && record.spec.gate == *name => {
                Some(Trigger::Now(own))
            }
            // A neighbour, or one of many that fail.
            News::Gate(_) => undecided.then_some(Trigger::Within(own, GATHER)),
            News::Delivery(object) => delivery(record, object).then_some(Trigger::Now(own)),
            News::Execution(..) => None,
            News::Pushed(event) => {
                let source = record.spec.source.as_ref();
                let ours = |url: &String| source.is_some_and(|source| same_repository(url, &source.repository));
                event.repositories.iter().any(ours).then_some(Trigger::Now(own))
            }
        };
        triggers.extend(trigger);
    }
    triggers
}

/// All that are not over: news were missed.
pub(super) fn all(records: &[Arc<Rollback>]) -> Vec<Trigger<Key>> {
    records.iter().filter(|record| !is_over(record)).map(|record| Trigger::Now(key_of(record.as_ref()))).collect()
}

fn phase(record: &Rollback) -> RollbackPhase {
    record.status.as_ref().map_or(RollbackPhase::Evaluating, |status| status.phase)
}

/// Over, and written down for this generation.
fn is_over(record: &Rollback) -> bool {
    let Some(status) = &record.status else { return false };
    status.is_over() && Some(status.observed_generation) == record.metadata.generation
}

/// Whether the object says something about the delivery. What Flux applies is told by more objects than one.
fn delivery(record: &Rollback, object: &DeliveryKey) -> bool {
    let reference = &record.spec.delivery;
    let is_flux = reference.kind != DeliveryKind::Application;
    let itself = object.kind == reference.kind.as_str()
        && object.name == reference.name
        && reference.namespace.as_ref().is_none_or(|namespace| *namespace == object.namespace);
    object.is_kind() || itself || (is_flux && matches!(object.kind, "Kustomization" | "GitRepository"))
}

#[cfg(test)]
mod tests {
    use assay_api::{
        DeliveryReference, GitSource, Reason, RevisionStatus, RollbackPolicy, RollbackSpec, RollbackStatus, Verdict,
    };
    use assay_gitops::webhook::PushEvent;
    use jiff::Timestamp;

    use super::*;

    fn record(name: &str, phase: RollbackPhase) -> Arc<Rollback> {
        let spec = RollbackSpec {
            gate: format!("gate-of-{name}"),
            gate_uid: String::new(),
            delivery: DeliveryReference {
                name: name.to_owned(),
                namespace: Some("argocd".to_owned()),
                ..DeliveryReference::default()
            },
            source: Some(GitSource { repository: "https://h/shop".to_owned(), ..GitSource::default() }),
            bad: RevisionStatus::default(),
            turn: 0,
            good: None,
            good_source: None,
            verdict: Verdict::Failed,
            verdict_reason: Reason::TestsFailed,
            failed_at: Timestamp::UNIX_EPOCH,
            executions: Vec::new(),
            failures: Vec::new(),
            policy: RollbackPolicy::default(),
            dry_run: None,
            key: String::new(),
        };
        let mut record = Rollback::new(name, spec);
        record.metadata.namespace = Some("shop".to_owned());
        record.metadata.generation = Some(1);
        record.status = Some(RollbackStatus { phase, observed_generation: 1, ..RollbackStatus::default() });
        Arc::new(record)
    }

    #[test]
    fn news_reaches_those_whom_it_concerns() {
        let records = [
            record("holds", RollbackPhase::Holding),
            record("deploys", RollbackPhase::Deploying),
            record("over", RollbackPhase::Recovered),
        ];
        let key = |name: &str| ("shop".to_owned(), name.to_owned());
        let now = |name: &str| Trigger::Now(key(name));
        let soon = |name: &str| Trigger::Within(key(name), GATHER);
        let object = |kind, name: &str| {
            News::Delivery(DeliveryKey { kind, namespace: "argocd".to_owned(), name: name.to_owned() })
        };
        let pushed = |url: &str| {
            News::Pushed(Arc::new(PushEvent { repositories: vec![url.to_owned()], ..PushEvent::default() }))
        };
        for (news, expected) in [
            (News::Rollback(key("holds")), vec![now("holds")]),
            (News::Rollback(key("deploys")), vec![soon("holds"), now("deploys")]),
            (News::Rollback(key("over")), vec![soon("holds")]),
            (News::Access("grant".to_owned()), vec![soon("holds")]),
            (News::Gate(key("gate-of-deploys")), vec![soon("holds"), now("deploys")]),
            (object("Application", "deploys"), vec![now("deploys")]),
            (object("Application", "unknown"), vec![]),
            (object("GitRepository", "any"), vec![]),
            (object("Application", ""), vec![now("holds"), now("deploys")]),
            (pushed("git@h:shop.git"), vec![now("holds"), now("deploys")]),
            (pushed("git@h:other.git"), vec![]),
        ] {
            assert_eq!(concerned(&news, &records), expected, "{news:?}");
        }
    }

    #[test]
    fn what_nobody_has_visited_yet_is_looked_at() {
        let mut fresh = (*record("new", RollbackPhase::Evaluating)).clone();
        fresh.status = None;
        let news = News::Rollback(("shop".to_owned(), "new".to_owned()));
        assert_eq!(concerned(&news, &[Arc::new(fresh)]).len(), 1);
    }
}
