//! Somebody takes the pod away.

use std::time::Duration;

use assay_cluster_tests::{Manager, ManagerSettings, Namespace, PodSecurity};

use crate::Outcome;
use crate::trial::{PATIENCE, Pod, Trial};
use crate::workload::Workload;

const SOME_SECONDS: Workload = Workload::seconds(8);
/// What is ended before its end by the fault itself, however late that comes.
const LONG: Workload = Workload::seconds(60);
const NODE_LABEL: &str = "assay.dev/fault-suite";

/// No node has the label that the pod wants, so no step can begin before it is set.
pub(crate) fn deleted_before(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = SOME_SECONDS.with("pod: {nodeSelector: {assay.dev/fault-suite: 'yes'}}");
    let _unlabelled = Label(trial);
    trial.begin(&workload)?;
    let first = trial.pod(None)?;
    force_delete(trial, &first)?;
    trial.pod(Some(&first))?;
    label(trial, "=yes")?;
    trial.phase("Finished", PATIENCE * 2)?;
    Ok(workload)
}

/// Takes the label away whatever happened.
struct Label<'a>(&'a Trial<'a>);

impl Drop for Label<'_> {
    fn drop(&mut self) {
        label(self.0, "-").ok();
    }
}

fn label(trial: &Trial<'_>, value: &str) -> Outcome<()> {
    let label = format!("{NODE_LABEL}{value}");
    trial.lane.namespace.kubectl(&["label", "node", "--all", "--overwrite", &label])?;
    Ok(())
}

fn force_delete(trial: &Trial<'_>, pod: &Pod) -> Outcome<()> {
    trial.lane.namespace.kubectl(&["delete", "pod", &pod.name, "--force", "--grace-period=0"])?;
    Ok(())
}

pub(crate) fn deleted_during(trial: &Trial<'_>) -> Outcome<Workload> {
    trial.running(&LONG)?;
    trial.first_line()?;
    force_delete(trial, &trial.pod(None)?)?;
    Ok(LONG)
}

pub(crate) fn deleted_politely(trial: &Trial<'_>) -> Outcome<Workload> {
    trial.running(&LONG)?;
    trial.first_line()?;
    trial.lane.namespace.kubectl(&["delete", "pod", &trial.pod(None)?.name, "--wait=false"])?;
    Ok(LONG)
}

pub(crate) fn deleted_during_with_a_retry(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = SOME_SECONDS.with("infrastructure: {retries: 1}");
    trial.running(&workload)?;
    let first = trial.pod(None)?;
    force_delete(trial, &first)?;
    trial.pod(Some(&first))?;
    Ok(workload)
}

pub(crate) fn deleted_after(trial: &Trial<'_>) -> Outcome<Workload> {
    let workload = Workload { lines: 20, ..SOME_SECONDS };
    trial.begin(&workload)?;
    let pod = trial.pod(None)?;
    trial.phase("Finished", PATIENCE)?;
    force_delete(trial, &pod)?;
    // Whoever wanted to judge again has had the time.
    std::thread::sleep(Duration::from_secs(5));
    Ok(workload)
}

pub(crate) fn evicted(trial: &Trial<'_>) -> Outcome<Workload> {
    trial.running(&LONG)?;
    trial.first_line()?;
    let (pod, namespace) = (trial.pod(None)?.name, trial.lane.namespace.name());
    let eviction = format!(
        r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{pod}","namespace":"{namespace}"}}}}"#
    );
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/eviction");
    let kubectl = trial.lane.namespace.place().kubectl();
    kubectl.run_with(&["create", "--raw", &path, "-f", "-"], &eviction)?;
    Ok(LONG)
}

pub(crate) fn job_deleted(trial: &Trial<'_>) -> Outcome<Workload> {
    trial.running(&LONG)?;
    trial.first_line()?;
    let selector = format!("assay.dev/execution={}", trial.name);
    trial.lane.namespace.kubectl(&["delete", "jobs", "-l", &selector, "--wait=false"])?;
    Ok(LONG)
}

/// Another manager looks after a namespace that is deleted and made again: what
/// is executed there afterwards must run as if nothing had been.
pub(crate) fn namespace_deleted(trial: &Trial<'_>) -> Outcome<Workload> {
    let lane = trial.lane;
    let victim = Namespace::create(lane.namespace.place(), "faults-victim", PodSecurity::Open)?;
    trial.manager.hold()?;
    let watching = ManagerSettings { watched: victim.name().to_owned(), ..lane.settings.clone() };
    let mut manager = Manager::start(&watching, None)?;
    manager.ready(PATIENCE)?;
    let came = deleted_and_made_again(trial, &victim);
    let words = manager.last_words();
    let kills = manager.kills();
    manager.stop();
    trial.manager.release();
    trial.manager.ready(PATIENCE)?;
    came.map_err(|error| format!("{error}\n{words}"))?;
    if kills > 0 { Err("the manager was killed".into()) } else { Ok(SOME_SECONDS) }
}

fn deleted_and_made_again(trial: &Trial<'_>, victim: &Namespace) -> Outcome<()> {
    let kubectl = victim.place().kubectl();
    victim.apply_text(&LONG.manifest("it"))?;
    victim.execute("it-1", "it")?;
    let condition = "--for=jsonpath={.status.phase}=Running";
    victim.kubectl(&["wait", "tex/it-1", condition, "--timeout=120s"])?;
    kubectl.run(&["delete", "namespace", victim.name(), "--timeout=120s"])?;
    kubectl.run(&["create", "namespace", victim.name()])?;
    trial.until("an account in the new namespace", || victim.kubectl(&["get", "serviceaccount", "default"]).ok())?;
    victim.apply_text(&Workload { lines: 5, ..SOME_SECONDS }.manifest("it"))?;
    victim.execute("it-1", "it")?;
    let condition = "--for=jsonpath={.status.verdict}=passed";
    victim.kubectl(&["wait", "tex/it-1", condition, "--timeout=120s"])?;
    Ok(())
}
