//! The status of a `GitWriteAccess`, folded from what was found. No other place writes it.

use std::time::Duration;

use assay_api::{GitWriteAccessStatus, READY, Reason, Standing, fold_conditions, shortened};
use jiff::Timestamp;

use crate::time::between;

/// Longest message, in bytes.
const MESSAGE_BYTES: usize = 2 * 1024;

/// A credential that works is tried again after this time, and at once when the grant changes.
const WORKS: Duration = Duration::from_secs(600);
/// What is wrong with a Secret is put right without a sign to us.
const BROKEN: Duration = Duration::from_secs(60);
/// Bounds of the time after which a server that did not answer is asked again.
const AWAY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// What was found of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessFound {
    /// The credential works; these of the named branches refuse its pushes.
    Works {
        /// Branches that the forge protects from this credential.
        protected: Vec<String>,
    },
    /// It does not, until somebody changes something: why, and the way out.
    Broken(String),
    /// Server or forge do not answer as usual: why.
    Unavailable(String),
}

/// The whole status. Folding the same twice gives the same, but for the moment of the check.
pub fn fold_access(
    previous: &GitWriteAccessStatus,
    found: &AccessFound,
    generation: i64,
    now: Timestamp,
) -> GitWriteAccessStatus {
    let (reason, message, standing) = match found {
        AccessFound::Works { protected } => (Reason::AccessWorks, works(protected), Standing::Good),
        AccessFound::Broken(why) => (Reason::AccessBroken, why.clone(), Standing::Bad),
        AccessFound::Unavailable(why) => (Reason::GitUnavailable, why.clone(), Standing::Going),
    };
    let message = shortened(&message, MESSAGE_BYTES).to_owned();
    let conditions = fold_conditions(&previous.conditions, standing, reason, &message, generation, now);
    let protected_branches = match found {
        AccessFound::Works { protected } => protected.clone(),
        // A server that is away for a moment changes no protection.
        AccessFound::Unavailable(_) => previous.protected_branches.clone(),
        AccessFound::Broken(_) => Vec::new(),
    };
    let checked_at = Some(Timestamp::from_second(now.as_second()).unwrap_or(now));
    let (reason, message) = (Some(reason), Some(message));
    GitWriteAccessStatus {
        observed_generation: generation,
        reason,
        message,
        protected_branches,
        checked_at,
        conditions,
    }
}

/// When to try again what this status says. A trouble is waited for as long as it has lasted already: most are
/// over in a moment, as that of a forge which has not taken in yet what was just pushed to it.
pub fn try_access_again(status: &GitWriteAccessStatus, now: Timestamp) -> Duration {
    match status.reason {
        Some(Reason::AccessWorks) => WORKS,
        Some(Reason::GitUnavailable) => {
            let ready = status.conditions.iter().find(|condition| condition.type_ == READY);
            let lasted = ready.map(|ready| between(ready.last_transition_time.0, now)).unwrap_or_default();
            lasted.clamp(AWAY.0, AWAY.1)
        }
        _ => BROKEN,
    }
}

fn works(protected: &[String]) -> String {
    match protected {
        [] => "the credential works".to_owned(),
        some => format!("the credential works; {} refuse(s) its pushes, which leaves pull requests", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use assay_api::{RECONCILING, STALLED};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn what_was_found_is_what_kstatus_reads() {
        let works = AccessFound::Works { protected: vec!["main".to_owned()] };
        for (found, expected, protected) in [
            (works.clone(), &[(READY, "True")][..], 1),
            (AccessFound::Broken("no such Secret".to_owned()), &[(READY, "False"), (STALLED, "True")], 0),
            (AccessFound::Unavailable("timeout".to_owned()), &[(READY, "Unknown"), (RECONCILING, "True")], 1),
        ] {
            let known = fold_access(&GitWriteAccessStatus::default(), &works, 1, at(0));
            let status = fold_access(&known, &found, 2, at(60));
            let seen: Vec<_> =
                status.conditions.iter().map(|known| (known.type_.as_str(), known.status.as_str())).collect();
            assert_eq!(seen, expected, "{found:?}");
            assert_eq!((status.protected_branches.len(), status.observed_generation), (protected, 2));
            assert!(status.conditions.iter().all(|known| known.observed_generation == Some(2)));
        }
    }

    #[test]
    fn a_trouble_is_waited_for_as_long_as_it_lasted() {
        let away = AccessFound::Unavailable("500".to_owned());
        let works = AccessFound::Works { protected: Vec::new() };
        let mut status = fold_access(&GitWriteAccessStatus::default(), &works, 1, at(0));
        assert_eq!(try_access_again(&status, at(0)), WORKS);
        for (now, seconds) in [(10, 2), (12, 2), (14, 4), (18, 8), (26, 16), (300, 60)] {
            status = fold_access(&status, &away, 1, at(now));
            assert_eq!(try_access_again(&status, at(now)).as_secs(), seconds, "{now}");
        }
        status = fold_access(&status, &AccessFound::Broken("no such Secret".to_owned()), 1, at(400));
        assert_eq!(try_access_again(&status, at(400)), BROKEN);
    }

    #[test]
    fn what_stays_as_it_is_keeps_its_time() {
        let works = AccessFound::Works { protected: Vec::new() };
        let first = fold_access(&GitWriteAccessStatus::default(), &works, 1, at(0));
        let second = fold_access(&first, &works, 1, at(600));
        assert_eq!(first.conditions, second.conditions);
        assert_eq!(second.checked_at, Some(at(600)));
    }
}
