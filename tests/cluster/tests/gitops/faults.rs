//! Races with people, with other managers, and with a Git server that is away.

use std::time::Duration;

use assay_cluster_tests::{
    App, Behaviour, Crash, Engine, FORGE, Manager, ManagerSettings, Outcome, Plan, Round, World, wait_for,
};
use assay_devcluster::{Cluster, Signal};
use jiff::Timestamp;
use serde_json::json;

use crate::loops::check;
use crate::own::{PATIENCE, folder, plan, settings};
use crate::suite::{Figures, Suite, holds, reverts};

/// What a point says once the record has the planned commit, before it is pushed.
pub(crate) const BEFORE_PUSH: &str = "recorded as Committing";
/// A Lease is believed for 15 seconds, and somebody has to start.
const LEADS_BY: Duration = Duration::from_secs(120);

/// Runs a rollback up to its intention, with the manager dead right before its push; then does something, and
/// starts it again. The good revision and the bad one are handed over.
fn interrupted<T>(
    suite: &Suite,
    meanwhile: impl FnOnce(&World) -> Outcome<T>,
    afterwards: impl FnOnce(&World, &str, &str, T) -> Outcome<Figures>,
) -> Outcome<Figures> {
    suite.within("race", plan(), |world| {
        let points = folder(suite.place, world)?.join("points.txt");
        let crash = Crash { at: BEFORE_PUSH.to_owned(), points };
        let manager = Manager::start(&settings(suite, world, "first")?, Some(&crash))?;
        manager.ready(PATIENCE)?;
        let told = |error| format!("{error}\n{}", manager.last_words());
        let good = world.begin().map_err(told)?;
        manager.hold_when_ended();
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let dead = wait_for(PATIENCE, || (!manager.runs()).then_some(()));
        dead.ok_or_else(|| told("the manager did not come to its intention".to_owned().into()))?;
        holds(world.repository().tip()? == bad, || "it was pushed before".to_owned())?;
        let done = meanwhile(world)?;
        manager.release();
        afterwards(world, &good, &bad, done).map_err(told).map_err(Into::into)
    })
}

pub(crate) fn race(suite: &Suite) -> Outcome<Figures> {
    let meanwhile = |world: &World| {
        world.repository().change("Write something down", &[("NOTES.md".to_owned(), "Noted.\n".to_owned())])
    };
    interrupted(suite, meanwhile, |world, good, bad, theirs| {
        let record = world.phase(App::Web, bad, "Recovered")?;
        let repository = world.repository();
        let ours = reverts(repository)?;
        holds(ours.len() == 1, || format!("reverts {ours:?}"))?;
        let parent = repository.git(&["rev-parse", &format!("{}^", ours[0])])?;
        holds(parent == theirs, || format!("the revert stands on {parent}, not on {theirs}"))?;
        holds(repository.entry(&ours[0], "NOTES.md")? != "-", || "the note was lost".to_owned())?;
        let (is, was) = (repository.entry(&ours[0], "apps/web")?, repository.entry(good, "apps/web")?);
        holds(is == was, || format!("apps/web is {is}, was {was}"))?;
        holds(record.number("/status/races") == 1, || format!("{} races", record.number("/status/races")))?;
        Ok(Vec::new())
    })
}

pub(crate) fn race_on_the_path(suite: &Suite) -> Outcome<Figures> {
    let meanwhile = |world: &World| {
        world.repository().change("Lower the price", &world.files(App::Web, &Behaviour::good("1.2.0"))?)
    };
    interrupted(suite, meanwhile, |world, _, bad, theirs| {
        let over = world.record_when(App::Web, bad, "is over", |record| {
            ["Refused", "Superseded"].contains(&record.text("/status/phase"))
        })?;
        let ours = reverts(world.repository())?;
        let tip = world.repository().tip()?;
        holds(ours.is_empty() && tip == theirs, || format!("{:#}\nreverts {ours:?}", over.0["status"]))?;
        Ok(Vec::new())
    })
}

pub(crate) fn two_managers(suite: &Suite) -> Outcome<Figures> {
    suite.within("rivals", plan(), |world| {
        let first = settings(suite, world, "first")?;
        let manager = Manager::start(&first, None)?;
        manager.ready(PATIENCE)?;
        let good = world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        // Frozen as soon as the record is there: some way before, or right at, its push.
        world.record_when(App::Web, &bad, "is there", |_| true)?;
        manager.signal(Signal::STOP)?;
        let second = settings(suite, world, "second")?;
        let rival = Manager::start(&ManagerSettings { data: first.data, ..second }, None)?;
        let led = wait_for(LEADS_BY, || rival.words().contains("leading").then_some(()));
        manager.signal(Signal::CONT)?;
        let round = Round::follow(world, App::Web, &bad)
            .map_err(|error| format!("{error}\n{}\n{}", manager.last_words(), rival.last_words()))?;
        check(world, &[App::Web], &good, &bad, &round)?;
        holds(led.is_some(), || "the other manager never led".to_owned())?;
        Ok(Vec::new())
    })
}

pub(crate) fn forge_away(suite: &Suite) -> Outcome<Figures> {
    let cluster = Cluster::from_env()?;
    suite.within("away", Plan::new(Engine::Argo).policy(json!({"approval": true})), |world| {
        let good = world.begin()?;
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let record = world.phase(App::Web, &bad, "AwaitingApproval")?;
        cluster.stop_component(FORGE)?;
        world.annotate("rollback", world.name(), record.text("/metadata/name"), "assay.dev/approve=true")?;
        std::thread::sleep(Duration::from_secs(60));
        cluster.start_component(FORGE)?;
        let back = Timestamp::now();
        let round = Round::follow(world, App::Web, &bad)?;
        check(world, &[App::Web], &good, &bad, &round)?;
        let since = |to: Timestamp| to.duration_since(back).as_secs_f64();
        Ok(vec![
            ("after it was back: reverted".to_owned(), since(round.reverted)),
            ("recovered".to_owned(), since(round.recovered)),
        ])
    })
}
