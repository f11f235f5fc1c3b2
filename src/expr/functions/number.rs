//! Functions of numbers.

use std::cmp::Ordering;

use super::call::Call;
use super::list::by_size;
use crate::diagnostic::Fault;
use crate::limits::MOST_ITEMS;
use crate::number::Number;
use crate::value::Value;

/// The number without its fraction.
pub(crate) fn int(call: &Call<'_>) -> Result<Value, Fault> {
    whole(call, call.number(0)?)
}

pub(crate) fn float(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.number(0)?.as_f64().into())
}

pub(crate) fn floor(call: &Call<'_>) -> Result<Value, Fault> {
    rounded(call, f64::floor)
}

pub(crate) fn ceil(call: &Call<'_>) -> Result<Value, Fault> {
    rounded(call, f64::ceil)
}

/// Half is rounded away from zero.
pub(crate) fn round(call: &Call<'_>) -> Result<Value, Fault> {
    rounded(call, f64::round)
}

fn rounded(call: &Call<'_>, how: fn(f64) -> f64) -> Result<Value, Fault> {
    whole(
        call,
        match call.number(0)? {
            Number::Float(number) => Number::Float(how(number)),
            exact => exact,
        },
    )
}

fn whole(call: &Call<'_>, number: Number) -> Result<Value, Fault> {
    let whole = number.truncate().map(Value::from);
    whole.ok_or_else(|| call.wrong(0, "a number that fits into 64 bits", call.value(0), "use a smaller number"))
}

/// Whole numbers from the first (or 0) up to the last, which is left out.
pub(crate) fn range(call: &Call<'_>) -> Result<Value, Fault> {
    let (from, to) = if call.has(1) { (call.whole(0)?, call.whole(1)?) } else { (0, call.whole(0)?) };
    if to.saturating_sub(from) > MOST_ITEMS {
        let message = format!("`range` makes at most {MOST_ITEMS} items");
        return Err(Fault::new(message, "use a smaller number"));
    }
    Ok((from..to).map(Value::from).collect::<Vec<_>>().into())
}

pub(crate) fn sum(call: &Call<'_>) -> Result<Value, Fault> {
    call.numbers(0)?.into_iter().try_fold(Number::Int(0), Number::add).map(Value::Number)
}

/// The smallest number of a list; null when it is empty.
pub(crate) fn min(call: &Call<'_>) -> Result<Value, Fault> {
    extreme(call, Ordering::Less)
}

/// The largest number of a list; null when it is empty.
pub(crate) fn max(call: &Call<'_>) -> Result<Value, Fault> {
    extreme(call, Ordering::Greater)
}

fn extreme(call: &Call<'_>, wanted: Ordering) -> Result<Value, Fault> {
    let best =
        call.numbers(0)?.into_iter().reduce(|best, next| if by_size(next, best) == wanted { next } else { best });
    Ok(best.map_or(Value::Null, Value::Number))
}
