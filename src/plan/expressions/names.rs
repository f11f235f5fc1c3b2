//! Names whose values only running steps bring.

use assay_expr::closest;

/// Facts of a step that later steps may read.
const FACTS: [&str; 4] = ["status", "exitCode", "outputs", "attempts"];

/// The step and the rest of a name such as `steps.build.outputs.image`.
pub(crate) fn of_step(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix("steps.").or_else(|| name.strip_prefix("step."))?;
    Some(rest.split_once('.').unwrap_or((rest, "")))
}

/// Whether a name has its value only where a step runs.
pub(super) fn is_late(name: &str) -> bool {
    name.starts_with("env.") || of_step(name).is_some()
}

/// What is wrong with the rest of a name behind its step.
pub(super) fn mistake(name: &str) -> Option<(String, String)> {
    let (step, fact) = of_step(name)?;
    let says = |message: String, hint: String| Some((message, hint));
    let (first, key) = fact.split_once('.').unwrap_or((fact, ""));
    if !FACTS.contains(&first) {
        let known = FACTS.map(|fact| format!("`{fact}`")).join(", ");
        let hint = match closest(first, FACTS) {
            Some(meant) => format!("did you mean `{meant}`? Known: {known}"),
            None => format!("known: {known}"),
        };
        let what = if first.is_empty() { "says not what of the step is meant" } else { "is not known" };
        return says(format!("`{name}` {what}"), hint);
    }
    if first == "outputs" && !is_key(key) {
        let what = if key.is_empty() { "names no output" } else { "is not the name of an output" };
        let hint = format!("write `steps.{step}.outputs.KEY`, with letters, digits and `_` in the key");
        return says(format!("`{name}` {what}"), hint);
    }
    if first != "outputs" && !key.is_empty() {
        return says(format!("`{name}` is not known"), format!("write `steps.{step}.{first}`"));
    }
    None
}

fn is_key(key: &str) -> bool {
    !key.starts_with(|c: char| c.is_ascii_digit())
        && !key.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_steps_are_told_from_slips() {
        for right in ["steps.a.status", "step.a.exitCode", "steps.a.outputs.image_2", "steps.a.attempts", "env.HOME"] {
            assert_eq!(mistake(right), None, "{right}");
        }
        for (name, expected) in [
            (
                "steps.a.output.x",
                "`steps.a.output.x` is not known; did you mean `outputs`? Known: `status`, `exitCode`, `outputs`, `attempts`",
            ),
            (
                "steps.a",
                "`steps.a` says not what of the step is meant; known: `status`, `exitCode`, `outputs`, `attempts`",
            ),
            (
                "steps.a.outputs",
                "`steps.a.outputs` names no output; write `steps.a.outputs.KEY`, with letters, digits and `_` in the key",
            ),
            (
                "steps.a.outputs.b-c",
                "`steps.a.outputs.b-c` is not the name of an output; write `steps.a.outputs.KEY`, with letters, digits \
                 and `_` in the key",
            ),
            ("steps.a.status.x", "`steps.a.status.x` is not known; write `steps.a.status`"),
        ] {
            let (message, hint) = mistake(name).expect(name);
            assert_eq!(format!("{message}; {hint}"), expected);
        }
    }
}
