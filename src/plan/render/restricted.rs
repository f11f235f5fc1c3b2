//! Pod Security `restricted`: what step containers get, and what users may not
//! ask for, because the pod would be refused and no step would ever run.

use assay_api::{ContainerConfig, TestWorkflowSpec};
use k8s_openapi::api::core::v1::{Capabilities, SecurityContext};

use crate::Diagnostic;
use crate::diagnostic::Findings;
use crate::tree::written;

/// User of the leader and, under the profile, of steps that name none; group of all volumes.
pub(super) const RUNNER_USER: i64 = 65532;

const ALLOWED_CAPABILITY: &str = "NET_BIND_SERVICE";

/// The user's security context, completed to what the profile asks for.
pub(super) fn harden(own: Option<SecurityContext>) -> SecurityContext {
    let mut context = own.unwrap_or_default();
    context.run_as_non_root.get_or_insert(true);
    context.run_as_user.get_or_insert(RUNNER_USER);
    context.allow_privilege_escalation.get_or_insert(false);
    let capabilities = context.capabilities.get_or_insert_with(Capabilities::default);
    let drop = capabilities.drop.get_or_insert_with(Vec::new);
    if !drop.iter().any(|name| name == "ALL") {
        drop.push("ALL".to_owned());
    }
    context
}

/// Settings that a namespace with the profile would refuse.
pub(crate) fn refuse_restricted(spec: &TestWorkflowSpec) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    check("spec.container", spec.container.as_ref(), &mut findings);
    for (path, step) in written(spec) {
        check(&format!("{path}.container"), step.container.as_ref(), &mut findings);
        let run = step.run.as_ref().map(assay_api::StepRun::container);
        check(&format!("{path}.run"), run.as_ref(), &mut findings);
    }
    findings.list
}

fn check(path: &str, container: Option<&ContainerConfig>, findings: &mut Findings) {
    let Some(context) = container.and_then(|container| container.security_context.as_ref()) else { return };
    let capabilities = context.capabilities.as_ref();
    let added = capabilities.into_iter().flat_map(|sets| sets.add.iter().flatten());
    let seccomp = context.seccomp_profile.as_ref().is_some_and(|profile| profile.type_ == "Unconfined");
    let refused = [
        (context.privileged == Some(true), "privileged", "`true`".to_owned()),
        (context.allow_privilege_escalation == Some(true), "allowPrivilegeEscalation", "`true`".to_owned()),
        (context.run_as_non_root == Some(false), "runAsNonRoot", "`false`".to_owned()),
        (context.run_as_user == Some(0), "runAsUser", "0".to_owned()),
        (seccomp, "seccompProfile", "`Unconfined`".to_owned()),
    ];
    let found = refused.into_iter().filter(|(found, ..)| *found).map(|(_, field, value)| (field, value));
    let added = added.filter(|name| *name != ALLOWED_CAPABILITY).map(|name| ("capabilities.add", format!("`{name}`")));
    for (field, value) in found.chain(added) {
        findings.error(
            format!("{path}.securityContext.{field}"),
            format!("{value} is not allowed: the namespace enforces Pod Security `restricted`"),
            "remove it, or run the workflow in another namespace",
        );
    }
}
