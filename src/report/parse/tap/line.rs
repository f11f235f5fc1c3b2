//! What one line of TAP says.

use crate::outcome::Outcome;
use crate::parse::number;
use crate::{limits, text};

/// A line that begins at the margin.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::parse) enum Line {
    Version,
    /// The numbers of the first and the last test; none where all are skipped.
    Plan(Option<(u64, u64)>),
    Point(Point),
    BailOut(String),
    Other,
}

/// A test point.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::parse) struct Point {
    pub(super) number: Option<u64>,
    pub(super) outcome: Outcome,
    /// The description without the directive; the number where there is none.
    pub(super) name: Option<String>,
    /// The words of the directive, or nothing.
    pub(super) reason: Option<String>,
    pub(super) seconds: Option<f64>,
    /// Its subtest comes after it, in braces.
    pub(super) buffers: bool,
}

/// Reads a line.
pub(in crate::parse) fn line(line: &str) -> Line {
    let line = line.trim_end();
    let lower = line.get(..11).unwrap_or_default().to_ascii_lowercase();
    if lower == "tap version" {
        return Line::Version;
    }
    if line.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("bail out!")) {
        return Line::BailOut(line[9..].trim().to_owned());
    }
    plan(line).or_else(|| point(line).map(Line::Point)).unwrap_or(Line::Other)
}

/// `1..5`, perhaps with a comment.
fn plan(line: &str) -> Option<Line> {
    let (first, rest) = line.split_once("..")?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (last, rest) = rest.split_at(digits);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let comment = rest.trim_start();
    if !all_digits(first) || !all_digits(last) || !(comment.is_empty() || comment.starts_with('#')) {
        return None;
    }
    let (first, last) = (first.parse::<u64>().unwrap_or(u64::MAX), last.parse::<u64>().unwrap_or(u64::MAX));
    match last {
        0 => Some(Line::Plan(None)),
        // A plan that ends before it begins is none.
        _ if last < first => None,
        _ => Some(Line::Plan(Some((first, last)))),
    }
}

/// `not ok 3 - description # TODO reason`.
fn point(line: &str) -> Option<Point> {
    let (ok, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    let rest = rest.trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ends = rest[digits..].is_empty() || rest[digits..].starts_with([' ', '\t']);
    let (number, rest) = if ends { rest.split_at(digits) } else { ("", rest) };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("- ").or_else(|| rest.strip_prefix('-')).unwrap_or(rest);
    // A buffered subtest opens a brace at the very end.
    let inside = rest.trim_end().strip_suffix('{');
    let (rest, buffers) = (inside.unwrap_or(rest).trim_end(), inside.is_some());
    let (description, comment) = split(rest);
    let (directive, reason, seconds) = directive(comment);
    let outcome = match (directive, ok) {
        // What is not expected to work yet does not fail.
        (Some(Directive::Skip), _) | (Some(Directive::Todo), false) => Outcome::Skipped,
        (_, true) => Outcome::Passed,
        (None, false) => Outcome::Failed,
    };
    let name = text::line(&unescape(description), limits::NAME);
    let label = (!number.is_empty()).then(|| number.chars().take(20).collect());
    let number = label.is_some().then(|| number.parse().unwrap_or(u64::MAX));
    Some(Point { number, outcome, name: name.or(label), reason, seconds, buffers })
}

/// Description and what comes after the `#` that begins the comment.
fn split(rest: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'\\' => escaped = !escaped,
            b'#' if !escaped && (at == 0 || rest[..at].ends_with([' ', '\t'])) => {
                return (&rest[..at], &rest[at + 1..]);
            }
            _ => escaped = false,
        }
    }
    (rest, "")
}

enum Directive {
    Skip,
    Todo,
}

/// `SKIP reason`, `TODO reason` or `time=12ms`, in any order.
fn directive(comment: &str) -> (Option<Directive>, Option<String>, Option<f64>) {
    let comment = comment.trim();
    let word = comment.split([' ', '\t', ':', '#']).next().unwrap_or_default();
    let (found, rest) = match word.to_ascii_lowercase().as_str() {
        // Some writers say `# skipped`.
        word if word.starts_with("skip") => (Some(Directive::Skip), &comment[word.len()..]),
        "todo" => (Some(Directive::Todo), &comment["todo".len()..]),
        _ => (None, comment),
    };
    let seconds = comment
        .split_once("time=")
        .and_then(|(_, time)| number::seconds(time.split([' ', '\t', '#']).next().unwrap_or_default()).0);
    let reason = text::line(rest.trim_start_matches([':', '-', ' ', '\t']), limits::NAME);
    (found, reason.filter(|reason| !reason.starts_with("time=")), seconds)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next @ ('#' | '\\'))) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points() {
        for (raw, outcome, name, reason, seconds) in [
            ("ok", Outcome::Passed, None, None, None),
            ("not ok", Outcome::Failed, None, None, None),
            ("ok 1", Outcome::Passed, Some("1"), None, None),
            ("ok 1 - it works", Outcome::Passed, Some("it works"), None, None),
            ("ok 1 it works", Outcome::Passed, Some("it works"), None, None),
            ("ok 12 -it works {", Outcome::Passed, Some("it works"), None, None),
            ("ok 2nd try", Outcome::Passed, Some("2nd try"), None, None),
            ("not ok 1 - a \\# b # TODO later", Outcome::Skipped, Some("a # b"), Some("later"), None),
            ("ok 1 - a # todo", Outcome::Passed, Some("a"), None, None),
            ("ok 1 # SKIP", Outcome::Skipped, Some("1"), None, None),
            ("ok 1 - a # skipped: no net", Outcome::Skipped, Some("a"), Some("no net"), None),
            ("not ok 1 - a # SKIP", Outcome::Skipped, Some("a"), None, None),
            ("ok 1 - a # time=250ms", Outcome::Passed, Some("a"), None, Some(0.25)),
            ("ok 1 - a#b # c", Outcome::Passed, Some("a#b"), Some("c"), None),
        ] {
            let number = raw.split([' ']).find_map(|word| word.parse().ok());
            let (name, reason) = (name.map(Into::into), reason.map(Into::into));
            let want = Point { number, outcome, name, reason, seconds, buffers: raw.ends_with('{') };
            assert_eq!(line(raw), Line::Point(want), "{raw}");
        }
    }

    #[test]
    fn other_lines() {
        for (raw, want) in [
            ("TAP version 14", Line::Version),
            ("1..3", Line::Plan(Some((1, 3)))),
            ("2..5 # four", Line::Plan(Some((2, 5)))),
            ("1..0 # skip all", Line::Plan(None)),
            ("1..99999999999999999999", Line::Plan(Some((1, u64::MAX)))),
            ("100..1", Line::Other),
            ("1..2 and more", Line::Other),
            ("1..", Line::Other),
            ("Bail out! gone", Line::BailOut("gone".to_owned())),
            ("okay", Line::Other),
            ("notok", Line::Other),
            ("# ok 1", Line::Other),
            (" ok 1", Line::Other),
            ("", Line::Other),
        ] {
            assert_eq!(line(raw), want, "{raw}");
        }
    }
}
