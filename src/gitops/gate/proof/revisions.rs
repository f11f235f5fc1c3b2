//! Which revision is judged, and when.

use assay_api::{Reason, RevisionStatus, RollbackPhase, Verdict};

use super::kstatus::Status;
use super::scene::{A, B, C, Scene, at, revision, source, spec};
use crate::delivery::{Judged, Operation, Source};

#[test]
fn what_is_not_there_may_come_and_what_is_unclear_is_said() {
    let mut scene = Scene::new(spec(&["smoke"]));
    let delivery = scene.observed.delivery.take();
    scene.look();
    assert_eq!((scene.kstatus(), scene.status().reason), (Status::InProgress, Some(Reason::DeliveryNotFound)));
    assert!(scene.status().message.as_ref().is_some_and(|words| words.contains("Application shop/web")));
    scene.observed.delivery = delivery;
    scene.delivery().judged = Judged::Unclear("no source yet".into());
    scene.look();
    assert_eq!((scene.kstatus(), scene.status().reason), (Status::InProgress, Some(Reason::DeliveryUnclear)));
    let other = Source::Artifact { what: "chart podinfo 6.5.0".into() };
    scene.delivery().sources.push(other);
    scene.look();
    assert_eq!(scene.kstatus(), Status::Failed, "somebody must choose");
    scene.delivery().judged = Judged::Source(0);
    scene.look();
    assert_eq!((scene.kstatus(), scene.status().reason), (Status::InProgress, Some(Reason::AwaitingDeployment)));
}

#[test]
fn an_invalid_spec_is_said_and_nothing_moves() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.observed.gate.spec.confirmation.failures = 5;
    scene.observed.gate.generation = 2;
    scene.push(B);
    scene.says(Status::Failed, Reason::ConfigInvalid, A);
    scene.observed.gate.spec.confirmation.failures = 2;
    scene.look();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
}

#[test]
fn the_gates_own_revision_is_waited_for() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.observed.gate.spec.revision = Some("main@sha1:aaaaaaa".into());
    scene.deploy(A);
    assert_eq!(scene.made.len(), 1, "seven characters are enough");
    scene.observed.gate.spec.revision = Some(A.into());
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
    // The next revision's manifest arrives before anything else of it is known.
    scene.observed.gate.spec.revision = Some(B.into());
    scene.observed.gate.generation = 2;
    scene.look();
    scene.says(Status::InProgress, Reason::AwaitingOwnRevision, A);
    scene.deploy(C);
    scene.says(Status::InProgress, Reason::AwaitingOwnRevision, C);
    assert_eq!(scene.made.len(), 1);
    scene.observed.gate.spec.revision = Some("ccccc".into());
    scene.look();
    scene.says(Status::InProgress, Reason::AwaitingOwnRevision, C);
    scene.observed.gate.spec.revision = Some(C.into());
    scene.look();
    scene.says(Status::InProgress, Reason::Testing, C);
}

#[test]
fn a_newer_revision_takes_the_place_of_one_under_test() {
    let mut scene = Scene::new(spec(&["smoke", "api"]));
    scene.deploy(A);
    scene.push(B);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
    assert_eq!(scene.cancelled.len(), 2);
    let old = &scene.status().verdicts[0];
    assert_eq!((old.verdict, old.reason), (Some(Verdict::Cancelled), Some(Reason::Superseded)));
    scene.end(Verdict::Failed);
    scene.deploy(B);
    assert_eq!(scene.made.len(), 4);
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, B);
    assert_eq!(scene.ends, [Verdict::Passed], "what was superseded has no verdict");
}

#[test]
fn what_was_never_deployed_leaves_no_trace() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.push(B);
    scene.push(C);
    let verdicts: Vec<_> = scene.status().verdicts.iter().map(|known| known.revision.revision.as_str()).collect();
    assert_eq!(verdicts, [A]);
    // Somebody takes both back before anything was deployed: A is what is, and was judged.
    scene.push(A);
    scene.says(Status::Current, Reason::Passed, A);
    assert_eq!((scene.made.len(), scene.status().verdicts.len()), (1, 0));
}

#[test]
fn the_same_content_is_not_tested_again() {
    let mut scene = Scene::new(spec(&["smoke"]));
    for (revision, tree) in [(A, "t1"), (B, "t1"), (C, "t2")] {
        scene.tree(revision, tree);
    }
    scene.judged(A, Verdict::Passed);
    scene.push(B);
    scene.says(Status::Current, Reason::Passed, B);
    assert!(scene.status().message.as_ref().is_some_and(|words| words.contains("same content as aaaaaaa")));
    scene.deploy(B);
    scene.says(Status::Current, Reason::Passed, B);
    assert_eq!((scene.made.len(), scene.ends.len()), (1, 1));
    scene.push(C);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
}

#[test]
fn a_revert_is_tested_although_its_content_was_judged_before() {
    let revert = "ddddddd444444444444444444444444444444444";
    let mut scene = Scene::new(spec(&["smoke"]));
    for (revision, tree) in [(A, "t1"), (B, "t2"), (revert, "t1")] {
        scene.tree(revision, tree);
    }
    scene.judged(A, Verdict::Passed);
    scene.judged(B, Verdict::Failed);
    scene.deploy(revert);
    scene.says(Status::InProgress, Reason::Testing, revert);
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, revert);
    // The very same commit that comes back is tested, too, by executions of its own.
    scene.judged(B, Verdict::Passed);
    scene.judged(A, Verdict::Passed);
    assert_eq!(scene.made.iter().filter(|(_, revision)| revision == A).count(), 2);
}

#[test]
fn bad_content_that_somebody_brings_back_is_a_new_failure() {
    let (revert, again) = ("ddddddd444444444444444444444444444444444", "eeeeeee555555555555555555555555555555555");
    let mut scene = Scene::new(spec(&["smoke"]));
    for (revision, tree) in [(A, "t1"), (B, "t2"), (revert, "t1"), (again, "t2")] {
        scene.tree(revision, tree);
    }
    scene.judged(A, Verdict::Passed);
    scene.judged(B, Verdict::Failed);
    scene.rollback(RollbackPhase::Recovered);
    scene.judged(revert, Verdict::Passed);
    scene.judged(again, Verdict::Failed);
    assert_eq!(scene.rollbacks.len(), 2, "its record says why it is not taken back once more");
}

#[test]
fn content_that_becomes_known_late_brings_the_verdict_back() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.tree(A, "t1");
    scene.judged(A, Verdict::Failed);
    scene.observed.trees_pending = true;
    scene.deploy(B);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
    assert_eq!(scene.made.len(), 2, "what may be the same is not tested yet");
    scene.observed.trees_pending = false;
    scene.tree(B, "t1");
    scene.look();
    scene.says(Status::Failed, Reason::TestsFailed, B);
    assert_eq!((scene.made.len(), scene.rollbacks.len(), scene.status().verdicts.len()), (2, 1, 0));

    let mut scene = Scene::new(spec(&["smoke"]));
    scene.tree(A, "t1");
    scene.judged(A, Verdict::Passed);
    scene.observed.trees_pending = true;
    scene.deploy(B);
    assert_eq!(scene.made.len(), 1);
    scene.wait(30);
    assert_eq!(scene.made.len(), 2, "it is not waited for for ever");
}

#[test]
fn unrelated_commits_do_not_keep_a_test_from_its_end() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.tree(A, "t1");
    scene.tree(B, "t1");
    scene.deploy(A);
    scene.push(B);
    scene.says(Status::InProgress, Reason::Testing, B);
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, B);
    assert_eq!((scene.made.len(), scene.cancelled.len()), (1, 0));
}

#[test]
fn what_is_held_back_does_not_take_the_verdict_of_what_is_deployed() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.delivery().held = Some("automated sync is off".into());
    scene.push(B);
    scene.says(Status::Current, Reason::Passed, A);
    let words = scene.status().message.clone().expect("words");
    assert!(words.contains("bbbbbbb is not deployed: automated sync is off"), "{words}");
    scene.operate(B);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
}

#[test]
fn a_controller_that_cannot_see_git_changes_nothing() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    // Nothing of the application changed from A to B, so nothing was applied; then the comparison breaks.
    scene.delivery().attempted = Some(B.into());
    scene.judged(B, Verdict::Passed);
    scene.delivery().desired = None;
    scene.delivery().attempted = Some(A.into());
    scene.look();
    scene.says(Status::Current, Reason::Passed, B);
    // An operation says what it applies all the same.
    scene.operate(C);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
}

#[test]
fn an_object_that_was_made_anew_has_no_verdict() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.delivery().desired = None;
    scene.delivery().attempted = None;
    scene.look();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    // The very same revision: it was judged, and it is not deployed.
    scene.push(A);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    scene.wait(1);
    scene.deploy(A);
    scene.says(Status::InProgress, Reason::Testing, A);
    assert_eq!(scene.made.len(), 2);
}

#[test]
fn verdicts_belong_to_their_delivery_and_path() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    let Source::Branch(source) = &mut scene.delivery().sources[0] else { panic!("a branch") };
    source.path = "apps/other".into();
    scene.wait(1);
    scene.says(Status::InProgress, Reason::Testing, A);
    assert_eq!(scene.made.len(), 2);
    assert!(scene.status().last_good.is_some(), "it says where it came from");
    scene.delivery().reference.name = "web-2".into();
    scene.wait(1);
    scene.says(Status::InProgress, Reason::Testing, A);
    assert_eq!((&scene.status().last_good, scene.status().verdicts.len()), (&None, 0));
    assert_eq!(scene.cancelled.len(), 1);
}

#[test]
fn what_another_source_delivered_is_not_judged_as_if_the_new_one_had() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.delivery().sources[0] = Source::Branch(assay_api::GitSource { branch: "stable".into(), ..source() });
    scene.delivery().outdated = true;
    scene.wait(1);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    assert_eq!(scene.made.len(), 1, "nothing is tested");
    scene.delivery().outdated = false;
    scene.push(B);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
    assert_eq!(scene.status().verdicts, [], "they are of the other source");
}

#[test]
fn who_has_a_revision_judged_anew_asks_anew_where_nothing_came_of_the_record() {
    for (phase, records) in [(RollbackPhase::Refused, 2), (RollbackPhase::Expired, 2), (RollbackPhase::Recovered, 1)] {
        let mut scene = Scene::new(spec(&["smoke"]));
        scene.judged(A, Verdict::Passed);
        scene.judged(B, Verdict::Failed);
        scene.rollback(phase);
        assert_eq!(scene.rollbacks.len(), 1, "the same failure asks once");
        scene.observed.gate.rerun = Some("again".to_owned());
        scene.wait(60);
        scene.end(Verdict::Failed);
        scene.end(Verdict::Failed);
        assert_eq!((scene.current().turn, scene.rollbacks.len()), (1, records), "{phase}");
    }
}

#[test]
fn a_revision_that_is_rendered_with_something_else_is_judged_anew() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.tree(A, "t1");
    scene.judged(A, Verdict::Passed);
    scene.tree(B, "t1");
    scene.deploy(B);
    scene.says(Status::Current, Reason::Passed, B);
    // The spec of the delivery, which a parent applies, comes a moment after the revision.
    scene.observed.trees.insert(B.to_owned(), "t1 and other values".to_owned());
    scene.wait(1);
    scene.says(Status::InProgress, Reason::Testing, B);
    assert_eq!((scene.made.len(), scene.current().turn), (2, 1));
    scene.end(Verdict::Failed);
    scene.end(Verdict::Failed);
    scene.says(Status::Failed, Reason::TestsFailed, B);
}

#[test]
fn other_values_are_judged_anew_also_where_no_content_is_known() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.delivery().rendered_with = Some("v1".to_owned());
    scene.wait(1);
    scene.says(Status::Current, Reason::Passed, A);
    scene.delivery().rendered_with = Some("v2".to_owned());
    scene.delivery().applied = false;
    scene.wait(1);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    scene.apply();
    scene.says(Status::InProgress, Reason::Testing, A);
    assert_eq!((scene.made.len(), scene.current().turn), (2, 1));
}

#[test]
fn what_was_deployed_in_part_bars_the_way_back() {
    let mut scene = Scene::new(spec(&["smoke"]));
    for (revision, tree) in [(A, "t1"), (B, "t2"), (C, "t1")] {
        scene.tree(revision, tree);
    }
    scene.judged(A, Verdict::Passed);
    scene.push(B);
    scene.operate(B);
    scene.rest();
    scene.push(C);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
    scene.deploy(C);
    scene.says(Status::InProgress, Reason::Testing, C);
}

#[test]
fn other_content_of_the_same_revision_is_judged_anew() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.tree(A, "t1");
    scene.judged(A, Verdict::Passed);
    scene.delivery().applied_digest = Some("one".to_owned());
    scene.wait(1);
    scene.says(Status::Current, Reason::Passed, A);
    assert_eq!((scene.made.len(), scene.current().turn), (1, 0), "what was judged has a digest now");
    // The same paths, and a base beside them that changed.
    scene.tree(B, "t1");
    scene.deploy(B);
    scene.says(Status::Current, Reason::Passed, B);
    scene.delivery().applied_digest = None;
    scene.wait(1);
    scene.says(Status::Current, Reason::Passed, B);
    scene.delivery().applied_digest = Some("two".to_owned());
    scene.wait(1);
    scene.says(Status::InProgress, Reason::Testing, B);
    assert_eq!((scene.made.len(), scene.current().turn), (2, 1));
    // It changes once more while that is tested.
    scene.delivery().applied_digest = Some("three".to_owned());
    scene.wait(1);
    assert_eq!((scene.made.len(), scene.current().turn, scene.cancelled.len()), (3, 2, 1));
    scene.end(Verdict::Failed);
    scene.end(Verdict::Failed);
    scene.says(Status::Failed, Reason::TestsFailed, B);
    scene.wait(1);
    assert_eq!(scene.current().turn, 2, "it is judged");
}

#[test]
fn a_rerun_is_obeyed_once_and_mirrored() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.observed.gate.requested_at = Some("before".into());
    scene.judged(A, Verdict::Failed);
    assert_eq!(scene.status().last_handled_reconcile_at.as_deref(), Some("before"));
    scene.now += 5;
    scene.observed.gate.rerun = Some("one".into());
    scene.look();
    scene.says(Status::InProgress, Reason::Testing, A);
    assert_eq!((scene.current().turn, scene.made.len()), (1, 3));
    assert_eq!(scene.status().verdicts[0].verdict, Some(Verdict::Failed));
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
    scene.wait(5);
    assert_eq!(scene.current().turn, 1, "the same request again is none");
    scene.observed.gate.requested_at = Some("two".into());
    scene.look();
    assert_eq!(scene.current().turn, 2);
    // Judged anew in the middle: what runs is stopped.
    scene.observed.gate.rerun = Some("three".into());
    scene.look();
    assert_eq!((scene.current().turn, scene.cancelled.len()), (3, 1));
    let status = scene.status();
    let handled = (status.last_handled_reconcile_at.as_deref(), status.last_handled_rerun.as_deref());
    assert_eq!(handled, (Some("two"), Some("three")));
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
}

#[test]
fn an_operation_of_an_older_revision_is_what_is_judged() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.judged(B, Verdict::Passed);
    scene.operate(A);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    scene.apply();
    scene.says(Status::InProgress, Reason::Testing, A);
}

#[test]
fn the_history_is_short_and_keeps_who_said_no() {
    let mut scene = Scene::new(spec(&["smoke"]));
    for number in 0..14 {
        let name = format!("{number:040x}");
        scene.judged(&name, if number % 2 == 0 { Verdict::Failed } else { Verdict::Passed });
    }
    let status = scene.status();
    assert_eq!(status.verdicts.len(), 10);
    for known in &status.verdicts {
        let wanted = if known.verdict == Some(Verdict::Failed) { 2 } else { 0 };
        assert_eq!(known.executions.len(), wanted);
    }
}

#[test]
fn two_revisions_are_the_same_by_name_or_by_known_content() {
    let known = |name: &str, tree: Option<&str>| RevisionStatus { tree: tree.map(str::to_owned), ..revision(name) };
    for (one, other, same) in [
        (known(A, None), known(A, Some("t")), true),
        (known(A, None), known(B, None), false),
        (known(A, Some("t")), known(B, Some("t")), true),
        (known(A, Some("t")), known(B, Some("u")), false),
        (known(A, None), known(B, Some("t")), false),
    ] {
        assert_eq!(super::super::page::same(&one, &other), same, "{one:?} {other:?}");
    }
}

#[test]
fn nothing_is_decided_twice() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.observed.gate.rerun = Some("x".into());
    scene.judged(A, Verdict::Passed);
    scene.delivery().operation = Some(Operation::default());
    for _ in 0..3 {
        scene.look();
        let before = scene.status().clone();
        let decision = crate::gate::decide_gate(&scene.observed, at(scene.now + 7));
        assert_eq!((decision.status, decision.actions.len(), decision.end), (before, 0, None));
        scene.rest();
    }
}
