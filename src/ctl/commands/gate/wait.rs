//! `assay gate wait`: the verdict of a delivered revision, as an exit code.

use std::time::Duration;

use assay_api::{DurationText, Judgement, TestGate};
use assay_cluster::{Change, WatchOptions};
use clap::Args as ClapArgs;
use futures::StreamExt;

use super::named::Named;
use crate::exit;
use crate::failure::Failure;
use crate::output::revision::short;
use crate::output::screen::{Screen, paint};
use crate::output::summary;
use crate::output::terminal::plain;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Who waits for a verdict waits for the deployment too.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Arguments of `gate wait`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Wait {
    #[command(flatten)]
    which: Named,
    /// The commit whose verdict is meant, or its first characters, at least 7; without it what is delivered now.
    #[arg(long, value_parser = revision)]
    revision: Option<String>,
    #[command(flatten)]
    patience: Patience,
}

/// How long to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Patience {
    /// Longest wait, for example `10m`; 30 minutes without it.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

impl Patience {
    /// Whether it was given.
    pub(super) fn is_set(&self) -> bool {
        self.timeout.is_some()
    }

    /// The longest wait.
    pub(super) fn limit(&self) -> Duration {
        self.timeout.unwrap_or(LIMIT)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    DurationText::new(text).parse().map_err(|error| error.to_string())
}

fn revision(text: &str) -> Result<String, String> {
    let fine = (7..=256).contains(&text.len()) && !text.chars().any(char::is_whitespace);
    if fine { Ok(text.to_owned()) } else { Err("name the commit, or at least its first 7 characters".to_owned()) }
}

/// Which verdict is awaited.
#[derive(Clone, Debug, Default)]
pub(super) struct Awaited {
    /// That of the judgement which this request began.
    pub(super) token: Option<String>,
    /// That of this revision.
    pub(super) revision: Option<String>,
}

/// Waits.
///
/// # Errors
/// When the gate does not exist, or nobody judged in time.
pub(crate) async fn wait(place: &Place, task: &Wait, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let awaited = Awaited { token: None, revision: task.revision.clone() };
    session.named::<TestGate>(&task.which.name).await?;
    until(&session, &task.which.name, &awaited, task.patience.limit(), screen).await
}

/// Says what the gate does until the verdict is there, and answers it as exit code.
///
/// # Errors
/// When the gate is deleted meanwhile, or time runs out.
pub(super) async fn until(
    session: &Session,
    name: &str,
    awaited: &Awaited,
    limit: Duration,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    match tokio::time::timeout(limit, follow(session, name, awaited, screen)).await {
        Ok(ended) => ended,
        Err(_) => Err(Failure::timed_out(format!("{name} has no verdict after {}s", limit.as_secs()))
            .hint(format!("`{} gate describe {name}` says what it waits for", called()))),
    }
}

async fn follow(session: &Session, name: &str, awaited: &Awaited, screen: &mut Screen) -> Result<u8, Failure> {
    let options = WatchOptions { namespaces: vec![session.namespace.clone()], ..WatchOptions::default() };
    let mut watch = session.cluster.watch::<TestGate>(options);
    let mut said = String::new();
    while let Some(change) = watch.changes.next().await {
        let gate = match change {
            Change::Applied(gate) if gate.metadata.name.as_deref() == Some(name) => gate,
            Change::Gone(gate) if gate.metadata.name.as_deref() == Some(name) => {
                return Err(Failure::errored(format!("{name} was deleted")));
            }
            _ => continue,
        };
        if let Some(judgement) = judged(&gate, awaited) {
            screen.line(&line(name, judgement))?;
            return Ok(judgement.verdict.map_or(exit::ERRORED, |verdict| exit::of(verdict, judgement.reason)));
        }
        let now = gate.status.as_ref().and_then(|status| status.message.as_deref()).map(plain).unwrap_or_default();
        if now != said && !now.is_empty() {
            screen.note(&paint::dim(&format!("{name}: {now}")))?;
            said = now;
        }
    }
    Err(Failure::errored("the watch ended"))
}

/// The judgement that is awaited, once it is final. A gate that has not seen its newest form says nothing.
fn judged<'a>(gate: &'a TestGate, awaited: &Awaited) -> Option<&'a Judgement> {
    let status = gate.status.as_ref()?;
    if gate.metadata.generation.is_some_and(|generation| generation != status.observed_generation) {
        return None;
    }
    if awaited.token.is_some() && awaited.token != status.last_handled_rerun {
        return None;
    }
    let is_asked = |judgement: &&Judgement| {
        awaited.revision.as_ref().is_none_or(|asked| judgement.revision.revision.starts_with(asked.as_str()))
    };
    // What is judged anew is not over, whatever was said of it before.
    let mut all = status.current.iter().chain(&status.verdicts);
    let newest = if awaited.revision.is_none() { status.current.as_ref() } else { all.find(is_asked) };
    newest.filter(|judgement| judgement.verdict.is_some())
}

fn line(name: &str, judgement: &Judgement) -> String {
    let verdict = judgement.verdict.map(summary::verdict).unwrap_or_default();
    let message = judgement.message.as_deref().map(|message| format!(": {}", plain(message))).unwrap_or_default();
    format!("{name}: {verdict} {}{message}", short(&judgement.revision.revision))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gate(observed: i64, status: serde_json::Value) -> TestGate {
        let mut status = status;
        status["observedGeneration"] = json!(observed);
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": { "name": "shop", "generation": 2 },
            "spec": { "delivery": { "kind": "Application", "name": "shop" }, "workflows": [{ "name": "w" }] },
            "status": status,
        }))
        .expect("a gate")
    }

    #[test]
    fn only_the_awaited_verdict_ends_the_wait() {
        let failed = json!({ "revision": "aaaaaaaaaa", "turn": 0, "verdict": "failed" });
        let going = json!({ "revision": "bbbbbbbbbb", "turn": 0 });
        let again = json!({ "revision": "aaaaaaaaaa", "turn": 1 });
        let now = Awaited::default();
        let of = |revision: &str| Awaited { token: None, revision: Some(revision.to_owned()) };
        let asked = Awaited { token: Some("t2".into()), revision: None };
        for (observed, status, awaited, ends) in [
            (2, json!({ "current": failed }), &now, true),
            (1, json!({ "current": failed }), &now, false),
            (2, json!({ "current": going }), &now, false),
            (2, json!({ "current": going, "verdicts": [failed] }), &now, false),
            (2, json!({ "current": going, "verdicts": [failed] }), &of("aaaaaaa"), true),
            (2, json!({ "current": going, "verdicts": [failed] }), &of("bbbbbbb"), false),
            (2, json!({ "current": again, "verdicts": [failed] }), &of("aaaaaaa"), false),
            (2, json!({ "current": failed, "lastHandledRerun": "t1" }), &asked, false),
            (2, json!({ "current": failed, "lastHandledRerun": "t2" }), &asked, true),
        ] {
            assert_eq!(
                judged(&gate(observed, status.clone()), awaited).is_some(),
                ends,
                "{observed} {status} {awaited:?}"
            );
        }
        assert!(revision("abc").is_err() && revision("abcdefg").is_ok());
    }
}
