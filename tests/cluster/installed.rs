//! The manager that is installed on the cluster looks after every namespace; it
//! is put away while the suite's own managers look after theirs.

use std::time::Duration;

use crate::command::wait_for;
use crate::{Outcome, Place};

const SYSTEM: &str = "assay-system";
const DEPLOYMENT: &str = "deployment/assay";
/// Where a suite that was broken off has written how many there were.
const NOTE: &str = "assay.dev/replicas-before-faults";
/// A pod of a Deployment that does not end by then is stuck.
const PATIENCE: Duration = Duration::from_secs(90);

/// The installed manager, scaled to nothing as long as this value is.
pub struct PutAway {
    place: &'static Place,
    replicas: String,
    /// The image with the runner that it gives to pods.
    pub runner_image: String,
}

impl PutAway {
    /// Scales it down and waits until it is gone.
    ///
    /// # Errors
    /// When there is none, or it does not go.
    pub fn now(place: &'static Place) -> Outcome<Self> {
        let env = "{range .spec.template.spec.containers[*].env[*]}{.name}={.value}{\"\\n\"}{end}";
        let image = field(place, env)?;
        let named = image.lines().find_map(|line| line.strip_prefix("ASSAY_RUNNER_IMAGE="));
        let runner_image = std::env::var("ASSAY_FAULTS_RUNNER_IMAGE").ok().or(named.map(str::to_owned));
        let runner_image = runner_image.ok_or("the installed manager names no image with the runner")?;
        let noted = field(place, &format!("{{.metadata.annotations.{}}}", NOTE.replace('.', "\\.")))?;
        let replicas = if noted.is_empty() { field(place, "{.spec.replicas}")? } else { noted };
        kubectl(place, &["annotate", DEPLOYMENT, "--overwrite", &format!("{NOTE}={replicas}")])?;
        let away = Self { place, replicas, runner_image };
        kubectl(place, &["scale", DEPLOYMENT, "--replicas=0"])?;
        let timeout = format!("--timeout={}s", PATIENCE.as_secs());
        let selector = ["-l", "app.kubernetes.io/name=assay", "--for=delete", &timeout];
        kubectl(place, &[&["wait", "pod"][..], &selector[..]].concat())?;
        Ok(away)
    }
}

impl Drop for PutAway {
    fn drop(&mut self) {
        let replicas = format!("--replicas={}", self.replicas);
        let back = kubectl(self.place, &["scale", DEPLOYMENT, &replicas])
            .and_then(|_| kubectl(self.place, &["annotate", DEPLOYMENT, &format!("{NOTE}-")]))
            .and_then(|_| kubectl(self.place, &["rollout", "status", DEPLOYMENT, "--timeout=180s"]));
        match back {
            Ok(_) => wait_for_admission(self.place),
            Err(error) => {
                let said = format!("the installed manager did not come back: {error}");
                assert!(std::thread::panicking(), "{said}");
                anstream::eprintln!("{said}");
            }
        }
    }
}

/// Waits until the API server finds the way to the manager's webhook, which may be some moments after the manager is
/// ready: until then nothing that is wrong is refused, and nothing of the manager can be asked for.
pub fn wait_for_admission(place: &Place) {
    let wrong = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: probe}\nspec: {steps: [{shell: x}], services: {db: {image: x}}}\n";
    let dry = ["-n", "default", "apply", "--dry-run=server", "-f", "-"];
    let ask = || place.kubectl().run_with(&dry, wrong).err().map(|error| error.to_string());
    let refused = wait_for(Duration::from_secs(120), || ask().filter(|said| said.contains("denied the request")));
    if refused.is_none() {
        anstream::eprintln!("the webhook refuses nothing: what depends on it will fail");
    }
}

fn field(place: &Place, path: &str) -> Outcome<String> {
    kubectl(place, &["get", DEPLOYMENT, "-o", &format!("jsonpath={path}")])
}

fn kubectl(place: &Place, arguments: &[&str]) -> Outcome<String> {
    Ok(place.kubectl().run(&[&["-n", SYSTEM], arguments].concat())?)
}
