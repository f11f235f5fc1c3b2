//! The status, written when there is something new to say.

use assay_api::{TestGate, TestGateStatus};

use super::controller::Controller;
use super::memory::Memory;
use crate::failure::LookError;

impl Controller {
    /// Writes the status. Returns whether the gate still exists: a conflict means that the name belongs to
    /// another one now.
    pub(super) async fn publish(
        &self,
        gate: &TestGate,
        status: &TestGateStatus,
        memory: &mut Memory,
    ) -> Result<bool, LookError> {
        let metadata = &gate.metadata;
        let (namespace, name) =
            (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default());
        let written = self.context.cluster.patch_status::<TestGate>(namespace, name, metadata.uid.as_deref(), status);
        match written.await {
            Ok(_) => {
                memory.published = Some(status.clone());
                Ok(true)
            }
            Err(error) if error.not_found() || error.conflict() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
