//! Sizes of what is shipped: the programs, and the layers of the images.

use std::fs;

use assay_cluster_tests::Place;
use serde_json::Value;

use crate::measure::MeasureError;

/// Where images are kept.
const REGISTRY: &str = "http://localhost:5000/v2/assay";
const MANIFEST: &str =
    "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// Bytes by name.
pub fn all(place: &Place) -> Result<Vec<(String, u64)>, MeasureError> {
    let mut sizes = Vec::new();
    for program in ["assay-runner", "assay-manager", "assay"] {
        let path = place.root().join("bin").join(program);
        let read =
            fs::metadata(&path).map_err(|error| MeasureError::Unreadable(format!("{}: {error}", path.display())));
        sizes.push((format!("program {program}"), read?.len()));
    }
    for image in ["runner", "manager"] {
        sizes.push((format!("layers of image {image}"), layers(place, image)?));
    }
    Ok(sizes)
}

fn layers(place: &Place, image: &str) -> Result<u64, MeasureError> {
    let url = format!("{REGISTRY}/{image}/manifests/dev");
    let text = place.tool("curl").run(&["-sSf", "-H", MANIFEST, &url])?;
    let manifest: Value =
        serde_json::from_str(&text).map_err(|error| MeasureError::Unreadable(format!("{url}: {error}")))?;
    let layers = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(layers.iter().filter_map(|layer| layer["size"].as_u64()).sum())
}
