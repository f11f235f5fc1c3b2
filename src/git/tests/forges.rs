//! Forges: the requests that their interfaces document, and the answers that these give.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use assay_api::ForgeKind;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};

use crate::{
    CommitState, CommitStatus, Disposition, ForgeClient, ForgeError, ForgeTarget, OpenPullRequest, OpenedPullRequest,
    PullRequestState, Secret,
};

const TOKEN: &str = "canary-token";

/// One request and its answer.
type Exchange = (&'static str, Option<Value>, u16, Value);

/// Answers as it was told, in that order, and to nothing else.
struct Script {
    address: SocketAddr,
    left: Arc<Mutex<Vec<Exchange>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
    extra: Arc<Mutex<Option<(&'static str, &'static str)>>>,
}

#[derive(Clone)]
struct Stage {
    left: Arc<Mutex<Vec<Exchange>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
    extra: Arc<Mutex<Option<(&'static str, &'static str)>>>,
}

async fn answer(
    State(stage): State<Stage>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    stage.headers.lock().unwrap().push(headers);
    let asked = format!("{method} {uri}");
    let mut left = stage.left.lock().unwrap();
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    let (status, answer) = match left.first() {
        Some((expected, sent, status, answer)) if *expected == asked && *sent == body => {
            let found = (*status, answer.clone());
            left.remove(0);
            found
        }
        other => (418, json!({ "message": format!("asked {asked} {body:?}, expected {other:?}") })),
    };
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if let Some((name, value)) = *stage.extra.lock().unwrap() {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.to_string())).unwrap()
}

impl Script {
    async fn start(exchanges: Vec<Exchange>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Stage { left: Arc::new(Mutex::new(exchanges)), headers: Arc::default(), extra: Arc::default() };
        let app = Router::new().fallback(answer).with_state(stage.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, left: stage.left, headers: stage.headers, extra: stage.extra }
    }

    fn client(&self, kind: ForgeKind, project: &str) -> ForgeClient {
        let repository = format!("http://{}/{project}.git", self.address);
        ForgeClient::new(&ForgeTarget { kind, repository, token: Secret::new(TOKEN), ..ForgeTarget::default() })
            .unwrap()
    }

    /// Everything was asked, with the token in that header.
    fn done(&self, header: &str, value: &str) {
        let left = self.left.lock().unwrap();
        assert!(left.is_empty(), "not asked: {left:?}");
        for headers in self.headers.lock().unwrap().iter() {
            assert_eq!(headers[header], value);
            assert_eq!(headers["user-agent"], "assay");
        }
    }
}

fn status(state: CommitState) -> CommitStatus {
    CommitStatus {
        context: "assay/shop".to_owned(),
        state,
        description: "x".repeat(200),
        url: Some("https://assay.example.com/commits/abc".to_owned()),
    }
}

fn cut() -> String {
    format!("{}…", "x".repeat(139))
}

fn ask() -> OpenPullRequest {
    OpenPullRequest {
        head: "assay/rollback-0123".to_owned(),
        base: "main".to_owned(),
        title: "Revert".to_owned(),
        body: "Because".to_owned(),
        labels: vec!["assay".to_owned(), "rollback".to_owned()],
    }
}

#[tokio::test]
async fn github() {
    let pull = json!({ "number": 7, "html_url": "https://h/o/r/pull/7", "state": "open", "merged": false });
    let find = "GET /api/v3/repos/o/r/pulls?state=all&head=o%3Aassay%2Frollback-0123&base=main&per_page=1";
    let script = Script::start(vec![
        (
            "POST /api/v3/repos/o/r/statuses/abc",
            Some(json!({ "state": "failure", "context": "assay/shop", "description": cut(), "target_url": "https://assay.example.com/commits/abc" })),
            201,
            json!({ "id": 1 }),
        ),
        (find, None, 200, json!([])),
        (
            "POST /api/v3/repos/o/r/pulls",
            Some(json!({ "title": "Revert", "head": "assay/rollback-0123", "base": "main", "body": "Because" })),
            201,
            pull.clone(),
        ),
        ("POST /api/v3/repos/o/r/issues/7/labels", Some(json!({ "labels": ["assay", "rollback"] })), 200, json!([])),
        // Whoever opened it may have ended before it was labelled.
        (find, None, 200, json!([pull])),
        ("POST /api/v3/repos/o/r/issues/7/labels", Some(json!({ "labels": ["assay", "rollback"] })), 200, json!([])),
        ("GET /api/v3/repos/o/r/pulls/7", None, 200, pull.clone()),
        ("GET /api/v3/repos/o/r/pulls/7", None, 200, json!({ "state": "closed", "merged": true, "merge_commit_sha": "def" })),
        ("GET /api/v3/repos/o/r/pulls/7", None, 200, json!({ "state": "closed", "merged": false, "merge_commit_sha": "def" })),
        ("POST /api/v3/repos/o/r/issues/7/comments", Some(json!({ "body": "Green again" })), 201, json!({})),
        ("GET /api/v3/repos/o/r/branches/release%2F1", None, 200, json!({ "protected": true })),
    ])
    .await;
    let client = script.client(ForgeKind::GitHub, "o/r");
    client.status("abc", &status(CommitState::Failure)).await.unwrap();
    let opened = OpenedPullRequest { number: 7, url: "https://h/o/r/pull/7".to_owned() };
    assert_eq!(client.open(&ask()).await.unwrap(), opened);
    assert_eq!(client.open(&ask()).await.unwrap(), opened);
    assert_eq!(client.state(7).await.unwrap(), PullRequestState::Open);
    assert_eq!(client.state(7).await.unwrap(), PullRequestState::Merged { commit: Some("def".to_owned()) });
    assert_eq!(client.state(7).await.unwrap(), PullRequestState::Closed);
    client.comment(7, "Green again").await.unwrap();
    assert!(client.protected("release/1").await.unwrap());
    script.done("authorization", "Bearer canary-token");
}

#[tokio::test]
async fn gitlab() {
    let request = json!({ "iid": 7, "web_url": "https://h/g/s/r/-/merge_requests/7", "state": "opened" });
    let find = "GET /api/v4/projects/g%2Fs%2Fr/merge_requests?source_branch=assay%2Frollback-0123&target_branch=main&state=all&order_by=created_at&sort=desc&per_page=1";
    let post = |state: &str| {
        Some(
            json!({ "state": state, "name": "assay/shop", "description": cut(), "target_url": "https://assay.example.com/commits/abc" }),
        )
    };
    let script = Script::start(vec![
        ("POST /api/v4/projects/g%2Fs%2Fr/statuses/abc", post("running"), 201, json!({})),
        (
            "POST /api/v4/projects/g%2Fs%2Fr/statuses/abc",
            post("running"),
            400,
            json!({ "message": { "state": ["Cannot transition status via :run from :running"] } }),
        ),
        ("POST /api/v4/projects/g%2Fs%2Fr/statuses/abc", post("failed"), 400, json!({ "message": "ref is invalid" })),
        (find, None, 200, json!([])),
        (
            "POST /api/v4/projects/g%2Fs%2Fr/merge_requests",
            Some(json!({ "source_branch": "assay/rollback-0123", "target_branch": "main", "title": "Revert", "description": "Because", "labels": "assay,rollback" })),
            409,
            json!({ "message": ["Another open merge request already exists for this source branch: !7"] }),
        ),
        (find, None, 200, json!([request])),
        ("GET /api/v4/projects/g%2Fs%2Fr/merge_requests/7", None, 200, request.clone()),
        (
            "GET /api/v4/projects/g%2Fs%2Fr/merge_requests/7",
            None,
            200,
            json!({ "state": "merged", "merge_commit_sha": null, "squash_commit_sha": "def", "sha": "aaa" }),
        ),
        ("POST /api/v4/projects/g%2Fs%2Fr/merge_requests/7/notes", Some(json!({ "body": "Hi" })), 201, json!({})),
        ("GET /api/v4/projects/g%2Fs%2Fr/repository/branches/main", None, 200, json!({ "protected": true, "can_push": true })),
    ])
    .await;
    let client = script.client(ForgeKind::GitLab, "g/s/r");
    client.status("abc", &status(CommitState::Pending)).await.unwrap();
    client.status("abc", &status(CommitState::Pending)).await.unwrap();
    let error = client.status("abc", &status(CommitState::Error)).await.unwrap_err();
    assert_eq!((error.status(), error.disposition()), (Some(400), Disposition::Stalled));
    assert_eq!(client.open(&ask()).await.unwrap().number, 7);
    assert_eq!(client.state(7).await.unwrap(), PullRequestState::Open);
    assert_eq!(client.state(7).await.unwrap(), PullRequestState::Merged { commit: Some("def".to_owned()) });
    client.comment(7, "Hi").await.unwrap();
    assert!(!client.protected("main").await.unwrap());
    script.done("private-token", TOKEN);
}

#[tokio::test]
async fn gitea() {
    let pull = json!({ "number": 7, "html_url": "http://h/o/r/pulls/7", "state": "open", "merged": false, "head": { "ref": "assay/rollback-0123" }, "base": { "ref": "main" } });
    let other = json!({ "number": 9, "html_url": "x", "head": { "ref": "other" }, "base": { "ref": "main" } });
    let page = |number: usize| match number {
        1 => "GET /api/v1/repos/o/r/pulls?state=all&sort=recentupdate&limit=50&page=1",
        _ => "GET /api/v1/repos/o/r/pulls?state=all&sort=recentupdate&limit=50&page=2",
    };
    let post = || Some(json!({ "title": "Revert", "head": "assay/rollback-0123", "base": "main", "body": "Because" }));
    let script = Script::start(vec![
        (page(1), None, 200, json!([other])),
        (page(2), None, 200, json!([])),
        // Just after a push.
        ("POST /api/v1/repos/o/r/pulls", post(), 404, json!({ "message": "The target couldn't be found." })),
        ("POST /api/v1/repos/o/r/pulls", post(), 201, pull.clone()),
        ("GET /api/v1/repos/o/r/labels?limit=50", None, 200, json!([{ "id": 3, "name": "assay" }])),
        (
            "POST /api/v1/repos/o/r/labels",
            Some(json!({ "name": "rollback", "color": "#c5a200" })),
            201,
            json!({ "id": 4 }),
        ),
        ("POST /api/v1/repos/o/r/issues/7/labels", Some(json!({ "labels": [3, 4] })), 200, json!([])),
        (page(1), None, 200, json!([other, pull])),
        // Whoever opened it may have ended before it was labelled.
        (page(1), None, 200, json!([other, pull])),
        (
            "GET /api/v1/repos/o/r/labels?limit=50",
            None,
            200,
            json!([{ "id": 3, "name": "assay" }, { "id": 4, "name": "rollback" }]),
        ),
        ("POST /api/v1/repos/o/r/issues/7/labels", Some(json!({ "labels": [3, 4] })), 200, json!([])),
        ("GET /api/v1/repos/o/r/branches/release/1", None, 200, json!({ "protected": true, "user_can_push": false })),
        ("GET /api/v1/repos/o/r/branches/main", None, 200, json!({ "protected": true, "user_can_push": true })),
    ])
    .await;
    let client = script.client(ForgeKind::Gitea, "o/r");
    assert_eq!(client.open(&ask()).await.unwrap().number, 7);
    assert_eq!(client.find("assay/rollback-0123", "main").await.unwrap().unwrap().number, 7);
    assert_eq!(client.open(&ask()).await.unwrap().number, 7);
    assert!(client.protected("release/1").await.unwrap());
    assert!(!client.protected("main").await.unwrap());
    script.done("authorization", "token canary-token");
}

#[tokio::test]
async fn refusals_say_why_and_not_with_what() {
    let script = Script::start(vec![
        ("GET /api/v1/repos/o/r/pulls/1", None, 401, json!({ "message": "bad credentials: canary-token" })),
        ("GET /api/v1/repos/o/r/pulls/1", None, 503, json!("down")),
        ("GET /api/v1/repos/o/r/pulls/1", None, 200, json!({ "state": "open?" })),
    ])
    .await;
    let client = script.client(ForgeKind::Gitea, "o/r");
    let refused = client.state(1).await.unwrap_err();
    assert_eq!(refused.disposition(), Disposition::Stalled);
    assert!(refused.to_string().contains("bad credentials"), "{refused}");
    let down = client.state(1).await.unwrap_err();
    assert_eq!(down.disposition(), Disposition::Transient);
    let odd = client.state(1).await.unwrap_err();
    assert!(matches!(odd, ForgeError::Odd { .. }));
    let shown = format!("{refused} {refused:?} {down} {odd} {client:?}");
    assert!(!shown.contains("canary"), "{shown}");

    script.left.lock().unwrap().push(("GET /api/v1/repos/o/r/pulls/1", None, 403, json!({ "message": "slow down" })));
    *script.extra.lock().unwrap() = Some(("retry-after", "17"));
    let limited = client.state(1).await.unwrap_err();
    assert_eq!(limited.disposition(), Disposition::Transient);
    assert_eq!(limited.retry_after(), Some(std::time::Duration::from_secs(17)));

    let nobody = ForgeTarget {
        repository: "http://127.0.0.1:1/o/r".to_owned(),
        token: Secret::new(TOKEN),
        ..ForgeTarget::default()
    };
    let unreachable = ForgeClient::new(&nobody).unwrap().state(1).await.unwrap_err();
    assert_eq!(unreachable.disposition(), Disposition::Transient);
    for token in ["", "two\nlines"] {
        let target = ForgeTarget { token: Secret::new(token), ..nobody.clone() };
        assert!(matches!(ForgeClient::new(&target), Err(ForgeError::Target(_))));
    }
    let target = ForgeTarget { ca: Some("nonsense".to_owned()), ..nobody };
    assert!(matches!(ForgeClient::new(&target), Err(ForgeError::Target(_))));
}
