//! Dates. The time is an argument: there is no clock here.

use super::call::Call;
use crate::diagnostic::Fault;
use crate::value::Value;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const DEFAULT: &str = "2006-01-02T15:04:05.000Z07:00";
const LONGEST: usize = 256;
/// Pieces of a layout, longest first, and what stands for them in `strftime`.
const PIECES: [(&str, &str); 33] = [
    ("January", "%B"),
    ("Monday", "%A"),
    (".000000000", ".%9f"),
    (".000000", ".%6f"),
    (".000", ".%3f"),
    ("Z07:00", "Z"),
    ("-07:00", "+00:00"),
    ("Z0700", "Z"),
    ("-0700", "+0000"),
    ("2006", "%Y"),
    ("Jan", "%b"),
    ("Mon", "%a"),
    ("MST", "UTC"),
    ("002", "%j"),
    ("-07", "+00"),
    ("Z07", "Z"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("_2", "%e"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
    ("%", "%%"),
    ("Z", "Z"),
];

/// The time in UTC, in a layout that shows how 2 January 2006, 15:04:05, is written.
pub(crate) fn date(now: &Value, call: &Call<'_>) -> Result<Value, Fault> {
    let layout = call.text_or(0, DEFAULT)?;
    if layout.len() > LONGEST {
        return Err(call.wrong(0, "a layout", call.value(0), "write a layout such as `2006-01-02`"));
    }
    let text = now.text();
    let time: Timestamp = text.parse().map_err(|_| {
        let message = format!("`now` is `{}`, which is no time", crate::lex::excerpt(&text));
        Fault::new(message, "set it to a time such as `2026-01-31T08:00:00Z`")
    })?;
    let time: DateTime = TimeZone::UTC.to_datetime(time);
    Ok(time.strftime(&format_of(layout)).to_string().into())
}

fn format_of(layout: &str) -> String {
    let mut format = String::new();
    let mut rest = layout;
    while let Some(letter) = rest.chars().next() {
        match PIECES.iter().find(|(piece, _)| rest.starts_with(piece)) {
            Some((piece, meaning)) => {
                format.push_str(meaning);
                rest = &rest[piece.len()..];
            }
            None => {
                format.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    format
}
