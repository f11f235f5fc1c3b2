//! One attempt of a step: from the start of its process until nothing of it
//! is left to read.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use assay_protocol::control::{Ending, attempt_file};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group};

use super::launch::Launched;
use super::lifeline::Lifeline;
use super::output::Output;
use super::signals::{Signals, asks_to_end};
use super::wait::wait;
use crate::control_dir::GroupDir;
use crate::watch::Watch;

/// How long an ended process's children may keep its pipes open.
const DRAIN: Duration = Duration::from_secs(2);
/// Longest sleep, so that a lost notification costs little.
const RECHECK: Duration = Duration::from_secs(5);
const READ_BYTES: usize = 64 * 1024;
/// Reads of one pipe before the other gets its turn.
const READS_IN_A_ROW: usize = 8;
/// Enough for all that a full pipe holds, and an end to what never ends.
const READS_AT_THE_END: usize = 64;

/// What an attempt looks at while its process runs.
#[derive(Debug)]
pub(super) struct Senses<'a> {
    pub(super) signals: &'a mut Signals,
    pub(super) watch: &'a Watch,
    pub(super) lifeline: &'a mut Lifeline,
    pub(super) dir: &'a GroupDir,
}

/// The limits of one attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) step: u16,
    pub(super) attempt: u32,
    pub(super) timeout: Option<Duration>,
    pub(super) kill_grace: Duration,
    /// Only the leader may end it, not a signal to the container.
    pub(super) spared: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) ending: Ending,
    pub(super) exit_code: Option<i32>,
    pub(super) signal: Option<i32>,
    /// The leader is gone, so nobody waits for more.
    pub(super) abandoned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    TimedOut,
    Stopped,
    Abandoned,
}

/// A process under supervision.
pub(super) struct Attempt {
    pid: Pid,
    pipes: [Option<OwnedFd>; 2],
    limits: Limits,
    deadline: Option<Instant>,
    cause: Option<Cause>,
    asked_to_end: bool,
    kill_at: Option<Instant>,
    drain_until: Option<Instant>,
    status: Option<WaitStatus>,
    recheck_at: Instant,
    buffer: Vec<u8>,
}

impl Attempt {
    pub(super) fn new(launched: Launched, limits: Limits) -> Self {
        Self {
            pid: launched.pid,
            pipes: launched.pipes.map(Some),
            deadline: limits.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            limits,
            cause: None,
            asked_to_end: false,
            kill_at: None,
            drain_until: None,
            status: None,
            recheck_at: Instant::now() + RECHECK,
            buffer: vec![0; READ_BYTES],
        }
    }

    /// Stays with the process until it has ended and all its output is in.
    pub(super) fn supervise(mut self, senses: &mut Senses<'_>, output: &mut Output<'_>) -> End {
        let mut stop_wanted = true;
        loop {
            if std::mem::take(&mut stop_wanted) {
                self.look_for_stop(senses);
                output.look_for_space();
            }
            self.pass_on(senses.signals.take(), senses.lifeline);
            self.reap();
            self.keep_time(Instant::now());
            if let Some(status) = self.status.filter(|_| self.is_drained()) {
                return self.leave(status, output);
            }
            stop_wanted = self.wait_and_read(senses, output);
        }
    }

    fn is_drained(&self) -> bool {
        let closed = self.pipes.iter().all(Option::is_none);
        closed || self.drain_until.is_some_and(|until| Instant::now() >= until)
    }

    /// Waits for anything to happen and reads what was printed; true when the
    /// control folder deserves a look.
    fn wait_and_read(&mut self, senses: &mut Senses<'_>, output: &mut Output<'_>) -> bool {
        let held_back = output.is_full() && self.status.is_none();
        let mut descriptors = vec![senses.signals.as_fd(), senses.watch.as_fd()];
        let readable: Vec<usize> = (0..2).filter(|pipe| self.pipes[*pipe].is_some() && !held_back).collect();
        descriptors.extend(readable.iter().filter_map(|pipe| self.pipes[*pipe].as_ref()).map(AsFd::as_fd));
        let woken = wait(&descriptors, self.patience(Instant::now(), output.due()));
        for (position, pipe) in readable.into_iter().enumerate() {
            if woken[position + 2] {
                self.read(pipe, READS_IN_A_ROW, output);
            }
        }
        output.look_at_time(Instant::now());
        let rechecked = self.recheck(senses.lifeline);
        (woken[1] && senses.watch.drain()) || rechecked
    }

    /// Now and then, whatever was reported: is there still a leader?
    fn recheck(&mut self, lifeline: &mut Lifeline) -> bool {
        let now = Instant::now();
        if now < self.recheck_at {
            return false;
        }
        self.recheck_at = now + RECHECK;
        if self.cause.is_none() && lifeline.is_cut() {
            self.end(Cause::Abandoned);
        }
        true
    }

    fn patience(&self, now: Instant, output_due: Option<Instant>) -> Duration {
        let deadline = self.deadline.filter(|_| self.cause.is_none());
        let next =
            [deadline, self.kill_at, self.drain_until, output_due, Some(self.recheck_at)].into_iter().flatten().min();
        next.map_or(RECHECK, |at| at.saturating_duration_since(now))
    }

    fn read(&mut self, pipe: usize, times: usize, output: &mut Output<'_>) {
        for _ in 0..times {
            let Some(reading) = &self.pipes[pipe] else { return };
            match rustix::io::read(reading, &mut self.buffer) {
                Ok(0) => self.pipes[pipe] = None,
                Ok(length) => output.feed(pipe, &self.buffer[..length]),
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(_) => self.pipes[pipe] = None,
            }
        }
    }

    /// The only place where children are waited for, our own and adopted ones.
    fn reap(&mut self) {
        while let Some((pid, status)) = reap_one() {
            if pid == self.pid {
                self.status = Some(status);
                let grace = if self.cause.is_some() { Duration::from_millis(500) } else { DRAIN };
                self.drain_until = Some(Instant::now() + grace);
            }
        }
    }

    fn pass_on(&mut self, signals: Vec<Signal>, lifeline: &mut Lifeline) {
        for signal in signals {
            if asks_to_end(signal) {
                // A step that cleans up has the rest of the pod's grace; the leader ends it when that is over.
                if self.limits.spared && lifeline.seen() {
                    continue;
                }
                self.asked_to_end = true;
            }
            self.signal(signal);
        }
    }

    fn look_for_stop(&mut self, senses: &Senses<'_>) {
        let name = attempt_file("stop", self.limits.step, self.limits.attempt);
        if self.cause.is_none() && senses.dir.has(&name) {
            self.end(Cause::Stopped);
        }
    }

    fn keep_time(&mut self, now: Instant) {
        if self.cause.is_none() && self.status.is_none() && self.deadline.is_some_and(|at| now >= at) {
            self.end(Cause::TimedOut);
        }
        if self.kill_at.is_some_and(|at| now >= at) {
            self.kill_at = None;
            self.signal(Signal::KILL);
        }
    }

    fn end(&mut self, cause: Cause) {
        self.cause = Some(cause);
        self.kill_at = Instant::now().checked_add(self.limits.kill_grace);
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    fn leave(mut self, status: WaitStatus, output: &mut Output<'_>) -> End {
        let held_open = self.pipes.iter().any(Option::is_some);
        if held_open || self.cause.is_some() {
            self.signal(Signal::KILL);
        }
        for pipe in 0..2 {
            self.read(pipe, READS_AT_THE_END, output);
        }
        if held_open && self.cause.is_none() {
            output.say("children that the step left in the background were ended: they still held its output");
        }
        self.end_of(status)
    }

    fn end_of(&self, status: WaitStatus) -> End {
        let signal = status.terminating_signal();
        let ending = match self.cause {
            Some(Cause::TimedOut) => Ending::TimedOut,
            Some(Cause::Stopped | Cause::Abandoned) => Ending::Stopped,
            None if self.asked_to_end => Ending::Stopped,
            None if signal.is_some() => Ending::Killed,
            None => Ending::Exited,
        };
        End { ending, exit_code: status.exit_status(), signal, abandoned: self.cause == Some(Cause::Abandoned) }
    }
}

/// Takes one ended child, if there is one.
pub(super) fn reap_one() -> Option<(Pid, WaitStatus)> {
    rustix::process::wait(WaitOptions::NOHANG).ok().flatten()
}
