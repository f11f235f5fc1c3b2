//! How long to stay, as it is typed.

use std::time::Duration;

use assay_api::DurationText;
use clap::Args as ClapArgs;

use crate::failure::Failure;
use crate::stay::form::Form;

/// How long to stay with an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Stay {
    /// Waits for the end; the exit code tells the verdict.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Shows the log live and waits for the end; the exit code tells the verdict.
    #[arg(long, alias = "watch", conflicts_with = "wait")]
    pub(crate) follow: bool,
    /// Longest wait, for example `30m`; the execution goes on after it.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Form,
}

fn duration(text: &str) -> Result<Duration, String> {
    DurationText::new(text).parse().map_err(|error| error.to_string())
}

impl Stay {
    /// Whether somebody waits for the end.
    pub(crate) fn waits(&self) -> bool {
        self.wait || self.follow
    }

    /// Looks whether what was typed contradicts itself.
    ///
    /// # Errors
    /// When it does.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.timeout.is_some() && !self.waits() {
            return Err(Failure::usage("--timeout without a wait").hint("add --wait or --follow"));
        }
        match self.output {
            Form::Github if !self.waits() => {
                Err(Failure::usage("-o github tells what tests said, so it needs the end")
                    .hint("add --wait or --follow"))
            }
            Form::Junit if !self.wait => {
                Err(Failure::usage("-o junit is the test report alone, so it needs the end").hint("add --wait"))
            }
            Form::Json | Form::Yaml | Form::Name if self.follow => {
                Err(Failure::usage("the log and an object do not fit into one output")
                    .hint("use --wait instead of --follow"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_found() {
        let minute = Some(Duration::from_secs(60));
        for (wait, follow, timeout, output, fine) in [
            (false, false, None, Form::Text, true),
            (false, false, None, Form::Json, true),
            (false, false, None, Form::Name, true),
            (true, false, minute, Form::Text, true),
            (false, true, minute, Form::Github, true),
            (true, false, None, Form::Junit, true),
            (true, false, None, Form::Yaml, true),
            (false, false, minute, Form::Text, false),
            (false, false, None, Form::Junit, false),
            (false, true, None, Form::Junit, false),
            (false, false, None, Form::Github, false),
            (false, true, None, Form::Json, false),
        ] {
            let stay = Stay { wait, follow, timeout, output };
            assert_eq!(stay.check().is_ok(), fine, "{stay:?}");
        }
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert!(duration("5").is_err());
    }
}
