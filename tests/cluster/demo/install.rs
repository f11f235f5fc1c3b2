//! Installing Assay as its documentation says: with the chart.

use assay_cluster_tests::{Place, install_release};

use crate::Outcome;
use crate::show::timed;

/// Installs or upgrades the release `assay` and waits until it is ready.
pub fn install(place: &Place) -> Outcome {
    timed("install Assay with Helm", || install_release(place))?;
    Ok(())
}
