//! The log of an execution as it grows, until its end.

use std::time::Duration;

use assay_api::TestExecution;
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::output::screen::{Screen, paint};
use crate::program::called;
use crate::remote::follow::{Piece, follow};
use crate::remote::server::RemoteError;
use crate::remote::session::Session;
use crate::stay::patience::Patience;
use crate::stay::printer::Printer;
use crate::stay::watched::{Watched, is_final, log_missing, paused_hint};

/// How long the rest of a log may take once the verdict is known.
const REST_OF_LOG: Duration = Duration::from_secs(10);

/// Shows the log as it grows, until the verdict is final and the log complete.
///
/// # Errors
/// As [`Watched::next`], and when whoever waits does so no longer.
pub(crate) async fn watch(
    session: &Session,
    name: &str,
    patience: &mut Patience,
    screen: &mut Screen,
) -> Result<TestExecution, Failure> {
    let mut watched = Watched::new(session, name);
    let mut pieces = Some(follow(session.remote(name), "follow=true".to_owned()));
    let mut printer = Printer::new(false, true);
    let mut end: Option<TestExecution> = None;
    let mut told = None;
    let rest = tokio::time::sleep(Duration::MAX);
    tokio::pin!(rest);
    loop {
        tokio::select! {
            biased;
            disturbance = patience.next() => patience.answer(disturbance, screen)?,
            piece = next_piece(&mut pieces) => {
                if show(piece, &mut printer, screen, end.is_some())? {
                    pieces = None;
                }
            }
            state = watched.next(), if end.is_none() => {
                let state = state?;
                learn(&state, &mut printer);
                if is_final(&state) {
                    rest.as_mut().reset(tokio::time::Instant::now() + REST_OF_LOG);
                    end = Some(state);
                } else {
                    tell(session, name, &state, &mut told, screen)?;
                }
            }
            () = &mut rest => {
                screen.note(&format!("the rest of the log did not come; `{} logs` shows it once the server is there", called()))?;
                pieces = None;
            }
        }
        if pieces.is_none()
            && let Some(end) = end.take()
        {
            printer.finish(screen)?;
            return Ok(end);
        }
    }
}

/// Says each new phase, and how a run that holds goes on.
fn tell(
    session: &Session,
    name: &str,
    state: &TestExecution,
    told: &mut Option<String>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let Some(status) = &state.status else { return Ok(()) };
    let words = paused_hint(&session.namespace, name, status);
    let words = words.unwrap_or_else(|| format!("{name}: {}", status.phase));
    if told.as_ref() != Some(&words) {
        screen.note(&paint::dim(&words))?;
        *told = Some(words);
    }
    Ok(())
}

fn learn(execution: &TestExecution, printer: &mut Printer) {
    for step in execution.status.iter().flat_map(|status| &status.steps) {
        printer.name(&step.id, &step.name);
    }
}

async fn next_piece(pieces: &mut Option<mpsc::Receiver<Piece>>) -> Piece {
    match pieces {
        Some(pieces) => pieces.recv().await.unwrap_or(Piece::End),
        None => std::future::pending().await,
    }
}

/// Shows a piece of the log. `true` when no more is to be expected.
fn show(piece: Piece, printer: &mut Printer, screen: &mut Screen, ended: bool) -> Result<bool, Failure> {
    match piece {
        Piece::Event(event) => {
            printer.print(&event, screen)?;
            Ok(false)
        }
        Piece::End => Ok(true),
        // After the last step there is nothing to wait for; an execution that never began has no log.
        Piece::Away(RemoteError::Absent(_)) if ended => Ok(true),
        Piece::Away(error) if ended => {
            screen.note(&log_missing(&error))?;
            Ok(true)
        }
        Piece::Away(_) => Ok(false),
        Piece::Refused(error) => {
            screen.note(&log_missing(&error))?;
            Ok(true)
        }
    }
}
