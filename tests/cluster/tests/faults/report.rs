//! What is said of a fault once it was tried.

use std::time::{Duration, Instant};

use crate::Trouble;

/// What came of one fault.
pub(crate) struct Report {
    name: &'static str,
    took: Duration,
    said: String,
    wrong: Vec<String>,
}

impl Report {
    /// Says it at once, too: the suite takes minutes.
    pub(crate) fn new(name: &'static str, started: Instant, wrong: Vec<String>, said: String) -> Self {
        let report = Self { name, took: started.elapsed(), said, wrong };
        anstream::eprintln!("{}", report.line());
        report
    }

    /// It could not be tried to its end.
    pub(crate) fn failed(name: &'static str, started: Instant, error: &Trouble) -> Self {
        Self::new(name, started, vec![error.to_string()], String::new())
    }

    /// Whether everything was as the table demands.
    pub(crate) fn good(&self) -> bool {
        self.wrong.is_empty()
    }

    /// One line when it is good, and everything that is known when it is not.
    pub(crate) fn line(&self) -> String {
        let mark = if self.good() { "ok    " } else { "WRONG " };
        let head = format!("{mark} {:<44} {:>6.1} s  {}", self.name, self.took.as_secs_f64(), self.said);
        let wrong: String = self.wrong.iter().map(|what| format!("\n    {}", what.replace('\n', "\n    "))).collect();
        head + &wrong
    }
}
