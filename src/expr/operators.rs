//! Operators on values.

use crate::diagnostic::Fault;
use crate::node::Operator;
use crate::number::Number;
use crate::value::Value;

/// What an operator makes of two values. The logical ones decide before both
/// are known and are not here.
pub(crate) fn apply(operator: Operator, left: &Value, right: &Value) -> Result<Value, Fault> {
    let compare = |holds: fn(f64, f64) -> bool, exact: fn(i64, i64) -> bool| {
        Ok(Value::Bool(match (ordered(left, operator)?, ordered(right, operator)?) {
            (Number::Int(a), Number::Int(b)) => exact(a, b),
            (a, b) => holds(a.as_f64(), b.as_f64()),
        }))
    };
    match operator {
        Operator::Equal => Ok(Value::Bool(equal(left, right))),
        Operator::NotEqual => Ok(Value::Bool(!equal(left, right))),
        Operator::Greater => compare(|a, b| a > b, |a, b| a > b),
        Operator::GreaterEqual => compare(|a, b| a >= b, |a, b| a >= b),
        Operator::Less => compare(|a, b| a < b, |a, b| a < b),
        Operator::LessEqual => compare(|a, b| a <= b, |a, b| a <= b),
        Operator::Add if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) => {
            Ok(Value::Text(format!("{left}{right}")))
        }
        _ => arithmetic(operator, number(left)?, number(right)?).map(Value::Number),
    }
}

fn arithmetic(operator: Operator, left: Number, right: Number) -> Result<Number, Fault> {
    match operator {
        Operator::Subtract => left.subtract(right),
        Operator::Multiply => left.multiply(right),
        Operator::Divide => left.divide(right),
        Operator::Remainder => left.remainder(right),
        Operator::Power => left.power(right),
        _ => left.add(right),
    }
}

/// Values are equal when their texts are: `1 == "1"` holds.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_)) => left.literal() == right.literal(),
        _ => left.text() == right.text(),
    }
}

/// The value as a number.
pub(crate) fn number(value: &Value) -> Result<Number, Fault> {
    value.number().ok_or_else(|| not_a_number(value, "write a number, or use `+` with text to join texts"))
}

fn ordered(value: &Value, operator: Operator) -> Result<Number, Fault> {
    let hint = format!("`{}` compares numbers only; texts can be compared with `==` and `!=`", operator.sign());
    value.number().ok_or_else(|| not_a_number(value, hint))
}

fn not_a_number(value: &Value, hint: impl Into<String>) -> Fault {
    match value {
        Value::Text(text) => Fault::new(format!("`{}` is not a number", crate::lex::excerpt(text)), hint),
        other => Fault::new(format!("{} is not a number", other.kind()), hint),
    }
}

/// `value.key`. A map without the key has null there, and so has null.
pub(crate) fn property(value: &Value, key: &str) -> Result<Value, Fault> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Map(entries) => Ok(entries.get(key).cloned().unwrap_or_default()),
        Value::List(items) => {
            let position = position(key, value.kind())?;
            items.get(position).cloned().ok_or_else(|| outside(position, "list", items.len()))
        }
        Value::Text(text) => {
            let position = position(key, value.kind())?;
            let letter = text.chars().nth(position);
            letter
                .map(|letter| letter.to_string().into())
                .ok_or_else(|| outside(position, "text", text.chars().count()))
        }
        Value::Bool(_) | Value::Number(_) => {
            Err(Fault::new(format!("{} has no `{key}`", value.kind()), "only maps, lists and texts have parts"))
        }
    }
}

fn position(key: &str, of: &str) -> Result<usize, Fault> {
    let hint = "write a position, counted from 0";
    key.parse().map_err(|_| Fault::new(format!("{of} has no `{}`", crate::lex::excerpt(key)), hint))
}

fn outside(position: usize, what: &str, length: usize) -> Fault {
    let hint = match length {
        0 => format!("the {what} is empty"),
        1 => format!("the {what} has the position 0 only"),
        _ => format!("the {what} has the positions 0 to {}", length - 1),
    };
    Fault::new(format!("there is nothing at position {position} of the {what}"), hint)
}

/// What stands in brackets, as the key of a property.
pub(crate) fn key(value: &Value) -> Result<String, Fault> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Number(number) if number.as_i64().is_some_and(|position| position >= 0) => Ok(number.to_string()),
        other => {
            let message = format!("`{}` is no key and no position", crate::lex::excerpt(&other.literal()));
            Err(Fault::new(message, "write a text, or a whole number from 0 on"))
        }
    }
}

/// `value.a.b`
pub(crate) fn walk(value: Value, keys: &[String]) -> Result<Value, Fault> {
    keys.iter().try_fold(value, |value, key| property(&value, key))
}

/// `value.*.rest`, where the rest may hold `*` again.
pub(crate) fn each(value: &Value, rest: &[String]) -> Result<Value, Fault> {
    let star = rest.iter().position(|key| key == "*");
    let mut results = Vec::new();
    for (_, item) in items(value, "*")? {
        let reached = walk(item, &rest[..star.unwrap_or(rest.len())])?;
        results.push(match star {
            Some(star) => each(&reached, &rest[star + 1..])?,
            None => reached,
        });
    }
    Ok(results.into())
}

/// Items with their positions or keys.
pub(crate) fn items(value: &Value, of: &str) -> Result<Vec<(Value, Value)>, Fault> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => Ok((0i64..).zip(items).map(|(at, item)| (at.into(), item.clone())).collect()),
        Value::Map(entries) => Ok(entries.iter().map(|(key, item)| (key.into(), item.clone())).collect()),
        other => {
            let message = format!("`{of}` needs a list or a map, and this is {}", other.kind());
            Err(Fault::new(message, "write `list(...)` around single values"))
        }
    }
}
