//! The three traps of a standing gate. Each test fails when its cure is taken away.

use assay_api::{Reason, RollbackPhase, Verdict};

use super::kstatus::Status;
use super::scene::{A, B, C, Scene, spec};

#[test]
fn stale_pass_the_verdict_of_the_last_revision_is_gone_before_the_next_one_is_applied() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
    // Git has moved; nothing is applied yet, and no operation has begun.
    scene.push(B);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
    scene.operate(B);
    assert_eq!(scene.kstatus(), Status::InProgress);
    scene.apply();
    scene.says(Status::InProgress, Reason::Testing, B);
    assert_eq!(scene.made.iter().filter(|(_, revision)| revision == B).count(), 1, "it is tested");
}

#[test]
fn stale_fail_the_revert_is_not_judged_by_the_verdict_of_the_bad_revision() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(A, Verdict::Passed);
    scene.judged(B, Verdict::Failed);
    scene.says(Status::Failed, Reason::TestsFailed, B);
    assert_eq!(scene.rollbacks.len(), 1);
    // Before our own push the gate is reset, so that even a controller that is quicker than our watch reads no failure.
    scene.rollback(RollbackPhase::Committing);
    scene.says(Status::InProgress, Reason::RollingBack, B);
    scene.rollback(RollbackPhase::Deploying);
    scene.says(Status::InProgress, Reason::RollingBack, B);
    scene.push(C);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
    scene.operate(C);
    assert_eq!(scene.kstatus(), Status::InProgress);
    scene.apply();
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, C);
}

#[test]
fn stale_fail_a_push_by_somebody_else_resets_the_gate_too() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(B, Verdict::Failed);
    scene.push(C);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
    assert_eq!(scene.status().verdicts[0].verdict, Some(Verdict::Failed), "the record stays");
}

#[test]
fn a_revert_that_could_not_be_written_leaves_the_failure_standing() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(B, Verdict::Failed);
    for phase in [RollbackPhase::Evaluating, RollbackPhase::Refused, RollbackPhase::AwaitingApproval] {
        scene.rollback(RollbackPhase::Committing);
        scene.says(Status::InProgress, Reason::RollingBack, B);
        scene.rollback(phase);
        scene.says(Status::Failed, Reason::TestsFailed, B);
    }
}

#[test]
fn deadlock_tests_begin_while_the_operation_still_waits_for_them() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.push(A);
    scene.operate(A);
    assert!(scene.made.is_empty());
    // The operation runs, and the controller itself takes nothing for good: it waits for this gate.
    assert!(scene.delivery().operation.is_some() && scene.delivery().settled.is_none());
    scene.apply();
    assert_eq!(scene.made.len(), 1);
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
}

#[test]
fn deadlock_a_failure_stays_while_the_operation_of_its_revision_runs() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.push(B);
    scene.operate(B);
    scene.apply();
    for _ in 0..2 {
        scene.end(Verdict::Failed);
    }
    scene.says(Status::Failed, Reason::TestsFailed, B);
    // The revert is in Git, and the operation holds on to the bad revision: with a gate in progress it never ended.
    scene.rollback(RollbackPhase::Deploying);
    scene.push(C);
    scene.says(Status::Failed, Reason::TestsFailed, B);
    scene.rest();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
}

#[test]
fn deadlock_a_failure_stays_until_the_health_check_of_flux_has_seen_it() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.push(B);
    scene.delivery().attempted = Some(B.to_owned());
    scene.delivery().awaits_health = true;
    scene.apply();
    assert!(scene.made.is_empty(), "what it applied is listed a moment later");
    scene.wait(1);
    for _ in 0..2 {
        scene.end(Verdict::Failed);
    }
    scene.says(Status::Failed, Reason::TestsFailed, B);
    // It looks every five seconds. The revert is in Git before it has looked: a gate in progress would keep it
    // checking the bad revision until its timeout, and the revert waiting.
    scene.rollback(RollbackPhase::Committing);
    scene.says(Status::Failed, Reason::TestsFailed, B);
    scene.rollback(RollbackPhase::Deploying);
    scene.push(C);
    scene.says(Status::Failed, Reason::TestsFailed, B);
    scene.delivery().awaits_health = false;
    scene.look();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
}

#[test]
fn deadlock_other_values_do_not_stop_the_tests_that_an_operation_waits_for() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.delivery().rendered_with = Some("v1".to_owned());
    scene.push(A);
    scene.operate(A);
    scene.apply();
    scene.says(Status::InProgress, Reason::Testing, A);
    let delivery = scene.delivery();
    (delivery.rendered_with, delivery.outdated, delivery.holds_older) = (Some("v2".to_owned()), true, true);
    delivery.applied = false;
    scene.wait(1);
    scene.says(Status::InProgress, Reason::Testing, A);
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
    scene.delivery().holds_older = false;
    scene.rest();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    scene.delivery().outdated = false;
    scene.wait(1);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, A);
    scene.apply();
    scene.says(Status::InProgress, Reason::Testing, A);
    assert_eq!((scene.made.len(), scene.current().turn), (2, 1));
}

#[test]
fn deadlock_a_newer_commit_does_not_stop_the_tests_that_an_operation_waits_for() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.push(A);
    scene.operate(A);
    scene.apply();
    scene.push(B);
    scene.says(Status::InProgress, Reason::Testing, A);
    assert!(scene.cancelled.is_empty());
    scene.end(Verdict::Passed);
    scene.says(Status::Current, Reason::Passed, A);
    scene.rest();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, B);
}

#[test]
fn deadlock_a_retry_that_takes_the_bad_revision_again_finds_its_verdict() {
    let mut scene = Scene::new(spec(&["smoke"]));
    scene.judged(B, Verdict::Failed);
    scene.push(C);
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
    // A retry has begun that clears its own result first: whose it is shows a moment later.
    scene.delivery().operation = Some(crate::delivery::Operation::default());
    scene.look();
    scene.operate(B);
    scene.says(Status::Failed, Reason::TestsFailed, B);
    scene.rest();
    scene.says(Status::InProgress, Reason::AwaitingDeployment, C);
    assert_eq!(scene.made.iter().filter(|(_, revision)| revision == B).count(), 2, "it is not tested again");
}
