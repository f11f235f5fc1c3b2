//! Compares us with what another implementation of the language does, vector
//! by vector (`ASSAY_CORPUS`; skipped with a note where there is none). Every
//! vector is right, or stands here with the reason why we differ.

#![cfg(feature = "text")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assay_expr::{Diagnostic, Expression, Number, Scope, Template, Value};
use serde_json::Value as Json;

const WILDCARD: &str = "`_wc` is how the source prints a wildcard; ours prints as it is written";
const PARENTHESES: &str = "the same expression without parentheses that change nothing";
const FILES: &str = "files are there only where the step runs";
const CALLER: &str = "the caller of our evaluator brings names, not functions";
const JQ: &str = "a jq program has no bounds in time and memory; there are map, filter, sort, max and wildcards";
const BRACE: &str = "a single brace needs no escape where no other follows";
const INDENT: &str = "YAML is indented by two, as Kubernetes writes it";
const MAPS: &str = "maps may hold expressions";
const RESULTS: &str = "the folder of results is the runner's to give, not the language's";

/// Vectors on which we differ on purpose, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("parse-018", PARENTHESES),
    ("parse-064", PARENTHESES),
    ("parse-087", CALLER),
    ("parse-091", CALLER),
    ("parse-097", BRACE),
    ("parse-118", INDENT),
    ("parse-141", JQ),
    ("parse-142", JQ),
    ("parse-143", JQ),
    ("parse-187", WILDCARD),
    ("parse-188", WILDCARD),
    ("parse-236", WILDCARD),
    ("parse-237", WILDCARD),
    ("parse-238", WILDCARD),
    ("generic-040", WILDCARD),
    ("generic-041", WILDCARD),
    ("tokenize-035", MAPS),
    ("fs-001", FILES),
    ("fs-002", FILES),
    ("fs-003", FILES),
    ("fs-004", FILES),
    ("fs-005", FILES),
    ("fs-006", FILES),
    ("fs-007", FILES),
    ("fs-008", FILES),
    ("fs-009", FILES),
    ("fs-010", FILES),
    ("stepmachine-001", RESULTS),
    ("stepmachine-003", RESULTS),
];

fn corpus() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("ASSAY_CORPUS").map_or_else(default, PathBuf::from);
    let file = root.join("expressions/testkube.jsonl");
    file.is_file().then_some(file)
}

#[test]
fn every_vector_is_right_or_explained() {
    let Some(file) = corpus() else {
        eprintln!("skipped: no corpus (set ASSAY_CORPUS)");
        return;
    };
    let lines = fs::read_to_string(file).expect("the corpus is readable");
    let vectors: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let (mut wrong, mut right) = (Vec::new(), 0);
    let mut met = BTreeMap::new();
    for vector in &vectors {
        let id = vector["id"].as_str().expect("a vector has an id");
        let known = DEVIATIONS.iter().find(|(deviation, _)| *deviation == id);
        match (check(vector), known) {
            (Ok(()), None) => right += 1,
            (Err(_), Some((id, why))) => {
                met.insert(*id, *why);
            }
            (Ok(()), Some(_)) => wrong.push(format!("{id}: agrees, but is listed as a deviation")),
            (Err(found), None) => {
                wrong.push(format!("{id}: {} gives {found}, want {}", vector["input"], vector["output"]))
            }
        }
    }
    wrong
        .extend(DEVIATIONS.iter().filter(|(id, _)| !met.contains_key(id)).map(|(id, _)| format!("{id}: is not there")));
    assert!(wrong.is_empty(), "{} of {} vectors:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
    eprintln!("{right} of {} vectors agree; the others are explained:", vectors.len());
    for (id, why) in met {
        eprintln!("  {id}: {why}");
    }
    assert_eq!(right + DEVIATIONS.len(), vectors.len());
}

/// What the vector is about, and how it came out.
fn check(vector: &Json) -> Result<(), String> {
    let input = vector["input"].as_str().unwrap_or_default();
    match (vector["kind"].as_str(), vector["check"].as_str().expect("a vector has a check")) {
        (Some("static"), check) => check_static(vector, check),
        (_, "tokens") => check_tokens(vector, input),
        (Some("template"), check) => check_template(vector, check, input),
        (_, check) => check_expression(vector, check, input),
    }
}

fn check_static(vector: &Json, check: &str) -> Result<(), String> {
    let is_empty_map =
        vector["input"].is_null() && vector["input_go"].as_str().is_some_and(|go| go.starts_with("map["));
    let value = if is_empty_map { Value::Map(BTreeMap::new()) } else { Value::from(vector["input"].clone()) };
    match check {
        "print" => same(value.literal(), &vector["output"]),
        "is" => same(is(&value, vector["type"].as_str().expect("a type")), &vector["output"]),
        _ => check_cast(vector, Ok(value)),
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "bool" => matches!(value, Value::Bool(_)),
        "null" => matches!(value, Value::Null),
        "int" => matches!(value, Value::Number(number) if number.as_i64().is_some()),
        "number" => matches!(value, Value::Number(_)),
        "string" => matches!(value, Value::Text(_)),
        "map" => matches!(value, Value::Map(_)),
        "list" => matches!(value, Value::List(_)),
        other => panic!("{other} is no type"),
    }
}

/// The value cast as the vector says, or that there is none.
fn check_cast(vector: &Json, value: Result<Value, String>) -> Result<(), String> {
    let cast = value.and_then(|value| {
        let cast = cast(&value, vector["cast"].as_str().expect("a cast"));
        cast.ok_or_else(|| format!("no {} from {value:?}", vector["cast"]))
    });
    match (cast, vector["error"].as_bool()) {
        (Err(_), Some(true)) => Ok(()),
        (Err(error), _) => Err(error),
        (Ok(value), Some(true)) => Err(format!("{value:?} instead of an error")),
        (Ok(value), _) => agree(&value, vector),
    }
}

fn cast(value: &Value, to: &str) -> Option<Value> {
    Some(match to {
        "string" => value.text().into_owned().into(),
        "int" => value.number()?.truncate()?.into(),
        "float" => value.number()?.as_f64().into(),
        "bool" => value.truthy().into(),
        "list" => value.list()?.to_vec().into(),
        "map" => value.map()?.into_owned().into(),
        other => panic!("{other} is no cast"),
    })
}

fn agree(value: &Value, vector: &Json) -> Result<(), String> {
    let want = Value::from(vector["output"].clone());
    let is_empty = value.list().is_some_and(<[Value]>::is_empty) || value.map().is_some_and(|map| map.is_empty());
    let is_near = match (value.number(), want.number(), vector["delta"].as_f64()) {
        (Some(value), Some(want), Some(delta)) => (value.as_f64() - want.as_f64()).abs() <= delta,
        _ => false,
    };
    let agrees = *value == want || is_near || (want == Value::Null && is_empty);
    if agrees { Ok(()) } else { Err(format!("{value:?}")) }
}

fn same(ours: impl Into<Json>, want: &Json) -> Result<(), String> {
    let ours = ours.into();
    if ours == *want { Ok(()) } else { Err(ours.to_string()) }
}

/// The scope that a vector describes. Names that it does not describe are
/// known later, as every vector expects them to stay where they are.
fn scope(vector: &Json, names: &[String]) -> Scope {
    let mut scope = Scope::new();
    for (name, value) in vector["machine"].as_object().into_iter().flatten() {
        scope.set(name, value.clone());
    }
    for (name, text) in vector["machine_expr"].as_object().into_iter().flatten() {
        scope.define(name, &Expression::parse(text.as_str().expect("an expression")).0);
    }
    for (step, outputs) in vector["steps"]["outputs"].as_object().into_iter().flatten() {
        for (key, value) in outputs.as_object().into_iter().flatten() {
            scope.set(format!("step.{step}.outputs.{key}"), value.clone());
        }
    }
    if vector.get("execution_config").is_some() {
        scope.set("execution", vector["execution_config"].clone());
    }
    let is_set = |name: &String| name.match_indices('.').any(|(end, _)| scope.get(&name[..end]).is_some());
    let later: Vec<&String> = names.iter().filter(|name| !is_set(name)).collect();
    for name in later {
        scope.declare(name);
    }
    scope
}

fn names<'a>(names: impl Iterator<Item = (&'a str, assay_expr::Span)>) -> Vec<String> {
    let mut names: Vec<String> = names.map(|(name, _)| name.to_owned()).collect();
    // Names in expressions that stand in texts.
    names.extend(["env.apiUrl", "name", "something"].map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

/// Functions that nobody knows stay in their places; everything else has to be right.
fn relevant(diagnostics: Vec<Diagnostic>) -> Result<(), String> {
    let mut wrong =
        diagnostics.into_iter().filter(|diagnostic| !diagnostic.message.starts_with("there is no function"));
    wrong.next().map_or(Ok(()), |first| Err(first.to_string()))
}

fn check_expression(vector: &Json, check: &str, input: &str) -> Result<(), String> {
    let (expression, mistakes) = Expression::parse(input);
    let names = names(expression.names());
    let scope = scope(vector, &names);
    match check {
        "error" => {
            let failed = expression.evaluate(&scope).is_err();
            return if failed { Ok(()) } else { Err("no error".to_owned()) };
        }
        "accessors" => return same(sorted(expression.names()), &vector["output"]),
        "functions" => return same(sorted(expression.functions()), &vector["output"]),
        "wildcard_accessor_only" => return same(expression.is_wildcard(), &vector["output"]),
        _ => relevant(mistakes)?,
    }
    let (resolved, diagnostics) = expression.resolve(&scope);
    relevant(diagnostics)?;
    match check {
        "print" => same(resolved.to_string(), &vector["output"]),
        "print_template" | "simplify" => {
            let template = Template::from(&resolved).to_string();
            let text = if check == "simplify" {
                resolved.value().map_or(template.clone(), |v| v.to_string())
            } else {
                template
            };
            // An expression that is left stays one in a field of expressions.
            let text = if check == "simplify" && resolved.value().is_none() { resolved.to_string() } else { text };
            same(text, &vector["output"])
        }
        "unresolved" => {
            if resolved.value().is_none() {
                Ok(())
            } else {
                Err(resolved.to_string())
            }
        }
        _ => check_cast(vector, resolved.value().cloned().ok_or_else(|| resolved.to_string())),
    }
}

fn sorted<'a>(names: impl Iterator<Item = (&'a str, assay_expr::Span)>) -> Vec<String> {
    let mut names: Vec<String> = names.map(|(name, _)| name.to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

fn check_template(vector: &Json, check: &str, input: &str) -> Result<(), String> {
    match check {
        "pure_template" => return check_single(vector, input),
        "simplify_list" => return check_list(vector),
        "simplify_map" => return check_map(vector),
        _ => {}
    }
    let (template, mistakes) = Template::parse(input);
    if vector["error"] == true {
        return if mistakes.is_empty() { Err("no error".to_owned()) } else { Ok(()) };
    }
    relevant(mistakes)?;
    let scope = scope(vector, &names(template.names()));
    let (simplified, diagnostics) = template.simplify(&scope);
    relevant(diagnostics)?;
    match check {
        "print" => same(simplified.to_expression().to_string(), &vector["output"]),
        "print_template" => same(simplified.to_string(), &vector["output"]),
        "simplify" => same(template.resolve(&scope).text, &vector["output"]),
        _ => check_cast(vector, Ok(template.resolve(&scope).text.into())),
    }
}

/// Compared as expressions: white space and quotes may differ.
fn check_single(vector: &Json, input: &str) -> Result<(), String> {
    let (template, _) = Template::parse(input);
    let ours = template.single();
    let want = vector["output"].as_str().map(|text| Expression::parse(text).0);
    if ours == want.as_ref() { Ok(()) } else { Err(format!("{ours:?}")) }
}

fn text_of(template: &Json, scope: &Scope) -> Result<String, String> {
    let (template, mistakes) = Template::parse(template.as_str().expect("a text"));
    relevant(mistakes)?;
    let resolved = template.resolve(scope);
    relevant(resolved.diagnostics)?;
    Ok(resolved.text)
}

/// Lists are spread as the caller of the evaluator does it.
fn check_list(vector: &Json) -> Result<(), String> {
    let scope = scope(vector, &[]);
    let mut texts = Vec::new();
    for item in vector["input"].as_array().expect("a list") {
        let (template, _) = Template::parse(item.as_str().expect("a text"));
        let single = template.single().filter(|expression| !expression.is_wildcard());
        let value = single.map(|expression| expression.evaluate(&scope)).transpose();
        match value.map_err(|diagnostics| diagnostics[0].to_string())? {
            Some(Value::List(items)) => texts.extend(items.iter().map(|item| item.text().into_owned())),
            _ => texts.push(text_of(item, &scope)?),
        }
    }
    same(texts, &vector["output"])
}

fn check_map(vector: &Json) -> Result<(), String> {
    let scope = scope(vector, &[]);
    let field = vector["field"].as_str().expect("which parts are read");
    let mut entries = serde_json::Map::new();
    for (key, value) in vector["input"].as_object().expect("a map") {
        let key =
            if field.contains("key is a template") || field.contains("only the key") || field.contains("key and value")
            {
                text_of(&key.as_str().into(), &scope)?
            } else {
                key.clone()
            };
        let value = if field.contains("value is an expression") {
            Expression::parse(value.as_str().expect("a text")).0.evaluate(&scope).expect("a value").to_string()
        } else if field.contains("only the key") {
            value.as_str().expect("a text").to_owned()
        } else {
            text_of(value, &scope)?
        };
        entries.insert(key, value.into());
    }
    same(Json::Object(entries), &vector["output"])
}

/// Tokens are not public: a sequence of tokens is right when the expression is
/// read without mistakes and holds exactly the names, operators and values of
/// the sequence in its order.
fn check_tokens(vector: &Json, input: &str) -> Result<(), String> {
    let (expression, mistakes) = Expression::parse(input);
    if vector["error"] == true {
        return if mistakes.is_empty() { Err("no error".to_owned()) } else { Ok(()) };
    }
    relevant(mistakes)?;
    let tokens = vector["output"].as_array().expect("tokens");
    let written: String = tokens.iter().map(written).collect();
    let again = Expression::parse(&written).0;
    if again == expression { Ok(()) } else { Err(format!("{expression} is not {written}")) }
}

fn written(token: &Json) -> String {
    match token["t"].as_str().expect("a type") {
        "accessor" | "math" => token["v"].as_str().expect("a text").to_owned(),
        "json" => token["v"].to_string(),
        "property_accessor" => format!(".{}", token["v"].as_str().expect("a text")),
        "not" => "!".to_owned(),
        "ternary" => "?".to_owned(),
        "ternary_separator" => ":".to_owned(),
        "open" => "(".to_owned(),
        "close" => ")".to_owned(),
        "comma" => ",".to_owned(),
        "spread" => "...".to_owned(),
        other => panic!("{other} is no token"),
    }
}

#[test]
fn whole_numbers_are_exact() {
    let (expression, _) = Expression::parse("9007199254740993 + 2");
    assert_eq!(expression.evaluate(&Scope::new()), Ok(Value::Number(Number::Int(9_007_199_254_740_995))));
}
