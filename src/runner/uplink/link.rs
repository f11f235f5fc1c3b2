//! The uplink as the leader's driver holds it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_protocol::control::Collected;
use assay_protocol::ingest::{Commands, Hello};
use assay_protocol::{ArtifactTotals, ExecutionIdentity, PROTOCOL_VERSION, Progress, Server};
use assay_report::TestReport;

use super::artifacts::{WORKERS, store};
use super::client::{AddressError, Client};
use super::commands;
use super::logs::LogSender;
use super::mailbox::{Mailbox, Upload};
use super::news;
use crate::leader::sources::Sources;
use crate::settings::Settings;

/// Why there is no uplink.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// The plan's server is not one.
    #[error("the plan's server is not one")]
    Address(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The spools cannot be watched.
    #[error("the spools cannot be watched")]
    Watch(#[source] io::Error),
}

impl From<AddressError> for UplinkError {
    fn from(error: AddressError) -> Self {
        Self::Address(Box::new(error))
    }
}

/// Something for the leader.
#[derive(Debug)]
pub(crate) enum Heard {
    /// To be told to people.
    Notice(String),
    /// Somebody asked for something.
    Commands(Commands),
}

/// What did not reach the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Undelivered {
    /// Files, those that the server refused included.
    pub(crate) artifacts: u64,
    /// The test report.
    pub(crate) report: bool,
}

/// The way to the server. What is handed to it is sent in the background.
#[derive(Clone, Debug)]
pub(crate) struct Uplink {
    mail: Arc<Mailbox>,
}

impl Uplink {
    /// Starts the tasks that send.
    pub(crate) fn start(
        server: &Server,
        settings: &Settings,
        execution: &ExecutionIdentity,
        plan_hash: &str,
        spools: Vec<PathBuf>,
        sources: Sources,
    ) -> Result<Self, UplinkError> {
        let hello = Hello {
            version: PROTOCOL_VERSION,
            execution_uid: execution.uid.clone(),
            attempt: execution.attempt,
            plan_hash: plan_hash.to_owned(),
        };
        let client = Arc::new(Client::new(server, settings.token_file.clone(), &hello)?);
        let mail = Arc::new(Mailbox::default());
        let logs = LogSender::new(Arc::clone(&client), Arc::clone(&mail), spools).map_err(UplinkError::Watch)?;
        tokio::spawn(news::send(Arc::clone(&client), Arc::clone(&mail)));
        tokio::spawn(commands::listen(Arc::clone(&client), Arc::clone(&mail)));
        tokio::spawn(logs.run());
        for worker in 0..WORKERS {
            tokio::spawn(store(worker, Arc::clone(&client), Arc::clone(&mail), sources.clone()));
        }
        Ok(Self { mail })
    }

    /// Sends a state; a newer one replaces one that is not yet sent.
    pub(crate) fn publish(&self, progress: Progress) {
        self.mail.news.change(|desk| desk.progress = Some(progress));
    }

    /// Appends frames to the leader's own stream.
    pub(crate) fn say(&self, frames: &[u8]) {
        if let Some(lost) = self.mail.logs.change(|desk| desk.own.append(frames)) {
            self.mail.notice(format!("{lost} lines of the leader were lost: the server was away for too long"));
        }
    }

    /// Stores the files of a step.
    pub(crate) fn keep(&self, step: &str, files: &[Collected]) {
        self.mail.artifacts.change(|desk| {
            desk.queue.extend(files.iter().map(|file| Upload {
                step: step.to_owned(),
                name: file.name.clone(),
                source: file.source.clone(),
            }));
        });
    }

    /// What the server has stored so far.
    pub(crate) fn stored(&self) -> ArtifactTotals {
        self.mail.artifacts.look().stored
    }

    /// Waits for something that concerns the leader.
    pub(crate) async fn hear(&self) -> Heard {
        tokio::select! {
            text = self.mail.notices.until(std::collections::VecDeque::pop_front) => Heard::Notice(text),
            commands = self.mail.news.until(|desk| desk.commands.take()) => Heard::Commands(commands),
        }
    }

    /// Returns when nothing has reached the server for so long.
    pub(crate) async fn stalls(&self, patience: Duration) {
        self.mail.meter.stalls(patience).await;
    }

    /// Gives up what has not been delivered; answers all that is missing.
    pub(crate) fn abandon(&self) -> Undelivered {
        let artifacts = self.mail.artifacts.change(|desk| {
            desk.stored.missing += (desk.queue.len() + desk.under_way) as u64;
            desk.queue.clear();
            desk.stored.missing
        });
        let report = self.mail.news.change(|desk| desk.report.take()).is_some();
        Undelivered { artifacts, report }
    }

    /// Something to tell that came up in the meantime.
    pub(crate) fn next_notice(&self) -> Option<String> {
        self.mail.notices.look().pop_front()
    }

    /// Waits until artifacts and report are with the server, or refused by it.
    pub(crate) async fn deliver(&self, report: Option<TestReport>) {
        self.mail.news.change(|desk| desk.report = report);
        self.mail.artifacts.until(|desk| (desk.queue.is_empty() && desk.under_way == 0).then_some(())).await;
        self.mail.news.until(|desk| desk.report.is_none().then_some(())).await;
    }

    /// Waits until the server has the whole log, which ends there; false when some of it is lost.
    pub(crate) async fn deliver_log(&self, ends: BTreeMap<u16, u64>) -> bool {
        self.mail.logs.change(|desk| desk.ends = Some(ends));
        self.mail.logs.until(|desk| desk.complete).await
    }

    /// Sends the last state and waits until the server has it.
    pub(crate) async fn publish_last(&self, progress: Progress) {
        let sequence = progress.sequence;
        self.publish(progress);
        self.mail.news.until(|desk| (desk.known >= sequence).then_some(())).await;
    }
}
