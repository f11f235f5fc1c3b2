//! Texts that want to use up time, memory or stack.

use std::time::{Duration, Instant};

use assay_expr::{Expression, Scope, Template, Value};

/// Everything that can be done with a text. Answers how long it took.
fn run(text: &str, scope: &Scope) -> (Duration, usize) {
    let start = Instant::now();
    let (expression, mistakes) = Expression::parse(text);
    let (resolved, diagnostics) = expression.resolve(scope);
    let printed = resolved.to_string();
    assert!(printed.len() < 8 << 20, "{} bytes", printed.len());
    let _ = resolved.evaluate(scope);
    let (template, others) = Template::parse(text);
    let resolved = template.resolve(scope);
    assert!(resolved.text.len() < text.len() + (16 << 20), "{} bytes", resolved.text.len());
    (start.elapsed(), mistakes.len() + diagnostics.len() + others.len() + resolved.diagnostics.len())
}

fn scope() -> Scope {
    let mut scope = Scope::new();
    scope.set("big", "x".repeat(1 << 19));
    scope.set("many", Value::List(vec![Value::from(1); 9_999]));
    scope.declare("later");
    scope.define("one", &Expression::parse("two + two").0);
    scope.define("two", &Expression::parse("one + one").0);
    scope
}

#[test]
fn nothing_is_unbounded() {
    let nested = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    let doubled = (0..12).fold("'1'".to_owned(), |text, _| format!("map(range(9999),{})", Value::from(text).literal()));
    let texts = [
        "range(1000000000000)".to_owned(),
        "range(-9223372036854775808, 9223372036854775807)".to_owned(),
        "len(map(range(9999), \"map(range(9999), '_.value')\"))".to_owned(),
        "map(range(9999), \"map(range(9999), 'later')\")".to_owned(),
        "any(map(range(9999), \"map(range(9999), '1 / 0')\"), map(range(9999), \"range(9999)\"))".to_owned(),
        "replace(big, \"x\", big)".to_owned(),
        "join(many, big)".to_owned(),
        "split(big, \"\")".to_owned(),
        "shellquote(many...) + shellquote(split(big, 'x')...)".to_owned(),
        "big + big + big + big + big".to_owned(),
        "map(many, \"big\")".to_owned(),
        "string(map(many, \"big\")...)".to_owned(),
        "2 ** 9223372036854775807".to_owned(),
        "10 ** 10 ** 10 ** 10".to_owned(),
        "one".to_owned(),
        "eval(\"eval(big)\") + eval(big)".to_owned(),
        doubled,
        nested("(", ")", 5_000),
        nested("[", "]", 5_000),
        nested("{a:", "}", 3_000),
        nested("list(", ")", 3_000),
        nested("a ? b : (", ")", 1_500),
        nested("-", "", 10_000),
        nested("!", "", 10_000),
        nested("1+", "", 8_000),
        nested("1**", "", 5_000),
        nested("later&&", "", 2_000),
        nested("a.", "b", 5_000),
        nested("a[", "]", 5_000),
        format!("later{}", "[later]".repeat(2_000)),
        format!("json(\"{}\")", "[".repeat(10_000)),
        "x".repeat(1 << 20),
        "\"".repeat(10_001),
        "{{".repeat(1 << 18),
        "{{ { }}".repeat(1 << 16),
        "{{ ' }}\n".repeat(1 << 16),
        "{{ x() }}".repeat(1 << 15),
        "{{ nobody.knows.this.long.name.that.is.repeated }}".repeat(1 << 14),
        "{{ big }}".repeat(1 << 12),
        "{{ 1 }}".repeat(1 << 14),
    ];
    for text in texts {
        // What is not bounded takes for ever; debug builds and busy machines are only slow.
        let (took, found) = run(&text, &scope());
        let shown: String = text.chars().take(60).collect();
        assert!(took < Duration::from_secs(60), "{shown} took {took:?}");
        eprintln!("{took:>12.3?} {found:>5} said of {shown}");
    }
}

#[cfg(feature = "text")]
#[test]
fn patterns_and_yaml_are_bounded() {
    let mut scope = scope();
    scope.set("text", "a".repeat(1 << 14));
    let bomb = (1..9).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, at| {
        let alias = format!("*a{},", at - 1).repeat(9);
        format!("{text}a{at}: &a{at} [{}]\n", alias.trim_end_matches(','))
    });
    scope.set("bomb", bomb);
    scope.set("deep", "[".repeat(50_000));
    scope.set("dashes", "- ".repeat(30_000));
    scope.set("keys", "? ".repeat(30_000));
    scope.set("wide", "[[[[[[[[[[".to_owned() + &"a: b,".repeat(10_000));
    for text in [
        "matches(text, \"(a*)*b\")",
        "matches(text, \"(a{1,100}){1,100}b\")",
        "matches(big, \"a\")",
        "map(range(9999), \"matches(text, '(a|aa|aaa|a{20})+$b')\")",
        "len(yaml(bomb))",
        "yaml(deep)",
        "yaml(dashes)",
        "yaml(keys)",
        "yaml(wide)",
        "toyaml(map(range(9999), \"range(10)\"))",
    ] {
        let (took, found) = run(text, &scope);
        assert!(took < Duration::from_secs(60), "{text} took {took:?}");
        eprintln!("{took:>12.3?} {found:>5} said of {text}");
    }
}

#[test]
fn the_deepest_expressions_need_little_stack() {
    let parentheses = format!("{}1{}", "(".repeat(60), ")".repeat(60));
    let chain = format!("{}1", "1+".repeat(149));
    let inner = format!("eval(\"{parentheses}\"){}", "+1".repeat(149));
    let prefixes = format!("{}1", "!".repeat(60));
    let texts = [parentheses, chain, inner, prefixes, "one".to_owned()];
    let run_all = move || {
        let scope = scope();
        texts.map(|text| Expression::parse(&text).0.evaluate(&scope).is_ok())
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run_all).expect("a thread starts");
    assert_eq!(thread.join().expect("the stack is large enough"), [true, true, true, true, false]);
}

#[test]
fn many_texts_share_a_limit() {
    let scope = Scope::new().with_work_limit(100_000);
    let (expression, _) = Expression::parse("len(range(1000))");
    let done = (0..100).filter(|_| expression.evaluate(&scope).is_ok()).count();
    assert!((1..10).contains(&done), "{done}");
    let found = expression.evaluate(&scope).expect_err("nothing is left");
    assert_eq!(found[0].message, "the expression takes too much work");
}
