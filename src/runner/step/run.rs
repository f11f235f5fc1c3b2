//! A step container from its start to its end: wait for a turn, take it, wait again.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use assay_protocol::control::{self, Done, Ending, Go, Ready, attempt_file};
use assay_protocol::{Instruction, PROTOCOL_VERSION, PlanDocument, Section};
use jiff::Timestamp;
use rustix::fs::FlockOperation;

use super::attempt::{Attempt, End, Limits, Senses, reap_one};
use super::collect::{Collection, collect};
use super::content;
use super::launch::launch;
use super::lifeline::Lifeline;
use super::mask::Patterns;
use super::memory::MemoryKills;
use super::output::Output;
use super::outputs::Outputs;
use super::prepare::{Surroundings, prepare};
use super::redact::redact;
use super::resolve::Resolver;
use super::secrets::Secrets;
use super::shelves::Shelves;
use super::signals::{Signals, asks_to_end};
use super::spool::SpoolWriter;
use super::wait::wait;
use crate::control_dir::{ControlDir, EXIT, GroupDir, READY, parse_attempt};
use crate::plan_file::{LoadedPlan, PlanError};
use crate::settings::Settings;
use crate::watch::Watch;

/// Longest sleep while waiting for a turn.
const RECHECK: Duration = Duration::from_secs(5);

/// Why a step container's runner broke.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no plan.
    #[error("there is no plan to obey")]
    Plan(#[source] PlanError),
    /// The plan has no such group.
    #[error("the plan has no group {0}")]
    NoSuchGroup(u16),
    /// The control folder does not work.
    #[error("the control folder {path} cannot be used")]
    Control {
        /// The folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The leader is gone.
    #[error("the leader is gone: its heartbeat is too old, or it never appeared")]
    LeaderLost,
}

/// Runs the steps of a group until the leader says that there are no more.
///
/// # Errors
/// When the runner itself cannot work, or the leader disappears.
pub fn run(settings: &Settings, group: u16) -> Result<(), StepError> {
    let plan = LoadedPlan::read(&settings.plan_file).map_err(StepError::Plan)?.plan;
    if usize::from(group) >= plan.groups.len() {
        return Err(StepError::NoSuchGroup(group));
    }
    let control = ControlDir::new(&settings.control);
    let broken = |source| StepError::Control { path: settings.control.display().to_string(), source };
    Station::open(settings, plan, group, &control).map_err(broken)?.serve()
}

/// All that a step container's runner holds.
struct Station {
    plan: PlanDocument,
    dir: GroupDir,
    watch: Watch,
    signals: Signals,
    lifeline: Lifeline,
    spool: SpoolWriter,
    patterns: Patterns,
    /// To be said once.
    warnings: Vec<String>,
    /// Why no step of this container can be started.
    hindrance: Option<String>,
    kill_grace: Duration,
    memory_kills: MemoryKills,
    copies: u32,
    first: Option<u16>,
    /// Kept locked: whoever can take the lock knows that this runner is dead.
    _alive: File,
}

enum Turn {
    Attempt(u16, u32),
    Exit,
}

impl Station {
    fn open(settings: &Settings, plan: PlanDocument, group: u16, control: &ControlDir) -> io::Result<Self> {
        let dir = control.group(group);
        dir.prepare()?;
        let alive = File::create(dir.alive())?;
        alive.set_permissions(Permissions::from_mode(0o644))?;
        rustix::fs::flock(&alive, FlockOperation::NonBlockingLockExclusive)?;
        let watch = Watch::new()?;
        watch.arrivals(dir.path())?;
        watch.departures(&dir.spool())?;
        let signals = Signals::new()?;
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.as_bytes().to_vec())));
        let secrets = Secrets::of(&plan.groups[usize::from(group)], variables);
        let hindrance = if group == 0 && !plan.files.is_empty() {
            content::write(&plan.files, Path::new(&plan.workspace), &Resolver::new(&Go::default()))
        } else {
            None
        };
        let ready = serde_json::to_vec(&Ready { version: PROTOCOL_VERSION }).expect("plain data");
        dir.publish(READY, &ready)?;
        Ok(Self {
            spool: SpoolWriter::new(dir.spool(), plan.server.is_some()),
            lifeline: Lifeline::new(control.heartbeat()),
            patterns: Patterns::new(secrets.forms),
            warnings: secrets.warnings,
            first: control::starts_at_once(&plan).filter(|_| group == 0),
            kill_grace: settings.kill_grace,
            memory_kills: MemoryKills::new(&settings.cgroup),
            copies: 0,
            plan,
            dir,
            watch,
            signals,
            hindrance,
            _alive: alive,
        })
    }

    fn serve(mut self) -> Result<(), StepError> {
        loop {
            match self.next_turn() {
                Some(Turn::Exit) => return Ok(()),
                Some(Turn::Attempt(step, attempt)) => {
                    if self.perform(step, attempt)? && !self.lifeline.seen() {
                        return Ok(());
                    }
                }
                None => {
                    if self.idle()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn next_turn(&mut self) -> Option<Turn> {
        if let Some(step) = self.first.take() {
            return Some(Turn::Attempt(step, 1));
        }
        let names = self.dir.names();
        if names.iter().any(|name| name == EXIT) {
            return Some(Turn::Exit);
        }
        let wanted = names.iter().filter_map(|name| parse_attempt(name)).filter(|(kind, _, _)| *kind == "go");
        let open = wanted.filter(|(_, step, attempt)| !self.dir.has(&attempt_file("done", *step, *attempt)));
        let known = open.filter(|(_, step, _)| usize::from(*step) < self.plan.steps.len());
        known.map(|(_, step, attempt)| (step, attempt)).min().map(|(step, attempt)| Turn::Attempt(step, attempt))
    }

    /// Waits for something to happen; true when it is time to go without a leader.
    fn idle(&mut self) -> Result<bool, StepError> {
        let woken = wait(&[self.signals.as_fd(), self.watch.as_fd()], RECHECK);
        self.watch.drain();
        while reap_one().is_some() {}
        let asked = self.signals.take().into_iter().any(asks_to_end);
        // With a leader, the end comes by its exit file: `after` steps may still follow.
        if asked && !self.lifeline.seen() {
            return Ok(true);
        }
        if !woken.contains(&true) && self.lifeline.is_cut() {
            return Err(StepError::LeaderLost);
        }
        Ok(false)
    }

    /// One attempt; true when it was ended from outside.
    fn perform(&mut self, step: u16, attempt: u32) -> Result<bool, StepError> {
        let instruction = self.plan.steps[usize::from(step)].clone();
        let started_at = Timestamp::now();
        let ran = self.run_process(&instruction, attempt);
        let finished_at = Timestamp::now();
        let collection = self.collect(&instruction);
        let mut notes = ran.outputs.notes;
        notes.extend(collection.notes.iter().map(|note| self.patterns.masked_text(note)));
        let done = Done {
            step,
            attempt,
            ending: ran.end.ending,
            exit_code: ran.end.exit_code,
            signal: ran.end.signal,
            out_of_memory: ran.out_of_memory,
            started_at,
            finished_at,
            message: ran.message.map(|message| self.patterns.masked_text(&message)),
            files: collection.files,
            notes,
            outputs: ran.outputs.values,
            log_end: ran.log_end,
        };
        let bytes = serde_json::to_vec(&done).expect("plain data");
        self.dir.publish(&attempt_file("done", step, attempt), &bytes).map_err(|source| {
            let path = self.dir.path().display().to_string();
            StepError::Control { path, source }
        })?;
        if ran.end.abandoned { Err(StepError::LeaderLost) } else { Ok(ran.end.ending == Ending::Stopped) }
    }

    fn run_process(&mut self, instruction: &Instruction, attempt: u32) -> Ran {
        let surroundings = Surroundings { plan: &self.plan, dir: &self.dir, hindrance: self.hindrance.as_deref() };
        let prepared = prepare(&surroundings, instruction, attempt);
        // Earlier ones were not of this attempt.
        self.memory_kills.have_grown();
        let mut output = Output::new(&mut self.spool, &self.patterns, instruction.index, attempt);
        for warning in std::mem::take(&mut self.warnings) {
            output.say(&warning);
        }
        let started = prepared.and_then(|prepared| {
            let Some(prepared) = prepared else { return Ok(None) };
            Ok(Some((launch(&prepared.action, &prepared.variables)?, prepared.outputs)))
        });
        let (launched, outputs) = match started {
            Ok(Some(started)) => {
                started.0.remark.iter().for_each(|remark| output.say(remark));
                started
            }
            Ok(None) => return Ran::without_process(Ending::Exited, None, output),
            Err(message) => {
                output.say(&message);
                return Ran::without_process(Ending::NotStarted, Some(message), output);
            }
        };
        let limits = Limits {
            step: instruction.index,
            attempt,
            timeout: instruction.timeout_ms.map(Duration::from_millis),
            kill_grace: self.kill_grace,
            spared: instruction.section == Section::After,
        };
        let mut senses =
            Senses { signals: &mut self.signals, watch: &self.watch, lifeline: &mut self.lifeline, dir: &self.dir };
        let end = Attempt::new(launched, limits).supervise(&mut senses, &mut output);
        let _ = io::stdout().flush();
        let killed = self.memory_kills.have_grown();
        if killed {
            output.say("the kernel ended a process of this step: the memory limit of its container was reached");
        }
        let out_of_memory = killed && end.exit_code != Some(0);
        let outputs = outputs.take(&self.patterns);
        Ran { end, out_of_memory, message: None, log_end: output.finish(), outputs }
    }

    fn collect(&mut self, instruction: &Instruction) -> Collection {
        let Some(rule) = &instruction.artifacts else { return Collection::default() };
        let out = self.dir.out();
        let workspace = Path::new(&self.plan.workspace);
        let mut collection = collect(rule, &mut Shelves::new(workspace, &out, &mut self.copies));
        let notes = redact(&mut collection.files, &self.patterns, &out, &mut self.copies);
        collection.notes.extend(notes);
        collection
    }
}

/// What became of the process of an attempt.
struct Ran {
    end: End,
    out_of_memory: bool,
    /// Why there was none.
    message: Option<String>,
    outputs: Outputs,
    /// Where the spool ended.
    log_end: u64,
}

impl Ran {
    fn without_process(ending: Ending, message: Option<String>, output: Output<'_>) -> Self {
        let end = End { ending, exit_code: None, signal: None, abandoned: false };
        Self { end, out_of_memory: false, message, outputs: Outputs::default(), log_end: output.finish() }
    }
}
