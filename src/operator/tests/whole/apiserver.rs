//! As much of an API server as the operator needs: objects are kept, applied,
//! created, patched, listed and deleted; a watch is refused as too old, so that lists
//! are asked for again and again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The objects by their paths.
#[derive(Clone, Default)]
pub(crate) struct ApiServer {
    state: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Value>,
    version: u64,
    /// Jobs that were ever made.
    jobs_made: Vec<String>,
    /// The greatest number of Jobs at one time.
    jobs_at_once: usize,
    /// Of these, in the plural, there may be no more.
    used_up: Option<&'static str>,
}

impl ApiServer {
    /// Listens on this machine.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Puts an object where its path says, as a user would.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.lock().write(path, object);
    }

    /// A quota leaves no room for objects of a kind, in the plural, or for all again.
    pub(crate) fn use_up(&self, plural: Option<&'static str>) {
        self.lock().used_up = plural;
    }

    /// The object at a path.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.lock().objects.get(path).cloned()
    }

    /// Paths of all objects of a kind.
    pub(crate) fn paths(&self, plural: &str) -> Vec<String> {
        let wanted = format!("/{plural}/");
        self.lock().objects.keys().filter(|path| path.contains(&wanted)).cloned().collect()
    }

    /// Jobs that were made, and the greatest number of them at one time.
    pub(crate) fn jobs(&self) -> (Vec<String>, usize) {
        let kept = self.lock();
        (kept.jobs_made.clone(), kept.jobs_at_once)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn write(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        let known = self.objects.get(path);
        let old = |field: &str| known.map_or(Value::Null, |known| known["metadata"][field].clone());
        let metadata = &mut object["metadata"];
        for (field, fresh) in [
            ("uid", json!(format!("uid-{}", self.version))),
            ("creationTimestamp", json!(jiff::Timestamp::now().to_string())),
            ("generation", json!(1)),
        ] {
            if metadata[field].is_null() {
                metadata[field] = if old(field).is_null() { fresh } else { old(field) };
            }
        }
        metadata["resourceVersion"] = json!(self.version.to_string());
        if known.is_none() && path.contains("/jobs/") {
            self.jobs_made.push(path.to_owned());
        }
        self.objects.insert(path.to_owned(), object.clone());
        self.jobs_at_once = self.jobs_at_once.max(self.objects.keys().filter(|path| path.contains("/jobs/")).count());
        object
    }

    /// Whether somebody else wrote the object since the one who writes it now has read it.
    fn is_stale(&self, path: &str, object: &Value) -> bool {
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        self.objects.get(path).is_none_or(|known| version(known) != version(object))
    }

    /// Creates an object under its own name.
    fn create(&mut self, path: &str, object: Value) -> Option<Value> {
        let path = format!("{path}/{}", object["metadata"]["name"].as_str()?);
        (!self.objects.contains_key(&path)).then(|| self.write(&path, object))
    }

    fn patch(&mut self, path: &str, patch: Value) -> Option<Value> {
        // An applied object names its kind, a merged document does not.
        if !patch["kind"].is_null() {
            return self.apply(path, patch);
        }
        let mut object = self.objects.get(path)?.clone();
        merge(&mut object, patch);
        Some(self.write(path, object))
    }

    fn apply(&mut self, path: &str, patch: Value) -> Option<Value> {
        let Some(path) = path.strip_suffix("/status") else {
            let status = self.objects.get(path).map(|known| known["status"].clone());
            let object = status.map_or(patch.clone(), |status| with(patch, "status", status));
            return Some(self.write(path, object));
        };
        let known = self.objects.get(path)?.clone();
        Some(self.write(path, with(known, "status", patch["status"].clone())))
    }

    fn list(&self, path: &str) -> Value {
        let (group, plural) = path.rsplit_once('/').unwrap_or_default();
        let group = group.split("/namespaces/").next().unwrap_or_default();
        let wanted = format!("/{plural}/");
        let objects = self.objects.iter().filter(|(path, _)| path.starts_with(group) && path.contains(&wanted));
        let items: Vec<_> = objects.map(|(_, object)| object.clone()).collect();
        json!({ "kind": "List", "apiVersion": "v1", "metadata": { "resourceVersion": "1" }, "items": items })
    }
}

fn merge(object: &mut Value, patch: Value) {
    match patch {
        Value::Object(fields) => fields.into_iter().for_each(|(name, value)| merge(&mut object[name.as_str()], value)),
        value => *object = value,
    }
}

/// The kinds of Argo CD are installed, those of Flux are not.
fn discovery(path: &str) -> Option<Response> {
    let ["", "apis", group, version] = path.split('/').collect::<Vec<_>>()[..] else { return None };
    if group != "argoproj.io" {
        return Some(failure(StatusCode::NOT_FOUND, "NotFound"));
    }
    let resource = json!({
        "name": "applications", "singularName": "application", "namespaced": true, "kind": "Application",
        "verbs": ["get", "list", "watch"],
    });
    let list = json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{group}/{version}"),
        "resources": [resource],
    });
    Some(Json(list).into_response())
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

async fn answer(State(server): State<ApiServer>, method: Method, uri: Uri, body: Bytes) -> Response {
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    if path == "/version" {
        return Json(
            json!({ "major": "1", "minor": "34", "gitVersion": "v1.34.0", "gitCommit": "", "gitTreeState": "",
            "buildDate": "", "goVersion": "", "compiler": "", "platform": "" }),
        )
        .into_response();
    }
    if let Some(answer) = discovery(path) {
        return answer;
    }
    if query.contains("watch=true") {
        return failure(StatusCode::GONE, "Expired");
    }
    let body = || serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let named = path.split('/').skip_while(|part| *part != "namespaces").count() >= 4
        || path.contains("/api/v1/namespaces/")
        || path.contains("/gitwriteaccesses/");
    let mut kept = server.lock();
    if let Some(plural) = kept.used_up.filter(|plural| method == Method::PATCH && path.contains(&format!("/{plural}/")))
    {
        return refusal(StatusCode::FORBIDDEN, "Forbidden", &format!("{plural} are forbidden: exceeded quota: small"));
    }
    let found = match method {
        Method::GET if named => kept.objects.get(path).cloned(),
        Method::GET => Some(kept.list(path)),
        Method::PATCH => kept.patch(path, body()),
        Method::DELETE => kept.objects.remove(path),
        Method::PUT if path.contains("/leases/") && kept.is_stale(path, &body()) => {
            return failure(StatusCode::CONFLICT, "Conflict");
        }
        Method::PUT => Some(kept.write(path, body())),
        Method::POST if path.contains("/apis/assay.dev/") || path.ends_with("/leases") => {
            match kept.create(path, body()) {
                Some(object) => Some(object),
                None => return failure(StatusCode::CONFLICT, "AlreadyExists"),
            }
        }
        _ => Some(body()),
    };
    found.map_or_else(|| failure(StatusCode::NOT_FOUND, "NotFound"), |object| Json(object).into_response())
}

fn failure(code: StatusCode, reason: &str) -> Response {
    refusal(code, reason, reason)
}

fn refusal(code: StatusCode, reason: &str, message: &str) -> Response {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code.as_u16(), "reason": reason, "message": message,
    });
    (code, Json(status)).into_response()
}
