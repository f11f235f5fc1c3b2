//! Values of parameters as they are written, shown and used.

use assay_api::ParameterType;
use assay_expr::Value;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Letters of a value or pattern that a message repeats.
const SHOWN: usize = 80;

/// A value as text.
pub(crate) fn text(value: &IntOrString) -> String {
    match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    }
}

/// A value, as expressions see it. One that its type does not allow stays text.
pub(super) fn typed(value: &str, type_: ParameterType) -> Value {
    match type_ {
        ParameterType::String => None,
        ParameterType::Integer => value.parse::<i64>().ok().map(Value::from),
        ParameterType::Number => {
            let whole = value.parse::<i64>().ok().map(Value::from);
            whole.or_else(|| value.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from))
        }
        ParameterType::Boolean => value.parse::<bool>().ok().map(Value::from),
    }
    .unwrap_or_else(|| Value::from(value))
}

/// The beginning of a value that may be long.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
