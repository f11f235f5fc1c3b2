//! The table as it changes: a line for each change, as kubectl prints them.

use std::collections::HashMap;

use assay_cluster::{Change, WatchOptions};
use futures::StreamExt;
use jiff::Timestamp;

use super::listed::{Columns, Listed, name};
use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::remote::session::Session;

type Key = (String, String);

/// Which objects are watched.
pub(crate) struct Fits<'a, K> {
    /// These namespaces, or all when there is none.
    pub(crate) namespaces: Vec<String>,
    /// Only the one of this name.
    pub(crate) only: Option<String>,
    /// Only those with these labels.
    pub(crate) labels: Option<String>,
    /// Only those that this takes.
    pub(crate) takes: &'a dyn Fn(&K) -> bool,
}

/// Prints what is there, then every change, until it is interrupted.
///
/// # Errors
/// When nobody reads any more.
pub(crate) async fn watch<K: Listed>(
    session: &Session,
    found: Vec<K>,
    fits: Fits<'_, K>,
    columns: Columns,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let mut printed: HashMap<Key, String> = HashMap::new();
    screen.data(&K::rows(&found.iter().collect::<Vec<_>>(), columns, Timestamp::now()))?;
    for one in &found {
        printed.insert(key(one), line(one, columns));
    }
    let options = WatchOptions { namespaces: fits.namespaces, labels: fits.labels, ..WatchOptions::default() };
    let mut watch = session.cluster.watch::<K>(options);
    while let Some(change) = watch.changes.next().await {
        let (one, gone) = match change {
            Change::Applied(one) => (one, false),
            Change::Gone(one) => (one, true),
            Change::Synced => continue,
        };
        let one: &K = &one;
        if fits.only.as_ref().is_some_and(|only| *only != name(one)) || !(fits.takes)(one) {
            continue;
        }
        let text = line(one, columns);
        if gone {
            printed.remove(&key(one));
            screen.note(&format!("{} was deleted", name(one)))?;
        } else if printed.get(&key(one)) != Some(&text) {
            // Ages alone are no change.
            screen.data(&aligned(one, columns))?;
            printed.insert(key(one), text);
        }
    }
    Ok(exit::PASSED)
}

fn key<K: Listed>(one: &K) -> Key {
    (one.meta().namespace.clone().unwrap_or_default(), name(one))
}

/// The row at a fixed time, so that two rows differ only when something did.
fn line<K: Listed>(one: &K, columns: Columns) -> String {
    let wide = Columns { wide: true, ..columns };
    K::rows(&[one], wide, Timestamp::UNIX_EPOCH).lines().skip(1).collect()
}

fn aligned<K: Listed>(one: &K, columns: Columns) -> String {
    let text = K::rows(&[one], columns, Timestamp::now());
    text.lines().skip(1).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use assay_api::{Phase, TestExecution, TestExecutionSpec, TestExecutionStatus};

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
