//! What people read in a pull request, and that text of strangers stays text.

use assay_api::{Answer, FailedTest, Finding, Guard};
use proptest::prelude::*;

use super::*;
use crate::guards::tests::evidence::{agreed, now};
use crate::{Evidence, judge};

fn text(evidence: &Evidence) -> (String, String) {
    let findings = judge(evidence, now());
    let (facts, spec) = (evidence.git.as_ref().expect("facts"), &evidence.spec);
    let link = Some("https://assay.example.com/r/1");
    pull_request_text(&RevertText { record: &evidence.record, spec, facts, companions: &[], link }, &findings)
}

#[test]
fn it_explains_what_failed_why_it_is_asked_and_how_to_undo() {
    let mut evidence = agreed();
    evidence.culprit().parents = 2;
    evidence.spec.failures = vec![FailedTest { suite: "cart".into(), name: "adds | a `line`".into(), message: None }];
    let (title, body) = text(&evidence);
    assert_eq!(title, "Revert \"Show the new cart\"");
    for line in [
        "| Gate | `shop/shop` |",
        "| Verdict | `failed (TestsFailed)` |",
        "| Failed | `bad0000000000000000000000000000000000bad` |",
        "| Restored | `900d000000000000000000000000000000000000` |",
        "| Executions | `shop-bad0000-1, shop-bad0000-2` |",
        "[The record of this decision](<https://assay.example.com/r/1>)",
        "- ``` cart / adds | a `line` ```",
        "- `bad0000 Show the new cart (Ann)`",
        "- `M apps/shop/web.yaml`",
        "| CooledDown | Pass | this delivery was not rolled back before |",
        "Assay-Rollback: `0123456789abcdef0123`",
    ] {
        let line = line.replace("```", "``");
        assert!(body.lines().any(|found| found == line), "{line}\n\n{body}");
    }
    assert!(body.contains("**Look at this before merging:** bad0000"), "{body}");
    assert!(body.contains("Merging the old branch again brings nothing back."), "{body}");
    assert_eq!(body.matches("| Pass |").count(), Guard::ALL.len() - 1, "{body}");
}

#[test]
fn what_does_not_fit_is_said_and_the_key_stays() {
    let mut evidence = agreed();
    evidence.facts().range = Vec::new();
    let findings: Vec<Finding> =
        (0..400).map(|_| Finding { guard: Guard::Granted, answer: Answer::Pass, message: "ä".repeat(600) }).collect();
    let (facts, spec) = (evidence.git.as_ref().expect("facts"), &evidence.spec);
    let text = RevertText { record: &evidence.record, spec, facts, companions: &[], link: None };
    let (_, body) = pull_request_text(&text, &findings);
    assert!(body.len() < LIMIT + 200 && body.contains("does not fit here"), "{}", body.len());
    assert!(body.ends_with("\nAssay-Rollback: `0123456789abcdef0123`\n"), "{body}");
}

#[test]
fn a_code_span_ends_where_it_should() {
    for (given, expected) in [
        ("plain", "`plain`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("```x", "```` ```x ````"),
        ("a\nb", "`a b`"),
        ("", "`  `"),
    ] {
        assert_eq!(code(given), expected);
    }
    assert_eq!(cell("a|b"), "`a\\|b`");
}

#[test]
fn escaped_text_is_text() {
    for (given, expected) in [
        ("@ann", "@&#8203;ann"),
        ("#12", "\\#&#8203;12"),
        ("<img src=x>", "&lt;img src\\=x&gt;"),
        ("[a](b)", "\\[a\\]\\(b\\)"),
        ("https://x.y", "https:&#8203;//x.&#8203;y"),
        ("a | b", "a \\| b"),
        ("**b** `c`", "\\*\\*b\\*\\* \\`c\\`"),
        ("&amp;", "&amp;amp;"),
    ] {
        assert_eq!(escaped(given), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Outside of code spans no stranger's mention, link, tag or heading is left.
    #[test]
    fn strangers_make_no_mark_up(texts in prop::collection::vec("(@all|#1|<b>|`|\\||\n# x|\n\n|\\[a\\]\\(b\\)|!\\[|www\\.x\\.y|http://e\\.x|~~| |a){0,12}", 4)) {
        let mut evidence = agreed();
        let commit = evidence.culprit();
        (commit.parents, commit.subject, commit.author) = (2, texts[0].clone(), texts[1].clone());
        evidence.spec.failures = vec![FailedTest { suite: texts[2].clone(), name: texts[3].clone(), message: Some(texts[0].clone()) }];
        let (_, body) = text(&evidence);
        let outside = without_code(&body);
        for sign in ["@all", "<b>", "](b)", "![", "www.x", "http://e", "\n# x"] {
            prop_assert!(!outside.contains(sign), "{sign} in\n{outside}\n\nof\n{body}");
        }
        let rows = outside.lines().filter(|line| line.starts_with("| ")).count();
        prop_assert_eq!(rows, 8 + Guard::ALL.len(), "{}", body);
    }
}

/// The text with every code span taken out, as CommonMark finds them; an escaped backtick opens none.
fn without_code(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let run = |at: usize| characters[at..].iter().take_while(|character| **character == '`').count();
    let (mut outside, mut at) = (String::new(), 0);
    while at < characters.len() {
        if characters[at] == '\\' {
            outside.extend(characters.iter().skip(at).take(2));
            at += 2;
            continue;
        }
        let length = run(at);
        if length == 0 {
            outside.push(characters[at]);
            at += 1;
            continue;
        }
        let mut end = at + length;
        while end < characters.len() && run(end) != length {
            end += run(end).max(1);
        }
        // Without an end the backticks are text.
        at = if end < characters.len() { end + length } else { at + length };
    }
    outside
}
