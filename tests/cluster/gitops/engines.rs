//! What the development cluster has beside the node: the forge, and Argo CD's knowledge of our kinds.

use assay_devcluster::Cluster;

use super::{ARGOCD, Forge, Outcome};
use crate::Place;

/// Name of the forge among the components of the development cluster.
pub const FORGE: &str = "gitea";

/// The forge of the development cluster, as `make up WITH=gitea` left it; or the one that the environment names
/// (`ASSAY_FORGE_URL`, `ASSAY_FORGE_USER`, `ASSAY_FORGE_TOKEN`).
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
    let account = Cluster::from_env()?.gitea()?;
    Ok(Forge::new(place, &account.url, &account.user, &account.token))
}

/// Lets Argo CD read the health of our kinds, with the patch that the chart has for it.
///
/// # Errors
/// When there is no Argo CD.
pub fn teach_argocd(place: &Place) -> Outcome<()> {
    let file = place.root().join("charts/assay/argocd/argocd-cm.yaml");
    let patch = ["-n", ARGOCD, "patch", "configmap", "argocd-cm", "--type=merge", "--patch-file"];
    place.kubectl().run(&[&patch[..], &[&file.to_string_lossy()]].concat())?;
    Ok(())
}
