//! `GET .../executions/{name}/report`.

use assay_report::TestReport;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;

use crate::ask::At;
use crate::problem::Refusal;
use crate::state::Server;

/// The merged test report of an execution.
pub(crate) async fn read(
    State(server): State<Server>,
    At((namespace, name)): At<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<TestReport>, Refusal> {
    let right = server.access.caller(&headers, &namespace, "artifacts", Some(&name)).await?;
    let record = right.execution(&server.store).await?;
    let report = server.store.report(&record.uid).await?;
    report.map(Json).ok_or_else(|| Refusal::absent("the execution has no test report"))
}
