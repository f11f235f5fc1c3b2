//! What is run, in which order, and what verdict comes of it.

use assay_api::{GateMode, GateRole, Reason, Verdict};

use super::kstatus::Status;
use super::scene::{A, B, C, Scene, at, confirmation, spec, workflow};
use crate::delivery::Readiness;
use crate::gate::Run;

/// Role and run of each execution of a workflow, in the order of their making.
fn of(scene: &Scene, name: &str) -> Vec<(GateRole, i32)> {
    scene.runs().iter().filter(|run| run.workflow == name).map(|run| (run.role, run.run)).collect()
}

fn named(scene: &Scene, name: &str) -> String {
    scene.runs().iter().rfind(|run| run.workflow == name).expect("a run").name.clone()
}

#[test]
fn all_workflows_start_at_once_and_all_must_pass() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    let decision = scene.deploy(A);
    assert!(decision.wake == Some(at(15 * 60)), "the deadline");
    assert_eq!(scene.made.len(), 2);
    assert!(scene.made.iter().all(|(name, revision)| name.starts_with("web-aaaaaaa-") && revision == A));
    let one = named(&scene, "smoke");
    scene.end_one(&one, Verdict::Passed);
    scene.look();
    scene.says(Status::InProgress, Reason::Testing, A);
    scene.now = 70;
    let decision = scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
    let end = decision.end.expect("it ended in this look");
    assert_eq!((end.verdict, end.lasted.as_secs()), (Verdict::Passed, 70));
    let good = scene.status().last_good.clone().expect("a good revision");
    assert_eq!((good.revision.revision.as_str(), good.source), (A, Some(super::scene::source())));
    assert_eq!(scene.events, []);
}

#[test]
fn a_failure_is_confirmed_one_run_after_another() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    scene.deploy(A);
    let (smoke, api) = (named(&scene, "smoke"), named(&scene, "api"));
    scene.end_one(&smoke, Verdict::Failed);
    scene.look();
    scene.says(Status::InProgress, Reason::Confirming, A);
    assert_eq!(of(&scene, "smoke"), [(GateRole::Judge, 1), (GateRole::Confirm, 2)]);
    assert!(scene.rollbacks.is_empty(), "one failure is none");
    let again = named(&scene, "smoke");
    scene.end_one(&again, Verdict::Failed);
    scene.look();
    scene.says(Status::Failed, Reason::TestsFailed, A);
    assert_eq!(scene.cancelled.iter().collect::<Vec<_>>(), [&api], "what is left decides nothing any more");
    assert_eq!(scene.rollbacks.len(), 1);
    let message = scene.status().message.clone().expect("words");
    assert!(message.contains("aaaaaaa") && message.contains("`smoke` failed in 2 of 2 runs: said so"), "{message}");
    assert_eq!(scene.events, [Reason::TestsFailed]);
}

#[test]
fn one_failure_among_passes_is_flaky_and_flaky_is_green() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.deploy(A);
    scene.end(Verdict::Failed);
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::PassedAfterRetry, A);
    assert_eq!(scene.current().verdict, Some(Verdict::Flaky));
    assert!(scene.status().last_good.is_some() && scene.rollbacks.is_empty());
}

#[test]
fn reruns_end_as_soon_as_it_is_settled() {
    for (reruns, failures, verdicts, verdict) in [
        (0, 1, "f", Verdict::Failed),
        (3, 2, "ff", Verdict::Failed),
        (3, 2, "fppp", Verdict::Flaky),
        (3, 2, "fppf", Verdict::Failed),
        (3, 3, "fpp", Verdict::Flaky),
        (3, 4, "fp", Verdict::Flaky),
        (3, 4, "ffff", Verdict::Failed),
        (3, 2, "p", Verdict::Passed),
        (1, 2, "efef", Verdict::Failed),
        (1, 2, "efep", Verdict::Flaky),
        (1, 2, "eee", Verdict::Errored),
        (1, 2, "fee", Verdict::Passed),
    ] {
        let mut scene =
            Scene::new(assay_api::TestGateSpec { confirmation: confirmation(reruns, failures), ..spec(&["smoke"]) });
        scene.deploy(A);
        for letter in verdicts.chars() {
            assert_eq!(scene.current().verdict, None, "{verdicts}: settled too early");
            scene.wait(60);
            let verdict = match letter {
                'f' => Verdict::Failed,
                'e' => Verdict::Errored,
                _ => Verdict::Passed,
            };
            scene.end(verdict);
        }
        if verdicts == "fee" {
            assert_eq!(scene.current().verdict, None, "a third error is needed");
            continue;
        }
        assert_eq!(scene.current().verdict, Some(verdict), "{verdicts}");
        assert_eq!(scene.rollbacks.len(), usize::from(verdict == Verdict::Failed), "{verdicts}");
    }
}

#[test]
fn an_errored_run_is_tried_again_after_a_while_and_confirms_nothing() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.deploy(A);
    let decision = scene.end(Verdict::Errored);
    assert_eq!((scene.made.len(), decision.wake), (1, Some(at(5))));
    assert_eq!(scene.wait(4).wake, Some(at(5)));
    scene.wait(1);
    assert_eq!(of(&scene, "smoke"), [(GateRole::Judge, 1), (GateRole::Judge, 2)]);
    assert_eq!(scene.end(Verdict::Errored).wake, Some(at(25)));
    scene.wait(20);
    scene.end(Verdict::Errored);
    scene.says(Status::Failed, Reason::ImagePullFailed, A);
    assert_eq!((scene.current().verdict, scene.rollbacks.len()), (Some(Verdict::Errored), 0));
}

#[test]
fn a_failure_says_more_than_an_error() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    scene.deploy(A);
    for _ in 0..3 {
        let smoke = named(&scene, "smoke");
        scene.end_one(&smoke, Verdict::Errored);
        scene.wait(30);
    }
    assert_eq!(scene.current().verdict, None, "`api` may still fail");
    scene.end(Verdict::Failed);
    scene.end(Verdict::Failed);
    assert_eq!(scene.current().verdict, Some(Verdict::Failed));
}

#[test]
fn the_control_run_tells_a_broken_environment_from_a_bad_revision() {
    let mut wanted = spec(&["smoke"]);
    wanted.confirmation.control = Some(workflow("canary"));
    for (control, verdict, reason) in [
        (Verdict::Passed, Verdict::Failed, Reason::TestsFailed),
        (Verdict::Flaky, Verdict::Failed, Reason::TestsFailed),
        (Verdict::Failed, Verdict::Errored, Reason::EnvironmentBroken),
        (Verdict::Errored, Verdict::Errored, Reason::EnvironmentBroken),
        (Verdict::Cancelled, Verdict::Cancelled, Reason::Cancelled),
    ] {
        let mut scene = Scene::new(wanted.clone());
        scene.judged(A, Verdict::Passed);
        scene.deploy(B);
        scene.end(Verdict::Failed);
        scene.end(Verdict::Failed);
        scene.says(Status::InProgress, Reason::Confirming, B);
        let (name, revision) = scene.made.last().cloned().expect("a control run");
        assert_eq!((of(&scene, "canary"), revision.as_str()), (vec![(GateRole::Control, 1)], A));
        assert!(scene.rollbacks.is_empty());
        scene.end_one(&name, control);
        scene.look();
        scene.says(Status::Failed, reason, B);
        assert_eq!(scene.current().verdict, Some(verdict));
        assert_eq!(scene.rollbacks.len(), usize::from(verdict == Verdict::Failed));
    }
    let mut first = Scene::new(wanted);
    first.judged(A, Verdict::Failed);
    assert_eq!(first.current().verdict, Some(Verdict::Failed), "without a good revision there is no control run");
    assert_eq!(first.made.len(), 2);
}

#[test]
fn what_is_not_judged_in_time_is_errored_and_stopped() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    scene.deploy(A);
    let smoke = named(&scene, "smoke");
    scene.end_one(&smoke, Verdict::Passed);
    scene.wait(15 * 60 - 1);
    assert_eq!(scene.current().verdict, None);
    scene.wait(1);
    scene.says(Status::Failed, Reason::GateTimedOut, A);
    assert_eq!(scene.cancelled.iter().collect::<Vec<_>>(), [&named(&scene, "api")]);
    assert!(scene.rollbacks.is_empty());
    scene.end(Verdict::Failed);
    scene.says(Status::Failed, Reason::GateTimedOut, A);
}

#[test]
fn a_run_that_somebody_cancels_or_deletes_is_no_failure() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    scene.deploy(A);
    let smoke = named(&scene, "smoke");
    scene.end_one(&smoke, Verdict::Cancelled);
    scene.look();
    scene.says(Status::Failed, Reason::Cancelled, A);
    assert_eq!((scene.current().verdict, scene.cancelled.len()), (Some(Verdict::Cancelled), 1));

    let mut scene = Scene::new(spec(&["smoke"]));
    scene.deploy(A);
    let smoke = named(&scene, "smoke");
    scene.observed.runs.insert(smoke, Run::Lost);
    scene.look();
    assert_eq!((scene.current().verdict, scene.made.len()), (None, 2), "another one takes its place");
}

#[test]
fn workloads_are_waited_for_but_not_for_ever() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.observed.readiness = Readiness::Unknown;
    let decision = scene.deploy(A);
    assert!(decision.ask_readiness && scene.made.is_empty());
    scene.says(Status::InProgress, Reason::AwaitingWorkloads, A);
    scene.observed.readiness = Readiness::Waiting(vec!["Deployment shop/web: 0 of 1 updated".into()]);
    let decision = scene.wait(60);
    assert!(!decision.ask_readiness && decision.wake.is_some_and(|wake| wake > at(60) && wake <= at(65)));
    assert!(scene.status().message.as_ref().is_some_and(|words| words.contains("0 of 1 updated")));
    assert_eq!(scene.wait(119).wake, Some(at(180)));
    scene.wait(1);
    assert_eq!(scene.made.len(), 1);
    // The pods of before go on answering: what passes is not known to be this revision.
    scene.observed.readiness = Readiness::Unknown;
    scene.end(Verdict::Passed);
    scene.says(Status::InProgress, Reason::AwaitingWorkloads, A);
    assert!(scene.look().ask_readiness);
    let as_it_is = |readiness| {
        let mut end = scene.clone();
        end.observed.readiness = readiness;
        end.look();
        end
    };
    let unready = || Readiness::Waiting(vec!["Deployment shop/web: 0 of 1 updated".into()]);
    as_it_is(Readiness::Unreadable("no answer".into())).says(Status::InProgress, Reason::AwaitingWorkloads, A);
    let mut lingering = as_it_is(Readiness::Lingering(vec!["Job shop/load".into()]));
    lingering.says(Status::InProgress, Reason::Testing, A);
    lingering.end(Verdict::Passed);
    lingering.says(Status::Current, Reason::Passed, A);
    assert_eq!(lingering.made.len(), 2, "nothing of before answers any more, so it is not in doubt");
    // It is rolled out late, and tested then.
    let mut late = as_it_is(unready());
    late.says(Status::InProgress, Reason::AwaitingWorkloads, A);
    late.observed.readiness = Readiness::Ready;
    late.wait(20);
    late.says(Status::InProgress, Reason::Testing, A);
    assert_eq!((late.made.len(), late.current().turn, late.status().last_good.clone()), (2, 1, None));
    late.end(Verdict::Passed);
    late.says(Status::Current, Reason::Passed, A);
    assert!(late.status().last_good.is_some());
    // It never is.
    let mut never = as_it_is(unready());
    never.wait(15 * 60);
    never.says(Status::Failed, Reason::WorkloadsNotReady, A);
    assert_eq!((never.current().verdict, never.status().last_good.clone()), (Some(Verdict::Errored), None));
    let words = never.status().message.clone().expect("words");
    assert!(words.contains("tested although not ready: Deployment shop/web"), "{words}");

    let mut ready = Scene::new(spec(&["smoke"]));
    ready.deploy(A);
    assert_eq!(ready.made.len(), 1);
}

#[test]
fn an_advisory_gate_stays_healthy_and_makes_no_rollback() {
    for verdict in [Verdict::Failed, Verdict::Errored] {
        let mut scene = Scene::new(assay_api::TestGateSpec { mode: GateMode::Advisory, ..spec(&["smoke"]) });
        scene.judged(A, verdict);
        scene.says(Status::Current, Reason::AdvisoryFailed, A);
        assert_eq!((scene.current().verdict, scene.rollbacks.len()), (Some(verdict), 0));
        assert_eq!(scene.status().last_good, None);
    }
}

#[test]
fn without_a_policy_there_is_no_rollback_and_with_one_there_is_one() {
    let mut scene = Scene::new(assay_api::TestGateSpec { rollback: None, ..spec(&["smoke"]) });
    scene.judged(A, Verdict::Passed);
    scene.judged(B, Verdict::Failed);
    assert_eq!((scene.rollbacks.len(), &scene.status().rollback), (0, &None));
    scene.observed.gate.spec.rollback = Some(assay_api::RollbackPolicy::default());
    for _ in 0..5 {
        scene.wait(60);
    }
    assert_eq!(scene.rollbacks.len(), 1);
    let name = scene.status().rollback.as_ref().expect("it is shown").name.clone();
    assert!(name.starts_with("web-") && name.len() == "web-".len() + 10, "{name}");
}

#[test]
fn a_record_names_bad_and_good_and_what_says_no() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    scene.judged(A, Verdict::Passed);
    scene.deploy(B);
    let smoke = named(&scene, "smoke");
    scene.end_one(&smoke, Verdict::Failed);
    scene.look();
    let again = named(&scene, "smoke");
    scene.end_one(&again, Verdict::Failed);
    let decision = scene.look();
    let spec = decision.actions.iter().find_map(|action| match action {
        crate::gate::GateAction::MakeRollback { spec, .. } => Some(spec.clone()),
        _ => None,
    });
    let spec = spec.expect("a record");
    assert_eq!((spec.bad.revision.as_str(), spec.good.map(|good| good.revision).as_deref()), (B, Some(A)));
    assert_eq!(spec.executions, [smoke, again]);
    assert_eq!((spec.gate.as_str(), spec.delivery.namespace.as_deref()), ("web", Some("argocd")));
    assert_eq!((spec.source.clone(), Some(spec.failed_at)), (spec.good_source, scene.current().finished_at));
}

#[test]
fn too_many_runs_are_an_error_of_the_spec() {
    let names: Vec<String> = (0..16).map(|at| format!("w{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut scene = Scene::new(assay_api::TestGateSpec { confirmation: confirmation(9, 10), ..spec(&names) });
    scene.deploy(A);
    assert_eq!(scene.made.len(), 16);
    for _ in 0..3 {
        scene.wait(30);
        scene.end(Verdict::Failed);
    }
    scene.says(Status::Failed, Reason::ConfigInvalid, A);
    assert_eq!((scene.current().executions.len(), scene.rollbacks.len()), (32, 0));
    scene.judged(C, Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, C);
}
