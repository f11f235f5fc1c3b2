//! What is refused or held, and by which guard.

use assay_cluster_tests::{App, Behaviour, Board, Engine, Object, Outcome, Plan, Round, World};
use serde_json::{Value, json};

use crate::own::PATIENCE;
use crate::suite::{Figures, Suite, holds, reverts};

/// The record says that a guard gave this answer, with words to it.
pub(crate) fn answers(record: &Object, guard: &str, answer: &str) -> Outcome<()> {
    let said = record.guard(guard);
    let right = said.as_ref().is_some_and(|(said, why)| said == answer && !why.is_empty());
    holds(right, || format!("{guard} says {said:?}, not {answer}\n{}", record.objections().join("\n")))
}

/// A bad commit is judged, and refused by a guard; nothing is pushed.
fn refused(world: &World, bad: &str, guard: &str) -> Outcome<Figures> {
    world.verdict(App::Web, bad, "failed")?;
    let tip = world.repository().tip()?;
    let record = world.phase(App::Web, bad, "Refused")?;
    answers(&record, guard, "Refuse")?;
    holds(record.condition("Ready") == "True", || format!("{:#}", record.0["status"]["conditions"]))?;
    unchanged(world, &tip)
}

/// Nothing was written to the branch.
pub(crate) fn unchanged(world: &World, tip: &str) -> Outcome<Figures> {
    let (is, ours) = (world.repository().tip()?, reverts(world.repository())?);
    holds(is == tip && ours.is_empty(), || format!("the branch moved from {tip} to {is}, reverts {ours:?}"))?;
    Ok(Vec::new())
}

/// A second failure after a whole round is held by a guard.
fn held(suite: &Suite, plan: Plan, guard: &str) -> Outcome<Figures> {
    suite.within("held", plan, |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let round = Round::follow(world, App::Web, &bad)?;
        let again = world.commit(App::Web, "Raise it once more", &Behaviour::bad("1.2.0"))?;
        world.verdict(App::Web, &again, "failed")?;
        let record = world.phase(App::Web, &again, "Holding")?;
        answers(&record, guard, "Hold")?;
        let ours = reverts(world.repository())?;
        holds(ours == [round.revert], || format!("reverts {ours:?}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn cool_down(suite: &Suite) -> Outcome<Figures> {
    held(suite, Plan::new(Engine::Argo), "CooledDown")
}

pub(crate) fn budget(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).policy(json!({"coolDown": "1s"}));
    held(suite, plan.grant(json!({"spec": {"budget": {"count": 1, "window": "30m"}}})), "WithinBudget")
}

pub(crate) fn revert_of_a_revert(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).policy(json!({"coolDown": "1s"}));
    suite.within("again", plan, |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let round = Round::follow(world, App::Web, &bad)?;
        let repository = world.repository();
        repository.pull()?;
        repository.git(&["revert", "--no-edit", &round.revert])?;
        let again = repository.git(&["rev-parse", "HEAD"])?;
        repository.push()?;
        world.nudge()?;
        world.verdict(App::Web, &again, "failed")?;
        let record = world.phase(App::Web, &again, "Refused")?;
        answers(&record, "NotARollback", "Refuse")?;
        holds(repository.tip()? == again, || "something was pushed".to_owned())?;
        Ok(Vec::new())
    })
}

pub(crate) fn no_last_good(suite: &Suite) -> Outcome<Figures> {
    suite.within("first", Plan::new(Engine::Argo), |world| {
        let bad = world.begin_with(&Behaviour::bad("1.0.0"))?;
        refused(world, &bad, "LastGoodKnown")
    })
}

pub(crate) fn merge_commit(suite: &Suite) -> Outcome<Figures> {
    suite.within("merge", Plan::new(Engine::Argo), |world| {
        world.begin()?;
        let repository = world.repository();
        repository.git(&["switch", "-q", "-c", "feature"])?;
        repository.write(&world.files(App::Web, &Behaviour::bad("1.1.0"))?)?;
        repository.commit("Raise the price")?;
        repository.git(&["switch", "-q", "main"])?;
        repository.git(&["merge", "-q", "--no-ff", "-m", "Merge branch 'feature'", "feature"])?;
        let bad = repository.git(&["rev-parse", "HEAD"])?;
        repository.push()?;
        world.nudge()?;
        // A person decides: only a pull request is opened.
        world.verdict(App::Web, &bad, "failed")?;
        let record = world.phase(App::Web, &bad, "PullRequestOpen")?;
        answers(&record, "NoMerge", "PullRequest")?;
        unchanged(world, &bad)
    })
}

pub(crate) fn shared_base(suite: &Suite) -> Outcome<Figures> {
    let base = |colour: &str| {
        let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: base}}\ndata: {{colour: {colour}}}\n");
        ("base/colour.yaml".to_owned(), map)
    };
    let (path, text) = base("green");
    let app = "resources: [service.yaml, tests.yaml, gate.yaml, ../../base]\n";
    let plan = Plan::new(Engine::Flux)
        .file(&path, &text)
        .file("base/kustomization.yaml", "resources: [colour.yaml]\n")
        .file("apps/web/kustomization.yaml", app);
    suite.within("base", plan, |world| {
        world.begin()?;
        let mut files = world.files(App::Web, &Behaviour::bad("1.1.0"))?;
        files.push(base("red"));
        let bad = world.repository().change("Paint it red", &files)?;
        world.nudge()?;
        world.verdict(App::Web, &bad, "failed")?;
        let record = world.phase(App::Web, &bad, "PullRequestOpen")?;
        answers(&record, "SharedBaseUnchanged", "PullRequest")?;
        let (_, why) = record.guard("SharedBaseUnchanged").unwrap_or_default();
        holds(why.contains("base"), || why.clone())?;
        unchanged(world, &bad)
    })
}

pub(crate) fn tag_target(suite: &Suite) -> Outcome<Figures> {
    let mut plan = Plan::new(Engine::Flux);
    plan.source = json!({"spec": {"ref": {"branch": null, "tag": "v1"}}});
    suite.within("tag", plan, |world| {
        let good = world.first_commit(&Behaviour::good("1.0.0"))?;
        let repository = world.repository();
        repository.git(&["tag", "v1"])?;
        repository.git(&["push", "-q", "origin", "v1"])?;
        world.give_grant()?;
        world.deliver()?;
        world.verdict(App::Web, &good, "passed")?;
        let bad = repository.change("Raise the price", &world.files(App::Web, &Behaviour::bad("1.1.0"))?)?;
        repository.git(&["tag", "v2"])?;
        repository.git(&["push", "-q", "origin", "v2"])?;
        let patch = r#"{"spec":{"ref":{"tag":"v2"}}}"#;
        world.kubectl(&["-n", world.name(), "patch", "gitrepository", "shop", "--type=merge", "-p", patch])?;
        refused(world, &bad, "SourceIsBranch")
    })
}

pub(crate) fn no_grant(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan { grant: None, ..Plan::new(Engine::Argo) };
    suite.within("ungranted", plan, |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        refused(world, &bad, "Granted")
    })
}

/// Good, protected and granted, then bad.
fn protected(world: &World) -> Outcome<String> {
    let good = world.first_commit(&Behaviour::good("1.0.0"))?;
    let repository = world.repository();
    repository.forge().protect(repository.name(), "main")?;
    world.give_grant()?;
    world.deliver()?;
    world.verdict(App::Web, &good, "passed")?;
    world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))
}

pub(crate) fn protected_branch(suite: &Suite) -> Outcome<Figures> {
    suite.within("protected", Plan::new(Engine::Argo), |world| {
        let bad = protected(world)?;
        refused(world, &bad, "BranchWritable")
    })
}

pub(crate) fn protected_branch_pull_request(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).policy(json!({"pullRequestIfRefused": true}));
    suite.within("protected", plan, |world| {
        let bad = protected(world)?;
        world.verdict(App::Web, &bad, "failed")?;
        let record = world.phase(App::Web, &bad, "PullRequestOpen")?;
        answers(&record, "BranchWritable", "PullRequest")?;
        let repository = world.repository();
        let requests = repository.forge().pull_requests(repository.name())?;
        holds(requests.len() == 1 && repository.tip()? == bad, || format!("{requests:?}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn kargo(suite: &Suite) -> Outcome<Figures> {
    let stage = json!({"metadata": {"annotations": {"kargo.akuity.io/authorized-stage": "shop:prod"}}});
    suite.within("kargo", Plan::new(Engine::Argo).delivery(stage), |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        world.verdict(App::Web, &bad, "failed")?;
        let record = world.phase(App::Web, &bad, "PullRequestOpen")?;
        answers(&record, "NoOtherWriter", "PullRequest")?;
        let (_, why) = record.guard("NoOtherWriter").unwrap_or_default();
        holds(why.contains("Kargo"), || why.clone())?;
        unchanged(world, &bad)
    })
}

pub(crate) fn observe(suite: &Suite) -> Outcome<Figures> {
    suite.within("observe", Plan::new(Engine::Argo).policy(json!({"mode": "Observe"})), |world| {
        world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        world.verdict(App::Web, &bad, "failed")?;
        let record = world.phase(App::Web, &bad, "Observed")?;
        let commit = &record.0["status"]["commit"];
        let planned = commit["parent"] == bad.as_str() && commit["id"].as_str().is_some_and(|id| id.len() == 40);
        holds(planned, || format!("the record plans {commit:#}"))?;
        dry_run(world, &bad, commit["files"].clone())?;
        unchanged(world, &bad)
    })
}

/// What a policy that pushes would do is asked and answered, Git included; nothing is done, and nothing stays.
fn dry_run(world: &World, bad: &str, files: Value) -> Outcome<()> {
    let before = world.records().len();
    let said = world.namespace().assay(&["rollback", "dry-run", "web", "--mode", "push"])?;
    let told = ["all guards agree", "Would write:", "would be pushed to main", "the gate's own is Observe"];
    let missing: Vec<_> = told.iter().filter(|words| !said.stdout.contains(**words)).collect();
    holds(said.code == 0 && missing.is_empty(), || format!("{missing:?} are not in {said:?}"))?;
    let kept = world.namespace().assay(&["rollback", "dry-run", "web", "--mode", "push", "--keep", "-o", "json"])?;
    let record = Object(serde_json::from_str(&kept.stdout).map_err(|error| format!("{error}: {kept:?}"))?);
    let (status, spec) = (&record.0["status"], &record.0["spec"]);
    let answered = record.text("/status/phase") == "Observed"
        && status["commit"]["parent"] == bad
        && status["commit"]["files"] == files
        && (&spec["policy"]["mode"], &spec["dryRun"]["mode"]) == (&json!("Observe"), &json!("Push"))
        && record.condition("Ready") == "True";
    holds(answered, || format!("the dry run says {:#}", record.0))?;
    let number = |what: &str, wanted: usize| {
        let reached = |board: &Board| (board.of("Rollback", world.name()).len() == wanted).then_some(());
        world.live().until(what, PATIENCE, reached)
    };
    number("the dry run is kept", before + 1)?;
    world.annotate("testgate", world.name(), "web", "assay.dev/dry-run-")?;
    number("the dry run is removed", before)
}
