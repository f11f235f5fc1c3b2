//! Operator and server, from the first connection to the orderly end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_api::names::LEASE;
use assay_cluster::{Cluster, ConnectError, ConnectOptions, Elected, ElectionOptions, elect};
use assay_git::Repositories;
use assay_lifecycle::{Limits, Policy};
use assay_operator::{Context, Git, GrantedTrees, Metrics, Settings, Webhooks};
use assay_protocol::Server as ServerPlace;
use assay_server::{Certificates, ClusterDefinitions, ClusterIdentities, ServeOptions, Server, serve, tls_config};
use assay_store::{Disposition, OpenError, Store};
use assay_telemetry::error_chain;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::args::AllArgs;
use crate::backup::keep_backups;
use crate::hooks::OperatorHooks;
use crate::image_volumes::find_out;
use crate::probes::Probes;
use crate::tls::{TlsError, certificates, renew};
use crate::webhook::{expect_trust, keep_trusted};
use crate::{definitions, probes, signals};

const PAUSE: Duration = Duration::from_secs(1);

/// Why the manager ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A flag is missing.
    #[error("the runner's image is not known; set ASSAY_RUNNER_IMAGE or pass --runner-image")]
    NoRunnerImage,
    /// There is no way to the cluster.
    #[error("the cluster cannot be used")]
    Connect(#[from] ConnectError),
    /// There are no certificates.
    #[error("the server cannot be reached safely")]
    Tls(#[from] TlsError),
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[from] OpenError),
    /// A port is taken, or signals cannot be heard.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Somebody else leads now; whoever goes on would write against them.
    #[error("leadership is lost; ending, to be started again")]
    LeadershipLost,
}

/// Runs operator and server until a signal asks for the end.
///
/// # Errors
/// When something that cannot be waited for is missing, or leadership is lost.
pub async fn run_all(args: &AllArgs) -> Result<(), RunError> {
    if args.runner_image.is_empty() {
        return Err(RunError::NoRunnerImage);
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), namespace = args.namespace, "starting");
    let probes = Probes::default();
    let address = SocketAddr::new(args.listen, args.probe_port);
    let answering = probes::serve(address, probes.clone());
    tokio::select! {
        result = stages(args, &probes) => result,
        result = answering => result.map_err(io_error(format!("answer probes on {address}"))),
    }
}

/// One after another: what each stage needs is there when it begins.
async fn stages(args: &AllArgs, probes: &Probes) -> Result<(), RunError> {
    let end = signals::asked_to_end();
    tokio::pin!(end);
    let started = tokio::select! {
        started = start(args, probes) => started?,
        result = &mut end => return result.map_err(io_error("listen to signals")),
    };
    let result = started.run(args, probes, &mut end).await;
    started.finish().await;
    result
}

/// What is there once the manager leads.
struct Started {
    cluster: Cluster,
    certificates: Certificates,
    store: Store,
    elected: Elected,
}

async fn start(args: &AllArgs, probes: &Probes) -> Result<Started, RunError> {
    let awaited = &probes.awaited;
    awaited.wait("the API server", "not asked yet");
    awaited.wait("leadership", "not asked for yet");
    awaited.wait("the store", "not opened yet");
    awaited.wait("the server", "does not listen yet");
    expect_trust(args.webhook.as_ref(), awaited);
    let cluster = connect(args, probes).await?;
    awaited.done("the API server");
    let looked_after = args.watch_namespace.first().unwrap_or(&args.namespace);
    definitions::served(&cluster, looked_after, awaited).await;
    awaited.wait("leadership", format!("another process holds the Lease {LEASE}"));
    let elected = elect(&cluster, ElectionOptions::new(&args.namespace, LEASE, &args.identity()));
    if !elected.leading().await {
        return Err(RunError::LeadershipLost);
    }
    awaited.done("leadership");
    tracing::info!(identity = args.identity(), "leading");
    let certificates = certificates(&cluster, &args.namespace, &args.server_names()).await?;
    let store = open(args, probes).await?;
    // Nobody else sets it.
    let _ = probes.store.set(store.clone());
    awaited.done("the store");
    Ok(Started { cluster, certificates, store, elected })
}

/// An API server that does not answer is waited for; what is wrong with our
/// own configuration is not.
async fn connect(args: &AllArgs, probes: &Probes) -> Result<Cluster, RunError> {
    let options = ConnectOptions {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        field: "assay-manager".to_owned(),
        retry: true,
        ..ConnectOptions::default()
    };
    loop {
        match Cluster::connect(&options).await {
            Ok(cluster) => {
                tracing::info!(server = cluster.server(), version = cluster.version(), "connected");
                return Ok(cluster);
            }
            Err(error @ ConnectError::Unreachable { .. }) => {
                let words = error_chain(&error);
                tracing::warn!(error = words, "the API server does not answer");
                probes.awaited.wait("the API server", words);
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A predecessor may still be writing its last lines, and a database may come later than we.
async fn open(args: &AllArgs, probes: &Probes) -> Result<Store, RunError> {
    loop {
        match Store::open_with(args.store.config()).await {
            Err(error) if error.disposition() == Disposition::Transient => {
                let words = error_chain(&error);
                tracing::warn!(error = words, "waiting for the store");
                probes.awaited.wait("the store", words);
                tokio::time::sleep(PAUSE).await;
            }
            other => return Ok(other?),
        }
    }
}

impl Started {
    /// Operator and server side by side, until a signal or the loss of leadership.
    async fn run(
        &self,
        args: &AllArgs,
        probes: &Probes,
        end: &mut (impl Future<Output = io::Result<()>> + Unpin),
    ) -> Result<(), RunError> {
        let (tls, served) = watch::channel(tls_config(&self.certificates).map_err(TlsError::from)?);
        let address = SocketAddr::new(args.listen, args.port);
        let listener = TcpListener::bind(address).await.map_err(io_error(format!("listen on {address}")))?;
        let identities = Arc::new(ClusterIdentities::new(self.cluster.clone()));
        let (closing, mut closed) = watch::channel(false);
        let definitions = Arc::new(ClusterDefinitions::new(self.cluster.clone()));
        let git = self.git(args);
        let hooks = Arc::new(OperatorHooks(Arc::clone(&git)));
        let router = Server::new(self.store.clone(), identities, definitions, closed.clone())
            .with_hooks(hooks, probes.numbers.hooks.clone())
            .router();
        let until = async move { drop(closed.wait_for(|closing| *closing).await) };
        let server = tokio::spawn(serve(listener, served, router, ServeOptions::default(), until));
        probes.awaited.done("the server");
        tracing::info!(%address, url = args.server_url(), "serving");
        let names = args.server_names();
        let (webhook, authority) = (args.webhook.clone(), self.certificates.ca.clone());
        let result = tokio::select! {
            () = assay_operator::run(self.context(args, git, probes.numbers.operator.clone())) => Ok(()),
            () = renew(self.cluster.clone(), args.namespace.clone(), names, tls) => Ok(()),
            () = keep_backups(self.store.clone(), args.backup.clone()) => Ok(()),
            () = keep_trusted(self.cluster.clone(), webhook, authority, probes.awaited.clone()) => Ok(()),
            () = self.elected.lost() => Err(RunError::LeadershipLost),
            result = end => result.map_err(io_error("listen to signals")),
        };
        tracing::info!("ending");
        probes.awaited.wait("the end", "the process is about to end");
        closing.send_replace(true);
        if let Err(error) = server.await {
            tracing::error!(%error, "the server broke");
        }
        result
    }

    /// What reads and writes Git.
    fn git(&self, args: &AllArgs) -> Arc<Git> {
        let gitops = &args.gitops;
        Arc::new(Git {
            repositories: Repositories::new(gitops.mirrors(&args.store.data_dir)),
            fence: self.elected.fence(),
            webhooks: Webhooks::default(),
            namespace: args.namespace.clone(),
            refresh: gitops.refresh,
            unblock: gitops.unblock,
            write: gitops.write,
            external_url: gitops.external_url.clone().filter(|url| !url.is_empty()),
        })
    }

    fn context(&self, args: &AllArgs, git: Arc<Git>, metrics: Metrics) -> Context {
        let settings = Settings {
            runner_image: args.runner_image.clone(),
            runner_pull_policy: args.runner_pull_policy.clone(),
            git_image: args.git_image.clone(),
            server: ServerPlace { url: args.server_url(), ca: self.certificates.ca.clone() },
            image_volumes: find_out(&self.cluster, args),
            namespaces: args.watch_namespace.iter().filter(|name| !name.is_empty()).cloned().collect(),
            concurrency: usize::from(args.concurrency),
            policy: Policy::default(),
            retention: limits(args.retention.age, args.retention.count),
            rollback_retention: limits(args.gitops.rollback_retention_age, args.gitops.rollback_retention_count),
            gitops: args.gitops.enabled,
        };
        let events = self.cluster.events(&args.identity());
        let trees = Arc::new(GrantedTrees::new(self.cluster.clone(), Arc::clone(&git)));
        Context {
            cluster: self.cluster.clone(),
            store: self.store.clone(),
            events,
            trees,
            git: Some(git),
            metrics,
            settings,
        }
    }

    /// The orderly end: nobody writes any more, so the lease is given back and
    /// everything is brought to disk.
    async fn finish(self) {
        self.elected.release().await;
        self.store.close().await;
        tracing::info!("ended");
    }
}

/// How much is kept; no count, or 0, is all.
fn limits(age: Option<Duration>, count: Option<u32>) -> Limits {
    let count = count.filter(|count| *count > 0);
    Limits { age, count: count.and_then(|count| usize::try_from(count).ok()) }
}

fn io_error(action: impl Into<String>) -> impl FnOnce(io::Error) -> RunError {
    let action = action.into();
    move |source| RunError::Io { action, source }
}
