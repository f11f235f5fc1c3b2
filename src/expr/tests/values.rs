//! What expressions are worth.

use assay_expr::{Expression, Scope, Value};

fn scope() -> Scope {
    let mut scope = Scope::new();
    scope.set("config.url", "https://example.test");
    scope.set("config.count", "3");
    scope.set("config.debug", true);
    scope.set("labels", serde_json::json!({"app.kubernetes.io/name": "shop", "tier": null}));
    scope.set("workflow.labels.a-b/c", "odd");
    scope.set("items", serde_json::json!([{"ip": "10.0.0.1", "ports": [1, 2]}, {"ip": "10.0.0.2", "ports": [3]}]));
    scope.set("now", "2026-03-04T05:06:07.089Z");
    scope.declare_prefix("env");
    scope.declare("steps.build.status");
    scope
}

/// The value as it is written, or as much of the expression as is left.
fn resolved(text: &str) -> String {
    let (expression, mistakes) = Expression::parse(text);
    assert_eq!(mistakes, [], "{text}");
    let (resolved, diagnostics) = expression.resolve(&scope());
    assert_eq!(diagnostics, [], "{text}");
    resolved.to_string()
}

fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(resolved(text), *expected, "{text}");
    }
}

#[test]
fn operators_bind_as_everywhere() {
    check(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-5 + 3", "-2"),
        ("5 - -3 * 2", "11"),
        ("-2 ** 2", "-4"),
        ("(-2) ** 2", "4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ** -1", "0.5"),
        ("10 - 3 - 2", "5"),
        ("7 / 2", "3.5"),
        ("8 / 2", "4"),
        ("-7 % 3", "-1"),
        ("7.5 % 2", "1.5"),
        ("true || false && false", "true"),
        ("!true || true", "true"),
        ("true ? 1 : false && 2", "1"),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("null ?? 0 ?? 1", "0"),
        ("null ?? false || \"x\"", "\"x\""),
        ("1 == 1 && 2 != 3", "true"),
        ("0.1 + 0.2 > 0.3", "true"),
        ("9007199254740993 > 9007199254740992", "true"),
        ("9223372036854775807 - 1", "9223372036854775806"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e3", "1000"),
        ("1 + \"2\"", "\"12\""),
        ("null + 1", "1"),
        ("'a' + [1, 2]", "\"a1,2\""),
        ("1 = \"1\" && null == '' && true == 'true' && 1 <> 2", "true"),
        ("[1, 2] == [1, 2]", "true"),
        ("{\"a\": 1} == {\"a\": 2}", "false"),
    ]);
}

#[test]
fn names_reach_into_values() {
    check(&[
        ("config.url", "\"https://example.test\""),
        ("config . url", "\"https://example.test\""),
        ("config[\"url\"]", "\"https://example.test\""),
        ("config['u' + 'rl']", "\"https://example.test\""),
        ("config.count + 1", "\"31\""),
        ("int(config.count) + 1", "4"),
        ("labels[\"app.kubernetes.io/name\"]", "\"shop\""),
        ("labels.missing ?? \"none\"", "\"none\""),
        ("labels.tier.deeper", "null"),
        ("workflow.labels[\"a-b/c\"]", "\"odd\""),
        ("items.0.ip", "\"10.0.0.1\""),
        ("items[1].ip", "\"10.0.0.2\""),
        ("items[len(items) - 1].ports[0]", "3"),
        ("items.*.ip", "[\"10.0.0.1\",\"10.0.0.2\"]"),
        ("items.*.ports.*", "[[1,2],[3]]"),
        ("items.*[\"ip\"]", "[\"10.0.0.1\",\"10.0.0.2\"]"),
        ("labels.*", "[\"shop\",null]"),
        ("\"héllo\"[1]", "\"é\""),
        ("{\"a\": config.count, b: [config.debug]}.b[0]", "true"),
        ("[config.url, 1]", "[\"https://example.test\",1]"),
    ]);
}

#[test]
fn functions_have_their_values() {
    check(&[
        ("string(1, \"a\", null, [1, 2])", "\"1a1,2\""),
        ("int(\"1.9\") + int(-1.9)", "0"),
        ("round(2.5) + round(-2.5) + floor(-0.5) + ceil(0.5)", "0"),
        ("len(\"日本語\") + len([1]) + len({}) + len(null)", "4"),
        ("join(split(\"a b\", \" \"), \"-\")", "\"a-b\""),
        ("split(\"abc\", \"\")", "[\"a\",\"b\",\"c\"]"),
        ("join(null)", "null"),
        ("upper(\"straße\") + lower(\"ÄB\")", "\"STRASSEäb\""),
        ("replace(\"a.b.c\", \".\", \"/\")", "\"a/b/c\""),
        ("startsWith(\"v1.2\", \"v\") && endsWith(\"v1.2\", \".2\")", "true"),
        ("contains(\"abc\", \"b\") && contains([1, 2], \"2\") && contains({\"a\": null}, \"a\")", "true"),
        ("contains(null, 1)", "false"),
        ("base64(\"hé\")", "\"aMOp\""),
        ("unbase64(\"aMO\\np\")", "\"hé\""),
        ("sort([10, 9, 1.5])", "[1.5,9,10]"),
        ("sort([\"b\", 10, \"a\"])", "[10,\"a\",\"b\"]"),
        ("unique([1, \"1\", 1, [2], [2]])", "[1,\"1\",[2]]"),
        ("sum([1, \"2\", 0.5]) + sum([])", "3.5"),
        ("max([1, 3, 2]) - min([3, 1, 2])", "2"),
        ("min([])", "null"),
        ("range(2, 5)", "[2,3,4]"),
        ("chunk([1, 2, 3], 2)", "[[1,2],[3]]"),
        ("entries({\"b\": 1, \"a\": 2}).0", "{\"key\":\"a\",\"value\":2}"),
        ("map({\"a\": 1}, \"_.key + _.value\")", "[\"a1\"]"),
        ("map([[1], [2, 3]], \"len(_.value) + _.index\")", "[1,3]"),
        ("filter(items, \"len(_.value.ports) > 1\").*.ip", "[\"10.0.0.1\"]"),
        ("map(items, \"map(_.value.ports, '_.value * 2')\")", "[[2,4],[6]]"),
        ("eval(\"1 + \" + config.count)", "4"),
        ("json(tojson({\"a\": [1, 1.5, null, \"\\u0001\"]}))", "{\"a\":[1,1.5,null,\"\\u0001\"]}"),
        ("shellquote(\"it's\", \"\", \"a$b\", \"plain\")", r#""'it'\\''s' '' 'a$b' plain""#),
        (r#"shellparse('a "b \\" $c" \'d e\'f g\\ h')"#, r#"["a","b \" $c","d ef","g h"]"#),
        ("relpath(\"/a/b\", \"/a/c/d\")", "\"../../b\""),
        ("abspath(\"../x/./y\", \"/a/b\")", "\"/a/x/y\""),
        ("abspath(\"/../..\")", "\"/\""),
        ("makepath(\"/a\", \"/b\")", "\"/b\""),
        ("list([1, 2]..., 3)", "[1,2,3]"),
        ("\"\\ud83d\\ude00\\u00e9\"", "\"😀é\""),
    ]);
}

#[cfg(feature = "text")]
#[test]
fn functions_of_the_operator_have_their_values() {
    check(&[
        ("matches(\"v1.20\", \"^v[0-9]+\")", "true"),
        ("matches(\"a\", \"^b\")", "false"),
        ("yaml(\"a: [1, {b: c}]\\n2: x\")", "{\"2\":\"x\",\"a\":[1,{\"b\":\"c\"}]}"),
        ("yaml(toyaml({\"a\": [1, 1.5, null, \"true\"]}))", "{\"a\":[1,1.5,null,\"true\"]}"),
        ("date()", "\"2026-03-04T05:06:07.089Z\""),
        (
            "date(\"2006-01-02 15:04:05 Mon Jan _2 3PM -0700 100%\")",
            "\"2026-03-04 05:06:07 Wed Mar  4 5AM +0000 300%\"",
        ),
    ]);
}

#[test]
fn what_is_not_known_yet_stays() {
    check(&[
        ("env.HOME", "env.HOME"),
        ("env[\"a-b\"].c", "env[\"a-b\"].c"),
        ("env.A + (1 + 2)", "env.A+3"),
        ("env.A == config.url", "env.A==\"https://example.test\""),
        ("config.debug && env.A", "env.A"),
        ("env.A && config.debug", "env.A&&true"),
        ("bool(env.A) && config.debug", "bool(env.A)"),
        ("steps.build.status == \"passed\" || true", "true"),
        ("env.A ?? config.url", "env.A??\"https://example.test\""),
        ("env.A ? config.count : 1 + 1", "env.A?\"3\":2"),
        ("join(split(env.A), config.count)", "join(split(env.A),\"3\")"),
        ("map(split(env.A), \"_.value\")", "map(split(env.A),\"_.value\")"),
        ("map([1, 2], \"_.value + env.A\")", "map([1,2],\"_.value + env.A\")"),
        ("any(env.A, config.count)", "\"3\""),
        ("any(env.A)", "any(env.A)"),
        ("any(nobody, at([], 0), null ?? 5)", "5"),
        ("f(env.A...)".replace('f', "list").as_str(), "list(env.A...)"),
        ("env.A.*.b", "env.A.*.b"),
        ("env[env.A]", "env[env.A]"),
        ("(env.A)[config.count]", "env.A[\"3\"]".replace("[\"3\"]", ".3").as_str()),
        ("{\"a\": env.A, \"b\": 1 + 1}", "{\"a\":env.A,\"b\":2}"),
        ("!(env.A || env.B) && -env.A ** 2 < 1", "!(env.A||env.B)&&-env.A**2<1"),
        // What may be wrong only for the values of now is not said of a branch that may not be taken.
        ("env.A ? items[9] : 1", "env.A?items.9:1"),
    ]);
}

#[test]
fn names_can_stand_for_expressions_and_be_looked_up() {
    let mut scope = Scope::new().with_lookup(|name| name.strip_prefix("env.").map(Value::from));
    scope.define("passed", &Expression::parse("status == \"passed\"").0);
    scope.define("secret", &Expression::parse("env.SECRET").0);
    scope.declare("status");
    for (text, expected) in
        [("string(passed)", "string(status==\"passed\")"), ("secret + '!'", "\"SECRET!\""), ("env.HOME", "\"HOME\"")]
    {
        let (resolved, diagnostics) = Expression::parse(text).0.resolve(&scope);
        assert_eq!((resolved.to_string().as_str(), diagnostics), (expected, Vec::new()), "{text}");
    }
    scope.set("status", "passed");
    assert_eq!(Expression::parse("passed").0.evaluate(&scope), Ok(Value::Bool(true)));
    assert_eq!(scope.get("status"), Some(Some("passed".into())));
    assert_eq!((scope.get("secret"), scope.get("nothing")), (Some(None), None));
}
