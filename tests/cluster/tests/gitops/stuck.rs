//! An operation of Argo CD that holds on to the bad revision: it waits ten minutes before it tries it again, and
//! meanwhile takes no commit.

use assay_cluster_tests::{App, Behaviour, Outcome, Plan, Round, World};
use serde_json::json;

use crate::loops::check;
use crate::suite::{Figures, Suite, holds, reverts};
use crate::traps::{commit, operation, two_waves};

fn patient(unblock: bool) -> Plan {
    let retry = json!({"limit": 5, "backoff": {"duration": "10m", "factor": 1, "maxDuration": "10m"}});
    two_waves().delivery(json!({"spec": {"syncPolicy": {"retry": retry}}})).policy(json!({"unblock": unblock}))
}

/// The good revision, and the bad one. A commit that comes while an operation runs would be applied as self-heal: by
/// an operation without hooks, which ends at once.
fn held_up(world: &World) -> Outcome<(String, String)> {
    let good = world.begin()?;
    holds(operation(world, &good)? == "Succeeded", || "the first operation failed".to_owned())?;
    Ok((good, commit(world, &Behaviour::bad("1.1.0"))?))
}

/// How often an operation of this revision was ended on demand.
fn ended(world: &World, revision: &str) -> usize {
    let words = format!("operation Terminating at {}", &revision[..7]);
    world.live().now(|board| {
        let moments = board.moments(&world.delivery_name(App::Web)).into_iter();
        moments.filter(|moment| moment.now.contains(&words)).count()
    })
}

/// The policy has the operation ended.
pub(crate) fn unblocked(suite: &Suite) -> Outcome<Figures> {
    suite.within("stuck", patient(true), |world| {
        let (good, bad) = held_up(world)?;
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        holds(ended(world, &bad) > 0, || "nobody ended the operation of the bad revision".to_owned())?;
        holds(ended(world, &round.revert) == 0, || "the operation of the revert was ended".to_owned())?;
        Ok(round.figures())
    })
}

/// The policy does not: the record says what it waits for, until a person ends the operation.
pub(crate) fn kept(suite: &Suite) -> Outcome<Figures> {
    suite.within("stuck", patient(false), |world| {
        let (_, bad) = held_up(world)?;
        world.verdict(App::Web, &bad, "failed")?;
        world.record_when(App::Web, &bad, "says what it waits for", |record| {
            record.text("/status/phase") == "Deploying" && record.text("/status/message").contains("policy.unblock")
        })?;
        holds(ended(world, &bad) == 0, || "the operation was ended without leave".to_owned())?;
        let end = r#"{"status":{"operationState":{"phase":"Terminating"}}}"#;
        let delivery = world.delivery_name(App::Web);
        world.kubectl(&["-n", "argocd", "patch", "application", &delivery, "--type=merge", "-p", end])?;
        world.phase(App::Web, &bad, "Recovered")?;
        let ours = reverts(world.repository())?;
        holds(ours.len() == 1, || format!("reverts {ours:?}"))?;
        Ok(Vec::new())
    })
}
