//! What may be asked of Argo CD and Flux. Nothing here changes what they deploy: they are asked to look at Git
//! now, and Argo CD to end an operation that would keep it from doing so.

use assay_api::names::{ANNOTATION_ARGO_REFRESH, ANNOTATION_FLUX_REQUESTED_AT, FIELD_MANAGER_GITOPS};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};

use super::kinds::{ForeignKind, kind_of};
use super::trim::trim;
use crate::connect::{Cluster, within};
use crate::error::{Cause, ClusterError};

/// What came of asking for the end of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// It is being ended.
    Asked,
    /// There is nothing to end: no operation runs, or one of another revision.
    NotRunning,
}

impl Cluster {
    /// The objects of a foreign kind that have this name, in these namespaces, or in all when there is none, as
    /// they are now and without what nobody reads.
    ///
    /// # Errors
    /// When the kind is not installed, or the API server does not answer or refuses.
    pub async fn deliveries_named(
        &self,
        kind: &str,
        namespaces: &[String],
        name: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        let foreign = self.foreign(kind).await?;
        let mut apis: Vec<_> = namespaces.iter().map(|namespace| self.foreign_in(&foreign, namespace)).collect();
        if apis.is_empty() {
            apis.push(Api::all_with(self.client.clone(), &foreign.resource));
        }
        let params = ListParams::default().fields(&format!("metadata.name={name}"));
        let mut found = Vec::new();
        for api in apis {
            let listed = within(format!("look for {kind} {name}"), api.list(&params)).await;
            let listed = listed.map_err(|error| error.lacking(&right("list", foreign.kind), "gitops.enabled"))?;
            found.extend(listed.items.into_iter().map(|object| trim(foreign.kind, object)));
        }
        Ok(found)
    }

    /// Asks Argo CD to compare an Application with Git now. Needs the right to patch Applications
    /// (`gitops.refresh` of the chart).
    ///
    /// # Errors
    /// When Argo CD is not installed, the Application does not exist, or the API server does not answer or refuses.
    pub async fn ask_for_refresh(&self, namespace: &str, name: &str) -> Result<(), ClusterError> {
        self.annotate("Application", namespace, name, ANNOTATION_ARGO_REFRESH, "normal").await
    }

    /// Asks Flux to reconcile an object now. The token tells one request from another; a repeated one asks
    /// nothing. Needs the right to patch objects of this kind (`gitops.refresh` of the chart).
    ///
    /// # Errors
    /// When the kind is not installed, the object does not exist, or the API server does not answer or refuses.
    pub async fn request_reconcile(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        token: &str,
    ) -> Result<(), ClusterError> {
        self.annotate(kind, namespace, name, ANNOTATION_FLUX_REQUESTED_AT, token).await
    }

    /// Ends the operation of an Application, if it is running and of this revision: while it runs or waits for its
    /// next try, Argo CD takes no newer commit. An operation that began in between is never ended. Needs the right
    /// to patch Applications (`gitops.unblock` of the chart).
    ///
    /// # Errors
    /// When Argo CD is not installed, or the API server does not answer or refuses.
    pub async fn terminate_operation(
        &self,
        namespace: &str,
        name: &str,
        revision: &str,
    ) -> Result<Termination, ClusterError> {
        let foreign = self.foreign("Application").await?;
        let api = self.foreign_in(&foreign, namespace);
        let what = format!("end the operation of Application {namespace}/{name}");
        let found = within(format!("read Application {namespace}/{name}"), api.get_opt(name)).await;
        let found = found.map_err(|error| error.lacking(&right("get", foreign.kind), "gitops.enabled"))?;
        let Some(patch) = found.and_then(|found| termination(&found.data, revision)) else {
            return Ok(Termination::NotRunning);
        };
        let patch = serde_json::from_value(patch).map_err(|error| ClusterError::new(&what, Cause::Encode(error)))?;
        let params = PatchParams { field_manager: Some(FIELD_MANAGER_GITOPS.to_owned()), ..PatchParams::default() };
        match within(what, api.patch(name, &params, &Patch::Json::<()>(patch))).await {
            Ok(_) => Ok(Termination::Asked),
            // A test of the patch did not hold: the operation ended, or another one began.
            Err(error) if matches!(error.code(), Some(409 | 422)) => Ok(Termination::NotRunning),
            Err(error) if error.not_found() => Ok(Termination::NotRunning),
            Err(error) => Err(error.lacking(&right("patch", foreign.kind), "gitops.unblock")),
        }
    }

    async fn annotate(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        annotation: &str,
        value: &str,
    ) -> Result<(), ClusterError> {
        let foreign = self.foreign(kind).await?;
        let api = self.foreign_in(&foreign, namespace);
        let patch = json!({ "metadata": { "annotations": { annotation: value } } });
        let params = PatchParams { field_manager: Some(FIELD_MANAGER_GITOPS.to_owned()), ..PatchParams::default() };
        let what = format!("ask for a new look at {kind} {namespace}/{name}");
        let answer = within(what, api.patch(name, &params, &Patch::Merge(&patch))).await;
        answer.map(drop).map_err(|error| error.lacking(&right("patch", foreign.kind), "gitops.refresh"))
    }

    /// A foreign kind in the version that the cluster serves.
    async fn foreign(&self, kind: &str) -> Result<Foreign, ClusterError> {
        let unknown = || ClusterError::new(format!("find the kind {kind}"), Cause::NotInstalled);
        let known = kind_of(kind).ok_or_else(unknown)?;
        let version = self.version_of(known).await?.ok_or_else(unknown)?;
        let gvk = GroupVersionKind::gvk(known.group, version, known.kind);
        Ok(Foreign { kind: known, resource: ApiResource::from_gvk_with_plural(&gvk, known.plural) })
    }

    fn foreign_in(&self, foreign: &Foreign, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &foreign.resource)
    }

    /// The best version of a foreign kind that the cluster serves; `None` when the kind is not installed. Anybody
    /// may ask this of an API server.
    pub(crate) async fn version_of(&self, kind: &ForeignKind) -> Result<Option<&'static str>, ClusterError> {
        for version in kind.versions {
            let group = format!("{}/{version}", kind.group);
            let what = format!("look for {}.{}", kind.plural, kind.group);
            match within(what, self.client.list_api_group_resources(&group)).await {
                Ok(list) if list.resources.iter().any(|resource| resource.name == kind.plural) => {
                    return Ok(Some(version));
                }
                Ok(_) => {}
                Err(error) if error.code() == Some(404) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// A foreign kind as the cluster serves it.
struct Foreign {
    kind: &'static ForeignKind,
    resource: ApiResource,
}

fn right(verb: &str, kind: &ForeignKind) -> String {
    format!("{verb} {}.{}", kind.plural, kind.group)
}

/// The patch that ends the operation of this revision and no other; `None` when there is none. Its tests hold only
/// as long as the very operation that was seen is running.
fn termination(application: &Value, revision: &str) -> Option<Value> {
    let state = application.pointer("/status/operationState")?;
    let started = state.get("startedAt")?.as_str()?;
    let at = ["/operation/sync", "/syncResult"];
    let holders = at.iter().filter_map(|at| Some((*at, state.pointer(at)?)));
    let named = holders.flat_map(|(at, holder)| {
        let one = holder.get("revision").map(|revision| (format!("{at}/revision"), revision));
        let several = holder.get("revisions").and_then(Value::as_array).into_iter().flatten().enumerate();
        one.into_iter().chain(several.map(move |(index, revision)| (format!("{at}/revisions/{index}"), revision)))
    });
    let (place, found) = named.into_iter().find(|(_, found)| found.as_str() == Some(revision))?;
    (state.get("phase")?.as_str() == Some("Running")).then(|| {
        json!([
            { "op": "test", "path": "/status/operationState/phase", "value": "Running" },
            { "op": "test", "path": "/status/operationState/startedAt", "value": started },
            { "op": "test", "path": format!("/status/operationState{place}"), "value": found },
            { "op": "replace", "path": "/status/operationState/phase", "value": "Terminating" },
        ])
    })
}
