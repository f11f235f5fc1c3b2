//! Names, labels and owners of what is rendered.

use std::collections::BTreeMap;
use std::fmt::Write;

use assay_api::names::{
    ANNOTATION_PLAN_HASH, GROUP, LABEL_ATTEMPT, LABEL_EXECUTION, LABEL_EXECUTION_UID, LABEL_MANAGED_BY, LABEL_WORKFLOW,
    MANAGED_BY, VERSION,
};
use assay_protocol::PlanDocument;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use sha2::{Digest, Sha256};

use crate::{Owner, Placement};

/// Longest name of a Job: its pods add a dash and five letters, and 63 is the end.
const JOB_NAME: usize = 52;
const LABEL_VALUE: usize = 63;
const HASH: usize = 8;

/// Name of Job and ConfigMap: always the same for the same attempt of an
/// execution, so that making them twice is a conflict and not a second Job.
/// At most 52 letters.
pub fn job_name(execution: &str, uid: &str, attempt: u32) -> String {
    let hash = short_hash(&format!("{uid}/{attempt}"));
    let name: String = execution.replace('.', "-").chars().take(JOB_NAME - HASH - 1).collect();
    match name.trim_end_matches('-') {
        "" => hash,
        name => format!("{name}-{hash}"),
    }
}

/// A name as the value of a label: as it is, or cut and made unique by a hash
/// when it is longer than the 63 letters that a label takes.
pub fn label_value(name: &str) -> String {
    if name.len() <= LABEL_VALUE {
        return name.to_owned();
    }
    let cut: String = name.chars().take(LABEL_VALUE - HASH - 1).collect();
    format!("{}-{}", cut.trim_end_matches(['-', '.', '_']), short_hash(name))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

fn short_hash(text: &str) -> String {
    let mut hash = hex(&Sha256::digest(text.as_bytes()));
    hash.truncate(HASH);
    hash
}

/// Labels of Job, ConfigMap and Pod.
pub(super) fn labels(plan: &PlanDocument) -> BTreeMap<String, String> {
    let execution = &plan.execution;
    [
        (LABEL_MANAGED_BY, MANAGED_BY.to_owned()),
        (LABEL_EXECUTION, label_value(&execution.name)),
        (LABEL_EXECUTION_UID, label_value(&execution.uid)),
        (LABEL_ATTEMPT, execution.attempt.to_string()),
        (LABEL_WORKFLOW, label_value(&execution.workflow)),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .into()
}

/// Metadata of Job and ConfigMap.
pub(super) fn metadata(plan: &PlanDocument, placement: &Placement, plan_hash: &str) -> ObjectMeta {
    let execution = &plan.execution;
    ObjectMeta {
        name: Some(job_name(&execution.name, &execution.uid, execution.attempt)),
        namespace: Some(placement.owner.namespace.clone()),
        labels: Some(labels(plan)),
        annotations: Some([(ANNOTATION_PLAN_HASH.to_owned(), plan_hash.to_owned())].into()),
        owner_references: Some(vec![owner(&placement.owner)]),
        ..ObjectMeta::default()
    }
}

fn owner(owner: &Owner) -> OwnerReference {
    OwnerReference {
        api_version: format!("{GROUP}/{VERSION}"),
        kind: "TestExecution".to_owned(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_is_stable_short_and_a_dns_label() {
        let name = job_name("nightly", "0b7e", 1);
        assert_eq!(name, job_name("nightly", "0b7e", 1));
        assert!(name.starts_with("nightly-"), "{name}");
        assert_eq!(name.len(), "nightly-".len() + 8);
        assert_ne!(name, job_name("nightly", "0b7e", 2));
        assert_ne!(name, job_name("nightly", "0b7f", 1));
        for execution in ["x".repeat(253), format!("{}-tail", "x".repeat(42)), "a.b.c".to_owned(), "-".repeat(60)] {
            let name = job_name(&execution, "uid", 1);
            assert!(name.len() <= JOB_NAME && !name.contains('.') && !name.contains("--"), "{name}");
        }
    }

    #[test]
    fn a_label_takes_63_letters() {
        assert_eq!(label_value(&"a".repeat(63)), "a".repeat(63));
        let (one, other) = (label_value(&format!("{}1", "a".repeat(99))), label_value(&format!("{}2", "a".repeat(99))));
        assert_eq!((one.len(), other.len()), (63, 63));
        assert_ne!(one, other);
    }
}
