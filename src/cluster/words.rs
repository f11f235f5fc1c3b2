//! What the cluster's own controllers say about an object that does not move.

use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;

/// More events than this are not looked through.
const LIMIT: u32 = 100;

impl Cluster {
    /// The newest warning about the object of this uid, in words.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn last_warning(&self, namespace: &str, uid: &str) -> Result<Option<String>, ClusterError> {
        let selector = format!("involvedObject.uid={uid},type=Warning");
        let params = ListParams::default().fields(&selector).limit(LIMIT);
        let events = within("list events", self.api::<Event>(namespace).list(&params)).await?;
        let newest = events.items.into_iter().max_by_key(|event| {
            let last = event.last_timestamp.as_ref().map(|time| time.0);
            last.or(event.event_time.as_ref().map(|time| time.0))
        });
        Ok(newest.and_then(|event| event.message))
    }
}
