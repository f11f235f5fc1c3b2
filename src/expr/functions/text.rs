//! Functions of texts.

use super::call::Call;
use crate::diagnostic::Fault;
use crate::value::Value;

/// All arguments as one text.
pub(crate) fn string(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.values.iter().map(Value::text).collect::<String>().into())
}

pub(crate) fn trim(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.text(0)?.trim().into())
}

pub(crate) fn upper(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.text(0)?.to_uppercase().into())
}

pub(crate) fn lower(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.text(0)?.to_lowercase().into())
}

pub(crate) fn starts_with(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.text(0)?.starts_with(call.text(1)?).into())
}

pub(crate) fn ends_with(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.text(0)?.ends_with(call.text(1)?).into())
}

/// Every occurrence of a part is replaced.
pub(crate) fn replace(call: &Call<'_>) -> Result<Value, Fault> {
    let (text, part, by) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if part.is_empty() {
        return Err(call.wrong(1, "a text with letters in it", call.value(1), "write what is to be replaced"));
    }
    call.fits(text.len() + text.matches(part).count().saturating_mul(by.len()))?;
    Ok(text.replace(part, by).into())
}
