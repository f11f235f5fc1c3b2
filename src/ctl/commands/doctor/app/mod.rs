//! `assay doctor --app`, `--gate`: what stands between a delivery and its tests, before anything fails.

mod argocd;
mod delivery;
mod flux;
mod found;
mod gates;
mod grants;
mod rights;
mod words;

use assay_api::DeliveryKind;

use super::arguments::Doctor;
use super::check::Check;
use super::manager::Found;
use crate::failure::Failure;
use crate::remote::session::Session;

/// Looks at one delivery and everything that a gate and a rollback need of it.
///
/// # Errors
/// When it is not clear which delivery is meant, or the cluster is not reachable.
pub(super) async fn check(session: &Session, task: &Doctor, manager: &Found) -> Result<Vec<Check>, Failure> {
    let deliveries = found::deliveries(session, task).await?;
    let app = found::find(&deliveries, session, task).await?;
    let mut checks = found::troubles(&deliveries, app.delivery.reference.kind);
    checks.extend(delivery::check(&app.delivery));
    let gates = gates::of(session, &app).await;
    checks.extend(gates::check(session, &app, &gates).await);
    match app.delivery.reference.kind {
        DeliveryKind::Application => checks.extend(argocd::check(session, task, &app, &gates).await),
        DeliveryKind::Kustomization | DeliveryKind::HelmRelease => {
            checks.extend(flux::check(session, task, &app, &gates).await);
        }
    }
    checks.extend(grants::check(session, &app, &gates).await);
    checks.extend(rights::check(session, &app, manager).await);
    Ok(checks)
}
