//! How a judgement goes on: deployed, ready, tested, judged.

use std::time::Duration;

use assay_api::{GateExecution, GateRole, GateWorkflow, Judgement, Reason, Verdict};
use jiff::Timestamp;

use super::decision::GateRun;
use super::names::{execution, short};
use super::observed::{GateObserved, Run};
use super::page::{Page, content_of, same};
use super::tally::{Course, Going, Outcome, Wanted, course};
use super::terms::Terms;
use crate::delivery::{Delivery, Readiness};
use crate::time::{after, between, earlier, milliseconds};

/// Executions of one judgement.
const EXECUTIONS: usize = 32;
/// Longest message that is kept of an execution, in bytes.
const MESSAGE: usize = 256;
/// What the note begins with of tests that were begun when time was over.
const UNREADY: &str = "tested although not ready: ";
/// How long the comparison of contents is waited for before tests begin all the same.
const COMPARING: Duration = Duration::from_secs(30);
/// kustomize-controller says a moment before it lists them that it waits for the health of what it applied.
const LISTED: Duration = Duration::from_secs(1);
/// Bounds of the time between two looks at workloads that are not ready.
const READY_LOOKS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// Where the current judgement stands after a look at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progress {
    /// What it waits for; `None` when it is final, or when there is nothing to judge.
    pub(super) waits: Option<(Reason, String)>,
    /// Executions that are to be made.
    pub(super) make: Vec<GateRun>,
    /// Whether only the control run counts any more.
    pub(super) control: bool,
    /// When to look again.
    pub(super) wake: Option<Timestamp>,
    /// Whether its verdict became final in this look.
    pub(super) concluded: bool,
    /// Whether it is the workloads that it waits for, and nobody looked at them.
    pub(super) ask_readiness: bool,
}

impl Progress {
    fn waits(reason: Reason, message: String) -> Self {
        Self { waits: Some((reason, message)), ..Self::default() }
    }
}

/// What a look at a judgement is made with.
pub(super) struct Bench<'a> {
    pub(super) observed: &'a GateObserved,
    pub(super) delivery: &'a Delivery,
    pub(super) terms: &'a Terms,
    pub(super) now: Timestamp,
}

/// Moves the current judgement on.
pub(super) fn judge(page: &mut Page, bench: &Bench<'_>) -> Progress {
    let Some(mut current) = page.current.take() else {
        let words = "the delivery does not name a revision yet".to_owned();
        return Progress::waits(Reason::AwaitingDeployment, words);
    };
    let progress = if current.verdict.is_some() {
        Progress::default()
    } else if let Some(progress) = begin(&mut current, page, bench) {
        progress
    } else {
        test(&mut current, page, bench)
    };
    page.current = Some(current);
    progress
}

/// What stands between the revision and its tests; `None` when they have begun.
fn begin(current: &mut Judgement, page: &Page, bench: &Bench<'_>) -> Option<Progress> {
    let Bench { observed, delivery, terms, now } = *bench;
    if current.started_at.is_some() {
        return None;
    }
    if !is_deployed(current, bench) {
        current.deployed_at = None;
        return Some(Progress::waits(Reason::AwaitingDeployment, undeployed(current, delivery)));
    }
    let deployed_at = *current.deployed_at.get_or_insert(milliseconds(now));
    if let Some(until) = comparing(current, page, observed, now) {
        let words = "deployed; its content is being compared with the one that was judged last".to_owned();
        return Some(Progress { wake: Some(until), ..Progress::waits(Reason::AwaitingDeployment, words) });
    }
    if let Some(words) = another_own(current, observed) {
        return Some(Progress::waits(Reason::AwaitingOwnRevision, words));
    }
    let listed_at = after(deployed_at, LISTED);
    if (delivery.awaits_health || delivery.may_be_late) && now < listed_at {
        let words = "deployed; its objects are being listed".to_owned();
        return Some(Progress { wake: Some(listed_at), ..Progress::waits(Reason::AwaitingWorkloads, words) });
    }
    let until = after(deployed_at, terms.ready_timeout);
    let unknown = observed.readiness == Readiness::Unknown;
    if !delivery.workloads.is_empty() && (unknown || (observed.readiness != Readiness::Ready && now < until)) {
        return Some(unready(&observed.readiness, deployed_at, until, now));
    }
    current.message = match &observed.readiness {
        Readiness::Waiting(list) => Some(format!("{UNREADY}{}", listed(list))),
        Readiness::Lingering(list) => Some(format!("tested while this goes on: {}", listed(list))),
        Readiness::Unreadable(why) => Some(format!("tested unseen: {why}")),
        Readiness::Ready | Readiness::Unknown => None,
    };
    current.started_at = Some(milliseconds(now));
    None
}

/// Everything of the revision is applied. That the controller itself is content is not asked for: it may
/// wait for this very gate. Once seen, and not taken back at once, it counts as long as the revision is the one that was
/// applied last.
fn is_deployed(current: &Judgement, bench: &Bench<'_>) -> bool {
    let Some(attempted) = &bench.delivery.attempted else { return false };
    let attempted = content_of(attempted, bench.observed, bench.delivery);
    let settled = current.deployed_at.is_some_and(|at| bench.now >= after(at, LISTED));
    same(&current.revision, &attempted) && (bench.delivery.applied || settled)
}

fn undeployed(current: &Judgement, delivery: &Delivery) -> String {
    let name = &delivery.reference;
    let held = delivery.held.as_ref().map(|held| format!(": {held}")).unwrap_or_default();
    match delivery.attempted.as_deref().filter(|attempted| *attempted != current.revision.revision) {
        Some(other) => format!("{} {} still delivers {}{held}", name.kind, name.name, short(other)),
        None => format!("{} {} has not applied it yet{held}", name.kind, name.name),
    }
}

/// Until when the comparison is waited for. Without an earlier verdict there is nothing to compare with.
fn comparing(current: &Judgement, page: &Page, observed: &GateObserved, now: Timestamp) -> Option<Timestamp> {
    let pending = observed.trees_pending && current.revision.tree.is_none() && current.turn == 0;
    let known = page.verdicts.first().is_some_and(|last| last.revision.tree.is_some());
    let until = after(current.seen_at.unwrap_or(now), COMPARING);
    (pending && known && now < until).then_some(until)
}

/// Why the gate's own `spec.revision` is another revision than the one that is judged.
pub(super) fn another_own(current: &Judgement, observed: &GateObserved) -> Option<String> {
    let own = observed.gate.spec.revision.as_deref()?;
    // Flux writes `main@sha1:<commit>`.
    let name = own.rsplit(':').next().unwrap_or(own);
    let revision = current.revision.revision.as_str();
    let names = |revision: &str| revision == name || (name.len() >= 7 && revision.starts_with(name));
    let tree = observed.trees.get(own).or_else(|| observed.trees.get(name));
    if names(revision) || (tree.is_some() && tree == current.revision.tree.as_ref()) {
        return None;
    }
    let own = assay_api::shortened(own, 64);
    Some(format!("the gate's own `spec.revision` is `{own}`, and {} is delivered", short(revision)))
}

fn unready(readiness: &Readiness, deployed_at: Timestamp, until: Timestamp, now: Timestamp) -> Progress {
    let words = match readiness {
        Readiness::Waiting(list) | Readiness::Lingering(list) => format!("deployed; not ready: {}", listed(list)),
        Readiness::Unreadable(why) => format!("deployed; {why}"),
        Readiness::Unknown | Readiness::Ready => "deployed; its workloads are being looked at".to_owned(),
    };
    let (least, most) = READY_LOOKS;
    let next = after(now, (between(deployed_at, now) / 8).clamp(least, most));
    Progress {
        wake: earlier(Some(next), Some(until)),
        ask_readiness: *readiness == Readiness::Unknown,
        ..Progress::waits(Reason::AwaitingWorkloads, words)
    }
}

fn listed(list: &[String]) -> String {
    let first = list.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    if list.len() > 3 { format!("{first}; and {} more", list.len() - 3) } else { first }
}

/// The tests have begun: what they say so far, and what is to be run next.
fn test(current: &mut Judgement, page: &mut Page, bench: &Bench<'_>) -> Progress {
    let Bench { observed, terms, now, .. } = *bench;
    let spec = &observed.gate.spec;
    current.executions.iter_mut().for_each(|run| hear(run, observed));
    let good = page.last_good.as_ref().filter(|good| good.source == page.source);
    let control = spec.confirmation.control.as_ref().filter(|_| good.is_some());
    let ended = |name: &str| match observed.runs.get(name) {
        Some(Run::Ended(end)) => end.at,
        _ => None,
    };
    let until = after(current.started_at.unwrap_or(now), terms.timeout);
    let outcome = match course(terms, &spec.workflows, control, &current.executions, ended, now) {
        Course::Over(outcome) => outcome,
        Course::Going(_) if now >= until => out_of_time(current, bench),
        Course::Going(going) if current.executions.len() + going.next.len() > EXECUTIONS => too_many(),
        Course::Going(going) => {
            let revision = good.map(|good| good.revision.revision.clone()).filter(|_| going.control);
            return run(current, &going, revision.as_deref(), bench, until);
        }
    };
    let outcome = match in_doubt(current, &outcome, bench, until) {
        Doubt::None => outcome,
        Doubt::Waits(progress) => return progress,
        Doubt::Over(outcome) => outcome,
        Doubt::Again => {
            *current = page.tested_again(current.clone(), "it is tested again, as it was not rolled out before", now);
            return Progress { wake: Some(now), ..Progress::waits(Reason::AwaitingWorkloads, "rolled out".to_owned()) };
        }
    };
    conclude(current, page, outcome, now);
    Progress { concluded: true, ..Progress::default() }
}

/// What follows when tests were begun although the workloads were not ready.
enum Doubt {
    /// The outcome stands.
    None,
    /// It is waited for.
    Waits(Progress),
    /// Everything is rolled out by now, and is to be tested.
    Again,
    /// It did not come.
    Over(Outcome),
}

/// Tests that were begun although the workloads were not ready may have met what was deployed before: green is said of
/// what is rolled out, and of nothing else.
fn in_doubt(current: &Judgement, outcome: &Outcome, bench: &Bench<'_>, until: Timestamp) -> Doubt {
    let (now, least) = (bench.now, READY_LOOKS.0);
    let noted = current.message.as_deref().is_some_and(|note| note.starts_with(UNREADY));
    if !noted || !matches!(outcome.verdict, Verdict::Passed | Verdict::Flaky) {
        return Doubt::None;
    }
    let words = match &bench.observed.readiness {
        Readiness::Ready | Readiness::Lingering(_) => return Doubt::Again,
        Readiness::Unknown => "passed; whether it is rolled out is being looked at".to_owned(),
        Readiness::Unreadable(why) => why.clone(),
        Readiness::Waiting(list) => listed(list),
    };
    let unknown = bench.observed.readiness == Readiness::Unknown;
    if now >= until && !unknown {
        let message = format!(
            "what answered the tests may be what was deployed before, as this is not rolled out: {words}; when it is, \
             `assay gate rerun` judges it (`spec.readyTimeout`, `spec.timeout`)"
        );
        let (verdict, reason) = (Verdict::Errored, Reason::WorkloadsNotReady);
        return Doubt::Over(Outcome { verdict, reason, message });
    }
    let words = if unknown { words } else { format!("passed, and it is not rolled out: {words}") };
    let since = between(current.started_at.unwrap_or(now), now);
    let wake = earlier(Some(after(now, (since / 8).clamp(least, READY_LOOKS.1))), Some(until));
    Doubt::Waits(Progress { wake, ask_readiness: unknown, ..Progress::waits(Reason::AwaitingWorkloads, words) })
}

/// Writes down how a run ended.
fn hear(run: &mut GateExecution, observed: &GateObserved) {
    if run.verdict.is_some() {
        return;
    }
    match observed.runs.get(&run.name) {
        Some(Run::Ended(end)) => {
            run.verdict = Some(end.verdict);
            run.reason = end.reason;
            let words = end.message.as_deref().filter(|_| !end.verdict.is_green());
            run.message = words.map(|words| assay_api::shortened(words, MESSAGE).to_owned());
        }
        Some(Run::Lost) => {
            run.verdict = Some(Verdict::Errored);
            run.reason = Some(Reason::PodLost);
            run.message = Some("the execution was deleted before it ended".to_owned());
        }
        Some(Run::Going { .. }) | None => {}
    }
}

/// Runs what is missing. What is written down but was never seen is made (again): its name is the same.
fn run(current: &mut Judgement, going: &Going, good: Option<&str>, bench: &Bench<'_>, until: Timestamp) -> Progress {
    let gate = &bench.observed.gate;
    for Wanted { workflow, run, role } in &going.next {
        let name = execution(gate, current, (workflow, *run, *role));
        let run = GateExecution { name, workflow: workflow.clone(), run: *run, role: *role, ..Default::default() };
        current.executions.push(run);
    }
    let open = current.executions.iter().filter(|run| run.verdict.is_none());
    let open: Vec<_> = open.filter(|run| (run.role == GateRole::Control) == going.control).collect();
    let missing = open.iter().filter(|run| !bench.observed.runs.contains_key(&run.name));
    let make = missing.filter_map(|run| {
        let revision = if run.role == GateRole::Control { good? } else { current.revision.revision.as_str() };
        let workflow = workflow(run, bench)?.clone();
        Some(GateRun { name: run.name.clone(), workflow, revision: revision.to_owned(), role: run.role })
    });
    let make = make.collect();
    let confirming = going.control || open.iter().any(|run| run.role != GateRole::Judge);
    let reason = if confirming { Reason::Confirming } else { Reason::Testing };
    let message = message(current, &open, going);
    let wake = earlier(going.wake, Some(until));
    Progress { make, control: going.control, wake, ..Progress::waits(reason, message) }
}

fn workflow<'a>(run: &GateExecution, bench: &'a Bench<'_>) -> Option<&'a GateWorkflow> {
    let spec = &bench.observed.gate.spec;
    if run.role == GateRole::Control {
        return spec.confirmation.control.as_ref();
    }
    spec.workflows.iter().find(|workflow| workflow.name == run.workflow)
}

fn message(current: &Judgement, open: &[&GateExecution], going: &Going) -> String {
    let names = |run: &&GateExecution| format!("`{}` (run {})", run.workflow, run.run);
    let running = open.iter().map(names).collect::<Vec<_>>().join(", ");
    let what = if going.control { "control run with the last good revision" } else { "running" };
    let words = match (running.is_empty(), going.wake) {
        (true, _) => "a run is tried again soon, as the last one could not be judged".to_owned(),
        (false, _) => format!("{what} {running}"),
    };
    current.message.as_ref().map_or(words.clone(), |note| format!("{words}; {note}"))
}

fn out_of_time(current: &Judgement, bench: &Bench<'_>) -> Outcome {
    let open = current.executions.iter().filter(|run| run.verdict.is_none());
    let open = open.map(|run| format!("`{}`", run.workflow)).collect::<Vec<_>>().join(", ");
    let timeout = bench.terms.timeout.as_secs();
    let message = format!("not judged within {timeout}s; still open: {open}; see `spec.timeout`");
    Outcome { verdict: Verdict::Errored, reason: Reason::GateTimedOut, message }
}

fn too_many() -> Outcome {
    let message = format!(
        "{EXECUTIONS} executions did not settle it; ask for fewer `spec.confirmation.reruns`, or split the workflows \
         over several gates"
    );
    Outcome { verdict: Verdict::Errored, reason: Reason::ConfigInvalid, message }
}

/// The verdict is final. Only what was tested, and passed, is a good revision.
fn conclude(current: &mut Judgement, page: &mut Page, outcome: Outcome, now: Timestamp) {
    let note = current.message.take().map(|note| format!(" ({note})")).unwrap_or_default();
    current.verdict = Some(outcome.verdict);
    current.reason = Some(outcome.reason);
    current.message = Some(format!("{}{note}", outcome.message));
    current.finished_at = Some(milliseconds(now));
    if matches!(outcome.verdict, Verdict::Passed | Verdict::Flaky) {
        page.last_good = Some(assay_api::GoodRevision {
            revision: current.revision.clone(),
            source: page.source.clone(),
            judged_at: current.finished_at,
        });
    }
}
