//! A small world of its own: a namespace with a manager that looks after nothing
//! else, so that several faults can be tried side by side.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use assay_cluster_tests::{ManagerSettings, Namespace, Place, PodSecurity};
use assay_devcluster::Cluster;

use crate::Outcome;
use crate::seen::Seen;

/// Pods reach the manager on the node's own address.
const NODE: &str = "172.30.0.1";

/// A namespace and what is needed to run a manager for it.
pub(crate) struct Lane {
    pub(crate) namespace: Namespace,
    pub(crate) settings: ManagerSettings,
    pub(crate) jobs: Seen,
    pub(crate) pods: Seen,
    pub(crate) cluster: Cluster,
    folder: PathBuf,
    names: AtomicU32,
}

impl Lane {
    /// Makes the namespace. Nothing runs for it yet.
    pub(crate) fn open(place: &'static Place, runner_image: &str) -> Outcome<Self> {
        let namespace = Namespace::create(place, "faults", PodSecurity::Open)?;
        let name = namespace.name().to_owned();
        let folder = place.root().join("target/faults").join(&name);
        fs::create_dir_all(&folder)?;
        let (port, probe_port) = (free_port()?, free_port()?);
        namespace.apply_text(&reader(&name))?;
        let settings = ManagerSettings {
            kubeconfig: place.kubeconfig().to_owned(),
            namespace: name.clone(),
            watched: name.clone(),
            identity: name.clone(),
            address: format!("{NODE}:{port}"),
            port,
            probe_port,
            data: folder.join("data"),
            runner_image: runner_image.to_owned(),
            log: folder.join("manager.log"),
            more: Vec::new(),
        };
        let (jobs, pods) = (Seen::start(place, &name, "jobs"), Seen::start(place, &name, "pods"));
        let cluster = Cluster::from_env()?;
        Ok(Self { namespace, settings, jobs, pods, cluster, folder, names: AtomicU32::new(0) })
    }

    /// The same manager once more, for an election: another name, other probes.
    pub(crate) fn rival(&self) -> Outcome<ManagerSettings> {
        let identity = format!("{}-rival", self.settings.identity);
        let log = self.folder.join("rival.log");
        Ok(ManagerSettings { identity, log, probe_port: free_port()?, ..self.settings.clone() })
    }

    /// A file of this lane's own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A name that no execution of this lane had before.
    pub(crate) fn fresh_name(&self, fault: &str) -> String {
        format!("{fault}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// What the history says of an execution.
    pub(crate) fn history(&self, execution: &str) -> Outcome<serde_json::Value> {
        Ok(serde_json::from_str(&self.ask(execution, "")?)?)
    }

    /// The log of an execution; empty when it printed nothing.
    pub(crate) fn log(&self, execution: &str) -> Outcome<String> {
        self.ask(execution, "/logs")
    }

    /// Asks the server itself: the API server passes requests on to pods only.
    fn ask(&self, execution: &str, what: &str) -> Outcome<String> {
        let token = self.namespace.kubectl(&["create", "token", "assay-cli"])?;
        let name = self.namespace.name();
        let port = self.settings.port;
        let url = format!("https://127.0.0.1:{port}/api/v1/namespaces/{name}/executions/{execution}{what}");
        // The token goes by standard input, so that no list of processes shows it.
        let header = format!("Authorization: Bearer {}", token.trim());
        let arguments = ["-sSk", "--fail", "--max-time", "30", "-H", "@-", &url];
        Ok(self.namespace.place().tool("curl").run_with(&arguments, &header)?)
    }
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}

/// An account that may read everything in its namespace.
fn reader(namespace: &str) -> String {
    format!(
        "apiVersion: v1
kind: ServiceAccount
metadata: {{name: assay-cli}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: assay-cli}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}
subjects: [{{kind: ServiceAccount, name: assay-cli, namespace: {namespace}}}]
"
    )
}
