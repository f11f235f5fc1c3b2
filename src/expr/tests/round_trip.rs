//! What is printed reads back as the same, whatever it is.

use assay_expr::{Expression, Scope, Template, Value};
use proptest::prelude::*;

/// Text of an expression, built from the grammar with parentheses left to chance.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0..50i64).prop_map(|number| number.to_string()),
        (0..1000u32).prop_map(|number| format!("{}.{}", number / 10, number % 10)),
        "[ -~é\n]{0,6}".prop_map(|text| Value::from(text).literal()),
        prop::sample::select(vec![
            "true",
            "false",
            "null",
            "a",
            "a.b.c",
            "a[\"x-y\"].c",
            "a.*.b",
            "later.x",
            "later.*.*",
            "'it\\'s'",
            "[]",
            "{}",
            "1e3",
            "list",
            "_.value",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operators =
            vec!["??", "||", "&&", "==", "=", "!=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "**"];
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("({a}).key")),
            inner.clone().prop_map(|a| format!("({a}).0")),
            inner.clone().prop_map(|a| format!("({a}).*.x.*")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{\"k\": {a}, l: {b}}}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
            inner.clone().prop_map(|a| format!("list({a}, {a}...)")),
            inner.clone().prop_map(|a| format!("string({a})")),
            inner.prop_map(|a| format!("any({a}, 1)")),
        ]
    })
}

fn scope() -> Scope {
    let mut scope = Scope::new();
    scope.set("a", serde_json::json!({"b": {"c": 1}, "x-y": {"c": "text"}, "d": [{"b": 2}]}));
    scope.declare_prefix("later");
    scope
}

/// Signs and words that make up expressions, in any order.
fn rubbish() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{{", "}}", "{", "}", "(", ")", "[", "]", ",", ":", "?", "??", "&&", "||", "!", "-", "+", "**", "=", "<", ".",
        "...", "*", "\"", "'", "\\", "a", "a.b", "later.x", "1", "2.5", "true", "null", "len(", "map(", "\"x\"", " ",
        "é", "$", "\n", "_", "range(9)", "\\u12",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn expressions_round_trip(text in expressions()) {
        let (expression, mistakes) = Expression::parse(&text);
        // Comparisons that chain are the only mistake that the grammar above makes.
        prop_assume!(mistakes.is_empty());
        let printed = expression.to_string();
        let (again, mistakes) = Expression::parse(&printed);
        prop_assert_eq!(&mistakes, &[], "{}", printed);
        prop_assert_eq!(&again, &expression, "{}", printed);
        prop_assert_eq!(again.to_string(), printed);
        let (wide, mistakes) = Expression::parse(&format!("{expression:#}"));
        prop_assert_eq!((&wide, &*mistakes), (&expression, &[][..]), "{:#}", expression);
    }

    #[test]
    fn resolved_expressions_round_trip_and_are_stable(text in expressions()) {
        let (expression, mistakes) = Expression::parse(&text);
        prop_assume!(mistakes.is_empty());
        let (resolved, diagnostics) = expression.resolve(&scope());
        let printed = resolved.to_string();
        let (again, mistakes) = Expression::parse(&printed);
        prop_assert_eq!(&mistakes, &[], "{}", printed);
        prop_assert_eq!(again.to_string(), &*printed);
        if diagnostics.is_empty() {
            let (stable, diagnostics) = again.resolve(&scope());
            prop_assert_eq!(diagnostics, []);
            prop_assert_eq!(stable.to_string(), printed);
        }
    }

    #[test]
    fn stages_give_what_one_step_gives(text in expressions()) {
        let (expression, mistakes) = Expression::parse(&text);
        prop_assume!(mistakes.is_empty() && !text.contains("any("));
        let mut all = scope();
        all.set("later.x", 7);
        let (first, diagnostics) = expression.resolve(&scope());
        prop_assume!(diagnostics.is_empty());
        if let Ok(at_once) = expression.evaluate(&all) {
            let printed = Expression::parse(&first.to_string()).0;
            prop_assert_eq!(printed.evaluate(&all), Ok(at_once), "{}", first);
        }
    }

    #[test]
    fn templates_round_trip(texts in prop::collection::vec(("[a{}\" é\n]{0,8}", expressions()), 0..4)) {
        let text: String = texts.iter().map(|(text, expression)| {
            format!("{}{{{{ {expression} }}}}", Template::literal(text)).replace("{{{ ", "{{\"{\"}}{{ ")
        }).collect();
        let (template, mistakes) = Template::parse(&text);
        prop_assume!(mistakes.is_empty());
        let printed = template.to_string();
        let (again, mistakes) = Template::parse(&printed);
        prop_assert_eq!(mistakes, []);
        prop_assert_eq!(&again.to_string(), &printed);
        let (first, second) = (template.resolve(&scope()), again.resolve(&scope()));
        prop_assert_eq!(first.text, second.text);
    }

    #[test]
    fn every_text_is_a_template_of_itself(text in "[a{}\"' é\n]{0,20}") {
        let written = Template::literal(&text).to_string();
        let (template, mistakes) = Template::parse(&written);
        prop_assert_eq!(mistakes, []);
        prop_assert_eq!(template.resolve(&scope()).text, text);
    }

    #[test]
    fn rubbish_is_read_without_panic_and_its_places_are_there(text in rubbish()) {
        let (expression, mut found) = Expression::parse(&text);
        let (resolved, more) = expression.resolve(&scope());
        let _ = resolved.evaluate(&scope());
        found.extend(more);
        let (template, more) = Template::parse(&text);
        found.extend(more);
        found.extend(template.resolve(&scope()).diagnostics);
        for diagnostic in found {
            prop_assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some(), "{:?}", diagnostic);
            prop_assert!(!diagnostic.message.is_empty() && !diagnostic.hint.is_empty());
        }
    }
}
