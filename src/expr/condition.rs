//! The words of conditions.

use std::fmt;

use crate::{Diagnostic, Span, closest};

/// When a step runs, seen from the steps before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionWord {
    /// Nothing has failed so far.
    Passed,
    /// Something has failed.
    Failed,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

const WORDS: [ConditionWord; 4] =
    [ConditionWord::Passed, ConditionWord::Failed, ConditionWord::Always, ConditionWord::Never];
const HINT: &str = "write `passed`, `failed`, `always` or `never`";

/// What people write for the words, coming from other tools.
const SYNONYMS: [(&str, &str); 8] = [
    ("success", "passed"),
    ("succeeded", "passed"),
    ("success()", "passed"),
    ("failure", "failed"),
    ("failure()", "failed"),
    ("error", "failed"),
    ("true", "always"),
    ("false", "never"),
];

impl ConditionWord {
    /// The word as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for ConditionWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a condition: one of the four words, with white space around it.
///
/// # Errors
/// When the text is anything else; the hint names the word that was probably meant.
pub fn parse_condition(text: &str) -> Result<ConditionWord, Diagnostic> {
    let word = text.trim();
    if let Some(found) = WORDS.into_iter().find(|known| known.as_str() == word) {
        return Ok(found);
    }
    let start = text.len() - text.trim_start().len();
    let span = Span::new(start, start + word.len());
    if word.is_empty() {
        return Err(Diagnostic { span, message: "the condition is empty".to_owned(), hint: HINT.to_owned() });
    }
    if word.contains(|c: char| !c.is_ascii_alphabetic()) && !SYNONYMS.iter().any(|(other, _)| *other == word) {
        let message = format!("`{word}` is an expression, and conditions are single words in this version of Assay");
        return Err(Diagnostic { span, message, hint: HINT.to_owned() });
    }
    let meant = SYNONYMS.iter().find(|(other, _)| other.eq_ignore_ascii_case(word)).map(|(_, meant)| *meant);
    let meant = meant.or_else(|| closest_word(word));
    let hint = meant.map_or_else(|| HINT.to_owned(), |meant| format!("did you mean `{meant}`? {}", capital(HINT)));
    Err(Diagnostic { span, message: format!("`{word}` is not a condition"), hint })
}

/// The word that was meant, also by way of a mistyped synonym.
fn closest_word(word: &str) -> Option<&'static str> {
    let synonyms = SYNONYMS.iter().map(|(other, _)| *other);
    let near = closest(word, WORDS.map(ConditionWord::as_str).into_iter().chain(synonyms))?;
    Some(SYNONYMS.iter().find(|(other, _)| *other == near).map_or(near, |(_, meant)| meant))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for word in WORDS {
            assert_eq!(parse_condition(&word.to_string()), Ok(word));
            assert_eq!(parse_condition(&format!("  {word}\n")), Ok(word));
        }
    }

    #[test]
    fn everything_else_says_what_was_meant() {
        for (text, expected) in [
            ("", "the condition is empty; write `passed`, `failed`, `always` or `never`"),
            (
                "sucess",
                "`sucess` is not a condition; did you mean `passed`? Write `passed`, `failed`, `always` or `never`",
            ),
            (
                "success",
                "`success` is not a condition; did you mean `passed`? Write `passed`, `failed`, `always` or `never`",
            ),
            (
                "Allways",
                "`Allways` is not a condition; did you mean `always`? Write `passed`, `failed`, `always` or `never`",
            ),
            (
                "failed && config.x",
                "`failed && config.x` is an expression, and conditions are single words in this version of Assay; \
                 write `passed`, `failed`, `always` or `never`",
            ),
        ] {
            let found = parse_condition(text).expect_err(text);
            assert_eq!(found.to_string(), expected);
        }
        assert_eq!(parse_condition("  nope ").expect_err("a span").span, Span::new(2, 6));
    }
}
