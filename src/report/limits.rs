//! How much of a report is kept. What is beyond a limit is counted, not kept.

/// The longest message of a case, in bytes.
pub(crate) const MESSAGE: usize = 1024;
/// The longest details (stack trace) of a case, in bytes.
pub(crate) const DETAILS: usize = 8 * 1024;
/// The longest name, class or file of a case, in bytes.
pub(crate) const NAME: usize = 1024;
/// Failed cases that are kept although the limit of cases is reached.
pub(crate) const LATE_FAILURES: usize = 1000;

/// Bounds on what a parser keeps in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Cases that are kept; further ones are only counted (failed ones are
    /// kept a little longer, since they are what people look for).
    pub cases: usize,
    /// Suites that are told apart; the cases of further ones are put into one.
    pub suites: usize,
    /// Bytes of names, messages and details kept over the whole report. When
    /// half is used up details are left out, when all is, cases are.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cases: 50_000, suites: 10_000, text: 32 * 1024 * 1024 }
    }
}
