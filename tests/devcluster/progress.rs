//! What the user sees while something takes its time: one line for each step
//! with the time it took, a spinner on a terminal, a sign of life elsewhere.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, a long step says that it lives this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// Prints steps and their times to standard error.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    quiet: bool,
    terminal: bool,
}

impl Progress {
    /// Progress on standard error.
    #[must_use]
    pub fn shown() -> Self {
        Self { quiet: false, terminal: std::io::stderr().is_terminal() }
    }

    /// No progress at all, for tests.
    #[must_use]
    pub fn silent() -> Self {
        Self { quiet: true, terminal: false }
    }

    /// One line of text.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// The line of a finished step.
    pub fn done(&self, what: &str, since: Instant) {
        self.say(&format!("  {what:<28} {:>7}", seconds(since.elapsed())));
    }

    /// Runs a short step and prints its time.
    ///
    /// # Errors
    /// What the step itself returns.
    pub fn step<T, E>(&self, what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let since = Instant::now();
        let outcome = work();
        if outcome.is_ok() {
            self.done(what, since);
        }
        outcome
    }

    /// Runs a step of minutes: a spinner on a terminal, plain lines elsewhere.
    ///
    /// # Errors
    /// What the step itself returns.
    pub fn long<T, E>(&self, what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if self.quiet {
            return work();
        }
        let since = Instant::now();
        let outcome = if self.terminal { spin(what, work) } else { self.plain(what, work) };
        match outcome {
            Ok(_) => self.done(what, since),
            Err(_) => self.say(&format!("  {what:<28} failed after {}", seconds(since.elapsed()))),
        }
        outcome
    }

    fn plain<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        self.say(&format!("  {what} ..."));
        let (finished, watch) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let since = Instant::now();
                while watch.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                    self.say(&format!("  {what} ... {}", seconds(since.elapsed())));
                }
                drop(watch);
            });
            let outcome = work();
            drop(finished);
            outcome
        })
    }
}

fn spin<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let style = ProgressStyle::with_template("  {spinner} {msg:<26} {elapsed}").expect("the template is a constant");
    let bar = ProgressBar::new_spinner().with_style(style).with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    let outcome = work();
    bar.finish_and_clear();
    outcome
}

/// A duration as people read it: `0.52 s`, `3 min 05 s`.
#[must_use]
pub fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        return format!("{:.2} s", duration.as_secs_f64());
    }
    format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(520)), "0.52 s");
        assert_eq!(seconds(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn the_outcome_of_a_step_is_passed_on() {
        let progress = Progress::silent();
        assert_eq!(progress.step("ok", || Ok::<_, ()>(1)), Ok(1));
        assert_eq!(progress.long("bad", || Err::<(), _>(2)), Err(2));
    }
}
