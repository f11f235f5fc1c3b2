//! The arguments of a call, as what the function needs them to be.

use std::borrow::Cow;

use crate::diagnostic::Fault;
use crate::limits::LARGEST;
use crate::number::Number;
use crate::value::Value;

/// A call with its values; their number has been checked.
pub(crate) struct Call<'a> {
    pub function: &'static str,
    pub values: &'a [Value],
}

const NULL: &Value = &Value::Null;

impl<'a> Call<'a> {
    /// The argument; null when it was left out.
    pub fn value(&self, at: usize) -> &'a Value {
        self.values.get(at).unwrap_or(NULL)
    }

    pub fn has(&self, at: usize) -> bool {
        at < self.values.len()
    }

    /// The argument as a text; only a text is one.
    pub fn text(&self, at: usize) -> Result<&'a str, Fault> {
        match self.value(at) {
            Value::Text(text) => Ok(text),
            other => Err(self.wrong(at, "a text", other, "write `string(...)` around it")),
        }
    }

    /// The argument as a text, or what stands for it when it was left out.
    pub fn text_or(&self, at: usize, default: &'static str) -> Result<&'a str, Fault> {
        if self.has(at) { self.text(at) } else { Ok(default) }
    }

    pub fn list(&self, at: usize) -> Result<&'a [Value], Fault> {
        let value = self.value(at);
        value.list().ok_or_else(|| self.wrong(at, "a list", value, "write `list(...)`, or `split(...)` for a text"))
    }

    pub fn number(&self, at: usize) -> Result<Number, Fault> {
        let value = self.value(at);
        value.number().ok_or_else(|| self.wrong(at, "a number", value, "write a number such as `5` or `1.5`"))
    }

    pub fn whole(&self, at: usize) -> Result<i64, Fault> {
        let hint = "write a whole number, or `floor(...)` around it";
        self.number(at)?.as_i64().ok_or_else(|| self.wrong(at, "a whole number", self.value(at), hint))
    }

    /// The numbers of a list.
    pub fn numbers(&self, at: usize) -> Result<Vec<Number>, Fault> {
        let number = |item: &Value| {
            item.number().ok_or_else(|| self.wrong(at, "a list of numbers", item, "take other items out with `filter`"))
        };
        self.list(at)?.iter().map(number).collect()
    }

    /// Refuses a text that would be larger than any value may be.
    pub fn fits(&self, bytes: usize) -> Result<(), Fault> {
        if bytes <= LARGEST {
            return Ok(());
        }
        let message = format!("the result of `{}` is larger than {} KiB", self.function, LARGEST / 1024);
        Err(Fault::new(message, "make it smaller, or compute it in a step"))
    }

    pub fn wrong(&self, at: usize, needed: &str, found: &Value, hint: &str) -> Fault {
        let place =
            if self.values.len() > 1 { format!("argument {} of", at + 1) } else { "the argument of".to_owned() };
        let found: Cow<'_, str> = match found {
            Value::Text(text) => format!("the text `{}`", crate::lex::excerpt(text)).into(),
            Value::Number(number) => format!("the number `{number}`").into(),
            other => other.kind().into(),
        };
        Fault::new(format!("{place} `{}` has to be {needed}, and this is {found}", self.function), hint)
    }
}
