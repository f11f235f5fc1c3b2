//! Gitea and Forgejo.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::error::ForgeError;
use super::github::{opened, state};
use super::kinds::{CommitState, CommitStatus, OpenPullRequest, OpenedPullRequest, PullRequestState, cut};
use super::wire::{Wire, encoded, field};

/// Just after a push the forge may not know the branch yet, and says that there is nothing.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];
/// Pages of the list of pull requests that are read.
const PAGES: usize = 4;
const PAGE: usize = 50;
/// Of labels that do not exist yet.
const COLOUR: &str = "#c5a200";

pub(super) struct Gitea {
    wire: Wire,
    /// `/repos/OWNER/NAME`.
    repository: String,
}

impl Gitea {
    pub(super) fn new(wire: Wire, project: &str) -> Self {
        Self { wire, repository: format!("/repos/{project}") }
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.repository)
    }

    pub(super) async fn status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        let state = match status.state {
            CommitState::Pending => "pending",
            CommitState::Success => "success",
            CommitState::Failure => "failure",
            CommitState::Error => "error",
        };
        let body = json!({
            "state": state,
            "context": cut(&status.context, 40),
            "description": cut(&status.description, 140),
            "target_url": status.url.as_deref().unwrap_or_default(),
        });
        let path = self.path(&format!("/statuses/{}", encoded(commit)));
        self.wire.good("show a status", Method::POST, &path, Some(&body)).await.map(drop)
    }

    pub(super) async fn open(&self, ask: &OpenPullRequest) -> Result<OpenedPullRequest, ForgeError> {
        const DOING: &str = "open a pull request";
        let body = json!({
            "title": cut(&ask.title, 250),
            "head": ask.head,
            "base": ask.base,
            "body": cut(&ask.body, 60_000),
        });
        let mut pauses = PAUSES.into_iter();
        let reply = loop {
            let reply = self.wire.call(DOING, Method::POST, &self.path("/pulls"), Some(&body)).await?;
            match pauses.next() {
                Some(pause) if reply.status == 404 => tokio::time::sleep(pause).await,
                _ => break reply,
            }
        };
        if reply.status != 201 {
            // Somebody may have been faster.
            let found = if reply.status == 409 { self.find(&ask.head, &ask.base).await? } else { None };
            return found.ok_or_else(|| self.wire.refused(&reply));
        }
        opened(DOING, &reply.body)
    }

    /// Labels go by number here, and must exist.
    pub(super) async fn label(&self, number: i64, names: &[String]) -> Result<(), ForgeError> {
        const DOING: &str = "label a pull request";
        if names.is_empty() {
            return Ok(());
        }
        let known = self.wire.good(DOING, Method::GET, &self.path(&format!("/labels?limit={PAGE}")), None).await?;
        let mut ids = Vec::new();
        for name in names {
            let found = known.as_array().into_iter().flatten().find(|label| label["name"].as_str() == Some(name));
            let id = match found {
                Some(label) => field(DOING, label, "id", Value::as_i64)?,
                None => {
                    let body = json!({ "name": name, "color": COLOUR });
                    let made = self.wire.good(DOING, Method::POST, &self.path("/labels"), Some(&body)).await?;
                    field(DOING, &made, "id", Value::as_i64)?
                }
            };
            ids.push(id);
        }
        let path = self.path(&format!("/issues/{number}/labels"));
        self.wire.good(DOING, Method::POST, &path, Some(&json!({ "labels": ids }))).await.map(drop)
    }

    pub(super) async fn find(&self, head: &str, base: &str) -> Result<Option<OpenedPullRequest>, ForgeError> {
        const DOING: &str = "look for a pull request";
        for page in 1..=PAGES {
            let path = self.path(&format!("/pulls?state=all&sort=recentupdate&limit={PAGE}&page={page}"));
            let reply = self.wire.call(DOING, Method::GET, &path, None).await?;
            // As with opening one, just after a first push.
            if reply.status == 404 {
                return Ok(None);
            }
            if reply.status != 200 {
                return Err(self.wire.refused(&reply));
            }
            let list = reply.body.as_array().cloned().unwrap_or_default();
            let ours = |found: &&Value| {
                found["head"]["ref"].as_str() == Some(head) && found["base"]["ref"].as_str() == Some(base)
            };
            if let Some(found) = list.iter().filter(ours).max_by_key(|found| found["number"].as_i64()) {
                return opened(DOING, found).map(Some);
            }
            // The forge may allow fewer on a page than were asked for.
            if list.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    pub(super) async fn state(&self, number: i64) -> Result<PullRequestState, ForgeError> {
        const DOING: &str = "ask for a pull request";
        let body = self.wire.good(DOING, Method::GET, &self.path(&format!("/pulls/{number}")), None).await?;
        state(DOING, &body)
    }

    pub(super) async fn comment(&self, number: i64, text: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/issues/{number}/comments"));
        let body = json!({ "body": cut(text, 60_000) });
        self.wire.good("comment on a pull request", Method::POST, &path, Some(&body)).await.map(drop)
    }

    pub(super) async fn protected(&self, branch: &str) -> Result<bool, ForgeError> {
        const DOING: &str = "ask whether a branch is protected";
        // The whole rest of the path is the branch.
        let branch: Vec<String> = branch.split('/').map(encoded).collect();
        let path = self.path(&format!("/branches/{}", branch.join("/")));
        let body = self.wire.good(DOING, Method::GET, &path, None).await?;
        let protected = field(DOING, &body, "protected", Value::as_bool)?;
        Ok(protected && body["user_can_push"].as_bool() != Some(true))
    }
}
