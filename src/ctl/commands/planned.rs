//! A workflow as it would run: the operator's own plan. Only names that are
//! not known yet (uid, server) are stand-ins.

use assay_api::{ConfigValues, TestExecution, TestWorkflow};
use assay_plan::{DEFAULT_GIT_IMAGE, Diagnostic, Inputs, Outcome, Owner, Placement, Target, plan_execution};
use clap::Args as ClapArgs;

use crate::failure::Failure;
use crate::manifest::{self, Input, Manifest, Templates};
use crate::output::screen::Screen;
use crate::values::Values;

/// Stands for the uid that the cluster will give.
const UID: &str = "00000000-0000-0000-0000-000000000000";

/// What a plan depends on besides the workflow.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
pub(super) struct Circumstances {
    #[command(flatten)]
    values: Values,
    /// What is tested: usually a commit.
    #[arg(long)]
    revision: Option<String>,
    /// Image of the runner.
    #[arg(long, default_value = concat!("assay/runner:", env!("CARGO_PKG_VERSION")), value_name = "IMAGE")]
    runner_image: String,
    /// Image that clones and fetches.
    #[arg(long, default_value = DEFAULT_GIT_IMAGE, value_name = "IMAGE")]
    git_image: String,
    /// As in a namespace that enforces Pod Security `restricted`.
    #[arg(long)]
    restricted: bool,
    /// As in a cluster without image volumes.
    #[arg(long)]
    no_image_volumes: bool,
}

/// A workflow that is to be planned.
pub(super) struct Subject {
    /// The workflow.
    pub(super) workflow: TestWorkflow,
    /// The execution of the same manifest, when there is one.
    pub(super) execution: Option<TestExecution>,
    /// Templates that it may use.
    pub(super) templates: Templates,
    /// Namespace in which it runs.
    pub(super) namespace: String,
}

impl Subject {
    /// The one workflow of some manifests. Their mistakes are shown.
    ///
    /// # Errors
    /// When something cannot be read, has errors, or there is not just one workflow.
    pub(super) fn of_files(
        files: &[std::path::PathBuf],
        namespace: Option<&str>,
        screen: &mut Screen,
    ) -> Result<(Self, Vec<Manifest>), Failure> {
        let inputs: Vec<Input> = files.iter().cloned().map(Input::of).collect();
        let mut manifests = manifest::read(&inputs)?;
        let templates = manifest::templates(&manifests);
        manifest::judge(&mut manifests, &templates, true);
        manifest::show(&manifests, screen)?;
        let workflows: Vec<&TestWorkflow> = manifests.iter().flat_map(|manifest| &manifest.workflows).collect();
        let [workflow] = workflows.as_slice() else {
            let names: Vec<&str> = workflows.iter().filter_map(|one| one.metadata.name.as_deref()).collect();
            let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Failure::usage(format!("there must be one TestWorkflow in the files; there is {found}"))
                .hint("name the file of the one that is meant, and those of the templates that it uses"));
        };
        let workflow = (*workflow).clone();
        let mut executions = manifests.iter().flat_map(|manifest| &manifest.executions);
        let name = workflow.metadata.name.as_ref();
        let execution = executions.rfind(|execution| Some(&execution.spec.workflow_ref.name) == name).cloned();
        let named = namespace.map(str::to_owned).or_else(|| workflow.metadata.namespace.clone());
        let namespace = named.unwrap_or_else(|| "default".to_owned());
        Ok((Self { workflow, execution, templates, namespace }, manifests))
    }

    /// Plans it.
    ///
    /// # Errors
    /// When the values contradict each other. What the plan refuses is the inner result.
    pub(super) fn plan(&self, circumstances: &Circumstances) -> Result<Result<Outcome, Vec<Diagnostic>>, Failure> {
        let inputs = self.inputs(circumstances)?;
        let owner = Owner { name: inputs.execution.clone(), uid: UID.to_owned(), namespace: self.namespace.clone() };
        let placement = Placement {
            owner,
            runner_image: circumstances.runner_image.clone(),
            image_volumes: !circumstances.no_image_volumes,
            restricted: circumstances.restricted,
            git_image: circumstances.git_image.clone(),
            ..Placement::default()
        };
        Ok(plan_execution(&self.workflow.spec, &inputs, &Target::default(), &placement))
    }

    /// What the execution would give.
    ///
    /// # Errors
    /// When the values contradict each other.
    pub(super) fn inputs(&self, circumstances: &Circumstances) -> Result<Inputs, Failure> {
        let given = self.execution.as_ref();
        let name = self.workflow.metadata.name.clone().unwrap_or_default();
        let execution = given.and_then(|given| given.metadata.name.clone()).unwrap_or_else(|| format!("{name}-render"));
        let mut config: ConfigValues = given.map(|given| given.spec.config.clone()).unwrap_or_default();
        config.extend(circumstances.values.plain()?);
        let mut config_from = given.map(|given| given.spec.config_from.clone()).unwrap_or_default();
        config_from.extend(circumstances.values.by_reference()?);
        let revision = circumstances.revision.clone().or_else(|| given.and_then(|given| given.spec.revision.clone()));
        Ok(Inputs {
            namespace: self.namespace.clone(),
            execution,
            uid: UID.to_owned(),
            workflow: name,
            workflow_labels: self.workflow.metadata.labels.clone().unwrap_or_default(),
            revision,
            config,
            config_from,
            templates: self.templates.clone(),
            attempt: 1,
        })
    }
}
