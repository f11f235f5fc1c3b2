//! What holds for every workflow: whatever is accepted compiles into a plan
//! without faults, steps keep their order and find their settings in the
//! container that they are given.

use assay_api::{Artifacts, ContainerConfig, Step, TestWorkflowSpec};
use assay_plan::{Inputs, Owner, Placement, Target, compile, has_errors, lint, plan_execution, resolve, validate};
use assay_protocol::Section;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};
use proptest::prelude::*;

fn env() -> impl Strategy<Value = Vec<EnvVar>> {
    let entry = (0..3u8, any::<bool>()).prop_map(|(name, secret)| {
        let from = SecretKeySelector { name: "s".to_owned(), key: name.to_string(), optional: None };
        EnvVar {
            name: format!("NAME_{name}"),
            value: (!secret).then(|| "plain".to_owned()),
            value_from: secret.then(|| EnvVarSource { secret_key_ref: Some(from), ..EnvVarSource::default() }),
        }
    });
    prop::collection::vec(entry, 0..3).prop_map(|mut entries| {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.dedup_by(|a, b| a.name == b.name);
        entries
    })
}

fn step() -> impl Strategy<Value = Step> {
    let name = prop::option::of("[A-Za-z ÄÖ_.-]{0,80}");
    let image = prop::option::of((0..3u8).prop_map(|index| format!("image:{index}")));
    (name, image, env(), any::<bool>(), any::<bool>()).prop_map(|(name, image, env, collects, starts)| Step {
        name,
        container: Some(ContainerConfig { image, env, ..ContainerConfig::default() }),
        shell: starts.then(|| "true".to_owned()),
        artifacts: (collects || !starts).then(|| Artifacts { paths: vec!["*".to_owned()], ..Artifacts::default() }),
        ..Step::default()
    })
}

prop_compose! {
    fn workflow()(
        env in env(),
        setup in prop::collection::vec(step(), 0..3),
        steps in prop::collection::vec(step(), 1..6),
        after in prop::collection::vec(step(), 0..3),
    ) -> TestWorkflowSpec {
        let container = ContainerConfig { image: Some("base".to_owned()), env, ..ContainerConfig::default() };
        TestWorkflowSpec { container: Some(container), setup, steps, after, ..TestWorkflowSpec::default() }
    }
}

fn inputs() -> Inputs {
    Inputs { execution: "run".to_owned(), uid: "u".to_owned(), attempt: 1, ..Inputs::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_workflow_compiles_without_faults(spec in workflow()) {
        let resolved = resolve(&spec, &inputs());
        prop_assert_eq!(validate(&resolved), vec![]);
        let compiled = compile(&resolved, &Target::default());
        prop_assert_eq!(lint(&compiled.document), vec![]);
        prop_assert_eq!(compiled.containers.len(), compiled.document.groups.len());

        let written: Vec<(Section, &Step)> = [(Section::Setup, &spec.setup), (Section::Steps, &spec.steps), (Section::After, &spec.after)]
            .into_iter()
            .flat_map(|(section, steps)| steps.iter().map(move |step| (section, step)))
            .collect();
        prop_assert_eq!(written.len(), compiled.document.steps.len());
        let mut seen = 0;
        for (instruction, (section, step)) in compiled.document.steps.iter().zip(written) {
            prop_assert_eq!(instruction.section, section);
            let container = &compiled.containers[usize::from(instruction.group)];
            let image = step.container.as_ref().and_then(|own| own.image.as_deref()).unwrap_or("base");
            prop_assert_eq!(container.image.as_str(), image);
            prop_assert!(usize::from(instruction.group) <= seen, "containers stand in the order of their first use");
            seen = seen.max(usize::from(instruction.group) + 1);
        }
    }

    #[test]
    fn planning_gives_objects_or_reasons_and_always_the_same(spec in workflow(), restricted: bool, image_volumes: bool) {
        let placement = Placement {
            owner: Owner { name: "run".to_owned(), uid: "u".to_owned(), namespace: "n".to_owned() },
            runner_image: "runner".to_owned(),
            runner_pull_policy: None,
            git_image: "registry.test/assay-git:1".to_owned(),
            image_volumes,
            restricted,
        };
        let plan = || plan_execution(&spec, &inputs(), &Target::default(), &placement);
        match (plan(), plan()) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one.rendered, other.rendered),
            (Err(one), Err(other)) => {
                prop_assert!(has_errors(&one));
                prop_assert_eq!(one, other);
            }
            _ => prop_assert!(false, "two answers to one question"),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|[{}\" .a-z]){0,40}", path in "\\PC{0,12}") {
        let step = Step {
            id: Some(text.clone()),
            name: Some(text.clone()),
            condition: Some(text.clone()),
            shell: Some(text.clone()),
            artifacts: Some(Artifacts { paths: vec![text.clone(), path.clone()], ..Artifacts::default() }),
            working_dir: Some(path),
            ..Step::default()
        };
        let container = ContainerConfig { image: Some(text), ..ContainerConfig::default() };
        let spec = TestWorkflowSpec { container: Some(container), steps: vec![step], ..TestWorkflowSpec::default() };
        let resolved = resolve(&spec, &inputs());
        validate(&resolved);
        compile(&resolved, &Target::default());
    }
}
