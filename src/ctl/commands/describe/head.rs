//! What an execution is, and how it stands.

use assay_api::names::{ANNOTATION_KEEP, ANNOTATION_RERUN_OF};
use assay_api::{TestExecution, TestExecutionStatus};
use assay_protocol::Progress;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::output::clock::{age, span};
use crate::output::summary;
use crate::output::terminal::plain;

/// The fields at the top.
pub(super) fn head(
    execution: &TestExecution,
    status: &TestExecutionStatus,
    progress: Option<&Progress>,
    now: Timestamp,
) -> String {
    let mut fields: Vec<(&str, String)> = vec![
        ("Name", execution.metadata.name.clone().unwrap_or_default()),
        ("Namespace", execution.metadata.namespace.clone().unwrap_or_default()),
        ("Workflow", execution.spec.workflow_ref.name.clone()),
    ];
    let mut field = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    let annotation = |name: &str| execution.metadata.annotations.as_ref().and_then(|all| all.get(name));
    field("Rerun of", annotation(ANNOTATION_RERUN_OF).map(|of| plain(of)));
    field(
        "Kept",
        annotation(ANNOTATION_KEEP).filter(|keep| *keep == "true").map(|_| "yes, retention leaves it".into()),
    );
    field("Hook", status.delivery.as_ref().map(summary::hook));
    let delivered = status.delivery.as_ref().and_then(|delivery| delivery.revision.as_deref());
    field("Revision", execution.spec.revision.as_deref().or(delivered).map(plain));
    field("Config", Some(plain(&config(execution))).filter(|text| !text.is_empty()));
    let sources = execution.spec.config_from.iter().map(|(name, source)| {
        format!("{name} from Secret {}, key {}", source.secret_key_ref.name, source.secret_key_ref.key)
    });
    field("Secrets", Some(plain(&sources.collect::<Vec<_>>().join("; "))).filter(|text| !text.is_empty()));
    field("Phase", Some(status.phase.to_string()));
    field("Commands", Some(commands(execution)).filter(|text| !text.is_empty()));
    field("Paused", paused(progress, now));
    field("Verdict", status.verdict.map(summary::verdict));
    field("Reason", status.reason.map(|reason| reason.to_string()));
    field("Message", status.message.as_deref().map(plain));
    let ago = |time: Timestamp| format!("{time:.0} ({} ago)", age(time, now));
    field("Queued", status.queued_at.map(ago));
    field("Started", status.started_at.map(ago));
    field("Finished", status.finished_at.map(ago));
    field("Duration", status.duration.as_deref().map(plain));
    field("Job", status.job.as_ref().map(|job| format!("{} (attempt {})", job.name, job.attempt)));
    fields.iter().map(|(name, value)| format!("{:<12}{value}\n", format!("{name}:"))).collect()
}

fn config(execution: &TestExecution) -> String {
    let written = execution.spec.config.iter().map(|(name, value)| match value {
        IntOrString::Int(value) => format!("{name}={value}"),
        IntOrString::String(value) => format!("{name}={value}"),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// What somebody asked of it.
fn commands(execution: &TestExecution) -> String {
    let spec = &execution.spec;
    let mut words = Vec::new();
    if spec.cancel {
        words.push("cancel".to_owned());
    }
    if spec.pause {
        words.push("pause".to_owned());
    }
    if !spec.resume.is_empty() {
        words.push(plain(&format!("resume {}", spec.resume.join(", "))));
    }
    words.join("; ")
}

fn paused(progress: Option<&Progress>, now: Timestamp) -> Option<String> {
    let progress = progress?;
    let before = (progress.paused_ms > 0).then(|| format!("{} in pauses that are over", span(progress.paused_ms)));
    let Some(paused) = &progress.paused else { return before };
    let mut said = format!("before step {}, for {}", plain(&paused.step), age(paused.since, now));
    if let Some(before) = before {
        said.push_str(&format!(", and {before}"));
    }
    Some(said)
}
