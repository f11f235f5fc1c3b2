//! Numbers: whole ones are exact, others are 64 bit floating point.

use std::fmt;

use crate::diagnostic::Fault;

/// A number. Arithmetic on whole numbers stays exact as long as it can.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A finite number that was written or computed with a fraction.
    Float(f64),
}

/// The first number that is too large for an `i64`: 2 to the power of 63.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
const ZERO_HINT: &str = "make sure that the divisor is not 0, for example `n == 0 ? 0 : 10 / n`";

impl Number {
    /// `None` for a number that is not finite.
    pub fn from_f64(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Float(number))
    }

    /// Reads a decimal number with white space around it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(whole) = text.parse() {
            return Some(Self::Int(whole));
        }
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        is_plain.then(|| text.parse().ok().and_then(Self::from_f64)).flatten()
    }

    /// The number as floating point; large whole numbers lose their last digits.
    #[expect(clippy::cast_precision_loss, reason = "that is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// The number as a whole one, if it is one.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Float(number) if number.fract() == 0.0 => whole(number),
            Self::Float(_) => None,
        }
    }

    /// The number without its fraction; `None` when it does not fit into 64 bits.
    pub fn truncate(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Float(number) => whole(number.trunc()),
        }
    }

    pub(crate) fn negate(self) -> Self {
        match self {
            Self::Int(number) => number.checked_neg().map_or(Self::Float(TOO_LARGE), Self::Int),
            Self::Float(TOO_LARGE) => Self::Int(i64::MIN),
            Self::Float(number) => Self::Float(-number),
        }
    }

    pub(crate) fn add(self, other: Self) -> Result<Self, Fault> {
        combine(self, other, i64::checked_add, |a, b| a + b)
    }

    pub(crate) fn subtract(self, other: Self) -> Result<Self, Fault> {
        combine(self, other, i64::checked_sub, |a, b| a - b)
    }

    pub(crate) fn multiply(self, other: Self) -> Result<Self, Fault> {
        combine(self, other, i64::checked_mul, |a, b| a * b)
    }

    /// Stays whole where nothing remains.
    pub(crate) fn divide(self, other: Self) -> Result<Self, Fault> {
        if other.as_f64() == 0.0 {
            return Err(Fault::new(format!("`{self}` is divided by zero"), ZERO_HINT));
        }
        match (self, other) {
            (Self::Int(a), Self::Int(b)) if a.wrapping_rem(b) == 0 => {
                a.checked_div(b).map(Self::Int).ok_or_else(too_large)
            }
            _ => finite(self.as_f64() / other.as_f64()),
        }
    }

    /// Has the sign of the left side.
    pub(crate) fn remainder(self, other: Self) -> Result<Self, Fault> {
        if other.as_f64() == 0.0 {
            return Err(Fault::new(format!("the remainder of `{self}` by zero is not defined"), ZERO_HINT));
        }
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Ok(Self::Int(a.wrapping_rem(b))),
            _ => finite(self.as_f64() % other.as_f64()),
        }
    }

    pub(crate) fn power(self, other: Self) -> Result<Self, Fault> {
        match (self, other) {
            (Self::Int(base), Self::Int(exponent)) if exponent >= 0 => {
                let exact = u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent));
                match (exact, base) {
                    (Some(exact), _) => Ok(Self::Int(exact)),
                    (None, 0 | 1) => Ok(Self::Int(base)),
                    (None, -1) => Ok(Self::Int(if exponent % 2 == 0 { 1 } else { -1 })),
                    (None, _) => Err(too_large()),
                }
            }
            _ => finite(self.as_f64().powf(other.as_f64())),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (-TOO_LARGE..TOO_LARGE).contains(&number).then_some(number as i64)
}

fn combine(
    a: Number,
    b: Number,
    exact: fn(i64, i64) -> Option<i64>,
    near: fn(f64, f64) -> f64,
) -> Result<Number, Fault> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => exact(a, b).map(Number::Int).ok_or_else(too_large),
        _ => finite(near(a.as_f64(), b.as_f64())),
    }
}

fn finite(number: f64) -> Result<Number, Fault> {
    Number::from_f64(number).ok_or_else(|| Fault::new("the result is not a finite number", "use smaller numbers"))
}

fn too_large() -> Fault {
    Fault::new("the result does not fit into 64 bits", "use smaller numbers, or `float(...)` for a rounded result")
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            _ => self.as_f64() == other.as_f64(),
        }
    }
}

/// A whole number has no decimal point, also when it was computed with one.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Float(0.0) => f.write_str("0"),
            Self::Float(number) => number.fmt(f),
        }
    }
}
