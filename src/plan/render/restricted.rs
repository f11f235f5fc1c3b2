//! Pod Security `restricted`: what step containers get, and what users may not
//! ask for, because the pod would be refused and no step would ever run.

use assay_api::{ContainerConfig, PodConfig, TestWorkflowSpec};
use k8s_openapi::api::core::v1::{
    AppArmorProfile, Capabilities, PodSecurityContext, SELinuxOptions, SecurityContext, WindowsSecurityContextOptions,
};

use crate::Diagnostic;
use crate::diagnostic::Findings;
use crate::tree::written;

/// User of the leader and, under the profile, of steps that name none; group of all volumes.
pub(super) const RUNNER_USER: i64 = 65532;

const ALLOWED_CAPABILITY: &str = "NET_BIND_SERVICE";

/// Volume sources that the profile allows, as fields of a volume.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
/// Kernel settings that the profile allows.
const SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
];
/// SELinux types that the profile allows.
const SELINUX_TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// The user's security context, completed to what the profile asks for. What
/// the pod's own context says counts for all containers that say nothing.
pub(super) fn harden(own: Option<SecurityContext>, of_pod: Option<&PodSecurityContext>) -> SecurityContext {
    let mut context = own.unwrap_or_default();
    if of_pod.is_none_or(|of_pod| of_pod.run_as_non_root.is_none()) {
        context.run_as_non_root.get_or_insert(true);
    }
    if of_pod.is_none_or(|of_pod| of_pod.run_as_user.is_none()) {
        context.run_as_user.get_or_insert(RUNNER_USER);
    }
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
    if let Some(pod) = &spec.pod {
        check_pod(pod, &mut findings);
    }
    check("spec.container", spec.container.as_ref(), &mut findings);
    for (path, step) in written(spec) {
        check(&format!("{path}.container"), step.container.as_ref(), &mut findings);
        let run = step.run.as_ref().map(assay_api::StepRun::container);
        check(&format!("{path}.run"), run.as_ref(), &mut findings);
    }
    findings.list
}

fn check_pod(pod: &PodConfig, findings: &mut Findings) {
    for (index, volume) in pod.volumes.iter().enumerate() {
        let sources = volume.0.as_object().into_iter().flatten().map(|(field, _)| field.as_str());
        for source in sources.filter(|field| *field != "name" && !VOLUMES.contains(field)) {
            refuse(&format!("spec.pod.volumes[{index}]"), source, "a volume of this kind", findings);
        }
    }
    let Some(context) = &pod.security_context else { return };
    let path = "spec.pod.securityContext";
    let unconfined = context.seccomp_profile.as_ref().is_some_and(|profile| profile.type_ == "Unconfined");
    let refused = [
        (context.run_as_non_root == Some(false), "runAsNonRoot", "`false`"),
        (context.run_as_user == Some(0), "runAsUser", "0"),
        (unconfined, "seccompProfile", "`Unconfined`"),
    ];
    for (_, field, value) in refused.into_iter().filter(|(found, ..)| *found) {
        refuse(path, field, value, findings);
    }
    for sysctl in context.sysctls.iter().flatten().filter(|sysctl| !SYSCTLS.contains(&sysctl.name.as_str())) {
        refuse(path, "sysctls", &format!("`{}`", sysctl.name), findings);
    }
    let of_both = Shared {
        selinux: context.se_linux_options.as_ref(),
        windows: context.windows_options.as_ref(),
        apparmor: context.app_armor_profile.as_ref(),
    };
    check_shared(path, &of_both, findings);
}

/// Settings that a pod and a container have alike.
struct Shared<'a> {
    selinux: Option<&'a SELinuxOptions>,
    windows: Option<&'a WindowsSecurityContextOptions>,
    apparmor: Option<&'a AppArmorProfile>,
}

fn check_shared(path: &str, shared: &Shared<'_>, findings: &mut Findings) {
    if let Some(options) = shared.selinux {
        let type_ = options.type_.as_deref().unwrap_or_default();
        if !SELINUX_TYPES.contains(&type_) {
            refuse(path, "seLinuxOptions.type", &format!("`{type_}`"), findings);
        }
        for (field, value) in [("user", &options.user), ("role", &options.role)] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                refuse(path, &format!("seLinuxOptions.{field}"), &format!("`{value}`"), findings);
            }
        }
    }
    if shared.windows.is_some_and(|options| options.host_process == Some(true)) {
        refuse(path, "windowsOptions.hostProcess", "`true`", findings);
    }
    if shared.apparmor.is_some_and(|profile| profile.type_ == "Unconfined") {
        refuse(path, "appArmorProfile", "`Unconfined`", findings);
    }
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
        (context.proc_mount.as_deref() == Some("Unmasked"), "procMount", "`Unmasked`".to_owned()),
    ];
    let found = refused.into_iter().filter(|(found, ..)| *found).map(|(_, field, value)| (field, value));
    let added = added.filter(|name| *name != ALLOWED_CAPABILITY).map(|name| ("capabilities.add", format!("`{name}`")));
    let path = format!("{path}.securityContext");
    for (field, value) in found.chain(added) {
        refuse(&path, field, &value, findings);
    }
    let of_both = Shared {
        selinux: context.se_linux_options.as_ref(),
        windows: context.windows_options.as_ref(),
        apparmor: context.app_armor_profile.as_ref(),
    };
    check_shared(&path, &of_both, findings);
}

fn refuse(path: &str, field: &str, value: &str, findings: &mut Findings) {
    findings.error(
        format!("{path}.{field}"),
        format!("{value} is not allowed: the namespace enforces Pod Security `restricted`"),
        "remove it, or run the workflow in another namespace",
    );
}
