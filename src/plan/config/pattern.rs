//! Patterns of parameters.

use regex::{Regex, RegexBuilder};

/// Memory that a compiled pattern may take.
const LARGEST: usize = 256 * 1024;
/// Groups inside groups that a pattern may have.
const DEEPEST: u32 = 50;

/// Compiles a pattern that a whole value must match.
///
/// # Errors
/// Why it cannot be used, in one line.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    // By itself first: what is wrong is then said of the pattern as it was written.
    build(pattern)?;
    build(&format!(r"\A(?:{pattern})\z"))
}

fn build(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(LARGEST).dfa_size_limit(LARGEST).nest_limit(DEEPEST).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it would take too much memory".to_owned(),
        other => reason(&other.to_string()),
    })
}

/// The last line of an error holds the reason; those before draw a picture.
fn reason(error: &str) -> String {
    let last = error.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it cannot be read");
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_value_must_match() {
        let matches = |pattern: &str, value: &str| compile(pattern).expect(pattern).is_match(value);
        assert!(matches("a|ab", "ab"));
        assert!(!matches("a|b", "xa"));
        assert!(!matches("[a-z]+", "abc\n"));
        assert!(!matches("(?m)^a$", "a\nb"));
        assert!(matches(r"v\d+", "v12"));
        assert!(matches("(?i)Ä", "ä"));
    }

    #[test]
    fn what_cannot_be_compiled_says_why() {
        for (pattern, expected) in [
            ("(", "unclosed group"),
            ("a{2,1}", "invalid repetition count range, the start must be <= the end"),
            ("(?:a{1000}){1000}", "it would take too much memory"),
            (")(", "unopened group"),
        ] {
            assert_eq!(compile(pattern).expect_err(pattern), expected);
        }
        let deep = format!("{}a{}", "(".repeat(60), ")".repeat(60));
        assert!(compile(&deep).is_err());
    }
}
