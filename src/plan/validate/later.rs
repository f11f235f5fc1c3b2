//! Fields that are known but not obeyed yet are refused by name: a workflow
//! must never run as if they were not there. The structures are taken apart in
//! full, so that a new field cannot be forgotten here.

use assay_api::{
    Artifacts, ContainerConfig, Content, ContentFile, Later, RetryPolicy, Step, StepRun, TestWorkflowSpec,
};

use crate::diagnostic::Findings;
use crate::flat::sections;

const MESSAGE: &str = "not supported yet by this version of Assay";

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    let TestWorkflowSpec {
        description: _,
        config: _,
        content,
        container,
        timeouts: _,
        setup: _,
        steps: _,
        after: _,
        use_,
        services,
        pod,
        job,
        pvcs,
        events,
        schedule,
        concurrency,
        retention,
        execution,
        system,
        notifications,
    } = spec;
    let fields = [
        ("use", use_),
        ("services", services),
        ("pod", pod),
        ("job", job),
        ("pvcs", pvcs),
        ("events", events),
        ("schedule", schedule),
        ("concurrency", concurrency),
        ("retention", retention),
        ("execution", execution),
        ("system", system),
        ("notifications", notifications),
    ];
    refuse("spec", &fields, findings);
    if let Some(content) = content {
        check_content("spec.content", content, findings);
    }
    check_container("spec.container", container.as_ref(), findings);
    for (list, _, steps) in sections(spec) {
        check_list(&format!("spec.{list}"), steps, findings);
    }
}

fn check_list(path: &str, steps: &[Step], findings: &mut Findings) {
    for (index, step) in steps.iter().enumerate() {
        check_step(&format!("{path}[{index}]"), step, findings);
    }
}

fn check_step(path: &str, step: &Step, findings: &mut Findings) {
    let Step {
        id: _,
        name: _,
        condition: _,
        negative: _,
        optional: _,
        retry,
        timeout: _,
        working_dir: _,
        container,
        shell: _,
        run,
        artifacts,
        setup,
        steps,
        pure,
        paused,
        delay,
        use_,
        template,
        content,
        services,
        execute,
        parallel,
    } = step;
    let fields = [
        ("pure", pure),
        ("paused", paused),
        ("delay", delay),
        ("use", use_),
        ("template", template),
        ("content", content),
        ("services", services),
        ("execute", execute),
        ("parallel", parallel),
    ];
    refuse(path, &fields, findings);
    if let Some(RetryPolicy { count: _, delay: _, until }) = retry {
        refuse(&format!("{path}.retry"), &[("until", until)], findings);
    }
    check_container(&format!("{path}.container"), container.as_ref(), findings);
    if let Some(run) = run {
        check_run(&format!("{path}.run"), run, findings);
    }
    if let Some(Artifacts { paths: _, working_dir: _, compress }) = artifacts {
        refuse(&format!("{path}.artifacts"), &[("compress", compress)], findings);
    }
    for (list, nested) in [("setup", setup), ("steps", steps)] {
        if !nested.is_empty() {
            let path = format!("{path}.{list}");
            findings.error(&path, format!("nested steps are {MESSAGE}"), "write them one after another in one list");
            check_list(&path, nested, findings);
        }
    }
}

fn check_run(path: &str, run: &StepRun, findings: &mut Findings) {
    check_container(path, Some(&run.container()), findings);
}

fn check_container(path: &str, container: Option<&ContainerConfig>, findings: &mut Findings) {
    let Some(container) = container else { return };
    let ContainerConfig {
        image: _,
        image_pull_policy: _,
        env: _,
        env_from: _,
        working_dir: _,
        command: _,
        args: _,
        resources: _,
        security_context: _,
        volume_mounts,
    } = container;
    refuse(path, &[("volumeMounts", volume_mounts)], findings);
}

fn check_content(path: &str, content: &Content, findings: &mut Findings) {
    let Content { files, git, tarball } = content;
    refuse(path, &[("git", git), ("tarball", tarball)], findings);
    for (index, file) in files.iter().enumerate() {
        let ContentFile { path: _, content: _, mode: _, content_from } = file;
        refuse(&format!("{path}.files[{index}]"), &[("contentFrom", content_from)], findings);
    }
}

fn refuse(path: &str, fields: &[(&str, &Option<Later>)], findings: &mut Findings) {
    for (name, value) in fields {
        if value.is_some() {
            findings.error(format!("{path}.{name}"), MESSAGE, "remove it");
        }
    }
}
