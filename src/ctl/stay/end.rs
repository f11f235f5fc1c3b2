//! From a new execution to an exit code.

use crate::exit;
use crate::failure::Failure;
use crate::output::github;
use crate::output::screen::{Screen, paint};
use crate::output::yaml;
use crate::program::called;
use crate::remote::session::Session;
use crate::stay::conclude::conclude;
use crate::stay::form::Form;
use crate::stay::options::Stay;
use crate::stay::patience::Patience;
use crate::stay::wait::wait;
use crate::stay::watch::watch;

/// Stays with an execution that was just made, as long as was asked.
///
/// # Errors
/// When it cannot be followed, or whoever waits does so no longer.
pub(crate) async fn stay(session: &Session, name: &str, how: &Stay, screen: &mut Screen) -> Result<u8, Failure> {
    if !how.waits() {
        return leave(session, name, how.output, screen).await;
    }
    let mut patience = Patience::new(&session.namespace, name, how.timeout);
    if !how.follow {
        let end = wait(session, name, &mut patience, screen).await?;
        return conclude(session, &end, how.output, screen).await;
    }
    // What a test prints must not command the runner of a pipeline.
    let fence = (how.output == Form::Github).then(github::fence);
    if let Some((begin, _)) = &fence {
        screen.line(begin)?;
        screen.flush()?;
    }
    let end = watch(session, name, &mut patience, screen).await;
    if let Some((_, mark)) = &fence {
        if end.is_err() {
            // The log may have broken off in the middle of a line.
            screen.line("")?;
        }
        screen.line(mark)?;
        screen.flush()?;
    }
    conclude(session, &end?, how.output, screen).await
}

/// Says how to find the execution again.
async fn leave(session: &Session, name: &str, form: Form, screen: &mut Screen) -> Result<u8, Failure> {
    match form {
        Form::Json | Form::Yaml => {
            let mut object = session.execution(name).await?;
            object.metadata.managed_fields = None;
            screen.data(&yaml::of_object(&object, form == Form::Json)?)?;
        }
        Form::Name => screen.line(&format!("testexecution.assay.dev/{name}"))?,
        Form::Text | Form::Junit | Form::Github => {
            screen.line(&format!("testexecution.assay.dev/{name}"))?;
            let hint = format!("follow it with: {} -n {} logs {name} -f", called(), session.namespace);
            screen.note(&paint::dim(&hint))?;
        }
    }
    screen.flush()?;
    Ok(exit::PASSED)
}
