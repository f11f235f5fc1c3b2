//! Listening for commands: one request at a time that the server answers when
//! there is something new, or after a while. A pause asked for during a step is
//! so known before the step ends, however soon that is.

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
/// Between two questions to a server that answers without waiting.
const APART: Duration = Duration::from_secs(10);
/// Between two questions to one that does not know what is asked.
const FAR_APART: Duration = Duration::from_secs(60);
/// Who is over by then need not ask: until then nothing but the answers to the progress brings commands.
const FIRST: Duration = Duration::from_secs(1);
/// An answer that says nothing new is believed to have waited when it took so long.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Listens for ever.
pub(super) async fn listen(client: Arc<Client>, mail: Arc<Mailbox>) {
    let mut connection = None;
    let mut backoff = Backoff::new();
    tokio::time::sleep(FIRST).await;
    loop {
        let known = mail.news.look().version;
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
            // An older server: a pause ends by its limit, or when the execution is cancelled.
            Err(CallError::Refused { .. }) => {
                connection = None;
                tokio::time::sleep(FAR_APART).await;
            }
            Err(CallError::Lost(_) | CallError::Later(_)) => {
                connection = None;
                backoff.pause().await;
            }
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
