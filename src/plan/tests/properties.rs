//! What holds for every workflow: whatever is accepted compiles into a plan
//! without faults, steps keep their order and find their settings in the
//! container that they are given.

use assay_api::{Artifacts, ContainerConfig, Content, ContentFile, GitContent, Step, Tarball, TestWorkflowSpec};
use assay_plan::{Inputs, Owner, Placement, Target, compile, has_errors, lint, plan_execution, resolve, validate};
use assay_protocol::{Condition, Instruction, PlanDocument, Section};
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

/// Steps with everything that a tree can have, nested at random.
fn nested() -> impl Strategy<Value = Step> {
    let leaf = (step(), any::<[bool; 4]>(), 0..3u8).prop_map(|(step, [files, git, paused, negative], tarballs)| {
        let file = ContentFile { path: "f".to_owned(), content: Some("x".to_owned()), ..ContentFile::default() };
        let archive = Tarball { url: "https://files.test/a".to_owned(), path: "a".to_owned(), sha256: None };
        let content = Content {
            files: if files { vec![file] } else { vec![] },
            git: git.then(|| GitContent { uri: "https://git.test/x".to_owned(), ..GitContent::default() }),
            tarball: vec![archive; usize::from(tarballs)],
        };
        Step { content: Some(content), paused, negative, ..step }
    });
    leaf.prop_recursive(4, 24, 4, |inner| {
        let lists = (prop::collection::vec(inner.clone(), 0..3), prop::collection::vec(inner.clone(), 0..4));
        (inner, lists, any::<bool>()).prop_map(|(step, (setup, steps), bare)| match bare {
            true => Step { setup, steps, shell: None, artifacts: step.artifacts.clone(), content: None, ..step },
            false => Step { setup, steps, ..step },
        })
    })
}

prop_compose! {
    fn trees()(
        base in workflow(),
        setup in prop::collection::vec(nested(), 0..3),
        steps in prop::collection::vec(nested(), 1..4),
        after in prop::collection::vec(nested(), 0..3),
        git: bool,
    ) -> TestWorkflowSpec {
        let git = git.then(|| GitContent { uri: "https://git.test/x".to_owned(), ..GitContent::default() });
        TestWorkflowSpec { setup, steps, after, content: Some(Content { git, ..Content::default() }), ..base }
    }
}

/// How often something is done by a step and those in it: the instructions that it must become.
fn operations(step: &Step) -> usize {
    let content = step.content.clone().unwrap_or_default();
    let nested: usize = step.setup.iter().chain(&step.steps).map(operations).sum();
    let fetched = usize::from(content.git.is_some()) + content.tarball.len();
    let files = usize::from(!content.files.is_empty());
    let (starts, collects) = (usize::from(step.shell.is_some()), usize::from(step.artifacts.is_some()));
    let is_nested = !step.setup.is_empty() || !step.steps.is_empty();
    // A command brings its files and collects by itself, when nothing else is in the step.
    let alone = starts == 1 && fetched == 0 && !is_nested;
    if alone { 1 } else { fetched + files + starts + collects + nested }
}

/// Every block with all steps in it, as the plan has them.
fn holders(plan: &PlanDocument, step: &Instruction) -> Vec<u16> {
    std::iter::successors(step.block, |block| plan.blocks[usize::from(*block)].parent).collect()
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_compiles_without_faults(spec in trees()) {
        let resolved = resolve(&spec, &inputs());
        let said = validate(&resolved);
        let idle: Vec<_> = said.iter().filter(|found| !found.message.starts_with("the step does nothing")).collect();
        prop_assert_eq!(idle, Vec::<&assay_plan::Diagnostic>::new());
        let compiled = compile(&resolved, &Target::default());
        let plan = &compiled.document;
        prop_assert_eq!(lint(plan), vec![]);

        let lists = [&spec.setup, &spec.steps, &spec.after];
        let written: usize = lists.into_iter().flatten().map(operations).sum();
        let of_workflow = usize::from(spec.content.as_ref().is_some_and(|content| content.git.is_some()));
        prop_assert_eq!(plan.steps.len(), written + of_workflow);
        for step in &plan.steps {
            let fetches = compiled.containers[usize::from(step.group)].fetches;
            let starts = step.action.as_ref().is_some_and(|action| action.argv.first().is_some_and(|word| word.starts_with("assay-")));
            prop_assert_eq!(fetches, starts, "only what fetches runs in a container that does: {}", step.id);
            let holders = holders(plan, step);
            prop_assert!(holders.iter().all(|block| plan.blocks[usize::from(*block)].section == step.section));
            let collects = step.action.is_none();
            let always = step.condition == Condition::Always;
            prop_assert_eq!(always, collects || (step.section == Section::After && holders.is_empty()), "{}", &step.id);
        }
    }
}
