//! Limits of what one pod and one ConfigMap can hold, judged on the compiled plan.

use crate::diagnostic::Findings;
use crate::{Resolved, Target, compile};

/// Containers that a pod may have for steps.
pub const MAX_CONTAINERS: usize = 30;
/// Size of a plan in bytes; a ConfigMap holds 1 MiB.
pub const MAX_PLAN_BYTES: usize = 900 * 1024;

pub(super) fn check(resolved: &Resolved, findings: &mut Findings) {
    let compiled = compile(resolved, &Target::default());
    let containers = compiled.containers.len();
    if containers > MAX_CONTAINERS {
        findings.error(
            "spec.steps",
            format!("the steps need {containers} different containers, more than {MAX_CONTAINERS}"),
            "let steps share image, resources, security context, mounts and `valueFrom` environment",
        );
    }
    let bytes = serde_json::to_vec(&compiled.document).map_or(0, |bytes| bytes.len());
    if bytes > MAX_PLAN_BYTES {
        findings.error(
            "spec",
            format!("the plan has {bytes} bytes, more than {MAX_PLAN_BYTES}"),
            "move large files and scripts into an image",
        );
    }
}
