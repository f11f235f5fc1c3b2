//! The executions that a command is about.

use assay_api::TestExecution;
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;

use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names::{self, LATEST};
use crate::output::screen::{Screen, paint};
use crate::place::Place;
use crate::remote::session::Session;

/// One or more executions.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Targets {
    /// Names of executions; `@latest` is the newest.
    #[arg(
        value_name = "NAME",
        required_unless_present_any = ["workflow", "selector"],
        value_parser = names::execution_or_latest,
        add = ArgValueCompleter::new(complete::executions)
    )]
    names: Vec<String>,
    /// The newest execution of this workflow.
    #[arg(
        short,
        long,
        conflicts_with_all = ["names", "selector"],
        value_parser = names::workflow,
        add = ArgValueCompleter::new(complete::workflows)
    )]
    workflow: Option<String>,
    /// All unfinished executions with these labels, for example `assay.dev/workflow=smoke`.
    #[arg(short = 'l', long, conflicts_with = "names")]
    selector: Option<String>,
}

impl Targets {
    /// Does something to each execution; one that fails does not hold up the others.
    ///
    /// # Errors
    /// When none is meant, the cluster is gone, or nobody listens.
    pub(crate) async fn each(
        &self,
        place: &Place,
        screen: &mut Screen,
        act: impl AsyncFn(&Session, &TestExecution) -> Result<String, Failure>,
    ) -> Result<u8, Failure> {
        let session = Session::open(place).await?;
        let mut tally = Tally::new();
        for found in self.find(&session).await? {
            let outcome = match found {
                Ok(execution) => act(&session, &execution).await,
                Err(failure) => Err(failure),
            };
            tally.take(outcome, screen)?;
        }
        Ok(tally.code())
    }

    /// The executions, each found or not.
    ///
    /// # Errors
    /// When none is meant, or the cluster does not tell.
    async fn find(&self, session: &Session) -> Result<Vec<Result<TestExecution, Failure>>, Failure> {
        if let Some(selector) = &self.selector {
            let mut found = session.cluster.list::<TestExecution>(Some(&session.namespace), Some(selector)).await?;
            found.retain(|one| !crate::stay::watched::is_final(one));
            if found.is_empty() {
                return Err(Failure::errored(format!("no unfinished execution has the labels {selector}")));
            }
            return Ok(found.into_iter().map(Ok).collect());
        }
        if self.names.is_empty() {
            return Ok(vec![Ok(session.latest(self.workflow.as_deref()).await?)]);
        }
        let mut found = Vec::new();
        for name in &self.names {
            found.push(if name == LATEST { session.latest(None).await } else { session.execution(name).await });
        }
        Ok(found)
    }
}

/// Says what went wrong for one of several; the command goes on with the others.
/// The first failure decides the exit code.
struct Tally {
    code: u8,
}

impl Tally {
    /// Nothing went wrong so far.
    fn new() -> Self {
        Self { code: exit::PASSED }
    }

    /// Takes one more outcome: a line, or why not.
    ///
    /// # Errors
    /// When the cluster is gone, or nobody listens.
    fn take(&mut self, outcome: Result<String, Failure>, screen: &mut Screen) -> Result<(), Failure> {
        match outcome {
            Ok(line) => screen.line(&line)?,
            Err(failure) if failure.code == exit::UNREACHABLE || failure.message.is_empty() => return Err(failure),
            Err(failure) => {
                screen.note(&format!("{} {failure}", paint::red("error:")))?;
                if let Some(hint) = &failure.hint {
                    screen.note(&format!("{} {hint}", paint::dim("hint:")))?;
                }
                if self.code == exit::PASSED {
                    self.code = failure.code;
                }
            }
        }
        Ok(screen.flush()?)
    }

    /// The exit code of the command.
    fn code(self) -> u8 {
        self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_does_not_hold_up_the_others() {
        let (mut screen, data, notes) = Screen::memory();
        let mut tally = Tally::new();
        tally.take(Ok("a".into()), &mut screen).expect("goes on");
        tally.take(Err(Failure::errored("no b").hint("try c")), &mut screen).expect("goes on");
        tally.take(Err(Failure::usage("no d")), &mut screen).expect("goes on");
        tally.take(Ok("c".into()), &mut screen).expect("goes on");
        assert_eq!(data.text(), "a\nc\n");
        assert!(notes.text().contains("no b") && notes.text().contains("try c") && notes.text().contains("no d"));
        assert_eq!(tally.code(), exit::ERRORED);
    }
}
