//! A namespace of a test's own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::command::wait_for;
use crate::{CommandError, Execution, Place};

/// What Pod Security the namespace enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodSecurity {
    /// Nothing is enforced.
    Open,
    /// `restricted` is enforced.
    Restricted,
}

/// A namespace that is deleted when the value is dropped.
#[derive(Debug)]
pub struct Namespace {
    place: &'static Place,
    name: String,
}

impl Namespace {
    /// Makes a namespace whose name begins with `prefix`.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn create(place: &'static Place, prefix: &str, security: PodSecurity) -> Result<Self, CommandError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{prefix}-{}-{number}", std::process::id());
        place.kubectl().run(&["create", "namespace", &name])?;
        if security == PodSecurity::Restricted {
            let label = "pod-security.kubernetes.io/enforce=restricted";
            place.kubectl().run(&["label", "namespace", &name, label])?;
        }
        let ready = wait_for(Duration::from_secs(120), || {
            place.kubectl().run(&["-n", &name, "get", "serviceaccount", "default"]).ok()
        });
        assert!(ready.is_some(), "namespace {name} has no default service account after two minutes");
        Ok(Self { place, name })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster it is in.
    pub fn place(&self) -> &'static Place {
        self.place
    }

    /// `kubectl -n NAMESPACE ...`.
    ///
    /// # Errors
    /// When kubectl ends with another code than 0.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, CommandError> {
        self.place.kubectl().run(&[&["-n", &self.name], arguments].concat())
    }

    /// `assay -n NAMESPACE ...`, whatever its exit code.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn assay(&self, arguments: &[&str]) -> Result<crate::Output, CommandError> {
        self.place.assay().answer(&[&["-n", &self.name], arguments].concat())
    }

    /// Applies a file of the project.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn apply(&self, file: &str) -> Result<String, CommandError> {
        let path = self.place.root().join(file);
        self.kubectl(&["apply", "-f", &path.to_string_lossy()])
    }

    /// Applies a manifest given as text.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn apply_text(&self, manifest: &str) -> Result<String, CommandError> {
        self.place.kubectl().run_with(&["-n", &self.name, "apply", "-f", "-"], manifest)
    }

    /// Has the webhook leave the namespace alone, and waits until the API server has heard of that.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn ignore_admission(&self) -> Result<(), CommandError> {
        let kubectl = self.place.kubectl();
        kubectl.run(&["label", "namespace", &self.name, "assay.dev/admission=ignore"])?;
        let wrong = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: probe}\nspec: {steps: [{shell: x}], services: {db: {image: x}}}\n";
        let dry = ["-n", &self.name, "apply", "--dry-run=server", "-f", "-"];
        let obeyed = wait_for(Duration::from_secs(60), || kubectl.run_with(&dry, wrong).ok());
        obeyed.map_or_else(|| kubectl.run_with(&dry, wrong), Ok).map(drop)
    }

    /// Makes an execution of a workflow.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn execute(&self, name: &str, workflow: &str) -> Result<(), CommandError> {
        let manifest = format!(
            "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {{name: {name}}}\nspec: {{workflowRef: {{name: {workflow}}}}}\n"
        );
        self.apply_text(&manifest).map(drop)
    }

    /// The execution as it is now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn execution(&self, name: &str) -> Result<Execution, CommandError> {
        let text = self.kubectl(&["get", "tex", name, "-o", "json"])?;
        Ok(Execution::parse(&text))
    }

    /// Waits until an execution has a verdict.
    ///
    /// # Panics
    /// When there is none in time; the message shows the execution.
    pub fn finished(&self, name: &str, limit: Duration) -> Execution {
        let finished = wait_for(limit, || self.execution(name).ok().filter(|execution| execution.verdict().is_some()));
        finished.unwrap_or_else(|| {
            let state = self.kubectl(&["get", "tex,jobs,pods", "-o", "wide"]).unwrap_or_default();
            let object = self.kubectl(&["get", "tex", name, "-o", "yaml"]).unwrap_or_default();
            panic!("{name} has no verdict after {} s\n{state}\n{object}", limit.as_secs());
        })
    }

    /// Waits until an execution is as wanted; `None` when that does not happen in time.
    pub fn execution_when(
        &self,
        name: &str,
        limit: Duration,
        wanted: impl Fn(&Execution) -> bool,
    ) -> Option<Execution> {
        wait_for(limit, || self.execution(name).ok().filter(&wanted))
    }

    /// Waits until a workflow step of an execution runs.
    ///
    /// # Panics
    /// When that does not happen in time.
    pub fn running(&self, name: &str, limit: Duration) {
        let running = wait_for(limit, || {
            let execution = self.execution(name).ok()?;
            (execution.text("/status/phase") == "Running").then_some(())
        });
        assert!(running.is_some(), "{name} does not run after {} s", limit.as_secs());
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("ASSAY_KEEP_NAMESPACES").is_some() {
            return;
        }
        self.place.kubectl().answer(&["delete", "namespace", &self.name, "--wait=false"]).ok();
    }
}
