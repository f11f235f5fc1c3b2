//! The message of the commit that takes a revision back.
//!
//! Subjects of commits, names of authors and tests are text of strangers: on one line each, without control
//! characters, and never in the last paragraph, which is where Git reads trailers.

use std::fmt::Write;

use assay_api::names::{TRAILER_BAD, TRAILER_GATE, TRAILER_GOOD, TRAILER_KEY};
use assay_api::{FailedTest, RollbackSpec};

use crate::evidence::OtherRollback;
use crate::repository::{CommitFacts, GitFacts};
use crate::text::{plain, short};

/// Characters of a subject.
const SUBJECT: usize = 100;
/// Failing tests that are named.
const TESTS: usize = 10;
/// Commits that are named.
const COMMITS: usize = 50;

/// What a commit, or a pull request, tells about a revert.
#[derive(Clone, Copy, Debug)]
pub struct RevertText<'a> {
    /// Namespace and name of the record; the gate is in the same namespace.
    pub record: &'a (String, String),
    /// The decision.
    pub spec: &'a RollbackSpec,
    /// The repository when the decision was made.
    pub facts: &'a GitFacts,
    /// What it takes along for other gates, in their order.
    pub companions: &'a [Companion],
    /// Where people read more.
    pub link: Option<&'a str>,
}

/// What a commit restores for another gate that fails because of the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companion {
    /// The gate, as `namespace/name`.
    pub gate: String,
    /// The delivered folder.
    pub path: String,
    /// The revision that is restored.
    pub good: String,
    /// The key of its own decision.
    pub key: String,
}

impl From<&OtherRollback> for Companion {
    fn from(other: &OtherRollback) -> Self {
        let spec = &other.spec;
        Self {
            gate: format!("{}/{}", other.record.0, spec.gate),
            path: spec.source.as_ref().map(|source| source.path.clone()).unwrap_or_default(),
            good: spec.good.as_ref().map(|good| good.revision.clone()).unwrap_or_default(),
            key: spec.key.clone(),
        }
    }
}

/// The whole message: subject, body, trailers. The same decision gives the same text.
pub fn commit_message(text: &RevertText<'_>) -> String {
    let (spec, facts) = (text.spec, text.facts);
    let mut message = format!("{}\n\n{}\n", commit_subject(text), summary(text));
    if let Some(single) = whole(text) {
        let _ = write!(message, "\nThis reverts commit {}.\n", id(&single.id));
    }
    let _ = write!(message, "\nFailed:   {}\nRestored: {}\n", id(&spec.bad.revision), good(spec));
    if !spec.executions.is_empty() {
        let names: Vec<String> = spec.executions.iter().take(TESTS).map(|name| plain(name, 63)).collect();
        let _ = writeln!(message, "Executions: {}", names.join(", "));
    }
    if !spec.failures.is_empty() {
        message.push_str("\nFailing tests:\n");
        for test in spec.failures.iter().take(TESTS) {
            let _ = writeln!(message, "- {}", quiet(&failure(test)));
        }
        more(&mut message, spec.failures.len(), TESTS);
    }
    if !facts.range.is_empty() {
        message.push_str("\nTaken back:\n");
        for commit in facts.range.iter().take(COMMITS) {
            let _ = writeln!(
                message,
                "- {} \"{}\" by {}",
                short(&commit.id),
                quiet(&plain(&commit.subject, 120)),
                quiet(&plain(&commit.author, 60))
            );
        }
        more(&mut message, facts.range.len(), COMMITS);
    }
    if !text.companions.is_empty() {
        message.push_str("\nAlso restored, for gates that fail because of the same commit:\n");
        for companion in text.companions {
            let _ = writeln!(
                message,
                "- {} as in {} ({})",
                folder(&companion.path),
                short(&companion.good),
                plain(&companion.gate, 300)
            );
        }
    }
    let _ = write!(message, "\nRecord: Rollback {}/{}\n", plain(&text.record.0, 63), plain(&text.record.1, 253));
    if let Some(link) = text.link {
        let _ = writeln!(message, "{}", plain(link, 500));
    }
    message.push('\n');
    message.push_str(&trailers(text));
    message
}

/// The first line: that of `git revert` when one commit is taken back, otherwise what is restored.
pub fn commit_subject(text: &RevertText<'_>) -> String {
    let line = match text.facts.range.as_slice() {
        [single] if text.companions.is_empty() => format!("Revert \"{}\"", plain(&single.subject, SUBJECT - 12)),
        _ => {
            let path = text.spec.source.as_ref().map_or("", |source| &source.path);
            let others = match text.companions.len() {
                0 => String::new(),
                1 => " and 1 other path".to_owned(),
                many => format!(" and {many} other paths"),
            };
            format!("Revert {}{others} to {}", folder(path), short(&good(text.spec)))
        }
    };
    plain(&line, SUBJECT)
}

/// One sentence: what fails, and what the commit does about it.
pub(crate) fn summary(text: &RevertText<'_>) -> String {
    let spec = text.spec;
    let path = spec.source.as_ref().map_or("", |source| &source.path);
    let namespace = spec.delivery.namespace.as_deref().unwrap_or(&text.record.0);
    format!(
        "{} {}/{} fails its tests at {}. This restores {} as it was at {}, the last revision that passed them.",
        spec.delivery.kind,
        plain(namespace, 63),
        plain(&spec.delivery.name, 253),
        short(&spec.bad.revision),
        folder(path),
        short(&good(spec)),
    )
}

/// The commit that is taken back as a whole: the only one, and nothing of it lies elsewhere.
fn whole<'a>(text: &RevertText<'a>) -> Option<&'a CommitFacts> {
    let facts = text.facts;
    match facts.range.as_slice() {
        [single] if !facts.cut && facts.changed_outside.is_empty() && text.companions.is_empty() => Some(single),
        _ => None,
    }
}

/// A failing test on one line.
pub(crate) fn failure(test: &FailedTest) -> String {
    let mut line = plain(&test.name, 120);
    if !test.suite.is_empty() {
        line = format!("{} / {line}", plain(&test.suite, 80));
    }
    match &test.message {
        Some(message) if !message.trim().is_empty() => format!("{line}: {}", plain(message, 200)),
        _ => line,
    }
}

/// A folder for people.
pub(crate) fn folder(path: &str) -> String {
    let path = path.trim_matches('/');
    if path.is_empty() { "the repository".to_owned() } else { plain(path, 60) }
}

/// The id of the good revision.
pub(crate) fn good(spec: &RollbackSpec) -> String {
    spec.good.as_ref().map(|good| id(&good.revision)).unwrap_or_default()
}

pub(crate) fn id(revision: &str) -> String {
    plain(revision, 80)
}

fn more(message: &mut String, all: usize, shown: usize) {
    if all > shown {
        let _ = writeln!(message, "- and {} more", all - shown);
    }
}

/// Text of strangers that forges must not take for mentions of people, issues or other places.
fn quiet(text: &str) -> String {
    let mut quiet = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        quiet.push(character);
        let next = rest.peek().copied().unwrap_or(' ');
        let leads = match character {
            '@' => next.is_alphanumeric(),
            '#' | '!' | '&' | '~' | '%' | '$' => next.is_ascii_digit(),
            ':' => next == '/',
            // `GH-12`
            '-' => quiet.to_ascii_uppercase().ends_with("GH-") && next.is_ascii_digit(),
            _ => false,
        };
        if leads {
            quiet.push(' ');
        }
    }
    quiet
}

/// The last paragraph: what programs read. Every value is one word of ours, and stands there once.
fn trailers(text: &RevertText<'_>) -> String {
    let (spec, others) = (text.spec, text.companions);
    let own = |name: &'static str, value: String| [(name, value)].into_iter();
    let theirs = |name: &'static str, value: fn(&Companion) -> &String| {
        others.iter().map(move |companion| (name, value(companion).clone()))
    };
    let mut lines: Vec<(&str, String)> = Vec::new();
    let all = own(TRAILER_KEY, spec.key.clone())
        .chain(theirs(TRAILER_KEY, |companion| &companion.key))
        .chain(own(TRAILER_BAD, spec.bad.revision.clone()))
        .chain(own(TRAILER_GOOD, good(spec)))
        .chain(theirs(TRAILER_GOOD, |companion| &companion.good))
        .chain(own(TRAILER_GATE, format!("{}/{}", text.record.0, spec.gate)))
        .chain(theirs(TRAILER_GATE, |companion| &companion.gate));
    for line in all {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.into_iter().map(|(name, value)| format!("{name}: {}\n", plain(&value, 320))).collect()
}

#[cfg(test)]
mod tests;
