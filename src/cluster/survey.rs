//! What whoever looks after an installation wants to see: objects that belong
//! to no namespace, and what would become of an object that is not made.

use std::fmt::Debug;

use kube::api::PostParams;
use kube::core::ClusterResourceScope;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::connect::{Cluster, within};
use crate::error::ClusterError;
use crate::objects::{Object, action};

impl Cluster {
    /// An object that belongs to no namespace, or `None` when it does not exist.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn get_global<K>(&self, name: &str) -> Result<Option<K>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        within(action::<K>("read", "", name), api.get_opt(name)).await
    }

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
