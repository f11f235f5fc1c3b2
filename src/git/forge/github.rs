//! GitHub, on github.com and in one's own house.

use http::Method;
use serde_json::{Value, json};

use super::error::ForgeError;
use super::kinds::{CommitState, CommitStatus, OpenPullRequest, OpenedPullRequest, PullRequestState, cut};
use super::wire::{Wire, encoded, field};

pub(super) struct GitHub {
    wire: Wire,
    owner: String,
    /// `/repos/OWNER/NAME`.
    repository: String,
}

impl GitHub {
    pub(super) fn new(wire: Wire, project: &str) -> Self {
        let owner = project.split('/').next().unwrap_or_default().to_owned();
        Self { wire, owner, repository: format!("/repos/{project}") }
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
        let mut body = json!({
            "state": state,
            "context": cut(&status.context, 40),
            "description": cut(&status.description, 140),
        });
        if let Some(url) = &status.url {
            body["target_url"] = json!(url);
        }
        let path = self.path(&format!("/statuses/{}", encoded(commit)));
        self.wire.good("show a status", Method::POST, &path, Some(&body)).await.map(drop)
    }

    pub(super) async fn label(&self, number: i64, names: &[String]) -> Result<(), ForgeError> {
        if names.is_empty() {
            return Ok(());
        }
        let path = self.path(&format!("/issues/{number}/labels"));
        self.wire.good("label a pull request", Method::POST, &path, Some(&json!({ "labels": names }))).await.map(drop)
    }

    pub(super) async fn open(&self, ask: &OpenPullRequest) -> Result<OpenedPullRequest, ForgeError> {
        const DOING: &str = "open a pull request";
        let body = json!({
            "title": cut(&ask.title, 250),
            "head": ask.head,
            "base": ask.base,
            "body": cut(&ask.body, 60_000),
        });
        let reply = self.wire.call(DOING, Method::POST, &self.path("/pulls"), Some(&body)).await?;
        if reply.status != 201 {
            // Somebody may have been faster.
            let found = if reply.status == 422 { self.find(&ask.head, &ask.base).await? } else { None };
            return found.ok_or_else(|| self.wire.refused(&reply));
        }
        opened(DOING, &reply.body)
    }

    pub(super) async fn find(&self, head: &str, base: &str) -> Result<Option<OpenedPullRequest>, ForgeError> {
        const DOING: &str = "look for a pull request";
        let head = encoded(&format!("{}:{head}", self.owner));
        let path = self.path(&format!("/pulls?state=all&head={head}&base={}&per_page=1", encoded(base)));
        let list = self.wire.good(DOING, Method::GET, &path, None).await?;
        list.get(0).map(|found| opened(DOING, found)).transpose()
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
        let path = self.path(&format!("/branches/{}", encoded(branch)));
        let body = self.wire.good(DOING, Method::GET, &path, None).await?;
        field(DOING, &body, "protected", Value::as_bool)
    }
}

/// As GitHub and Gitea write it.
pub(super) fn opened(doing: &'static str, body: &Value) -> Result<OpenedPullRequest, ForgeError> {
    let url = field(doing, body, "html_url", Value::as_str)?.to_owned();
    Ok(OpenedPullRequest { number: field(doing, body, "number", Value::as_i64)?, url })
}

/// As GitHub and Gitea write it.
pub(super) fn state(doing: &'static str, body: &Value) -> Result<PullRequestState, ForgeError> {
    if body["merged"].as_bool() == Some(true) {
        let commit = body["merge_commit_sha"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        return Ok(PullRequestState::Merged { commit });
    }
    match field(doing, body, "state", Value::as_str)? {
        "open" => Ok(PullRequestState::Open),
        "closed" => Ok(PullRequestState::Closed),
        other => Err(ForgeError::Odd { doing, why: format!("a pull request is {other:?}") }),
    }
}
