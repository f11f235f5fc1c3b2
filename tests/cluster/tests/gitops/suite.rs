//! What all cases share, and how one is run in a world of its own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use assay_cluster_tests::{Forge, Outcome, Place, Plan, Repository, World, cluster_forge, teach_argocd};
use serde_json::json;

use crate::canaries::{CommandLines, found_in};

/// What was measured: what it is, and seconds.
pub(crate) type Figures = Vec<(String, f64)>;

/// Namespace of the gates that keep the breaker of the cluster closed.
const CROWD: &str = "gitops-crowd";
/// With so many gates that do not fail, the failing ones of the suite are never most of them.
const CROWD_SIZE: usize = 60;

/// The cluster with its forge.
pub(crate) struct Suite {
    pub(crate) place: &'static Place,
    pub(crate) forge: Forge,
    runner_image: Mutex<String>,
    lines: CommandLines,
}

/// What came of a case.
pub(crate) struct Report {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<Figures, String>,
}

impl Suite {
    /// Finds Argo CD, Flux and the forge, and makes the crowd.
    pub(crate) fn open(place: &'static Place) -> Outcome<Self> {
        let forge = cluster_forge(place)?;
        teach_argocd(place)?;
        crowd(place)?;
        let bot = forge.bot()?;
        let lines = CommandLines::watch(vec![bot.password, bot.token]);
        Ok(Self { place, forge, runner_image: Mutex::new(String::new()), lines })
    }

    /// Tells the image with the runner to cases that start managers.
    pub(crate) fn give(&self, runner_image: &str) {
        runner_image.clone_into(&mut self.runner_image.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The image with the runner.
    pub(crate) fn runner_image(&self) -> String {
        self.runner_image.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does something in a new world, and looks for canaries there afterwards. When it goes wrong, the story of the
    /// world is told.
    pub(crate) fn within<T>(&self, prefix: &str, plan: Plan, act: impl FnOnce(&World) -> Outcome<T>) -> Outcome<T> {
        let world = World::open(self.place, &self.forge, prefix, plan)?;
        let done = act(&world).and_then(|done| {
            let leaks = found_in(&world)?;
            if leaks.is_empty() { Ok(done) } else { Err(format!("the canary is in {}", leaks.join(", ")).into()) }
        });
        done.map_err(|error| format!("{error}\n{}", world.autopsy()).into())
    }

    /// Looks for canaries where all cases leave their traces.
    pub(crate) fn leaks(&self) -> Report {
        let outcome = self.forge.bot().and_then(|bot| {
            let mut leaks = crate::canaries::found_everywhere(self.place, &bot)?;
            leaks.extend(self.lines.seen());
            if leaks.is_empty() { Ok(Vec::new()) } else { Err(format!("the canary is in {}", leaks.join(", ")).into()) }
        });
        Report { name: "canaries", took: Duration::ZERO, outcome: outcome.map_err(|error| error.to_string()) }
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        self.place.kubectl().answer(&["delete", "namespace", CROWD, "--wait=false"]).ok();
    }
}

impl Report {
    pub(crate) fn good(&self) -> bool {
        self.outcome.is_ok()
    }

    pub(crate) fn line(&self) -> String {
        let took = self.took.as_secs_f64();
        match &self.outcome {
            Ok(figures) => {
                let figures: Vec<_> = figures.iter().map(|(what, seconds)| format!("{what} {seconds:.2} s")).collect();
                format!("ok   {:<32} {took:>6.1} s  {}", self.name, figures.join(", "))
            }
            Err(why) => format!("BAD  {:<32} {took:>6.1} s  {why}", self.name),
        }
    }
}

/// How many cases are tried side by side.
pub(crate) fn lanes() -> usize {
    std::env::var("ASSAY_GITOPS_LANES").ok().and_then(|lanes| lanes.parse().ok()).unwrap_or(4)
}

/// Gates whose deliveries do not exist: they fail nothing, and they count.
fn crowd(place: &Place) -> Outcome<()> {
    place.kubectl().answer(&["create", "namespace", CROWD])?;
    let gate = |number: usize| {
        json!({"apiVersion": "assay.dev/v1alpha1", "kind": "TestGate",
            "metadata": {"name": format!("quiet-{number}"), "namespace": CROWD},
            "spec": {"delivery": {"kind": "Application", "name": "nobody", "namespace": CROWD},
                "workflows": [{"name": "nothing"}]}})
    };
    let gates: Vec<_> = (0..CROWD_SIZE).map(gate).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": gates});
    place.kubectl().run_with(&["apply", "-f", "-"], &list.to_string())?;
    Ok(())
}

/// Commits of a repository that Assay made.
pub(crate) fn reverts(repository: &Repository) -> Outcome<Vec<String>> {
    let log = repository.log()?;
    let ours = log.into_iter().filter(|commit| commit.message.contains("\nAssay-Rollback: "));
    Ok(ours.map(|commit| commit.id).collect())
}

/// Says what is wrong, unless it holds.
pub(crate) fn holds(it: bool, otherwise: impl FnOnce() -> String) -> Outcome<()> {
    if it { Ok(()) } else { Err(otherwise().into()) }
}
