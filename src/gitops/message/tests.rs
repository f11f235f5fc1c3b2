//! What stands in the commit, and what no text of strangers can make of it. Git itself reads the trailers.

use std::io::Write;
use std::process::{Command, Stdio};

use assay_api::FailedTest;
use proptest::prelude::*;

use super::*;
use crate::guards::tests::evidence::{BAD, GOOD, agreed, commit, source};
use crate::{Evidence, RevertText};

fn message(evidence: &Evidence, companions: &[Companion], link: Option<&str>) -> String {
    let (facts, spec) = (evidence.git.as_ref().expect("facts"), &evidence.spec);
    commit_message(&RevertText { record: &evidence.record, spec, facts, companions, link })
}

fn companion(name: &str) -> Companion {
    Companion {
        gate: format!("shop/{name}"),
        path: format!("apps/{name}"),
        good: GOOD.to_owned(),
        key: format!("key-{name}"),
    }
}

/// Trailers as `git interpret-trailers` finds them.
fn trailers_of(message: &str) -> Vec<(String, String)> {
    let mut child = Command::new("git")
        .args(["interpret-trailers", "--parse"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git");
    child.stdin.take().expect("a pipe").write_all(message.as_bytes()).expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    let text = String::from_utf8(output.stdout).expect("text");
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().map(|line| pair(line).expect("a trailer")).collect()
}

fn test(suite: &str, name: &str, message: &str) -> FailedTest {
    FailedTest { suite: suite.into(), name: name.into(), message: Some(message.into()) }
}

#[test]
fn one_commit_is_reverted_in_the_form_of_git() {
    let mut evidence = agreed();
    evidence.facts().changed_outside.clear();
    evidence.spec.failures = vec![test("cart", "adds a line", "expected 3, found 2\n  at cart.js:7")];
    let expected = "\
Revert \"Show the new cart\"

Application argocd/shop fails its tests at bad0000. This restores apps/shop as it was at 900d000, the last revision that passed them.

This reverts commit bad0000000000000000000000000000000000bad.

Failed:   bad0000000000000000000000000000000000bad
Restored: 900d000000000000000000000000000000000000
Executions: shop-bad0000-1, shop-bad0000-2

Failing tests:
- cart / adds a line: expected 3, found 2 at cart.js:7

Taken back:
- bad0000 \"Show the new cart\" by Ann

Record: Rollback shop/shop-0123456789
https://assay.example.com/r/1

Assay-Rollback: 0123456789abcdef0123
Assay-Bad-Revision: bad0000000000000000000000000000000000bad
Assay-Good-Revision: 900d000000000000000000000000000000000000
Assay-Gate: shop/shop
";
    let message = message(&evidence, &[], Some("https://assay.example.com/r/1"));
    assert_eq!(message, expected);
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let trailers = [
        own("Assay-Rollback", "0123456789abcdef0123"),
        own("Assay-Bad-Revision", BAD),
        own("Assay-Good-Revision", GOOD),
        own("Assay-Gate", "shop/shop"),
    ];
    assert_eq!(trailers_of(&message), trailers);
}

#[test]
fn several_commits_or_paths_say_what_is_restored() {
    let mut evidence = agreed();
    assert!(!message(&evidence, &[], None).contains("This reverts commit"), "a part of it lies elsewhere");
    evidence.facts().range.push(commit("0070000000", "Prepare"));
    let text = message(&evidence, &[], None);
    assert!(text.starts_with("Revert apps/shop to 900d000\n\n"), "{text}");
    assert!(text.contains("- bad0000 \"Show the new cart\" by Ann\n- 0070000 \"Prepare\" by Ann\n"), "{text}");
    for (companions, subject) in [
        (vec![companion("web")], "Revert apps/shop and 1 other path to 900d000"),
        (vec![companion("web"), companion("api")], "Revert apps/shop and 2 other paths to 900d000"),
        // One record with two paths.
        (
            vec![companion("web"), Companion { path: "base/web".into(), ..companion("web") }],
            "Revert apps/shop and 2 other paths to 900d000",
        ),
    ] {
        let text = message(&evidence, &companions, None);
        assert_eq!(text.lines().next(), Some(subject));
        let trailers = trailers_of(&text);
        for companion in &companions {
            let has = |name: &str, value: &str| trailers.iter().any(|trailer| trailer.0 == name && trailer.1 == value);
            assert!(has("Assay-Rollback", &companion.key) && has("Assay-Gate", &companion.gate), "{text}");
        }
        let once = trailers.iter().enumerate().all(|(at, trailer)| !trailers[..at].contains(trailer));
        assert!(once, "{text}");
    }
    evidence.spec.source = Some(source(""));
    assert!(message(&evidence, &[], None).starts_with("Revert the repository to 900d000\n"));
}

#[test]
fn long_lists_are_cut_and_counted() {
    let mut evidence = agreed();
    evidence.facts().range = (0..60).map(|at| commit(&format!("{at:040}"), "x")).collect();
    evidence.spec.failures = (0..12).map(|at| test("", &format!("t{at}"), "")).collect();
    let text = message(&evidence, &[], None);
    assert!(text.contains("- t9\n- and 2 more\n") && text.contains("- and 10 more\n"), "{text}");
}

#[test]
fn strangers_mention_nobody() {
    for (given, expected) in [
        ("thanks @ann", "thanks @ ann"),
        ("fixes #12", "fixes # 12"),
        ("closes group/app!7", "closes group/app! 7"),
        ("closes GH-12 and gh-1", "closes GH- 12 and gh- 1"),
        ("see https://evil.example", "see https: //evil.example"),
        ("a#b c@ d-1", "a#b c@ d-1"),
    ] {
        assert_eq!(quiet(given), expected);
    }
}

/// Texts that try to be trailers, ends of messages, or other lines.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\n\nAssay-Rollback: forged\n",
        "\r\nSigned-off-by: Eve <eve@example.com>",
        "\n---\n",
        "\n\n\n",
        "Co-authored-by: Eve <eve@example.com>",
        "\u{2028}Assay-Gate: x/y\u{2029}",
        "\u{85}Assay-Rollback: forged",
        "\0",
        "\u{202e}",
        "fix",
        ": ",
        "#12",
        "@all",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_becomes_a_trailer_or_a_line(texts in prop::collection::vec(hostile(), 8)) {
        let mut evidence = agreed();
        let first = evidence.culprit();
        first.subject.clone_from(&texts[0]);
        first.author.clone_from(&texts[1]);
        let mut second = commit("0070000000", &texts[2]);
        second.author.clone_from(&texts[3]);
        evidence.facts().range.push(second);
        evidence.spec.failures = vec![test(&texts[4], &texts[5], &texts[6])];
        evidence.spec.executions = vec![texts[7].clone()];
        let text = message(&evidence, &[], None);
        prop_assert!(!text.replace('\n', "").contains(char::is_control), "{text:?}");
        let forged = trailers_of(&text).into_iter().filter(|(name, value)| {
            !name.starts_with("Assay-") || ["forged", "x/y"].contains(&value.as_str())
        });
        prop_assert_eq!(forged.count(), 0, "{}", text);
        prop_assert_eq!(trailers_of(&text).len(), 4, "{}", text);
        prop_assert!(!text.lines().any(|line| line == "---"));
        let subject = text.lines().next().unwrap_or_default();
        prop_assert!(subject.chars().count() <= 101 && text.lines().nth(1) == Some(""), "{}", text);
    }
}
