//! The command line before a delivery and its gate: listed, described, waited for, looked at.

use assay_cluster_tests::{Namespace, Output, Place, PodSecurity};

/// An Application whose repository does not exist, and its gate, whose workflow does not exist.
struct Delivery {
    namespace: Namespace,
    application: String,
}

impl Delivery {
    fn make() -> Self {
        let namespace = Namespace::create(Place::shared(), "deliveries", PodSecurity::Open).expect("a namespace");
        let delivery = Self { application: namespace.name().to_owned(), namespace };
        let made = Place::shared().kubectl().run_with(&["apply", "-f", "-"], &delivery.manifest());
        made.expect("Application and gate are accepted");
        delivery
    }

    fn manifest(&self) -> String {
        let (name, place) = (&self.application, self.namespace.name());
        format!(
            "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: 'http://127.0.0.1:1/shop/shop.git', path: apps/web, targetRevision: main}}
  destination: {{server: 'https://kubernetes.default.svc', namespace: {place}}}
  syncPolicy: {{automated: {{}}}}
---
apiVersion: assay.dev/v1alpha1
kind: TestGate
metadata: {{name: web, namespace: {place}}}
spec:
  delivery: {{kind: Application, name: {name}, namespace: argocd}}
  workflows: [{{name: not-there}}]
  rollback: {{mode: Push}}
"
        )
    }

    fn assay(&self, arguments: &[&str]) -> Output {
        self.namespace.assay(arguments).expect("assay starts")
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let kubectl = Place::shared().kubectl();
        kubectl.answer(&["-n", "argocd", "delete", "application", &self.application, "--wait=false"]).ok();
    }
}

fn says(output: &Output, code: i32, parts: &[&str]) {
    assert_eq!(output.code, code, "{output:?}");
    let said = format!("{}{}", output.stdout, output.stderr);
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in\n{said}");
    }
}

#[test]
fn a_delivery_is_looked_at_before_anything_fails() {
    let delivery = Delivery::make();
    let name = delivery.application.clone();
    let shown = format!("Application argocd/{name}");

    says(&delivery.assay(&["gates"]), 0, &["DELIVERY", "web", &shown]);
    says(&delivery.assay(&["gates", "web", "-o", "name"]), 0, &["testgate.assay.dev/web"]);
    says(&delivery.assay(&["gate", "describe", "web"]), 0, &[&shown, "not-there", "Push"]);
    says(&delivery.assay(&["rollback", "ls"]), 0, &["No rollbacks"]);
    says(&delivery.assay(&["rollback", "dry-run", "web"]), 0, &["nothing would be taken back"]);
    let object = delivery.assay(&["rollback", "dry-run", "web", "--mode", "pullRequest", "-o", "json"]);
    says(&object, 0, &["nothing would be taken back"]);
    assert_eq!(object.stdout, "", "who reads objects finds none");
    says(&delivery.assay(&["rollback", "dry-run", "web", "--mode", "force"]), 2, &["pullRequest"]);
    says(&delivery.assay(&["rollback", "explain", "nothing"]), 3, &["there is no Rollback nothing"]);
    says(&delivery.assay(&["gate", "wait", "web", "--timeout", "1s"]), 4, &["has no verdict"]);

    let found = ["spec.syncPolicy.retry.limit: 0", "judges it from outside", "needs the TestWorkflow not-there"];
    says(&delivery.assay(&["doctor", "--app", &name]), 1, &found);
    says(&delivery.assay(&["doctor", "--gate", "web"]), 1, &found);
    let misspelt = format!("{name}x");
    says(&delivery.assay(&["doctor", "--app", &misspelt]), 3, &["there is no Application", "did you mean"]);
}

#[test]
fn a_gate_is_judged_anew_and_held_by_annotations_alone() {
    let delivery = Delivery::make();
    let read = |path: &str| {
        let path = format!("jsonpath={{{path}}}");
        delivery.namespace.kubectl(&["get", "testgate", "web", "-o", &path]).expect("kubectl get")
    };
    let before = read(".metadata.generation");
    says(&delivery.assay(&["gate", "rerun", "web"]), 0, &["testgate.assay.dev/web is judged"]);
    assert!(!read(r".metadata.annotations.assay\.dev/rerun").is_empty());
    says(&delivery.assay(&["rollback", "pause", "--gate", "web"]), 0, &["is held"]);
    assert_eq!(read(r".metadata.annotations.assay\.dev/pause-rollback"), "true");
    says(&delivery.assay(&["rollback", "resume", "--gate", "web"]), 0, &["goes on"]);
    assert_eq!(read(r".metadata.annotations.assay\.dev/pause-rollback"), "");
    assert_eq!(read(".metadata.generation"), before, "nothing that a GitOps tool manages was changed");
}
