//! `assay rollback explain`: why it was, or was not, carried out, and what came of it.

use assay_api::{Rollback, RollbackStatus};
use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;

use super::guards;
use crate::commands::gates::delivery;
use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::clock::age;
use crate::output::screen::{Screen, paint};
use crate::output::terminal::plain;
use crate::output::yaml;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Arguments of `rollback explain`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Explain {
    /// Name of the rollback.
    #[arg(value_parser = names::rollback, add = ArgValueCompleter::new(complete::rollbacks))]
    name: String,
    /// Form of the output.
    #[arg(short, long, value_enum)]
    output: Option<Form>,
}

/// Forms of `rollback explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The object, as JSON.
    Json,
    /// The object, as YAML.
    Yaml,
}

/// Explains a rollback.
///
/// # Errors
/// When it does not exist, or the cluster does not tell.
pub(super) async fn explain(place: &Place, task: &Explain, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let mut rollback: Rollback = session.named(&task.name).await?;
    if let Some(form) = task.output {
        rollback.metadata.managed_fields = None;
        screen.data(&yaml::of_object(&rollback, form == Form::Json)?)?;
        return Ok(exit::PASSED);
    }
    screen.data(&text(&rollback, Timestamp::now()))?;
    for hint in hints(&session.namespace, &rollback) {
        screen.note(&paint::dim(&hint))?;
    }
    Ok(exit::PASSED)
}

fn hints(namespace: &str, rollback: &Rollback) -> Vec<String> {
    let (program, name) = (called(), rollback.metadata.name.as_deref().unwrap_or_default());
    let status = rollback.status.clone().unwrap_or_default();
    let waits = status.reason == Some(assay_api::Reason::AwaitingApproval) && !status.is_over();
    let mut hints: Vec<String> = Vec::new();
    if waits {
        hints.push(format!("approve it: {program} -n {namespace} rollback approve {name}"));
    }
    if !status.is_over() {
        hints.push(format!("hold it: {program} -n {namespace} rollback pause {name}"));
    }
    let first = rollback.spec.executions.first();
    hints.extend(first.map(|execution| format!("what failed: {program} -n {namespace} report {}", plain(execution))));
    hints
}

fn text(rollback: &Rollback, now: Timestamp) -> String {
    let status = rollback.status.clone().unwrap_or_default();
    let mut out = head(rollback, &status, now);
    out.push_str(&failed_tests(rollback));
    if status.findings.is_empty() {
        out.push_str("\nGuards:      none was asked yet\n");
    } else {
        out.push_str(&format!("\nGuards:      {}\n", guards::outcome(&status.findings)));
        out.push_str(&guards::lines(&status.findings));
    }
    out.push_str(&commit(&status));
    out.push_str(&trail(&status, now));
    out
}

fn head(rollback: &Rollback, status: &RollbackStatus, now: Timestamp) -> String {
    let spec = &rollback.spec;
    let mut fields: Vec<(&str, String)> =
        vec![("Rollback", rollback.metadata.name.clone().unwrap_or_default()), ("Phase", status.phase.to_string())];
    let mut field = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    field("Message", status.message.as_deref().map(plain));
    field("Gate", Some(plain(&spec.gate)));
    field("Delivery", Some(delivery(&spec.delivery)));
    field(
        "Source",
        spec.source.as_ref().map(|source| {
            let path = if source.path.is_empty() { "." } else { &source.path };
            plain(&format!("{path} on {} of {}", source.branch, source.repository))
        }),
    );
    let failed = format!("{} ({} {} ago)", plain(&spec.bad.revision), spec.verdict, age(spec.failed_at, now));
    field("Bad", Some(failed));
    field("Good", Some(spec.good.as_ref().map_or_else(|| "none is known".to_owned(), |good| plain(&good.revision))));
    field("Policy", Some(policy(rollback)));
    field("Joined", status.joined.as_deref().map(plain));
    field("Races", (status.races > 0).then(|| format!("{}, in which the branch moved before the push", status.races)));
    let request = status.pull_request.as_ref();
    field("Pull request", request.map(|request| plain(&format!("#{} {}", request.number, request.url))));
    field("Recovery", status.recovery_time.as_deref().map(plain));
    let open = status.deadline.filter(|_| !status.phase.is_final());
    field("Deadline", open.map(|deadline| format!("{deadline:.0} for this phase")));
    fields.iter().map(|(name, value)| format!("{:<13}{value}\n", format!("{name}:"))).collect()
}

fn policy(rollback: &Rollback) -> String {
    let policy = &rollback.spec.policy;
    let asked = rollback.spec.dry_run.as_ref().map(|dry_run| format!("{}, as a dry run", dry_run.mode));
    let mut words = vec![asked.unwrap_or_else(|| policy.mode.to_string())];
    for (is, what) in [
        (policy.approval, "with approval"),
        (policy.pull_request_if_refused, "pull request when the branch refuses"),
        (policy.allow_merges, "merges too"),
        (policy.unblock, "ends a running operation"),
    ] {
        if is {
            words.push(what.to_owned());
        }
    }
    words.join(", ")
}

fn failed_tests(rollback: &Rollback) -> String {
    let spec = &rollback.spec;
    let mut out = String::new();
    if !spec.executions.is_empty() {
        out.push_str(&format!("Executions:  {}\n", plain(&spec.executions.join(", "))));
    }
    for test in &spec.failures {
        let name = if test.suite.is_empty() { test.name.clone() } else { format!("{} › {}", test.suite, test.name) };
        let message = test.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        out.push_str(&format!("  {} {}\n", paint::red("✗"), plain(&(name + &message))));
    }
    out
}

/// What was, or would be, written; nothing when it is not known.
pub(super) fn commit(status: &RollbackStatus) -> String {
    let Some(commit) = &status.commit else { return String::new() };
    let written = if status.pushed_at.is_some() || status.pull_request.is_some() { "Commit:" } else { "Would write:" };
    let mut out = format!("\n{written:<13}{}\n", plain(&commit.subject));
    out.push_str(&format!("  {:<11}{}\n", "id", plain(&commit.id)));
    out.push_str(&format!("  {:<11}{} on {}\n", "on top of", plain(&commit.parent), plain(&commit.branch)));
    out.push_str(&format!("  {:<11}{}\n", "restores", plain(&commit.paths.join(", "))));
    for file in &commit.files {
        out.push_str(&format!("    {}\n", plain(file)));
    }
    out
}

fn trail(status: &RollbackStatus, now: Timestamp) -> String {
    if status.trail.is_empty() {
        return String::new();
    }
    let mut out = "\nTrail:\n".to_owned();
    let mut before: Option<Timestamp> = None;
    for entry in &status.trail {
        let since = before.map(|before| format!("+{}", age(before, entry.at)));
        let since = since.unwrap_or_else(|| format!("{} ago", age(entry.at, now)));
        out.push_str(&format!("  {:.0}  {since:<11}{:<17}{}\n", entry.at, entry.phase, plain(&entry.message)));
        before = Some(entry.at);
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// A rollback that went all the way.
    pub(in super::super) fn rollback() -> Rollback {
        let (bad, good) = ("4f2d9c1b7a6e5d4c3b2a19080706050403020100", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567");
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "Rollback",
            "metadata": { "name": "shop-6c1f0a2b3d", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z" },
            "spec": {
                "gate": "shop", "gateUid": "u", "delivery": { "kind": "Application", "name": "shop", "namespace": "argocd" },
                "source": { "repository": "https://git.example.com/shop.git", "branch": "main", "path": "apps/shop" },
                "bad": { "revision": bad }, "good": { "revision": good }, "verdict": "failed",
                "verdictReason": "TestsFailed", "failedAt": "2026-01-01T00:00:00Z",
                "executions": ["shop-4f2d9c1-a"], "failures": [{ "suite": "web", "name": "t\u{1b}[2J", "message": "no" }],
                "policy": { "mode": "Push", "approval": true, "unblock": true }, "key": "6c1f0a2b3d4e5f607182",
            },
            "status": {
                "phase": "Recovered", "reason": "Recovered", "message": "the revert is deployed and green",
                "findings": [
                    { "guard": "DefinitiveFailure", "answer": "Pass", "message": "the verdict is failed" },
                    { "guard": "NoMerge", "answer": "PullRequest", "message": "abc is a merge\u{1b}]0;x\u{7}" },
                    { "guard": "Approved", "answer": "Pass", "message": "approved" },
                ],
                "commit": { "id": "c0ffee", "parent": bad, "branch": "main", "paths": ["apps/shop"],
                    "files": ["apps/shop/web.yaml"], "subject": "Revert \"Break the shop\"" },
                "races": 1, "pushedAt": "2026-01-01T00:00:05Z", "recoveryTime": "48s",
                "trail": [
                    { "at": "2026-01-01T00:00:01Z", "phase": "Evaluating", "message": "begins" },
                    { "at": "2026-01-01T00:00:05Z", "phase": "Deploying", "message": "c0ffee is on main" },
                    { "at": "2026-01-01T00:00:48Z", "phase": "Recovered", "message": "green" },
                ],
            },
        }))
        .expect("a rollback")
    }

    #[test]
    fn it_says_who_answered_what_and_what_came_of_it() {
        let text = text(&rollback(), "2026-01-01T00:05:00Z".parse().expect("a time"));
        assert!(!text.contains("\x1b]") && !text.contains("\x1b[2J"), "{text:?}");
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }

    #[test]
    fn a_new_one_has_asked_nobody() {
        let rollback = Rollback { status: None, ..rollback() };
        assert!(text(&rollback, Timestamp::UNIX_EPOCH).contains("none was asked yet"));
    }
}
