//! Values and what they are as another type.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::number::Number;

/// The value of an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values by key, sorted by key.
    Map(BTreeMap<String, Value>),
}

/// Texts that count as false.
const FALSE: [&str; 4] = ["", "false", "0", "off"];
/// What an item of a list or a map weighs beside its content.
pub(crate) const ITEM: usize = 32;

impl Value {
    /// The value as text: nothing for null, items with commas between them
    /// for a list, JSON for a map.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// The value as a number: 0 for null, the number that a text spells;
    /// `None` for everything else.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Null => Some(Number::Int(0)),
            Self::Number(number) => Some(*number),
            Self::Text(text) => Number::parse(text),
            Self::Bool(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Whether a condition with this value holds. It does not for null, 0, the
    /// texts empty, `false`, `0` and `off`, an empty list and an empty map.
    pub fn truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != Number::Int(0),
            Self::Text(text) => !FALSE.contains(&text.as_str()),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
        }
    }

    /// The items of a list; null has none, and everything else is no list.
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::Null => Some(&[]),
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a map; the keys of a list are its positions, null has
    /// none, and everything else is no map.
    pub fn map(&self) -> Option<Cow<'_, BTreeMap<String, Self>>> {
        match self {
            Self::Null => Some(Cow::Owned(BTreeMap::new())),
            Self::Map(entries) => Some(Cow::Borrowed(entries)),
            Self::List(items) => {
                let entries = items.iter().enumerate().map(|(index, item)| (index.to_string(), item.clone()));
                Some(Cow::Owned(entries.collect()))
            }
            _ => None,
        }
    }

    /// The value as it is written in an expression, which is JSON.
    pub fn literal(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    /// What it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// About how many bytes it holds.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
            Self::Text(text) => text.len() + 1,
            Self::List(items) => items.iter().map(|item| item.weight() + ITEM).sum::<usize>() + 1,
            Self::Map(entries) => entries.iter().map(|(key, item)| key.len() + item.weight() + ITEM).sum::<usize>() + 1,
        }
    }

    /// How deeply lists and maps are nested in it.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(entries) => 1 + entries.values().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn write_json(&self, json: &mut String) {
        match self {
            Self::Null => json.push_str("null"),
            Self::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => json.push_str(&number.to_string()),
            Self::Text(text) => write_quoted(text, json),
            Self::List(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    item.write_json(json);
                }
                json.push(']');
            }
            Self::Map(entries) => {
                json.push('{');
                for (index, (key, item)) in entries.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    write_quoted(key, json);
                    json.push(':');
                    item.write_json(json);
                }
                json.push('}');
            }
        }
    }
}

/// A text in double quotes.
pub(crate) fn write_quoted(text: &str, into: &mut String) {
    into.push('"');
    for letter in text.chars() {
        match letter {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            control if control < ' ' => into.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => into.push(other),
        }
    }
    into.push('"');
}

/// The value as text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    item.fmt(f)?;
                }
                Ok(())
            }
            Self::Map(_) => f.write_str(&self.literal()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Number::Int(number))
    }
}

/// A number that is not finite becomes null.
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

impl From<BTreeMap<String, Value>> for Value {
    fn from(entries: BTreeMap<String, Value>) -> Self {
        Self::Map(entries)
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => whole.into(),
                None => number.as_f64().map_or(Self::Null, Self::from),
            },
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.into_iter().map(|(key, item)| (key, item.into())).collect())
            }
        }
    }
}
