//! Texts that can be finished only where they are used: they name the
//! environment of this container, or what earlier steps left.

use std::collections::BTreeMap;

use assay_expr::{Diagnostic, Scope, Template, Value};
use assay_protocol::Action;
use assay_protocol::control::{Go, StepFacts};

/// The values that are known at this place.
#[derive(Debug)]
pub(super) struct Resolver(Scope);

impl Resolver {
    /// Knows the environment of this container and the steps that the leader tells of.
    /// A variable that is not set is an empty text, as it is in a shell.
    pub(super) fn new(go: &Go) -> Self {
        let mut scope = Scope::new().with_lookup(|name| name.strip_prefix("env.").map(|_| Value::from("")));
        for (handle, facts) in &go.steps {
            scope.set(format!("steps.{handle}"), value_of(facts));
            scope.set(format!("step.{handle}"), value_of(facts));
        }
        let mut resolver = Self(scope);
        for (name, value) in std::env::vars_os() {
            resolver.set(&name.to_string_lossy(), &value.to_string_lossy());
        }
        resolver
    }

    /// Sets a variable of the environment.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.set(format!("env.{name}"), value);
    }

    /// The finished text.
    ///
    /// # Errors
    /// What is wrong with its expressions, and what would be right.
    pub(super) fn text(&self, text: &str) -> Result<String, String> {
        let (template, mistakes) = Template::parse(text);
        first_of(&mistakes)?;
        let resolved = template.resolve(&self.0);
        first_of(&resolved.diagnostics)?;
        if resolved.waits { Err(format!("`{}` has no value yet", resolved.text)) } else { Ok(resolved.text) }
    }

    /// The finished texts: several, when the text is one expression whose value is a list.
    fn texts(&self, text: &str) -> Result<Vec<String>, String> {
        let (template, _) = Template::parse(text);
        if let Some(expression) = template.single()
            && let Ok(Value::List(items)) = expression.evaluate(&self.0)
        {
            return Ok(items.iter().map(|item| item.text().into_owned()).collect());
        }
        Ok(vec![self.text(text)?])
    }

    /// The action without expressions. Every variable of its environment is known to those behind it.
    ///
    /// # Errors
    /// A sentence for people that names the text which cannot be finished.
    pub(super) fn action(&mut self, action: &Action) -> Result<Action, String> {
        let mut resolved = Action { argv: Vec::new(), env: Vec::new(), dynamic: false, ..action.clone() };
        for (name, value) in &action.env {
            let value = self.text(value).map_err(|why| format!("the variable {name} cannot be resolved: {why}"))?;
            self.set(name, &value);
            resolved.env.push((name.clone(), value));
        }
        for text in &action.argv {
            let texts = self.texts(text).map_err(|why| format!("the command cannot be resolved: {why}"))?;
            resolved.argv.extend(texts);
        }
        resolved.working_dir =
            self.text(&action.working_dir).map_err(|why| format!("the working directory cannot be resolved: {why}"))?;
        Ok(resolved)
    }
}

fn first_of(mistakes: &[Diagnostic]) -> Result<(), String> {
    mistakes.first().map_or(Ok(()), |mistake| Err(mistake.to_string()))
}

/// What a step left, as expressions see it: `status`, `exitCode` and `outputs`.
fn value_of(facts: &StepFacts) -> Value {
    let outputs = facts.outputs.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let exit_code = facts.exit_code.map_or(Value::Null, |code| Value::from(i64::from(code)));
    Value::Map(BTreeMap::from([
        ("status".to_owned(), Value::from(facts.status.as_str())),
        ("exitCode".to_owned(), exit_code),
        ("outputs".to_owned(), Value::Map(outputs)),
    ]))
}

#[cfg(test)]
mod tests {
    use assay_api::StepState;

    use super::*;

    fn go() -> Go {
        let outputs = BTreeMap::from([("url".to_owned(), "http://x".to_owned())]);
        let facts = StepFacts { status: StepState::Failed, exit_code: Some(3), outputs };
        Go { steps: BTreeMap::from([("deploy".to_owned(), facts)]) }
    }

    #[test]
    fn environment_and_steps_have_values() {
        let mut resolver = Resolver::new(&go());
        resolver.set("MODE", "fast");
        let cases = [
            ("{{ env.MODE }}-{{ env.NOT_SET_ANYWHERE }}", "fast-"),
            ("{{ steps.deploy.outputs.url }}/{{ step.deploy.status }}", "http://x/failed"),
            ("{{ steps.deploy.exitCode + 1 }}", "4"),
            ("{{ steps.deploy.outputs.absent ?? \"none\" }}", "none"),
            ("no expression, ${HOME} {{\"{{\"}} stays", "no expression, ${HOME} {{ stays"),
        ];
        for (text, expected) in cases {
            assert_eq!(resolver.text(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut resolver = Resolver::new(&go());
        let mut action = Action {
            argv: vec!["echo".into(), "{{ steps.other.status }}".into()],
            env: vec![],
            working_dir: "/data".into(),
            display: String::new(),
            dynamic: true,
            needs: vec![],
        };
        let message = resolver.action(&action).expect_err("an unknown step");
        assert!(message.starts_with("the command cannot be resolved: `steps.other.status` is not known"), "{message}");
        action.argv.clear();
        action.env.push(("A".into(), "{{ env.".into()));
        let message = resolver.action(&action).expect_err("a torn expression");
        assert!(message.starts_with("the variable A cannot be resolved: "), "{message}");
    }

    #[test]
    fn variables_follow_each_other_and_lists_spread() {
        let mut resolver = Resolver::new(&Go::default());
        let action = Action {
            argv: vec!["echo".into(), "{{ split(env.B, \" \") }}".into(), "{{ env.B }}".into()],
            env: vec![("A".into(), "one".into()), ("B".into(), "{{ env.A }} two".into())],
            working_dir: "/{{ env.A }}".into(),
            display: String::new(),
            dynamic: true,
            needs: vec![],
        };
        let resolved = resolver.action(&action).expect("all is known");
        assert_eq!(resolved.argv, ["echo", "one", "two", "one two"]);
        assert_eq!((resolved.env[1].1.as_str(), resolved.working_dir.as_str()), ("one two", "/one"));
    }
}
