//! The chart as an administrator uses it: checked, upgraded, narrowed, removed.
//! Each test leaves the installation as `make install` does.

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::time::Duration;

use assay_cluster_tests::{Execution, Namespace, Place, PodSecurity, Release, SYSTEM, wait_for};

const LIMIT: Duration = Duration::from_secs(120);
const OLDER: &str = "tests/cluster/fixtures/assay-0.1.0.tgz";
/// User of the manager.
const MANAGER: u32 = 65532;
const KINDS: [&str; 6] =
    ["testexecutions", "testworkflows", "testworkflowtemplates", "testgates", "rollbacks", "gitwriteaccesses"];

fn namespace() -> Namespace {
    Namespace::create(Place::shared(), "chart", PodSecurity::Open).expect("a namespace")
}

fn workflow(namespace: &Namespace, shell: &str) {
    let manifest = format!(
        "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {{name: it}}\nspec:\n  container: {{image: 'localhost:5000/assay/busybox:dev'}}\n  steps: [{{shell: '{shell}'}}]\n"
    );
    namespace.apply_text(&manifest).expect("the workflow is accepted");
}

fn log(namespace: &Namespace, name: &str) -> String {
    let output = namespace.assay(&["logs", name]).expect("assay logs");
    assert_eq!(output.code, 0, "{output:?}");
    output.stdout
}

fn helm_test() {
    let arguments = ["test", "assay", "--namespace", SYSTEM, "--timeout", "120s", "--logs"];
    let said = Place::shared().helm().run(&arguments).expect("helm test passes");
    assert!(said.contains("Succeeded") && said.contains("ok    a manager leads"), "{said}");
}

/// A folder of the node, offered to the manager as a claim, so that the store outlives its pods.
struct Claim {
    name: String,
    folder: PathBuf,
}

impl Claim {
    fn make(place: &Place) -> Self {
        let name = format!("chart-test-{}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        fs::create_dir_all(&folder).expect("a folder");
        chown(&folder, Some(MANAGER), Some(MANAGER)).expect("root");
        let manifest = format!(
            "apiVersion: v1
kind: PersistentVolume
metadata: {{name: {name}}}
spec:
  capacity: {{storage: 1Gi}}
  accessModes: [ReadWriteOnce]
  storageClassName: ''
  hostPath: {{path: {}}}
  claimRef: {{namespace: {SYSTEM}, name: {name}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec: {{accessModes: [ReadWriteOnce], storageClassName: '', volumeName: {name}, resources: {{requests: {{storage: 1Gi}}}}}}
",
            folder.display()
        );
        let claim = Self { name, folder };
        place.kubectl().run_with(&["-n", SYSTEM, "apply", "-f", "-"], &manifest).expect("a claim");
        claim
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let kubectl = Place::shared().kubectl();
        kubectl.answer(&["-n", SYSTEM, "delete", "pvc", &self.name, "--wait=false"]).ok();
        kubectl.answer(&["delete", "pv", &self.name, "--wait=false"]).ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn has_field(place: &Place, field: &str) -> bool {
    place.kubectl().answer(&["explain", field]).is_ok_and(|output| output.code == 0)
}

/// The release is removed, installed anew with the previous chart, and upgraded.
#[test]
fn what_users_made_and_what_runs_outlives_removal_and_upgrade() {
    let place = Place::shared();
    let namespace = namespace();
    // Dropped in the other order: first the installation is put back.
    let claim = Claim::make(place);
    let release = Release::take(place);
    workflow(&namespace, "echo kept");
    namespace.execute("kept", "it").expect("the execution is accepted");
    namespace.finished("kept", LIMIT);
    release.remove().expect("helm uninstall");
    only_the_definitions_are_left(&release);
    let doctor = namespace.assay(&["doctor"]).expect("assay doctor");
    assert!(
        doctor.code == 1 && doctor.stdout.contains("FAIL  manager") && doctor.stdout.contains("→ install Assay"),
        "{doctor:?}"
    );
    let kept = namespace.execution("kept").expect("the execution stays");
    assert_eq!(kept.verdict().as_deref(), Some("passed"));
    // Nobody judges now; what is made waits for the next installation.
    namespace.execute("between", "it").expect("the execution is accepted");

    let name = format!("persistence.existingClaim={}", claim.name);
    release.older(OLDER, &["persistence.enabled=true", &name]).expect("the older chart installs");
    assert!(!has_field(place, "testworkflow.spec.infrastructure"), "the older chart has older definitions");
    assert_eq!(namespace.finished("between", LIMIT).verdict().as_deref(), Some("passed"));
    workflow(&namespace, "echo made-before");
    namespace.execute("before", "it").expect("the execution is accepted");
    let before = namespace.finished("before", LIMIT);
    assert_eq!(before.verdict().as_deref(), Some("passed"), "{:#}", before.value()["status"]);

    workflow(&namespace, "for i in $(seq 1 120); do echo line-$i-; sleep 0.1; done");
    namespace.execute("meanwhile", "it").expect("the execution is accepted");
    namespace.running("meanwhile", LIMIT);
    let values = format!("persistence: {{enabled: true, existingClaim: {}}}\n", claim.name);
    release.with(&values).expect("helm upgrade");

    assert!(has_field(place, "testworkflow.spec.infrastructure"), "the definitions were upgraded");
    let after = namespace.execution("before").expect("it is still there");
    assert_eq!(after.value()["status"]["verdict"], before.value()["status"]["verdict"]);
    assert!(log(&namespace, "before").contains("made-before"));
    let meanwhile = namespace.finished("meanwhile", LIMIT);
    assert_eq!(meanwhile.verdict().as_deref(), Some("passed"), "{:#}", meanwhile.value()["status"]);
    let lines = log(&namespace, "meanwhile");
    for number in 1..=120 {
        assert_eq!(lines.matches(&format!("line-{number}-\n")).count(), 1, "line {number}\n{lines}");
    }
    let jobs = namespace.kubectl(&["get", "jobs", "-o", "name"]).expect("kubectl get jobs");
    assert_eq!(jobs.lines().count(), 4, "{jobs}");
}

fn only_the_definitions_are_left(release: &Release) {
    let kinds = "deployments,services,pods,secrets,roles,rolebindings,jobs";
    // The certificate is not the chart's own, and the next installation goes on with
    // it; the pod of `helm test` is left for its log.
    let kept = ["secret/assay-tls", "pod/assay-check"];
    let left = || -> Vec<String> {
        let left = release.kubectl(&["get", kinds, "-o", "name"]).expect("kubectl get");
        let ours = left.lines().filter(|name| name.contains("assay") && !kept.contains(name));
        ours.map(str::to_owned).collect()
    };
    // What belonged to the manager's pod is collected a moment after it.
    wait_for(Duration::from_secs(60), || left().is_empty().then_some(()));
    assert_eq!(left(), [""; 0]);
    let cluster = ["get", "clusterroles,clusterrolebindings,validatingwebhookconfigurations", "-o", "name"];
    let cluster = release.kubectl(&cluster).expect("kubectl get");
    assert!(!cluster.lines().any(|name| name.contains("/assay")), "{cluster}");
    for kind in KINDS {
        release.kubectl(&["get", "crd", &format!("{kind}.assay.dev")]).expect("the definition stays");
    }
}

#[test]
fn with_a_list_of_namespaces_the_manager_touches_no_other() {
    let (mine, other) = (namespace(), namespace());
    let release = Release::take(Place::shared());
    let values = format!(
        "watchNamespaces: [{}]\ngitops: {{write: false}}\nnetworkPolicy: {{enabled: true, metricsFrom: [{{matchLabels: {{team: metrics}}}}]}}\n",
        mine.name()
    );
    release.with(&values).expect("helm upgrade");
    helm_test();

    // The bridge of this cluster does not enforce policies: what can be seen is that
    // the cluster takes it, and that it selects the manager and lets the server's port through.
    let policy = release.kubectl(&["get", "networkpolicy", "assay", "-o", "json"]).expect("a policy");
    let policy = Execution::parse(&policy);
    assert_eq!(policy.text("/spec/podSelector/matchLabels/app.kubernetes.io~1name"), "assay");
    assert_eq!(policy.text("/spec/ingress/0/ports/0/port"), "https");
    assert_eq!(policy.text("/spec/ingress/1/from/0/namespaceSelector/matchLabels/team"), "metrics");

    for namespace in [&mine, &other] {
        workflow(namespace, "echo here");
        namespace.execute("it-1", "it").expect("the execution is accepted");
    }
    let judged = mine.finished("it-1", LIMIT);
    assert_eq!(judged.verdict().as_deref(), Some("passed"), "{:#}", judged.value()["status"]);
    assert!(log(&mine, "it-1").contains("here"));

    let may = |verb: &str, what: &str, namespace: &str| {
        let user = format!("--as=system:serviceaccount:{SYSTEM}:assay");
        let asked = Place::shared().kubectl().answer(&["auth", "can-i", verb, what, "-n", namespace, &user]);
        asked.expect("kubectl auth").stdout.trim() == "yes"
    };
    for (verb, what) in [("list", "testexecutions.assay.dev"), ("create", "jobs.batch"), ("create", "configmaps")] {
        assert!(may(verb, what, mine.name()), "{verb} {what}");
        assert!(!may(verb, what, other.name()), "{verb} {what} elsewhere");
        assert!(!may(verb, what, "default"), "{verb} {what} elsewhere");
    }
    assert!(!may("list", "secrets", mine.name()) && !may("get", "secrets", SYSTEM), "it reads no Secrets but its own");

    let wrong =
        "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: wrong}\nspec: {steps: [{shell: ''}]}\n";
    other.apply_text(wrong).expect("the webhook is not asked elsewhere");
    let refused = mine.apply_text(wrong).expect_err("the webhook is asked here").to_string();
    assert!(refused.contains("the script is empty"), "{refused}");
    let untouched = other.execution("it-1").expect("it is there");
    assert_eq!(untouched.number("/status/observedGeneration"), -1, "{:#}", untouched.value());
    assert_eq!(other.kubectl(&["get", "jobs,configmaps", "-l", "assay.dev/execution", "-o", "name"]).expect("get"), "");

    drop(release);
    assert_eq!(other.finished("it-1", LIMIT).verdict().as_deref(), Some("passed"), "it is looked after again");
}

#[test]
fn numbers_are_counted_without_names() {
    let release = Release::take(Place::shared());
    let namespace = namespace();
    let read = || {
        let path = format!("/api/v1/namespaces/{SYSTEM}/services/http:assay-metrics:metrics/proxy/metrics");
        release.kubectl(&["get", "--raw", &path]).ok()
    };
    let count = |text: &str, line: &str| {
        let found = text.lines().find_map(|found| found.strip_prefix(line));
        found.and_then(|value| value.trim().parse::<f64>().ok()).unwrap_or_default()
    };
    let passed = "assay_executions_finished_total{verdict=\"passed\",reason=\"Passed\"}";
    let before = count(&wait_for(LIMIT, read).expect("/metrics answers"), passed);
    workflow(&namespace, "echo counted");
    namespace.execute("a-telling-name", "it").expect("the execution is accepted");
    namespace.finished("a-telling-name", LIMIT);
    let text = wait_for(LIMIT, || read().filter(|text| count(text, passed) > before));
    let text = text.unwrap_or_else(|| panic!("`{passed}` does not grow\n{:?}", read()));
    for name in [
        "assay_build_info{version=",
        "assay_store_healthy 1",
        "assay_executions_unfinished{phase=",
        "assay_execution_duration_seconds_bucket{le=",
        "assay_executions_tried_again_total",
        "assay_executions_removed_total",
        "assay_queue_depth{controller=",
    ] {
        assert!(text.contains(name), "`{name}` is not in\n{text}");
    }
    for name in ["a-telling-name", namespace.name(), "busybox", "default"] {
        assert!(!text.contains(name), "`{name}` is in\n{text}");
    }
    assert!(text.lines().count() < 200, "{} lines", text.lines().count());
}

#[test]
fn every_value_renders_what_the_cluster_takes() {
    let place = Place::shared();
    // Elsewhere than the release, whose objects would be merged with these.
    let namespace = namespace();
    let settings = [
        "persistence.enabled=true,persistence.storageClass=fast,networkPolicy.enabled=true,webhook.failurePolicy=Fail",
        "backup.existingClaim=backups,backup.every=6h,store.postgres.existingSecret=db,store.s3.bucket=b,\
         store.s3.existingSecret=keys,store.s3.endpoint=https://s3.example,imagePullSecrets={pull},nodeSelector.a=b,\
         podLabels.c=d,priorityClassName=system-cluster-critical,rbac.aggregate=false,metrics.enabled=false",
        "gitops.refresh=true,gitops.unblock=true,gitops.write=true,gitops.secrets={shop-git},networkPolicy.enabled=true,\
         networkPolicy.egress.enabled=true,networkPolicy.egress.rules[0].ports[0].port=22",
        "gitops.enabled=false",
        "rbac.proxySubjects[0].kind=Group,rbac.proxySubjects[0].name=people,\
         rbac.proxySubjects[0].apiGroup=rbac.authorization.k8s.io,watchNamespaces={default},webhook.enabled=false,\
         image.manager.digest=sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ];
    for setting in settings {
        let rendered = place.helm().run(&[
            "template",
            "assay",
            "charts/assay",
            "-n",
            namespace.name(),
            "--skip-tests",
            "--set",
            setting,
        ]);
        let rendered = rendered.unwrap_or_else(|error| panic!("{setting}: {error}"));
        let arguments = ["apply", "--dry-run=server", "--server-side", "--force-conflicts", "-f", "-"];
        let taken = place.kubectl().run_with(&arguments, &rendered);
        taken.unwrap_or_else(|error| panic!("{setting}: {error}"));
    }
    for (wrong, word) in [
        ("replicas=2", "replicas"),
        ("webhook.failurePolicy=Maybe", "failurePolicy"),
        ("imageVolume=true", "imageVolume"),
        ("watchNamespaces={UPPER}", "watchNamespaces"),
        ("gitops.push=true", "gitops"),
        ("gitops.secrets={UPPER}", "secrets"),
    ] {
        let refused = place.helm().answer(&["template", "assay", "charts/assay", "--set", wrong]).expect("helm");
        assert!(refused.code != 0 && refused.stderr.contains(word), "{wrong}: {refused:?}");
    }
}

#[test]
fn one_manager_leads_and_says_so() {
    let release = Release::take(Place::shared());
    helm_test();
    let holder = release.kubectl(&["get", "lease", "-o", "jsonpath={.items[*].spec.holderIdentity}"]).expect("a lease");
    let pods = ["get", "pods", "-l", "app.kubernetes.io/name=assay", "-o", "jsonpath={.items[*].metadata.name}"];
    let pods = release.kubectl(&pods).expect("pods");
    assert_eq!(pods.split_whitespace().collect::<Vec<_>>(), [holder.trim()]);
    let strategy = release.kubectl(&["get", "deployment", "assay", "-o", "jsonpath={.spec.strategy.type}"]);
    assert_eq!(strategy.expect("a deployment"), "Recreate", "no two managers write one SQLite file");
}
