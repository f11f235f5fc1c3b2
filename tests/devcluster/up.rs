//! Bringing the cluster up: nothing to do, repair, or start from nothing.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::addons::{self, Addon};
use crate::addresses::NODE;
use crate::api::{Api, ApiError};
use crate::attach::{self, AttachError};
use crate::cleanup::{self, CleanupError};
use crate::compile::{self, CompileError};
use crate::component::Component;
use crate::components::{self, Settings};
use crate::engines::{self, ENGINES};
use crate::images::{self, ImageError};
use crate::kubeconfig::{self, KubeconfigError};
use crate::launch::{self, LaunchError};
use crate::layout::Layout;
use crate::network::{self, NetworkError};
use crate::owner;
use crate::packages::{self, PackagesError};
use crate::pki::{self, PkiError};
use crate::progress::Progress;
use crate::revive::{ReviveError, ready, revive};
use crate::status::{self, Marker, Status};

/// The longest wait for the node, once all components are ready.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a wait looks again.
const GLANCE: Duration = Duration::from_millis(50);

/// Why the cluster did not come up.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// A Debian package is missing.
    #[error("the machine lacks something")]
    Packages(#[from] PackagesError),
    /// An engine could not be built.
    #[error("the engines cannot be built")]
    Engines(#[from] CompileError),
    /// The last cluster could not be cleared away.
    #[error("the last cluster cannot be cleared away")]
    Cleanup(#[from] CleanupError),
    /// The certificates could not be made.
    #[error("the certificates cannot be made")]
    Pki(#[from] PkiError),
    /// A kubeconfig could not be written.
    #[error("a kubeconfig cannot be written")]
    Kubeconfig(#[from] KubeconfigError),
    /// The node's network could not be set up.
    #[error("the node's network cannot be set up")]
    Network(#[from] NetworkError),
    /// A component did not start.
    #[error("a component did not start")]
    Launch(#[from] LaunchError),
    /// A dead or frozen component does not run again.
    #[error("a component cannot be repaired")]
    Revive(#[from] ReviveError),
    /// An add-on did not start.
    #[error("an add-on did not start")]
    Attach(#[from] AttachError),
    /// The images that every node needs could not be made.
    #[error("the images of the node cannot be made")]
    Images(#[from] ImageError),
    /// The DNS service could not be made.
    #[error("the service kube-dns cannot be made")]
    Api(#[from] ApiError),
    /// All components run, but the node does not become ready.
    #[error("the node did not become ready in {0:?}; see the logs in {1}")]
    NotReady(Duration, PathBuf),
    /// A cluster with other settings runs.
    #[error("a cluster with other settings runs; `devcluster down` first")]
    OtherSettings,
    /// The cluster of another cache folder has this machine.
    #[error("the cluster of {0} runs on this machine; take it down first (ASSAY_CACHE={0})")]
    Elsewhere(PathBuf),
    /// The marker or lock file could not be written.
    #[error("cannot write {0}")]
    File(PathBuf, #[source] io::Error),
}

/// What `up` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was fine already.
    AlreadyUp,
    /// Some components were dead and run again.
    Repaired,
    /// The node was fine, and add-ons were started.
    Extended,
    /// A cluster was started from nothing.
    Started,
}

/// Makes sure that a healthy cluster runs, and beside it the add-ons `with` and those
/// that were asked for before.
///
/// # Errors
/// When it cannot be made so; the error tells which step failed.
pub fn up(layout: &Layout, settings: Settings, with: &[Addon], progress: &Progress) -> Result<Outcome, UpError> {
    provide(layout, with, progress)?;
    let _lock = lock(layout)?;
    let node = node_up(layout, settings, progress)?;
    let since = Instant::now();
    let mut extended = false;
    for addon in Addon::ALL.into_iter().filter(|addon| with.contains(addon) || addon.present(layout)) {
        extended |= attach::ensure(layout, addon, progress)?;
    }
    if extended {
        progress.done("add-ons ready after", since);
    }
    Ok(if extended && node == Outcome::AlreadyUp { Outcome::Extended } else { node })
}

/// Gets what add-ons are made of. Before the lock is taken, because building them may
/// take half an hour, in which others can use the cluster.
fn provide(layout: &Layout, with: &[Addon], progress: &Progress) -> Result<(), UpError> {
    if with.is_empty() {
        return Ok(());
    }
    packages::ensure_for_addons(with, progress)?;
    Ok(compile::ensure(layout, &addons::engines(with), progress)?)
}

fn node_up(layout: &Layout, settings: Settings, progress: &Progress) -> Result<Outcome, UpError> {
    let since = Instant::now();
    let marker = Marker::read(layout);
    let now = Status::of(layout);
    if marker.is_some() && now.running() {
        if marker.as_ref().is_some_and(|marker| marker.settings != settings) {
            return Err(UpError::OtherSettings);
        }
        if marker.is_some_and(|marker| marker.engines != engines::fingerprint()) {
            progress.say("note: this cluster runs older engines; `devcluster down` renews them");
        }
        if now.node_healthy() {
            return Ok(Outcome::AlreadyUp);
        }
        repair(layout, settings, progress)?;
        progress.done("repaired after", since);
        return Ok(Outcome::Repaired);
    }
    if let Some(cache) = owner::other(layout) {
        return Err(UpError::Elsewhere(cache));
    }
    packages::ensure_for_node(progress)?;
    compile::ensure(layout, &ENGINES.iter().collect::<Vec<_>>(), progress)?;
    let since = Instant::now();
    progress.step("clean machine", || {
        cleanup::sweep(layout)?;
        cleanup::wipe(layout)
    })?;
    owner::take(layout).map_err(|source| UpError::File(layout.cache().to_owned(), source))?;
    start_all(layout, settings, progress)?;
    progress.done("ready after", since);
    Ok(Outcome::Started)
}

/// Held while the cluster's set of processes changes.
///
/// # Errors
/// When the lock file cannot be written.
pub fn lock(layout: &Layout) -> Result<fs::File, UpError> {
    let path = layout.lock();
    fs::create_dir_all(layout.cache())
        .and_then(|()| fs::File::create(&path))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|source| UpError::File(path, source))
}

fn start_all(layout: &Layout, settings: Settings, progress: &Progress) -> Result<(), UpError> {
    progress.step("certificates", || prepare(layout))?;
    progress.step("node network", network::set_up)?;
    let all = components::all(layout, settings);
    let named = |name: &str| all.iter().find(|component| component.name == name).expect("every name is in the list");
    free_registry_port(named(components::REGISTRY));
    let etcd = launch::start(layout, named(components::ETCD))?;
    let registry = launch::start(layout, named(components::REGISTRY))?;
    let containerd = launch::start(layout, named(components::CONTAINERD))?;
    ready(&etcd, progress)?;
    let apiserver = launch::start(layout, named(components::APISERVER))?;
    ready(&registry, progress)?;
    progress.step("node images", || images::ensure_builtin(layout))?;
    ready(&containerd, progress)?;
    ready(&apiserver, progress)?;
    let rest =
        [components::CONTROLLERS, components::KUBELET, components::SCHEDULER, components::PROXY, components::DNS];
    let rest = rest.map(|name| launch::start(layout, named(name)));
    progress.step("service kube-dns", || make_dns_service(layout))?;
    for started in rest {
        ready(&started?, progress)?;
    }
    await_node(layout, progress)?;
    write_marker(layout, settings)
}

fn prepare(layout: &Layout) -> Result<(), UpError> {
    pki::ensure(&layout.pki())?;
    let config = layout.config();
    fs::create_dir_all(&config).map_err(|source| UpError::File(config, source))?;
    Ok(kubeconfig::write_all(layout)?)
}

/// Debian's package may have started its own registry on the same port.
fn free_registry_port(registry: &Component) {
    if registry.ports.iter().any(|address| launch::port_taken(*address)) {
        packages::quiet_registry_service();
    }
}

/// Applies the DNS service; the namespace may take a moment to appear.
fn make_dns_service(layout: &Layout) -> Result<(), ApiError> {
    let api = Api::new(layout)?;
    let deadline = Instant::now() + Duration::from_secs(20);
    for object in components::dns_objects() {
        while let Err(error) = api.apply(&object) {
            if Instant::now() > deadline {
                return Err(error);
            }
            std::thread::sleep(GLANCE);
        }
    }
    Ok(())
}

fn await_node(layout: &Layout, progress: &Progress) -> Result<(), UpError> {
    progress.step(&format!("{NODE} takes pods"), || {
        let deadline = Instant::now() + PATIENCE;
        while !(status::node_ready(layout) && components::dns_answers()) {
            if Instant::now() > deadline {
                return Err(UpError::NotReady(PATIENCE, layout.logs()));
            }
            std::thread::sleep(GLANCE);
        }
        Ok(())
    })
}

fn write_marker(layout: &Layout, settings: Settings) -> Result<(), UpError> {
    let marker = Marker { settings, engines: engines::fingerprint() };
    let text = serde_json::to_string(&marker).expect("a marker is plain data");
    let path = layout.marker();
    fs::write(&path, text).map_err(|source| UpError::File(path, source))
}

/// Starts what is dead and thaws what is frozen, in start order.
fn repair(layout: &Layout, settings: Settings, progress: &Progress) -> Result<(), UpError> {
    network::set_up()?;
    for component in components::all(layout, settings) {
        revive(layout, &component, progress)?;
    }
    make_dns_service(layout)?;
    await_node(layout, progress)
}
