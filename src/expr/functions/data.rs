//! Casts and encodings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::call::Call;
use crate::diagnostic::Fault;
use crate::value::Value;

pub(crate) fn bool(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.value(0).truthy().into())
}

pub(crate) fn to_json(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.value(0).literal().into())
}

pub(crate) fn json(call: &Call<'_>) -> Result<Value, Fault> {
    match serde_json::from_str::<serde_json::Value>(call.text(0)?) {
        Ok(value) => Ok(value.into()),
        Err(error) => Err(Fault::new(format!("the text is not JSON: {error}"), "write valid JSON, with double quotes")),
    }
}

pub(crate) fn base64(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(STANDARD.encode(call.text(0)?).into())
}

/// White space, such as line breaks, is skipped.
pub(crate) fn unbase64(call: &Call<'_>) -> Result<Value, Fault> {
    let compact: String = call.text(0)?.split_whitespace().collect();
    let fault = |what: &str| Fault::new(format!("the text is {what}"), "only text in standard base64 can be decoded");
    let bytes = STANDARD.decode(compact).map_err(|_| fault("not base64"))?;
    String::from_utf8(bytes).map(Value::Text).map_err(|_| fault("base64 of something that is not text"))
}
