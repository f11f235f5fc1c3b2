//! Canaries in every place where a secret may stand; none is found in any place
//! where one must not. What a step writes into a file that it has collected is
//! its own affair: the contents of artifacts are exempt.

use std::fs;
use std::path::Path;
use std::time::Duration;

use assay_cluster_tests::{Namespace, Place, PodSecurity, SYSTEM, manager_pids};

const LIMIT: Duration = Duration::from_secs(120);
/// Where the secret stands, and its value.
const CANARIES: [(&str, &str); 7] = [
    ("env", "canary-env-4f1d7a90c2"),
    ("envfrom", "canary-envfrom-83be51d6"),
    ("mounted", "canary-mounted-0d9c6e77"),
    ("content", "canary-content-b2a8f135"),
    ("parameter", "canary-parameter-6c40e9"),
    ("token", "canary-token-e7f0315bd8"),
    ("multiline", "canary-first-line-5aa1\ncanary-second-line-7bb2"),
];

fn canary(name: &str) -> &'static str {
    CANARIES.iter().find(|(known, _)| *known == name).expect("a canary").1
}

/// A repository behind a password, served as plain files.
const GIT: &str = r#"apiVersion: v1
kind: Pod
metadata: {name: git, labels: {app: git}}
spec:
  terminationGracePeriodSeconds: 0
  automountServiceAccountToken: false
  initContainers:
  - name: repository
    image: localhost:5000/assay/git:dev
    securityContext: {runAsUser: 65532}
    command: [sh, -ec]
    args:
    - |
      export HOME=/tmp GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@localhost GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@localhost
      git init -q -b main /tmp/tree && cd /tmp/tree
      echo cloned-with-a-token > file && git add . && git commit -qm x
      git clone -q --bare /tmp/tree /srv/repo.git && git -C /srv/repo.git update-server-info
    volumeMounts: [{name: srv, mountPath: /srv}]
  containers:
  - name: httpd
    image: localhost:5000/assay/busybox:dev
    command: [httpd, -f, -p, '8080', -h, /srv, -c, /conf/httpd.conf]
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
    volumeMounts: [{name: srv, mountPath: /srv}, {name: conf, mountPath: /conf}]
  volumes:
  - {name: srv, emptyDir: {}}
  - {name: conf, secret: {secretName: httpd}}
---
apiVersion: v1
kind: Service
metadata: {name: git}
spec: {selector: {app: git}, ports: [{port: 80, targetPort: 8080}]}
"#;

const WORKFLOW: &str = r#"apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {name: it}
spec:
  config: {secret: {sensitive: true}}
  content:
    git:
      uri: http://git/repo.git
      depth: 0
      username: ci
      tokenFrom: {secretKeyRef: {name: canaries, key: token}}
    files:
    - {path: login.txt, contentFrom: {secretKeyRef: {name: canaries, key: content}}}
  pod: {volumes: [{name: keys, secret: {secretName: canaries}}]}
  container:
    image: localhost:5000/assay/busybox:dev
    volumeMounts: [{name: keys, mountPath: /mnt/keys}]
    env:
    - {name: PLAIN, valueFrom: {secretKeyRef: {name: canaries, key: env}}}
    - {name: LINES, valueFrom: {secretKeyRef: {name: canaries, key: multiline}}}
    - {name: HEADER, value: 'Bearer {{ config.secret }}'}
    envFrom: [{prefix: ALL_, secretRef: {name: more}}]
  steps:
  - id: show
    shell: |
      cat /data/repo/file
      echo "env=$PLAIN envfrom=$ALL_envfrom header=$HEADER lines=$LINES"
      echo "mounted=$(cat /mnt/keys/mounted) content=$(cat /data/login.txt) token=$(cat /mnt/keys/token)"
      echo "base64 $(echo -n "$PLAIN" | base64) $(echo -n "$HEADER" | base64) $(cat /mnt/keys/mounted | base64)"
      echo "error $PLAIN" >&2
      for c in $(echo "$PLAIN" | sed 's/./& /g'); do printf '%s' "$c"; sleep 0.01; done; echo
      echo "${#PLAIN} ${#ALL_envfrom} ${#HEADER} $(wc -c < /mnt/keys/mounted) $(wc -c < /data/login.txt)"
      echo "$PLAIN" > "$ASSAY_OUTPUTS/found"
      mkdir -p out && echo "$PLAIN" > out/kept.txt
      printf '<testsuite><testcase name="t %s"><failure message="got %s">%s</failure></testcase></testsuite>' "$PLAIN" "$ALL_envfrom" "$PLAIN" > out/junit.xml
    artifacts: {paths: [out/*]}
  after:
  - id: tell
    condition: always
    container: {env: [{name: FOUND, value: 'found {{ steps.show.outputs.found }}'}]}
    shell: 'echo "handed on: $FOUND"; exit 3'
"#;

fn plant(namespace: &Namespace) {
    let literals: Vec<String> = CANARIES.iter().map(|(name, value)| format!("--from-literal={name}={value}")).collect();
    let generic = |name: &'static str| ["create", "secret", "generic", name];
    let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
    namespace.kubectl(&[&generic("canaries")[..], &literals].concat()).expect("a Secret");
    let more = format!("--from-literal=envfrom={}", canary("envfrom"));
    namespace.kubectl(&[&generic("more")[..], &[&more]].concat()).expect("a Secret");
    let parameter = format!("--from-literal=value={}", canary("parameter"));
    namespace.kubectl(&[&generic("parameter")[..], &[&parameter]].concat()).expect("a Secret");
    let httpd = format!("--from-literal=httpd.conf=/:ci:{}\n", canary("token"));
    namespace.kubectl(&[&generic("httpd")[..], &[&httpd]].concat()).expect("a Secret");
}

const EXECUTION: &str = "apiVersion: assay.dev/v1alpha1
kind: TestExecution
metadata: {name: it-1}
spec:
  workflowRef: {name: it}
  configFrom: {secret: {secretKeyRef: {name: parameter, key: value}}}
";

#[test]
fn no_canary_is_found_anywhere() {
    let place = Place::shared();
    let namespace = Namespace::create(place, "secrets", PodSecurity::Open).expect("a namespace");
    plant(&namespace);
    namespace.apply_text(GIT).expect("a Git server");
    namespace.apply_text(WORKFLOW).expect("the workflow is accepted");
    namespace
        .kubectl(&["wait", "pod", "git", "--for=condition=Ready", "--timeout=180s"])
        .expect("the Git server is up");
    namespace.apply_text(EXECUTION).expect("the execution is accepted");
    let execution = namespace.finished("it-1", LIMIT);
    let log = namespace.assay(&["logs", "it-1"]).expect("assay logs").stdout;

    // They were there, and they were used.
    for part in [
        "cloned-with-a-token",
        "env=*** envfrom=*** header=",
        "mounted=*** content=*** token=***",
        "error ***",
        "handed on: found ***",
    ] {
        assert!(log.contains(part), "`{part}` is not in\n{log}\n{:#}", execution.value()["status"]);
    }
    let lengths = format!(
        "{} {} {} {} {}",
        canary("env").len(),
        canary("envfrom").len(),
        canary("parameter").len() + "Bearer ".len(),
        canary("mounted").len(),
        canary("content").len()
    );
    assert!(log.contains(&lengths), "`{lengths}` is not in\n{log}");
    assert_eq!(execution.text("/status/tests/summary"), "0/1", "{:#}", execution.value()["status"]);

    let mut found = Vec::new();
    for (place, text) in said(&namespace) {
        assert!(!text.is_empty(), "{place} is empty");
        found.extend(hits(text.as_bytes()).into_iter().map(|hit| format!("{hit} in {place}")));
    }
    found.extend(in_the_store());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Everything that is said of the execution, by place.
fn said(namespace: &Namespace) -> Vec<(&'static str, String)> {
    let assay = |arguments: &[&str]| namespace.assay(arguments).map(|output| output.stdout + &output.stderr);
    let kubectl = |arguments: &[&str]| namespace.kubectl(arguments).expect("kubectl");
    let system = |arguments: &[&str]| namespace.place().kubectl().run(&[&["-n", SYSTEM], arguments].concat());
    let lines = ["logs", "--all-containers", "--prefix", "--tail=-1", "-l", "assay.dev/execution=it-1"];
    vec![
        ("the log", assay(&["logs", "it-1"]).expect("assay logs")),
        ("the description", assay(&["describe", "it-1"]).expect("assay describe")),
        ("the report", assay(&["report", "it-1"]).expect("assay report")),
        ("the report as JSON", assay(&["report", "it-1", "-o", "json"]).expect("assay report")),
        ("the list of artifacts", assay(&["artifacts", "ls", "it-1"]).expect("assay artifacts")),
        ("the containers' logs", kubectl(&lines)),
        ("the objects", kubectl(&["get", "tex,twf,jobs,pods,configmaps,events", "-o", "yaml"])),
        ("kubectl describe", kubectl(&["describe", "tex,jobs,pods"])),
        ("the manager's output", system(&["logs", "deployment/assay", "--tail=-1"]).expect("kubectl logs")),
        ("the manager's events", system(&["get", "events", "-o", "yaml"]).expect("kubectl get")),
    ]
}

/// The canaries in some bytes, as they are or in Base64 at any of its three positions.
fn hits(bytes: &[u8]) -> Vec<String> {
    let forms = CANARIES.iter().flat_map(|(name, value)| {
        let lines = value.lines().map(|line| (format!("`{name}`"), line.to_owned()));
        let coded = (0..3).map(|skipped| (format!("`{name}` in Base64"), base64(&value.as_bytes()[skipped..])));
        lines.chain(coded).collect::<Vec<_>>()
    });
    forms.filter(|(_, form)| holds(bytes, form.as_bytes())).map(|(name, _)| name).collect()
}

/// Base64 of whole groups of three bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks_exact(3).flat_map(|group| {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize] as char)
    });
    groups.collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Canaries in the files of the store, read through the manager's own root; none
/// when the node is another machine.
fn in_the_store() -> Vec<String> {
    let (mut found, mut is_read) = (Vec::new(), manager_pids().is_empty());
    for pid in manager_pids() {
        let root = format!("/proc/{pid}/root/var/lib/assay");
        let files = files_below(Path::new(&root));
        assert!(files.iter().any(|file| file.ends_with("/assay.db")), "{files:?}");
        for file in files.iter().filter(|file| !file.contains("/artifacts/")) {
            // A file may be gone meanwhile.
            let bytes = fs::read(file).unwrap_or_default();
            is_read |= holds(&bytes, b"cloned-with-a-token");
            found.extend(hits(&bytes).into_iter().map(|hit| format!("{hit} in {file}")));
        }
    }
    assert!(is_read, "the log is not among the files of the store");
    found
}

fn files_below(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path.to_string_lossy().into_owned()] })
        .collect()
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    const ADDRESS: &str = "canary-address-19fe0c";
    let namespace = Namespace::create(Place::shared(), "secrets", PodSecurity::Open).expect("a namespace");
    let manifest = WORKFLOW.replace("http://git/repo.git", &format!("http://ci:{ADDRESS}@git/repo.git"));
    let refused = namespace.apply_text(&manifest).expect_err("the webhook refuses it").to_string();
    assert!(refused.contains("spec.content.git.uri: "), "{refused}");
    let said = refused.split_once("denied the request").map_or("", |(_, said)| said);
    assert!(!said.is_empty() && !said.contains(ADDRESS), "{refused}");

    // Where nobody refuses it, nobody repeats it either.
    namespace.ignore_admission().expect("a label that is obeyed");
    namespace.apply_text(&manifest).expect("nobody refuses it");
    namespace.apply_text(EXECUTION).expect("the execution is accepted");
    let execution = namespace.finished("it-1", LIMIT);
    assert_eq!(execution.text("/status/reason"), "WorkflowInvalid", "{:#}", execution.value()["status"]);
    let status = namespace.kubectl(&["get", "twf", "it", "-o", "jsonpath={.status}"]).expect("kubectl get");
    assert!(status.contains("spec.content.git.uri: "), "{status}");
    let objects = namespace.kubectl(&["get", "tex,jobs,configmaps,events", "-o", "yaml"]).expect("kubectl get");
    let logs = ["-n", SYSTEM, "logs", "deployment/assay", "--tail=-1"];
    let output = namespace.place().kubectl().run(&logs).expect("kubectl logs");
    let described = namespace.assay(&["describe", "it-1"]).expect("assay describe");
    for (place, text) in [
        ("the status", status),
        ("an object", objects),
        ("the manager's output", output),
        ("the description", described.stdout),
    ] {
        assert!(!text.contains(ADDRESS), "the password is in {place}");
    }
}
