//! Templates from whoever writes them: expansion is bounded, never panics, and
//! says of every part where it was written.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use assay_api::{ContainerConfig, Step, TemplateRef, TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_plan::{Inputs, compile, has_errors, resolve, validate, validate_template, validate_workflow};
use k8s_openapi::api::core::v1::EnvVar;
use proptest::prelude::*;
use serde_json::json;

fn reference(name: &str) -> TemplateRef {
    TemplateRef { name: name.to_owned(), ..TemplateRef::default() }
}

fn workflow(steps: Vec<Step>) -> TestWorkflowSpec {
    let container = ContainerConfig { image: Some("alpine".to_owned()), ..ContainerConfig::default() };
    TestWorkflowSpec { container: Some(container), steps, ..TestWorkflowSpec::default() }
}

fn errors(spec: &TestWorkflowSpec, templates: &BTreeMap<String, TestWorkflowTemplateSpec>) -> Vec<String> {
    validate_workflow(spec, Some(templates)).iter().map(ToString::to_string).collect()
}

#[test]
fn templates_cannot_make_a_workflow_grow_without_bounds() {
    let script = Step { shell: Some("x".repeat(100_000)), ..Step::default() };
    let large = TestWorkflowTemplateSpec { steps: vec![script], ..TestWorkflowTemplateSpec::default() };
    let small = TestWorkflowTemplateSpec { description: Some("nothing".to_owned()), ..Default::default() };
    let templates = BTreeMap::from([("large".to_owned(), large), ("small".to_owned(), small)]);
    let uses = |name: &str| Step { use_: vec![reference(name); 20], shell: Some("true".to_owned()), ..Step::default() };
    let started = Instant::now();
    let found = errors(&workflow(vec![uses("large"); 200]), &templates);
    let expected = "spec.steps[2].use[1]: the templates that the workflow uses bring more than 4 MiB; \
                    use fewer or smaller ones, or make two workflows";
    assert!(found.contains(&expected.to_owned()), "{found:#?}");
    let found = errors(&workflow(vec![uses("small"); 200]), &templates);
    let expected = "spec.steps[25].use[0]: the workflow uses templates more than 500 times; \
                    use fewer or smaller ones, or make two workflows";
    assert_eq!(found, [expected]);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn values_cannot_make_a_workflow_grow_without_bounds() {
    let step = |args: usize| {
        serde_json::from_value(json!({ "run": { "command": vec!["{{ config.big }}"; args] } })).expect("a step")
    };
    let config = serde_json::from_value(json!({ "big": {} })).expect("parameters");
    let inputs = |bytes: usize| Inputs {
        config: serde_json::from_value(json!({ "big": "x".repeat(bytes) })).expect("values"),
        ..Inputs::default()
    };
    let spec = TestWorkflowSpec { config, ..workflow(vec![step(500); 12]) };
    let said = |bytes: usize| -> Vec<String> {
        validate(&resolve(&spec, &inputs(bytes))).iter().map(ToString::to_string).collect()
    };
    let started = Instant::now();
    let expected = "spec.steps[0].run.command[8]: the expressions of the workflow bring more than 8 MiB; \
                    use smaller values, or let steps read them from a file";
    assert_eq!(said(1_000_000), [expected]);
    let expected = "spec.steps[10].run.command[0]: more than 5000 texts of the workflow hold expressions; \
                    make several workflows";
    assert_eq!(said(10), [expected]);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

/// Two uses of one template do not meet, nor does it take the handles of the workflow.
#[test]
fn each_use_speaks_of_its_own_steps() {
    let template: TestWorkflowTemplateSpec = serde_json::from_value(json!({
        "steps": [
            { "id": "build", "shell": "make" },
            { "name": "Find it", "shell": "find" },
            {
                "shell": "run",
                "condition": "steps.build.status == \"passed\" && steps.find_it.exitCode == 0",
                "container": { "env": [{ "name": "IMAGE", "value": "{{ steps.build.outputs.image }}" }] },
            },
        ],
    }))
    .expect("a template");
    let templates = BTreeMap::from([("t".to_owned(), template)]);
    let spec: TestWorkflowSpec = serde_json::from_value(json!({
        "container": { "image": "alpine" },
        "steps": [
            { "template": { "name": "t" } },
            { "name": "Build", "shell": "true" },
            { "template": { "name": "t" } },
            { "shell": "true", "condition": "steps.build.outputs.kind == \"x\"" },
        ],
    }))
    .expect("a workflow");
    let inputs = Inputs { templates, ..Inputs::default() };
    let resolved = resolve(&spec, &inputs);
    assert_eq!(validate(&resolved), []);
    let texts: Vec<(&str, &str, &str)> = [0, 2]
        .iter()
        .map(|index| {
            let steps = &resolved.spec.steps[*index].steps;
            let env = steps[2].container.as_ref().and_then(|container| container.env[0].value.as_deref());
            (steps[0].id.as_deref().unwrap(), steps[2].condition.as_deref().unwrap(), env.unwrap())
        })
        .collect();
    let expected = [
        ("build_2", "steps.build_2.status==\"passed\"&&steps.find_it.exitCode==0", "{{steps.build_2.outputs.image}}"),
        ("build_3", "steps.build_3.status==\"passed\"&&steps.find_it_2.exitCode==0", "{{steps.build_3.outputs.image}}"),
    ];
    assert_eq!(texts, expected);
}

/// What comes from outside is a value, whatever it looks like.
#[test]
fn a_value_never_becomes_an_expression() {
    let spec: TestWorkflowSpec = serde_json::from_value(json!({
        "config": { "free": {} },
        "container": { "image": "alpine" },
        "use": [{ "name": "t", "config": { "inner": "{{ config.free }}" } }],
        "steps": [
            { "run": { "command": ["a", "{{ config.free }}", "{{ env.X }}{{ config.free }}", "{{ [config.free, 1] }}"] } },
        ],
    }))
    .expect("a workflow");
    let template: TestWorkflowTemplateSpec = serde_json::from_value(json!({
        "config": { "inner": {} },
        "steps": [{ "run": { "command": ["b", "{{ config.inner }}"] } }],
    }))
    .expect("a template");
    let hostile = "{{ env.SECRET }} {{{ env.SECRET }}} {{\"{{\"}}";
    let inputs = Inputs {
        templates: BTreeMap::from([("t".to_owned(), template)]),
        config: serde_json::from_value(json!({ "free": hostile })).expect("values"),
        ..Inputs::default()
    };
    let resolved = resolve(&spec, &inputs);
    assert_eq!(validate(&resolved), []);
    let plan = compile(&resolved, &assay_plan::Target::default()).document;
    let argv = |index: usize| plan.steps[index].action.clone().expect("an action").argv;
    let used = |text: &str| {
        let (template, mistakes) = assay_expr::Template::parse(text);
        assert_eq!(mistakes, []);
        let mut scope = assay_expr::Scope::new();
        scope.set("env.X", "x");
        let resolved = template.resolve(&scope);
        assert_eq!(resolved.diagnostics, []);
        resolved.text
    };
    assert_eq!(argv(0), ["b", hostile]);
    assert!(plan.steps[1].action.as_ref().is_some_and(|action| action.dynamic));
    let seen: Vec<String> = argv(1).iter().map(|word| used(word)).collect();
    assert_eq!(seen, ["a".to_owned(), hostile.to_owned(), format!("x{hostile}"), hostile.to_owned(), "1".to_owned()]);
}

fn text() -> impl Strategy<Value = String> {
    "(\\{\\{ ?(config|env|steps|step|self|execution)\\.[a-z]{1,3}(\\.[a-z]{1,7})? ?\\}\\}|\\PC|[{}\"a-z.]){0,6}"
}

prop_compose! {
    fn template()(
        (id, name, shell, condition) in (prop::option::of(text()), prop::option::of(text()), text(), prop::option::of(text())),
        (env, image) in (text(), prop::option::of(text())),
        (given, nested) in (text(), any::<bool>()),
    ) -> TestWorkflowTemplateSpec {
        let env = vec![EnvVar { name: "A".to_owned(), value: Some(env), value_from: None }];
        let leaf = Step { id, name, shell: Some(shell), condition, ..Step::default() };
        let step = Step { use_: if nested { vec![reference("t")] } else { vec![] }, steps: vec![leaf.clone()], ..leaf.clone() };
        let config = serde_json::from_value(json!({ "a": { "default": given }, "abc": { "sensitive": true } })).expect("parameters");
        TestWorkflowTemplateSpec {
            config,
            container: Some(ContainerConfig { image, env, ..ContainerConfig::default() }),
            setup: vec![step.clone()],
            steps: vec![step],
            after: vec![leaf],
            ..TestWorkflowTemplateSpec::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_template_makes_it_panic(template in template(), given in text(), at_root: bool) {
        validate_template(&template);
        let config = serde_json::from_value(json!({ "a": given, "abc": "{{ config.token }}" })).expect("values");
        let reference = TemplateRef { name: "t".to_owned(), config };
        let step = Step { use_: vec![reference.clone()], template: Some(reference.clone()), ..Step::default() };
        let config = serde_json::from_value(json!({ "token": { "sensitive": true } })).expect("parameters");
        let use_ = if at_root { vec![reference] } else { vec![] };
        let spec = TestWorkflowSpec { config, use_, ..workflow(vec![step.clone(), step]) };
        let inputs = Inputs { templates: BTreeMap::from([("t".to_owned(), template)]), ..Inputs::default() };
        let resolved = resolve(&spec, &inputs);
        let found = validate(&resolved);
        prop_assert!(has_errors(&found), "the secret is missing");
        for diagnostic in found {
            prop_assert!(diagnostic.path.starts_with("spec"), "{}", diagnostic);
        }
        compile(&resolved, &assay_plan::Target::default());
    }
}
