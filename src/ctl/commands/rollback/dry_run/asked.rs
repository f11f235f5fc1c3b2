//! The question: an annotation on the gate, which stays until the answer is read.

use std::time::Duration;

use assay_api::names::{ANNOTATION_DRY_RUN, FIELD_MANAGER_CLI, LABEL_DRY_RUN};
use assay_api::{Rollback, TestGate};
use assay_cluster::{Change, WatchOptions};
use assay_gitops::{DryRunAsk, dry_run_name};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::{Screen, paint};
use crate::output::terminal::plain;
use crate::program::called;
use crate::remote::session::Session;

/// A manager that runs begins to answer well within this time.
const BEGIN: Duration = Duration::from_secs(60);
/// A repository that is seen for the first time must be fetched.
const ANSWER: Duration = Duration::from_secs(5 * 60);
/// Others may change the gate while the question is taken back.
const TRIES: usize = 5;

/// Asks, waits for the answer, and takes the question back, with which the answer goes; unless it is to be kept.
///
/// # Errors
/// When the gate may not be changed, or nobody answers.
pub(super) async fn ask(
    session: &Session,
    gate: &TestGate,
    ask: &DryRunAsk,
    keep: bool,
    screen: &mut Screen,
) -> Result<Rollback, Failure> {
    let (name, uid) = (gate.metadata.name.as_deref().unwrap_or_default(), gate.metadata.uid.as_deref());
    let record = dry_run_name(name, uid.unwrap_or_default(), &ask.token);
    let patch = annotation(Some(&ask.token), None);
    session.cluster.merge_patch::<TestGate>(&session.namespace, name, &patch, FIELD_MANAGER_CLI).await?;
    let answer = tokio::select! {
        answer = wait(session, &record, screen) => answer,
        _ = tokio::signal::ctrl_c() => Err(Failure::silent(exit::INTERRUPTED)),
    };
    if !(keep && answer.is_ok())
        && let Err(error) = take_back(session, name, &ask.token).await
    {
        let words = assay_telemetry::error_chain(&error);
        screen.note(&paint::dim(&format!("the annotation `{ANNOTATION_DRY_RUN}` of {name} stays: {words}")))?;
    }
    answer
}

fn annotation(token: Option<&str>, version: Option<&str>) -> Value {
    let mut patch = json!({ "metadata": { "annotations": { (ANNOTATION_DRY_RUN): token } } });
    if let Some(version) = version {
        patch["metadata"]["resourceVersion"] = json!(version);
    }
    patch
}

/// Takes the question back, if it still is this one: somebody else may have asked meanwhile.
async fn take_back(session: &Session, name: &str, token: &str) -> Result<(), assay_cluster::ClusterError> {
    for last in (0..TRIES).rev() {
        let Some(gate) = session.cluster.get::<TestGate>(&session.namespace, name).await? else { return Ok(()) };
        if !asks(&gate, token) {
            return Ok(());
        }
        let patch = annotation(None, gate.metadata.resource_version.as_deref());
        let taken = session.cluster.merge_patch::<TestGate>(&session.namespace, name, &patch, FIELD_MANAGER_CLI).await;
        match taken {
            Err(error) if error.conflict() && last > 0 => {}
            other => return other.map(drop),
        }
    }
    Ok(())
}

fn asks(gate: &TestGate, token: &str) -> bool {
    gate.metadata.annotations.as_ref().and_then(|all| all.get(ANNOTATION_DRY_RUN)).is_some_and(|known| known == token)
}

/// What a record says of how far the answer is.
#[derive(Debug, PartialEq)]
enum Seen {
    /// It is not there yet, or another one.
    Nothing,
    /// It is being answered: in these words.
    Going(String),
    /// It is answered.
    Over,
    /// It was removed before it was read.
    Gone,
}

fn seen(change: &Change<Rollback>, name: &str) -> Seen {
    match change {
        Change::Gone(record) if record.metadata.name.as_deref() == Some(name) => Seen::Gone,
        Change::Applied(record) if record.metadata.name.as_deref() == Some(name) => match &record.status {
            Some(status) if status.is_over() => Seen::Over,
            Some(status) if status.message.is_some() => Seen::Going(status.message.clone().unwrap_or_default()),
            _ => Seen::Going("the guards are being asked".to_owned()),
        },
        Change::Applied(_) | Change::Gone(_) | Change::Synced => Seen::Nothing,
    }
}

async fn wait(session: &Session, name: &str, screen: &mut Screen) -> Result<Rollback, Failure> {
    let labels = Some(format!("{LABEL_DRY_RUN}=true"));
    let namespaces = vec![session.namespace.clone()];
    let options = WatchOptions { namespaces, labels, ..WatchOptions::default() };
    let mut watch = session.cluster.watch::<Rollback>(options);
    screen.note(&paint::dim("asking the manager"))?;
    let (mut until, mut said) = (Instant::now() + BEGIN, None);
    loop {
        let Ok(Some(change)) = timeout_at(until, watch.changes.next()).await else {
            return Err(unanswered(said.as_deref()));
        };
        match seen(&change, name) {
            Seen::Nothing => {}
            Seen::Gone => {
                return Err(Failure::errored("the answer was removed before it was read")
                    .hint("somebody else asked about the same gate, or deleted it; ask again"));
            }
            Seen::Over => match change {
                Change::Applied(record) => return Ok((*record).clone()),
                Change::Gone(_) | Change::Synced => {}
            },
            Seen::Going(words) => {
                if said.is_none() {
                    until = Instant::now() + ANSWER;
                }
                if said.as_ref() != Some(&words) {
                    screen.note(&paint::dim(&plain(&words)))?;
                    said = Some(words);
                }
            }
        }
    }
}

/// Nobody began, or it was not finished.
fn unanswered(said: Option<&str>) -> Failure {
    match said {
        None => Failure::timed_out(format!("no manager answered within {} s", BEGIN.as_secs())).hint(format!(
            "is one running that looks after gates (`gitops.enabled` of the chart), and is this machine's clock right? \
             `{} doctor` says more",
            called()
        )),
        Some(said) => Failure::timed_out(format!(
            "the manager did not finish within {} minutes: {}",
            ANSWER.as_secs() / 60,
            plain(said)
        ))
        .hint("its log says what it waits for; ask again later"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use assay_api::{RollbackPhase, RollbackStatus};

    use super::super::super::explain::tests::rollback;
    use super::*;

    #[test]
    fn only_its_own_answer_ends_the_wait() {
        let status = |phase, finished: bool, message: Option<&str>| {
            let finished_at = finished.then_some(jiff::Timestamp::UNIX_EPOCH);
            Some(RollbackStatus {
                phase,
                finished_at,
                message: message.map(str::to_owned),
                ..RollbackStatus::default()
            })
        };
        let record = |status| Arc::new(Rollback { status, ..rollback() });
        let own = rollback().metadata.name.unwrap();
        let new = || Change::Applied(record(None));
        let going = |words: &str| Seen::Going(words.to_owned());
        for (change, name, expected) in [
            (Change::Synced, own.as_str(), Seen::Nothing),
            (new(), "another", Seen::Nothing),
            (Change::Gone(record(None)), "another", Seen::Nothing),
            (new(), &own, going("the guards are being asked")),
            (Change::Applied(record(status(RollbackPhase::Evaluating, false, Some("m")))), &own, going("m")),
            (Change::Applied(record(status(RollbackPhase::Holding, true, Some("m")))), &own, Seen::Over),
            (Change::Applied(record(status(RollbackPhase::Observed, true, None))), &own, Seen::Over),
            (Change::Gone(record(status(RollbackPhase::Observed, true, None))), &own, Seen::Gone),
        ] {
            assert_eq!(seen(&change, name), expected, "{change:?}");
        }
    }

    #[test]
    fn a_question_is_taken_back_only_by_who_asked() {
        let gate = |token: Option<&str>| -> TestGate {
            serde_json::from_value(json!({
                "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate",
                "metadata": { "name": "g", "annotations": token.map(|token| json!({ (ANNOTATION_DRY_RUN): token })) },
                "spec": { "delivery": { "kind": "Application", "name": "g" }, "workflows": [{ "name": "w" }] },
            }))
            .expect("a gate")
        };
        for (known, asked) in [(Some("t"), true), (Some("t2"), false), (None, false)] {
            assert_eq!(asks(&gate(known), "t"), asked, "{known:?}");
        }
        let patch = annotation(None, Some("7"));
        assert_eq!(patch["metadata"]["annotations"][ANNOTATION_DRY_RUN], Value::Null);
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        assert_eq!(
            annotation(Some("t"), None),
            json!({ "metadata": { "annotations": { (ANNOTATION_DRY_RUN): "t" } } })
        );
    }

    #[test]
    fn nobody_who_answers_is_told_from_one_who_does_not_finish() {
        let nobody = unanswered(None);
        assert!(nobody.message.contains("no manager answered within 60 s"), "{}", nobody.message);
        assert!(nobody.hint.is_some_and(|hint| hint.contains("gitops.enabled")));
        assert!(unanswered(Some("away\x1b[2J")).message.contains("did not finish within 5 minutes: away"));
    }
}
