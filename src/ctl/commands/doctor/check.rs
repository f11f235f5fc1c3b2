//! One finding about an installation.

use crate::output::screen::paint;
use crate::output::terminal::plain;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works, but not as well as it could, or could not be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// One finding, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) level: Level,
    topic: &'static str,
    said: String,
    way_out: Option<String>,
}

impl Check {
    /// As it should be.
    pub(super) fn ok(topic: &'static str, said: impl Into<String>) -> Self {
        Self { level: Level::Ok, topic, said: said.into(), way_out: None }
    }

    /// Not as well as it could be.
    pub(super) fn warn(topic: &'static str, said: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { level: Level::Warn, topic, said: said.into(), way_out: Some(way_out.into()) }
    }

    /// Not as well as it could be, and the way out is said with it.
    pub(super) fn remark(topic: &'static str, said: impl Into<String>) -> Self {
        Self { level: Level::Warn, topic, said: said.into(), way_out: None }
    }

    /// Not working.
    pub(super) fn fail(topic: &'static str, said: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { level: Level::Fail, topic, said: said.into(), way_out: Some(way_out.into()) }
    }

    /// As it is printed: the finding, and below it the way out.
    pub(super) fn lines(&self) -> Vec<String> {
        let word = match self.level {
            Level::Ok => paint::green("ok  "),
            Level::Warn => paint::yellow("warn"),
            Level::Fail => paint::red("FAIL"),
        };
        let mut lines = vec![format!("{word}  {:<12} {}", self.topic, plain(&self.said))];
        lines.extend(self.way_out.iter().map(|way| format!("{:19}→ {}", "", plain(way))));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_has_its_way_out_below_it() {
        let check = Check::fail("manager", "no pod is ready\x1b[2J", "look at its log");
        let lines = check.lines().join("\n");
        assert_eq!(
            anstream::adapter::strip_str(&lines).to_string(),
            "FAIL  manager      no pod is ready\n                   → look at its log"
        );
        assert_eq!(Check::ok("x", "fine").lines().len(), 1);
        assert_eq!(Check::remark("x", "so-so").lines().len(), 1);
        assert!(Level::Fail > Level::Warn && Level::Warn > Level::Ok);
    }
}
