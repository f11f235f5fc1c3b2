//! By when what must have happened, or the execution ends.

use std::time::Duration;

use assay_api::{Phase, TestExecutionStatus};
use assay_plan::Deadlines;
use assay_protocol::Progress;
use jiff::{SignedDuration, Timestamp};

use crate::output::clock::age;

/// The deadlines that still can be missed.
pub(super) fn deadlines(
    status: &TestExecutionStatus,
    progress: Option<&Progress>,
    limits: &Deadlines,
    now: Timestamp,
) -> String {
    let paused = progress.map_or(Duration::ZERO, |progress| Duration::from_millis(progress.paused_ms));
    let rows: Vec<(&str, Option<Timestamp>, Duration)> = match status.phase {
        Phase::Pending | Phase::Starting => {
            let mut rows = vec![("its first step begins", status.queued_at, limits.start)];
            if limits.queue != limits.start {
                rows.insert(0, ("a node takes it", status.queued_at, limits.queue));
            }
            rows
        }
        Phase::Running => vec![("it ends", status.started_at, limits.execution.saturating_add(paused))],
        Phase::Paused => {
            let since = progress.and_then(|progress| progress.paused.as_ref()).map(|paused| paused.since);
            vec![("it is resumed", since, limits.pause.saturating_sub(paused))]
        }
        Phase::Finished => Vec::new(),
    };
    let known = rows.into_iter().filter_map(|(what, from, length)| Some((what, after(from?, length)?)));
    let said: String = known.map(|(what, by)| format!("  {what} by {by:.0} ({})\n", distance(by, now))).collect();
    if said.is_empty() { said } else { format!("\nDeadlines:\n{said}") }
}

fn after(from: Timestamp, length: Duration) -> Option<Timestamp> {
    from.checked_add(SignedDuration::try_from(length).ok()?).ok()
}

fn distance(by: Timestamp, now: Timestamp) -> String {
    if by >= now { format!("in {}", age(now, by)) } else { format!("{} ago", age(by, now)) }
}
