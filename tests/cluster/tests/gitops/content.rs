//! What a revision delivers is judged once: by another name it is the same, with other values it is another one.

use assay_cluster_tests::{App, Engine, Object, Outcome, Plan, World};
use serde_json::json;

use crate::refusals::{answers, unchanged};
use crate::suite::{Figures, Suite, holds};

/// Patches of the Kustomization that change the price, and have the pods see it.
fn another_price() -> serde_json::Value {
    let price = "#!/bin/sh\\necho \\\"Content-Type: text/plain\\\"\\necho\\necho 1191\\n";
    let of = |kind: &str, path: &str, value: &str| {
        json!({"target": {"kind": kind, "name": "web"}, "patch":
            format!("- {{op: replace, path: {path}, value: \"{value}\"}}")})
    };
    let restart = "/spec/template/metadata/annotations/shop.example.com~1version";
    json!([of("ConfigMap", "/data/price", price), of("Deployment", restart, "1.1.0")])
}

pub(crate) fn same_content(suite: &Suite) -> Outcome<Figures> {
    suite.within("same", Plan::new(Engine::Flux).delivery(json!({"spec": {"wait": false}})), |world| {
        world.begin()?;
        let tested = runs(world)?;
        let elsewhere = [("NOTES.md".to_owned(), "Noted.\n".to_owned())];
        let second = world.repository().change("Write something down", &elsewhere)?;
        world.nudge()?;
        let judged = |gate: &Object, verdict: &str| {
            gate.text("/status/current/revision") == second && gate.text("/status/current/verdict") == verdict
        };
        world.gate_when(App::Web, "takes the verdict over", |gate| judged(gate, "passed"))?;
        holds(runs(world)? == tested, || "the same content was tested again".to_owned())?;
        let patch = json!({"spec": {"patches": another_price()}}).to_string();
        let name = world.delivery_name(App::Web);
        world.kubectl(&["-n", world.name(), "patch", "kustomization", &name, "--type=merge", "-p", &patch])?;
        world.gate_when(App::Web, "judges what it is rendered with", |gate| judged(gate, "failed"))?;
        let record = world.record_when(App::Web, &second, "is over", |record| {
            ["Refused", "Superseded"].contains(&record.text("/status/phase"))
        })?;
        answers(&record, "CulpritInPaths", "Refuse")?;
        unchanged(world, &second)
    })
}

/// How many executions there are.
fn runs(world: &World) -> Outcome<usize> {
    Ok(world.kubectl(&["-n", world.name(), "get", "tex", "-o", "name"])?.lines().count())
}
