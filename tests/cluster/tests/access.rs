//! Who may read what: the server asks the cluster, and nobody else.

use std::time::Duration;

use assay_cluster_tests::{Namespace, Place, PodSecurity, wait_for};

const LIMIT: Duration = Duration::from_secs(120);

fn hello() -> Namespace {
    let namespace = Namespace::create(Place::shared(), "access", PodSecurity::Open).expect("a namespace");
    let manifest = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: hello}\nspec:\n  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps: [{shell: 'echo the-quick-brown-fox'}]\n";
    namespace.apply_text(manifest).expect("the workflow is accepted");
    namespace.execute("hello-1", "hello").expect("the execution is accepted");
    namespace.finished("hello-1", LIMIT);
    namespace
}

fn token(namespace: &Namespace, account: &str) -> String {
    namespace.kubectl(&["create", "serviceaccount", account]).expect("a service account");
    namespace.kubectl(&["create", "token", account]).expect("a token").trim().to_owned()
}

/// A kubeconfig that holds a token instead of a certificate.
fn kubeconfig_with(namespace: &Namespace, token: &str) -> std::path::PathBuf {
    let raw = namespace.kubectl(&["config", "view", "--raw", "-o", "json"]).expect("kubectl config view");
    let mut config: serde_json::Value = serde_json::from_str(&raw).expect("a kubeconfig");
    config["users"][0]["user"] = serde_json::json!({ "token": token });
    let file = std::env::temp_dir().join(format!("assay-access-{}-{}.json", std::process::id(), namespace.name()));
    std::fs::write(&file, config.to_string()).expect("a temporary file");
    file
}

fn logs_as(namespace: &Namespace, token: &str) -> assay_cluster_tests::Output {
    let file = kubeconfig_with(namespace, token);
    let place = namespace.place();
    let assay = place.assay().env("KUBECONFIG", &file);
    let output = assay.answer(&["-n", namespace.name(), "logs", "hello-1"]).expect("assay logs");
    std::fs::remove_file(&file).ok();
    output
}

#[test]
fn a_person_with_a_certificate_reads_logs() {
    let namespace = hello();
    let log = namespace.assay(&["logs", "hello-1"]).expect("assay logs");
    assert_eq!(log.code, 0, "{log:?}");
    assert!(log.stdout.contains("the-quick-brown-fox"), "{log:?}");
}

#[test]
fn a_stranger_is_refused_and_a_reader_is_not() {
    let namespace = hello();
    // Reaching the server through the API server is a right of its own; what is
    // shown there is decided by the rights on our kinds.
    let stranger = token(&namespace, "stranger");
    let name = format!("system:serviceaccount:{}:stranger", namespace.name());
    let binding = format!("{}-stranger-proxy", namespace.name());
    let kubectl = namespace.place().kubectl();
    let role = ["create", "clusterrole", &binding, "--verb=get", "--resource=services/proxy"];
    kubectl.run(&role).expect("a role");
    let bind = ["create", "clusterrolebinding", &binding, "--clusterrole", &binding, "--user", &name];
    kubectl.run(&bind).expect("a binding");

    // Until the API server has heard of the binding, it is itself who refuses.
    let told = || Some(logs_as(&namespace, &stranger)).filter(|said| said.stderr.contains("testexecutions/log"));
    let refused = wait_for(Duration::from_secs(60), told).unwrap_or_else(|| logs_as(&namespace, &stranger));
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(!refused.stdout.contains("the-quick-brown-fox"), "{refused:?}");
    assert!(refused.stderr.contains("the right to get testexecutions/log"), "{refused:?}");

    namespace
        .kubectl(&[
            "create",
            "rolebinding",
            "reader",
            "--clusterrole=view",
            "--serviceaccount",
            &format!("{}:stranger", namespace.name()),
        ])
        .expect("a binding");
    // A refusal is remembered for half a minute.
    let read = || Some(logs_as(&namespace, &stranger)).filter(|said| said.stdout.contains("the-quick-brown-fox"));
    let allowed = wait_for(Duration::from_secs(90), read).unwrap_or_else(|| logs_as(&namespace, &stranger));
    kubectl.answer(&["delete", "clusterrole,clusterrolebinding", &binding]).ok();
    assert!(allowed.stdout.contains("the-quick-brown-fox"), "{allowed:?}");
}

#[test]
fn an_unreachable_cluster_is_code_eight() {
    let place = Place::shared();
    let file = std::env::temp_dir().join(format!("assay-nowhere-{}.yaml", std::process::id()));
    let config = "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: [{name: x, context: {cluster: x, user: x}}]\nclusters: [{name: x, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: x, user: {token: x}}]\n";
    std::fs::write(&file, config).expect("a temporary file");
    let output = place.assay().env("KUBECONFIG", &file).answer(&["get"]).expect("assay get");
    std::fs::remove_file(&file).ok();
    assert_eq!(output.code, 8, "{output:?}");
    assert!(output.stderr.contains("127.0.0.1:1"), "{output:?}");
}
