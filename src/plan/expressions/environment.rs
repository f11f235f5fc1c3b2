//! Environment in conditions: nobody asks a container before its step runs, so
//! what stands in the manifest must do.

use assay_expr::{Expression, Scope};
use k8s_openapi::api::core::v1::EnvVar;

use super::late::LateText;

/// The expression with the values that `env` gives to its names `env.NAME`,
/// and what to say, as message and hint, of those that it does not give. Later
/// entries win. All other names stay as they are.
pub(crate) fn with_environment(expression: &Expression, env: &[EnvVar]) -> (Expression, Vec<(String, String)>) {
    let mut scope = Scope::new();
    let mut mistakes = Vec::new();
    for (name, _) in expression.names() {
        let Some(variable) = name.strip_prefix("env.") else {
            scope.declare(name);
            continue;
        };
        match plain_value(variable, env) {
            Some(value) => scope.set(name, value),
            None => {
                scope.declare(name);
                let message = format!("`{name}` has no plain value in the settings of the step");
                let hint = format!("give `{variable}` a `value` there, or let a step before write an output");
                if !mistakes.iter().any(|(known, _)| *known == message) {
                    mistakes.push((message, hint));
                }
            }
        }
    }
    let (resolved, found) = expression.resolve(&scope);
    mistakes.extend(found.into_iter().map(|mistake| (mistake.message, mistake.hint)));
    (resolved, mistakes)
}

fn plain_value(variable: &str, env: &[EnvVar]) -> Option<String> {
    let entry = env.iter().rfind(|entry| entry.name == variable)?;
    let text = LateText::of(entry.value.as_deref().unwrap_or_default());
    (entry.value_from.is_none() && !text.waits).then_some(text.text)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::EnvVarSource;

    use super::*;

    fn resolved(text: &str) -> (String, Vec<String>) {
        let plain = |name: &str, value: &str| EnvVar { value: Some(value.to_owned()), ..named(name) };
        let secret = EnvVar { value_from: Some(EnvVarSource::default()), ..named("TOKEN") };
        let env = [
            plain("KIND", "app"),
            plain("KIND", "web"),
            named("EMPTY"),
            secret,
            plain("HERE", "{{ env.PWD }}"),
            plain("BRACES", "{{\"{{\"}}"),
        ];
        let (expression, mistakes) = Expression::parse(text);
        assert_eq!(mistakes, [], "{text}");
        let (expression, mistakes) = with_environment(&expression, &env);
        (expression.to_string(), mistakes.into_iter().map(|(message, _)| message).collect())
    }

    fn named(name: &str) -> EnvVar {
        EnvVar { name: name.to_owned(), ..EnvVar::default() }
    }

    #[test]
    fn plain_values_take_the_place_of_names() {
        for (text, expected) in [
            ("env.KIND == \"web\"", "true"),
            ("failed && env.KIND == \"web\"", "failed&&true"),
            ("env.EMPTY == \"\"", "true"),
            ("env.BRACES == \"{{\"", "true"),
            ("steps.a.status == \"failed\"", "steps.a.status==\"failed\""),
        ] {
            assert_eq!(resolved(text), (expected.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn names_without_a_plain_value_are_told_once() {
        for (text, name) in
            [("env.TOKEN == \"a\" || env.TOKEN == \"b\"", "TOKEN"), ("env.HERE", "HERE"), ("env.GONE", "GONE")]
        {
            let said = format!("`env.{name}` has no plain value in the settings of the step");
            assert_eq!(resolved(text).1, [said], "{text}");
        }
    }
}
