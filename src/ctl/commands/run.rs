//! `assay run`: makes an execution, and stays with it as long as was asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_api::names::{FIELD_MANAGER_CLI, LABEL_WORKFLOW};
use assay_api::{TestExecution, TestExecutionSpec, TestWorkflow, TestWorkflowTemplate, WorkflowReference};
use assay_cluster::{Created, Object};
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::complete;
use crate::failure::Failure;
use crate::manifest::{self, Input, Manifest};
use crate::names;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::program::called;
use crate::random::{fresh_name, letters};
use crate::remote::session::{Session, absent};
use crate::stay::{Stay, stay};
use crate::values::Values;

/// Arguments of `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Run {
    /// Name of the TestWorkflow.
    #[arg(
        required_unless_present = "file",
        conflicts_with = "file",
        value_parser = names::workflow_or_hint,
        add = ArgValueCompleter::new(complete::workflows)
    )]
    workflow: Option<String>,
    /// Manifest of a TestWorkflow and its templates (applied first), or of a TestExecution; `-` for standard input.
    #[arg(short = 'f', long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    values: Values,
    /// What is tested: usually a commit.
    #[arg(long)]
    revision: Option<String>,
    /// Name of the execution; without it the workflow's name and five random characters.
    #[arg(long, value_parser = names::execution)]
    name: Option<String>,
    #[command(flatten)]
    stay: Stay,
}

/// Runs a workflow.
///
/// # Errors
/// When the manifest is wrong, or the execution cannot be made or followed.
pub(crate) async fn run(place: &Place, task: Run, screen: &mut Screen) -> Result<u8, Failure> {
    task.stay.check()?;
    let wanted = Wanted::of(&task)?;
    let manifest = task.file.map(|file| manifest::read_for_run(&Input::of(file), screen)).transpose()?;
    let mut session = Session::open(place).await?;
    let execution = match (task.workflow, manifest) {
        (Some(name), _) => {
            refuse_unknown(&session, &name).await?;
            wanted.execution(&name)
        }
        (None, Some(manifest)) => {
            settle_namespace(&mut session, place, &manifest)?;
            from_manifest(&session, wanted, manifest, screen).await?
        }
        (None, None) => return Err(Failure::usage("name a workflow, or a manifest with -f")),
    };
    let name = create(&session, execution).await?;
    stay(&session, &name, &task.stay, screen).await
}

/// What the arguments say of the execution.
struct Wanted {
    name: Option<String>,
    spec: TestExecutionSpec,
}

impl Wanted {
    fn of(task: &Run) -> Result<Self, Failure> {
        let spec = TestExecutionSpec {
            config: task.values.plain()?,
            config_from: task.values.by_reference()?,
            revision: task.revision.clone(),
            ..TestExecutionSpec::default()
        };
        if let Some(both) = spec.config.keys().find(|name| spec.config_from.contains_key(*name)) {
            return Err(
                Failure::usage(format!("{both} is given by --config and by --secret-config")).hint("keep one of them")
            );
        }
        Ok(Self { name: task.name.clone(), spec })
    }

    fn execution(self, workflow: &str) -> TestExecution {
        let name = self.name.unwrap_or_else(|| fresh_name(workflow));
        let spec = TestExecutionSpec { workflow_ref: WorkflowReference { name: workflow.to_owned() }, ..self.spec };
        new_execution(name, spec)
    }
}

/// An execution with the label that finds it by its workflow.
pub(crate) fn new_execution(name: String, spec: TestExecutionSpec) -> TestExecution {
    let labels = BTreeMap::from([(LABEL_WORKFLOW.to_owned(), assay_plan::label_value(&spec.workflow_ref.name))]);
    let metadata = ObjectMeta { name: Some(name), labels: Some(labels), ..ObjectMeta::default() };
    TestExecution { metadata, spec, status: None }
}

/// A workflow that is not there is said before an execution is made of it.
async fn refuse_unknown(session: &Session, name: &str) -> Result<(), Failure> {
    let namespace = &session.namespace;
    match session.cluster.get::<TestWorkflow>(namespace, name).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            let known = session.cluster.list::<TestWorkflow>(Some(namespace), None).await.unwrap_or_default();
            let names: Vec<String> = known.into_iter().filter_map(|workflow| workflow.metadata.name).collect();
            Err(absent("TestWorkflow", name, namespace, &names))
        }
        // Whoever may run need not be allowed to read; the operator will tell.
        Err(error) if error.forbidden() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Manifests that name a namespace decide it; two that differ contradict each other.
fn settle_namespace(session: &mut Session, place: &Place, manifest: &Manifest) -> Result<(), Failure> {
    let workflows = manifest.workflows.iter().map(|workflow| &workflow.metadata);
    let templates = manifest.templates.iter().map(|template| &template.metadata);
    let executions = manifest.executions.iter().map(|execution| &execution.metadata);
    let all = workflows.chain(templates).chain(executions);
    let mut named: Vec<&String> = all.filter_map(|meta| meta.namespace.as_ref()).collect();
    named.extend(place.namespace.as_ref());
    named.dedup();
    match named.as_slice() {
        [] => Ok(()),
        [one] => {
            session.namespace = (*one).clone();
            Ok(())
        }
        [one, other, ..] => Err(Failure::usage(format!("the namespaces {one} and {other} are both named"))
            .hint("leave `-n` out, or `metadata.namespace`")),
    }
}

async fn from_manifest(
    session: &Session,
    wanted: Wanted,
    mut manifest: Manifest,
    screen: &mut Screen,
) -> Result<TestExecution, Failure> {
    if manifest.executions.len() > 1 || (manifest.executions.is_empty() && manifest.workflows.len() != 1) {
        return Err(Failure::usage("the manifest must have one TestExecution, or one TestWorkflow"));
    }
    for template in &mut manifest.templates {
        template.metadata.namespace = Some(session.namespace.clone());
        let name = template.metadata.name.clone().unwrap_or_default();
        apply::<TestWorkflowTemplate>(session, template, &format!("testworkflowtemplate.assay.dev/{name}"), screen)
            .await?;
    }
    for workflow in &mut manifest.workflows {
        workflow.metadata.namespace = Some(session.namespace.clone());
        let name = workflow.metadata.name.clone().unwrap_or_default();
        apply::<TestWorkflow>(session, workflow, &format!("testworkflow.assay.dev/{name}"), screen).await?;
    }
    let Some(given) = manifest.executions.pop() else {
        let workflow = manifest.workflows.pop().and_then(|workflow| workflow.metadata.name).unwrap_or_default();
        return Ok(wanted.execution(&workflow));
    };
    Ok(adopt(given, wanted))
}

async fn apply<K: Object>(session: &Session, object: &K, named: &str, screen: &mut Screen) -> Result<(), Failure> {
    session.cluster.apply(object, FIELD_MANAGER_CLI).await?;
    screen.note(&format!("{named} applied in namespace {}", session.namespace))?;
    Ok(())
}

/// An execution from a manifest, with what the arguments add to it.
fn adopt(mut execution: TestExecution, wanted: Wanted) -> TestExecution {
    let spec = &mut execution.spec;
    for name in wanted.spec.config.keys() {
        spec.config_from.remove(name);
    }
    for name in wanted.spec.config_from.keys() {
        spec.config.remove(name);
    }
    spec.config.extend(wanted.spec.config);
    spec.config_from.extend(wanted.spec.config_from);
    spec.revision = wanted.spec.revision.or(spec.revision.take());
    let prefix = execution.metadata.generate_name.take();
    let given = execution.metadata.name.take();
    let made = || prefix.map(|prefix| format!("{prefix}{}", letters(5)));
    let name = wanted.name.or(given).or_else(made);
    execution.metadata.name = Some(name.unwrap_or_else(|| fresh_name(&execution.spec.workflow_ref.name)));
    execution
}

/// Makes the execution, and gives its name.
///
/// # Errors
/// When there is one of that name, or the cluster refuses it.
pub(crate) async fn create(session: &Session, mut execution: TestExecution) -> Result<String, Failure> {
    execution.metadata.namespace = Some(session.namespace.clone());
    let name = execution.metadata.name.clone().unwrap_or_default();
    match session.cluster.create(&execution, FIELD_MANAGER_CLI).await? {
        Created::Made(_) => Ok(name),
        Created::AlreadyExists => {
            Err(Failure::usage(format!("there is a TestExecution {name} in namespace {} already", session.namespace))
                .hint(format!("executions are records: choose another --name, or `{} rerun {name}`", called())))
        }
    }
}

#[cfg(test)]
mod tests {
    use assay_api::{ConfigSource, SecretKey};
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

    use super::*;

    #[test]
    fn arguments_go_before_the_manifest() {
        let text = |text: &str| IntOrString::String(text.to_owned());
        let source = |key: &str| ConfigSource { secret_key_ref: SecretKey { name: "s".into(), key: key.into() } };
        let mut given = new_execution(String::new(), TestExecutionSpec::default());
        given.metadata.name = None;
        given.metadata.generate_name = Some("smoke-".to_owned());
        given.spec.workflow_ref.name = "smoke".to_owned();
        given.spec.revision = Some("old".to_owned());
        given.spec.config = BTreeMap::from([("a".to_owned(), text("1")), ("b".to_owned(), text("2"))]);
        given.spec.config_from = BTreeMap::from([("c".to_owned(), source("c"))]);
        let spec = TestExecutionSpec {
            config: BTreeMap::from([("c".to_owned(), text("3"))]),
            config_from: BTreeMap::from([("b".to_owned(), source("b"))]),
            ..TestExecutionSpec::default()
        };
        let made = adopt(given.clone(), Wanted { name: None, spec: spec.clone() });
        assert!(made.metadata.name.as_deref().is_some_and(|name| name.starts_with("smoke-") && name.len() == 11));
        assert_eq!(made.metadata.generate_name, None);
        assert_eq!(made.spec.revision.as_deref(), Some("old"));
        assert_eq!(made.spec.config.keys().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(made.spec.config_from.keys().collect::<Vec<_>>(), ["b"]);
        let named = adopt(given, Wanted { name: Some("n".into()), spec });
        assert_eq!(named.metadata.name.as_deref(), Some("n"));
    }
}
