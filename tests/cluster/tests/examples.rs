//! Every example does what its `expect.yaml` says, run as a user would run it.

use assay_cluster_tests::{Case, Execution, ExpectedTests, Namespace, Place, PodSecurity, cases};

#[test]
fn every_example_ends_as_it_says() {
    let place = Place::shared();
    let cases = cases(place.root());
    assert!(cases.len() >= 6, "only {} cases were found under examples/", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let title = format!("{} {}", case.folder.display(), case.workflow);
    println!("{title}");
    let namespace = Namespace::create(Place::shared(), "example", PodSecurity::Open).map_err(|e| e.to_string())?;
    for file in &case.apply {
        let path = case.folder.join(file).to_string_lossy().into_owned();
        namespace.kubectl(&["apply", "-f", &path]).map_err(|error| format!("{title}: {error}"))?;
    }
    if namespace.kubectl(&["get", "deployments", "-o", "name"]).is_ok_and(|names| !names.trim().is_empty()) {
        namespace
            .kubectl(&["wait", "deployment", "--all", "--for=condition=Available", "--timeout=60s"])
            .map_err(|error| format!("{title}: {error}"))?;
    }
    let mut arguments = vec!["run".to_owned(), case.workflow.clone(), "--name".into(), "it".into(), "--wait".into()];
    for (name, value) in &case.config {
        arguments.extend(["--config".to_owned(), format!("{name}={value}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = namespace.assay(&arguments).map_err(|error| error.to_string())?;
    let execution = namespace.execution("it").map_err(|error| format!("{title}: {error}\n{run:?}"))?;
    let wrong = compare(case, &namespace, &execution, run.code);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{title}\n  {}\n{}{}\n{:#}", wrong.join("\n  "), run.stdout, run.stderr, execution.value()["status"]))
}

fn compare(case: &Case, namespace: &Namespace, execution: &Execution, code: i32) -> Vec<String> {
    let expect = &case.expect;
    let mut wrong = Vec::new();
    let mut same = |what: &str, wanted: String, got: String| {
        if wanted != got {
            wrong.push(format!("{what}: wanted {wanted}, got {got}"));
        }
    };
    same("verdict", expect.verdict.clone(), execution.text("/status/verdict"));
    same("reason", expect.reason.clone(), execution.text("/status/reason"));
    same("exit code", expect.exit_code.to_string(), code.to_string());
    if let Some(tests) = expect.tests {
        same("tests", format!("{tests:?}"), format!("{:?}", counts(execution)));
    }
    let listed = namespace.assay(&["artifacts", "ls", "it"]).map(|output| output.stdout).unwrap_or_default();
    let log = namespace.assay(&["logs", "it"]).map(|output| output.stdout).unwrap_or_default();
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
    wanted.iter().filter(|part| !text.contains(*part)).map(|part| format!("{what}: lacks `{part}` in\n{text}")).collect()
}
