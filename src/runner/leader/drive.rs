//! The driver: brings events to the machine and carries out what it answers.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::future::pending;
use std::io;
use std::time::{Duration, Instant};

use assay_api::Verdict;
use assay_protocol::control::Done;
use assay_protocol::{ArtifactTotals, PlanDocument, Progress, Seal};
use jiff::Timestamp;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::facts::{Deed, Event, Now};
use super::machine::Machine;
use super::outcome;
use super::posts::Posts;
use super::reports::Reports;
use super::sources::Sources;
use super::voice::Voice;
use crate::control_dir::ControlDir;
use crate::plan_file::{LoadedPlan, PlanError};
use crate::settings::Settings;
use crate::uplink::{Heard, Undelivered, Uplink, UplinkError};
use crate::watch::Watch;

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// For the log, when nothing else has moved for as long as it may stand still.
const LAST_TRY: Duration = Duration::from_secs(5);
/// Longest delivery, also of what still moves.
const LONGEST_DELIVERY: Duration = Duration::from_secs(600);
/// Delivery may take this long when the pod is being deleted.
const DELIVERY_TERMINATING: Duration = Duration::from_secs(6);
/// Name lookups run on threads; they need little.
const STACK_BYTES: usize = 512 * 1024;

/// Why the leader broke.
#[derive(Debug, thiserror::Error)]
pub enum LeadError {
    /// There is no plan.
    #[error("there is no plan to obey")]
    Plan(#[source] PlanError),
    /// The system refused something that every pod has.
    #[error("the leader could not set itself up")]
    Setup(#[source] io::Error),
    /// The plan's server cannot be spoken to at all.
    #[error("the plan's server cannot be used")]
    Uplink(#[source] UplinkError),
}

/// Leads the pod's run to its end and seals it.
///
/// # Errors
/// When the leader itself cannot work. Bad tests are a verdict, not an error.
pub fn lead(settings: &Settings) -> Result<Verdict, LeadError> {
    let led = LoadedPlan::read(&settings.plan_file).map_err(LeadError::Plan).and_then(|loaded| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_stack_size(STACK_BYTES)
            .max_blocking_threads(2)
            .build()
            .map_err(LeadError::Setup)?;
        let verdict = runtime.block_on(async { Leader::open(settings, loaded)?.run().await });
        // A name lookup that never answers must not hold up the end.
        runtime.shutdown_background();
        verdict
    });
    if let Err(error) = &led {
        let _ = fs::write(&settings.termination_log, error.to_string());
    }
    led
}

struct Leader<'a> {
    settings: &'a Settings,
    plan: PlanDocument,
    hash: String,
    posts: Posts,
    watch: AsyncFd<Watch>,
    /// Counts how often the pod was told to end.
    terminations: watch::Receiver<u32>,
    machine: Machine,
    reports: Reports,
    voice: Voice,
    uplink: Option<Uplink>,
    /// Where each group's stream ended when its last attempt did.
    ends: BTreeMap<u16, u64>,
    last: Option<Progress>,
    sequence: u64,
    began: Instant,
}

impl<'a> Leader<'a> {
    fn open(settings: &'a Settings, loaded: LoadedPlan) -> Result<Self, LeadError> {
        let LoadedPlan { plan, hash } = loaded;
        // Before the first heartbeat: who sees that may also end us.
        let terminations = count_terminations().map_err(LeadError::Setup)?;
        let watch = Watch::new().map_err(LeadError::Setup)?;
        let control = ControlDir::new(&settings.control);
        let posts = Posts::open(control, plan.groups.len(), &watch).map_err(LeadError::Setup)?;
        posts.beat();
        let roots = std::iter::once(plan.workspace.clone().into()).chain(posts.outs()).collect();
        let sources = Sources::new(roots);
        let uplink = match &plan.server {
            Some(server) => {
                let spools = posts.spools();
                let uplink = Uplink::start(server, settings, &plan.execution, &hash, spools, sources.clone());
                Some(uplink.map_err(LeadError::Uplink)?)
            }
            None => None,
        };
        Ok(Self {
            settings,
            machine: Machine::new(&plan),
            reports: Reports::new(sources, plan.steps.len()),
            watch: watch.listen().map_err(LeadError::Setup)?,
            terminations,
            plan,
            hash,
            posts,
            voice: Voice::default(),
            uplink,
            ends: BTreeMap::new(),
            last: None,
            sequence: 0,
            began: Instant::now(),
        })
    }

    async fn run(mut self) -> Result<Verdict, LeadError> {
        let first = self.look_first();
        let mut finished = self.feed(first);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        while !finished {
            self.publish();
            let events = self.next_events(&mut heartbeat).await?;
            finished = self.feed(events);
        }
        Ok(self.conclude().await)
    }

    /// A step container may be up before its leader: its news come first, so
    /// that the first step starts when it did.
    fn look_first(&mut self) -> Vec<Event> {
        let mut events = self.posts.look();
        let at = events.iter().position(|event| !matches!(event, Event::Ready { .. })).unwrap_or(events.len());
        events.insert(at, Event::Begin);
        events
    }

    async fn next_events(&mut self, heartbeat: &mut tokio::time::Interval) -> Result<Vec<Event>, LeadError> {
        let wake = self.machine.wake_at().map(|since| self.began + since);
        let alarm = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => pending().await,
            }
        };
        let told = async {
            match &self.uplink {
                Some(uplink) => uplink.hear().await,
                None => pending().await,
            }
        };
        tokio::select! {
            // What was asked for counts before what a step's end leads to.
            biased;
            _ = self.terminations.changed() => Ok(vec![Event::Terminate]),
            _ = heartbeat.tick() => {
                self.posts.beat();
                self.posts.repeat();
                Ok(self.posts.look_around())
            }
            told = told => match told {
                Heard::Notice(text) => {
                    self.note(&text);
                    Ok(Vec::new())
                }
                Heard::Commands(commands) => Ok(vec![Event::Commands(commands)]),
            },
            ready = self.watch.readable() => {
                let mut ready = ready.map_err(LeadError::Setup)?;
                ready.get_inner().drain();
                ready.clear_ready();
                drop(ready);
                Ok(self.posts.look())
            }
            () = alarm => Ok(vec![Event::Tick]),
        }
    }

    fn now(&self) -> Now {
        Now { since: self.began.elapsed(), wall: Timestamp::now() }
    }

    /// Gives events to the machine and does what it says; true at the end.
    fn feed(&mut self, events: Vec<Event>) -> bool {
        let mut events = VecDeque::from(events);
        let mut finished = false;
        while let Some(event) = events.pop_front() {
            if let Event::Done(done) = &event
                && let Some(step) = self.plan.steps.get(usize::from(done.step))
            {
                self.ends.insert(step.group, done.log_end);
            }
            for deed in self.machine.handle(event, self.now()) {
                match deed {
                    // Judged before anything that already waits: it belongs to the event just handled.
                    Deed::Judge { done } => events.push_front(self.judge(&done)),
                    Deed::Go { group, step, attempt } => {
                        let told = self.posts.go(group, step, attempt, &self.machine.go(step));
                        self.mind(told);
                    }
                    Deed::Stop { group, step, attempt, why } => {
                        let told = self.posts.stop(group, step, attempt, why);
                        self.mind(told);
                    }
                    Deed::Say { step, attempt, at, text } => self.say(step, attempt, at, &text),
                    Deed::Keep { done } => self.keep(&done),
                    Deed::Forget { step } => self.reports.forget(step),
                    Deed::Finished => finished = true,
                }
            }
        }
        finished
    }

    fn mind(&mut self, told: io::Result<()>) {
        if let Err(error) = told {
            self.note(&format!("the control folder cannot be written, trying again: {error}"));
        }
    }

    fn judge(&mut self, done: &Done) -> Event {
        let reading = self.reports.read(done.step, &done.files);
        let at = Timestamp::now();
        for note in &reading.notes {
            self.say(done.step, done.attempt, at, note);
        }
        Event::Judged { step: done.step, attempt: done.attempt, counts: reading.counts }
    }

    fn keep(&mut self, done: &Done) {
        let at = Timestamp::now();
        for note in &done.notes {
            self.say(done.step, done.attempt, at, note);
        }
        if done.files.is_empty() {
            return;
        }
        let bytes: u64 = done.files.iter().map(|file| file.size).sum();
        let files = if done.files.len() == 1 { "file" } else { "files" };
        let text = format!("artifacts collected: {} {files}, {bytes} bytes", done.files.len());
        self.say(done.step, done.attempt, at, &text);
        if let Some(uplink) = &self.uplink {
            uplink.keep(&self.plan.steps[usize::from(done.step)].id, &done.files);
        }
    }

    fn say(&mut self, step: u16, attempt: u32, at: Timestamp, text: &str) {
        let frame = self.voice.say(step, attempt, at, text);
        if let Some(uplink) = &self.uplink {
            uplink.say(&frame);
        }
    }

    /// Says something that belongs to no attempt, in the place of the newest.
    fn note(&mut self, text: &str) {
        let (step, attempt) = self.machine.newest();
        self.say(step, attempt, Timestamp::now(), text);
    }

    fn snapshot(&self) -> Progress {
        let totals = self.uplink.as_ref().map_or_else(ArtifactTotals::default, Uplink::stored);
        outcome::progress(&self.machine, &self.plan.blocks, self.reports.summary().cloned(), totals)
    }

    /// Sends the state if it is another than the last that was sent.
    fn publish(&mut self) {
        let Some(uplink) = &self.uplink else { return };
        let now = self.snapshot();
        if self.last.as_ref() == Some(&now) {
            return;
        }
        self.sequence += 1;
        uplink.publish(Progress { sequence: self.sequence, ..now.clone() });
        self.last = Some(now);
    }

    /// Delivers what is left, seals, and sends everybody home.
    async fn conclude(mut self) -> Verdict {
        let outcome = outcome::outcome(&self.machine, false);
        let mark = if outcome.verdict.is_green() { '✔' } else { '✖' };
        self.note(&format!("{mark} {}: {}", outcome.verdict, outcome.message));
        self.publish();
        let log_complete = self.deliver().await;
        self.sequence += 1;
        let mut last = Progress { sequence: self.sequence, ..self.snapshot() };
        last.outcome = Some(outcome::outcome(&self.machine, log_complete));
        if let Some(uplink) = &self.uplink {
            // Without the log the server was away; a last short try is enough, the seal stays.
            let patience = if log_complete { self.settings.delivery.min(self.limit()) } else { Duration::from_secs(1) };
            let _ = self.while_beating(patience, uplink.publish_last(last.clone())).await;
        }
        self.seal(&last);
        self.posts.dismiss();
        outcome.verdict
    }

    /// Time that there is for delivering.
    fn limit(&self) -> Duration {
        if self.machine.clock().is_terminated() { DELIVERY_TERMINATING } else { LONGEST_DELIVERY }
    }

    /// Hands over artifacts and report, then the rest of the log; true when all of the log arrived.
    /// What still moves is waited for; what has not moved for [`Settings::delivery`] is given up and named.
    async fn deliver(&mut self) -> bool {
        let Some(uplink) = self.uplink.clone() else { return false };
        let (limit, began) = (self.limit(), Instant::now());
        let report = self.reports.take();
        // Some of the time is for the log, which is wanted most.
        let handed_over =
            self.while_moving(began + limit / 3 * 2, self.settings.delivery, uplink.deliver(report)).await;
        let missing = uplink.abandon();
        self.pass_on_notices(&uplink);
        if missing != Undelivered::default() {
            let report = if missing.report { ", and the test report" } else { "" };
            self.note(&format!("artifacts that could not be stored: {}{report}", missing.artifacts));
        }
        let patience = handed_over.map_or(LAST_TRY, |()| self.settings.delivery);
        let log = uplink.deliver_log(self.ends.clone());
        let complete = self.while_moving(began + limit, patience, log).await.unwrap_or(false);
        self.pass_on_notices(&uplink);
        if !complete {
            self.note("the log could not be delivered whole; the verdict is in the pod's termination message");
        }
        complete
    }

    /// Waits for a delivery until that moment, or until nothing has moved for so long.
    async fn while_moving<T>(&self, until: Instant, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        let stalls = async {
            match &self.uplink {
                Some(uplink) => uplink.stalls(patience).await,
                None => pending().await,
            }
        };
        let moving = async {
            tokio::select! {
                done = work => Some(done),
                () = stalls => None,
            }
        };
        let left = until.saturating_duration_since(Instant::now());
        self.while_beating(left, moving).await.flatten()
    }

    fn pass_on_notices(&mut self, uplink: &Uplink) {
        while let Some(text) = uplink.next_notice() {
            self.note(&text);
        }
    }

    /// Waits for something, at most so long, without letting step containers think that the leader is gone.
    async fn while_beating<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        let beating = async {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                self.posts.beat();
            }
        };
        let mut terminations = self.terminations.clone();
        let hurried = async {
            // An error means that nobody counts any more, which is no reason to hurry.
            if terminations.changed().await.is_err() {
                pending::<()>().await;
            }
            tokio::time::sleep(DELIVERY_TERMINATING).await;
        };
        tokio::select! {
            done = tokio::time::timeout(patience, work) => done.ok(),
            () = beating => None,
            () = hurried => None,
        }
    }

    fn seal(&self, last: &Progress) {
        let Some(seal) = Seal::of(last, self.plan.execution.attempt, &self.hash) else { return };
        if let Err(error) = fs::write(&self.settings.termination_log, seal.to_message()) {
            eprintln!("the seal could not be written: {error}");
        }
    }
}

fn count_terminations() -> io::Result<watch::Receiver<u32>> {
    let mut signals = signal(SignalKind::terminate())?;
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            count.send_modify(|count| *count += 1);
        }
    });
    Ok(counted)
}
