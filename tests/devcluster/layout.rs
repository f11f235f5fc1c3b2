//! Where everything of the harness lies: one cache folder, and in it the
//! engines (kept), and the state of the one cluster (thrown away).

use std::path::{Path, PathBuf};

/// Environment variable that moves the cache folder.
pub const CACHE_ENV: &str = "ASSAY_CACHE";

/// A socket path longer than this cannot be bound (`sun_path` holds 108 bytes).
const LONGEST_SOCKET_PATH: usize = 100;

/// Why the cache folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// Neither the cache variable nor `HOME` says where to keep things.
    #[error("neither {CACHE_ENV} nor HOME is set, so there is no place for the cluster's files")]
    NoHome,
    /// Unix sockets below this folder would have too long a path.
    #[error("{CACHE_ENV}={0} is too long a path: sockets below it could not be bound")]
    TooLong(PathBuf),
}

/// Names of all folders and well-known files, derived from the cache folder.
#[derive(Debug, Clone)]
pub struct Layout {
    cache: PathBuf,
}

impl Layout {
    /// The layout that the environment asks for: `$ASSAY_CACHE`, else `~/.cache/assay`.
    ///
    /// # Errors
    /// When no folder is named, or its path is too long for Unix sockets.
    pub fn from_env() -> Result<Self, LayoutError> {
        let named = std::env::var_os(CACHE_ENV).filter(|value| !value.is_empty());
        let cache = match named {
            Some(value) => std::path::absolute(&value).unwrap_or_else(|_| PathBuf::from(value)),
            None => PathBuf::from(std::env::var_os("HOME").ok_or(LayoutError::NoHome)?).join(".cache/assay"),
        };
        Self::at(cache)
    }

    /// The layout below a given cache folder.
    ///
    /// # Errors
    /// When the path is too long for Unix sockets.
    pub fn at(cache: PathBuf) -> Result<Self, LayoutError> {
        let layout = Self { cache };
        if layout.containerd_socket().as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(LayoutError::TooLong(layout.cache));
        }
        Ok(layout)
    }

    /// The cache folder itself.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Built engines, one folder for each content hash.
    #[must_use]
    pub fn engines(&self) -> PathBuf {
        self.cache.join("engines")
    }

    /// One folder with a link to every built program.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.cache.join("bin")
    }

    /// A built program by name.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// Everything that belongs to the one cluster.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.cache.join("cluster")
    }

    /// Certificates and keys.
    #[must_use]
    pub fn pki(&self) -> PathBuf {
        self.state().join("pki")
    }

    /// Rendered configuration files.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.state().join("config")
    }

    /// One log file for each component.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.state().join("logs")
    }

    /// The log file of one component.
    #[must_use]
    pub fn log(&self, component: &str) -> PathBuf {
        self.logs().join(format!("{component}.log"))
    }

    /// Sockets and other short-lived files.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.state().join("run")
    }

    /// Identity files of the running components.
    #[must_use]
    pub fn pids(&self) -> PathBuf {
        self.state().join("pids")
    }

    /// A component's data folder.
    #[must_use]
    pub fn data(&self, component: &str) -> PathBuf {
        self.state().join("data").join(component)
    }

    /// The registry's blobs; outlives a cluster, so that images are pushed once.
    #[must_use]
    pub fn registry_data(&self) -> PathBuf {
        self.state().join("registry")
    }

    /// The marker written when a cluster came up completely.
    #[must_use]
    pub fn marker(&self) -> PathBuf {
        self.state().join("cluster.json")
    }

    /// Kubeconfig of the cluster administrator.
    #[must_use]
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.state().join("admin.kubeconfig")
    }

    /// Kubeconfig of a component.
    #[must_use]
    pub fn kubeconfig(&self, component: &str) -> PathBuf {
        self.config().join(format!("{component}.kubeconfig"))
    }

    /// The socket of containerd.
    #[must_use]
    pub fn containerd_socket(&self) -> PathBuf {
        self.run().join("containerd.sock")
    }

    /// State folder of runc, one folder per container below `k8s.io`.
    #[must_use]
    pub fn runc_root(&self) -> PathBuf {
        self.run().join("runc")
    }

    /// The file that a second `up` or `down` waits for.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.cache.join("cluster.lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_folder_too_deep_for_sockets_is_refused() {
        let deep = PathBuf::from("/").join("x".repeat(120));
        assert!(matches!(Layout::at(deep), Err(LayoutError::TooLong(_))));
    }

    #[test]
    fn state_lies_in_the_cache() {
        let layout = Layout::at("/var/cache/assay".into()).unwrap();
        assert_eq!(layout.log("etcd"), Path::new("/var/cache/assay/cluster/logs/etcd.log"));
    }
}
