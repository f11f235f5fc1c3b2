//! The table as it changes: a line for each change, as kubectl prints them.

use std::collections::HashMap;

use assay_api::TestExecution;
use assay_cluster::{Change, WatchOptions};
use futures::StreamExt;
use jiff::Timestamp;

use super::rows::{Columns, name, rows};
use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::remote::session::Session;

type Key = (String, String);

/// Which executions are watched.
pub(super) struct Fits {
    /// These namespaces, or all when there is none.
    pub(super) namespaces: Vec<String>,
    /// Only the one of this name.
    pub(super) only: Option<String>,
    /// Only those of this workflow.
    pub(super) workflow: Option<String>,
    /// Only those with these labels.
    pub(super) labels: Option<String>,
}

impl Fits {
    fn takes(&self, one: &TestExecution) -> bool {
        self.only.as_ref().is_none_or(|only| *only == name(one))
            && self.workflow.as_ref().is_none_or(|workflow| one.spec.workflow_ref.name == *workflow)
    }
}

/// Prints what is there, then every change, until it is interrupted.
///
/// # Errors
/// When nobody reads any more.
pub(super) async fn watch(
    session: &Session,
    found: Vec<TestExecution>,
    fits: Fits,
    columns: Columns,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let mut printed: HashMap<Key, String> = HashMap::new();
    screen.data(&rows(&found, columns, Timestamp::now()))?;
    for one in &found {
        printed.insert(key(one), line(one, columns));
    }
    let options =
        WatchOptions { namespaces: fits.namespaces.clone(), labels: fits.labels.clone(), ..WatchOptions::default() };
    let mut watch = session.cluster.watch::<TestExecution>(options);
    while let Some(change) = watch.changes.next().await {
        let (one, gone) = match change {
            Change::Applied(one) => (one, false),
            Change::Gone(one) => (one, true),
            Change::Synced => continue,
        };
        if !fits.takes(&one) {
            continue;
        }
        let text = line(&one, columns);
        if gone {
            printed.remove(&key(&one));
            screen.note(&format!("{} was deleted", name(&one)))?;
        } else if printed.get(&key(&one)) != Some(&text) {
            // Ages alone are no change.
            screen.data(&aligned(&one, columns))?;
            printed.insert(key(&one), text);
        }
    }
    Ok(exit::PASSED)
}

fn key(one: &TestExecution) -> Key {
    (one.metadata.namespace.clone().unwrap_or_default(), name(one))
}

/// The row at a fixed time, so that two rows differ only when something did.
fn line(one: &TestExecution, columns: Columns) -> String {
    let wide = Columns { wide: true, ..columns };
    rows(std::slice::from_ref(one), wide, Timestamp::UNIX_EPOCH).lines().skip(1).collect()
}

fn aligned(one: &TestExecution, columns: Columns) -> String {
    let text = rows(std::slice::from_ref(one), columns, Timestamp::now());
    text.lines().skip(1).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use assay_api::{Phase, TestExecutionSpec, TestExecutionStatus};

    use super::*;

    #[test]
    fn only_what_is_shown_is_a_change() {
        let mut one = TestExecution::new("a", TestExecutionSpec::default());
        let before = line(&one, Columns::default());
        one.metadata.resource_version = Some("2".into());
        assert_eq!(line(&one, Columns::default()), before);
        one.status = Some(TestExecutionStatus { phase: Phase::Running, ..TestExecutionStatus::default() });
        assert_ne!(line(&one, Columns::default()), before);
        assert_eq!(aligned(&one, Columns::default()).lines().count(), 1);
    }
}
