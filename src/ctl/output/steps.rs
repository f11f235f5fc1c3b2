//! Steps for people: each state has its mark and its colour.

use assay_api::{StepState, StepStatus};

use crate::output::screen::paint;
use crate::output::terminal::plain;

/// The mark of a state, in its colour.
pub(crate) fn mark(state: StepState) -> String {
    match state {
        StepState::Waiting => paint::dim("·"),
        StepState::Running => paint::bold("▶"),
        StepState::Paused => paint::yellow("‖"),
        StepState::Passed => paint::green("✔"),
        StepState::Failed | StepState::Errored | StepState::TimedOut => paint::red("✖"),
        StepState::Cancelled => paint::yellow("✖"),
        StepState::Skipped => paint::dim("○"),
    }
}

/// The blanks before a step: two for each step that holds it.
pub(crate) fn indent(step: &StepStatus) -> String {
    "  ".repeat(usize::try_from(step.depth).unwrap_or(0).min(20))
}

/// The name of a step, indented by its depth.
pub(crate) fn indented(step: &StepStatus) -> String {
    format!("{}{}", indent(step), plain(&step.name))
}

/// The steps that are no blocks: nothing is nested in them.
pub(crate) fn leaves(steps: &[StepStatus]) -> impl Iterator<Item = &StepStatus> {
    let holds = |at: usize| steps.get(at + 1).is_some_and(|next| next.depth > steps[at].depth);
    steps.iter().enumerate().filter(move |(at, _)| !holds(*at)).map(|(_, step)| step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_hold_nothing() {
        let step = |id: &str, depth: i32| StepStatus {
            id: id.to_owned(),
            name: format!("{id}\x1b[2J"),
            depth,
            state: StepState::Waiting,
            attempts: 0,
            exit_code: None,
            duration: None,
            message: None,
        };
        let steps = [step("a", 0), step("b", 1), step("c", 2), step("d", 1), step("e", 0)];
        let ids: Vec<&str> = leaves(&steps).map(|step| step.id.as_str()).collect();
        assert_eq!(ids, ["c", "d", "e"]);
        assert_eq!(indented(&steps[2]), "    c");
    }
}
