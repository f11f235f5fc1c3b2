//! The manager dies right after its k-th outside call, for every k of a whole rollback that changed something: who
//! dies after having read something dies as after the write before it.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Mutex, PoisonError};

use assay_cluster_tests::{App, Behaviour, Crash, Manager, Outcome, Round};

use crate::loops::check;
use crate::own::{PATIENCE, folder, plan, settings};
use crate::suite::{Figures, Suite, lanes};

/// No rollback has so many points: the first run only counts.
const NEVER: usize = 1_000_000;

/// Points at which it dies in every run: these are the steps of the rollback itself.
const ALWAYS: [&str; 3] = ["create Rollback ", "push to Git", "recorded as "];

/// How many points apart the other deaths are: all of them take a quarter of an hour.
fn step() -> usize {
    let step = std::env::var("ASSAY_GITOPS_SWEEP").ok().and_then(|step| step.parse().ok());
    step.filter(|step| *step > 0).unwrap_or(1)
}

/// What came of one run.
struct Tried {
    died: bool,
    /// The points that changed something.
    changes: Vec<Point>,
}

/// A point that changed something.
struct Point {
    number: usize,
    always: bool,
}

/// Counts the points of one rollback, from the bad commit on, then dies at each of them, or at the steps of the
/// rollback and every n-th of the others.
pub(crate) fn sweep(suite: &Suite) -> Outcome<Figures> {
    let (always, others): (Vec<_>, Vec<_>) = one(suite, NEVER)?.changes.into_iter().partition(|point| point.always);
    let changes = always.iter().chain(others.iter().step_by(step())).map(|point| point.number);
    let left: Mutex<VecDeque<usize>> = Mutex::new(changes.collect());
    let points = left.lock().unwrap_or_else(PoisonError::into_inner).len();
    let (wrong, unreached) = (Mutex::new(Vec::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..lanes() {
            scope.spawn(|| {
                let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                while let Some(at) = next() {
                    match one(suite, at) {
                        Ok(tried) => {
                            println!("sweep: point {at} ends well{}", if tried.died { "" } else { ", not reached" });
                            *unreached.lock().unwrap_or_else(PoisonError::into_inner) += usize::from(!tried.died);
                        }
                        Err(error) => {
                            println!("sweep: point {at}: {error}");
                            wrong.lock().unwrap_or_else(PoisonError::into_inner).push(format!("point {at}: {error}"));
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    let unreached = unreached.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("sweep: {points} points, {unreached} of them not reached");
    if !wrong.is_empty() {
        return Err(format!("{} of {points} points\n{}", wrong.len(), wrong.join("\n")).into());
    }
    // How often a status is written is a matter of time, so the last points may not come.
    if unreached * 4 > points {
        return Err(format!("{unreached} of {points} points were not reached, so little was tried").into());
    }
    Ok(Vec::new())
}

fn one(suite: &Suite, at: usize) -> Outcome<Tried> {
    suite.within("sweep", plan(), |world| {
        let folder = folder(suite.place, world)?;
        // A first manager brings it to its good revision; the one that dies begins with the bad commit.
        let settings = settings(suite, world, "manager")?;
        let good = {
            let manager = Manager::start(&settings, None)?;
            manager.ready(PATIENCE)?;
            world.begin().map_err(|error| format!("{error}\n{}", manager.last_words()))?
        };
        let points = folder.join("points.txt");
        let bad = world.commit(App::Web, "Raise the price", &Behaviour::bad("1.1.0"))?;
        let crash = Crash { at: at.to_string(), points: points.clone() };
        let mut manager = Manager::start(&settings, Some(&crash))?;
        let followed = Round::follow(world, App::Web, &bad);
        let text = fs::read_to_string(&points).unwrap_or_default();
        let place = text.lines().last().unwrap_or("before the first point").to_owned();
        let told = |error| format!("after `{place}`: {error}\n{}", manager.last_words());
        let round = followed.map_err(told)?;
        check(world, &[App::Web], &good, &bad, &round).map_err(told)?;
        let died = manager.kills() > 0;
        manager.stop();
        Ok(Tried { died, changes: changes(&text) })
    })
}

/// Those points, in what is written of all, after which something was not as before.
fn changes(points: &str) -> Vec<Point> {
    let changed = points.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let (number, what) = (fields.next()?, fields.nth(1)?);
        let reads = ["read ", "list ", "look for ", "have a token"].iter().any(|begins| what.starts_with(begins));
        let always = ALWAYS.iter().any(|words| what.contains(words));
        if reads { None } else { Some(Point { number: number.parse().ok()?, always }) }
    });
    changed.collect()
}
