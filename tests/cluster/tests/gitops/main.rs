//! The loop around Git on the real controllers: the table is `assay_cluster_tests::CASES`, this is what is done.
//!
//! | variable | meaning |
//! |---|---|
//! | `ASSAY_GITOPS_CASES` | only these, separated by commas; one that ends with `-` means all that begin so |
//! | `ASSAY_GITOPS_LANES` | how many are tried side by side |
//! | `ASSAY_GITOPS_SWEEP` | `3`: the manager dies at the steps of the rollback and at every third other point, not at each |
//! | `ASSAY_GITOPS_MEASURE` | `1` writes the figures to `fixtures/gitops-measured.json` |

mod approvals;
mod canaries;
mod content;
mod faults;
mod hooks;
mod loops;
mod own;
mod records;
mod refusals;
mod stuck;
mod suite;
mod sweep;
mod traps;
mod waves;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use assay_cluster_tests::{CASES, Measured, Outcome, Place, PutAway, build_manager};

use crate::suite::{Figures, Report, Suite};

/// What is done; the figures that were measured.
type Done = fn(&Suite) -> Outcome<Figures>;

/// Cases for the installed manager, side by side, the long ones first.
const SIDE_BY_SIDE: &[(&str, Done)] = &[
    ("cool-down", refusals::cool_down),
    ("budget", refusals::budget),
    ("revert-of-a-revert", refusals::revert_of_a_revert),
    ("errored", loops::errored),
    ("argo-push", loops::argo_push),
    ("flux-push", loops::flux_push),
    ("pull-request", loops::pull_request),
    ("webhook", loops::webhook),
    ("signed", loops::signed),
    ("multi-source", loops::multi_source),
    ("one-of-two-paused", approvals::one_of_two_paused),
    ("monorepo", loops::monorepo),
    ("two-apps-one-commit", loops::two_apps_one_commit),
    ("never-ready", loops::never_ready),
    ("flaky", loops::flaky),
    ("control", loops::control),
    ("same-content-argo", content::same_content_argo),
    ("same-content-flux", content::same_content_flux),
    ("hook-passes", hooks::passes),
    ("hook-fails", hooks::fails),
    ("hook-before", hooks::before),
    ("hook-after-failure", hooks::after_failure),
    ("hook-retries", hooks::retries),
    ("hook-evidence", hooks::evidence),
    ("stale-pass-argo", traps::stale_pass_argo),
    ("stale-pass-flux", traps::stale_pass_flux),
    ("stale-fail-argo", traps::stale_fail_argo),
    ("stale-fail-flux", traps::stale_fail_flux),
    ("deadlock", traps::deadlock),
    ("stuck-operation", stuck::unblocked),
    ("stuck-operation-kept", stuck::kept),
    ("no-last-good", refusals::no_last_good),
    ("newer-commit", approvals::newer_commit),
    ("merge-commit", refusals::merge_commit),
    ("shared-base", refusals::shared_base),
    ("tag-target", refusals::tag_target),
    ("no-longer-deployed", approvals::no_longer_deployed),
    ("another-branch", approvals::another_branch),
    ("no-grant", refusals::no_grant),
    ("protected-branch", refusals::protected_branch),
    ("protected-branch-pull-request", refusals::protected_branch_pull_request),
    ("kargo", refusals::kargo),
    ("paused", approvals::paused),
    ("approval", approvals::approval),
    ("observe", refusals::observe),
    ("force-push", approvals::force_push),
];

/// A case that everybody feels who uses the Git server.
const ALONE: &[(&str, Done)] = &[("forge-away", faults::forge_away)];

/// Cases with managers of their own, while the installed one is away.
const OWN_MANAGER: &[(&str, Done)] = &[
    ("race", faults::race),
    ("race-on-the-path", faults::race_on_the_path),
    ("two-managers", faults::two_managers),
    ("retention", records::retention),
];
/// It tries its own runs side by side.
const SWEEP: &[(&str, Done)] = &[("manager-killed-anywhere", sweep::sweep)];

#[test]
fn every_case_ends_as_the_table_says() {
    let wanted = Wanted::from_environment();
    let suite = Suite::open(Place::shared()).expect("Argo CD, Flux and a forge are there");
    let mut reports = side_by_side(&suite, wanted.of(SIDE_BY_SIDE), suite::lanes());
    reports.extend(side_by_side(&suite, wanted.of(ALONE), 1));
    reports.push(suite.leaks());
    let (own, sweep) = (wanted.of(OWN_MANAGER), wanted.of(SWEEP));
    if !own.is_empty() || !sweep.is_empty() {
        build_manager();
        let away = PutAway::now(Place::shared()).expect("the installed manager can be put away");
        suite.give(&away.runner_image);
        reports.extend(side_by_side(&suite, own, suite::lanes()));
        reports.extend(side_by_side(&suite, sweep, 1));
    }
    let bad: Vec<String> = reports.iter().filter(|report| !report.good()).map(Report::line).collect();
    if std::env::var_os("ASSAY_GITOPS_MEASURE").is_some_and(|value| value == "1") {
        write(&reports).expect("the figures can be written");
    }
    assert!(bad.is_empty(), "{} of {} cases\n{}", bad.len(), reports.len(), bad.join("\n"));
}

#[test]
fn every_case_of_the_table_is_tried() {
    let told: BTreeSet<_> = CASES.iter().flat_map(|(_, cases)| cases.iter()).map(|case| case.name).collect();
    let tried: BTreeSet<_> =
        SIDE_BY_SIDE.iter().chain(ALONE).chain(OWN_MANAGER).chain(SWEEP).map(|(name, _)| *name).collect();
    assert_eq!(told, tried);
}

/// Which cases are to be tried.
struct Wanted(Option<Vec<String>>);

impl Wanted {
    fn from_environment() -> Self {
        let names = std::env::var("ASSAY_GITOPS_CASES").ok().filter(|names| !names.is_empty());
        Self(names.map(|names| names.split(',').map(str::to_owned).collect()))
    }

    fn has(&self, name: &str) -> bool {
        let named = |wanted: &String| wanted == name || (wanted.ends_with('-') && name.starts_with(wanted.as_str()));
        self.0.as_ref().is_none_or(|names| names.iter().any(named))
    }

    fn of(&self, cases: &[(&'static str, Done)]) -> Vec<(&'static str, Done)> {
        cases.iter().filter(|(name, _)| self.has(name)).copied().collect()
    }
}

/// Tries the cases, some at a time.
fn side_by_side(suite: &Suite, mut cases: Vec<(&'static str, Done)>, lanes: usize) -> Vec<Report> {
    cases.reverse();
    let (left, reports) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                while let Some((name, done)) = next() {
                    let started = Instant::now();
                    let report =
                        Report { name, took: started.elapsed(), outcome: done(suite).map_err(|e| e.to_string()) };
                    let report = Report { took: started.elapsed(), ..report };
                    println!("{}", report.line());
                    reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
                }
            });
        }
    });
    reports.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the figures of cases that were not tried, or not measured.
fn write(reports: &[Report]) -> Outcome<()> {
    let file = Place::shared().root().join("tests/cluster/fixtures/gitops-measured.json");
    let mut all: Measured = serde_json::from_str(&fs::read_to_string(&file)?)?;
    let measured = reports.iter().filter_map(|report| Some((report.name, report.outcome.as_ref().ok()?)));
    let measured: BTreeMap<String, Figures> = measured
        .filter(|(_, figures)| !figures.is_empty())
        .map(|(name, figures)| (name.to_owned(), figures.clone()))
        .collect();
    all.0.extend(measured);
    Ok(fs::write(&file, serde_json::to_string_pretty(&all)? + "\n")?)
}
