//! What a declaration asks of a value.

use assay_api::{ParameterSchema, ParameterType};
use regex::Regex;

use super::pattern;
use super::value::{shown, text};

/// Values that a message lists.
const LISTED: usize = 20;

/// A declaration, ready to judge values.
pub(super) struct Rules<'a> {
    schema: &'a ParameterSchema,
    enum_: Vec<String>,
    pattern: Option<Regex>,
}

impl<'a> Rules<'a> {
    /// The rules of a declaration. A pattern that cannot be used, which is said
    /// elsewhere, asks for nothing.
    pub(super) fn of(schema: &'a ParameterSchema) -> Self {
        let pattern = schema.pattern.as_deref().and_then(|pattern| pattern::compile(pattern).ok());
        Self { schema, enum_: schema.enum_.iter().map(text).collect(), pattern }
    }

    /// What is wrong with a value, and what would be right.
    pub(super) fn mistake(&self, value: &str) -> Option<(String, String)> {
        of_type(value, self.schema.type_)
            .map(|(what, hint)| (format!("`{}` is not {what}", shown(value)), hint.to_owned()))
            .or_else(|| self.not_listed(value))
            .or_else(|| self.beside_enum(value))
    }

    /// What is wrong with a value besides its type and that it is not listed.
    pub(super) fn beside_enum(&self, value: &str) -> Option<(String, String)> {
        self.wrong_length(value).or_else(|| self.unlike_pattern(value)).or_else(|| self.out_of_range(value))
    }

    fn not_listed(&self, value: &str) -> Option<(String, String)> {
        if self.enum_.is_empty() || self.enum_.iter().any(|allowed| allowed == value) {
            return None;
        }
        let listed = self.enum_.iter().take(LISTED).map(|value| format!("`{}`", shown(value))).collect::<Vec<_>>();
        let more = self.enum_.len().checked_sub(LISTED).filter(|more| *more > 0);
        let more = more.map(|more| format!(" or {more} more")).unwrap_or_default();
        let message = format!("`{}` is not one of the allowed values", shown(value));
        Some((message, format!("use one of {}{more}", listed.join(", "))))
    }

    fn wrong_length(&self, value: &str) -> Option<(String, String)> {
        let length = i32::try_from(value.chars().count()).unwrap_or(i32::MAX);
        let says = |limit: i32, than: &str, hint: &str| {
            let letters = if length == 1 { "letter" } else { "letters" };
            let message = format!("`{}` has {length} {letters}, {than} than {limit}", shown(value));
            Some((message, format!("give {hint} {limit}")))
        };
        match (self.schema.min_length, self.schema.max_length) {
            (Some(least), _) if length < least => says(least, "fewer", "at least"),
            (_, Some(most)) if length > most => says(most, "more", "at most"),
            _ => None,
        }
    }

    fn unlike_pattern(&self, value: &str) -> Option<(String, String)> {
        if self.pattern.as_ref()?.is_match(value) {
            return None;
        }
        let pattern = self.schema.pattern.as_deref().unwrap_or_default();
        let message = format!("`{}` does not match the pattern `{}`", shown(value), shown(pattern));
        let example = self.schema.example.as_ref().map(text);
        let hint = example.map_or_else(
            || "give a value that matches as a whole".to_owned(),
            |example| format!("give for example `{}`", shown(&example)),
        );
        Some((message, hint))
    }

    fn out_of_range(&self, value: &str) -> Option<(String, String)> {
        let number: f64 = value.parse().ok()?;
        match (self.schema.minimum, self.schema.maximum) {
            (Some(least), _) if number < least => {
                Some((format!("{value} is less than {least}"), format!("give at least {least}")))
            }
            (_, Some(most)) if number > most => {
                Some((format!("{value} is more than {most}"), format!("give at most {most}")))
            }
            _ => None,
        }
    }
}

/// What a value of a type would be, when this is none.
pub(super) fn of_type(value: &str, type_: ParameterType) -> Option<(&'static str, &'static str)> {
    let (right, what, hint) = match type_ {
        ParameterType::String => (true, "", ""),
        ParameterType::Integer => (value.parse::<i64>().is_ok(), "a whole number", "give for example 3"),
        ParameterType::Number => {
            (value.parse::<f64>().is_ok_and(f64::is_finite), "a number", "give for example 3 or \"0.5\"")
        }
        ParameterType::Boolean => (matches!(value, "true" | "false"), "a boolean", "give \"true\" or \"false\""),
    };
    (!right).then_some((what, hint))
}
