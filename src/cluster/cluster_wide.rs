//! Objects that belong to no namespace.

use std::fmt::Debug;

use assay_api::names::FIELD_MANAGER_STATUS;
use futures::StreamExt;
use futures::future::ready;
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::{ClusterResourceScope, DeserializeGuard};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::connect::{Cluster, within};
use crate::error::{Cause, ClusterError};
use crate::objects::action;
use crate::watch::{Watch, WatchOptions, config, drive, endless, logged, unguard};

/// Any kind of the whole cluster that can be read and written.
pub trait ClusterObject:
    Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

impl<K> ClusterObject for K where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

impl Cluster {
    /// The object of the whole cluster, or `None` when it does not exist.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn get_cluster_wide<K: ClusterObject>(&self, name: &str) -> Result<Option<K>, ClusterError> {
        let api: Api<K> = Api::all(self.client.clone());
        within(action::<K>("read", "", name), api.get_opt(name)).await
    }

    /// All objects of a kind of the whole cluster.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn list_cluster_wide<K: ClusterObject>(&self) -> Result<Vec<K>, ClusterError> {
        let api: Api<K> = Api::all(self.client.clone());
        let what = format!("list {}", K::plural(&()));
        within(what, api.list(&ListParams::default())).await.map(|list| list.items)
    }

    /// Watches one of our kinds that belong to no namespace; see [`Cluster::watch`]. The shelf knows them under
    /// an empty namespace.
    pub fn watch_cluster_wide<K: ClusterObject>(&self, trim: fn(&mut K)) -> Watch<K> {
        let options = WatchOptions { trim, ..WatchOptions::default() };
        drive(options, |_, labels| {
            let api: Api<DeserializeGuard<K>> = Api::all(self.client.clone());
            endless(api, config(labels)).filter_map(|event| ready(logged(event).and_then(unguard))).boxed()
        })
    }

    /// Writes the whole status of an object of ours that belongs to no namespace. With a `uid`, an object of
    /// the same name that is another one gives a conflict.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn patch_status_cluster_wide<K: ClusterObject>(
        &self,
        name: &str,
        uid: Option<&str>,
        status: &(impl Serialize + Sync),
    ) -> Result<K, ClusterError> {
        let what = action::<K>("write the status of", "", name);
        let status = serde_json::to_value(status).map_err(|e| ClusterError::new(&what, Cause::Encode(e)))?;
        let mut metadata = json!({ "name": name });
        if let Some(uid) = uid {
            metadata["uid"] = json!(uid);
        }
        let body = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": metadata, "status": status,
        });
        let params = PatchParams::apply(FIELD_MANAGER_STATUS).force();
        let api: Api<K> = Api::all(self.client.clone());
        within(what, api.patch_status(name, &params, &Patch::Apply(&body))).await
    }
}
