//! Sending progress and the report: only the newest, until the server has it.
//! The answers say what somebody asked of the execution; when there is nothing
//! to send for a while, it is asked for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::backoff::Backoff;
use super::body::Payload;
use super::client::{Answer, CallError, Client, Connection, JSON};
use super::mailbox::Mailbox;

const PATIENCE: Duration = Duration::from_secs(30);
/// Time without news after which the server is asked for commands: a pause is
/// to take effect before the next step, and the step before it may be long.
const QUIET: Duration = Duration::from_secs(10);

/// One request.
enum News {
    Progress {
        sequence: u64,
        body: Bytes,
    },
    Report {
        body: Bytes,
    },
    /// Nothing to say, but somebody may have asked for something.
    Question,
}

/// Sends what there is, for ever.
pub(super) async fn send(client: Arc<Client>, mail: Arc<Mailbox>) {
    let mut connection = None;
    let mut backoff = Backoff::new();
    let mut answers_questions = true;
    loop {
        let news = match tokio::time::timeout(QUIET, next(&mail)).await {
            Ok(news) => news,
            Err(_) if answers_questions && !mail.news.look().listening => News::Question,
            Err(_) => continue,
        };
        match tell(&client, &mut connection, &news).await {
            Ok(answer) => {
                backoff.reset();
                if let Some(commands) = answer.json_if_any() {
                    mail.news.change(|desk| desk.learn(commands));
                }
                settle(&mail, &news);
            }
            Err(CallError::Refused { status, detail }) => {
                settle(&mail, &news);
                match news.what() {
                    Some(what) => mail.notice(format!("the server refused {what}: {status} {detail}")),
                    None => answers_questions = false,
                }
            }
            Err(CallError::Lost(_) | CallError::Later(_)) => {
                connection = None;
                backoff.pause().await;
            }
        }
    }
}

async fn next(mail: &Mailbox) -> News {
    mail.news
        .until(|desk| {
            if let Some(progress) = desk.progress.as_ref().filter(|progress| progress.sequence > desk.known) {
                let body = serde_json::to_vec(progress).expect("plain data").into();
                return Some(News::Progress { sequence: progress.sequence, body });
            }
            let report = desk.report.as_ref()?;
            Some(News::Report { body: serde_json::to_vec(report).expect("plain data").into() })
        })
        .await
}

async fn tell(client: &Client, connection: &mut Option<Connection>, news: &News) -> Result<Answer, CallError> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(client.open().await?.0),
    };
    let (method, target, body) = match news {
        News::Progress { body, .. } => (Method::PUT, "progress".to_owned(), body.clone()),
        News::Report { body } => (Method::PUT, "report".to_owned(), body.clone()),
        // A version that no server has reached, so that the answer comes at once.
        News::Question => (Method::GET, format!("commands?known={}", u64::MAX), Bytes::new()),
    };
    open.call(method, &target, JSON, Payload::Bytes(body), PATIENCE).await
}

/// The server has it, or never will.
fn settle(mail: &Mailbox, news: &News) {
    match news {
        News::Progress { sequence, .. } => mail.news.change(|desk| desk.known = desk.known.max(*sequence)),
        News::Report { body } => {
            mail.meter.add(body.len() as u64);
            mail.news.change(|desk| desk.report = None);
        }
        News::Question => {}
    }
}

impl News {
    fn what(&self) -> Option<&'static str> {
        match self {
            Self::Progress { .. } => Some("the progress"),
            Self::Report { .. } => Some("the test report"),
            Self::Question => None,
        }
    }
}
