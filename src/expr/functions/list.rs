//! Functions of lists and maps.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::call::Call;
use crate::diagnostic::Fault;
use crate::number::Number;
use crate::operators::{equal, key, property};
use crate::value::{ITEM, Value};

pub(crate) fn list(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.values.to_vec().into())
}

/// The texts of the items with a separator between them; null stays null.
pub(crate) fn join(call: &Call<'_>) -> Result<Value, Fault> {
    if *call.value(0) == Value::Null {
        return Ok(Value::Null);
    }
    let (items, separator) = (call.list(0)?, call.text_or(1, ",")?);
    let texts: Vec<_> = items.iter().map(Value::text).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    call.fits(bytes.saturating_add(separator.len().saturating_mul(items.len())))?;
    Ok(texts.join(separator).into())
}

/// The parts between separators; the letters when the separator is empty.
pub(crate) fn split(call: &Call<'_>) -> Result<Value, Fault> {
    let text = if *call.value(0) == Value::Null { "" } else { call.text(0)? };
    let separator = call.text_or(1, ",")?;
    let parts = if separator.is_empty() { text.len() } else { text.matches(separator).count() };
    call.fits(text.len() + parts * ITEM)?;
    let parts: Vec<Value> = match separator {
        "" => text.chars().map(|letter| letter.to_string().into()).collect(),
        _ => text.split(separator).map(Value::from).collect(),
    };
    Ok(parts.into())
}

/// Letters of a text, items of a list, keys of a map.
pub(crate) fn len(call: &Call<'_>) -> Result<Value, Fault> {
    let length = match call.value(0) {
        Value::Null => 0,
        Value::Text(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        other => return Err(call.wrong(0, "a text, a list or a map", other, "write `string(...)` around it")),
    };
    Ok(i64::try_from(length).unwrap_or(i64::MAX).into())
}

pub(crate) fn at(call: &Call<'_>) -> Result<Value, Fault> {
    property(call.value(0), &key(call.value(1))?)
}

/// Lists of a size; the last one may be shorter.
pub(crate) fn chunk(call: &Call<'_>) -> Result<Value, Fault> {
    let items = call.list(0)?;
    let size = usize::try_from(call.whole(1)?).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| call.wrong(1, "at least 1", call.value(1), "write how many items a part has"))?;
    Ok(items.chunks(size).map(|part| Value::List(part.to_vec())).collect::<Vec<_>>().into())
}

/// `{key, value}` of every key of a map, sorted by key.
pub(crate) fn entries(call: &Call<'_>) -> Result<Value, Fault> {
    let value = call.value(0);
    let entries = value.map().ok_or_else(|| call.wrong(0, "a map", value, "write `{\"key\": value}`"))?;
    let entry = |(key, value): (&String, &Value)| {
        Value::Map(BTreeMap::from([("key".to_owned(), key.into()), ("value".to_owned(), value.clone())]))
    };
    Ok(entries.iter().map(entry).collect::<Vec<_>>().into())
}

/// Whether a text has a part, a list an item, or a map a key.
pub(crate) fn contains(call: &Call<'_>) -> Result<Value, Fault> {
    let found = match call.value(0) {
        Value::Null => false,
        Value::Text(text) => text.contains(call.text(1)?),
        Value::List(items) => items.iter().any(|item| equal(item, call.value(1))),
        Value::Map(entries) => entries.contains_key(&*call.value(1).text()),
        other => return Err(call.wrong(0, "a text, a list or a map", other, "write `string(...)` around it")),
    };
    Ok(found.into())
}

/// Numbers by size, everything else by its text.
pub(crate) fn sort(call: &Call<'_>) -> Result<Value, Fault> {
    let mut items = call.list(0)?.to_vec();
    if items.iter().all(|item| matches!(item, Value::Number(_))) {
        items.sort_by(|a, b| match (a, b) {
            (Value::Number(a), Value::Number(b)) => by_size(*a, *b),
            _ => Ordering::Equal,
        });
    } else {
        items.sort_by_cached_key(|item| item.text().into_owned());
    }
    Ok(items.into())
}

pub(crate) fn by_size(a: Number, b: Number) -> Ordering {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => a.cmp(&b),
        _ => a.as_f64().total_cmp(&b.as_f64()),
    }
}

/// The first of equal items stays.
pub(crate) fn unique(call: &Call<'_>) -> Result<Value, Fault> {
    let mut seen = BTreeSet::new();
    let items = call.list(0)?.iter().filter(|item| seen.insert(item.literal()));
    Ok(items.cloned().collect::<Vec<_>>().into())
}
