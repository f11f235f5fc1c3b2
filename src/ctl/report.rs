//! `assay report`: the test report of an execution.

use assay_report::TestReport;
use assay_report::render;

use crate::args::ReportOutput;
use crate::exit;
use crate::failure::Failure;
use crate::meant::Place;
use crate::remote::RemoteError;
use crate::screen::Screen;
use crate::session::Session;
use crate::terminal::strip;

/// Failed tests that the text shows.
const FAILURES: usize = 100;

/// Prints the report.
///
/// # Errors
/// When there is none, or the server is not reachable.
pub(crate) async fn report(
    place: &Place,
    name: &str,
    output: ReportOutput,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let report: TestReport = match session.remote(name).json("/report").await {
        Ok(report) => report,
        Err(RemoteError::Absent(_)) => {
            session.execution(name).await?;
            return Err(Failure::errored(format!("{name} has no test report"))
                .hint("a step writes one as JUnit XML and names it under `artifacts.paths`"));
        }
        Err(error) => return Err(error.into()),
    };
    let text = match output {
        ReportOutput::Text => strip(&render::text(&report, FAILURES)),
        ReportOutput::Junit => render::junit(&report),
        ReportOutput::Json => serde_json::to_string_pretty(&report)
            .map_err(|error| Failure::errored(format!("the report does not serialise: {error}")))?,
    };
    screen.data(&text)?;
    if !text.ends_with('\n') {
        screen.data("\n")?;
    }
    Ok(exit::PASSED)
}
