//! Executions as hooks of Argo CD.

use assay_cluster_tests::{App, Behaviour, Board, Engine, Object, Outcome, Plan, World};
use serde_json::json;

use crate::suite::{Figures, Suite, holds};

/// The file of the hook in the app's folder.
const FILE: &str = "apps/web/hook.yaml";

/// An execution of the app's own tests, as a hook.
fn hook(naming: &str, phase: &str, policy: &str, workflow: &str) -> String {
    format!(
        "apiVersion: assay.dev/v1alpha1
kind: TestExecution
metadata:
  {naming}
  annotations:
    argocd.argoproj.io/hook: {phase}
    argocd.argoproj.io/hook-delete-policy: {policy}
spec:
  workflowRef:
    name: {workflow}
"
    )
}

fn smoke(phase: &str) -> String {
    hook("name: smoke", phase, "BeforeHookCreation", "web-smoke")
}

/// Without a gate: the hook judges.
fn plan() -> Plan {
    Plan::new(Engine::Argo).gateless()
}

/// The Application, once its operation at a revision is over.
fn ended(world: &World, revision: &str) -> Outcome<Object> {
    world.delivery_when(App::Web, &format!("the operation at {revision} is over"), |app| {
        app.text("/status/operationState/syncResult/revision") == revision
            && ["Succeeded", "Failed", "Error"].contains(&app.text("/status/operationState/phase"))
    })
}

/// Phase and message of the hook in the result of the operation.
fn result(app: &Object) -> (String, String) {
    let all = app.list("/status/operationState/syncResult/resources");
    let ours = all.iter().find(|resource| resource["kind"] == "TestExecution");
    let text = |field: &str| ours.and_then(|ours| ours[field].as_str()).unwrap_or_default().to_owned();
    (text("hookPhase"), text("message"))
}

/// From the verdict of the execution to the end of the operation.
fn noticed(world: &World, verdict: &str, phase: &str) -> Figures {
    let (name, delivery) = (world.name(), world.delivery_name(App::Web));
    let heard = world.live().now(|board: &Board| {
        let moments = board.moments(name);
        let of = |kind: &str, what: &str| {
            moments.iter().find(|moment| moment.kind == kind && moment.now.contains(what)).map(|moment| moment.at)
        };
        let over =
            moments.iter().find(|moment| moment.name == delivery && moment.now.contains(&format!("operation {phase}")));
        Some((of("TestExecution", verdict)?, over?.at))
    });
    let Some((judged, over)) = heard else { return Vec::new() };
    vec![("verdict noticed after".to_owned(), over.duration_since(judged).as_secs_f64())]
}

pub(crate) fn passes(suite: &Suite) -> Outcome<Figures> {
    suite.within("hook", plan().file(FILE, &smoke("PostSync")), |world| {
        let first = world.begin_with(&Behaviour::good("1.0.0"))?;
        let app = ended(world, &first)?;
        let (phase, message) = result(&app);
        let execution = world.namespace().execution("smoke")?;
        holds(app.text("/status/operationState/phase") == "Succeeded", || format!("{:#}", app.0["status"]))?;
        holds(phase == "Succeeded" && message == execution.text("/status/message"), || {
            format!("the hook is {phase}: `{message}`, the execution says `{}`", execution.text("/status/message"))
        })?;
        holds(execution.text("/status/delivery/revision") == first, || format!("{:#}", execution.value()["status"]))?;
        Ok(noticed(world, "passed", "Succeeded"))
    })
}

pub(crate) fn fails(suite: &Suite) -> Outcome<Figures> {
    suite.within("hook", plan().file(FILE, &smoke("PostSync")), |world| {
        let first = world.begin_with(&Behaviour::bad("1.0.0"))?;
        let app = ended(world, &first)?;
        let (phase, message) = result(&app);
        holds(app.text("/status/operationState/phase") == "Failed", || format!("{:#}", app.0["status"]))?;
        holds(phase == "Failed" && message.contains("1 of 2 tests failed"), || format!("{phase}: {message}"))?;
        Ok(noticed(world, "failed", "Failed"))
    })
}

pub(crate) fn before(suite: &Suite) -> Outcome<Figures> {
    suite.within("hook", plan(), |world| {
        let first = world.begin_with(&Behaviour::bad("1.0.0"))?;
        ended(world, &first)?;
        let mut files = world.files(App::Web, &Behaviour::good("1.1.0"))?;
        files.push((FILE.to_owned(), smoke("PreSync")));
        let second = world.repository().change("Ask before", &files)?;
        world.nudge()?;
        let app = ended(world, &second)?;
        holds(app.text("/status/operationState/phase") == "Failed", || format!("{:#}", app.0["status"]))?;
        let path = "jsonpath={.data.version}";
        let version = world.kubectl(&["-n", world.name(), "get", "configmap", "web", "-o", path])?;
        holds(version.trim() == "1.0.0", || format!("version {version} was applied"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn after_failure(suite: &Suite) -> Outcome<Figures> {
    let note = "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {name: note}
spec:
  container: {image: 'localhost:5000/assay/busybox:dev'}
  steps: [{shell: 'echo noted'}]
";
    let plan = plan()
        .file(FILE, &smoke("PostSync"))
        .file("apps/web/note.yaml", note)
        .file("apps/web/after.yaml", &hook("name: after", "SyncFail", "BeforeHookCreation", "note"));
    suite.within("hook", plan, |world| {
        let first = world.begin_with(&Behaviour::bad("1.0.0"))?;
        let app = ended(world, &first)?;
        holds(app.text("/status/operationState/phase") == "Failed", || format!("{:#}", app.0["status"]))?;
        let after = world.namespace().execution("after")?;
        holds(after.verdict().as_deref() == Some("passed"), || format!("{:#}", after.value()["status"]))?;
        Ok(Vec::new())
    })
}

pub(crate) fn retries(suite: &Suite) -> Outcome<Figures> {
    let retry = json!({"limit": 1, "backoff": {"duration": "1s", "factor": 1, "maxDuration": "5s"}});
    let plan = plan().file(FILE, &smoke("PostSync")).delivery(json!({"spec": {"syncPolicy": {"retry": retry}}}));
    suite.within("hook", plan, |world| {
        let first = world.begin_with(&Behaviour::bad("1.0.0"))?;
        let attempt = |number: i64| {
            world.live().until(&format!("attempt {number}"), crate::own::PATIENCE, |board| {
                let execution = board.get("TestExecution", world.name(), "smoke")?;
                let is = execution.number("/status/delivery/attempt") == number;
                is.then(|| execution.text("/metadata/uid").to_owned())
            })
        };
        let (one, two) = (attempt(1)?, attempt(2)?);
        holds(one != two, || "both attempts are one execution".to_owned())?;
        let app = ended(world, &first)?;
        let state = &app.0["status"]["operationState"];
        holds(state["phase"] == "Failed" && state["retryCount"] == 1, || format!("{state:#}"))?;
        Ok(Vec::new())
    })
}

pub(crate) fn evidence(suite: &Suite) -> Outcome<Figures> {
    let hook = hook("generateName: smoke-", "PostSync", "HookSucceeded", "web-smoke");
    suite.within("hook", plan().file(FILE, &hook), |world| {
        let first = world.begin_with(&Behaviour::good("1.0.0"))?;
        let app = ended(world, &first)?;
        holds(app.text("/status/operationState/phase") == "Succeeded", || format!("{:#}", app.0["status"]))?;
        let all = app.list("/status/operationState/syncResult/resources");
        let ours = all.iter().find(|resource| resource["kind"] == "TestExecution");
        let name = ours.and_then(|ours| ours["name"].as_str()).ok_or("no hook in the result")?.to_owned();
        world.live().until("Argo CD deletes the hook", crate::own::PATIENCE, |board| {
            board.get("TestExecution", world.name(), &name).is_none().then_some(())
        })?;
        let log = world.namespace().assay(&["logs", &name])?;
        holds(log.code == 0 && log.stdout.contains("2 tests passed"), || format!("the log says {log:?}"))?;
        let files = world.namespace().assay(&["artifacts", "ls", &name])?;
        holds(files.stdout.contains("report.xml"), || format!("the files are {files:?}"))?;
        Ok(Vec::new())
    })
}
