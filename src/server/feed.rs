//! A log as it comes: batches, pauses, the end. Ends early when the caller's
//! right ends or the process does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_store::{LogPiece, LogReader};

use crate::access::{Access, Right};
use crate::problem::log;
use crate::state::Closing;

/// How often a long answer asks again whether it may go on.
const RECHECK: Duration = Duration::from_secs(30);

/// What happened next.
pub(crate) enum Tick {
    /// Frames, in order.
    Pieces(Vec<LogPiece>),
    /// Nothing for as long as asked.
    Pause,
    /// There is nothing more.
    End,
    /// It breaks off; the client may come again.
    Broken,
}

/// The source of one answer.
pub(crate) struct Feed {
    pub(crate) reader: LogReader,
    pub(crate) access: Arc<Access>,
    pub(crate) right: Right,
    pub(crate) closing: Closing,
    pub(crate) checked: Instant,
}

impl Feed {
    /// Waits for the next thing to happen, at most for `pause`.
    pub(crate) async fn tick(&mut self, pause: Duration) -> Tick {
        if self.checked.elapsed() >= RECHECK {
            if self.access.holds(&self.right).await.is_err() {
                return Tick::Broken;
            }
            self.checked = Instant::now();
        }
        let batch = tokio::select! {
            batch = self.reader.next_batch() => batch,
            () = tokio::time::sleep(pause) => return Tick::Pause,
            _ = self.closing.wait_for(|closing| *closing) => return Tick::Broken,
        };
        match batch {
            Ok(Some(pieces)) => Tick::Pieces(pieces),
            Ok(None) => Tick::End,
            Err(error) => {
                log(&error);
                Tick::Broken
            }
        }
    }
}
