//! Sending progress and the report: only the newest, until the server has it.
//! The answers say what somebody asked of the execution.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::backoff::Backoff;
use super::body::Payload;
use super::client::{Answer, CallError, Client, Connection, JSON};
use super::mailbox::Mailbox;

const PATIENCE: Duration = Duration::from_secs(30);

/// One request.
enum News {
    Progress { sequence: u64, body: Bytes },
    Report { body: Bytes },
}

/// Sends what there is, for ever.
pub(super) async fn send(client: Arc<Client>, mail: Arc<Mailbox>) {
    let mut connection = None;
    let mut backoff = Backoff::new();
    loop {
        let news = next(&mail).await;
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
                mail.notice(format!("the server refused {}: {status} {detail}", news.what()));
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
    let (target, body) = match news {
        News::Progress { body, .. } => ("progress", body.clone()),
        News::Report { body } => ("report", body.clone()),
    };
    open.call(Method::PUT, target, JSON, Payload::Bytes(body), PATIENCE).await
}

/// The server has it, or never will.
fn settle(mail: &Mailbox, news: &News) {
    match news {
        News::Progress { sequence, .. } => mail.news.change(|desk| desk.known = desk.known.max(*sequence)),
        News::Report { body } => {
            mail.meter.add(body.len() as u64);
            mail.news.change(|desk| desk.report = None);
        }
    }
}

impl News {
    fn what(&self) -> &'static str {
        match self {
            Self::Progress { .. } => "the progress",
            Self::Report { .. } => "the test report",
        }
    }
}
