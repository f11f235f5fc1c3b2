//! A text with expressions in it, and its value.

use crate::parse::{Chunk, chunks};
use crate::{Diagnostic, Scope, Span, closest};

/// Names that a diagnostic lists at most.
const LISTED: usize = 20;

/// A parsed text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    chunks: Vec<Chunk>,
    source: String,
}

/// The value of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The text. What could not be resolved stands there as it was written.
    pub text: String,
    /// Names that are not known.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether a known name had no value yet.
    pub pending: bool,
}

impl Template {
    /// Reads a text, and says everything that is wrong with its expressions.
    pub fn parse(text: &str) -> (Self, Vec<Diagnostic>) {
        let (chunks, diagnostics) = chunks(text);
        (Self { chunks, source: text.to_owned() }, diagnostics)
    }

    /// The names it refers to, in order of appearance.
    pub fn names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Name(name, span) => Some((name.as_str(), *span)),
            Chunk::Text(_) => None,
        })
    }

    /// The text with the values of `scope`.
    pub fn resolve(&self, scope: &Scope) -> Resolved {
        let mut resolved = Resolved::default();
        for chunk in &self.chunks {
            match chunk {
                Chunk::Text(text) => resolved.text.push_str(text),
                Chunk::Name(name, span) => self.resolve_name(name, *span, scope, &mut resolved),
            }
        }
        resolved
    }

    fn resolve_name(&self, name: &str, span: Span, scope: &Scope, resolved: &mut Resolved) {
        match scope.get(name) {
            Some(Some(value)) => resolved.text.push_str(value),
            known => {
                resolved.text.push_str(&self.source[span.start..span.end]);
                match known {
                    Some(_) => resolved.pending = true,
                    None => resolved.diagnostics.push(unknown(name, span, scope)),
                }
            }
        }
    }
}

fn unknown(name: &str, span: Span, scope: &Scope) -> Diagnostic {
    let names: Vec<&str> = scope.names().collect();
    let meant = closest(name, names.iter().copied());
    let mut hint = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    hint.push_str(if meant.is_some() { "Known: " } else { "known: " });
    hint.push_str(&names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    if names.len() > LISTED {
        hint.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    Diagnostic { span, message: format!("`{name}` is not known"), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::new();
        scope.set("config.url", "https://example.test");
        scope.set("execution.name", "run-1");
        scope.declare("config.token");
        scope
    }

    fn value(text: &str) -> String {
        let (template, diagnostics) = Template::parse(text);
        assert_eq!(diagnostics, [], "{text}");
        let resolved = template.resolve(&scope());
        assert_eq!(resolved.diagnostics, [], "{text}");
        resolved.text
    }

    #[test]
    fn values_take_the_place_of_names() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{{config.url}}", "https://example.test"),
            ("a {{ config.url }} b {{execution.name}}", "a https://example.test b run-1"),
            ("{{\n config.url\t}}", "https://example.test"),
            ("${HOME} $(date) {x} }} $HOME", "${HOME} $(date) {x} }} $HOME"),
            ("{{\"{{\"}} .Values }}", "{{ .Values }}"),
            ("{{\"{{ a }}\"}}", "{{ a }}"),
            (r#"{{ "a\"b\\\n" }}"#, "a\"b\\\n"),
            ("ü{{ config.url }}ü", "ühttps://example.testü"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn a_known_name_without_a_value_stays_and_is_pending() {
        let (template, _) = Template::parse("a {{ config.token }}");
        let resolved = template.resolve(&scope());
        assert_eq!((resolved.text.as_str(), resolved.pending), ("a {{ config.token }}", true));
        assert_eq!(resolved.diagnostics, []);
    }

    #[test]
    fn all_mistakes_are_found_with_their_places() {
        let text = "{{ 1 + 2 }} {{ config.ulr }} {{}} {{ \"open }} {{ x";
        let (template, mut found) = Template::parse(text);
        let resolved = template.resolve(&scope());
        assert_eq!(resolved.text, text);
        found.extend(resolved.diagnostics);
        let said: Vec<_> = found.iter().map(|d| (&text[d.span.start..d.span.end], d.to_string())).collect();
        let expected = [
            (
                "{{ 1 + 2 }}",
                "`{{ 1 + 2 }}` is not a name; this version of Assay takes names such as `{{ config.url }}` only; \
                 write a literal `{{` as `{{\"{{\"}}`",
            ),
            (
                "{{}}",
                "`{{ }}` holds nothing; write a name such as `{{ config.url }}`, or write a literal `{{` as `{{\"{{\"}}`",
            ),
            (
                "{{ \"open }}",
                "`{{ \"open }}` is not a name; this version of Assay takes names such as `{{ config.url }}` only; \
                 write a literal `{{` as `{{\"{{\"}}`",
            ),
            ("{{ x", "`{{` has no `}}`; close it, or write a literal `{{` as `{{\"{{\"}}`"),
            (
                "{{ config.ulr }}",
                "`config.ulr` is not known; did you mean `config.url`? Known: `config.token`, `config.url`, \
                 `execution.name`",
            ),
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for ((place, message), (expected_place, expected_message)) in said.iter().zip(expected) {
            assert_eq!((*place, message.as_str()), (expected_place, expected_message));
        }
    }

    #[test]
    fn names_are_listed_in_order() {
        let (template, _) = Template::parse("{{ b.c }} {{ a }} {{ b.c }}");
        assert_eq!(template.names().map(|(name, _)| name).collect::<Vec<_>>(), ["b.c", "a", "b.c"]);
    }
}
