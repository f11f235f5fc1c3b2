//! Sending progress and the report: only the newest, until the server has it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::backoff::Backoff;
use super::body::Payload;
use super::client::{CallError, Client, Connection, JSON};
use super::mailbox::Mailbox;

const PATIENCE: Duration = Duration::from_secs(30);

/// One document to send.
enum News {
    Progress { sequence: u64, body: Vec<u8> },
    Report { body: Vec<u8> },
}

/// Sends what there is, for ever.
pub(super) async fn send(client: Arc<Client>, mail: Arc<Mailbox>) {
    let mut connection = None;
    let mut backoff = Backoff::new();
    loop {
        let news = next(&mail).await;
        match tell(&client, &mut connection, news).await {
            Ok(sent) => {
                backoff.reset();
                settle(&mail, &sent);
            }
            Err((sent, CallError::Refused { status, detail })) => {
                settle(&mail, &sent);
                mail.notice(format!("the server refused {}: {status} {detail}", sent.what()));
            }
            Err((_, CallError::Lost(_) | CallError::Later(_))) => {
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
                let body = serde_json::to_vec(progress).expect("plain data");
                return Some(News::Progress { sequence: progress.sequence, body });
            }
            let report = desk.report.as_ref()?;
            Some(News::Report { body: serde_json::to_vec(report).expect("plain data") })
        })
        .await
}

type Told = Result<News, (News, CallError)>;

async fn tell(client: &Client, connection: &mut Option<Connection>, news: News) -> Told {
    let open = match connection {
        Some(open) => open,
        None => match client.open().await {
            Ok((opened, _)) => connection.insert(opened),
            Err(error) => return Err((news, error)),
        },
    };
    let (target, body) = match &news {
        News::Progress { body, .. } => ("progress", body),
        News::Report { body } => ("report", body),
    };
    let payload = Payload::Bytes(body.clone().into());
    match open.call(Method::PUT, target, JSON, payload, PATIENCE).await {
        Ok(_) => Ok(news),
        Err(error) => Err((news, error)),
    }
}

/// The server has it, or never will.
fn settle(mail: &Mailbox, news: &News) {
    mail.news.change(|desk| match news {
        News::Progress { sequence, .. } => desk.known = desk.known.max(*sequence),
        News::Report { .. } => desk.report = None,
    });
}

impl News {
    fn what(&self) -> &'static str {
        match self {
            Self::Progress { .. } => "the progress",
            Self::Report { .. } => "the test report",
        }
    }
}
