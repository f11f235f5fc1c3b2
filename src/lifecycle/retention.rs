//! Which finished executions of a workflow, or rollbacks of a gate, need not be kept any longer.

use std::time::Duration;

use jiff::Timestamp;

use crate::time::after;

/// A finished execution or rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Name.
    pub name: String,
    /// uid.
    pub uid: String,
    /// When it was over.
    pub finished_at: Timestamp,
    /// Nobody but its owner may remove it: somebody marked it to be kept, or a
    /// GitOps tool applied it and would miss it.
    pub kept: bool,
}

/// How much is kept of a workflow, or of a gate. What is absent does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Longest time after the end.
    pub age: Option<Duration>,
    /// Greatest number, the newest first. What is marked to be kept does not count.
    pub count: Option<usize>,
}

/// Those of one workflow or gate that are beyond its limits.
pub fn superfluous<'a>(finished: &'a [Finished], limits: &Limits, now: Timestamp) -> Vec<&'a Finished> {
    let mut candidates: Vec<&Finished> = finished.iter().filter(|one| !one.kept).collect();
    candidates.sort_by(|one, other| (other.finished_at, &other.uid).cmp(&(one.finished_at, &one.uid)));
    let count = limits.count.unwrap_or(usize::MAX);
    let is_old = |one: &Finished| limits.age.is_some_and(|age| now >= after(one.finished_at, age));
    candidates
        .into_iter()
        .enumerate()
        .filter(|(place, one)| *place >= count || is_old(one))
        .map(|(_, one)| one)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn finished(number: usize, second: i64, kept: bool) -> Finished {
        Finished { name: format!("e{number}"), uid: format!("{number:04}"), finished_at: at(second), kept }
    }

    fn names(list: &[&Finished]) -> Vec<String> {
        list.iter().map(|execution| execution.name.clone()).collect()
    }

    #[test]
    fn the_newest_stay_and_the_old_go() {
        let list: Vec<_> =
            (0..5).map(|number| finished(number, 100 * i64::try_from(number).expect("few"), false)).collect();
        let by = |age: Option<u64>, count| {
            let limits = Limits { age: age.map(Duration::from_secs), count };
            names(&superfluous(&list, &limits, at(500)))
        };
        assert_eq!(by(None, None), Vec::<String>::new());
        assert_eq!(by(None, Some(2)), ["e2", "e1", "e0"]);
        assert_eq!(by(Some(400), None), ["e1", "e0"], "what is exactly as old goes");
        assert_eq!(by(Some(400), Some(4)), ["e1", "e0"]);
    }

    #[test]
    fn what_is_marked_stays_and_takes_nobodys_place() {
        let list = [finished(0, 0, true), finished(1, 10, false), finished(2, 20, true), finished(3, 30, false)];
        let limits = Limits { age: None, count: Some(1) };
        assert_eq!(names(&superfluous(&list, &limits, at(1_000_000))), ["e1"]);
    }

    proptest! {
        #[test]
        fn no_limit_is_exceeded_and_nothing_goes_without_need(
            ends in proptest::collection::vec((0i64..1000, any::<bool>()), 0..30),
            age in proptest::option::of(0u64..1000),
            count in proptest::option::of(0usize..10),
        ) {
            let list: Vec<_> =
                ends.iter().enumerate().map(|(number, (second, kept))| finished(number, *second, *kept)).collect();
            let limits = Limits { age: age.map(Duration::from_secs), count };
            let gone = superfluous(&list, &limits, at(1000));
            assert!(gone.iter().all(|execution| !execution.kept));
            let stays: Vec<_> = list.iter().filter(|e| !e.kept && !gone.iter().any(|gone| gone.uid == e.uid)).collect();
            assert!(count.is_none_or(|count| stays.len() <= count));
            let young = |e: &Finished| age.is_none_or(|age| at(1000) < after(e.finished_at, Duration::from_secs(age)));
            assert!(stays.iter().all(|e| young(e)));
            assert!(gone.iter().all(|e| !young(e) || count.is_some_and(|count| stays.len() >= count)));
        }
    }
}
