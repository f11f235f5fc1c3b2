//! What whoever looks after an installation wants to see: what would become of
//! an object that is not made.

use kube::ResourceExt;
use kube::api::PostParams;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;
use crate::objects::{Object, action};

impl Cluster {
    /// Has everybody who judges new objects judge this one, without making it.
    ///
    /// # Errors
    /// When the API server does not answer, or somebody refuses the object.
    pub async fn rehearse<K: Object>(&self, namespace: &str, object: &K) -> Result<(), ClusterError> {
        let params = PostParams { dry_run: true, field_manager: Some(self.inner.field.clone()) };
        let what = action::<K>("rehearse the creation of", namespace, &object.name_any());
        within(what, self.api::<K>(namespace).create(&params, object)).await.map(drop)
    }
}
