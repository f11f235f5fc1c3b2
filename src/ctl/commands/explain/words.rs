//! Rules of a plan in words.

use assay_expr::Expression;
use assay_protocol::{Condition, RetryRule, Section};

use crate::output::clock::span;
use crate::output::terminal::plain;

/// Letters of a script or expression that are shown on a line.
const LINE: usize = 120;

/// What governs a step or a block of steps.
pub(super) struct Rules<'a> {
    pub(super) section: Section,
    pub(super) condition: &'a Condition,
    pub(super) retry: &'a RetryRule,
    pub(super) timeout_ms: Option<u64>,
    pub(super) optional: bool,
    pub(super) negative: bool,
    pub(super) delay_ms: u64,
    pub(super) paused: bool,
}

/// The rules that are not the usual ones, one a line.
pub(super) fn rules(rules: &Rules<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(condition(rules.condition, rules.section));
    if rules.paused {
        lines.push("holds before it until somebody resumes it".to_owned());
    }
    if rules.delay_ms > 0 {
        lines.push(format!("waits {} before it begins", span(rules.delay_ms)));
    }
    lines.extend(retry(rules.retry));
    lines.extend(rules.timeout_ms.map(|longest| format!("at most {}, then it has timed out", span(longest))));
    if rules.negative {
        lines.push("passes when it fails".to_owned());
    }
    if rules.optional {
        lines.push("its failure does not count".to_owned());
    }
    lines
}

fn condition(condition: &Condition, section: Section) -> Option<String> {
    match (condition, section) {
        (Condition::Passed, Section::Setup | Section::Steps) | (Condition::Always, Section::After) => None,
        (Condition::Passed, Section::After) => Some("only when nothing has failed".to_owned()),
        (Condition::Failed, _) => Some("only when something has failed".to_owned()),
        (Condition::Always, _) => Some("also when something has failed".to_owned()),
        (Condition::Never, _) => Some("never".to_owned()),
        (Condition::When(expression), _) => Some(format!("only when {}", as_written(expression))),
    }
}

fn retry(rule: &RetryRule) -> Option<String> {
    if rule.attempts < 2 {
        return None;
    }
    let until = rule.until.as_deref().map(|until| format!(", until {}", as_written(until))).unwrap_or_default();
    let wait = span(rule.delay_ms);
    Some(format!("tried up to {} times, {wait} apart and then twice as long each time{until}", rule.attempts))
}

/// An expression of a plan as somebody would write it.
fn as_written(expression: &str) -> String {
    short(&format!("{:#}", Expression::parse(expression).0))
}

/// A text on one line, cut.
pub(super) fn short(text: &str) -> String {
    let text = plain(text.trim());
    if text.chars().count() <= LINE {
        return text;
    }
    let cut: String = text.chars().take(LINE - 1).collect();
    format!("{cut}…")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unusual_is_said() {
        let usual = RetryRule { attempts: 1, delay_ms: 0, until: None };
        let base = |section, condition| Rules {
            section,
            condition,
            retry: &usual,
            timeout_ms: None,
            optional: false,
            negative: false,
            delay_ms: 0,
            paused: false,
        };
        assert!(rules(&base(Section::Steps, &Condition::Passed)).is_empty());
        assert!(rules(&base(Section::After, &Condition::Always)).is_empty());
        assert_eq!(rules(&base(Section::Steps, &Condition::Always)), ["also when something has failed"]);
        let until = RetryRule { attempts: 3, delay_ms: 1500, until: Some("self.exitCode != 7".into()) };
        let when = Condition::When("failed && steps.a.outputs.b == \"x\"".into());
        let all = Rules {
            retry: &until,
            timeout_ms: Some(90_000),
            optional: true,
            negative: true,
            delay_ms: 5000,
            paused: true,
            ..base(Section::Steps, &when)
        };
        assert_eq!(
            rules(&all),
            [
                "only when failed && steps.a.outputs.b == \"x\"",
                "holds before it until somebody resumes it",
                "waits 5s before it begins",
                "tried up to 3 times, 1.5s apart and then twice as long each time, until self.exitCode != 7",
                "at most 1m30s, then it has timed out",
                "passes when it fails",
                "its failure does not count",
            ]
        );
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!((list(&names[..1]).as_str(), list(&names).as_str()), ("a", "a, b and c"));
        assert_eq!(short(&"x".repeat(500)).chars().count(), LINE);
    }
}
