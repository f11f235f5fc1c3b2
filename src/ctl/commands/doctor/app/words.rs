//! Names for people.

use assay_api::TestGate;

use crate::remote::deliveries::App;

/// A gate by namespace and name, for people.
pub(super) fn called(gate: &TestGate) -> String {
    let namespace = gate.metadata.namespace.as_deref().unwrap_or_default();
    format!("{namespace}/{}", gate.metadata.name.as_deref().unwrap_or_default())
}

/// The namespace of the delivery.
pub(super) fn namespace(app: &App) -> &str {
    app.delivery.reference.namespace.as_deref().unwrap_or_default()
}
