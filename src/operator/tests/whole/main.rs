//! The whole operator on a loopback API server and a real store.

mod apiserver;
mod dry_runs;
mod gates;
mod repository;
mod rollbacks;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_api::{Reason, StepState, Verdict};
use assay_cluster::{Cluster, ConnectOptions, Elected, ElectionOptions, elect};
use assay_git::Repositories;
use assay_lifecycle::{Limits, Policy};
use assay_operator::{Context, Git, GrantedTrees, Metrics, NoTrees, Settings, Trees, Webhooks, run};
use assay_protocol::ingest::Commands;
use assay_protocol::{ArtifactTotals, Progress, RunOutcome, Seal, Server, StepProgress};
use assay_store::{RecordError, RunKey, Store, StoreConfig};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use apiserver::ApiServer;

const KINDS: &str = "/apis/assay.dev/v1alpha1/namespaces/ns";
const EXECUTION: &str = "/apis/assay.dev/v1alpha1/namespaces/ns/testexecutions/e";

struct House {
    server: ApiServer,
    store: Store,
    registry: Registry,
    _folder: tempfile::TempDir,
    elected: Option<Elected>,
    operator: tokio_util::task::AbortOnDropHandle<()>,
}

/// An operator that looks after what `server` has.
async fn house(server: ApiServer) -> House {
    house_with(server, false, Limits::default()).await
}

/// The same, but it leads, and may do everything with Git.
async fn leading_house(server: ApiServer) -> House {
    house_with(server, true, Limits::default()).await
}

async fn house_with(server: ApiServer, writes: bool, retention: Limits) -> House {
    let address = server.start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = folder.path().join("kubeconfig");
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": format!("http://{address}") } }],
        "users": [{ "name": "c", "user": {} }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "c" } }],
    });
    std::fs::write(&kubeconfig, text.to_string()).expect("written");
    let options = ConnectOptions { kubeconfig: Some(kubeconfig), field: "test".into(), ..ConnectOptions::default() };
    let cluster = Cluster::connect(&options).await.expect("an API server");
    let kept = StoreConfig { reserve: Some(0), ..StoreConfig::folder(&folder.path().join("store")) };
    let store = Store::open_with(kept).await.expect("a store");
    let metrics = Metrics::default();
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let settings = Settings {
        runner_image: "runner".into(),
        runner_pull_policy: None,
        git_image: "git".into(),
        server: Server { url: "https://assay".into(), ca: "ca".into() },
        image_volumes: tokio::sync::watch::channel(true).1,
        namespaces: Vec::new(),
        concurrency: 4,
        policy: Policy::default(),
        retention,
        rollback_retention: Limits::default(),
        gitops: true,
    };
    let events = cluster.events("test");
    // Git's own program holds up the only thread of a test; nobody is to lose the lease by that.
    let (duration, renew_deadline) = (Duration::from_secs(3600), Duration::from_secs(1800));
    let options = ElectionOptions { duration, renew_deadline, ..ElectionOptions::new("ns", "lease", "test") };
    let elected = writes.then(|| elect(&cluster, options));
    let git = elected.as_ref().map(|elected| Arc::new(git(elected, folder.path())));
    let trees: Arc<dyn Trees> = match &git {
        Some(git) => Arc::new(GrantedTrees::new(cluster.clone(), Arc::clone(git))),
        None => Arc::new(NoTrees),
    };
    if let Some(elected) = &elected {
        assert!(elected.leading().await);
    }
    let context = Context { cluster, store: store.clone(), events, trees, git, metrics, settings };
    let operator = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(run(context)));
    House { server, store, registry, _folder: folder, elected, operator }
}

fn git(elected: &Elected, folder: &Path) -> Git {
    Git {
        repositories: Repositories::new(folder.join("mirrors")),
        fence: elected.fence(),
        webhooks: Webhooks::default(),
        namespace: "ns".to_owned(),
        refresh: true,
        unblock: true,
        write: true,
        external_url: None,
    }
}

/// Looks until something is found. The limit is one of patience: a machine that is busy with other things is no
/// failure.
async fn found<T>(mut look: impl AsyncFnMut() -> Option<T>, otherwise: impl FnOnce() -> String) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(120) {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", otherwise());
}

impl House {
    /// Waits until the object at a path is as wanted.
    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async || Some(self.server.get(path).unwrap_or_default()).filter(|object| wanted(object));
        found(look, || format!("{path} stays {}", self.server.get(path).unwrap_or_default())).await
    }

    /// Waits until something is counted: it is, a moment after it is written.
    async fn counted(&self, what: &str, holds: impl Fn(&str) -> bool) {
        found(async || holds(&self.numbers()).then_some(()), || format!("{what} is not in\n{}", self.numbers())).await;
    }

    /// Ends the operator, and gives its lease back.
    async fn end(self) -> ApiServer {
        self.operator.abort();
        // It says only that it was cancelled.
        let _ = self.operator.await;
        if let Some(elected) = self.elected {
            elected.release().await;
        }
        self.server
    }

    /// Waits until the Job of an attempt is there.
    async fn job(&self, attempt: i64) -> String {
        let named = self.until(EXECUTION, |execution| {
            let job = &execution["status"]["job"];
            job["attempt"] == attempt && job["planHash"].as_str().is_some_and(|hash| !hash.is_empty())
        });
        let name = named.await["status"]["job"]["name"].as_str().expect("a name").to_owned();
        format!("/apis/batch/v1/namespaces/ns/jobs/{name}")
    }

    fn numbers(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).expect("text takes everything");
        text
    }
}

fn workflow() -> Value {
    json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "TestWorkflow",
        "metadata": { "name": "w", "namespace": "ns", "generation": 1 },
        "spec": { "container": { "image": "busybox" }, "steps": [{ "name": "s", "shell": "true" }] },
    })
}

fn execution(name: &str) -> Value {
    json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
        "metadata": { "name": name, "namespace": "ns", "uid": format!("uid-{name}"), "generation": 1 },
        "spec": { "workflowRef": { "name": "w" } },
        "status": { "observedGeneration": -1 },
    })
}

fn evicted(attempt: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("p{attempt}"), "namespace": "ns",
            "labels": { "assay.dev/execution-uid": "uid-e", "assay.dev/attempt": attempt },
        },
        "status": {
            "phase": "Failed", "reason": "Evicted", "message": "low on memory",
            "containerStatuses": [{ "name": "group-0", "state": { "waiting": { "reason": "ContainerCreating" } } }],
        },
    })
}

fn passed() -> Progress {
    let now = jiff::Timestamp::now();
    let step = StepProgress {
        id: "s".into(),
        name: "s".into(),
        block: None,
        state: StepState::Passed,
        attempts: 1,
        exit_code: Some(0),
        started_at: Some(now),
        finished_at: Some(now),
        message: None,
        outputs: Default::default(),
    };
    let outcome = RunOutcome {
        verdict: Verdict::Passed,
        reason: Reason::Passed,
        message: "all passed".into(),
        finished_at: now,
        log_complete: true,
    };
    Progress {
        sequence: 1,
        started_at: Some(now),
        steps: vec![step],
        blocks: Vec::new(),
        paused: None,
        paused_ms: 0,
        tests: None,
        artifacts: ArtifactTotals::default(),
        outcome: Some(outcome),
    }
}

#[tokio::test]
async fn a_lost_attempt_is_followed_by_one_more_and_only_its_word_counts() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    let mut asked = execution("e");
    asked["spec"]["pause"] = json!(true);
    server.put(EXECUTION, asked);
    let house = house(server).await;

    let first = house.job(1).await;
    house.server.put("/api/v1/namespaces/ns/pods/p1", evicted("1"));
    let second = house.job(2).await;
    assert_eq!(house.server.get(&first), None, "the lost Job is gone");
    let (made, at_once) = house.server.jobs();
    assert_eq!((made, at_once), (vec![first, second], 1));
    let record = house.store.execution_by_uid("uid-e").await.expect("a store").expect("a record");
    assert_eq!(record.attempt, 2);
    let commands = Commands { version: 1, pause: true, resume: Vec::new() };
    let told = async || (house.store.commands("uid-e").await.expect("commands") == commands).then_some(());
    found(told, || format!("the store does not hear of {commands:?}")).await;

    let run = |attempt| RunKey { execution_uid: "uid-e".into(), attempt, pod_uid: format!("pod-{attempt}") };
    let late = house.store.save_progress(&run(1), &passed()).await;
    assert!(matches!(late, Err(RecordError::Superseded { newest: 2 })), "{late:?}");
    house.store.save_progress(&run(2), &passed()).await.expect("kept");
    let ended = house.until(EXECUTION, |execution| execution["status"]["phase"] == "Finished").await;
    assert_eq!((&ended["status"]["verdict"], &ended["status"]["job"]["attempt"]), (&json!("passed"), &json!(2)));
    for line in [
        "assay_executions_tried_again_total 1",
        r#"assay_executions_finished_total{verdict="passed",reason="Passed"} 1"#,
        r#"assay_executions_unfinished{phase="Running"} 0"#,
    ] {
        let standing = |numbers: &str| line.contains("unfinished") && !numbers.contains("Running");
        house.counted(line, |numbers| standing(numbers) || numbers.contains(line)).await;
    }
}

#[tokio::test]
async fn there_is_no_job_before_the_plan_that_its_pods_mount() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    server.use_up(Some("configmaps"));
    server.put(EXECUTION, execution("e"));
    let house = house(server).await;

    let refused = house.until(EXECUTION, |execution| execution["status"]["reason"] == "Refused").await;
    assert!(refused["status"]["message"].as_str().is_some_and(|words| words.contains("exceeded quota")), "{refused}");
    assert_eq!(house.server.jobs().0, Vec::<String>::new());
    house.server.use_up(None);
    let name = house.job(1).await.rsplit('/').next().expect("a name").to_owned();
    house.server.get(&format!("/api/v1/namespaces/ns/configmaps/{name}")).expect("a plan");
}

#[tokio::test]
async fn a_workflow_is_judged_anew_when_its_template_comes() {
    let server = ApiServer::default();
    let mut uses = workflow();
    uses["spec"]["use"] = json!([{ "name": "t" }]);
    server.put(&format!("{KINDS}/testworkflows/w"), uses);
    server.put(EXECUTION, execution("e"));
    let house = house(server).await;

    let ended = house.until(EXECUTION, |execution| execution["status"]["phase"] == "Finished").await;
    assert_eq!(ended["status"]["reason"], "TemplateNotFound", "{ended}");
    assert!(ended["status"]["message"].as_str().is_some_and(|words| words.contains("`t`")), "{ended}");
    let path = format!("{KINDS}/testworkflows/w");
    let ready = |workflow: &Value, status: &str| workflow["status"]["conditions"][0]["status"] == status;
    house.until(&path, |workflow| ready(workflow, "False")).await;
    let template = json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "TestWorkflowTemplate",
        "metadata": { "name": "t", "namespace": "ns", "generation": 1 },
        "spec": { "setup": [{ "name": "before", "shell": "true" }] },
    });
    house.server.put(&format!("{KINDS}/testworkflowtemplates/t"), template);
    house.until(&path, |workflow| ready(workflow, "True")).await;
}

#[tokio::test]
async fn a_hook_of_argo_cd_tests_the_revision_that_is_being_synced() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    let (synced, newer) = ("1".repeat(40), "2".repeat(40));
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": "web", "namespace": "argocd" },
        "spec": { "source": { "repoURL": "https://git.example/a", "path": "web", "targetRevision": "main" } },
        "status": {
            "sync": { "status": "OutOfSync", "revision": newer },
            "operationState": {
                "phase": "Running", "startedAt": "2026-01-01T00:00:00Z",
                "operation": { "sync": { "revision": synced } },
            },
        },
    });
    server.put("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web", application);
    let hook = |name: &str| {
        let mut execution = execution(name);
        execution["metadata"]["annotations"] = json!({
            "argocd.argoproj.io/hook": "PostSync",
            "argocd.argoproj.io/tracking-id": "web:assay.dev/TestExecution:ns/e",
        });
        execution
    };
    server.put(EXECUTION, hook("e"));
    let house = house(server).await;
    let counted = |attempt: i64| move |object: &Value| object["status"]["delivery"]["attempt"] == attempt;
    let first = house.until(EXECUTION, counted(1)).await;
    assert_eq!(
        first["status"]["delivery"],
        json!({
            "kind": "Application", "namespace": "argocd", "name": "web", "revision": synced, "hook": "PostSync",
            "attempt": 1,
        })
    );
    let name = house.job(1).await.rsplit('/').next().expect("a name").to_owned();
    let plan = house.server.get(&format!("/api/v1/namespaces/ns/configmaps/{name}")).expect("a plan").to_string();
    assert!(plan.contains(&synced) && !plan.contains(&newer), "{plan}");
    // A try of the sync makes a new one; that the old one was deleted does not matter.
    let second = format!("{KINDS}/testexecutions/e2");
    house.server.put(&second, hook("e2"));
    house.until(&second, counted(2)).await;
}

#[tokio::test]
async fn what_is_beyond_the_limits_goes_and_what_is_marked_stays() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    let ended = |name: &str, day: u8, annotation: Option<&str>| {
        let mut execution = execution(name);
        if let Some(annotation) = annotation {
            execution["metadata"]["annotations"] = json!({ annotation: "true" });
        }
        execution["status"] = json!({
            "observedGeneration": 1, "phase": "Finished", "verdict": "passed", "reason": "Passed", "message": "m",
            "finishedAt": format!("2026-01-0{day}T00:00:00Z"),
        });
        execution
    };
    for (name, day, annotation) in [
        ("old", 1, None),
        ("kept", 2, Some("assay.dev/keep")),
        ("hook", 3, Some("argocd.argoproj.io/hook")),
        ("new", 4, None),
    ] {
        server.put(&format!("{KINDS}/testexecutions/{name}"), ended(name, day, annotation));
    }
    let house = house_with(server, false, Limits { age: None, count: Some(1) }).await;
    house.until(&format!("{KINDS}/testexecutions/old"), Value::is_null).await;
    let left = house.server.paths("testexecutions");
    assert_eq!(left, ["hook", "kept", "new"].map(|name| format!("{KINDS}/testexecutions/{name}")));
    let gone = async || house.store.execution_by_uid("uid-old").await.expect("a store").is_none().then_some(());
    found(gone, || "the record of `old` is still there".to_owned()).await;
}

#[tokio::test]
async fn without_its_store_it_runs_says_so_and_believes_the_seal() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    let house = house(server).await;
    house.store.close().await;
    house.server.put(EXECUTION, execution("e"));
    house.job(1).await;
    let told = house.until(EXECUTION, |execution| execution["status"]["reason"] == "StoreUnavailable").await;
    assert_eq!(told["status"]["conditions"][1]["type"], "Reconciling", "{told}");
    let hash = told["status"]["job"]["planHash"].as_str().expect("a plan");
    let mut pod = evicted("1");
    pod["status"] = json!({
        "phase": "Succeeded",
        "containerStatuses": [{ "name": "assay", "state": { "terminated": {
            "exitCode": 0, "message": Seal::of(&passed(), 1, hash).expect("an outcome").to_message() } } }],
    });
    house.server.put("/api/v1/namespaces/ns/pods/p1", pod);
    let ended = house.until(EXECUTION, |execution| execution["status"]["phase"] == "Finished").await;
    assert_eq!(ended["status"]["verdict"], "passed", "{ended}");
}
