//! Regular expressions.

use regex_lite::RegexBuilder;

use super::call::Call;
use crate::diagnostic::Fault;
use crate::value::Value;

/// Bytes of a compiled pattern, and of the text it is looked for in. The time
/// is at most proportional to the product of both.
const LARGEST_PATTERN: usize = 16 * 1024;
const LARGEST_TEXT: usize = 32 * 1024;
const SYNTAX: &str = "write a regular expression such as `^v[0-9]+$`; look-around and back-references do not exist";

/// Whether a pattern matches some part of a text.
pub(crate) fn matches(call: &Call<'_>) -> Result<Value, Fault> {
    let (text, pattern) = (call.text(0)?, call.text(1)?);
    if text.len() > LARGEST_TEXT {
        let message = format!("`matches` looks at no more than {} KiB of text", LARGEST_TEXT / 1024);
        return Err(Fault::new(message, "look for the pattern in the step"));
    }
    let compiled = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).nest_limit(32).build();
    compiled
        .map(|pattern| pattern.is_match(text).into())
        .map_err(|error| Fault::new(format!("`{}` is not a pattern: {error}", crate::lex::excerpt(pattern)), SYNTAX))
}
