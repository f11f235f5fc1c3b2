//! YAML.

use super::call::Call;
use crate::diagnostic::Fault;
use crate::limits::DEEPEST_VALUE;
use crate::value::Value;

/// Bytes of YAML that are read. Aliases make values larger than their text.
const LARGEST: usize = 64 * 1024;
/// Brackets that may be open at once, those in quotes included. The reader
/// looks at every open one for every token.
const MOST_OPEN: usize = 500;

pub(crate) fn yaml(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    if text.len() > LARGEST {
        let message = format!("`yaml` reads no more than {} KiB", LARGEST / 1024);
        return Err(Fault::new(message, "read it in the step"));
    }
    if open_brackets(text) > MOST_OPEN {
        return Err(too_deep());
    }
    let value = serde_yaml::from_str(text);
    let value = value.map_err(|error| Fault::new(format!("the text is not YAML: {error}"), "write valid YAML"))?;
    from_yaml(value, 0)
}

pub(crate) fn to_yaml(call: &Call<'_>) -> Result<Value, Fault> {
    let text = serde_yaml::to_string(&to_yaml_value(call.value(0)));
    text.map(Value::Text).map_err(|error| Fault::new(format!("there is no YAML for it: {error}"), "use `tojson`"))
}

/// How many brackets are open at once at most.
fn open_brackets(text: &str) -> usize {
    let (mut open, mut most) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

fn too_deep() -> Fault {
    Fault::new(format!("the YAML is nested more than {DEEPEST_VALUE} levels deep"), "read it in the step")
}

fn from_yaml(yaml: serde_yaml::Value, depth: usize) -> Result<Value, Fault> {
    if depth > DEEPEST_VALUE {
        return Err(too_deep());
    }
    Ok(match yaml {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(value) => value.into(),
        serde_yaml::Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().map_or(Value::Null, Value::from),
        },
        serde_yaml::Value::String(text) => text.into(),
        serde_yaml::Value::Sequence(items) => {
            items.into_iter().map(|item| from_yaml(item, depth + 1)).collect::<Result<Vec<_>, _>>()?.into()
        }
        serde_yaml::Value::Mapping(entries) => {
            let entry = |(key, item)| Ok((from_yaml(key, depth + 1)?.text().into_owned(), from_yaml(item, depth + 1)?));
            Value::Map(entries.into_iter().map(entry).collect::<Result<_, Fault>>()?)
        }
        serde_yaml::Value::Tagged(tagged) => from_yaml(tagged.value, depth + 1)?,
    })
}

fn to_yaml_value(value: &Value) -> serde_yaml::Value {
    match value {
        Value::Null => serde_yaml::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().into(),
        },
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => serde_yaml::Value::Sequence(items.iter().map(to_yaml_value).collect()),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.as_str().into(), to_yaml_value(item)));
            serde_yaml::Value::Mapping(entries.collect())
        }
    }
}
