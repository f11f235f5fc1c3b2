//! What the cluster, or the registry, does not allow.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use assay_cluster_tests::Tool;

use crate::Outcome;
use crate::trial::{Lent, PATIENCE, Trial};
use crate::workload::{FIRST, Workload};

const SOME_SECONDS: Workload = Workload::seconds(2);
/// Long enough for the cluster to be asked why, short enough to wait for.
const SHORT_START: &str = "timeouts: {start: 30s}";

pub(crate) fn image_denied(trial: &Trial<'_>) -> Outcome<Workload> {
    let registry = Registry::start(trial)?;
    let name = &trial.name;
    let image = format!("localhost:{}/team/secret:1", registry.port);
    trial.begin_with(&format!(
        "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {{name: {name}}}
spec:
  container: {{image: '{image}'}}
  steps: [{{shell: 'true'}}]
"
    ))?;
    trial.phase("Finished", PATIENCE)?;
    Ok(SOME_SECONDS)
}

/// A registry that lets nobody in without a password.
struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    fn start(trial: &Trial<'_>) -> Outcome<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (config, users) = (trial.lane.file("registry.yaml"), trial.lane.file("users"));
        // Nobody knows the password behind this hash, and nobody needs to.
        fs::write(&users, "nobody:$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n")?;
        let folder = trial.lane.file("registry");
        let (folder, users) = (folder.display(), users.display());
        let text = format!(
            "version: 0.1
storage: {{filesystem: {{rootdirectory: '{folder}'}}}}
http: {{addr: '127.0.0.1:{port}'}}
auth: {{htpasswd: {{realm: assay, path: '{users}'}}}}
"
        );
        fs::write(&config, text)?;
        let mut command = Tool::new("docker-registry").command(&["serve", &config.to_string_lossy()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let registry = Self { child, port };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        trial.until("a registry", || TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok())?;
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A quota counts only once its controller has seen it.
fn counts(trial: &Trial<'_>, name: &str) -> Outcome<()> {
    let hard = ["get", "resourcequota", name, "-o", "jsonpath={.status.hard}"];
    trial.until("a quota that counts", || {
        trial.lane.namespace.kubectl(&hard).ok().filter(|hard| !hard.trim().is_empty()).map(drop)
    })
}

pub(crate) fn quota_for_pods(trial: &Trial<'_>) -> Outcome<Workload> {
    let _quota = Lent::apply(trial.lane, "resourcequota/no-pods", &quota("no-pods", "pods"))?;
    counts(trial, "no-pods")?;
    let workload = SOME_SECONDS.with(SHORT_START);
    trial.begin(&workload)?;
    trial.phase("Finished", PATIENCE)?;
    Ok(workload)
}

pub(crate) fn quota_for_jobs_lifted(trial: &Trial<'_>) -> Outcome<Workload> {
    let quota = Lent::apply(trial.lane, "resourcequota/no-jobs", &quota("no-jobs", "count/jobs.batch"))?;
    counts(trial, "no-jobs")?;
    trial.begin(&SOME_SECONDS)?;
    trial.reason("Refused")?;
    drop(quota);
    trial.phase("Finished", PATIENCE * 3)?;
    Ok(SOME_SECONDS)
}

fn quota(name: &str, what: &str) -> String {
    format!("apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: {name}}}\nspec: {{hard: {{{what}: '0'}}}}\n")
}

pub(crate) fn limit_range(trial: &Trial<'_>) -> Outcome<Workload> {
    let manifest = "apiVersion: v1
kind: LimitRange
metadata: {name: little}
spec: {limits: [{type: Container, max: {memory: 256Mi}}]}
";
    let _limits = Lent::apply(trial.lane, "limitrange/little", manifest)?;
    let name = &trial.name;
    trial.begin_with(&format!(
        "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {{name: {name}}}
spec:
  {SHORT_START}
  container: {{image: '{FIRST}', resources: {{limits: {{memory: 1Gi}}}}}}
  steps: [{{shell: 'true'}}]
"
    ))?;
    trial.phase("Finished", PATIENCE)?;
    Ok(SOME_SECONDS)
}
