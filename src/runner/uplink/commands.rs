//! Listening for commands while the run holds: one request at a time that the
//! server answers when there is something new, or after a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_protocol::ingest::{COMMANDS_WAIT_SECONDS, Commands};
use bytes::Bytes;
use http::Method;

use super::backoff::Backoff;
use super::body::Payload;
use super::client::{CallError, Client, Connection, JSON};
use super::mailbox::Mailbox;

/// The server's own patience and a little more.
const PATIENCE: Duration = Duration::from_secs(COMMANDS_WAIT_SECONDS + 15);
/// Between two questions to a server that knows no answer, or answers without waiting.
const APART: Duration = Duration::from_secs(10);
/// An answer that says nothing new is believed to have waited when it took so long.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Listens whenever that is wanted, for ever.
pub(super) async fn listen(client: Arc<Client>, mail: Arc<Mailbox>) {
    let mut connection = None;
    let mut backoff = Backoff::new();
    loop {
        let known = mail.news.until(|desk| desk.listening.then_some(desk.version)).await;
        let asked = Instant::now();
        match ask(&client, &mut connection, known).await {
            Ok(commands) => {
                backoff.reset();
                let news = commands.version > known;
                mail.news.change(|desk| desk.learn(commands));
                if !news && asked.elapsed() < AT_ONCE {
                    tokio::time::sleep(APART).await;
                }
            }
            // An older server: the pause ends by its limit, or when the execution is cancelled.
            Err(CallError::Refused { .. }) => {
                connection = None;
                tokio::time::sleep(APART).await;
            }
            Err(CallError::Lost(_) | CallError::Later(_)) => {
                connection = None;
                backoff.pause().await;
            }
        }
        if !mail.news.look().listening {
            connection = None;
        }
    }
}

async fn ask(client: &Client, connection: &mut Option<Connection>, known: u64) -> Result<Commands, CallError> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(client.open().await?.0),
    };
    let target = format!("commands?known={known}");
    open.call(Method::GET, &target, JSON, Payload::Bytes(Bytes::new()), PATIENCE).await?.json()
}
