//! The title and the text of a pull request that takes a revision back.
//!
//! Text of strangers stands in code spans or is escaped whole: it makes no mark-up, no link, no mention.

use std::fmt::Write;

use assay_api::names::{ANNOTATION_PAUSE_ROLLBACK, TRAILER_KEY};
use assay_api::{Answer, Finding};

use crate::message::{RevertText, commit_subject, failure, folder, good, id, summary};
use crate::text::{plain, short};

/// Failing tests, commits and files that are named.
const LISTED: usize = 20;
/// Forges take at least so many bytes.
const LIMIT: usize = 60_000;

/// Title, and body in Markdown: what failed, what would be taken back, what every guard said, how to undo.
pub fn pull_request_text(text: &RevertText<'_>, findings: &[Finding]) -> (String, String) {
    let spec = text.spec;
    let mut body = format!("{}\n\n", escaped(&summary(text)));
    let _ = writeln!(body, "| | |\n|---|---|");
    let gate = format!("{}/{}", text.record.0, spec.gate);
    for (name, value) in [
        ("Gate", gate.as_str()),
        ("Verdict", &format!("{} ({})", spec.verdict, spec.verdict_reason)),
        ("Failed", &id(&spec.bad.revision)),
        ("Restored", &good(spec)),
        ("Since", &spec.failed_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("Executions", &spec.executions.join(", ")),
    ] {
        if !value.is_empty() {
            let _ = writeln!(body, "| {name} | {} |", cell(value));
        }
    }
    if let Some(link) = text.link {
        let _ = writeln!(body, "\n[The record of this decision](<{}>)", address(link));
    }
    list(&mut body, "Failing tests", spec.failures.iter().map(failure));
    list(
        &mut body,
        "Commits that are taken back",
        text.facts.range.iter().map(|commit| {
            format!("{} {} ({})", short(&commit.id), plain(&commit.subject, 120), plain(&commit.author, 60))
        }),
    );
    list(
        &mut body,
        "Files",
        text.facts.changed.iter().map(|file| format!("{} {}", file.status, plain(&file.path, 300))),
    );
    list(
        &mut body,
        "Also restored, for gates that fail because of the same commit",
        text.companions
            .iter()
            .map(|other| format!("{} as in {} ({})", folder(&other.path), short(&other.good), plain(&other.gate, 300))),
    );
    guards(&mut body, findings);
    undo(&mut body, text);
    (commit_subject(text), bounded(body, &spec.key))
}

fn list(body: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let all = lines.len();
    if all == 0 {
        return;
    }
    let _ = writeln!(body, "\n### {title}\n");
    for line in lines.take(LISTED) {
        let _ = writeln!(body, "- {}", code(&line));
    }
    if all > LISTED {
        let _ = writeln!(body, "- and {} more", all - LISTED);
    }
}

fn guards(body: &mut String, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let asks = findings.iter().filter(|finding| finding.answer == Answer::PullRequest);
    for finding in asks {
        let _ = writeln!(body, "\n**Look at this before merging:** {}.", escaped(&finding.message));
    }
    body.push_str("\n<details><summary>What every guard said</summary>\n\n| guard | answer | why |\n|---|---|---|\n");
    for finding in findings {
        let _ =
            writeln!(body, "| {} | {} | {} |", finding.guard, finding.answer, escaped(&plain(&finding.message, 600)));
    }
    body.push_str("\n</details>\n");
}

fn undo(body: &mut String, text: &RevertText<'_>) {
    let (namespace, name) = text.record;
    let _ = write!(
        body,
        "\n### What now\n\n\
         - Merge it to restore. The gate then judges the new revision, and the record ends as `Recovered` or `Failed`.\n\
         - Close it to leave things as they are: nothing else is written for this failure.\n\
         - To bring the change back later, revert the commit of this pull request. Merging the old branch again \
         brings nothing back.\n\
         - `kubectl annotate rollback -n {} {} {ANNOTATION_PAUSE_ROLLBACK}=true` holds this decision, the same annotation on the gate \
         holds all of its.\n",
        plain(namespace, 63),
        plain(name, 253),
    );
}

/// Not longer than forges take; what is cut is said, and the key stays.
fn bounded(mut body: String, key: &str) -> String {
    if body.len() > LIMIT {
        let end = (0..=LIMIT).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
        body.truncate(end);
        // The cut may be in the middle of a row or a list.
        body.push_str("…\n\n</details>\n\nThe rest does not fit here; the record has it.\n");
    }
    let _ = write!(body, "\n{TRAILER_KEY}: {}\n", code(key));
    body
}

/// Text in a code span. A span ends at as many backticks as began it, so there are more than in the text.
fn code(text: &str) -> String {
    let text = plain(text, 1000);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// A code span in a table, where `|` ends a cell even inside of one.
fn cell(text: &str) -> String {
    code(&plain(text, 1000)).replace('|', "\\|")
}

/// Text that reads as it is written: no mark-up, and a character without width behind what would begin a mention
/// of a person, an issue or an address.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    for character in plain(text, 2000).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push_str("@&#8203;"),
            '#' | '!' | '~' | '$' => {
                safe.push('\\');
                safe.push(character);
                safe.push_str("&#8203;");
            }
            ':' => safe.push_str(":&#8203;"),
            '.' => safe.push_str(".&#8203;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '|' | '=' | '^' | '"' | '\'' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// An address between `<` and `>`.
fn address(link: &str) -> String {
    plain(link, 500).chars().filter(|character| !matches!(character, '<' | '>' | '\\' | ' ' | '(' | ')')).collect()
}

#[cfg(test)]
mod tests;
