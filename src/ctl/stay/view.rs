//! An execution that goes on, as it is seen: a tree of steps on a terminal, a
//! line for each change elsewhere.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use assay_api::{Phase, StepState, StepStatus, TestExecutionStatus};

use crate::output::screen::paint;
use crate::output::steps::{indent, leaves, mark};
use crate::output::terminal::plain;

/// Steps shown at once; of more those that are over are folded.
const STEPS: usize = 16;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// When things were first seen: status has no times of steps.
#[derive(Debug)]
pub(crate) struct Seen {
    begun: Instant,
    steps: HashMap<String, Instant>,
}

impl Seen {
    /// From now on.
    pub(crate) fn new(now: Instant) -> Self {
        Self { begun: now, steps: HashMap::new() }
    }

    /// Notes what runs.
    pub(crate) fn look(&mut self, status: &TestExecutionStatus, now: Instant) {
        for step in status.steps.iter().filter(|step| step.state == StepState::Running) {
            self.steps.entry(step.id.clone()).or_insert(now);
        }
    }

    fn age(&self, step: &str, now: Instant) -> Option<Duration> {
        self.steps.get(step).map(|since| now.saturating_duration_since(*since))
    }
}

/// The tree: the execution first, then its steps.
pub(crate) fn tree(name: &str, status: &TestExecutionStatus, seen: &Seen, now: Instant) -> Vec<String> {
    let elapsed = now.saturating_duration_since(seen.begun);
    let turn = SPINNER[usize::try_from(elapsed.as_millis() / 120).unwrap_or(0) % SPINNER.len()];
    let mut lines = vec![format!("{turn} {} {}", paint::bold(name), head(status, Some(elapsed)))];
    let hidden = status.steps.len().saturating_sub(STEPS);
    let over = status.steps.iter().take(hidden).filter(|step| step.state.is_final()).count();
    if over > 0 {
        lines.push(paint::dim(&format!("  … {over} steps above")));
    }
    lines.extend(status.steps.iter().skip(over).take(STEPS).map(|step| line(step, seen, now, turn)));
    let below = status.steps.len().saturating_sub(over + STEPS);
    if below > 0 {
        lines.push(paint::dim(&format!("  … {below} steps below")));
    }
    lines
}

fn line(step: &StepStatus, seen: &Seen, now: Instant, turn: &str) -> String {
    let (mark, time) = match step.state {
        StepState::Running => (turn.to_owned(), seen.age(&step.id, now).map(seconds)),
        state => (mark(state), step.duration.as_deref().map(plain)),
    };
    let name = plain(&step.name);
    let name = if step.state == StepState::Waiting { paint::dim(&name) } else { name };
    let mut out = format!("  {}{mark} {name}", indent(step));
    for part in [time, attempt(step), told(step)].into_iter().flatten() {
        out.push_str(&format!("  {}", paint::dim(&part)));
    }
    out
}

fn attempt(step: &StepStatus) -> Option<String> {
    (step.attempts > 1).then(|| format!("attempt {}", step.attempts))
}

fn told(step: &StepStatus) -> Option<String> {
    step.message.as_deref().map(plain).filter(|message| !message.is_empty())
}

fn seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
}

/// How far it is: `Running 12s, 1 of 3 steps, 37/40 tests`.
fn head(status: &TestExecutionStatus, elapsed: Option<Duration>) -> String {
    let mut out = status.phase.to_string();
    if let Some(elapsed) = elapsed {
        out.push_str(&format!(" {}", seconds(elapsed)));
    }
    let steps: Vec<&StepStatus> = leaves(&status.steps).collect();
    if !steps.is_empty() {
        let over = steps.iter().filter(|step| step.state.is_final()).count();
        out.push_str(&format!(", {over} of {} steps", steps.len()));
    }
    if let Some(tests) = &status.tests {
        out.push_str(&format!(", {} tests", plain(&tests.summary)));
    }
    let says = matches!(status.phase, Phase::Pending | Phase::Starting | Phase::Paused);
    if let Some(message) = status.message.as_deref().filter(|message| says && !message.is_empty()) {
        out.push_str(&format!(": {}", plain(message)));
    }
    out
}

/// A line for each thing that is new since `before`.
pub(crate) fn changes(name: &str, before: Option<&TestExecutionStatus>, now: &TestExecutionStatus) -> Vec<String> {
    let mut lines = Vec::new();
    let words = |status: &TestExecutionStatus| match status.phase {
        // What follows is told step by step.
        Phase::Running | Phase::Finished => status.phase.to_string(),
        _ => head(&TestExecutionStatus { steps: Vec::new(), ..status.clone() }, None),
    };
    if now.phase != Phase::Finished && before.map(words).as_ref() != Some(&words(now)) {
        lines.push(format!("{name}: {}", words(now)));
    }
    let known: HashMap<&str, &StepStatus> =
        before.iter().flat_map(|status| &status.steps).map(|step| (step.id.as_str(), step)).collect();
    let total = leaves(&now.steps).count();
    let position: HashMap<&str, usize> =
        leaves(&now.steps).enumerate().map(|(at, step)| (step.id.as_str(), at + 1)).collect();
    for step in &now.steps {
        let was = known.get(step.id.as_str());
        let same = was.is_some_and(|was| was.state == step.state && was.attempts == step.attempts);
        if same || step.state == StepState::Waiting {
            continue;
        }
        let mut line = format!("{name}: {} {} {}", mark(step.state), plain(&step.name), step.state);
        if let Some(at) = position.get(step.id.as_str()).filter(|_| step.state == StepState::Running) {
            line.push_str(&format!(" ({at} of {total})"));
        }
        let time = step.duration.as_deref().map(|time| format!("in {}", plain(time)));
        for part in [time, attempt(step), told(step)].into_iter().flatten() {
            line.push_str(&format!(", {part}"));
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use assay_api::TestCounts;

    use super::*;

    fn step(id: &str, depth: i32, state: StepState) -> StepStatus {
        StepStatus {
            id: id.to_owned(),
            name: format!("step {id}\x1b[2J"),
            depth,
            state,
            attempts: i32::from(state != StepState::Waiting),
            exit_code: None,
            duration: state.is_final().then(|| "4ms".to_owned()),
            message: None,
        }
    }

    fn status() -> TestExecutionStatus {
        let mut again = step("c", 1, StepState::Running);
        again.attempts = 2;
        let mut bad = step("b", 1, StepState::Failed);
        bad.message = Some("exit code\n7".to_owned());
        TestExecutionStatus {
            phase: Phase::Running,
            steps: vec![
                step("a", 0, StepState::Passed),
                step("block", 0, StepState::Running),
                bad,
                again,
                step("d", 0, StepState::Waiting),
            ],
            tests: Some(TestCounts { summary: "37/40".to_owned(), ..TestCounts::default() }),
            ..TestExecutionStatus::default()
        }
    }

    fn bare(lines: &[String]) -> String {
        anstream::adapter::strip_str(&lines.join("\n")).to_string()
    }

    #[test]
    fn the_tree_shows_where_it_is() {
        let begun = Instant::now();
        let mut seen = Seen::new(begun);
        seen.look(&status(), begun + Duration::from_secs(60));
        let now = begun + Duration::from_secs(72);
        insta::assert_snapshot!(bare(&tree("first-1", &status(), &seen, now)));
    }

    #[test]
    fn a_long_tree_is_folded_above_and_below() {
        let mut long = TestExecutionStatus { phase: Phase::Running, ..TestExecutionStatus::default() };
        for at in 0..40 {
            let state = if at < 10 { StepState::Passed } else { StepState::Waiting };
            long.steps.push(step(&format!("s{at}"), 0, state));
        }
        let now = Instant::now();
        let lines = tree("x", &long, &Seen::new(now), now);
        assert_eq!(lines.len(), 1 + 1 + STEPS + 1);
        let text = bare(&lines);
        assert!(text.contains("… 10 steps above") && text.contains("… 14 steps below"), "{text}");
    }

    #[test]
    fn elsewhere_only_changes_are_told() {
        let pending =
            TestExecutionStatus { message: Some("waits for a node".into()), ..TestExecutionStatus::default() };
        let mut lines = changes("first-1", None, &pending);
        lines.extend(changes("first-1", Some(&pending), &pending));
        lines.extend(changes("first-1", Some(&pending), &status()));
        let mut later = status();
        later.steps[3].state = StepState::Passed;
        later.steps[4].state = StepState::Skipped;
        lines.extend(changes("first-1", Some(&status()), &later));
        insta::assert_snapshot!(bare(&lines));
    }
}
