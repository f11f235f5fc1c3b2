//! What format a report has, by its content. A name helps only where the
//! content leaves it open.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::format::Format;
use super::intake::Intake;
use super::json::{Lexer, Step, Token, is, walk};
use super::tap::{self, Line};
use super::{cucumber, gotest, junit, nunit, robot, trx, xunit};

/// What an Allure result may say came of its test.
const ALLURE: [&str; 5] = ["passed", "failed", "broken", "skipped", "unknown"];
/// Lines that are looked at.
const LINES: usize = 200;

/// Tells the format from the first bytes of a report; a few KiB are enough
/// unless it begins with a long comment. `None`: no format that can be read.
#[must_use]
pub fn detect(head: &[u8]) -> Option<Format> {
    detect_named(head, "")
}

/// The same, of a file with this name. A name ending in `.tap` tells where
/// the content alone might as well be some log.
#[must_use]
pub fn detect_named(head: &[u8], name: &str) -> Option<Format> {
    let mut text = String::new();
    let mut bytes = head;
    Intake::plain(&mut bytes).read_to_string(&mut text).ok()?;
    match text.trim_start().as_bytes().first()? {
        b'<' => xml(head),
        b'{' => lines(&text).or_else(|| json(&text)),
        _ => lines(&text).or_else(|| is_tap(&text, name).then_some(Format::Tap)),
    }
}

/// By the root element.
fn xml(mut head: &[u8]) -> Option<Format> {
    let mut reader = Reader::from_reader(Intake::xml(&mut head));
    reader.config_mut().allow_dangling_amp = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(root) | Event::Empty(root)) => return by_root(&root),
            Ok(Event::Text(text)) if text.trim().is_empty() => {}
            _ => return None,
        }
    }
}

fn by_root(root: &BytesStart<'_>) -> Option<Format> {
    type Test = fn(&BytesStart<'_>) -> bool;
    let tests: [(Test, Format); 5] = [
        (junit::is_root, Format::Junit),
        (trx::is_root, Format::Trx),
        (xunit::is_root, Format::Xunit),
        (nunit::is_root, Format::Nunit),
        (robot::is_root, Format::Robot),
    ];
    tests.iter().find(|(is_root, _)| is_root(root)).map(|(_, format)| *format)
}

/// By lines that are each a JSON value of their own.
fn lines(text: &str) -> Option<Format> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(LINES);
    let first = lines.next()?;
    if cucumber::is_message(first) {
        return Some(Format::Cucumber);
    }
    // The test tool may print something before its first event.
    std::iter::once(first).chain(lines).any(gotest::is_event).then_some(Format::GoTest)
}

/// By the keys that stand in a document, and where.
fn json(text: &str) -> Option<Format> {
    let mut paths: Vec<Vec<String>> = Vec::new();
    let (mut ctrf, mut outcome) = (false, false);
    // That the text ends in the middle is to be expected.
    let _ = walk(&mut Lexer::of(text), &mut |step| {
        if let Step::Value(path, _, first) = step {
            if let Some(Token::Text(text)) = &first {
                ctrf |= is(path, &["reportFormat"]) && text == "CTRF";
                outcome |= is(path, &["status"]) && ALLURE.contains(&text.as_str());
            }
            if path.len() <= 4 {
                paths.push(path.to_vec());
            }
        }
        Ok(())
    });
    let has = |pattern: &[&str]| paths.iter().any(|path| is(path, pattern));
    let some = |outer: &str, least: usize, names: &[&str]| {
        names.iter().filter(|name| if outer.is_empty() { has(&[name]) } else { has(&[outer, name]) }).count() >= least
    };
    let test = ["results", "tests", "*"];
    let listed = has(&[test[0], test[1], test[2], "name"]) && has(&[test[0], test[1], test[2], "status"]);
    if ctrf || listed || has(&["results", "tool"]) && some("results", 1, &["summary", "tests"]) {
        return Some(Format::Ctrf);
    }
    let config =
        ["rootDir", "configFile", "projects", "forbidOnly", "fullyParallel", "globalTimeout", "workers", "shard"];
    if some("config", 3, &config) || has(&["suites", "*", "specs"]) {
        return Some(Format::Playwright);
    }
    let usual =
        ["iterations", "iteration_duration", "vus", "vus_max", "data_sent", "data_received", "http_reqs", "checks"];
    if some("root_group", 2, &["checks", "groups", "name", "path", "id"]) || some("metrics", 2, &usual) {
        return Some(Format::K6);
    }
    if some("stats", 3, &["suites", "passes", "pending"]) && !some("stats", 1, &["testsRegistered", "hasOther"]) {
        return Some(Format::Mocha);
    }
    let more = ["historyId", "fullName", "labels", "stage", "start", "stop"];
    (outcome && some("", 2, &["uuid", "name"]) && some("", 1, &more) && !has(&["children"])).then_some(Format::Allure)
}

/// A version or a plan, and little else; with the right name, anything that only TAP has.
fn is_tap(text: &str, name: &str) -> bool {
    let told = name.len() >= 4 && name.get(name.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".tap"));
    let margin = |line: &&str| !line.is_empty() && !line.starts_with([' ', '\t', '#', '}']);
    let lines: Vec<Line> = text.lines().filter(margin).take(LINES).map(tap::line).collect();
    let points = lines.iter().filter(|line| matches!(line, Line::Point(_))).count();
    let others = lines.iter().filter(|line| matches!(line, Line::Other)).count();
    let plan = lines.iter().any(|line| matches!(line, Line::Plan(_)));
    match lines.first() {
        Some(Line::Version) => true,
        Some(Line::Plan(_) | Line::Point(_)) if plan && points > 0 && others <= points => true,
        Some(_) => told && others < lines.len(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_root_element() {
        for (head, want) in [
            ("<testsuite>", Some(Format::Junit)),
            ("\n <?xml version='1.0'?><!-- c --><testsuites name='x'>", Some(Format::Junit)),
            ("<!DOCTYPE testsuites [<!ENTITY a '>'>]><testsuites/>", Some(Format::Junit)),
            ("<j:testsuites xmlns:j='urn:x'/>", Some(Format::Junit)),
            ("<testsuites xmlns='http://check.sourceforge.net/ns'>", None),
            ("<TestRun>", None),
            ("<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'>", Some(Format::Trx)),
            ("<assemblies>", Some(Format::Xunit)),
            ("<test-run>", Some(Format::Nunit)),
            ("<test-results>", Some(Format::Nunit)),
            ("<robot generator='Robot 7'>", Some(Format::Robot)),
            ("<html>", None),
            ("<testsuitesque>", None),
            ("ok 1 <testsuite>", None),
            ("{\"a\": \"<testsuite>\"}", None),
            ("", None),
            ("<testsui", None),
            ("<!-- never ends <testsuite>", None),
        ] {
            assert_eq!(detect(head.as_bytes()), want, "{head}");
        }
        let wide: Vec<u8> = "\u{feff}<testsuite>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&wide), Some(Format::Junit));
    }

    #[test]
    fn by_keys() {
        for (head, want) in [
            (r#"{"Time":"x","Action":"run","Package":"p","Test":"T"}"#, Some(Format::GoTest)),
            ("go: downloading x\n{\"Action\":\"start\",\"Package\":\"p\"}\n", Some(Format::GoTest)),
            (r#"{"meta":{"protocolVersion":"27"}}"#, Some(Format::Cucumber)),
            (r#"{"reportFormat":"CTRF""#, Some(Format::Ctrf)),
            (r#"{"results":{"tool":{"name":"jest"},"summary":{"#, Some(Format::Ctrf)),
            (r#"{"results":{"tool":{"name":"jest"}}}"#, None),
            (r#"{"config":{"forbidOnly":false,"fullyParallel":true,"workers":2,"#, Some(Format::Playwright)),
            (r#"{"config":{"workers":2}}"#, None),
            (r#"{"root_group":{"path":"","name":""}}"#, Some(Format::K6)),
            (r#"{"metrics":{"vus":{},"iterations":{}}}"#, Some(Format::K6)),
            (r#"{"stats":{"suites":1,"tests":1,"passes":1,"pending":0},"tests":["#, Some(Format::Mocha)),
            (r#"{"stats":{"suites":1,"passes":1,"pending":0,"testsRegistered":1},"results":["#, None),
            (r#"{"uuid":"1","name":"a","status":"passed","stage":"finished","steps":["#, Some(Format::Allure)),
            (r#"{"uuid":"1","name":"a","children":[],"befores":[],"start":1}"#, None),
            (r#"{"uuid":"1","name":"a","status":"done","start":1,"stop":2}"#, None),
            (r#"{"name":"package","version":"1","status":"passed"}"#, None),
            ("{", None),
            ("[]", None),
            ("{\"Action\":\"open\",\"Package\":\"p\"}", None),
        ] {
            assert_eq!(detect(head.as_bytes()), want, "{head}");
        }
    }

    #[test]
    fn by_lines() {
        for (head, name, want) in [
            ("TAP version 14\n", "", true),
            ("1..2\nok 1\n", "", true),
            ("# c\nok 1\nok 2\n1..2\n", "", true),
            ("ok 1\nok 2\n", "", false),
            ("ok 1\nok 2\n", "a/b.TAP", true),
            ("some noise\nok 1\n", "b.tap", true),
            ("some noise\n", "b.tap", false),
            ("ok  \texample.com/a\t0.1s\nok  \texample.com/b\t0.1s\n", "", false),
            ("1..9 were here\n", "", false),
            ("1..2\n", "", false),
        ] {
            assert_eq!(detect_named(head.as_bytes(), name) == Some(Format::Tap), want, "{head} {name}");
        }
    }
}
