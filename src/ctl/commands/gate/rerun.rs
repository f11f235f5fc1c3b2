//! `assay gate rerun`: the deployed revision is judged anew.

use assay_api::TestGate;
use assay_api::names::{ANNOTATION_RERUN, FIELD_MANAGER_CLI};
use clap::Args as ClapArgs;
use jiff::Timestamp;
use serde_json::json;

use super::named::Named;
use super::wait::{Awaited, Patience, until};
use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;

/// Arguments of `gate rerun`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Rerun {
    #[command(flatten)]
    which: Named,
    /// Waits for the verdict; the exit code tells it.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    patience: Patience,
}

/// Asks for another judgement, by an annotation: what GitOps tools manage is not changed.
///
/// # Errors
/// When the gate does not exist, or may not be changed.
pub(crate) async fn rerun(place: &Place, task: &Rerun, screen: &mut Screen) -> Result<u8, Failure> {
    if task.patience.is_set() && !task.wait {
        return Err(Failure::usage("--timeout without a wait").hint("add --wait"));
    }
    let session = Session::open(place).await?;
    let name = &task.which.name;
    let gate: TestGate = session.named(name).await?;
    // Two of them in one second are two.
    let token = Timestamp::now().to_string();
    let patch = json!({ "metadata": { "annotations": { (ANNOTATION_RERUN): token } } });
    session.cluster.merge_patch::<TestGate>(&session.namespace, name, &patch, FIELD_MANAGER_CLI).await?;
    if !task.wait {
        let judged = gate.status.and_then(|status| status.current).is_some();
        let said = if judged { "is judged anew" } else { "is judged as soon as a revision is delivered" };
        screen.line(&format!("testgate.assay.dev/{name} {said}"))?;
        return Ok(exit::PASSED);
    }
    until(&session, name, &Awaited { token: Some(token), revision: None }, task.patience.limit(), screen).await
}
