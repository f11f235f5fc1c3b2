//! Starting an add-on beside a node that runs, and stopping it alone.

use std::io;
use std::path::PathBuf;

use serde_json::json;

use crate::addons::{ARGOCD_NAMESPACE, Addon, GiteaPlace, argocd_objects, flux_objects};
use crate::api::{Api, ApiError};
use crate::gitea::{self, AccountError};
use crate::kubeconfig::{self, KubeconfigError};
use crate::launch::LaunchError;
use crate::layout::Layout;
use crate::objects::{self, ObjectsError};
use crate::process::Life;
use crate::progress::Progress;
use crate::revive::{self, ReviveError};
use crate::secret;
use crate::status;

/// Why an add-on did not start.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The API server cannot be spoken to.
    #[error("the API server cannot be spoken to")]
    Api(#[from] ApiError),
    /// Its objects could not be made.
    #[error("the objects of {0} cannot be made")]
    Objects(&'static str, #[source] ObjectsError),
    /// Its kubeconfig could not be written.
    #[error("a kubeconfig cannot be written")]
    Kubeconfig(#[from] KubeconfigError),
    /// Its files could not be made.
    #[error("the files of {0} cannot be made")]
    Files(&'static str, #[source] io::Error),
    /// A component of it did not start.
    #[error("a component of {0} does not run")]
    Component(&'static str, #[source] ReviveError),
    /// Gitea's account could not be made.
    #[error("Gitea's account cannot be made")]
    Account(#[from] AccountError),
}

/// Makes sure that an add-on runs; says whether something had to be done.
///
/// # Errors
/// When it does not start.
pub fn ensure(layout: &Layout, addon: Addon, progress: &Progress) -> Result<bool, AttachError> {
    if works(layout, addon) {
        return Ok(false);
    }
    // They are made before any of its components starts, so one that lives has them.
    if !lives(layout, addon) {
        progress.step(&format!("objects and files of {}", addon.name()), || prepare(layout, addon))?;
    }
    start(layout, addon, progress).map_err(|source| AttachError::Component(addon.name(), source))?;
    if addon == Addon::Gitea {
        progress.step("account of gitea", || gitea::ensure_account(layout))?;
    }
    Ok(true)
}

fn works(layout: &Layout, addon: Addon) -> bool {
    let settled = addon != Addon::Gitea || account(layout).exists();
    settled
        && addon
            .components(layout)
            .iter()
            .all(|component| status::life(layout, component.name) == Life::Running && component.probe.ready(layout))
}

fn lives(layout: &Layout, addon: Addon) -> bool {
    addon.components(layout).iter().any(|component| status::life(layout, component.name) != Life::Gone)
}

fn account(layout: &Layout) -> PathBuf {
    GiteaPlace::of(layout).account()
}

/// All that are dead are started together, then waited for.
fn start(layout: &Layout, addon: Addon, progress: &Progress) -> Result<(), ReviveError> {
    let components = addon.components(layout);
    let mut started = Vec::new();
    for component in &components {
        started.extend(revive::begin(layout, component, progress)?);
    }
    let ready: Result<(), LaunchError> = started.iter().try_for_each(|one| revive::ready(one, progress));
    Ok(ready?)
}

fn prepare(layout: &Layout, addon: Addon) -> Result<(), AttachError> {
    let failed = |source| AttachError::Objects(addon.name(), source);
    let own = match addon {
        Addon::Gitea => return GiteaPlace::of(layout).prepare().map_err(|e| AttachError::Files(addon.name(), e)),
        Addon::Flux => flux_objects(),
        Addon::Argocd => {
            kubeconfig::write_in_namespace(layout, &layout.kubeconfig("argocd"), ARGOCD_NAMESPACE)?;
            argocd_objects()
        }
    };
    let api = Api::new(layout)?;
    for folder in addon.crds(layout) {
        objects::define(&api, &objects::definitions(&folder).map_err(failed)?).map_err(failed)?;
    }
    objects::apply(&api, &own).map_err(failed)?;
    if addon == Addon::Argocd { make_argocd_secret(&api) } else { Ok(()) }
}

/// Argo CD signs its tokens with it and adds more by itself, so it is made once only.
fn make_argocd_secret(api: &Api) -> Result<(), AttachError> {
    let path = format!("/api/v1/namespaces/{ARGOCD_NAMESPACE}/secrets/argocd-secret");
    if api.get(&path)?.is_some() {
        return Ok(());
    }
    let key = secret::random().map_err(|source| AttachError::Files(Addon::Argocd.name(), source))?;
    let labels = json!({"app.kubernetes.io/name": "argocd-secret", "app.kubernetes.io/part-of": "argocd"});
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "argocd-secret", "namespace": ARGOCD_NAMESPACE, "labels": labels},
        "stringData": {"server.secretkey": key},
    });
    Ok(api.apply(&secret)?)
}
