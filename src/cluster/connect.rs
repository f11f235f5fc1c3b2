//! The way to the API server.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use crate::error::{Cause, ClusterError};
use crate::recorders::Recorders;
use crate::restricted_cache::RestrictedCache;

/// Longest wait for the answer to one request.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Where the cluster is and as whom to speak to it.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Path of a kubeconfig; without it `KUBECONFIG`, `~/.kube/config` and then the pod's own service account are tried.
    pub kubeconfig: Option<PathBuf>,
    /// Context in the kubeconfig; without it the current one.
    pub context: Option<String>,
    /// User to act as.
    pub impersonate: Option<String>,
    /// Groups to act as.
    pub impersonate_groups: Vec<String>,
    /// Name that Kubernetes Events and logs show for this process, for example `assay-operator`.
    pub field: String,
    /// Answer 429, 503 and 504 by trying again within the deadline. For processes that
    /// nobody waits for; a command line wants the answer at once.
    pub retry: bool,
}

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No usable kubeconfig, and not in a pod.
    #[error("cannot find out where the cluster is ({tried}); set KUBECONFIG or pass --kubeconfig and --context")]
    Config {
        /// What was looked at.
        tried: String,
        /// Why it was not usable.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client could not be made: certificates or credentials.
    #[error("cannot use the credentials for {server}; check certificates and user of the kubeconfig")]
    Credentials {
        /// Address of the API server.
        server: String,
        /// Why not.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server did not answer.
    #[error(
        "cannot reach the API server at {server}; check that the address is right, that the cluster runs, and that \
         no firewall or VPN stands between"
    )]
    Unreachable {
        /// Address of the API server.
        server: String,
        /// Why not.
        #[source]
        source: ClusterError,
    },
    /// The API server answered, but not with its version.
    #[error("the API server at {server} does not let us in; check the user of the kubeconfig")]
    Rejected {
        /// Address of the API server.
        server: String,
        /// Its answer.
        #[source]
        source: ClusterError,
    },
}

/// A cluster, as one identity. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) server: String,
    version: String,
    pub(crate) field: String,
    pub(crate) config: Option<Config>,
    pub(crate) recorders: Recorders,
    pub(crate) restricted: RestrictedCache,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.inner.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Finds the cluster and asks it for its version, so that a wrong address
    /// or user is known now.
    ///
    /// # Errors
    /// When there is no usable configuration, or the API server does not answer or does not let us in.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ConnectError> {
        let mut config = configuration(options).await?;
        config.connect_timeout = Some(Duration::from_secs(5));
        config.default_retry = options.retry;
        if options.impersonate.is_some() {
            config.auth_info.impersonate.clone_from(&options.impersonate);
            config.auth_info.impersonate_groups =
                Some(options.impersonate_groups.clone()).filter(|groups| !groups.is_empty());
        }
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config.clone())
            .map_err(|source| ConnectError::Credentials { server: server.clone(), source: Box::new(source) })?;
        let info = within("ask for the version", client.apiserver_version()).await.map_err(|source| {
            let server = server.clone();
            if source.code().is_some() {
                ConnectError::Rejected { server, source }
            } else {
                ConnectError::Unreachable { server, source }
            }
        })?;
        Ok(Self::assemble(client, server, info.git_version, options.field.clone(), Some(config)))
    }

    /// A cluster behind a client that somebody made: for tests with a closure in place of an API server.
    pub fn from_client(client: Client, field: &str) -> Self {
        Self::assemble(client, "closure".to_owned(), "v0".to_owned(), field.to_owned(), None)
    }

    fn assemble(client: Client, server: String, version: String, field: String, config: Option<Config>) -> Self {
        let inner = Inner {
            server,
            version,
            field,
            config,
            recorders: Recorders::default(),
            restricted: RestrictedCache::default(),
        };
        Self { client, inner: Arc::new(inner) }
    }

    /// Address of the API server, for people.
    pub fn server(&self) -> &str {
        &self.inner.server
    }

    /// Version of the API server, for example `v1.34.1`.
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// Namespace of the context, or of the pod's service account.
    pub fn default_namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

async fn configuration(options: &ConnectOptions) -> Result<Config, ConnectError> {
    let choice = KubeConfigOptions { context: options.context.clone(), cluster: None, user: None };
    let failed = |tried: String, source: KubeconfigError| ConnectError::Config { tried, source: Box::new(source) };
    if let Some(path) = &options.kubeconfig {
        let tried = path.display().to_string();
        let file = Kubeconfig::read_from(path).map_err(|source| failed(tried.clone(), source))?;
        return Config::from_custom_kubeconfig(file, &choice).await.map_err(|source| failed(tried, source));
    }
    if options.context.is_some() {
        let tried = "KUBECONFIG or ~/.kube/config".to_owned();
        return Config::from_kubeconfig(&choice).await.map_err(|source| failed(tried, source));
    }
    Config::infer().await.map_err(|source| ConnectError::Config {
        tried: "KUBECONFIG, ~/.kube/config and the pod's service account".to_owned(),
        source: Box::new(source),
    })
}

/// Runs one request with the deadline that all requests have.
pub(crate) async fn within<T>(
    action: impl Into<String>,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    let action = action.into();
    #[cfg(feature = "crash-points")]
    let what = action.clone();
    let answer = within_time(DEADLINE, action, request).await;
    #[cfg(feature = "crash-points")]
    assay_telemetry::crash::point(&what);
    answer
}

/// Runs one request with a deadline of its own.
pub(crate) async fn within_time<T>(
    deadline: Duration,
    action: impl Into<String>,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(deadline, request).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ClusterError::new(action, Cause::from(error))),
        Err(_) => Err(ClusterError::new(action, Cause::Deadline(deadline))),
    }
}
