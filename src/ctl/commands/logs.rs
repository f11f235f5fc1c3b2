//! `assay logs`: the log of an execution, live or archived.

use clap::Args as ClapArgs;
use futures::StreamExt;

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::output::terminal::{Stripper, plain};
use crate::place::Place;
use crate::remote::again::again;
use crate::remote::decoder::Decoder;
use crate::remote::follow::{Piece, follow};
use crate::remote::server::{RemoteError, Want, encode};
use crate::remote::session::Session;
use crate::remote::which::Which;
use crate::stay::printer::Printer;
use crate::stay::watched::is_final;

/// Arguments of `logs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Logs {
    #[command(flatten)]
    which: Which,
    /// Goes on until the execution ends.
    #[arg(short, long)]
    follow: bool,
    /// Only this step, by its id or name.
    #[arg(long, value_name = "ID")]
    step: Option<String>,
    /// Only this attempt of each step, counted from 1.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "previous")]
    attempt: Option<u32>,
    /// Only the attempts before the last one of each step.
    #[arg(short, long, conflicts_with = "follow")]
    previous: bool,
    /// With the time of each line.
    #[arg(long)]
    timestamps: bool,
}

/// Prints the log.
///
/// # Errors
/// When there is none, or it breaks off.
pub(crate) async fn logs(place: &Place, task: Logs, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let step = task.step.as_deref().map(|step| format!("&step={}", encode(step, false))).unwrap_or_default();
    if task.follow || task.attempt.is_some() || task.previous {
        events(&session, &name, &task, &step, screen).await
    } else {
        archived(&session, &name, task.timestamps, &step, screen).await
    }
}

async fn archived(
    session: &Session,
    name: &str,
    timestamps: bool,
    step: &str,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let query = format!("/logs?timestamps={timestamps}{step}");
    let (remote, want) = (session.remote(name), Want::media("text/plain"));
    let mut answer = match again(screen, async || remote.open(&query, &want).await).await {
        Ok(answer) => answer,
        Err(error) => return Err(explain(session, name, error).await),
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

/// Which attempts are shown.
struct Attempts<'a> {
    only: Option<u32>,
    /// The last attempt of each step, by its handle, when only earlier ones are shown.
    last: Option<std::collections::HashMap<&'a str, u32>>,
}

impl Attempts<'_> {
    fn show(&self, step: &str, attempt: u32) -> bool {
        let earlier = self.last.as_ref().is_none_or(|last| last.get(step).is_some_and(|last| attempt < *last));
        self.only.is_none_or(|only| only == attempt) && earlier
    }
}

async fn events(session: &Session, name: &str, task: &Logs, step: &str, screen: &mut Screen) -> Result<u8, Failure> {
    let known = if task.previous { Some(session.execution(name).await?) } else { None };
    let steps = known.as_ref().and_then(|known| known.status.as_ref()).map(|status| &status.steps);
    let last = steps
        .map(|steps| steps.iter().map(|step| (step.id.as_str(), u32::try_from(step.attempts).unwrap_or(0))).collect());
    let attempts =
        Attempts { only: task.attempt, last: if task.previous { Some(last.unwrap_or_default()) } else { None } };
    if task.previous && attempts.last.as_ref().is_some_and(|last| last.values().all(|attempts| *attempts < 2)) {
        screen.note(&format!("no step of {name} had more than one attempt"))?;
        return Ok(exit::PASSED);
    }
    let mut pieces = follow(session.remote(name), format!("follow={}{step}", task.follow));
    let mut printer = Printer::new(task.timestamps, task.attempt.is_some() || task.previous);
    let mut told = false;
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Event(event) => {
                told = false;
                if attempts.show(&event.step, event.attempt) {
                    printer.print(&event, screen)?;
                }
            }
            Piece::End => break,
            Piece::Refused(error) => return Err(error.into()),
            Piece::Away(error) => {
                // An execution that ended without a log has none to wait for.
                let known = session.execution(name).await?;
                let absent = matches!(error, RemoteError::Absent(_));
                if absent && (is_final(&known) || !task.follow) {
                    return Err(explain(session, name, error).await);
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
            let message = status.message.map(|message| format!(" ({})", plain(&message)));
            let failure =
                Failure::errored(format!("{error}; the execution is {}{}", status.phase, message.unwrap_or_default()));
            if status.verdict.is_some() { failure } else { failure.hint("`-f` waits until there is something to show") }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn attempts_are_chosen() {
        let previous = |only| Attempts { only, last: Some(HashMap::from([("a", 3), ("b", 1)])) };
        for (attempts, step, attempt, shown) in [
            (Attempts { only: None, last: None }, "a", 1, true),
            (Attempts { only: Some(2), last: None }, "a", 1, false),
            (Attempts { only: Some(2), last: None }, "a", 2, true),
            (previous(None), "a", 2, true),
            (previous(None), "a", 3, false),
            (previous(None), "b", 1, false),
            (previous(None), "unknown", 1, false),
        ] {
            assert_eq!(attempts.show(step, attempt), shown, "{step} {attempt}");
        }
    }
}
