//! The few calls to the API server that bringing a cluster up and down needs.

use std::time::Duration;

use serde_json::Value;

use crate::addresses::{local, port};
use crate::http::{Credentials, HttpError, Request, Response, Server};
use crate::layout::Layout;

/// The longest wait for an apply: a busy machine may think over a definition of a
/// megabyte for long.
const APPLY: Duration = Duration::from_secs(60);

/// Why a call to the API server failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer at all.
    #[error("the API server does not answer")]
    Unreachable(#[from] HttpError),
    /// The API server says no.
    #[error("{method} {path}: {status} {message}")]
    Refused {
        /// The method.
        method: &'static str,
        /// The path.
        path: String,
        /// The status code.
        status: u16,
        /// What the API server says.
        message: String,
    },
    /// The answer is not JSON.
    #[error("the answer to {0} is not JSON")]
    NotJson(String),
    /// An object of a kind that nobody here applies.
    #[error("no path is known for an object of kind {0}")]
    UnknownKind(String),
}

/// The API server as its administrator sees it.
#[derive(Debug, Clone)]
pub struct Api {
    server: Server,
}

impl Api {
    /// Reads the administrator's certificate; does not connect yet.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub fn new(layout: &Layout) -> Result<Self, ApiError> {
        let pki = layout.pki();
        let credentials = Credentials {
            authority: &pki.join("ca.crt"),
            client: Some((&pki.join("admin.crt"), &pki.join("admin.key"))),
        };
        Ok(Self { server: Server::secure(local(port::API), credentials)? })
    }

    /// Whether the API server says that it is ready.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.server.send(&Request::get("/readyz")).is_ok_and(|answer| answer.ok())
    }

    /// Reads an object; `None` when there is none.
    ///
    /// # Errors
    /// When there is no answer or a refusal.
    pub fn get(&self, path: &str) -> Result<Option<Value>, ApiError> {
        let answer = self.server.send(&Request::get(path))?;
        if answer.status == 404 {
            return Ok(None);
        }
        judge("GET", path, &answer)?;
        serde_json::from_slice(&answer.body).map(Some).map_err(|_| ApiError::NotJson(path.to_owned()))
    }

    /// Server-side apply of one object.
    ///
    /// # Errors
    /// When the kind is unknown here, there is no answer, or a refusal.
    pub fn apply(&self, object: &Value) -> Result<(), ApiError> {
        let path = format!("{}?fieldManager=devcluster&force=true", path_of(object)?);
        let body = object.to_string();
        let request = Request {
            method: "PATCH",
            path: &path,
            headers: &[("Content-Type", "application/apply-patch+yaml")],
            body: body.as_bytes(),
            patience: APPLY,
        };
        judge("PATCH", &path, &self.server.send(&request)?)
    }

    /// Deletes every pod at once, without grace.
    ///
    /// # Errors
    /// When the list of pods cannot be read; single pods may fail silently.
    pub fn delete_all_pods(&self) -> Result<usize, ApiError> {
        let list = self.get("/api/v1/pods")?.unwrap_or_default();
        let pods = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for pod in pods {
            let metadata = &pod["metadata"];
            let (Some(namespace), Some(name)) = (metadata["namespace"].as_str(), metadata["name"].as_str()) else {
                continue;
            };
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0");
            let _ = self.server.send(&Request { method: "DELETE", ..Request::get(&path) });
        }
        Ok(pods.len())
    }
}

fn judge(method: &'static str, path: &str, answer: &Response) -> Result<(), ApiError> {
    if answer.ok() {
        return Ok(());
    }
    let status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = status["message"].as_str().unwrap_or("no message").to_owned();
    Err(ApiError::Refused { method, path: path.to_owned(), status: answer.status, message })
}

fn path_of(object: &Value) -> Result<String, ApiError> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (plural, namespaced) = match kind {
        "AppProject" => ("appprojects", true),
        "ConfigMap" => ("configmaps", true),
        "CustomResourceDefinition" => ("customresourcedefinitions", false),
        "EndpointSlice" => ("endpointslices", true),
        "Namespace" => ("namespaces", false),
        "Secret" => ("secrets", true),
        "Service" => ("services", true),
        other => return Err(ApiError::UnknownKind(other.to_owned())),
    };
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let root = if version.contains('/') { "apis" } else { "api" };
    if !namespaced {
        return Ok(format!("/{root}/{version}/{plural}/{name}"));
    }
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
    Ok(format!("/{root}/{version}/namespaces/{namespace}/{plural}/{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_knows_its_path() {
        let object = |version: &str, kind: &str| {
            let metadata = json!({"name": "a", "namespace": "b"});
            path_of(&json!({"apiVersion": version, "kind": kind, "metadata": metadata})).unwrap()
        };
        assert_eq!(object("v1", "Service"), "/api/v1/namespaces/b/services/a");
        assert_eq!(object("v1", "Namespace"), "/api/v1/namespaces/a");
        assert_eq!(
            object("argoproj.io/v1alpha1", "AppProject"),
            "/apis/argoproj.io/v1alpha1/namespaces/b/appprojects/a"
        );
        assert!(matches!(path_of(&json!({"kind": "Pod"})), Err(ApiError::UnknownKind(_))));
    }
}
