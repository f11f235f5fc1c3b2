//! A real Gitea: that of the development cluster, which `devcluster up --with gitea` starts.

use std::path::PathBuf;

use assay_api::ForgeKind;
use http::Method;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::paths::{KEY, shop};
use super::restore::restore;
use crate::forge::wire::Wire;
use crate::{
    CommitState, CommitStatus, Credentials, ForgeClient, ForgeTarget, OpenPullRequest, PullRequestState, Push, Pushed,
    Remote, Repositories, Secret,
};

const GOOD: &str = "a2luZDogR29vZAo=";
const BAD: &str = "a2luZDogQmFkCg==";
const WORSE: &str = "a2luZDogV29yc2UK";
const FILE: &str = "apps/shop/a.yaml";

/// What the development cluster writes down of it.
fn account() -> Option<Value> {
    let cache = std::env::var_os("ASSAY_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/assay")))?;
    let file = cache.join("cluster/data/gitea/account.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("NOT TRIED: there is no Gitea (devcluster up --with gitea)");
        return None;
    };
    let account: Value = serde_json::from_str(&text).unwrap();
    let url: http::Uri = account["url"].as_str().unwrap().parse().unwrap();
    // One that did not end in good order leaves its account behind.
    let address = (url.host().unwrap(), url.port_u16().unwrap_or(80));
    if let Err(error) = std::net::TcpStream::connect(address) {
        eprintln!("NOT TRIED: no Gitea listens (devcluster up --with gitea): {error}");
        return None;
    }
    Some(account)
}

struct Gitea {
    wire: Wire,
    url: String,
    user: String,
    token: Secret,
    name: String,
}

impl Gitea {
    async fn start() -> Option<Self> {
        let account = account()?;
        let field = |name: &str| account[name].as_str().unwrap().to_owned();
        let (url, user, token) = (field("url"), field("user"), Secret::new(field("token")));
        let wire = Wire::new(format!("{url}/api/v1"), AUTHORIZATION, "token ", &token, None).unwrap();
        // A run that failed leaves its repository behind, and numbers of processes come again.
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let name = format!("git-room-{}-{now}", std::process::id());
        let gitea = Self { wire, url, user, token, name };
        let body = json!({ "name": gitea.name, "private": true, "auto_init": true, "default_branch": "main" });
        gitea.ask(Method::POST, "/user/repos", body).await;
        Some(gitea)
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        self.wire.good("prepare a test", method, path, Some(&body)).await.unwrap()
    }

    fn repository(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", self.user, self.name)
    }

    /// A commit by somebody. Answers with its id.
    async fn write(&self, content: &str) -> String {
        let path = self.repository(&format!("/contents/{FILE}"));
        let before = self.wire.call("look", Method::GET, &path, None).await.unwrap();
        let mut body = json!({ "content": content, "message": "Change", "branch": "main" });
        let method = match before.body["sha"].as_str() {
            Some(sha) => {
                body["sha"] = json!(sha);
                Method::PUT
            }
            None => Method::POST,
        };
        self.ask(method, &path, body).await["commit"]["sha"].as_str().unwrap().to_owned()
    }

    fn remote(&self) -> Remote {
        let credentials = Credentials::Basic { username: self.user.clone(), password: self.token.clone() };
        Remote { url: format!("{}/{}/{}.git", self.url, self.user, self.name), credentials, ca: None }
    }

    fn client(&self) -> ForgeClient {
        let target = ForgeTarget {
            kind: ForgeKind::Gitea,
            repository: self.remote().url,
            token: self.token.clone(),
            ..ForgeTarget::default()
        };
        ForgeClient::new(&target).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_on_a_real_forge() {
    let Some(gitea) = Gitea::start().await else { return };
    let mirrors = tempfile::tempdir().unwrap();
    let repositories = Repositories::new(mirrors.path());
    let (remote, client) = (gitea.remote(), gitea.client());
    let good = gitea.write(GOOD).await;
    let bad = gitea.write(BAD).await;

    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert!(facts.good_before_bad && facts.tip == bad && facts.range.len() == 1, "{facts:?}");
    for state in [CommitState::Pending, CommitState::Failure, CommitState::Failure] {
        let status =
            CommitStatus { context: "assay/shop".to_owned(), state, description: "2 of 3".to_owned(), url: None };
        client.status(&bad, &status).await.unwrap();
    }
    let combined = gitea.repository(&format!("/commits/{bad}/status"));
    let combined = gitea.wire.good("look", Method::GET, &combined, None).await.unwrap();
    assert_eq!(combined["state"], "failure");

    assert!(!client.protected("main").await.unwrap());
    assert_eq!(repositories.check(&remote, &["main".to_owned()]).await.unwrap().writable, Some(true));
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id.clone(), expected: Some(bad.clone()) };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!((facts.tip.as_str(), facts.done.as_deref()), (planned.id.as_str(), Some(planned.id.as_str())));

    let worse = gitea.write(WORSE).await;
    on_a_protected_branch(&gitea, &repositories, &planned.id, &worse).await;
    let _ = gitea.wire.good("clean up", Method::DELETE, &gitea.repository(""), None).await;
}

async fn on_a_protected_branch(gitea: &Gitea, repositories: &Repositories, good: &str, worse: &str) {
    let (remote, client) = (gitea.remote(), gitea.client());
    let rule = json!({ "rule_name": "main", "enable_push": false });
    gitea.ask(Method::POST, &gitea.repository("/branch_protections"), rule).await;
    assert!(client.protected("main").await.unwrap());
    repositories.fetch(&remote).await.unwrap();
    let planned = repositories.plan(&remote, &restore(worse, &[("apps/shop", good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id.clone(), expected: Some(worse.to_owned()) };
    match repositories.push(&remote, &push).await.unwrap() {
        Pushed::Refused { why } => assert!(why.to_lowercase().contains("protected branch"), "{why}"),
        other => panic!("{other:?}"),
    }
    let head = format!("assay/rollback-{KEY}");
    let push = Push { branch: head.clone(), commit: planned.id.clone(), expected: None };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    let ask = OpenPullRequest {
        head,
        base: "main".to_owned(),
        title: "Revert".to_owned(),
        body: "Because *it* fails".to_owned(),
        labels: vec!["assay".to_owned(), "rollback".to_owned()],
    };
    let opened = client.open(&ask).await.unwrap();
    assert_eq!(client.open(&ask).await.unwrap(), opened);
    assert_eq!(client.find(&ask.head, "main").await.unwrap().unwrap(), opened);
    assert_eq!(client.find(&ask.head, "other").await.unwrap(), None);
    assert_eq!(client.state(opened.number).await.unwrap(), PullRequestState::Open);
    client.comment(opened.number, "Still red").await.unwrap();
    let path = gitea.repository(&format!("/pulls/{}", opened.number));
    let pull = gitea.wire.good("look", Method::GET, &path, None).await.unwrap();
    let labels: Vec<&str> =
        pull["labels"].as_array().unwrap().iter().filter_map(|label| label["name"].as_str()).collect();
    assert_eq!((labels, pull["comments"].as_i64()), (vec!["assay", "rollback"], Some(1)));

    // Gitea works out in the background whether it can be merged.
    let merge = gitea.repository(&format!("/pulls/{}/merge", opened.number));
    let begun = std::time::Instant::now();
    loop {
        let reply = gitea.wire.call("merge", Method::POST, &merge, Some(&json!({ "Do": "merge" }))).await.unwrap();
        if reply.status == 200 {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "it is not merged: {}", reply.body);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let state = client.state(opened.number).await.unwrap();
    let facts = repositories.look(&remote, &shop(good, worse)).await.unwrap();
    assert_eq!(state, PullRequestState::Merged { commit: Some(facts.tip.clone()) });
    assert_eq!((facts.done, facts.tip_tree), (Some(planned.id.clone()), facts.good_tree));
    assert_eq!(facts.pull_request_branch, Some(planned.id));
}
