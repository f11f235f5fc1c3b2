//! Names as they are typed. They go into paths of requests: only what
//! Kubernetes accepts as a name is let through.

const WORKFLOW_KINDS: &[&str] = &["twf", "testworkflow", "testworkflows", "testworkflow.assay.dev"];
const EXECUTION_KINDS: &[&str] = &["tex", "testexecution", "testexecutions", "testexecution.assay.dev"];
const GATE_KINDS: &[&str] = &["tg", "testgate", "testgates", "testgate.assay.dev"];
const ROLLBACK_KINDS: &[&str] = &["rb", "rollback", "rollbacks", "rollback.assay.dev"];

/// Stands for the newest execution.
pub(crate) const LATEST: &str = "@latest";

/// What a name looks like.
pub(crate) const RULE: &str =
    "names have lower-case letters, digits, `-` and `.`, and begin and end with a letter or digit";

/// The name of a workflow: `NAME`, or `twf/NAME` as `kubectl get -o name` prints it.
pub(crate) fn workflow(text: &str) -> Result<String, String> {
    name(text, WORKFLOW_KINDS)
}

/// The name of a workflow, where a manifest may be given instead.
pub(crate) fn workflow_or_hint(text: &str) -> Result<String, String> {
    let is_file = text.contains('/') || text.ends_with(".yaml") || text.ends_with(".yml");
    workflow(text).map_err(|rule| if is_file { format!("{rule}; for a manifest write -f {text}") } else { rule })
}

/// The name of an execution: `NAME` or `tex/NAME`.
pub(crate) fn execution(text: &str) -> Result<String, String> {
    name(text, EXECUTION_KINDS)
}

/// The name of a gate: `NAME` or `tg/NAME`.
pub(crate) fn gate(text: &str) -> Result<String, String> {
    name(text, GATE_KINDS)
}

/// The name of a rollback: `NAME` or `rb/NAME`.
pub(crate) fn rollback(text: &str) -> Result<String, String> {
    name(text, ROLLBACK_KINDS)
}

/// The name of any object, without a kind before it.
pub(crate) fn bare(text: &str) -> Result<String, String> {
    name(text, &[])
}

/// The name of an execution, or `@latest`.
pub(crate) fn execution_or_latest(text: &str) -> Result<String, String> {
    if text == LATEST { Ok(text.to_owned()) } else { execution(text) }
}

fn name(text: &str, kinds: &[&str]) -> Result<String, String> {
    let name = match text.split_once('/') {
        Some((kind, name)) if kinds.contains(&kind) => name,
        _ => text,
    };
    if is_name(name) { Ok(name.to_owned()) } else { Err(RULE.to_owned()) }
}

/// Whether Kubernetes accepts the text as a name of an object.
pub(crate) fn is_name(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fine =
        |label: &str| label.starts_with(edge) && label.ends_with(edge) && label.chars().all(|c| edge(c) || c == '-');
    !text.is_empty() && text.len() <= 253 && text.split('.').all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_their_kind() {
        for (text, expected) in [
            ("a-1", Some("a-1")),
            ("tex/a-1", Some("a-1")),
            ("testexecution.assay.dev/a.b", Some("a.b")),
            ("twf/a", None),
            ("../a", None),
            ("a/b", None),
            ("Upper", None),
            ("a..b", None),
            ("-x", None),
            ("@latest", None),
            ("", None),
        ] {
            assert_eq!(execution(text).ok().as_deref(), expected, "{text}");
        }
        assert_eq!(gate("testgate.assay.dev/shop").as_deref(), Ok("shop"));
        assert_eq!(rollback("rb/shop-1").as_deref(), Ok("shop-1"));
        assert!(gate("rb/shop").is_err() && bare("tg/shop").is_err());
        assert_eq!(workflow("twf/first").as_deref(), Ok("first"));
        assert!(workflow_or_hint("tests/smoke.yaml").is_err_and(|said| said.ends_with("write -f tests/smoke.yaml")));
        assert!(workflow_or_hint("Smoke").is_err_and(|said| said == RULE));
        assert_eq!(execution_or_latest("@latest").as_deref(), Ok("@latest"));
    }
}
