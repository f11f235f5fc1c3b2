//! Installing Assay as its documentation says: with the chart.

use std::fs;

use assay_cluster_tests::Place;

use crate::Outcome;
use crate::show::timed;

const SYSTEM: &str = "assay-system";

/// Installs or upgrades the release `assay` and waits until it is ready.
pub fn install(place: &Place) -> Outcome {
    let values = place.root().join("bin/images.yaml");
    if !fs::exists(&values)? {
        return Err(format!("`{}` is missing: run `make images` first", values.display()).into());
    }
    let chart = place.root().join("charts/assay");
    let (chart, values) = (chart.to_string_lossy(), values.to_string_lossy());
    timed("install Assay with Helm", || {
        let arguments = ["upgrade", "--install", "assay", &chart, "--namespace", SYSTEM, "--create-namespace"];
        let more = ["--values", &values, "--wait", "--timeout", "120s"];
        place.helm().run(&[&arguments[..], &more[..]].concat())
    })?;
    Ok(())
}
