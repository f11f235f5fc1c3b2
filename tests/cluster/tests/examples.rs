//! Every example does what its `expect.yaml` says, run as a user would run it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use assay_cluster_tests::{Case, CommandError, Execution, ExpectedTests, Namespace, Output, Place, PodSecurity, cases};

const LIMIT: Duration = Duration::from_secs(120);
/// Cases at a time: most of their time they wait.
const WORKERS: usize = 3;
/// Name of the execution that a case runs.
const NAME: &str = "it";

#[test]
fn every_example_ends_as_it_says() {
    let place = Place::shared();
    let cases = cases(place.root());
    assert!(cases.len() >= 40, "only {} cases were found under examples/", cases.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::repeat_with(|| cases.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.map_while(|case| case).filter_map(|case| check(case).err()).collect::<Vec<String>>()
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no check panics")).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let title = format!("{}/{}", case.folder.file_name().unwrap_or_default().display(), case.name);
    println!("{title}");
    let failed = |error: CommandError| format!("{title}: {error}");
    let security = if case.restricted { PodSecurity::Restricted } else { PodSecurity::Open };
    let namespace = Namespace::create(Place::shared(), "example", security).map_err(failed)?;
    if case.expect.reason == "ConfigInvalid" {
        // With the webhook there would be no execution at all; the operator's own words are wanted here.
        namespace.ignore_admission().map_err(failed)?;
    }
    let applied = case.apply.iter().try_for_each(|file| {
        let path = case.folder.join(file).to_string_lossy().into_owned();
        namespace.kubectl(&["apply", "-f", &path]).map(drop)
    });
    if !case.expect.apply_error.is_empty() {
        let refusal = applied.err().map(|error| error.to_string()).unwrap_or_default();
        let wrong = missing("refusal", &refusal, &case.expect.apply_error);
        return if wrong.is_empty() { Ok(()) } else { Err(format!("{title}: {}", wrong.join("\n"))) };
    }
    applied.map_err(failed)?;
    await_deployments(&namespace).map_err(failed)?;
    let (name, run) = thread::scope(|scope| {
        let resumed = scope.spawn(|| resume(case, &namespace));
        let started = start(case, &namespace).map_err(failed);
        let resumed = resumed.join().expect("waiting does not panic");
        started.and_then(|started| resumed.map(|()| started).map_err(|why| format!("{title}: {why}")))
    })?;
    let Some(execution) = namespace.execution_when(&name, LIMIT, |execution| execution.verdict().is_some()) else {
        let state = namespace.kubectl(&["get", "tex,jobs,pods", "-o", "wide"]).unwrap_or_default();
        return Err(format!("{title}: no verdict after {} s\n{state}\n{run:?}", LIMIT.as_secs()));
    };
    let wrong = compare(case, &namespace, &execution, &name, run.as_ref().map(|run| run.code));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{title}\n  {}\n{run:?}\n{:#}", wrong.join("\n  "), execution.value()["status"]))
}

fn await_deployments(namespace: &Namespace) -> Result<(), CommandError> {
    if namespace.kubectl(&["get", "deployments", "-o", "name"])?.trim().is_empty() {
        return Ok(());
    }
    let condition = "--for=condition=Available";
    namespace.kubectl(&["wait", "deployment", "--all", condition, "--timeout=180s"]).map(drop)
}

/// Runs the case's workflow as a user would, unless the files made an execution themselves.
fn start(case: &Case, namespace: &Namespace) -> Result<(String, Option<Output>), CommandError> {
    if let Some(execution) = &case.execution {
        return Ok((execution.clone(), None));
    }
    let workflow = case.workflow.as_deref().expect("a case names a workflow or an execution");
    let typed = |(name, value): (&String, &String)| format!("{name}={value}");
    let settings: Vec<String> = case.config.iter().map(typed).collect();
    let secrets: Vec<String> = case.secret_config.iter().map(typed).collect();
    let mut arguments = vec!["run", workflow, "--name", NAME, "--wait"];
    arguments.extend(settings.iter().flat_map(|setting| ["--config", setting.as_str()]));
    arguments.extend(secrets.iter().flat_map(|secret| ["--secret-config", secret.as_str()]));
    let run = namespace.assay(&arguments)?;
    Ok((NAME.to_owned(), Some(run)))
}

/// Lets the execution go on before each step that the case names, once it holds there.
fn resume(case: &Case, namespace: &Namespace) -> Result<(), String> {
    case.resume.iter().try_for_each(|step| {
        let holds = |execution: &Execution| {
            execution.text("/status/phase") == "Paused" && states(execution).contains(&(step.clone(), "paused".into()))
        };
        if namespace.execution_when(NAME, LIMIT, holds).is_none() {
            let now = namespace.execution(NAME).map(|execution| execution.value()["status"].clone());
            // Whoever waits for its end need not wait for the longest pause.
            namespace.kubectl(&["delete", "tex", NAME, "--wait=false"]).ok();
            return Err(format!("it does not hold before `{step}`: {now:?}"));
        }
        let answer = namespace.assay(&["resume", NAME, "--step", step]).map_err(|error| error.to_string())?;
        (answer.code == 0).then_some(()).ok_or_else(|| format!("`assay resume` said {answer:?}"))
    })
}

/// Handle and state of each step.
fn states(execution: &Execution) -> Vec<(String, String)> {
    let (ids, states) = (execution.each("/status/steps", "id"), execution.each("/status/steps", "state"));
    ids.into_iter().zip(states).collect()
}

fn compare(case: &Case, namespace: &Namespace, execution: &Execution, name: &str, code: Option<i32>) -> Vec<String> {
    let expect = &case.expect;
    let mut wrong = Vec::new();
    let mut same = |what: &str, wanted: String, got: String| {
        if wanted != got {
            wrong.push(format!("{what}: wanted {wanted}, got {got}"));
        }
    };
    same("verdict", expect.verdict.clone(), execution.text("/status/verdict"));
    same("reason", expect.reason.clone(), execution.text("/status/reason"));
    if let Some(code) = code {
        same("exit code", expect.exit_code.to_string(), code.to_string());
    }
    if let Some(tests) = expect.tests {
        same("tests", format!("{tests:?}"), format!("{:?}", counts(execution)));
    }
    let listed = namespace.assay(&["artifacts", "ls", name]).map(|output| output.stdout).unwrap_or_default();
    let log = namespace.assay(&["logs", name]).map(|output| output.stdout).unwrap_or_default();
    let message = execution.text("/status/message");
    wrong.extend(missing("artifacts", &listed, &expect.artifacts));
    wrong.extend(missing("log", &log, &expect.log_contains));
    wrong.extend(missing("message", &message, &expect.message_contains));
    let unwanted = expect.log_lacks.iter().filter(|text| log.contains(*text));
    wrong.extend(unwanted.map(|text| format!("log: has `{text}`")));
    wrong
}

fn counts(execution: &Execution) -> ExpectedTests {
    let count = |name: &str| execution.number(&format!("/status/tests/{name}"));
    ExpectedTests {
        total: count("total"),
        passed: count("passed"),
        failed: count("failed"),
        skipped: count("skipped"),
        flaky: count("flaky"),
    }
}

fn missing(what: &str, text: &str, wanted: &[String]) -> Vec<String> {
    wanted
        .iter()
        .filter(|part| !text.contains(*part))
        .map(|part| format!("{what}: lacks `{part}` in\n{text}"))
        .collect()
}
