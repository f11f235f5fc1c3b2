//! What the guards answered, for people.

use assay_api::{Answer, Finding};

use crate::output::screen::paint;
use crate::output::terminal::plain;

/// One guard per line; below one that does not pass, what it asks for.
pub(super) fn lines(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let word = match finding.answer {
            Answer::Pass => paint::green("ok  "),
            Answer::PullRequest => paint::yellow("pr  "),
            Answer::Hold => paint::yellow("hold"),
            Answer::Refuse => paint::red("NO  "),
            Answer::Skipped => paint::dim("-   "),
        };
        out.push_str(&format!("  {word}  {:<20} {}\n", finding.guard, plain(&finding.message)));
        if matches!(finding.answer, Answer::Refuse | Answer::Hold | Answer::PullRequest) {
            let asks = format!("asks: {}", finding.guard.meaning().trim());
            out.push_str(&format!("{:29}{}\n", "", paint::dim(&asks)));
        }
    }
    out
}

/// What the answers come to together.
pub(super) fn outcome(findings: &[Finding]) -> String {
    let of = |answer: Answer| {
        let guards = findings.iter().filter(|finding| finding.answer == answer);
        guards.map(|finding| finding.guard.to_string()).collect::<Vec<_>>().join(", ")
    };
    let (refuse, hold, request) = (of(Answer::Refuse), of(Answer::Hold), of(Answer::PullRequest));
    if !refuse.is_empty() {
        return format!("refused by {refuse}");
    }
    if !hold.is_empty() {
        return format!("not yet, by {hold}");
    }
    if !request.is_empty() {
        return format!("only as a pull request, by {request}");
    }
    "all guards agree".to_owned()
}

#[cfg(test)]
mod tests {
    use assay_api::Guard;

    use super::*;

    #[test]
    fn the_strongest_answer_decides() {
        let finding = |guard, answer| Finding { guard, answer, message: "m\x1b[2J".into() };
        let mut findings = vec![finding(Guard::DefinitiveFailure, Answer::Pass)];
        assert_eq!(outcome(&findings), "all guards agree");
        findings.push(finding(Guard::BranchWritable, Answer::PullRequest));
        assert_eq!(outcome(&findings), "only as a pull request, by BranchWritable");
        findings.push(finding(Guard::CooledDown, Answer::Hold));
        assert_eq!(outcome(&findings), "not yet, by CooledDown");
        findings.push(finding(Guard::NothingNewer, Answer::Refuse));
        findings.push(finding(Guard::NoMerge, Answer::Skipped));
        assert_eq!(outcome(&findings), "refused by NothingNewer");
        let text = anstream::adapter::strip_str(&lines(&findings)).to_string();
        assert_eq!(text.lines().count(), 8, "{text}");
        assert!(
            text.contains("  NO    NothingNewer         m\n") && text.contains("asks: Nothing newer touches"),
            "{text}"
        );
    }
}
