//! `assay doctor`: what is wrong with an installation, and the way out.

mod app;
mod arguments;
mod check;
mod definitions;
mod manager;
mod rights;
mod server;
mod volumes;
mod webhook;

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;
pub(crate) use arguments::Doctor;
use check::{Check, Level};

/// Looks at everything that Assay needs, and says what is missing.
///
/// # Errors
/// When the cluster is not reachable at all.
pub(crate) async fn doctor(place: &Place, task: Doctor, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let reached = format!("{} at {}", session.cluster.version(), session.cluster.server());
    let mut worst = Level::Ok;
    let mut say = |checks: Vec<Check>, screen: &mut Screen| -> Result<(), Failure> {
        for check in checks {
            worst = worst.max(check.level);
            for line in check.lines() {
                screen.line(&line)?;
            }
        }
        Ok(screen.flush()?)
    };
    say(vec![Check::ok("cluster", reached)], screen)?;
    let deployment = manager::deployment(&session).await;
    if task.app.is_some() || task.gate.is_some() {
        say(app::check(&session, &task, &deployment).await?, screen)?;
        return Ok(if worst == Level::Fail { exit::FAILED } else { exit::PASSED });
    }
    say(definitions::check(&session).await, screen)?;
    say(manager::check(&session, &deployment).await, screen)?;
    say(server::check(&session).await, screen)?;
    say(webhook::check(&session).await, screen)?;
    say(rights::check(&session).await, screen)?;
    say(volumes::check(&session, &deployment).await, screen)?;
    Ok(if worst == Level::Fail { exit::FAILED } else { exit::PASSED })
}
