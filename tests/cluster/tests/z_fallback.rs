//! Where image volumes do not work the runner is copied by an init container.
//! Reconfigures the manager, so it runs after all other suites.

use std::time::Duration;

use assay_cluster_tests::{Namespace, Place, PodSecurity};

fn image_volumes(place: &Place, value: &str) {
    let system = "assay-system";
    let assignment = format!("ASSAY_IMAGE_VOLUMES={value}");
    place.kubectl().run(&["-n", system, "set", "env", "deployment/assay", &assignment]).expect("kubectl set env");
    place
        .kubectl()
        .run(&["-n", system, "rollout", "status", "deployment/assay", "--timeout=180s"])
        .expect("the manager comes back");
}

/// Sets what is usual again, whatever happened.
struct Usual(&'static Place);

impl Drop for Usual {
    fn drop(&mut self) {
        image_volumes(self.0, "auto");
    }
}

#[test]
fn the_first_example_runs_with_a_copied_runner() {
    let place = Place::shared();
    let _again = Usual(place);
    image_volumes(place, "false");
    let namespace = Namespace::create(place, "fallback", PodSecurity::Restricted).expect("a namespace");
    namespace.apply("examples/first/workflow.yaml").expect("the workflow is accepted");
    namespace.apply("examples/first/execution.yaml").expect("the execution is accepted");
    let execution = namespace.finished("first-1", Duration::from_secs(120));
    let pods = namespace.kubectl(&["get", "pods", "-o", "yaml"]).expect("kubectl get pods");
    assert!(pods.contains("assay-install"), "{pods}");
    assert_eq!(execution.text("/status/tests/summary"), "37/40", "{:#}", execution.value());
}
