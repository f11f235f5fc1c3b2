//! The compiled plan as Kubernetes objects: one Job and one ConfigMap.

mod containers;
mod job;
mod names;
mod restricted;
mod volumes;

use std::collections::BTreeMap;

use assay_api::names::PLAN_KEY;
use assay_protocol::PlanDocument;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use sha2::{Digest, Sha256};

use crate::{Compiled, Deadlines, Placement};

pub use names::{job_name, label_value};
pub(crate) use restricted::refuse_restricted;

/// What is applied for one attempt of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The Job.
    pub job: Job,
    /// The ConfigMap with the plan, of the same name.
    pub config_map: ConfigMap,
    /// SHA-256 of the plan's bytes, in hexadecimal.
    pub plan_hash: String,
    /// The plan itself.
    pub plan: PlanDocument,
    /// How long each part may take.
    pub deadlines: Deadlines,
}

/// Renders a plan.
///
/// # Panics
/// Never: a plan is plain data, and plain data serialises.
pub fn render(compiled: &Compiled, placement: &Placement) -> Rendered {
    let plan = &compiled.document;
    let bytes = serde_json::to_string(plan).expect("a plan of plain data serialises");
    let plan_hash = names::hex(&Sha256::digest(bytes.as_bytes()));
    let metadata = names::metadata(plan, placement, &plan_hash);
    let config_map = ConfigMap {
        metadata: metadata.clone(),
        data: Some(BTreeMap::from([(PLAN_KEY.to_owned(), bytes)])),
        immutable: Some(true),
        binary_data: None,
    };
    let job = job::job(compiled, placement, metadata);
    Rendered { job, config_map, plan_hash, plan: plan.clone(), deadlines: compiled.deadlines }
}
