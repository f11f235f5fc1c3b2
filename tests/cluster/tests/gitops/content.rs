//! What a revision delivers is judged once: by another name it is the same, with other values it is another one.

use assay_cluster_tests::{App, Behaviour, Engine, Object, Outcome, Plan, World};
use serde_json::{Value, json};

use crate::refusals::{answers, unchanged};
use crate::suite::{Figures, Suite, holds};

/// The Kustomization gets patches that change the price, and have the pods see it.
pub(crate) fn same_content_flux(suite: &Suite) -> Outcome<Figures> {
    let price = "#!/bin/sh\\necho \\\"Content-Type: text/plain\\\"\\necho\\necho 1191\\n";
    let of = |kind: &str, path: &str, value: &str| {
        json!({"target": {"kind": kind, "name": "web"}, "patch":
            format!("- {{op: replace, path: {path}, value: \"{value}\"}}")})
    };
    let restart = "/spec/template/metadata/annotations/shop.example.com~1version";
    let patches = json!([of("ConfigMap", "/data/price", price), of("Deployment", restart, "1.1.0")]);
    let plan = Plan::new(Engine::Flux).delivery(json!({"spec": {"wait": false}}));
    same_content(suite, plan, &json!({"spec": {"patches": patches}}))
}

/// The Application leaves out the other one of two files, and with it the right price.
pub(crate) fn same_content_argo(suite: &Suite) -> Outcome<Figures> {
    let without = |file: &str| json!({"spec": {"source": {"directory": {"exclude": file}}}});
    let bad = App::Web.files(suite.place.root(), &Behaviour::bad("1.1.0"), &Value::Null)?;
    let (_, other) = bad.first().ok_or("the app has no files")?;
    let plan = Plan::new(Engine::Argo).delivery(without("other.yaml")).file("apps/web/other.yaml", other);
    same_content(suite, plan, &without("service.yaml"))
}

fn same_content(suite: &Suite, plan: Plan, change: &Value) -> Outcome<Figures> {
    suite.within("same", plan, |world| {
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
        let (engine, name) = (world.plan().engine, world.delivery_name(App::Web));
        let home = engine.home(world.name());
        let change = change.to_string();
        world.kubectl(&["-n", home, "patch", &engine.kind().to_lowercase(), &name, "--type=merge", "-p", &change])?;
        world.gate_when(App::Web, "judges what it is rendered with", |gate| judged(gate, "failed"))?;
        let over = |record: &Object| ["Refused", "Superseded"].contains(&record.text("/status/phase"));
        let record = world.record_when(App::Web, &second, "is over", over)?;
        answers(&record, "CulpritInPaths", "Refuse")?;
        unchanged(world, &second)
    })
}

/// How many executions there are.
fn runs(world: &World) -> Outcome<usize> {
    Ok(world.kubectl(&["-n", world.name(), "get", "tex", "-o", "name"])?.lines().count())
}
