//! How long a failed look at an object waits for its next one.

use std::time::Duration;

/// What kind of failure stopped the look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may be gone at the next try: the API server, the store or the
    /// network did not answer as usual.
    Transient,
    /// It stays until somebody changes something, which will be seen.
    Stalled,
    /// We do not understand it.
    Bug,
}

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(300);

/// The wait before the next look; `None`: until something changes.
///
/// `failures` counts the failed looks in a row, from 1. `chance` spreads
/// objects that fail together: any number, different for each object and try.
pub fn delay(failure: Failure, failures: u32, chance: u64) -> Option<Duration> {
    let wait = match failure {
        Failure::Transient => FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST),
        Failure::Stalled => return None,
        Failure::Bug => LONGEST,
    };
    // Three quarters of the wait for sure, one quarter by chance.
    let part = u32::try_from(chance % 256).unwrap_or(0);
    Some(wait * 3 / 4 + wait / 4 * part / 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_spread_within_bounds() {
        for failures in 0..40 {
            for chance in [0, 1, 255, 256, u64::MAX] {
                let wait = delay(Failure::Transient, failures, chance).expect("a wait");
                assert!(wait >= FIRST * 3 / 4 && wait <= LONGEST, "{failures} {chance} {wait:?}");
            }
        }
        assert!(delay(Failure::Transient, 8, 0) > delay(Failure::Transient, 4, 255));
        assert_eq!(delay(Failure::Stalled, 1, 0), None);
        assert!(delay(Failure::Bug, 1, 0) >= Some(Duration::from_secs(200)));
    }
}
