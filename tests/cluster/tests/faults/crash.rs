//! The manager dies right after its k-th outside call, for every k.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use assay_cluster_tests::{Crash, Manager, fault};

use crate::Outcome;
use crate::check::{gather, orphans};
use crate::lane::Lane;
use crate::report::Report;
use crate::trial::{PATIENCE, Trial};
use crate::workload::Workload;

const NAME: &str = "manager-killed-anywhere";
/// Long enough for a status while it runs.
const WORKLOAD: Workload = Workload { lines: 60, pause: "0.02", more: "" };
/// No execution has so many points: the first run only counts.
const NEVER: usize = 1_000_000;

/// Counts the points of one execution, then dies at each of them, as many side
/// by side as there are lanes.
pub(crate) fn sweep(lanes: &[Lane]) -> Report {
    let started = Instant::now();
    let points = match count(&lanes[0]) {
        Ok(points) => points,
        Err(error) => return Report::failed(NAME, started, &error),
    };
    let left: Mutex<VecDeque<usize>> = Mutex::new((1..=points).collect());
    let wrong = Mutex::new(Vec::new());
    let unreached = Mutex::new(0);
    std::thread::scope(|scope| {
        for lane in lanes {
            scope.spawn(|| {
                while let Some(at) = pop(&left) {
                    match one(lane, at) {
                        Ok(tried) => {
                            let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                            wrong.extend(tried.wrong.into_iter().map(|words| format!("point {at}: {words}")));
                            *unreached.lock().unwrap_or_else(PoisonError::into_inner) += usize::from(!tried.died);
                        }
                        Err(error) => {
                            let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                            wrong.push(format!("point {at}: {error}"));
                        }
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    let unreached = unreached.into_inner().unwrap_or_else(PoisonError::into_inner);
    // How often the status is written while steps run is a matter of time, so the last points may not come.
    if unreached * 4 > points {
        wrong.push(format!("{unreached} of {points} points were not reached, so little was tried"));
    }
    Report::new(NAME, started, wrong, format!("{points} points, {unreached} of them not reached"))
}

fn pop(left: &Mutex<VecDeque<usize>>) -> Option<usize> {
    left.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Runs once without dying; the number of points until the verdict and its event.
fn count(lane: &Lane) -> Outcome<usize> {
    let tried = one(lane, NEVER)?;
    if !tried.wrong.is_empty() {
        return Err(format!("without a crash: {}", tried.wrong.join("\n")).into());
    }
    Ok(tried.passed)
}

struct Tried {
    died: bool,
    /// Points passed until the end of the execution.
    passed: usize,
    wrong: Vec<String>,
}

fn one(lane: &Lane, at: usize) -> Outcome<Tried> {
    let points = lane.file(&format!("points-{at}.txt"));
    fs::remove_file(&points).ok();
    let crash = Crash { at: at.to_string(), points: points.clone() };
    // The execution is there first, so that the start of the manager belongs to it.
    let name = lane.fresh_name("crash");
    lane.namespace.apply_text(&WORKLOAD.manifest("crash"))?;
    lane.namespace.execute(&name, "crash")?;
    let mut manager = Manager::start(&lane.settings, Some(&crash))?;
    let trial = Trial { lane, manager: &manager, name };
    let finished = trial.phase("Finished", PATIENCE * 2);
    // What comes after the verdict, its event, may be the point.
    let end = Instant::now() + Duration::from_secs(2);
    while finished.is_ok() && manager.kills() == 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(100));
    }
    let died = manager.kills() > 0;
    let text = fs::read_to_string(&points).unwrap_or_default();
    let passed = text.lines().count();
    let judged = finished.and_then(|()| {
        trial.manager.ready(PATIENCE)?;
        let mut wrong = gather(&trial, fault(NAME), WORKLOAD.total(), PATIENCE)?.wrong(fault(NAME));
        wrong.extend(orphans(&trial)?);
        Ok(wrong)
    });
    let place = text.lines().last().unwrap_or("before the first point").to_owned();
    let words = manager.last_words();
    manager.stop();
    let wrong = judged.map_err(|error| format!("after `{place}`: {error}\n{words}"))?;
    let wrong = wrong.into_iter().map(|what| format!("after `{place}`: {what}")).collect();
    Ok(Tried { died, passed, wrong })
}
