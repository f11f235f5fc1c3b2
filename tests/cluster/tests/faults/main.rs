//! Faults, caused on a real cluster, and what must come of each: the table is
//! `assay_cluster_tests::FAULTS`, this is what is done.
//!
//! `ASSAY_FAULTS=pod-evicted,etcd-frozen` tries only these.

mod check;
mod crash;
mod lane;
mod managers;
mod network;
mod node;
mod pods;
mod processes;
mod refusals;
mod report;
mod seen;
mod trial;
mod workload;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use assay_cluster_tests::{FAULTS, Manager, Place, PutAway, build_manager, fault};
use assay_devcluster::Cluster;

use crate::lane::Lane;
use crate::report::Report;
use crate::trial::{PATIENCE, Trial};
use crate::workload::Workload;

/// Faults that are tried side by side.
const LANES: usize = 4;
const SWEEP: &str = "manager-killed-anywhere";

type Trouble = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Trouble>;
/// Causes the fault; what was run when it came.
type Cause = fn(&Trial<'_>) -> Outcome<Workload>;

/// Faults that nobody else feels.
const SIDE_BY_SIDE: &[(&str, Cause)] = &[
    ("server-never-reachable", network::never_reachable),
    ("manager-frozen-past-its-lease", managers::frozen_past_its_lease),
    ("pod-deleted-before-the-steps", pods::deleted_before),
    ("quota-for-pods", refusals::quota_for_pods),
    ("limit-range", refusals::limit_range),
    ("namespace-deleted", pods::namespace_deleted),
    ("manager-away-at-the-end", managers::away_at_the_end),
    ("quota-for-jobs-lifted", refusals::quota_for_jobs_lifted),
    ("server-away-for-10-s", network::away_for_a_while),
    ("container-log-rotated", network::container_log_rotated),
    ("pod-deleted-during-the-steps", pods::deleted_during),
    ("pod-deleted-politely", pods::deleted_politely),
    ("pod-deleted-during-the-steps-with-a-retry", pods::deleted_during_with_a_retry),
    ("pod-deleted-after-the-steps", pods::deleted_after),
    ("pod-evicted", pods::evicted),
    ("job-deleted", pods::job_deleted),
    ("leader-killed", processes::leader_killed),
    ("step-runner-killed", processes::step_runner_killed),
    ("step-killed", processes::step_killed),
    ("step-out-of-memory", processes::out_of_memory),
    ("image-pull-denied", refusals::image_denied),
];

/// Faults that everybody on the cluster feels: those after which everybody takes longest to find each other come last.
const ALONE: &[(&str, Cause)] = &[
    ("node-tainted", node::node_tainted),
    ("controllers-and-scheduler-away", node::controllers_and_scheduler_away),
    ("etcd-frozen", node::etcd_frozen),
    ("kubelet-restarted", node::kubelet_restarted),
    ("containerd-restarted", node::containerd_restarted),
    ("api-server-stopped", node::api_server_stopped),
];

#[test]
fn every_fault_ends_as_the_table_says() {
    let place = Place::shared();
    let cluster = Cluster::from_env().expect("a place for the cluster's files");
    if cluster.foreign().is_some() {
        anstream::eprintln!("the cluster's processes are out of reach, so its faults are not tried");
        return;
    }
    let wanted = Wanted::from_environment();
    build_manager();
    let away = PutAway::now(place).expect("the installed manager can be put away");
    let reports = tried(place, &away.runner_image, &wanted);
    drop(away);
    let bad: Vec<String> = reports.iter().filter(|report| !report.good()).map(Report::line).collect();
    assert!(bad.is_empty(), "{} of {} faults\n{}", bad.len(), reports.len(), bad.join("\n"));
}

#[test]
fn every_fault_of_the_table_is_caused() {
    let told: BTreeSet<_> = FAULTS.iter().flat_map(|(_, faults)| faults.iter()).map(|fault| fault.name).collect();
    let caused: BTreeSet<_> = SIDE_BY_SIDE.iter().chain(ALONE).map(|(name, _)| *name).chain([SWEEP]).collect();
    assert_eq!(told, caused);
}

/// Which faults are to be tried.
struct Wanted(Option<Vec<String>>);

impl Wanted {
    fn from_environment() -> Self {
        let names = std::env::var("ASSAY_FAULTS").ok().filter(|names| !names.is_empty());
        Self(names.map(|names| names.split(',').map(str::to_owned).collect()))
    }

    fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
    }

    fn of(&self, cases: &[(&'static str, Cause)]) -> Vec<(&'static str, Cause)> {
        cases.iter().filter(|(name, _)| self.has(name)).copied().collect()
    }
}

fn tried(place: &'static Place, runner_image: &str, wanted: &Wanted) -> Vec<Report> {
    let lanes: Vec<Lane> = (0..LANES).map(|_| Lane::open(place, runner_image).expect("a lane")).collect();
    let mut reports = Vec::new();
    if wanted.has(SWEEP) {
        reports.push(crash::sweep(&lanes));
    }
    reports.extend(through(&lanes, wanted.of(SIDE_BY_SIDE)));
    reports.extend(through(&lanes[..1], wanted.of(ALONE)));
    reports
}

/// Tries the faults, as many side by side as there are lanes.
fn through(lanes: &[Lane], mut cases: Vec<(&'static str, Cause)>) -> Vec<Report> {
    cases.reverse();
    let (left, reports) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for lane in lanes {
            let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let reports = &reports;
            scope.spawn(move || {
                let Some(mut case) = next() else { return };
                let manager = Manager::start(&lane.settings, None).expect("a manager");
                loop {
                    let report = one(lane, &manager, case);
                    reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
                    match next() {
                        Some(another) => case = another,
                        None => break,
                    }
                }
            });
        }
    });
    reports.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn one(lane: &Lane, manager: &Manager, (name, cause): (&'static str, Cause)) -> Report {
    let started = Instant::now();
    let trial = Trial { lane, manager, name: lane.fresh_name(name) };
    let fault = fault(name);
    let judged = manager.ready(PATIENCE).and_then(|()| {
        let workload = cause(&trial)?;
        if fault.verdict.is_none() {
            return Ok(Vec::new());
        }
        let mut wrong = check::gather(&trial, fault, workload.total(), PATIENCE * 2)?.wrong(fault);
        wrong.extend(check::orphans(&trial)?);
        Ok(wrong)
    });
    match judged {
        Ok(wrong) => Report::new(name, started, wrong, String::new()),
        Err(error) => Report::failed(name, started, &format!("{error}\n{}", manager.last_words()).into()),
    }
}
