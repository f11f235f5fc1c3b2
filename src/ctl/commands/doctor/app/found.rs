//! The delivery that is meant, among all that may be read.

use std::collections::BTreeSet;

use assay_api::{DeliveryKind, DeliveryReference, TestGate};

use super::super::arguments::Doctor;
use super::super::check::Check;
use crate::commands::gates::delivery;
use crate::failure::Failure;
use crate::remote::deliveries::{App, Deliveries, KINDS};
use crate::remote::session::Session;

/// Reads what may be read.
///
/// # Errors
/// When the lists do not come in time.
pub(super) async fn deliveries(session: &Session, task: &Doctor) -> Result<Deliveries, Failure> {
    let named = task.app_namespace.clone().unwrap_or_else(|| session.namespace.clone());
    let likely = BTreeSet::from([named, task.argocd_namespace.clone(), task.flux_namespace.clone()]);
    Deliveries::read(session, likely.into_iter().collect()).await
}

/// The delivery that is meant.
///
/// # Errors
/// When there is none, or more than one.
pub(super) async fn find(deliveries: &Deliveries, session: &Session, task: &Doctor) -> Result<App, Failure> {
    let reference = match (&task.gate, &task.app) {
        (Some(gate), _) => session.named::<TestGate>(gate).await?.spec.delivery,
        (None, Some(name)) => named(deliveries, name, task)?,
        (None, None) => return Err(Failure::usage("neither a delivery nor a gate is named")),
    };
    deliveries.get(&reference, &session.namespace).ok_or_else(|| {
        let namespace = reference.namespace.clone().or_else(|| Some(session.namespace.clone()));
        absent(deliveries, &DeliveryReference { namespace, ..reference })
    })
}

/// Kinds that exist and may not be read.
pub(super) fn troubles(deliveries: &Deliveries, kind: DeliveryKind) -> Vec<Check> {
    let needed: &[&str] = match kind {
        DeliveryKind::Application => &["Application"],
        _ => &["Kustomization", "HelmRelease", "GitRepository", "ImageUpdateAutomation"],
    };
    let troubles = needed.iter().filter_map(|kind| Some((*kind, deliveries.trouble(kind)?)));
    let ask = "ask for the right to list them, or let an administrator run this";
    troubles.map(|(kind, why)| Check::warn("delivery", format!("{kind}: {why}"), ask)).collect()
}

fn named(deliveries: &Deliveries, name: &str, task: &Doctor) -> Result<DeliveryReference, Failure> {
    let kinds: Vec<DeliveryKind> = task.kind.map_or_else(|| KINDS.to_vec(), |kind| vec![kind.into()]);
    let reference = |kind, namespace| DeliveryReference { kind, name: name.to_owned(), namespace, source: None };
    let mut fitting: Vec<DeliveryReference> = Vec::new();
    for kind in &kinds {
        let places = deliveries.names(*kind).into_iter().filter(|(_, known)| known == name).map(|(place, _)| place);
        let places = places.filter(|place| task.app_namespace.as_ref().is_none_or(|wanted| wanted == place));
        fitting.extend(places.map(|place| reference(*kind, Some(place))));
    }
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => Err(absent(deliveries, &reference(kinds[0], task.app_namespace.clone()))),
        _ => {
            let all: Vec<String> = fitting.iter().map(delivery).collect();
            Err(Failure::usage(format!("{name} may be any of {}", all.join(", ")))
                .hint("choose with --kind and --app-namespace"))
        }
    }
}

fn absent(deliveries: &Deliveries, reference: &DeliveryReference) -> Failure {
    let failure = Failure::errored(format!("there is no {}", delivery(reference)));
    if !deliveries.any_served() {
        return failure.hint("neither Argo CD nor Flux is installed here, or their objects may not be read");
    }
    let known: BTreeSet<String> = deliveries.names(reference.kind).into_iter().map(|(_, name)| name).collect();
    match assay_expr::closest(&reference.name, known.iter().map(String::as_str)) {
        Some(closest) => failure.hint(format!("did you mean {closest}?")),
        None => failure.hint("--app-namespace names the namespace, --kind the kind of the delivery"),
    }
}
