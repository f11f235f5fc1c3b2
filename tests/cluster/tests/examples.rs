//! Every example does what its `expect.yaml` says, run as a user would run it.

use std::time::Duration;

use assay_cluster_tests::{Case, CommandError, Execution, ExpectedTests, Namespace, Output, Place, PodSecurity, cases};

const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn every_example_ends_as_it_says() {
    let place = Place::shared();
    let cases = cases(place.root());
    assert!(cases.len() >= 6, "only {} cases were found under examples/", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let title = format!("{}/{}", case.folder.file_name().unwrap_or_default().display(), case.name);
    println!("{title}");
    let failed = |error: CommandError| format!("{title}: {error}");
    let namespace = Namespace::create(Place::shared(), "example", PodSecurity::Open).map_err(failed)?;
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
    let (name, run) = start(case, &namespace).map_err(failed)?;
    let execution = namespace.finished(&name, LIMIT);
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
    namespace.kubectl(&["wait", "deployment", "--all", condition, "--timeout=60s"]).map(drop)
}

/// Runs the case's workflow as a user would, unless the files made an execution themselves.
fn start(case: &Case, namespace: &Namespace) -> Result<(String, Option<Output>), CommandError> {
    if let Some(execution) = &case.execution {
        return Ok((execution.clone(), None));
    }
    let workflow = case.workflow.as_deref().expect("a case names a workflow or an execution");
    let settings: Vec<String> = case.config.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut arguments = vec!["run", workflow, "--name", "it", "--wait"];
    arguments.extend(settings.iter().flat_map(|setting| ["--config", setting.as_str()]));
    let run = namespace.assay(&arguments)?;
    Ok(("it".to_owned(), Some(run)))
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
