//! When a step runs, and when its attempts end.

use assay_expr::{ConditionWord, Expression, parse_condition};
use assay_protocol::Condition;
use k8s_openapi::api::core::v1::EnvVar;

use crate::expressions::{is_word, with_environment};

/// A condition as the runner reads it, with the plain values of `env` in it.
/// What validation refuses counts as not written.
pub(crate) fn condition_of(text: Option<&str>, env: &[EnvVar], default: Condition) -> Condition {
    let Some(text) = text else { return default };
    if let Ok(word) = parse_condition(text) {
        return match word {
            ConditionWord::Passed => Condition::Passed,
            ConditionWord::Failed => Condition::Failed,
            ConditionWord::Always => Condition::Always,
            ConditionWord::Never => Condition::Never,
        };
    }
    if is_word(text) {
        return default;
    }
    let (resolved, _) = with_environment(&Expression::parse(text).0, env);
    match resolved.value() {
        Some(value) if value.truthy() => Condition::Always,
        Some(_) => Condition::Never,
        None => Condition::When(resolved.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_and_what_is_known_is_decided() {
        let env = [EnvVar { name: "KIND".to_owned(), value: Some("web".to_owned()), value_from: None }];
        let when = |text: &str| Condition::When(text.to_owned());
        for (text, expected) in [
            (None, Condition::Failed),
            (Some(" passed "), Condition::Passed),
            (Some("faild"), Condition::Failed),
            (Some("cancelled || timedOut"), when("cancelled||timedOut")),
            (Some("env.KIND == \"web\""), Condition::Always),
            (Some("env.KIND == \"app\""), Condition::Never),
            (Some("failed && env.KIND == \"web\""), when("failed&&true")),
            (Some("steps.a.outputs.x == 1"), when("steps.a.outputs.x==1")),
        ] {
            assert_eq!(condition_of(text, &env, Condition::Failed), expected, "{text:?}");
        }
    }
}
