//! Objects: get, list, create, apply, status, delete.

use std::fmt::Debug;

use assay_api::names::FIELD_MANAGER_STATUS;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::connect::{Cluster, within};
use crate::error::{Cause, ClusterError};

/// Any namespaced kind that can be read and written.
pub trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync
{
}

impl<K> Object for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
{
}

/// What came of a creation.
#[derive(Clone, Debug, PartialEq)]
pub enum Created<K> {
    /// The object is new.
    Made(K),
    /// An object of that name was there before; it is as it was.
    AlreadyExists,
}

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cascade {
    /// The object goes at once, its dependents afterwards.
    Background,
    /// The object stays until its dependents are gone.
    Foreground,
}

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

impl Cluster {
    pub(crate) fn api<K: Resource<DynamicType = (), Scope = NamespaceResourceScope>>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The object, or `None` when it does not exist.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn get<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<K>, ClusterError> {
        within(action::<K>("read", namespace, name), self.api::<K>(namespace).get_opt(name)).await
    }

    /// All objects of a namespace, or of all, that match the label selector.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn list<K: Object>(&self, namespace: Option<&str>, labels: Option<&str>) -> Result<Vec<K>, ClusterError> {
        let api = match namespace {
            Some(namespace) => self.api::<K>(namespace),
            None => Api::all(self.client.clone()),
        };
        let mut params = ListParams { label_selector: labels.map(str::to_owned), ..ListParams::default() }.limit(PAGE);
        let mut items = Vec::new();
        loop {
            let what = format!("list {}", K::plural(&()));
            let page = within(what, api.list(&params)).await?;
            items.extend(page.items);
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                return Ok(items);
            }
        }
    }

    /// Creates an object under its own name. The client may repeat the
    /// request, so the name must not be left to the API server.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn create<K: Object>(&self, object: &K, field_manager: &str) -> Result<Created<K>, ClusterError> {
        let (namespace, name) = (namespace_of(object), object.name_any());
        let params = PostParams { field_manager: Some(field_manager.to_owned()), ..PostParams::default() };
        match within(action::<K>("create", &namespace, &name), self.api::<K>(&namespace).create(&params, object)).await
        {
            Ok(made) => Ok(Created::Made(made)),
            Err(error) if error.already_exists() => Ok(Created::AlreadyExists),
            Err(error) => Err(error),
        }
    }

    /// Server-side apply of an object that is ours: what it names is taken over.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn apply<K: Object>(&self, object: &K, field_manager: &str) -> Result<K, ClusterError> {
        let (namespace, name) = (namespace_of(object), object.name_any());
        let what = action::<K>("apply", &namespace, &name);
        let mut body = serde_json::to_value(object).map_err(|e| ClusterError::new(&what, Cause::Encode(e)))?;
        prepare_for_apply::<K>(&mut body);
        let params = PatchParams::apply(field_manager).force();
        within(what, self.api::<K>(&namespace).patch(&name, &params, &Patch::Apply(&body))).await
    }

    /// Writes the whole status of an object of ours. With a `uid`, an object
    /// of the same name that is another one gives a conflict.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn patch_status<K: Object>(
        &self,
        namespace: &str,
        name: &str,
        uid: Option<&str>,
        status: &(impl Serialize + Sync),
    ) -> Result<K, ClusterError> {
        let what = action::<K>("write the status of", namespace, name);
        let status = serde_json::to_value(status).map_err(|e| ClusterError::new(&what, Cause::Encode(e)))?;
        let mut metadata = json!({ "name": name, "namespace": namespace });
        if let Some(uid) = uid {
            metadata["uid"] = json!(uid);
        }
        let body = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": metadata, "status": status,
        });
        let params = PatchParams::apply(FIELD_MANAGER_STATUS).force();
        within(what, self.api::<K>(namespace).patch_status(name, &params, &Patch::Apply(&body))).await
    }

    /// Merges a JSON document into an object.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn merge_patch<K: Object>(
        &self,
        namespace: &str,
        name: &str,
        patch: &Value,
        field_manager: &str,
    ) -> Result<K, ClusterError> {
        let params = PatchParams { field_manager: Some(field_manager.to_owned()), ..PatchParams::default() };
        let request = self.api::<K>(namespace);
        within(action::<K>("change", namespace, name), request.patch(name, &params, &Patch::Merge(patch))).await
    }

    /// Asks for an object to be deleted. That it is gone already is fine.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn delete<K: Object>(&self, namespace: &str, name: &str, cascade: Cascade) -> Result<(), ClusterError> {
        let policy = match cascade {
            Cascade::Background => PropagationPolicy::Background,
            Cascade::Foreground => PropagationPolicy::Foreground,
        };
        let params = DeleteParams { propagation_policy: Some(policy), ..DeleteParams::default() };
        self.delete_with::<K>(namespace, name, &params).await
    }

    /// Asks for this very object to be deleted, with what it owns afterwards.
    /// That it is gone already, or that another one has its name, is fine.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn delete_exactly<K: Object>(&self, namespace: &str, name: &str, uid: &str) -> Result<(), ClusterError> {
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        match self.delete_with::<K>(namespace, name, &params).await {
            Err(error) if error.conflict() => Ok(()),
            other => other,
        }
    }

    async fn delete_with<K: Object>(
        &self,
        namespace: &str,
        name: &str,
        params: &DeleteParams,
    ) -> Result<(), ClusterError> {
        match within(action::<K>("delete", namespace, name), self.api::<K>(namespace).delete(name, params)).await {
            Ok(_) => Ok(()),
            Err(error) if error.not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(crate) fn action<K: Resource<DynamicType = ()>>(verb: &str, namespace: &str, name: &str) -> String {
    let kind = K::kind(&());
    if namespace.is_empty() { format!("{verb} {kind} {name}") } else { format!("{verb} {kind} {namespace}/{name}") }
}

fn namespace_of<K: Resource>(object: &K) -> String {
    object.meta().namespace.clone().unwrap_or_else(|| "default".to_owned())
}

/// An applied object names its kind, and neither status nor anything that
/// only the API server may write.
fn prepare_for_apply<K: Resource<DynamicType = ()>>(body: &mut Value) {
    body["apiVersion"] = json!(K::api_version(&()));
    body["kind"] = json!(K::kind(&()));
    if let Some(fields) = body.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["managedFields", "resourceVersion", "creationTimestamp", "generation"] {
            metadata.remove(field);
        }
    }
}
