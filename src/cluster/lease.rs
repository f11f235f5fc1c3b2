//! Leader election by a Lease. Exactly one process at a time may write; one
//! that cannot renew in time stops leading before anybody else can begin.
//!
//! Clocks of different machines are never compared: a holder is dead when its
//! record has not changed for its whole duration *by our own clock*.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::PostParams;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::connect::{Cluster, within_time};
use crate::error::ClusterError;

/// What counts of a Lease: a record is the same while all of this is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseView {
    /// Who leads; empty when nobody does.
    pub holder: String,
    /// How long the holder is believed after its last renewal.
    pub duration: Duration,
    /// The last renewal by the holder's clock: only compared with itself.
    pub renewed: Option<Timestamp>,
    /// How often leadership passed on.
    pub transitions: i32,
}

/// A record and since when, by our own clock, it has been like that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The record.
    pub view: LeaseView,
    /// When we first saw it like that.
    pub since: Instant,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Take the lease.
    Acquire,
    /// Renew it: it is ours.
    Renew,
    /// Somebody else leads; look again no later than after this time.
    Yield(Duration),
}

/// Decides on what is known of the lease. `None`: it does not exist.
pub fn evaluate(seen: Option<&Seen>, me: &str, now: Instant) -> Step {
    let Some(seen) = seen else { return Step::Acquire };
    if seen.view.holder == me {
        return Step::Renew;
    }
    let age = now.saturating_duration_since(seen.since);
    match seen.view.duration.checked_sub(age) {
        _ if seen.view.holder.is_empty() => Step::Acquire,
        None | Some(Duration::ZERO) => Step::Acquire,
        Some(left) => Step::Yield(left),
    }
}

/// How to stand for election.
#[derive(Clone, Debug)]
pub struct ElectionOptions {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Who we are: no two processes of one name may live at the same time, as each would take the lease for its own.
    /// The name of a pod does: a container that is started again goes on with the lease of the one that died before
    /// it, and need not wait until that has expired.
    pub identity: String,
    /// How long a silent holder is believed; whole seconds.
    pub duration: Duration,
    /// Without a renewal for this long we stop leading; less than `duration`.
    pub renew_deadline: Duration,
    /// Time between two looks.
    pub retry: Duration,
}

impl ElectionOptions {
    /// The usual times: 15 s, 10 s, 2 s.
    pub fn new(namespace: &str, name: &str, identity: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// Where we stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leadership {
    /// Not elected yet.
    Waiting,
    /// We lead.
    Leading,
    /// We led and lost it. Final: the process must stop writing and end.
    Lost,
}

/// Asks, before something that cannot be taken back, whether we still lead.
#[derive(Clone)]
pub struct Fence {
    api: Api<Lease>,
    name: String,
    identity: String,
    state: watch::Receiver<Leadership>,
    renewed: watch::Receiver<Option<Instant>>,
    deadline: Duration,
}

impl Fence {
    /// Whether we lead as far as this process can tell: not lost, and renewed in time by a clock that goes on
    /// while the process does not.
    pub fn still_held(&self) -> bool {
        let renewed = *self.renewed.borrow();
        *self.state.borrow() == Leadership::Leading && renewed.is_some_and(|at| at.elapsed() < self.deadline)
    }

    /// The same, and the API server says so too, just now. A process that was stopped for a while learns here
    /// that another one took its place.
    ///
    /// # Errors
    /// When the API server does not answer: then it is not known, and nothing may be written.
    pub async fn confirm(&self) -> Result<bool, ClusterError> {
        if !self.still_held() {
            return Ok(false);
        }
        let lease = within_time(self.deadline, "look at the lease", self.api.get_opt(&self.name)).await?;
        let held = lease.as_ref().is_some_and(|lease| view(lease).holder == self.identity);
        Ok(held && self.still_held())
    }
}

/// Our part in an election.
pub struct Elected {
    fence: Fence,
    state: watch::Receiver<Leadership>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Elected {
    /// Where we stand, now and later.
    pub fn state(&self) -> watch::Receiver<Leadership> {
        self.state.clone()
    }

    /// For whoever writes what cannot be taken back.
    pub fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// Waits until we lead. `false` when the election ended before.
    pub async fn leading(&self) -> bool {
        let mut state = self.state.clone();
        state.wait_for(|state| *state != Leadership::Waiting).await.is_ok_and(|state| *state == Leadership::Leading)
    }

    /// Waits until leadership is lost.
    pub async fn lost(&self) {
        let mut state = self.state.clone();
        drop(state.wait_for(|state| *state == Leadership::Lost).await);
    }

    /// Gives the lease back, so that the next one need not wait for it to expire.
    /// Stop writing first.
    pub async fn release(self) {
        // Nobody listens when the election is over already.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the election broke");
        }
    }
}

/// Stands for election until released or lost.
pub fn elect(cluster: &Cluster, options: ElectionOptions) -> Elected {
    let (sender, state) = watch::channel(Leadership::Waiting);
    let (stop, stopped) = oneshot::channel();
    let (renewals, renewed) = watch::channel(None);
    let api = cluster.api(&options.namespace);
    let fence = Fence {
        api: api.clone(),
        name: options.name.clone(),
        identity: options.identity.clone(),
        state: state.clone(),
        renewed,
        deadline: options.renew_deadline,
    };
    let candidate = Candidate { api, options, seen: None, version: None, acquired: None, renewals };
    let task = tokio::spawn(candidate.stand(sender, stopped));
    Elected { fence, state, stop, task }
}

struct Candidate {
    api: Api<Lease>,
    options: ElectionOptions,
    seen: Option<Seen>,
    version: Option<String>,
    acquired: Option<Timestamp>,
    renewals: watch::Sender<Option<Instant>>,
}

impl Candidate {
    async fn stand(mut self, state: watch::Sender<Leadership>, mut stopped: oneshot::Receiver<()>) {
        let mut renewed: Option<Instant> = None;
        loop {
            let begun = Instant::now();
            let outcome = self.turn(renewed).await;
            let leading = match outcome {
                // An answer that is heard after the deadline, as by a process that was stopped meanwhile, says
                // nothing of now.
                Ok(leading) => leading && begun.elapsed() < self.options.renew_deadline,
                Err(error) => {
                    let error = assay_telemetry::error_chain(&error);
                    tracing::warn!(error, lease = self.options.name, "the lease cannot be looked at");
                    false
                }
            };
            if leading {
                renewed = Some(begun);
                self.renewals.send_replace(renewed);
                state.send_if_modified(|state| std::mem::replace(state, Leadership::Leading) != Leadership::Leading);
            } else if let Some(last) = renewed
                && (self.taken() || last.elapsed() >= self.options.renew_deadline)
            {
                tracing::error!(lease = self.options.name, "leadership is lost");
                state.send_replace(Leadership::Lost);
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(self.pause(renewed)) => {}
                _ = &mut stopped => break,
            }
        }
        if renewed.is_some() {
            self.give_back().await;
        }
    }

    /// The next look: soon, but never later than the moment at which we must give up.
    fn pause(&self, renewed: Option<Instant>) -> Duration {
        match renewed {
            None => self.options.retry,
            Some(last) => self.options.retry.min(self.options.renew_deadline.saturating_sub(last.elapsed())),
        }
    }

    fn taken(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.view.holder != self.options.identity)
    }

    /// One look at the lease, and what follows from it. `true` when we lead. All of it together ends before the
    /// moment at which we must give up.
    async fn turn(&mut self, renewed: Option<Instant>) -> Result<bool, ClusterError> {
        let from = renewed.unwrap_or_else(Instant::now);
        let deadline = self.options.renew_deadline;
        let left = || deadline.saturating_sub(from.elapsed());
        let limit = left();
        if limit.is_zero() {
            return Ok(false);
        }
        let look = within_time(limit, "look at the lease", self.api.get_opt(&self.options.name)).await?;
        self.note(look.as_ref());
        match evaluate(self.seen.as_ref(), &self.options.identity, Instant::now()) {
            Step::Yield(_) => Ok(false),
            Step::Renew => self.write(self.options.identity.clone(), left()).await,
            // Whoever led and finds the lease free or gone has lost it: others may have written meanwhile.
            Step::Acquire if renewed.is_some() => {
                self.seen = Some(Seen { view: nobody(), since: Instant::now() });
                Ok(false)
            }
            Step::Acquire => self.write(self.options.identity.clone(), left()).await,
        }
    }

    fn note(&mut self, lease: Option<&Lease>) {
        self.version = lease.and_then(|lease| lease.metadata.resource_version.clone());
        let view = lease.map(view);
        match (view, &self.seen) {
            (Some(view), Some(seen)) if seen.view == view => {}
            (Some(view), _) => self.seen = Some(Seen { view, since: Instant::now() }),
            (None, _) => self.seen = None,
        }
    }

    /// Writes against the version that was looked at; a conflict means that somebody was faster.
    async fn write(&mut self, holder: String, limit: Duration) -> Result<bool, ClusterError> {
        let now = Timestamp::now();
        let known = self.seen.as_ref().map(|seen| &seen.view);
        let same = known.is_some_and(|view| view.holder == holder);
        let transitions = known.map_or(0, |view| view.transitions + i32::from(!same && !holder.is_empty()));
        let released = holder.is_empty();
        if !same {
            self.acquired = Some(now);
        }
        let seconds = if released { 1 } else { i32::try_from(self.options.duration.as_secs()).unwrap_or(15) };
        let lease = Lease {
            metadata: ObjectMeta {
                name: Some(self.options.name.clone()),
                namespace: Some(self.options.namespace.clone()),
                resource_version: self.version.clone(),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(holder),
                lease_duration_seconds: Some(seconds),
                acquire_time: self.acquired.map(MicroTime),
                renew_time: Some(MicroTime(now)),
                lease_transitions: Some(transitions),
                ..LeaseSpec::default()
            }),
        };
        let params = PostParams::default();
        let written = if self.version.is_some() {
            within_time(limit, "write the lease", self.api.replace(&self.options.name, &params, &lease)).await
        } else {
            within_time(limit, "create the lease", self.api.create(&params, &lease)).await
        };
        match written {
            Ok(lease) => {
                self.note(Some(&lease));
                Ok(!released)
            }
            Err(error) if error.conflict() || error.already_exists() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn give_back(&mut self) {
        self.renewals.send_replace(None);
        if let Err(error) = self.write(String::new(), Duration::from_secs(2)).await {
            let error = assay_telemetry::error_chain(&error);
            tracing::warn!(error, lease = self.options.name, "the lease cannot be given back; it will expire");
        }
    }
}

fn nobody() -> LeaseView {
    LeaseView { holder: String::new(), duration: Duration::ZERO, renewed: None, transitions: 0 }
}

fn view(lease: &Lease) -> LeaseView {
    let Some(spec) = &lease.spec else { return nobody() };
    LeaseView {
        holder: spec.holder_identity.clone().unwrap_or_default(),
        duration: Duration::from_secs(u64::try_from(spec.lease_duration_seconds.unwrap_or(0)).unwrap_or(0)),
        renewed: spec.renew_time.as_ref().map(|time| time.0),
        transitions: spec.lease_transitions.unwrap_or(0),
    }
}
