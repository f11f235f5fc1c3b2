//! A package whose end has not come yet.

use std::collections::BTreeMap;

use crate::limits;
use crate::parse::excerpt::Excerpt;
use crate::text;

/// Bytes of output held for all that has not ended.
const OUTPUT: usize = 16 * 1024 * 1024;

/// Output of what has not ended yet, within a bound.
#[derive(Debug, Default)]
pub(super) struct Budget {
    held: usize,
}

/// What a test or a package printed.
#[derive(Debug, Default)]
pub(super) struct Output {
    excerpt: Excerpt,
    size: usize,
}

impl Output {
    pub(super) fn push(&mut self, piece: &str, budget: &mut Budget) {
        if budget.held + piece.len() > OUTPUT {
            return;
        }
        budget.held += piece.len();
        self.size += piece.len();
        self.excerpt.push(piece);
    }

    /// What is worth telling of it.
    pub(super) fn finish(self, budget: &mut Budget) -> String {
        budget.held -= self.size;
        let raw = self.excerpt.into_text();
        raw.lines().filter(|line| !framing(line)).flat_map(|line| [line, "\n"]).collect()
    }
}

/// Lines with which the test tool frames the output.
fn framing(line: &str) -> bool {
    let line = line.trim_start();
    ["=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- PASS", "--- FAIL", "--- SKIP"]
        .iter()
        .any(|frame| line.starts_with(frame))
}

/// A test that runs, or that prints at least.
#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) output: Output,
    /// It was said that it runs.
    pub(super) begun: bool,
}

/// A package that runs.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) output: Output,
    /// The tests that run.
    pub(super) running: BTreeMap<String, Running>,
    /// A test of it failed.
    pub(super) failed: bool,
}

/// Why a test failed: message, details, and the place it names.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Why {
    pub(super) message: Option<String>,
    pub(super) details: Option<String>,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
}

impl Why {
    pub(super) fn of(output: &str) -> Self {
        let panic = output.lines().find(|line| line.starts_with("panic: "));
        let place = output.lines().find_map(place);
        let (message, file, line) = match (panic, place) {
            (Some(panic), _) => (text::first_line(panic, limits::MESSAGE), None, None),
            (None, Some((file, line, words))) => {
                let words = text::first_line(words, limits::MESSAGE);
                (words.or_else(|| rest(output)), text::line(file, limits::NAME), Some(line))
            }
            (None, None) => (text::first_line(output, limits::MESSAGE), None, None),
        };
        let details = text::block(output, limits::DETAILS).filter(|details| Some(details) != message.as_ref());
        Self { message, details, file, line }
    }
}

/// The first line after one that only names a place, as assertion libraries write them.
fn rest(output: &str) -> Option<String> {
    let after = output.lines().skip_while(|line| place(line).is_none()).skip(1);
    let line = after.map(str::trim).find(|line| !line.is_empty())?;
    text::first_line(line, limits::MESSAGE)
}

/// `    file_test.go:12: words`.
fn place(line: &str) -> Option<(&str, u32, &str)> {
    let (file, rest) = line.trim_start().split_once(".go:")?;
    let (number, words) = rest.split_once(':')?;
    if file.contains(char::is_whitespace) || !line.starts_with([' ', '\t']) {
        return None;
    }
    let file = &line.trim_start()[..file.len() + ".go".len()];
    Some((file, number.parse().ok().filter(|number| *number > 0)?, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_test_failed() {
        for (output, message, place) in [
            ("    a_test.go:12: no luck\n", Some("no luck"), Some(("a_test.go", 12))),
            (
                "    a_test.go:12: \n        \tError Trace:\t/a.go:3\n",
                Some("Error Trace:\t/a.go:3"),
                Some(("a_test.go", 12)),
            ),
            ("    a_test.go:12: x\npanic: boom\n\tat.go:3: y\n", Some("panic: boom"), None),
            ("printed\n", Some("printed"), None),
            ("", None, None),
        ] {
            let why = Why::of(output);
            assert_eq!(why.message.as_deref(), message, "{output}");
            assert_eq!(why.file.as_deref().zip(why.line), place, "{output}");
        }
    }
}
