//! GitLab, where a pull request is a merge request.

use http::Method;
use serde_json::{Value, json};

use super::error::ForgeError;
use super::kinds::{CommitState, CommitStatus, OpenPullRequest, OpenedPullRequest, PullRequestState, cut};
use super::wire::{Wire, encoded, field};

pub(super) struct GitLab {
    wire: Wire,
    /// `/projects/GROUP%2FNAME`.
    project: String,
}

impl GitLab {
    pub(super) fn new(wire: Wire, project: &str) -> Self {
        Self { wire, project: format!("/projects/{}", encoded(project)) }
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.project)
    }

    pub(super) async fn status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        let state = match status.state {
            CommitState::Pending => "running",
            CommitState::Success => "success",
            // It knows no word for "no judgement".
            CommitState::Failure | CommitState::Error => "failed",
        };
        let mut body = json!({
            "state": state,
            "name": cut(&status.context, 40),
            "description": cut(&status.description, 140),
        });
        if let Some(url) = &status.url {
            body["target_url"] = json!(url);
        }
        let path = self.path(&format!("/statuses/{}", encoded(commit)));
        let reply = self.wire.call("show a status", Method::POST, &path, Some(&body)).await?;
        // The same state twice is no transition.
        let same = reply.status == 400 && reply.body.to_string().contains("Cannot transition status");
        if same || matches!(reply.status, 200..=299) { Ok(()) } else { Err(self.wire.refused(&reply)) }
    }

    pub(super) async fn open(&self, ask: &OpenPullRequest) -> Result<OpenedPullRequest, ForgeError> {
        const DOING: &str = "open a merge request";
        let body = json!({
            "source_branch": ask.head,
            "target_branch": ask.base,
            "title": cut(&ask.title, 250),
            "description": cut(&ask.body, 60_000),
            "labels": ask.labels.join(","),
        });
        let reply = self.wire.call(DOING, Method::POST, &self.path("/merge_requests"), Some(&body)).await?;
        if reply.status == 201 {
            return opened(DOING, &reply.body);
        }
        // Somebody may have been faster.
        let found = if reply.status == 409 { self.find(&ask.head, &ask.base).await? } else { None };
        found.ok_or_else(|| self.wire.refused(&reply))
    }

    pub(super) async fn find(&self, head: &str, base: &str) -> Result<Option<OpenedPullRequest>, ForgeError> {
        const DOING: &str = "look for a merge request";
        let path = self.path(&format!(
            "/merge_requests?source_branch={}&target_branch={}&state=all&order_by=created_at&sort=desc&per_page=1",
            encoded(head),
            encoded(base)
        ));
        let list = self.wire.good(DOING, Method::GET, &path, None).await?;
        list.get(0).map(|found| opened(DOING, found)).transpose()
    }

    pub(super) async fn state(&self, number: i64) -> Result<PullRequestState, ForgeError> {
        const DOING: &str = "ask for a merge request";
        let body = self.wire.good(DOING, Method::GET, &self.path(&format!("/merge_requests/{number}")), None).await?;
        match field(DOING, &body, "state", Value::as_str)? {
            "opened" | "locked" => Ok(PullRequestState::Open),
            "closed" => Ok(PullRequestState::Closed),
            "merged" => {
                // Which of them there is depends on how it was merged.
                let ids = ["merge_commit_sha", "squash_commit_sha", "sha"];
                let commit = ids.iter().find_map(|name| body[*name].as_str()).map(str::to_owned);
                Ok(PullRequestState::Merged { commit })
            }
            other => Err(ForgeError::Odd { doing: DOING, why: format!("a merge request is {other:?}") }),
        }
    }

    pub(super) async fn comment(&self, number: i64, text: &str) -> Result<(), ForgeError> {
        let path = self.path(&format!("/merge_requests/{number}/notes"));
        let body = json!({ "body": cut(text, 60_000) });
        self.wire.good("comment on a merge request", Method::POST, &path, Some(&body)).await.map(drop)
    }

    pub(super) async fn protected(&self, branch: &str) -> Result<bool, ForgeError> {
        const DOING: &str = "ask whether a branch is protected";
        let path = self.path(&format!("/repository/branches/{}", encoded(branch)));
        let body = self.wire.good(DOING, Method::GET, &path, None).await?;
        field(DOING, &body, "can_push", Value::as_bool).map(|may| !may)
    }
}

fn opened(doing: &'static str, body: &Value) -> Result<OpenedPullRequest, ForgeError> {
    let url = field(doing, body, "web_url", Value::as_str)?.to_owned();
    Ok(OpenedPullRequest { number: field(doing, body, "iid", Value::as_i64)?, url })
}
