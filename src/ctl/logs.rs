//! `assay logs`: the log of an execution, live or archived.

use futures::StreamExt;

use crate::exit;
use crate::failure::Failure;
use crate::follow::{Piece, follow};
use crate::meant::Place;
use crate::printer::Printer;
use crate::progress::is_final;
use crate::remote::{RemoteError, Want, encode};
use crate::screen::Screen;
use crate::session::Session;
use crate::terminal::Stripper;

/// What of the log to show.
pub(crate) struct Wish<'a> {
    /// Name of the execution.
    pub(crate) name: &'a str,
    /// Only this step.
    pub(crate) step: Option<&'a str>,
    /// Until the execution ends.
    pub(crate) follow: bool,
    /// With times.
    pub(crate) timestamps: bool,
}

/// Prints the log.
///
/// # Errors
/// When there is none, or it breaks off.
pub(crate) async fn logs(place: &Place, wish: &Wish<'_>, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let step = wish.step.map(|step| format!("&step={}", encode(step, false))).unwrap_or_default();
    if wish.follow { live(&session, wish, &step, screen).await } else { archived(&session, wish, &step, screen).await }
}

async fn archived(session: &Session, wish: &Wish<'_>, step: &str, screen: &mut Screen) -> Result<u8, Failure> {
    let query = format!("/logs?timestamps={}{step}", wish.timestamps);
    let mut answer = match session.remote(wish.name).open(&query, &Want::media("text/plain")).await {
        Ok(answer) => answer,
        Err(error) => return Err(explain(session, wish.name, error).await),
    };
    let mut text = Decoder::default();
    let mut stripper = Stripper::default();
    while let Some(piece) = answer.body.next().await {
        match piece {
            Ok(bytes) => screen.data(&stripper.push(&text.push(&bytes)))?,
            Err(error) => {
                screen.data(stripper.end())?;
                return Err(Failure::from(error).hint("the log broke off before its end; try again"));
            }
        }
    }
    screen.data(&stripper.push(&text.end()))?;
    screen.data(stripper.end())?;
    Ok(exit::PASSED)
}

async fn live(session: &Session, wish: &Wish<'_>, step: &str, screen: &mut Screen) -> Result<u8, Failure> {
    let mut pieces = follow(session.remote(wish.name), format!("follow=true{step}"));
    let mut printer = Printer::new(wish.timestamps, false);
    let mut told = false;
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Event(event) => {
                told = false;
                printer.print(&event, screen)?;
            }
            Piece::End => break,
            Piece::Refused(error) => return Err(error.into()),
            Piece::Away(error) => {
                // An execution that ended without a log has none to wait for.
                let known = session.execution(wish.name).await?;
                if matches!(error, RemoteError::Absent(_)) && is_final(&known) {
                    return Err(explain(session, wish.name, error).await);
                }
                if !told {
                    told = true;
                    screen.note(&format!("waiting: {}", assay_telemetry::error_chain(&error)))?;
                }
            }
        }
    }
    printer.finish(screen)?;
    Ok(exit::PASSED)
}

/// A server that does not know the execution may be right, or may not know it yet.
async fn explain(session: &Session, name: &str, error: RemoteError) -> Failure {
    if !matches!(error, RemoteError::Absent(_)) {
        return error.into();
    }
    match session.execution(name).await {
        Err(failure) => failure,
        Ok(execution) => {
            let status = execution.status.unwrap_or_default();
            let message = status.message.map(|message| format!(" ({})", crate::terminal::plain(&message)));
            Failure::errored(format!("{error}; the execution is {}{}", status.phase, message.unwrap_or_default()))
                .hint("`-f` waits until there is something to show")
        }
    }
}

/// Bytes as text; a character that is cut in two waits for its end.
#[derive(Default)]
struct Decoder(Vec<u8>);

impl Decoder {
    fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let keep = match std::str::from_utf8(&self.0) {
            Err(error) if error.error_len().is_none() => self.0.len() - error.valid_up_to(),
            // Somewhere before the end something is broken; only the end may still be whole.
            Err(_) => open_end(&self.0),
            Ok(_) => 0,
        };
        let rest = self.0.split_off(self.0.len() - keep);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = rest;
        text
    }

    fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned()
    }
}

fn open_end(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (1..=tail.len())
        .find(|length| {
            let end = &tail[tail.len() - length..];
            std::str::from_utf8(end).is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_survive_cuts() {
        let text = "aä日🙂b".as_bytes();
        for size in 1..text.len() {
            let mut decoder = Decoder::default();
            let out: String = text.chunks(size).map(|bytes| decoder.push(bytes)).collect();
            assert_eq!(out + &decoder.end(), "aä日🙂b", "in pieces of {size}");
        }
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(b"a\xffb\xf0\x9f"), "a\u{fffd}b");
        assert_eq!(decoder.push(b"\x99\x82"), "🙂");
    }
}
