//! The store against real databases, real folders and a real S3 service.

mod archive;
mod artifacts;
mod backup;
mod bucket;
mod conformance;
mod crash;
mod follow;
mod full;
mod logs;
mod outage;
mod postgres;
mod records;
mod replaced;
mod retention;
mod speed;

use std::time::{Duration, Instant};

use assay_api::{Reason, StepState, Verdict};
use assay_protocol::frame::{Header, Stream, encode};
use assay_protocol::{ArtifactTotals, Progress, RunOutcome, StepProgress};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::{Begin, OpenError, RunKey, Store, StoreConfig};

pub(crate) const UID: &str = "5f0c7a52-0000-4000-8000-000000000001";

/// A store in a fresh folder, with attempt 1 of [`UID`] begun.
pub(crate) async fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).await.expect("a fresh store");
    store.begin(&begin("smoke-1", UID, 1)).await.expect("begun");
    (dir, store)
}

/// Nothing takes so long unless it hangs.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A store that was open in this process. A child that another test just made holds its lock too until it is the
/// program that it is to become.
pub(crate) async fn opened(config: StoreConfig) -> Store {
    let begun = Instant::now();
    loop {
        match Store::open_with(config.clone()).await {
            Err(OpenError::InUse) if begun.elapsed() < SOON => tokio::time::sleep(Duration::from_millis(20)).await,
            store => return store.expect("opened again"),
        }
    }
}

/// A store that can be opened again.
pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) config: StoreConfig,
    pub(crate) store: Store,
}

impl House {
    /// A fresh one with attempt 1 of [`UID`] begun; `adapt` says where it keeps things.
    pub(crate) async fn new(adapt: impl FnOnce(&mut StoreConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = StoreConfig::folder(dir.path());
        adapt(&mut config);
        let store = Store::open_with(config.clone()).await.expect("a fresh store");
        store.begin(&begin("smoke-1", UID, 1)).await.expect("begun");
        Self { dir, config, store }
    }

    /// The same one after a restart.
    pub(crate) async fn reopen(self) -> Self {
        let Self { dir, config, store } = self;
        drop(store);
        let store = opened(config.clone()).await;
        Self { dir, config, store }
    }
}

pub(crate) fn begin(name: &str, uid: &str, attempt: u32) -> Begin {
    Begin {
        namespace: "team-a".into(),
        name: name.into(),
        uid: uid.into(),
        workflow: "smoke".into(),
        attempt,
        plan_hash: "00".repeat(32),
        delivery: None,
    }
}

pub(crate) fn key(attempt: u32) -> RunKey {
    RunKey { execution_uid: UID.into(), attempt, pod_uid: format!("pod-{attempt}") }
}

pub(crate) fn progress(sequence: u64, finished: bool) -> Progress {
    let now = Timestamp::now();
    let outcome = RunOutcome {
        verdict: Verdict::Passed,
        reason: Reason::Passed,
        message: "all is well".into(),
        finished_at: now,
        log_complete: true,
    };
    let step = |id: &str| StepProgress {
        block: None,
        id: id.into(),
        name: format!("Step {id}"),
        state: StepState::Running,
        attempts: 1,
        exit_code: None,
        started_at: Some(now),
        finished_at: None,
        message: None,
        outputs: std::collections::BTreeMap::new(),
    };
    Progress {
        sequence,
        started_at: Some(now),
        steps: vec![step("build"), step("test")],
        blocks: Vec::new(),
        paused: None,
        paused_ms: 0,
        tests: None,
        artifacts: ArtifactTotals::default(),
        outcome: finished.then_some(outcome),
    }
}

/// A frame of standard output.
pub(crate) fn frame(step: u16, time_ns: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(Header { stream: Stream::Stdout, step, attempt: 1, time_ns, offset: 0 }, payload, &mut bytes);
    bytes
}
