//! What holds whatever the evidence is.

use assay_api::{Answer, Budget, DurationText, Guard, RollbackMode, RollbackPhase, Verdict};
use jiff::Timestamp;
use proptest::prelude::*;

use super::cases::CASES;
use super::evidence::{agreed, other};
use crate::guards::together::{companions, leader};
use crate::{Evidence, ask_again_at, judge};

fn verdict() -> impl Strategy<Value = Verdict> {
    use Verdict::{Cancelled, Errored, Failed, Flaky, Passed, Skipped};
    prop::sample::select(vec![Passed, Failed, Flaky, Errored, Cancelled, Skipped])
}

fn moment() -> impl Strategy<Value = Timestamp> {
    let around = 1_795_000_000_i64..1_797_000_000;
    prop_oneof![
        8 => around.prop_map(|second| Timestamp::from_second(second).expect("a time")),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
    ]
}

fn length() -> impl Strategy<Value = Option<DurationText>> {
    let text = prop_oneof!["[0-9]{1,4}(s|m|h)", "\\PC{0,12}", Just("8784h".to_owned())];
    prop::option::of(text.prop_map(DurationText::new))
}

prop_compose! {
    /// Any changes of the tables, one on the other, and wild times, lengths, numbers and texts.
    fn anything()(
        changes in prop::collection::vec(0..CASES.len(), 0..6),
        times in (moment(), moment(), moment()),
        lengths in (length(), length(), length()),
        numbers in (any::<i32>(), 0..5_usize, 0..5_usize, any::<usize>(), any::<usize>()),
        texts in ("\\PC{0,60}", any::<String>(), "[a-z*/.!\\[{?]{0,20}"),
        phases in prop::collection::vec((0..14_usize, any::<bool>(), moment()), 0..4),
        mode in prop::sample::select(vec![RollbackMode::Observe, RollbackMode::PullRequest, RollbackMode::Push]),
    ) -> (Evidence, Timestamp) {
        let mut evidence = agreed();
        for change in changes {
            (CASES[change].change)(&mut evidence);
        }
        evidence.created_at = times.0;
        if changes_times(&numbers) {
            evidence.spec.failed_at = times.1;
            evidence.spec.policy.mode = mode;
            evidence.spec.policy.max_failure_age = lengths.0;
            evidence.spec.policy.cool_down = lengths.1;
            evidence.spec.policy.never_revert = Some(vec![texts.2.clone()]);
            evidence.gates = (numbers.3, numbers.4);
            if let Ok(grant) = &mut evidence.grant {
                grant.budget = lengths.2.map(|window| Budget { count: numbers.0, window });
            }
            if let Ok(facts) = &mut evidence.git {
                facts.changed_outside.push(texts.2);
                facts.range.iter_mut().for_each(|commit| commit.subject.clone_from(&texts.1));
            }
            evidence.paused.extend((numbers.1 == 0).then_some(texts.0));
        }
        for (phase, willing, at) in phases {
            let mut other = other(&format!("other-{phase}"), "apps/other", PHASES[phase]);
            (other.willing, other.created_at) = (willing, at);
            other.written_at = (numbers.2 == 0).then_some(at);
            evidence.others.push(other);
        }
        (evidence, times.2)
    }
}

fn changes_times(numbers: &(i32, usize, usize, usize, usize)) -> bool {
    numbers.1 < 3
}

const PHASES: [RollbackPhase; 14] = [
    RollbackPhase::Evaluating,
    RollbackPhase::Observed,
    RollbackPhase::Refused,
    RollbackPhase::AwaitingApproval,
    RollbackPhase::Holding,
    RollbackPhase::Joined,
    RollbackPhase::Committing,
    RollbackPhase::PullRequestOpen,
    RollbackPhase::Deploying,
    RollbackPhase::Verifying,
    RollbackPhase::Recovered,
    RollbackPhase::Failed,
    RollbackPhase::Superseded,
    RollbackPhase::Expired,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_guard_answers_in_its_place((evidence, now) in anything()) {
        let findings = judge(&evidence, now);
        let order: Vec<Guard> = findings.iter().map(|finding| finding.guard).collect();
        prop_assert_eq!(order, Guard::ALL);
        for finding in &findings {
            prop_assert!(!finding.message.is_empty());
            prop_assert!(!finding.message.contains(char::is_control), "{:?}", finding);
            prop_assert!(finding.message.chars().count() < 1500, "{:?}", finding);
        }
        prop_assert_eq!(&findings, &judge(&evidence, now));
        let again = ask_again_at(&evidence, &findings, now);
        prop_assert!(again.is_none_or(|again| again > now));
        let _ = (leader(&evidence), companions(&evidence));
    }

    #[test]
    fn nothing_but_a_failure_gets_through((mut evidence, now) in anything(), verdict in verdict()) {
        evidence.spec.verdict = verdict;
        let through = judge(&evidence, now)
            .iter()
            .all(|finding| matches!(finding.answer, Answer::Pass | Answer::PullRequest));
        prop_assert!(!through || verdict == Verdict::Failed);
    }

    #[test]
    fn no_repository_no_revert((mut evidence, now) in anything()) {
        evidence.git = Err(crate::GitTrouble::Denied("no".into()));
        let findings = judge(&evidence, now);
        prop_assert!(findings.iter().any(|finding| finding.guard == Guard::RepositoryReadable && finding.answer == Answer::Refuse));
        for guard in [Guard::HistoryIntact, Guard::NothingNewer, Guard::CulpritInPaths, Guard::NotARollback] {
            prop_assert!(findings.iter().any(|finding| finding.guard == guard && finding.answer == Answer::Skipped));
        }
    }

    #[test]
    fn a_pause_always_holds((mut evidence, now) in anything()) {
        evidence.paused.push("somebody".into());
        prop_assert!(judge(&evidence, now).iter().any(|finding| finding.guard == Guard::NotPaused && finding.answer == Answer::Hold));
    }

    /// Whatever is taken away from what is known makes no no a yes.
    #[test]
    fn what_is_not_known_is_a_no(which in 0..14_usize) {
        let mut evidence = agreed();
        match which {
            0 => evidence.delivery = None,
            1 => evidence.gate = None,
            2 => evidence.facts().tip_tree = None,
            3 => evidence.facts().bad_tree = None,
            4 => evidence.facts().good_tree = None,
            5 => evidence.facts().deployed_tree = None,
            6 => evidence.facts().bad = None,
            7 => evidence.facts().good = None,
            8 => evidence.facts().cut = true,
            9 => evidence.grant = Err("unknown".into()),
            10 => evidence.spec.good_source = None,
            11 => evidence.delivery().attempted = None,
            12 => evidence.gate().last_good = None,
            _ => evidence.git = Ok(crate::GitFacts::default()),
        }
        let findings = judge(&evidence, super::evidence::now());
        prop_assert!(findings.iter().any(|finding| finding.answer == Answer::Refuse), "{which}: {findings:?}");
    }
}
