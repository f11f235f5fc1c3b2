//! Deadlines, and what is left afterwards.

use std::time::Duration;

use assay_api::TestWorkflowSpec;
use assay_plan::{Deadlines, Rendered};

use crate::output::clock::span;
use crate::output::terminal::plain;

/// Deadlines, retries by the cluster's fault, retention.
pub(super) fn limits(spec: &TestWorkflowSpec, rendered: &Rendered) -> String {
    let Deadlines { queue, image_pull, start, execution, after_grace, pause, infrastructure_retries } =
        rendered.deadlines;
    let lines = [
        format!("a node takes the pod within {}", length(queue)),
        format!("its images are pulled within {} from then", length(image_pull)),
        format!("its first step begins within {} in all", length(start)),
        format!("it ends within {} from then; steps of `after` have {} more", length(execution), length(after_grace)),
        format!("its pauses last at most {} together, and do not count", length(pause)),
    ];
    let mut out = format!("\nDeadlines:\n{}", lines.iter().map(|line| format!("  {line}\n")).collect::<String>());
    out.push_str("\nAfterwards:\n");
    out.push_str("  a pod that is lost before its first step is tried again, up to 3 times\n");
    out.push_str(&match infrastructure_retries {
        0 => "  a pod that is lost later is errored: nothing is judged\n".to_owned(),
        1 => "  a pod that is lost later is tried again once\n".to_owned(),
        times => format!("  a pod that is lost later is tried again, up to {times} times\n"),
    });
    out.push_str(&format!("  {}\n", kept(spec)));
    out
}

fn kept(spec: &TestWorkflowSpec) -> String {
    let retention = spec.retention.clone().unwrap_or_default();
    let age = retention.age.map(|age| plain(age.as_str()));
    match (retention.count, age) {
        (None, None) => "it is kept as long as the installation keeps executions".to_owned(),
        (Some(count), None) => format!("the newest {count} are kept"),
        (None, Some(age)) => format!("it is kept for {age}"),
        (Some(count), Some(age)) => format!("the newest {count} are kept, for {age}"),
    }
}

fn length(duration: Duration) -> String {
    span(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
