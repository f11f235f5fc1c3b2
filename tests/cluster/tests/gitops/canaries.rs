//! The password and the token with which Assay writes, searched for wherever they must not be.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_cluster_tests::{Bot, Outcome, Place, World};

/// Objects in which they would be most likely.
const OBJECTS: &str = "testgates,rollbacks,testexecutions,testworkflows,configmaps,jobs,pods,events";

/// Command lines of this machine that had one of them, ever.
pub(crate) struct CommandLines {
    seen: Arc<Mutex<BTreeSet<String>>>,
    open: Arc<AtomicBool>,
}

impl CommandLines {
    /// Looks at all processes again and again, those in containers among them.
    pub(crate) fn watch(canaries: Vec<String>) -> Self {
        let lines = Self { seen: Arc::default(), open: Arc::new(AtomicBool::new(true)) };
        let (seen, open) = (Arc::clone(&lines.seen), Arc::clone(&lines.open));
        std::thread::spawn(move || {
            while open.load(Ordering::Relaxed) {
                let found = command_lines().filter(|line| canaries.iter().any(|canary| line.contains(canary)));
                let programs = found.filter_map(|line| line.split('\0').next().map(str::to_owned));
                seen.lock().unwrap_or_else(PoisonError::into_inner).extend(programs);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        lines
    }

    /// Where it was.
    pub(crate) fn seen(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().map(|program| format!("the command line of {program}")).collect()
    }
}

impl Drop for CommandLines {
    fn drop(&mut self) {
        self.open.store(false, Ordering::Relaxed);
    }
}

fn command_lines() -> impl Iterator<Item = String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).into_owned())
    })
}

/// Places in a world where they are.
pub(crate) fn found_in(world: &World) -> Outcome<Vec<String>> {
    let repository = world.repository();
    repository.git(&["fetch", "-q", "origin", "+refs/*:refs/forge/*"])?;
    let places = [
        ("the log of its manager", crate::own::logs(world)),
        ("the commits", repository.git(&["log", "-p", "--all"])?),
        ("the pull requests", serde_json::to_string(&repository.forge().pull_requests(repository.name())?)?),
        ("the objects", world.kubectl(&["-n", world.name(), "get", OBJECTS, "-o", "yaml"])?),
        ("the deliveries", world.kubectl(&["get", "applications,kustomizations,gitrepositories", "-A", "-o", "yaml"])?),
    ];
    Ok(among(&places, world.bot()))
}

/// Places of the whole cluster where they are.
pub(crate) fn found_everywhere(place: &Place, bot: &Bot) -> Outcome<Vec<String>> {
    let kubectl = place.kubectl();
    let places = [
        ("the manager's log", kubectl.run(&["-n", "assay-system", "logs", "deployment/assay", "--tail=-1"])?),
        ("the grants", kubectl.run(&["get", "gitwriteaccesses", "-o", "yaml"])?),
        ("the events", kubectl.run(&["get", "events", "-A", "-o", "yaml"])?),
        ("the system's objects", kubectl.run(&["-n", "assay-system", "get", "pods,configmaps,leases", "-o", "yaml"])?),
    ];
    Ok(among(&places, bot))
}

fn among(places: &[(&str, String)], bot: &Bot) -> Vec<String> {
    let has = |text: &str| text.contains(&bot.password) || text.contains(&bot.token);
    places.iter().filter(|(_, text)| has(text)).map(|(place, _)| (*place).to_owned()).collect()
}
