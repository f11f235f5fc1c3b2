//! Declarations of parameters, judged by themselves: no value could satisfy a
//! declaration that contradicts itself.

use assay_api::{ParameterSchema, ParameterType};

use super::pattern;
use super::rules::{Rules, of_type};
use super::value::{shown, text};
use crate::diagnostic::Findings;

/// Judges the declaration at `path`.
pub(super) fn check(path: &str, name: &str, schema: &ParameterSchema, findings: &mut Findings) {
    check_name(path, name, findings);
    if schema.sensitive {
        return check_sensitive(path, schema, findings);
    }
    check_lengths(path, schema, findings);
    check_range(path, schema, findings);
    check_pattern(path, schema, findings);
    let rules = Rules::of(schema);
    for (index, value) in schema.enum_.iter().enumerate() {
        let value = text(value);
        let wrong_type = of_type(&value, schema.type_)
            .map(|(what, hint)| (format!("`{}` is not {what}", shown(&value)), hint.to_owned()));
        if let Some((message, hint)) = wrong_type.or_else(|| rules.beside_enum(&value)) {
            findings.error(format!("{path}.enum[{index}]"), message, hint);
        }
    }
    if let Some((message, hint)) = schema.default.as_ref().and_then(|value| rules.mistake(&text(value))) {
        findings.error(format!("{path}.default"), message, hint);
    }
}

fn check_name(path: &str, name: &str, findings: &mut Findings) {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word {
        let message = format!("no expression can refer to the name `{name}`");
        findings.error(path, message, "use letters, digits and `_`, and begin with a letter");
    }
}

fn check_lengths(path: &str, schema: &ParameterSchema, findings: &mut Findings) {
    for (field, length) in [("minLength", schema.min_length), ("maxLength", schema.max_length)] {
        let Some(length) = length else { continue };
        if schema.type_ != ParameterType::String {
            not_of_type(path, field, "a text has a length", "`type: string`", findings);
        }
        if length < 0 {
            let message = format!("{length} is no number of letters");
            findings.error(format!("{path}.{field}"), message, "give 0 or more, or remove it");
        }
    }
    if let (Some(least), Some(most)) = (schema.min_length, schema.max_length)
        && least > most
    {
        let message = format!("no text has at least {least} and at most {most} letters");
        findings.error(format!("{path}.minLength"), message, "make it no more than `maxLength`");
    }
}

fn check_range(path: &str, schema: &ParameterSchema, findings: &mut Findings) {
    let is_number = matches!(schema.type_, ParameterType::Integer | ParameterType::Number);
    for (field, limit) in [("minimum", schema.minimum), ("maximum", schema.maximum)] {
        if limit.is_some() && !is_number {
            not_of_type(path, field, "a number has a size", "`type: integer` or `type: number`", findings);
        }
    }
    if let (Some(least), Some(most)) = (schema.minimum, schema.maximum)
        && least > most
    {
        let message = format!("no number is at least {least} and at most {most}");
        findings.error(format!("{path}.minimum"), message, "make it no more than `maximum`");
    }
}

fn check_pattern(path: &str, schema: &ParameterSchema, findings: &mut Findings) {
    let Some(pattern) = &schema.pattern else { return };
    if schema.type_ != ParameterType::String {
        not_of_type(path, "pattern", "a text matches a pattern", "`type: string`", findings);
    }
    if let Err(reason) = pattern::compile(pattern) {
        findings.error(
            format!("{path}.pattern"),
            format!("`{}` is not a pattern: {reason}", shown(pattern)),
            "write a regular expression such as `[a-z]+`, without look-around and back-references",
        );
    }
}

fn not_of_type(path: &str, field: &str, why: &str, types: &str, findings: &mut Findings) {
    findings.error(
        format!("{path}.{field}"),
        format!("only {why}, and the parameter is of another type"),
        format!("remove it, or write {types}"),
    );
}

fn check_sensitive(path: &str, schema: &ParameterSchema, findings: &mut Findings) {
    if schema.default.is_some() {
        findings.error(
            format!("{path}.default"),
            "the parameter is sensitive, and a default stands here for everybody to read",
            "remove it: the execution names a Secret in spec.configFrom",
        );
    }
    let rules = [
        (!schema.enum_.is_empty(), "enum"),
        (schema.pattern.is_some(), "pattern"),
        (schema.min_length.is_some(), "minLength"),
        (schema.max_length.is_some(), "maxLength"),
        (schema.minimum.is_some(), "minimum"),
        (schema.maximum.is_some(), "maximum"),
        (schema.type_ != ParameterType::String, "type"),
    ];
    for (_, field) in rules.into_iter().filter(|(given, _)| *given) {
        findings.warning(
            format!("{path}.{field}"),
            "is not checked: the parameter is sensitive, and Assay does not read its value",
            "let a step check it",
        );
    }
}
