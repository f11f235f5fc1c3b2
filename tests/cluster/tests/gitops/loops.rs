//! The loop whole: a bad commit, its verdict, and what becomes of it.

use std::time::Duration;

use assay_cluster_tests::{App, Behaviour, Engine, Outcome, Plan, Round, World, wait_for};
use jiff::Timestamp;
use serde_json::json;

use crate::own::PATIENCE;
use crate::suite::{Figures, Suite, holds, reverts};

/// Whoever makes no record now will make none: verdict and record come within milliseconds.
const A_WHILE: Duration = Duration::from_secs(4);

/// Everything that must be true of a revert of one app, whoever delivers it.
pub(crate) fn check(world: &World, apps: &[App], good: &str, bad: &str, round: &Round) -> Outcome<()> {
    let repository = world.repository();
    let reverts = reverts(repository)?;
    holds(reverts == [round.revert.clone()], || format!("reverts on the branch: {reverts:?}"))?;
    let log = repository.log()?;
    let commit = log.iter().find(|commit| commit.id == round.revert).ok_or("the revert is not on the branch")?;
    for trailer in [format!("Assay-Bad-Revision: {bad}"), format!("Assay-Good-Revision: {good}")] {
        holds(commit.message.contains(&trailer), || format!("`{trailer}` is not in\n{}", commit.message))?;
    }
    holds(commit.author != "Dana Developer", || format!("{commit:?}"))?;
    let parents = repository.git(&["show", "-s", "--format=%P", &round.revert])?;
    holds(parents.split_whitespace().count() == 1, || format!("parents {parents}"))?;
    let changed = repository.differing(&format!("{}^", round.revert), &round.revert)?;
    let folders: Vec<String> = apps.iter().map(|app| format!("{}/", app.folder())).collect();
    let foreign: Vec<_> =
        changed.iter().filter(|path| !folders.iter().any(|folder| path.starts_with(folder))).collect();
    holds(foreign.is_empty() && !changed.is_empty(), || format!("the revert changes {changed:?}"))?;
    for app in apps {
        let (is, was) = (repository.entry(&round.revert, &app.folder())?, repository.entry(good, &app.folder())?);
        holds(is == was, || format!("{} is {is}, was {was}", app.folder()))?;
        let gate = world.verdict(*app, &round.revert, "passed")?;
        holds(gate.condition("Ready") == "True", || format!("{:#}", gate.0["status"]))?;
    }
    holds(!round.record.text("/status/recoveryTime").is_empty(), || format!("{:#}", round.record.0["status"]))?;
    let asked = round.record.list("/status/findings").len();
    holds(asked == 26, || format!("{asked} guards are in the record"))
}

/// What the forge shows at a commit, once it is that.
fn shown(world: &World, commit: &str, state: &str) -> Outcome<()> {
    let repository = world.repository();
    let is = wait_for(PATIENCE, || {
        let statuses = repository.forge().statuses(repository.name(), commit).ok()?;
        statuses.first().is_some_and(|(context, is)| context.starts_with("assay/") && is == state).then_some(())
    });
    is.ok_or_else(|| format!("{commit} shows {:?}", repository.forge().statuses(repository.name(), commit)).into())
}

pub(crate) fn argo_push(suite: &Suite) -> Outcome<Figures> {
    suite.within("argo", Plan::new(Engine::Argo), |world| {
        let good = world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        world.delivery_when(App::Web, "is healthy again", |app| app.text("/status/health/status") == "Healthy")?;
        // Argo CD may miss it: soon after its verdict the gate says that a revert is on its way.
        let red = world.live().now(|board| {
            let mut gate = board.moments(world.name()).into_iter().filter(|moment| moment.kind == "TestGate");
            gate.any(|moment| moment.now.starts_with("TestsFailed of ") && moment.now.contains("Ready=False"))
        });
        holds(red, || "the gate never was red".to_owned())?;
        shown(world, &bad, "failure")?;
        shown(world, &round.revert, "success")?;
        Ok(round.figures())
    })
}

pub(crate) fn flux_push(suite: &Suite) -> Outcome<Figures> {
    suite.within("flux", Plan::new(Engine::Flux), |world| {
        let good = world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        world.delivery_when(App::Web, "is ready again", |kustomization| {
            kustomization.condition("Ready") == "True"
                && kustomization.text("/status/lastAppliedRevision").ends_with(&round.revert)
        })?;
        Ok(round.figures())
    })
}

pub(crate) fn webhook(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan { source: json!({"spec": {"interval": "1h"}}), ..Plan::new(Engine::Flux) };
    suite.within("webhook", plan, |world| {
        let good = world.begin()?;
        world.tell_manager()?;
        // Nobody nudges Flux: for an hour it would not look.
        let bad = world.repository().change("Raise the price", &world.files(App::Web, &Behaviour::bad("1.1.0"))?)?;
        let pushed = Timestamp::now();
        world.gate_when(App::Web, "sees the commit", |gate| gate.text("/status/current/revision") == bad)?;
        let seen = Timestamp::now().duration_since(pushed).as_secs_f64();
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        Ok(vec![("push to gate".to_owned(), seen)])
    })
}

pub(crate) fn signed(suite: &Suite) -> Outcome<Figures> {
    let folder = suite.place.root().join("target/gitops/signing");
    std::fs::create_dir_all(&folder)?;
    let (key, signers) = (folder.join("key"), folder.join("signers"));
    if !key.exists() {
        let name = key.display().to_string();
        suite.place.tool("ssh-keygen").run(&["-q", "-t", "ed25519", "-N", "", "-C", "assay", "-f", &name])?;
    }
    let public = std::fs::read_to_string(key.with_extension("pub"))?;
    std::fs::write(&signers, format!("assay@example.com {public}"))?;
    let signing = json!({"spec": {"author": {"name": "Assay", "email": "assay@example.com"}}});
    suite.within("signed", Plan::new(Engine::Flux).grant(signing), |world| {
        let good = world.begin()?;
        let secret = format!("{}-signing", world.name());
        let file = format!("--from-file=identity={}", key.display());
        world.kubectl(&["-n", "assay-system", "create", "secret", "generic", &secret, &file])?;
        let patch = json!({"spec": {"signing": {"secret": {"name": secret}}}}).to_string();
        world.kubectl(&["patch", "gitwriteaccess", world.name(), "--type=merge", "-p", &patch])?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let round = Round::follow(world, App::Web, &bad)?;
        world.kubectl(&["-n", "assay-system", "delete", "secret", &secret])?;
        check(world, &[App::Web], &good, &bad, &round)?;
        let allowed = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        let verify = ["-c", "gpg.format=ssh", "-c", &allowed, "verify-commit", "--raw", &round.revert];
        world.repository().git(&verify).map_err(|error| format!("the revert is not signed well: {error}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn pull_request(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).policy(json!({"mode": "PullRequest"}));
    suite.within("pr", plan, |world| {
        let good = world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        world.verdict(App::Web, &bad, "failed")?;
        let failed = Timestamp::now();
        let record = world.phase(App::Web, &bad, "PullRequestOpen")?;
        let opened = Timestamp::now();
        let repository = world.repository();
        holds(repository.tip()? == bad, || "something was pushed to the branch".to_owned())?;
        let requests = repository.forge().pull_requests(repository.name())?;
        holds(requests.len() == 1, || format!("{requests:?}"))?;
        let number = record.number("/status/pullRequest/number");
        holds(requests[0]["number"] == number, || format!("the record says {number}"))?;
        let body = requests[0]["body"].as_str().unwrap_or_default();
        holds(body.contains(&bad[..7]) && body.contains(&good[..7]), || format!("the request says\n{body}"))?;
        repository.forge().merge(repository.name(), number)?;
        world.nudge()?;
        world.phase(App::Web, &bad, "Recovered")?;
        let merged = repository.tip()?;
        repository.git(&["fetch", "-q", "origin"])?;
        let (is, was) = (repository.entry(&merged, "apps/web")?, repository.entry(&good, "apps/web")?);
        holds(is == was, || format!("apps/web is {is}, was {was}"))?;
        Ok(vec![("opened".to_owned(), opened.duration_since(failed).as_secs_f64())])
    })
}

pub(crate) fn multi_source(suite: &Suite) -> Outcome<Figures> {
    let more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {colour: green}\n";
    let plan = Plan::new(Engine::Argo).gate(json!({"spec": {"delivery": {"source": 0}}})).file("more/map.yaml", more);
    suite.within("sources", plan, |world| {
        let good = world.first_commit(&Behaviour::good("1.0.0"))?;
        world.give_grant()?;
        let url = world.repository().url();
        let source = |path: &str| json!({"repoURL": url, "path": path, "targetRevision": "main"});
        let sources = json!({"spec": {"source": null, "sources": [source("apps/web"), source("more")]}});
        let name = world.delivery_name(App::Web);
        world.apply(&Engine::Argo.delivery(&name, world.name(), &url, "apps/web", &sources))?;
        world.verdict(App::Web, &good, "passed")?;
        let mut files = world.files(App::Web, &Behaviour::bad("1.1.0"))?;
        files.push(("more/map.yaml".to_owned(), more.replace("green", "blue")));
        let bad = world.repository().change("Raise the price, in blue", &files)?;
        world.nudge()?;
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        let repository = world.repository();
        let (is, was) = (repository.entry(&round.revert, "more")?, repository.entry(&bad, "more")?);
        holds(is == was, || "the other source was changed".to_owned())?;
        Ok(round.figures())
    })
}

pub(crate) fn monorepo(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).apps(&[App::Web, App::Api]);
    suite.within("mono", plan, |world| {
        let good = world.begin()?;
        let mut files = world.files(App::Web, &Behaviour::bad("1.1.0"))?;
        files.extend(world.files(App::Api, &Behaviour::good("1.1.0"))?);
        files.push(("README.md".to_owned(), "Two apps.\n".to_owned()));
        let bad = world.repository().change("Change both", &files)?;
        world.nudge()?;
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        let repository = world.repository();
        let (is, was) = (repository.entry(&round.revert, "apps/api")?, repository.entry(&bad, "apps/api")?);
        holds(is == was, || "the other app was changed".to_owned())?;
        holds(repository.entry(&round.revert, "README.md")? != "-", || "README.md was lost".to_owned())?;
        holds(world.records().len() == 1, || format!("{} records", world.records().len()))?;
        Ok(round.figures())
    })
}

pub(crate) fn two_apps_one_commit(suite: &Suite) -> Outcome<Figures> {
    let plan = Plan::new(Engine::Argo).apps(&[App::Web, App::Api]);
    suite.within("both", plan, |world| {
        let good = world.begin()?;
        let mut files = world.files(App::Web, &Behaviour::bad("1.1.0"))?;
        files.extend(world.files(App::Api, &Behaviour::bad("1.1.0"))?);
        let bad = world.repository().change("Break both", &files)?;
        world.nudge()?;
        let round = Round::follow(world, App::Web, &bad)?;
        world.phase(App::Api, &bad, "Recovered")?;
        check(world, &[App::Web, App::Api], &good, &bad, &round)?;
        Ok(round.figures())
    })
}

pub(crate) fn flaky(suite: &Suite) -> Outcome<Figures> {
    suite.within("flaky", Plan::new(Engine::Argo), |world| {
        world.begin()?;
        let second = world.commit(App::Web, "Wobble", &Behaviour::flaky("1.1.0"))?;
        let gate = world.verdict(App::Web, &second, "flaky")?;
        holds(gate.condition("Ready") == "True", || format!("{:#}", gate.0["status"]))?;
        without_record(world, &second)
    })
}

pub(crate) fn errored(suite: &Suite) -> Outcome<Figures> {
    suite.within("errored", Plan::new(Engine::Argo), |world| {
        world.begin()?;
        let second = world.commit(App::Web, "Look elsewhere", &Behaviour::unjudged("1.1.0"))?;
        let gate = world.verdict(App::Web, &second, "errored")?;
        holds(gate.condition("Stalled") == "True", || format!("{:#}", gate.0["status"]))?;
        without_record(world, &second)
    })
}

/// The same tests as control: they fail with the last good revision too, as they do when the environment is broken.
pub(crate) fn control(suite: &Suite) -> Outcome<Figures> {
    let control = json!({"spec": {"confirmation": {"control": {"name": "web-smoke"}}}});
    suite.within("control", Plan::new(Engine::Argo).gate(control), |world| {
        let good = world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let gate = world.verdict(App::Web, &bad, "errored")?;
        holds(gate.text("/status/reason") == "EnvironmentBroken", || format!("{:#}", gate.0["status"]))?;
        let runs = gate.list("/status/current/executions");
        let control = runs.iter().find(|run| run["role"] == "Control").and_then(|run| run["name"].as_str());
        let name = control.ok_or_else(|| format!("no control run among {runs:#?}"))?;
        let tested = ["-n", world.name(), "get", "tex", name, "-o", "jsonpath={.spec.revision}"];
        holds(world.kubectl(&tested)? == good, || "the control run is not about the good revision".to_owned())?;
        without_record(world, &bad)
    })
}

/// The new pods never become ready, and those of before go on answering.
pub(crate) fn never_ready(suite: &Suite) -> Outcome<Figures> {
    let times = json!({"spec": {"readyTimeout": "45s", "timeout": "90s"}});
    suite.within("unready", Plan::new(Engine::Argo).gate(times), |world| {
        let good = world.begin()?;
        let mut files = world.files(App::Web, &Behaviour::good("1.1.0"))?;
        for (_, text) in &mut files {
            *text = text.replace("path: /healthz", "path: /nowhere");
        }
        let stuck = world.repository().change("Ask elsewhere whether it is ready", &files)?;
        world.nudge()?;
        let gate = world.verdict(App::Web, &stuck, "errored")?;
        let (reason, last_good) = (gate.text("/status/reason"), gate.text("/status/lastGood/revision"));
        holds((reason, last_good) == ("WorkloadsNotReady", good.as_str()), || format!("{:#}", gate.0["status"]))?;
        without_record(world, &stuck)
    })
}

fn without_record(world: &World, tip: &str) -> Outcome<Figures> {
    let made = world.live().until("a record", A_WHILE, |board| board.of("Rollback", world.name()).first().map(|_| ()));
    holds(made.is_err(), || format!("a record was made: {:#}", world.records()[0].0))?;
    holds(world.repository().tip()? == tip, || "something was pushed".to_owned())?;
    Ok(Vec::new())
}
