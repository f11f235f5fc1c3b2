//! Where the suite runs: which cluster, and where the tools are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::{CommandError, Tool};

/// A cluster with Assay on it, and the tools to speak to it.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    kubeconfig: PathBuf,
    path: String,
}

/// Why there is no place to run in.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The environment names no cluster.
    #[error(
        "`KUBECONFIG` is not set: run through make (`make test`, `make demo`), or `export KUBECONFIG=$(make kubeconfig)`"
    )]
    NoKubeconfig,
    /// The kubeconfig is not there.
    #[error("there is no cluster behind `{0}`: start one with `make up`, or point ASSAY_KUBECONFIG at yours")]
    NoCluster(PathBuf),
}

impl Place {
    /// The place that the environment describes: `KUBECONFIG`, and a `PATH` with
    /// `kubectl`, `helm` and `assay`, as the Makefile sets them.
    ///
    /// # Errors
    /// When no cluster is named, or its kubeconfig does not exist.
    pub fn from_environment() -> Result<Self, PlaceError> {
        let kubeconfig = std::env::var_os("KUBECONFIG").map(PathBuf::from).ok_or(PlaceError::NoKubeconfig)?;
        if !kubeconfig.is_file() {
            return Err(PlaceError::NoCluster(kubeconfig));
        }
        let root = root();
        let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap_or_default());
        Ok(Self { root, kubeconfig, path })
    }

    /// The one place of this process, for tests.
    ///
    /// # Panics
    /// When there is none: a cluster test without a cluster has failed.
    pub fn shared() -> &'static Self {
        static PLACE: OnceLock<Place> = OnceLock::new();
        PLACE.get_or_init(|| match Self::from_environment() {
            Ok(place) => place,
            Err(error) => panic!("{error}"),
        })
    }

    /// Top folder of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The kubeconfig in use.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// `kubectl`, against this cluster.
    pub fn kubectl(&self) -> Tool {
        self.tool("kubectl")
    }

    /// `helm`, against this cluster.
    pub fn helm(&self) -> Tool {
        self.tool("helm")
    }

    /// `assay`, against this cluster.
    pub fn assay(&self) -> Tool {
        self.tool("assay")
    }

    /// What GitOps engines make of an object's status, by the library they use:
    /// `InProgress`, `Current`, `Failed`.
    ///
    /// # Errors
    /// When the object cannot be judged.
    pub fn kstatus(&self, object: &serde_json::Value) -> Result<String, CommandError> {
        let said = self.tool("kstatus").run_with::<&str>(&[], &object.to_string())?;
        Ok(said.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Any program on the path of the suite.
    pub fn tool(&self, program: &str) -> Tool {
        Tool::new(program).env("KUBECONFIG", self.kubeconfig.as_os_str()).env("PATH", &self.path).folder(&self.root)
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders below the top").to_path_buf()
}
