//! What is said of mistakes, and where.

use assay_expr::{Expression, Scope, Template};

fn scope() -> Scope {
    let mut scope = Scope::new();
    scope.set("config.url", "https://example.test");
    scope.set("config.zero", 0);
    scope.set("items", serde_json::json!([1, 2]));
    scope.declare("config.token");
    scope.declare_prefix("env");
    scope
}

const KNOWN: &str = "`config.token`, `config.url`, `config.zero`, `env.*`, `items`";

/// All that is said of an expression: the text at the place, what is wrong, and the beginning of the hint.
fn said(text: &str) -> Vec<(String, String)> {
    let (expression, mut found) = Expression::parse(text);
    found.extend(expression.resolve(&scope()).1);
    let said = found.into_iter().map(|found| (text[found.span.start..found.span.end].to_owned(), found.to_string()));
    said.collect()
}

fn check(table: &[(&str, &[(&str, &str)])]) {
    for (text, expected) in table {
        let found = said(text);
        assert_eq!(found.len(), expected.len(), "{text}: {found:#?}");
        for ((place, words), (expected_place, expected_words)) in found.iter().zip(*expected) {
            assert_eq!(place, expected_place, "{text}");
            assert!(words.starts_with(expected_words), "{text}:\n{words}\n{expected_words}");
        }
    }
}

#[test]
fn what_cannot_be_read() {
    check(&[
        ("", &[("", "the expression is empty; write a name such as `config.url`")]),
        ("1 +", &[("", "the expression ends too early; write a value at its end")]),
        ("1 + * 2", &[("*", "a value is missing before `*`")]),
        ("items b", &[("b", "nothing connects `b` to what stands before it; write an operator")]),
        ("(1 + 2", &[("", "`(` has no `)`; close it")]),
        ("1)", &[(")", "`)` closes nothing; remove it")]),
        ("items[0", &[("", "`[` has no `]`")]),
        ("len(items", &[("", "`)` is missing at the end")]),
        ("len(items]", &[("]", "`]` stands where `,` or `)` is expected")]),
        ("[1 2]", &[("2", "`2` stands where `,` or `]` is expected")]),
        ("{\"a\" 1}", &[("1", "a map needs keys; write `{\"key\": value}`")]),
        ("{1: 2, 3}", &[("1", "a map needs keys"), ("3", "a map needs keys")]),
        ("true ? 1", &[("", "`?` has no `:`; write both values")]),
        ("1 < 2 < 3", &[("<", "comparisons do not chain; connect two of them, as in `a > b && b > c`")]),
        ("\"open", &[("\"open", "the text has no end; close it with `\"`")]),
        (r#""a\x""#, &[(r#""a\x""#, r"`\x` is not an escape; write one of")]),
        ("items.", &[(".", "no name follows the dot")]),
        ("12abc", &[("12abc", "`12abc` is not a number; write a number such as `5`")]),
        ("1 & 2", &[("&", "`&` is not part of an expression; write `&&`")]),
        ("$items", &[("$", "`$` is not part of an expression; write names without `$`")]),
        ("1 === 1", &[("===", "`===` is not part of an expression; write `==`")]),
        ("1 + #", &[("#", "`#` is not part of an expression; remove it")]),
        ("[ + , ) , 3]", &[("+", "a value is missing before `+`"), (")", "a value is missing before `)`")]),
    ]);
}

#[test]
fn what_does_not_exist() {
    check(&[
        (
            "config.ulr",
            &[("config.ulr", &format!("`config.ulr` is not known; did you mean `config.url`? Known: {KNOWN}"))],
        ),
        ("nothing.like.it", &[("nothing.like.it", &format!("`nothing.like.it` is not known; known: {KNOWN}"))]),
        ("config", &[("config", "`config` has no value of its own; write a name below it, such as `config.token`")]),
        ("len", &[("len", "`len` is not known; it is a function: write `len(...)`")]),
        ("_.value", &[("_.value", "`_.value` is not known; `_.value`, `_.index` and `_.key` are known in the text")]),
        (
            "uper(config.ulr)",
            &[
                ("uper", "there is no function `uper`; did you mean `upper(text)`? Known: `abspath`, `any`, `at`"),
                ("config.ulr", "`config.ulr` is not known"),
            ],
        ),
        ("success()", &[("success", "there is no function `success`; known: `abspath`")]),
        ("len()", &[("len()", "`len` takes 1 argument, and 0 are given; write `len(value)`")]),
        (
            "1 + join(1, 2, 3)",
            &[("join(1, 2, 3)", "`join` takes 1 to 2 arguments, and 3 are given; write `join(list, \",\")`")],
        ),
        (
            "split([\"a\", \",\", 3]...)",
            &[("split([\"a\", \",\", 3]...)", "`split` takes 1 to 2 arguments, and 3 are given")],
        ),
        (
            "file(\"x\")",
            &[("file", "`file` reads files, which are there only where the step runs; read the file in the step")],
        ),
        (
            "jq(items, \".\")",
            &[("jq", "`jq` has no bounds in time and memory, and is not part of the language; use `map`")],
        ),
        ("secret(\"a\", \"b\")", &[("secret", "`secret` would put a secret into text; give the step an `env` entry")]),
        (
            "env.my-long-step.status == 1",
            &[(
                "env.my-long-step.status",
                "`env.my-long-step.status` is read as a subtraction; write a name with `-` in it as `env[\"my-long-step\"].status`",
            )],
        ),
        ("true || items-x", &[("items-x", "`items-x` is read as a subtraction")]),
        // Also where it is not reached.
        ("true || config.ulr", &[("config.ulr", "`config.ulr` is not known")]),
        ("true ? 1 : config.ulr", &[("config.ulr", "`config.ulr` is not known")]),
        ("env.A && config.ulr", &[("config.ulr", "`config.ulr` is not known")]),
    ]);
}

#[test]
fn what_cannot_be_done() {
    check(&[
        ("1 / 0", &[("1 / 0", "`1` is divided by zero; make sure that the divisor is not 0")]),
        ("1 % config.zero", &[("1 % config.zero", "the remainder of `1` by zero is not defined")]),
        ("2 * (1 / 0) + config.ulr", &[("(1 / 0)", "`1` is divided"), ("config.ulr", "`config.ulr` is not known")]),
        (
            "9223372036854775807 + 1",
            &[("9223372036854775807 + 1", "the result does not fit into 64 bits; use smaller")],
        ),
        ("10.0 ** 400", &[("10.0 ** 400", "the result is not a finite number")]),
        ("true + 1", &[("true + 1", "a boolean is not a number; write a number, or use `+` with text")]),
        ("\"a\" < \"b\"", &[("\"a\" < \"b\"", "`a` is not a number; `<` compares numbers only")]),
        (
            "upper(5)",
            &[(
                "upper(5)",
                "the argument of `upper` has to be a text, and this is the number `5`; write `string(...)`",
            )],
        ),
        ("join(\"a\")", &[("join(\"a\")", "the argument of `join` has to be a list, and this is the text `a`")]),
        (
            "chunk(items, 0)",
            &[("chunk(items, 0)", "argument 2 of `chunk` has to be at least 1, and this is the number `0`")],
        ),
        (
            "range(1.5)",
            &[("range(1.5)", "the argument of `range` has to be a whole number, and this is the number `1.5`")],
        ),
        ("items[2]", &[("items[2]", "there is nothing at position 2 of the list; the list has the positions 0 to 1")]),
        ("items[-1]", &[("items[-1]", "`-1` is no key and no position")]),
        ("items.first", &[("items.first", "a list has no `first`; write a position, counted from 0")]),
        ("5.x", &[("5.x", "a number has no `x`; only maps, lists and texts have parts")]),
        ("list(5...)", &[("list(5...)", "`...` needs a list, and this is a number")]),
        ("map(5, \"1\")", &[("map(5, \"1\")", "`map` needs a list or a map, and this is a number")]),
        (
            "map(env.A, \"_.value +\")",
            &[("map(env.A, \"_.value +\")", "in the text of `map`: the expression ends too early")],
        ),
        ("map(items, \"_.value / 0\")", &[("\"_.value / 0\"", "`1` is divided by zero")]),
        (
            "map(items, 5)",
            &[("map(items, 5)", "`map` needs an expression in a text; write it in quotes, as in `map(list,")],
        ),
        ("eval(\"config.ulr\")", &[("eval(\"config.ulr\")", "`config.ulr` is not known")]),
        ("json(\"{\")", &[("json(\"{\")", "the text is not JSON: ")]),
        ("unbase64(\"?\")", &[("unbase64(\"?\")", "the text is not base64")]),
        ("relpath(\"a\")", &[("relpath(\"a\")", "`relpath` needs the folder that the path is seen from")]),
        // A mistake without names is certain wherever it stands.
        ("env.A ? 1 / 0 : 2", &[("1 / 0", "`1` is divided by zero")]),
    ]);
    #[cfg(feature = "text")]
    check(&[
        ("date()", &[("date()", "`date` is not known here")]),
        ("matches(\"a\", \"(\")", &[("matches(\"a\", \"(\")", "`(` is not a pattern: ")]),
        ("yaml(\"a: [\")", &[("yaml(\"a: [\")", "the text is not YAML: ")]),
    ]);
}

#[test]
fn an_evaluation_needs_every_value() {
    let evaluate = |text: &str| {
        let found = Expression::parse(text).0.evaluate(&scope()).expect_err(text);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        evaluate("env.A + config.url + env.B"),
        ["`env.A` has no value yet; use it where it is known", "`env.B` has no value yet; use it where it is known",]
    );
    assert_eq!(evaluate("1 +"), ["the expression ends too early; write a value at its end"]);
    assert_eq!(evaluate("uper(1)").len(), 1);
}

#[test]
fn all_mistakes_of_a_text_are_found_with_their_places() {
    let text = "{{ 1 +  }} ü {{ config.ulr }} {{}} {{ \"open }} {{ uper(env.A) }} {{ x";
    let (template, mut found) = Template::parse(text);
    let resolved = template.resolve(&scope());
    assert_eq!((resolved.text.as_str(), resolved.waits), (text, false));
    found.extend(resolved.diagnostics);
    let said: Vec<_> = found.iter().map(|d| (&text[d.span.start..d.span.end], d.message.as_str())).collect();
    assert_eq!(
        said,
        [
            ("", "the expression ends too early"),
            ("{{}}", "`{{ }}` holds nothing"),
            ("\"open ", "the text has no end"),
            ("uper", "there is no function `uper`"),
            ("{{ x", "`{{` has no `}}`"),
            ("config.ulr", "`config.ulr` is not known"),
        ]
    );
}
