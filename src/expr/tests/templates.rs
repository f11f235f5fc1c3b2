//! Texts with expressions in them.

use assay_expr::{Scope, Template};

fn scope() -> Scope {
    let mut scope = Scope::new();
    scope.set("config.url", "https://example.test");
    scope.set("config.braces", "{{ env.A }}{");
    scope.set("execution.name", "run-1");
    scope.declare("config.token");
    scope.declare_prefix("env");
    scope
}

#[test]
fn values_take_the_place_of_expressions() {
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
        ("{{ {\"a\": {\"b\": 1}}.a }}", "{\"b\":1}"),
        ("{{{\"a\": 1}}}", "{\"a\":1}"),
        ("{{ '}}' }}{{ \"}}\" }}", "}}}}"),
        ("{{ 1 + 1 }}}", "2}"),
        ("{{ config.braces }}", "{{ env.A }}{"),
        ("{{ [1, 2] }}{{ null }}{{ true }}{{ 0.50 }}", "1,2true0.5"),
    ] {
        let (template, diagnostics) = Template::parse(text);
        assert_eq!(diagnostics, [], "{text}");
        let resolved = template.resolve(&scope());
        assert_eq!((resolved.diagnostics, resolved.waits), (Vec::new(), false), "{text}");
        assert_eq!(resolved.text, expected, "{text}");
    }
}

#[test]
fn what_waits_is_a_template_for_later() {
    let mut later = Scope::new();
    later.set("env.A", "{{ not read }}");
    later.set("config.token", "t");
    for (text, expected, value) in [
        ("a {{ config.token }}", "a {{ config.token }}", "a t"),
        ("{{ config.url + env.A }}", "{{\"https://example.test\"+env.A}}", "https://example.test{{ not read }}"),
        ("{{ config.braces }}{{ env.A }}", "{{\"{{\"}} env.A }}{{\"{\"}}{{ env.A }}", "{{ env.A }}{{{ not read }}"),
        ("{{\"{{{\"}} {{env.A}} {", "{{\"{{{\"}} {{env.A}} {", "{{{ {{ not read }} {"),
        ("{{ {\"a\": env.A + execution.name} }}", "{{ {\"a\":env.A+\"run-1\"} }}", "{\"a\":\"{{ not read }}run-1\"}"),
    ] {
        let resolved = Template::parse(text).0.resolve(&scope());
        assert_eq!((resolved.text.as_str(), resolved.waits), (expected, true), "{text}");
        assert_eq!(resolved.diagnostics, [], "{text}");
        let (again, mistakes) = Template::parse(&resolved.text);
        assert_eq!(mistakes, [], "{text}");
        let done = again.resolve(&later);
        assert_eq!((done.text.as_str(), done.waits), (value, false), "{text}");
    }
}

#[test]
fn any_text_can_be_a_template() {
    for text in ["", "a", "{", "{{", "{{{", "a {{ b }} {", "{{\"{{\"}}", "ü{{", "}}{{}}"] {
        let written = Template::literal(text).to_string();
        let (template, mistakes) = Template::parse(&written);
        assert_eq!((mistakes, template.resolve(&scope()).text.as_str()), (Vec::new(), text), "{written}");
    }
}

#[test]
fn a_single_expression_is_told_from_a_text() {
    for (text, expected) in [
        ("{{ a }}", Some("a")),
        (" {{ list(1, 2) }}\n", Some("list(1,2)")),
        ("{{ a }}{{ b }}", None),
        ("x{{ a }}", None),
        ("{{ 'text' }}", None),
        ("{{ }}", None),
        ("", None),
    ] {
        let template = Template::parse(text).0;
        assert_eq!(template.single().map(ToString::to_string).as_deref(), expected, "{text}");
    }
}

#[test]
fn names_and_functions_are_listed_in_order_with_their_places() {
    let text = "{{ b.c }} ü {{ upper(a[\"x y\"]) }} {{ b.c }}";
    let (template, _) = Template::parse(text);
    let names: Vec<_> = template.names().map(|(name, span)| (name, &text[span.start..span.end])).collect();
    assert_eq!(names, [("b.c", "b.c"), ("a.x y", "a[\"x y\"]"), ("b.c", "b.c")]);
    let functions: Vec<_> = template.functions().map(|(name, span)| (name, &text[span.start..span.end])).collect();
    assert_eq!(functions, [("upper", "upper(a[\"x y\"])")]);
}
