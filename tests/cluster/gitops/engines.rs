//! What the development cluster has beside the node: the forge, and Argo CD's knowledge of our kinds.

use std::fs;

use super::{ARGOCD, Forge, Outcome};
use crate::Place;

/// Name of the forge among the components of the development cluster.
pub const FORGE: &str = "gitea";

/// The forge of the development cluster: from the environment (`ASSAY_FORGE_URL`, `ASSAY_FORGE_USER`,
/// `ASSAY_FORGE_TOKEN`), or what `make up WITH=gitea` left.
///
/// # Errors
/// When there is none.
pub fn cluster_forge(place: &'static Place) -> Outcome<Forge> {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(url), Some(user), Some(token)) =
        (named("ASSAY_FORGE_URL"), named("ASSAY_FORGE_USER"), named("ASSAY_FORGE_TOKEN"))
    {
        return Ok(Forge::new(place, &url, &user, &token));
    }
    Err("there is no forge: start one with `make up WITH=argocd,flux,gitea`".into())
}

/// Lets Argo CD read the health of our kinds, with the patch that the chart has for it.
///
/// # Errors
/// When there is no Argo CD.
pub fn teach_argocd(place: &Place) -> Outcome<()> {
    let patch = fs::read_to_string(place.root().join("charts/assay/argocd/argocd-cm.yaml"))?;
    place.kubectl().run(&["-n", ARGOCD, "patch", "configmap", "argocd-cm", "--type=merge", "-p", &patch])?;
    Ok(())
}
