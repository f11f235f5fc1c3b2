//! The handle of the cluster: what commands and tests hold.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::addons::{self, Addon};
use crate::addresses::REGISTRY;
use crate::cleanup::{self, CleanupError};
use crate::compile::{self, CompileError};
use crate::component::Component;
use crate::components::{self, Settings};
use crate::down::{self, DownError};
use crate::engines::{ENGINES, Engine};
use crate::gitea::{Account, AccountError};
use crate::images::{self, Image, ImageError};
use crate::layout::{Layout, LayoutError};
use crate::packages::PackagesError;
use crate::process::{self, Life, ProcessError};
use crate::progress::Progress;
use crate::revive::{self, ReviveError};
use crate::status::{self, Marker, Status};
use crate::up::{self, Outcome, UpError};

/// Environment variable that names the kubeconfig of a cluster to use instead.
pub const KUBECONFIG_ENV: &str = "ASSAY_KUBECONFIG";

/// Why something could not be done with the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no place for its files.
    #[error("there is no place for the cluster's files")]
    Layout(#[from] LayoutError),
    /// What the tests need could not be installed.
    #[error("the tests cannot be prepared")]
    Packages(#[from] PackagesError),
    /// It did not come up.
    #[error("the cluster did not come up")]
    Up(#[from] UpError),
    /// It did not go down.
    #[error("the cluster did not go down cleanly")]
    Down(#[from] DownError),
    /// The engines could not be built.
    #[error("the engines cannot be built")]
    Build(#[from] CompileError),
    /// An image could not be made.
    #[error("the image cannot be made")]
    Image(#[from] ImageError),
    /// The cache could not be removed.
    #[error("the cache cannot be removed")]
    Purge(#[from] CleanupError),
    /// A component could not be signalled or stopped.
    #[error("the component cannot be reached")]
    Process(#[from] ProcessError),
    /// A component could not be started.
    #[error("the component cannot be started")]
    Revive(#[from] ReviveError),
    /// There is no account of Gitea's.
    #[error("there is no account of Gitea's")]
    Account(#[from] AccountError),
    /// There is no component of that name.
    #[error("there is no component {0:?}; known are {known}", known = known().join(", "))]
    UnknownComponent(String),
    /// The component does not run.
    #[error("{0} does not run")]
    NotRunning(String),
    /// The cluster is somebody else's, so its processes are out of reach.
    #[error("{KUBECONFIG_ENV} names a cluster whose processes and registry are out of reach")]
    Foreign,
    /// A program could not be run.
    #[error("cannot run {0}")]
    Run(PathBuf, #[source] io::Error),
}

/// Names of everything that can run.
fn known() -> Vec<&'static str> {
    components::STOP_ORDER.into_iter().chain(addons::NAMES).collect()
}

/// The cluster that this environment means: our own, or the one that
/// `ASSAY_KUBECONFIG` names.
#[derive(Debug, Clone)]
pub struct Cluster {
    layout: Layout,
    foreign: Option<PathBuf>,
}

impl Cluster {
    /// Reads the environment; starts nothing.
    ///
    /// # Errors
    /// When there is no place for the cache folder.
    pub fn from_env() -> Result<Self, ClusterError> {
        let foreign = std::env::var_os(KUBECONFIG_ENV).filter(|value| !value.is_empty());
        Ok(Self { layout: Layout::from_env()?, foreign: foreign.map(PathBuf::from) })
    }

    /// The kubeconfig of a cluster that is not ours, when one is named.
    #[must_use]
    pub fn foreign(&self) -> Option<&Path> {
        self.foreign.as_deref()
    }

    /// Where all files are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Makes sure that a healthy cluster runs, and beside it the add-ons `with` and
    /// those that were asked for before; does nothing for a foreign one.
    ///
    /// # Errors
    /// When it does not come up, or add-ons are asked of a foreign cluster.
    pub fn up(&self, settings: Settings, with: &[Addon], progress: &Progress) -> Result<Outcome, ClusterError> {
        if self.foreign.is_some() {
            return if with.is_empty() { Ok(Outcome::AlreadyUp) } else { Err(ClusterError::Foreign) };
        }
        Ok(up::up(&self.layout, settings, with, progress)?)
    }

    /// Stops add-ons and leaves everything else, also what they keep.
    ///
    /// # Errors
    /// When one cannot be stopped, or the cluster is foreign.
    pub fn detach(&self, addons: &[Addon], progress: &Progress) -> Result<(), ClusterError> {
        self.own()?;
        let _lock = up::lock(&self.layout)?;
        Ok(down::detach(&self.layout, addons, progress)?)
    }

    /// Where Gitea is and who may do everything in it.
    ///
    /// # Errors
    /// When there is none beside the cluster, or the cluster is foreign.
    pub fn gitea(&self) -> Result<Account, ClusterError> {
        self.own()?;
        Ok(Account::read(&self.layout)?)
    }

    /// Stops the cluster and removes every trace; does nothing for a foreign one.
    ///
    /// # Errors
    /// When something cannot be stopped or is left.
    pub fn down(&self, progress: &Progress) -> Result<(), ClusterError> {
        if self.foreign.is_some() {
            return Ok(());
        }
        let _lock = up::lock(&self.layout)?;
        Ok(down::down(&self.layout, progress)?)
    }

    /// What state the cluster is in.
    ///
    /// # Errors
    /// When the cluster is foreign.
    pub fn status(&self) -> Result<Status, ClusterError> {
        self.own()?;
        Ok(Status::of(&self.layout))
    }

    /// Builds the engines of the node and of some add-ons that are not built yet.
    ///
    /// # Errors
    /// When there is no room, no Go, or a build fails.
    pub fn build(&self, with: &[Addon], progress: &Progress) -> Result<(), ClusterError> {
        let wanted: Vec<&Engine> = ENGINES.iter().chain(addons::engines(with)).collect();
        Ok(compile::ensure(&self.layout, &wanted, progress)?)
    }

    /// Stops the cluster and removes engines, images and everything else that the
    /// harness keeps.
    ///
    /// # Errors
    /// When the cluster does not stop or a folder cannot be removed.
    pub fn purge(&self, progress: &Progress) -> Result<(), ClusterError> {
        self.own()?;
        self.down(progress)?;
        let names = ["engines", "bin", "gobuild", "gomod", "buildah", "cluster", "build.lock", "build.users"];
        for name in names {
            cleanup::remove(&self.layout.cache().join(name))?;
        }
        Ok(())
    }

    /// Builds and pushes an image, unless the registry has the same content.
    ///
    /// # Errors
    /// When the context cannot be read, buildah fails, or the cluster is foreign.
    pub fn image(&self, context: &Path, name: &str, file: Option<&Path>) -> Result<Image, ClusterError> {
        self.own()?;
        Ok(images::ensure(&self.layout, context, name, file)?)
    }

    /// Path of the administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.foreign.clone().unwrap_or_else(|| self.layout.admin_kubeconfig())
    }

    /// The folder with kubectl, helm, ctr and all engines.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.layout.bin()
    }

    /// Path of kubectl.
    #[must_use]
    pub fn kubectl(&self) -> PathBuf {
        self.program("kubectl")
    }

    /// Path of helm.
    #[must_use]
    pub fn helm(&self) -> PathBuf {
        self.program("helm")
    }

    /// A built program; for a foreign cluster, where nothing may be built, its bare name.
    fn program(&self, name: &str) -> PathBuf {
        let built = self.layout.program(name);
        if self.foreign.is_some() && !built.exists() { PathBuf::from(name) } else { built }
    }

    /// A command of kubectl or helm against this cluster.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("KUBECONFIG", self.kubeconfig());
        command
    }

    /// Host and port of the image registry, as pods and pushes name it.
    #[must_use]
    pub fn registry(&self) -> &'static str {
        REGISTRY
    }

    /// Pids of the components that run, by name.
    #[must_use]
    pub fn pids(&self) -> BTreeMap<&'static str, i32> {
        let pid = |name: &'static str| {
            let identity = process::remembered(&self.layout.pids(), name)?;
            (identity.life() != Life::Gone).then_some((name, identity.pid))
        };
        known().into_iter().filter_map(pid).collect()
    }

    /// Sends a signal to a component; it is not started again.
    ///
    /// # Errors
    /// When there is no such component, it does not run, or the cluster is foreign.
    pub fn kill(&self, name: &str, signal: Signal) -> Result<(), ClusterError> {
        self.component(name)?;
        let identity = process::remembered(&self.layout.pids(), name);
        match identity {
            Some(identity) if identity.signal(signal)? => Ok(()),
            _ => Err(ClusterError::NotRunning(name.to_owned())),
        }
    }

    /// Stops a component: SIGTERM, a bounded wait, SIGKILL.
    ///
    /// # Errors
    /// When there is no such component or the cluster is foreign.
    pub fn stop_component(&self, name: &str) -> Result<(), ClusterError> {
        self.component(name)?;
        down::stop(&self.layout, name)?;
        Ok(())
    }

    /// Starts a component that does not run, and waits until it is ready.
    ///
    /// # Errors
    /// When there is no such component, it does not start, or the cluster is foreign.
    pub fn start_component(&self, name: &str) -> Result<(), ClusterError> {
        let component = self.component(name)?;
        Ok(revive::revive(&self.layout, &component, &Progress::silent())?)
    }

    /// What the process of a component does now.
    ///
    /// # Errors
    /// When there is no such component or the cluster is foreign.
    pub fn life(&self, name: &str) -> Result<Life, ClusterError> {
        self.component(name)?;
        Ok(status::life(&self.layout, name))
    }

    fn own(&self) -> Result<(), ClusterError> {
        if self.foreign.is_some() { Err(ClusterError::Foreign) } else { Ok(()) }
    }

    fn component(&self, name: &str) -> Result<Component, ClusterError> {
        self.own()?;
        let settings = Marker::read(&self.layout).map(|marker| marker.settings).unwrap_or_default();
        let of_addons = Addon::ALL.into_iter().flat_map(|addon| addon.components(&self.layout));
        components::all(&self.layout, settings)
            .into_iter()
            .chain(of_addons)
            .find(|component| component.name == name)
            .ok_or_else(|| ClusterError::UnknownComponent(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(folder: &Path, foreign: Option<&str>) -> Cluster {
        Cluster { layout: Layout::at(folder.into()).unwrap(), foreign: foreign.map(PathBuf::from) }
    }

    #[test]
    fn a_foreign_cluster_is_used_but_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let cluster = cluster(folder.path(), Some("/elsewhere/config"));
        assert_eq!(cluster.kubeconfig(), Path::new("/elsewhere/config"));
        assert_eq!(cluster.kubectl(), Path::new("kubectl"));
        let progress = Progress::silent();
        assert_eq!(cluster.up(Settings::default(), &[], &progress).unwrap(), Outcome::AlreadyUp);
        assert!(matches!(cluster.up(Settings::default(), &[Addon::Flux], &progress), Err(ClusterError::Foreign)));
        assert!(matches!(cluster.detach(&[Addon::Flux], &progress), Err(ClusterError::Foreign)));
        cluster.down(&progress).unwrap();
        assert!(matches!(cluster.kill("etcd", Signal::KILL), Err(ClusterError::Foreign)));
        assert!(matches!(cluster.purge(&progress), Err(ClusterError::Foreign)));
    }

    #[test]
    fn an_unknown_component_is_named_with_the_known_ones() {
        let folder = tempfile::tempdir().unwrap();
        let cluster = cluster(folder.path(), None);
        let error = cluster.kill("apiserver", Signal::KILL).unwrap_err();
        assert!(error.to_string().contains("kube-apiserver"), "{error}");
        assert!(error.to_string().contains("argocd-server"), "{error}");
        assert!(matches!(cluster.kill("etcd", Signal::KILL), Err(ClusterError::NotRunning(_))));
        assert!(cluster.pids().is_empty());
    }
}
