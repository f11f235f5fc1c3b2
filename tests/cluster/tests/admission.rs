//! Whoever applies something wrong hears so at once, in the words of `assay validate`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use assay_cluster_tests::{
    BadInput, Execution, Namespace, Output, Place, PodSecurity, SYSTEM, bad_inputs, wait_for, wait_for_admission,
};

const DENIED: &str = "admission webhook \"validate.assay.dev\" denied the request: ";
/// The API server has heard of a label, or of a pod, by then.
const HEARD: Duration = Duration::from_secs(60);
/// Inputs that are tried side by side.
const WORKERS: usize = 4;
/// Longest warning that the server sends.
const WARNING: usize = 240;
/// One test sends the manager away.
static TURN: Mutex<()> = Mutex::new(());

/// Three mistakes.
const WRONG: &str = "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {name: wrong}
spec:
  container: {image: 'localhost:5000/assay/busybox:dev'}
  services: {db: {image: x}}
  steps:
  - {shell: 'true', condition: steps.soon.status == 'passed'}
  - {shell: 'true', run: {command: [a]}}
";

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn namespace() -> Namespace {
    Namespace::create(Place::shared(), "admission", PodSecurity::Open).expect("a namespace")
}

fn apply(namespace: &Namespace, manifest: &str, more: &[&str]) -> Output {
    let arguments = [&["-n", namespace.name(), "apply", "-f", "-"], more].concat();
    namespace.place().kubectl().answer_to(&arguments, manifest).expect("kubectl apply")
}

/// What the webhook said.
fn denied(output: &Output) -> &str {
    let said = output.stderr.split_once(DENIED).map(|(_, said)| said.trim_end());
    said.unwrap_or_else(|| panic!("the webhook did not refuse: {output:?}"))
}

/// What `assay validate` says of a manifest, a line each, without file and place.
fn validated(manifest: &str) -> Vec<String> {
    let output = Place::shared().assay().answer_to(&["validate", "-"], manifest).expect("assay validate");
    assert_ne!(output.code, 0, "{output:?}");
    output.stdout.lines().filter_map(|line| line.split_once(": ")).map(|(_, said)| said.to_owned()).collect()
}

#[test]
fn a_wrong_workflow_is_refused_with_what_validate_says() {
    let _turn = turn();
    let namespace = namespace();
    let said = validated(WRONG);
    assert_eq!(said.len(), 3, "{said:?}");
    for more in [&[][..], &["--dry-run=server"], &["--server-side"]] {
        let refused = apply(&namespace, WRONG, more);
        let mut lines: Vec<&str> = denied(&refused).lines().collect();
        assert_eq!(lines.remove(0), "3 mistakes");
        let mut lines: Vec<&str> = lines.iter().map(|line| line.trim_start_matches("  - ")).collect();
        let mut wanted: Vec<&str> = said.iter().map(String::as_str).collect();
        lines.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(lines, wanted, "{more:?}");
    }
    let left = namespace.kubectl(&["get", "twf", "-o", "name"]).expect("kubectl get");
    assert_eq!(left, "");
}

#[test]
fn a_wrong_template_and_a_wrong_execution_are_refused() {
    let _turn = turn();
    let namespace = namespace();
    let template = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflowTemplate\nmetadata: {name: wrong}\nspec:\n  steps:\n  - {shell: 'true', run: {command: [a]}}\n";
    let refused = apply(&namespace, template, &[]);
    assert_eq!([denied(&refused).to_owned()], validated(template)[..], "{refused:?}");

    let workflow = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: it}\nspec:\n  config: {users: {type: integer, maximum: 5}, url: {}}\n  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps: [{shell: echo}]\n";
    assert_eq!(apply(&namespace, workflow, &[]).code, 0);
    let execution = |config: &str| {
        format!(
            "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {{name: it-1}}\nspec:\n  workflowRef: {{name: it}}\n  config: {config}\n"
        )
    };
    let refused = apply(&namespace, &execution("{users: 7, ulr: x}"), &[]);
    let said = denied(&refused);
    for part in [
        "3 mistakes",
        "spec.config.ulr: ",
        "did you mean `url`?",
        "spec.config.users: 7 is more than 5",
        "spec.config.url: ",
    ] {
        assert!(said.contains(part), "`{part}` is not in {said}");
    }
    let accepted = apply(&namespace, &execution("{users: 3, url: x}"), &["--dry-run=server"]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    assert_eq!(namespace.kubectl(&["get", "tex", "-o", "name"]).expect("kubectl get"), "", "a dry run leaves nothing");

    let elsewhere = execution("{}").replace("{name: it}", "{name: nowhere}");
    let warned = apply(&namespace, &elsewhere, &["--dry-run=server"]);
    assert!(warned.code == 0 && warned.stderr.contains("`nowhere` does not exist yet"), "{warned:?}");
}

#[test]
fn a_wrong_gate_and_a_wrong_grant_are_refused() {
    let _turn = turn();
    let namespace = namespace();
    let object = |kind: &str, spec: &str| {
        format!("apiVersion: assay.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: wrong}}\nspec:\n{spec}")
    };
    let gate = "  delivery: {kind: Application, name: web}\n  workflows: [{name: a}, {name: a}]\n";
    let grant = "  repository: https://bot:secret@git.example/a/b\n  branches: [main]\n  namespaces: [shop]\n";
    for (kind, spec) in [("TestGate", gate), ("GitWriteAccess", grant)] {
        let manifest = object(kind, spec);
        let refused = apply(&namespace, &manifest, &["--dry-run=server"]);
        assert_eq!([denied(&refused).to_owned()], validated(&manifest)[..], "{refused:?}");
    }
}

#[test]
fn a_namespace_may_be_left_alone_and_old_mistakes_may_be_labelled() {
    let _turn = turn();
    let namespace = namespace();
    let label = |value: &str| {
        namespace.place().kubectl().run(&["label", "namespace", namespace.name(), value]).expect("a label");
    };
    label("assay.dev/admission=ignore");
    // The API server hears of the label a moment later.
    let accepted = wait_for(HEARD, || Some(apply(&namespace, WRONG, &[])).filter(|it| it.code == 0));
    assert!(accepted.is_some(), "the label is not obeyed");
    label("assay.dev/admission-");
    // A dry run: what slips through changes nothing, so that the next one is asked about too.
    let again = wait_for(HEARD, || {
        Some(apply(&namespace, &WRONG.replace("soon", "later"), &["--dry-run=server"])).filter(|it| it.code != 0)
    });
    assert!(denied(&again.expect("the webhook is asked again")).contains("later"));

    namespace.kubectl(&["label", "twf", "wrong", "team=shop"]).expect("metadata may change");
    same_as_validated(&operator_says(&namespace));
}

fn same_as_validated(said: &str) {
    for mistake in validated(WRONG) {
        assert!(said.contains(&mistake), "`{mistake}` is not in {said}");
    }
}

/// What stands in `Ready=False` of the wrong workflow.
fn operator_says(namespace: &Namespace) -> String {
    let said = wait_for(Duration::from_secs(120), || {
        let text = namespace.kubectl(&["get", "twf", "wrong", "-o", "json"]).ok()?;
        let messages = Execution::parse(&text).each("/status/conditions", "message");
        messages.into_iter().find(|message| message.contains("spec.services"))
    });
    said.expect("the operator says what is wrong, too")
}

/// The manager, scaled to nothing as long as this value is.
struct Away;

impl Away {
    fn now() -> Self {
        let away = Self;
        Self::scale("--replicas=0");
        let gone =
            ["-n", SYSTEM, "wait", "pod", "-l", "app.kubernetes.io/name=assay", "--for=delete", "--timeout=120s"];
        Place::shared().kubectl().run(&gone).expect("the manager goes");
        away
    }

    fn scale(replicas: &str) {
        Place::shared().kubectl().answer(&["-n", SYSTEM, "scale", "deployment/assay", replicas]).ok();
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        Self::scale("--replicas=1");
        let back = ["-n", SYSTEM, "rollout", "status", "deployment/assay", "--timeout=180s"];
        Place::shared().kubectl().answer(&back).ok();
        wait_for_admission(Place::shared());
    }
}

#[test]
fn while_the_manager_is_away_everything_is_accepted_and_judged_later() {
    let _turn = turn();
    let namespace = namespace();
    let away = Away::now();
    let accepted = apply(&namespace, WRONG, &[]);
    drop(away);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    same_as_validated(&operator_says(&namespace));
    // The API server finds the way to the new pod a moment after it is ready.
    let refused = wait_for(HEARD, || {
        Some(apply(&namespace, &WRONG.replace("soon", "never"), &["--dry-run=server"])).filter(|it| it.code != 0)
    });
    assert!(denied(&refused.expect("the webhook is asked again")).contains("never"));
}

#[test]
fn every_bad_input_of_the_table_is_answered_with_its_diagnostic() {
    let _turn = turn();
    let (namespace, inputs) = (namespace(), bad_inputs());
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::repeat_with(|| inputs.get(next.fetch_add(1, Ordering::Relaxed)));
        taken.map_while(|input| input).filter_map(|input| wrongly_answered(&namespace, input)).collect::<Vec<_>>()
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no answer panics")).collect()
    });
    assert!(wrong.is_empty(), "{} of {} inputs\n{}", wrong.len(), inputs.len(), wrong.join("\n"));
}

/// What is wrong with the answer to an input.
fn wrongly_answered(namespace: &Namespace, input: &BadInput) -> Option<String> {
    let ask = || apply(namespace, &input.manifest("it").to_string(), &["--dry-run=server", "--validate=false"]);
    let mut output = ask();
    if output.code == 0 && input.is_error {
        // Where the manager was too busy to answer in time, the API server accepts it.
        output = ask();
    }
    let field = input.says.split_once(": ").map_or("", |(field, _)| field);
    let (refused, wanted) = match input.by_definition {
        Some(words) => (true, format!("{field} in body {words}\n")),
        None if input.is_error => (true, format!("{DENIED}{}\n", input.says)),
        None => (false, format!("Warning: {}", input.says.chars().take(WARNING).collect::<String>())),
    };
    let right = (output.code != 0) == refused && output.stderr.contains(&wanted);
    (!right).then(|| format!("{}\n  wanted {wanted}\n  {output:?}", input.written))
}
