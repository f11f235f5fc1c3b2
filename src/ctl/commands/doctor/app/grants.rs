//! Whether somebody allows what the gates' policies would write.

use assay_api::{GitSource, GitWriteAccess, READY, RollbackMode, RollbackPolicy, TestGate};
use assay_gitops::{Judged, Source, allowed};
use assay_telemetry::error_chain;

use super::super::check::Check;
use super::words::called;
use crate::output::terminal::plain;
use crate::remote::deliveries::App;
use crate::remote::session::Session;

const TOPIC: &str = "grant";

/// What is said of them. A gate without a policy needs none.
pub(super) async fn check(session: &Session, app: &App, gates: &[TestGate]) -> Vec<Check> {
    let with_policy: Vec<(&TestGate, &RollbackPolicy)> =
        gates.iter().filter_map(|gate| Some((gate, gate.spec.rollback.as_ref()?))).collect();
    if with_policy.is_empty() {
        return Vec::new();
    }
    let mut checks: Vec<Check> = app.delivery.other_writers.iter().map(|writer| other_writer(writer)).collect();
    if app.delivery.rollback_paused {
        checks.push(Check::remark(TOPIC, "rollbacks of this delivery are paused by an annotation on it"));
    }
    let Some(source) = branch(app) else { return checks };
    let grants = match session.cluster.list_cluster_wide::<GitWriteAccess>().await {
        Ok(grants) => grants,
        Err(error) => {
            let said = format!("which grants there are is not known: {}", error_chain(&error));
            checks.push(Check::warn(
                TOPIC,
                said,
                "ask for the right to list gitwriteaccesses, or let an administrator run this",
            ));
            return checks;
        }
    };
    for (gate, policy) in with_policy {
        checks.extend(judge(gate, policy, source, &app.delivery.paths, &grants));
    }
    checks
}

fn branch(app: &App) -> Option<&GitSource> {
    let Judged::Source(at) = app.delivery.judged else { return None };
    match app.delivery.sources.get(at)? {
        Source::Branch(source) => Some(source),
        _ => None,
    }
}

fn other_writer(writer: &str) -> Check {
    Check::warn(
        TOPIC,
        format!(
            "{} writes to this source too, so the guard NoOtherWriter lets no more than a pull request be opened",
            plain(writer)
        ),
        "have the other program hold while a rollback is wanted, or leave rollbacks to it",
    )
}

fn judge(
    gate: &TestGate,
    policy: &RollbackPolicy,
    source: &GitSource,
    paths: &[String],
    grants: &[GitWriteAccess],
) -> Vec<Check> {
    let (name, place) = (called(gate), gate.metadata.namespace.as_deref().unwrap_or_default());
    let mut refusals = Vec::new();
    for grant in grants {
        match allowed(&grant.spec, place, source, paths) {
            Ok(missing) if missing.is_empty() => return vec![usable(&name, grant, policy, source)],
            Ok(missing) => refusals.push(format!("{} does not cover {}", named(grant), missing.join(", "))),
            Err(why) => refusals.push(format!("{}: {why}", named(grant))),
        }
    }
    let mut said = format!("no GitWriteAccess lets {name} write {} on {}", path_words(paths), source.branch);
    if let Some(refusal) = closest(&refusals) {
        said.push_str(&format!(" ({})", plain(refusal)));
    }
    let way_out = "an administrator makes one: see docs/gitops.md";
    vec![match policy.mode {
        RollbackMode::Observe => {
            Check::warn(TOPIC, said + "; without one, mode Observe refuses too and shows no commit", way_out)
        }
        _ => Check::fail(TOPIC, said, way_out),
    }]
}

/// Of several reasons the one that is not about another repository.
fn closest(refusals: &[String]) -> Option<&str> {
    let near = refusals.iter().find(|refusal| !refusal.contains("the delivery comes from"));
    near.or(refusals.first()).map(String::as_str)
}

fn path_words(paths: &[String]) -> String {
    let words: Vec<&str> =
        paths.iter().map(|path| if path.is_empty() { "the whole repository" } else { path }).collect();
    if words.is_empty() { "its paths".to_owned() } else { words.join(", ") }
}

fn named(grant: &GitWriteAccess) -> &str {
    grant.metadata.name.as_deref().unwrap_or_default()
}

/// What an allowing grant lacks, if anything.
fn usable(gate: &str, grant: &GitWriteAccess, policy: &RollbackPolicy, source: &GitSource) -> Check {
    let name = named(grant);
    let status = grant.status.clone().unwrap_or_default();
    let ready = status.conditions.iter().any(|condition| condition.type_ == READY && condition.status == "True");
    if grant.spec.freeze {
        return Check::warn(TOPIC, format!("{name} is frozen: nothing is written"), "set spec.freeze: false");
    }
    if !ready {
        let why = status.message.as_deref().map(plain).unwrap_or_else(|| "it was not tried yet".to_owned());
        return Check::fail(
            TOPIC,
            format!("{name} allows it and does not work: {why}"),
            "correct its credential or repository",
        );
    }
    let rank = |mode: RollbackMode| match mode {
        RollbackMode::Observe => 0,
        RollbackMode::PullRequest => 1,
        RollbackMode::Push => 2,
    };
    if rank(grant.spec.mode) < rank(policy.mode) {
        let said =
            format!("{name} goes no further than {}, and the policy of {gate} is {}", grant.spec.mode, policy.mode);
        return Check::warn(TOPIC, said, "set spec.mode of the grant, if more is wanted");
    }
    let asks_forge = policy.mode == RollbackMode::PullRequest || policy.pull_request_if_refused;
    if asks_forge && grant.spec.forge.is_none() {
        return Check::fail(TOPIC, format!("{name} names no forge, so there is no pull request"), "set spec.forge");
    }
    let protected = status.protected_branches.contains(&source.branch);
    if protected && policy.mode == RollbackMode::Push && !policy.pull_request_if_refused {
        let said = format!("the branch {} is protected from the credential of {name}", source.branch);
        return Check::fail(TOPIC, said, "let it push, or set pullRequestIfRefused in the gate's policy");
    }
    Check::ok(TOPIC, format!("{name} lets {gate} write (mode {}), and its credential works", grant.spec.mode))
}

#[cfg(test)]
mod tests {
    use assay_api::TestGateSpec;
    use serde_json::json;

    use super::super::super::check::Level;
    use super::*;

    fn grant(spec: &serde_json::Value, ready: bool) -> GitWriteAccess {
        let mut whole = json!({ "repository": "https://git.example.com/shop.git", "branches": ["main"],
            "namespaces": ["shop"], "paths": ["apps"], "mode": "Push" });
        for (key, value) in spec.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "GitWriteAccess", "metadata": { "name": "shop" }, "spec": whole,
            "status": { "message": "it answers 403", "protectedBranches": ["main"], "conditions": [{ "type": "Ready",
                "status": if ready { "True" } else { "False" }, "reason": "AccessWorks", "message": "m",
                "lastTransitionTime": "2026-01-01T00:00:00Z" }] },
        }))
        .expect("a grant")
    }

    fn judged(mode: RollbackMode, request: bool, grants: &[GitWriteAccess]) -> Check {
        let mut gate = TestGate::new("gate", TestGateSpec::default());
        gate.metadata.namespace = Some("shop".into());
        let policy = RollbackPolicy { mode, pull_request_if_refused: request, ..RollbackPolicy::default() };
        let source = GitSource {
            repository: "https://git.example.com/shop".into(),
            branch: "main".into(),
            path: "apps/shop".into(),
        };
        judge(&gate, &policy, &source, &["apps/shop".to_owned()], grants).remove(0)
    }

    #[test]
    fn what_a_push_lacks_is_said_before_it_is_tried() {
        let forge = json!({ "forge": { "kind": "Gitea" } });
        use RollbackMode::{Observe, PullRequest, Push};
        for (mode, request, grants, level, words) in [
            (Push, false, vec![], Level::Fail, "no GitWriteAccess lets shop/gate write apps/shop on main"),
            (Observe, false, vec![], Level::Warn, "shows no commit"),
            (Push, false, vec![grant(&json!({ "paths": ["other"] }), true)], Level::Fail, "does not cover apps/shop"),
            (Push, false, vec![grant(&json!({ "branches": ["release"] }), true)], Level::Fail, "spec.branches"),
            (Push, false, vec![grant(&json!({}), false)], Level::Fail, "it answers 403"),
            (Push, false, vec![grant(&json!({ "freeze": true }), true)], Level::Warn, "frozen"),
            (
                Push,
                false,
                vec![grant(&json!({ "mode": "PullRequest" }), true)],
                Level::Warn,
                "goes no further than PullRequest",
            ),
            (Push, false, vec![grant(&json!({}), true)], Level::Fail, "protected"),
            (PullRequest, false, vec![grant(&json!({}), true)], Level::Fail, "names no forge"),
            (Push, true, vec![grant(&forge, true)], Level::Ok, "its credential works"),
            (PullRequest, false, vec![grant(&forge, true)], Level::Ok, "its credential works"),
        ] {
            let check = judged(mode, request, &grants);
            assert_eq!(check.level, level, "{check:?}");
            assert!(check.lines()[0].contains(words), "{words}: {check:?}");
        }
    }
}
