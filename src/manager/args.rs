//! What the command line and the environment may say.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::LazyLock;

use assay_api::names::{DEFAULT_SYSTEM_NAMESPACE, SERVICE};
use assay_server::service_names;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::gitops_args::GitopsArgs;
use crate::store_args::{BackupArgs, RetentionArgs, StoreArgs};

/// Assay's operator and server.
#[derive(Debug, Parser)]
#[command(name = "assay-manager", version, about, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; `all` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `all`.
    #[command(flatten)]
    pub all: AllArgs,
}

/// What the manager can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run operator and server (the default).
    All(Box<AllArgs>),
    /// Print the CustomResourceDefinitions.
    Crds(CrdsArgs),
    /// Look whether an installation works, from another pod of its namespace.
    Check(CheckArgs),
    /// Print the version.
    Version,
}

/// How the definitions are printed.
#[derive(Debug, ClapArgs)]
pub struct CrdsArgs {
    /// Write one file per kind into this folder instead of standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON instead of YAML.
    #[arg(long)]
    pub json: bool,
}

/// Which installation is looked at.
#[derive(Debug, ClapArgs)]
pub struct CheckArgs {
    /// Namespace of the manager.
    #[arg(long, env = "ASSAY_NAMESPACE", default_value = DEFAULT_SYSTEM_NAMESPACE)]
    pub namespace: String,
    /// Name of the server's Service.
    #[arg(long, env = "ASSAY_SERVICE", default_value = SERVICE)]
    pub service: String,
    /// The namespaces that it looks after; all when none is given.
    #[arg(long, env = "ASSAY_WATCH_NAMESPACE", value_delimiter = ',')]
    pub watch_namespace: Vec<String>,
}

/// Whether the runner reaches pods by an image volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImageVolumesChoice {
    /// Try it at the start.
    Auto,
    /// Always.
    True,
    /// Never: an init container copies it.
    False,
}

/// Configuration of operator and server.
#[derive(Clone, Debug, ClapArgs)]
pub struct AllArgs {
    /// Namespace in which the manager itself runs: lease, certificate, probe pod.
    #[arg(long, env = "ASSAY_NAMESPACE", default_value = DEFAULT_SYSTEM_NAMESPACE)]
    pub namespace: String,
    /// Look after these namespaces only, instead of all.
    #[arg(long, env = "ASSAY_WATCH_NAMESPACE", value_delimiter = ',')]
    pub watch_namespace: Vec<String>,
    /// Image with the runner, which every test pod gets.
    #[arg(long, env = "ASSAY_RUNNER_IMAGE", default_value = "")]
    pub runner_image: String,
    /// Pull policy of the runner's image.
    #[arg(long, env = "ASSAY_RUNNER_PULL_POLICY")]
    pub runner_pull_policy: Option<String>,
    /// Image that clones repositories and fetches archives.
    #[arg(long, env = "ASSAY_GIT_IMAGE", default_value = "assay/git")]
    pub git_image: String,
    /// Name of the ValidatingWebhookConfiguration that calls this server; it is given our authority.
    #[arg(long, env = "ASSAY_WEBHOOK")]
    pub webhook: Option<String>,
    /// Where history, logs and artifacts are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Backups of the store.
    #[command(flatten)]
    pub backup: BackupArgs,
    /// How long finished executions are kept.
    #[command(flatten)]
    pub retention: RetentionArgs,
    /// Gates and rollbacks.
    #[command(flatten)]
    pub gitops: GitopsArgs,
    /// Secrets, in the manager's namespace, for pulling the runner's image when image volumes are tried.
    #[arg(long, env = "ASSAY_PULL_SECRETS", value_delimiter = ',')]
    pub pull_secrets: Vec<String>,
    /// Where runners find the server: the name of a Service in the manager's namespace, or HOST:PORT.
    #[arg(long, env = "ASSAY_SERVICE", default_value = SERVICE)]
    pub service: String,
    /// Address on which to listen.
    #[arg(long, env = "ASSAY_LISTEN", default_value_t = IpAddr::V4(Ipv4Addr::UNSPECIFIED))]
    pub listen: IpAddr,
    /// Port of the server (TLS): REST interface and runners.
    #[arg(long, env = "ASSAY_PORT", default_value_t = 8443)]
    pub port: u16,
    /// Port of /healthz, /readyz and /metrics (plain HTTP).
    #[arg(long, env = "ASSAY_PROBE_PORT", default_value_t = 8081)]
    pub probe_port: u16,
    /// What to log, for example `info,assay_operator=debug`.
    #[arg(long, env = "ASSAY_LOG", default_value = "info")]
    pub log: String,
    /// How log lines look: `json` or `text`.
    #[arg(long, env = "ASSAY_LOG_FORMAT", default_value = "json")]
    pub log_format: assay_telemetry::Format,
    /// Whether the runner reaches pods by an image volume.
    #[arg(long, env = "ASSAY_IMAGE_VOLUMES", value_enum, default_value = "auto")]
    pub image_volumes: ImageVolumesChoice,
    /// Name under which this process stands for election; in a cluster the pod's name.
    #[arg(long, env = "ASSAY_POD_NAME")]
    pub identity: Option<String>,
    /// Executions that are looked at side by side.
    #[arg(long, env = "ASSAY_CONCURRENCY", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Kubeconfig; without it `KUBECONFIG`, `~/.kube/config`, and in a cluster the service account.
    #[arg(long)]
    pub kubeconfig: Option<PathBuf>,
    /// Context in the kubeconfig.
    #[arg(long)]
    pub context: Option<String>,
}

impl AllArgs {
    /// Base address at which runners find the server.
    pub(crate) fn server_url(&self) -> String {
        match self.service.contains([':', '.']) {
            true => format!("https://{}", self.service),
            false => format!("https://{}.{}.svc:443", self.service, self.namespace),
        }
    }

    /// Every name under which the server may be reached.
    pub(crate) fn server_names(&self) -> Vec<String> {
        let service = &self.service;
        if !service.contains([':', '.']) {
            return service_names(service, &self.namespace);
        }
        let host = service.rsplit_once(':').map_or(service.as_str(), |(host, _)| host);
        let mut names = service_names(SERVICE, &self.namespace);
        names.push(host.trim_matches(['[', ']']).to_owned());
        names
    }

    /// Name in the election: the pod's name stays the same when its container
    /// is started again, so that a restart need not wait for its own lease.
    pub(crate) fn identity(&self) -> String {
        self.identity.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| NAMELESS.clone())
    }
}

/// The name of a process that was given none. Its number alone is the same in many a container, and whoever finds its
/// own name in the lease takes it without waiting.
static NAMELESS: LazyLock<String> = LazyLock::new(|| {
    let random = RandomState::new().build_hasher().finish();
    format!("process-{}-{random:016x}", std::process::id())
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn names_follow_from_the_place_and_are_nobody_elses() {
        let parse = |rest: &[&str]| {
            let words = ["assay-manager", "all", "--namespace", "ns"].iter().chain(rest);
            match Args::try_parse_from(words).expect("arguments").command {
                Some(Command::All(all)) => all,
                other => panic!("{other:?}"),
            }
        };
        let usual = parse(&[]);
        assert_eq!((usual.server_url().as_str(), usual.server_names().len()), ("https://assay.ns.svc:443", 4));
        let nameless = AllArgs { identity: Some(String::new()), ..*usual };
        assert_eq!(nameless.identity(), nameless.identity(), "it stays the same");
        assert!(nameless.identity().len() > format!("process-{}-", std::process::id()).len(), "and is nobody else's");
        let elsewhere = parse(&["--service", "172.30.0.1:18443"]);
        assert_eq!(elsewhere.server_names().last().map(String::as_str), Some("172.30.0.1"));
    }
}
