//! `assay report`: the test report of an execution, or of files.

mod form;
mod parse;

use assay_report::TestReport;
use clap::{Args as ClapArgs, Subcommand};

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::again::again;
use crate::remote::server::RemoteError;
use crate::remote::session::Session;
use crate::remote::which::Which;
use form::{ReportOutput, show};
use parse::Parse;

/// Arguments of `report`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Report {
    #[command(subcommand)]
    files: Option<OfFiles>,
    #[command(flatten)]
    which: Which,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    output: ReportOutput,
}

/// Reports that are no execution's.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
enum OfFiles {
    /// Reads report files of any known format, without a cluster.
    Parse(Parse),
}

impl Report {
    /// Whether no cluster is needed.
    pub(crate) fn is_offline(&self) -> bool {
        self.files.is_some()
    }
}

/// Prints the report of files.
///
/// # Errors
/// When one cannot be read as a report.
pub(crate) fn offline(task: Report, screen: &mut Screen) -> Result<u8, Failure> {
    match task.files {
        Some(OfFiles::Parse(task)) => parse::parse(&task, screen),
        None => Err(Failure::usage("name an execution")),
    }
}

/// Prints the report of an execution.
///
/// # Errors
/// When there is none, or the server is not reachable.
pub(crate) async fn report(place: &Place, task: Report, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let remote = session.remote(&name);
    let report: TestReport = match again(screen, async || remote.json("/report").await).await {
        Ok(report) => report,
        Err(RemoteError::Absent(_)) => {
            session.execution(&name).await?;
            return Err(Failure::errored(format!("{name} has no test report"))
                .hint("a step writes one, JUnit XML for example, and names it under `artifacts.paths`"));
        }
        Err(error) => return Err(error.into()),
    };
    show(&report, &name, task.output, screen)?;
    Ok(exit::PASSED)
}
