//! A log as it grows: resumed after every interruption where it broke off, so
//! that no line is lost or shown twice.

use std::sync::Arc;
use std::time::Duration;

use assay_protocol::rest::LogEvent;
use futures::StreamExt;
use tokio::sync::mpsc;

use crate::remote::server::{Remote, RemoteError, Want};
use crate::remote::sse::Parser;

/// What comes out of a followed log.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Something was printed.
    Event(LogEvent),
    /// The server is away, or does not know the execution yet; it is tried again.
    Away(RemoteError),
    /// Nothing more will come.
    End,
    /// It makes no sense to try again.
    Refused(RemoteError),
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Follows the log of an execution until it ends or nobody listens any more.
pub(crate) fn follow(remote: Arc<Remote>, query: String) -> mpsc::Receiver<Piece> {
    let (sender, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        let mut follower = Follower { remote, query, resume: None, pause: FIRST_PAUSE };
        tokio::select! {
            () = follower.run(&sender) => {}
            () = sender.closed() => {}
        }
    });
    receiver
}

struct Follower {
    remote: Arc<Remote>,
    query: String,
    resume: Option<String>,
    pause: Duration,
}

impl Follower {
    async fn run(&mut self, sender: &mpsc::Sender<Piece>) {
        loop {
            let piece = match self.connect(sender).await {
                Ok(true) => Piece::End,
                Ok(false) => {
                    tokio::time::sleep(FIRST_PAUSE).await;
                    continue;
                }
                Err(error) if error.passes() => Piece::Away(error),
                Err(error) => Piece::Refused(error),
            };
            let goes_on = matches!(piece, Piece::Away(_));
            if sender.send(piece).await.is_err() || !goes_on {
                return;
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One connection. `true` when the log is complete, `false` when it broke off.
    async fn connect(&mut self, sender: &mpsc::Sender<Piece>) -> Result<bool, RemoteError> {
        let want = Want::events(self.resume.clone());
        let mut answer = self.remote.open(&format!("/logs?{}", self.query), &want).await?;
        let mut parser = Parser::default();
        while let Some(Ok(bytes)) = answer.body.next().await {
            for event in parser.push(&bytes) {
                if event.kind == "end" {
                    return Ok(true);
                }
                let Ok(printed) = serde_json::from_str::<LogEvent>(&event.data) else { continue };
                if sender.send(Piece::Event(printed)).await.is_err() {
                    return Ok(true);
                }
                self.resume = event.id.or(self.resume.take());
                self.pause = FIRST_PAUSE;
            }
        }
        Ok(false)
    }
}
