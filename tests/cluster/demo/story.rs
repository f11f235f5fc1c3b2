//! The first story: 40 tests of which 3 fail, seen with kubectl and with assay.

use assay_cluster_tests::{Place, Tool};

use crate::Outcome;
use crate::show::{heading, timed, typed};

const NAMESPACE: &str = "assay-demo";
const EXECUTION: &str = "first-1";
/// Exit code of `assay run` when tests failed.
const TESTS_FAILED: i32 = 1;

/// Runs the story in a namespace of its own, which is left for the reader.
pub fn story(place: &Place) -> Outcome {
    fresh_namespace(&place.kubectl())?;
    let workflow = place.root().join("examples/first/workflow.yaml");
    let workflow = workflow.to_string_lossy();

    heading("1. A workflow is applied");
    let kubectl = place.kubectl();
    typed(&kubectl, "kubectl", &["-n", NAMESPACE, "apply", "-f", &workflow])?;

    heading("2. It runs: a real tool in a real pod, its log live");
    let assay = place.assay();
    let code = typed(&assay, "assay", &["-n", NAMESPACE, "run", "first", "--name", EXECUTION, "--watch"])?;
    if code != TESTS_FAILED {
        return Err(format!("the example has three failing tests, so exit code 1 was to be seen, not {code}").into());
    }

    heading("3. What kubectl shows");
    typed(&kubectl, "kubectl", &["-n", NAMESPACE, "get", "twf,tex"])?;

    heading("4. What assay shows");
    typed(&assay, "assay", &["-n", NAMESPACE, "describe", EXECUTION])?;
    typed(&assay, "assay", &["-n", NAMESPACE, "artifacts", "ls", EXECUTION])?;

    heading("Try it yourself");
    anstream::println!("  export KUBECONFIG={}", place.kubeconfig().display());
    anstream::println!("  export PATH={}:$PATH", place.root().join("bin").display());
    anstream::println!("  assay -n {NAMESPACE} logs {EXECUTION}\n  kubectl -n {NAMESPACE} describe tex {EXECUTION}");
    Ok(())
}

fn fresh_namespace(kubectl: &Tool) -> Outcome {
    timed("prepare namespace", || {
        kubectl.answer(&["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true", "--timeout=60s"])?;
        kubectl.run(&["create", "namespace", NAMESPACE])
    })?;
    Ok(())
}
