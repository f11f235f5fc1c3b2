//! Fields that are known but not obeyed yet are refused by name: a workflow
//! must never run as if they were not there. The structures are taken apart in
//! full, so that a new field cannot be forgotten here.

use assay_api::{Artifacts, Later, Step, TestWorkflowSpec};

use crate::diagnostic::Findings;
use crate::tree::sections;

const MESSAGE: &str = "not supported yet by this version of Assay";

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    let TestWorkflowSpec {
        description: _,
        config: _,
        content: _,
        container: _,
        timeouts: _,
        setup: _,
        steps: _,
        after: _,
        use_: _,
        services,
        pod: _,
        job: _,
        pvcs,
        events,
        schedule,
        concurrency,
        retention: _,
        infrastructure: _,
        execution,
        system,
        notifications,
    } = spec;
    let fields = [
        ("services", services),
        ("pvcs", pvcs),
        ("events", events),
        ("schedule", schedule),
        ("concurrency", concurrency),
        ("execution", execution),
        ("system", system),
        ("notifications", notifications),
    ];
    refuse("spec", &fields, findings);
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
        retry: _,
        timeout: _,
        working_dir: _,
        container: _,
        shell: _,
        run: _,
        artifacts,
        setup,
        steps,
        pure,
        paused: _,
        delay: _,
        use_: _,
        template: _,
        content: _,
        services,
        execute,
        parallel,
    } = step;
    let fields = [("pure", pure), ("services", services), ("execute", execute), ("parallel", parallel)];
    refuse(path, &fields, findings);
    if let Some(Artifacts { paths: _, working_dir: _, compress }) = artifacts {
        refuse(&format!("{path}.artifacts"), &[("compress", compress)], findings);
    }
    for (list, nested) in [("setup", setup), ("steps", steps)] {
        check_list(&format!("{path}.{list}"), nested, findings);
    }
}

fn refuse(path: &str, fields: &[(&str, &Option<Later>)], findings: &mut Findings) {
    for (name, value) in fields {
        if value.is_some() {
            findings.error(format!("{path}.{name}"), MESSAGE, "remove it");
        }
    }
}
