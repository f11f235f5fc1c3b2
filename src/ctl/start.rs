//! `assay run`: makes an execution, and stays with it as long as was asked.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use assay_api::names::{FIELD_MANAGER_CLI, LABEL_WORKFLOW};
use assay_api::{TestExecution, TestExecutionSpec, TestWorkflow, WorkflowReference};
use assay_cluster::Created;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::follow::{Piece, follow};
use crate::manifest::{self, Manifest};
use crate::meant::{Mode, Place, RunTask, Source};
use crate::printer::Printer;
use crate::progress::{self, Watched};
use crate::remote::RemoteError;
use crate::screen::{Screen, paint};
use crate::session::Session;
use crate::{exit, summary};

/// Runs a workflow.
///
/// # Errors
/// When the manifest is wrong, or the execution cannot be made or followed.
pub(crate) async fn run(place: &Place, task: RunTask, screen: &mut Screen) -> Result<u8, Failure> {
    let manifest = match &task.source {
        Source::Workflow(_) => None,
        Source::Manifest(input) => Some(manifest::read_for_run(input, screen)?),
    };
    let mut session = Session::open(place).await?;
    let execution = match (&task.source, manifest) {
        (Source::Workflow(name), _) => {
            refuse_unknown(&session, name).await?;
            execution(name, &task)
        }
        (Source::Manifest(_), manifest) => {
            let manifest = manifest.unwrap_or_default();
            settle_namespace(&mut session, place, &manifest)?;
            from_manifest(&session, &task, manifest, screen).await?
        }
    };
    let name = create(&session, execution).await?;
    match task.mode {
        Mode::Leave => {
            screen.line(&format!("testexecution.assay.dev/{name}"))?;
            screen.note(&paint::dim(&format!("follow it with: assay -n {} logs {name} -f", session.namespace)))?;
            Ok(exit::PASSED)
        }
        Mode::Wait => {
            let end = progress::wait(&session, &name, screen).await?;
            conclude(&session, &end, screen)
        }
        Mode::Watch => {
            let end = watch(&session, &name, screen).await?;
            conclude(&session, &end, screen)
        }
    }
}

/// A workflow that is not there is said before an execution is made of it.
async fn refuse_unknown(session: &Session, name: &str) -> Result<(), Failure> {
    let namespace = &session.namespace;
    match session.cluster.get::<TestWorkflow>(namespace, name).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            let known = session.cluster.list::<TestWorkflow>(Some(namespace), None).await.unwrap_or_default();
            let names: Vec<String> = known.into_iter().filter_map(|workflow| workflow.metadata.name).collect();
            let failure = Failure::errored(format!("there is no TestWorkflow {name} in namespace {namespace}"));
            Err(match assay_expr::closest(name, names.iter().map(String::as_str)) {
                Some(closest) => failure.hint(format!("did you mean {closest}?")),
                None => {
                    failure.hint("`kubectl get twf` lists them; `-n` chooses the namespace, `-f` applies a manifest")
                }
            })
        }
        // Whoever may run need not be allowed to read; the operator will tell.
        Err(error) if error.forbidden() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Manifests that name a namespace decide it; two that differ contradict each other.
fn settle_namespace(session: &mut Session, place: &Place, manifest: &Manifest) -> Result<(), Failure> {
    let workflows = manifest.workflows.iter().map(|workflow| &workflow.metadata);
    let executions = manifest.executions.iter().map(|execution| &execution.metadata);
    let mut named: Vec<&String> = workflows.chain(executions).filter_map(|meta| meta.namespace.as_ref()).collect();
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
    task: &RunTask,
    mut manifest: Manifest,
    screen: &mut Screen,
) -> Result<TestExecution, Failure> {
    if manifest.executions.len() > 1 || (manifest.executions.is_empty() && manifest.workflows.len() != 1) {
        return Err(Failure::usage("the manifest must have one TestExecution, or one TestWorkflow"));
    }
    for workflow in &mut manifest.workflows {
        workflow.metadata.namespace = Some(session.namespace.clone());
        let applied = session.cluster.apply(workflow, FIELD_MANAGER_CLI).await?;
        let name = applied.metadata.name.unwrap_or_default();
        screen.note(&format!("testworkflow.assay.dev/{name} applied in namespace {}", session.namespace))?;
    }
    let Some(mut execution) = manifest.executions.pop() else {
        let workflow = manifest.workflows.pop().and_then(|workflow| workflow.metadata.name).unwrap_or_default();
        return Ok(self::execution(&workflow, task));
    };
    execution.spec.config.extend(task.config.clone());
    execution.spec.revision = task.revision.clone().or(execution.spec.revision);
    let prefix = execution.metadata.generate_name.take();
    if let Some(name) = &task.name {
        execution.metadata.name = Some(name.clone());
    } else if execution.metadata.name.is_none() {
        execution.metadata.name = prefix.map(|prefix| format!("{prefix}{}", random_end()));
    }
    if execution.metadata.name.is_none() {
        execution.metadata.name = Some(fresh_name(&execution.spec.workflow_ref.name));
    }
    Ok(execution)
}

fn execution(workflow: &str, task: &RunTask) -> TestExecution {
    let name = task.name.clone().unwrap_or_else(|| fresh_name(workflow));
    let spec = TestExecutionSpec {
        workflow_ref: WorkflowReference { name: workflow.to_owned() },
        config: task.config.clone(),
        revision: task.revision.clone(),
        cancel: false,
        ..TestExecutionSpec::default()
    };
    let labels = BTreeMap::from([(LABEL_WORKFLOW.to_owned(), assay_plan::label_value(workflow))]);
    let metadata = ObjectMeta { name: Some(name), labels: Some(labels), ..ObjectMeta::default() };
    TestExecution { metadata, spec, status: None }
}

/// The workflow's name, cut so that it stays readable in names made from it, and five random characters.
fn fresh_name(workflow: &str) -> String {
    let cut: String = workflow.chars().take(57).collect();
    format!("{}-{}", cut.trim_end_matches(['-', '.']), random_end())
}

/// Five characters that never form a word, as Kubernetes chooses them.
fn random_end() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    // Every state is seeded anew by the system's randomness.
    let mut number = RandomState::new().build_hasher().finish();
    let mut end = String::new();
    for _ in 0..5 {
        let count = LETTERS.len() as u64;
        end.push(char::from(LETTERS[usize::try_from(number % count).unwrap_or(0)]));
        number /= count;
    }
    end
}

async fn create(session: &Session, mut execution: TestExecution) -> Result<String, Failure> {
    execution.metadata.namespace = Some(session.namespace.clone());
    let name = execution.metadata.name.clone().unwrap_or_default();
    match session.cluster.create(&execution, FIELD_MANAGER_CLI).await? {
        Created::Made(_) => Ok(name),
        Created::AlreadyExists => {
            Err(Failure::usage(format!("there is a TestExecution {name} in namespace {} already", session.namespace))
                .hint("executions are records: choose another --name, or leave it out"))
        }
    }
}

fn conclude(session: &Session, end: &TestExecution, screen: &mut Screen) -> Result<u8, Failure> {
    for line in summary::lines(end) {
        screen.line(&line)?;
    }
    screen.flush()?;
    let (namespace, name) = (&session.namespace, end.metadata.name.as_deref().unwrap_or_default());
    screen.note(&paint::dim(&format!("more: assay -n {namespace} describe {name}")))?;
    let status = end.status.as_ref();
    let verdict = status.and_then(|status| status.verdict);
    Ok(verdict.map_or(exit::ERRORED, |verdict| exit::of(verdict, status.and_then(|status| status.reason))))
}

/// How long the rest of a log may take once the verdict is known.
const REST_OF_LOG: Duration = Duration::from_secs(10);

/// Shows the log as it grows, until the verdict is final and the log complete.
async fn watch(session: &Session, name: &str, screen: &mut Screen) -> Result<TestExecution, Failure> {
    let mut watched = Watched::new(session, name);
    let mut pieces = Some(follow(session.remote(name), "follow=true".to_owned()));
    let mut printer = Printer::new(false, true);
    let mut end: Option<TestExecution> = None;
    let mut phase = None;
    let patience = tokio::time::sleep(Duration::MAX);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            biased;
            piece = next_piece(&mut pieces) => {
                if show(piece, &mut printer, screen, end.is_some())? {
                    pieces = None;
                }
            }
            state = watched.next(), if end.is_none() => {
                let state = state?;
                learn(&state, &mut printer);
                if progress::is_final(&state) {
                    patience.as_mut().reset(tokio::time::Instant::now() + REST_OF_LOG);
                    end = Some(state);
                } else if let Some(now) = state.status.as_ref().map(|status| status.phase)
                    && phase.replace(now) != Some(now)
                {
                    screen.note(&paint::dim(&format!("{name}: {now}")))?;
                }
            }
            () = &mut patience => {
                screen.note("the rest of the log did not come; `assay logs` shows it once the server is there")?;
                pieces = None;
            }
        }
        if pieces.is_none()
            && let Some(end) = end.take()
        {
            printer.finish(screen)?;
            return Ok(end);
        }
    }
}

fn learn(execution: &TestExecution, printer: &mut Printer) {
    for step in execution.status.iter().flat_map(|status| &status.steps) {
        printer.name(&step.id, &step.name);
    }
}

async fn next_piece(pieces: &mut Option<mpsc::Receiver<Piece>>) -> Piece {
    match pieces {
        Some(pieces) => pieces.recv().await.unwrap_or(Piece::End),
        None => std::future::pending().await,
    }
}

/// Shows a piece of the log. `true` when no more is to be expected.
fn show(piece: Piece, printer: &mut Printer, screen: &mut Screen, ended: bool) -> Result<bool, Failure> {
    match piece {
        Piece::Event(event) => {
            printer.print(&event, screen)?;
            Ok(false)
        }
        Piece::End => Ok(true),
        // After the last step there is nothing to wait for; an execution that never began has no log.
        Piece::Away(RemoteError::Absent(_)) if ended => Ok(true),
        Piece::Away(error) if ended => {
            screen.note(&progress::log_missing(&error))?;
            Ok(true)
        }
        Piece::Away(_) => Ok(false),
        Piece::Refused(error) => {
            screen.note(&progress::log_missing(&error))?;
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_names_are_names() {
        for workflow in ["first", "a", &"x".repeat(253), &format!("{}-.-b", "y".repeat(55))] {
            let name = fresh_name(workflow);
            assert!(crate::meant::is_name(&name) && name.len() <= 63, "{name}");
            assert_ne!(name, fresh_name(workflow));
        }
    }
}
