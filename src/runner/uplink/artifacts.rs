//! Storing artifacts: a few files at a time, each streamed from disk on a
//! connection that stays open.

use std::sync::Arc;
use std::time::Duration;

use assay_protocol::ingest::Stored;
use http::Method;

use super::backoff::Backoff;
use super::body::Payload;
use super::client::{CallError, Client, Connection, OCTETS};
use super::mailbox::{ArtifactDesk, Mailbox, Upload};
use super::meter::FileMeter;
use crate::leader::sources::Sources;

/// Connections at most.
pub(super) const WORKERS: usize = 4;
/// A further connection is worth its handshake when so many files wait.
const WORTH_A_CONNECTION: usize = 8;
/// For a file that does not move, also while the server writes it away at its end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Files that are named when they cannot be stored; further ones are counted.
const NAMED: u64 = 20;

/// Stores what is in the queue, for ever; `worker` counts from 0.
pub(super) async fn store(worker: usize, client: Arc<Client>, mail: Arc<Mailbox>, sources: Sources) {
    let mut connection = None;
    let mut backoff = Backoff::new();
    loop {
        let upload = mail.artifacts.until(|desk| take(desk, worker, connection.is_some())).await;
        let meter = Arc::new(FileMeter::new(mail.meter.clone()));
        loop {
            meter.rewind();
            match send(&client, &mut connection, &sources, &upload, &meter).await {
                Ok(stored) => {
                    backoff.reset();
                    mail.artifacts.change(|desk| {
                        desk.stored.count += 1;
                        desk.stored.bytes += stored.size;
                    });
                    break;
                }
                Err(CallError::Refused { status, detail }) => {
                    let why = if status.is_success() { detail } else { format!("{status} {detail}") };
                    let missing = mail.artifacts.change(|desk| {
                        desk.stored.missing += 1;
                        desk.stored.missing
                    });
                    if missing <= NAMED {
                        mail.notice(format!("artifact {} could not be stored: {why}", upload.name));
                    }
                    break;
                }
                Err(CallError::Lost(_) | CallError::Later(_)) => {
                    connection = None;
                    backoff.pause().await;
                }
            }
        }
        mail.artifacts.change(|desk| desk.under_way -= 1);
    }
}

fn take(desk: &mut ArtifactDesk, worker: usize, connected: bool) -> Option<Upload> {
    if !connected && desk.queue.len() < worker * WORTH_A_CONNECTION {
        return None;
    }
    let upload = desk.queue.pop_front()?;
    desk.under_way += 1;
    Some(upload)
}

async fn send(
    client: &Client,
    connection: &mut Option<Connection>,
    sources: &Sources,
    upload: &Upload,
    meter: &Arc<FileMeter>,
) -> Result<Stored, CallError> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(client.open().await?.0),
    };
    let opened = sources.open(&upload.source).and_then(|file| Ok((file.metadata()?.len(), file)));
    // A file that cannot be read now cannot be read later.
    let (left, file) =
        opened.map_err(|error| CallError::Refused { status: http::StatusCode::OK, detail: error.to_string() })?;
    let target = format!("artifacts?name={}&step={}", encoded(&upload.name), encoded(&upload.step));
    let payload = Payload::File { file, left, meter: Arc::clone(meter) };
    let answer = tokio::select! {
        answer = open.call(Method::PUT, &target, OCTETS, payload, Duration::MAX) => answer?,
        () = meter.stalls(PATIENCE) => return Err(CallError::Lost("it takes nothing more".to_owned())),
    };
    answer.json()
}

/// For a query string.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
