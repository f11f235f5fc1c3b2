//! What can go wrong between us and the API server, and what it means for
//! whoever asked.

use std::time::Duration;

use kube::core::Status;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Try again: it may go away by itself.
    Transient,
    /// Trying again is useless until somebody changes something.
    Stalled,
    /// We sent, or received, something that should not exist.
    Bug,
}

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct ClusterError {
    action: String,
    #[source]
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("no answer within {} s", .0.as_secs())]
    Deadline(Duration),
    /// The API server's answer; its sentence is the whole text.
    #[error("{}", answer(.0))]
    Api(Box<Status>),
    #[error("the cluster does not serve it")]
    NotInstalled,
    #[error(transparent)]
    Client(kube::Error),
    #[error("the object does not serialise")]
    Encode(#[source] serde_json::Error),
}

fn answer(status: &Status) -> String {
    match (status.message.is_empty(), status.reason.is_empty()) {
        (false, _) => status.message.clone(),
        (true, false) => status.reason.clone(),
        (true, true) => format!("status {}", status.code),
    }
}

impl ClusterError {
    pub(crate) fn new(action: impl Into<String>, cause: Cause) -> Self {
        Self { action: action.into(), cause }
    }

    /// When it is a right that is missing, says which, and what in the chart's values grants it.
    #[must_use]
    pub(crate) fn lacking(mut self, right: &str, value: &str) -> Self {
        if self.forbidden() {
            let Self { action, .. } = &mut self;
            action.push_str(": the manager may not ");
            action.push_str(right);
            action.push_str("; set `");
            action.push_str(value);
            action.push_str(": true` in the chart's values");
        }
        self
    }

    /// The kind is not installed in the cluster.
    pub fn not_installed(&self) -> bool {
        matches!(self.cause, Cause::NotInstalled)
    }

    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match &self.cause {
            Cause::Deadline(_) => Disposition::Transient,
            Cause::Api(status) => by_status(status),
            Cause::NotInstalled => Disposition::Stalled,
            Cause::Encode(_) => Disposition::Bug,
            Cause::Client(error) => by_client(error),
        }
    }

    /// The object, or something on the way to it, does not exist.
    pub fn not_found(&self) -> bool {
        self.status().is_some_and(Status::is_not_found)
    }

    /// Somebody else wrote in between, or owns what we wanted to write.
    pub fn conflict(&self) -> bool {
        self.status().is_some_and(Status::is_conflict)
    }

    /// An object of that name is there already.
    pub fn already_exists(&self) -> bool {
        self.status().is_some_and(Status::is_already_exists)
    }

    /// We lack the right.
    pub fn forbidden(&self) -> bool {
        self.status().is_some_and(|status| status.is_forbidden() && !is_policy(status))
    }

    /// The content was refused: schema, quota, admission, policy.
    pub fn refused(&self) -> bool {
        self.status().is_some_and(|status| {
            status.is_invalid() || matches!(status.code, 400 | 413) || (status.is_forbidden() && is_policy(status))
        })
    }

    /// We did not get through to the API server at all.
    pub fn unreachable(&self) -> bool {
        match &self.cause {
            Cause::Deadline(_) => true,
            Cause::Client(kube::Error::Service(_) | kube::Error::HyperError(_)) => true,
            Cause::Client(_) | Cause::Api(_) | Cause::Encode(_) | Cause::NotInstalled => false,
        }
    }

    /// The API server's own sentence, when there is one.
    pub fn message(&self) -> Option<&str> {
        self.status().map(|status| status.message.as_str()).filter(|message| !message.is_empty())
    }

    /// HTTP status of the answer, when there is one.
    pub fn code(&self) -> Option<u16> {
        self.status().map(|status| status.code)
    }

    fn status(&self) -> Option<&Status> {
        match &self.cause {
            Cause::Api(status) => Some(status),
            Cause::Deadline(_) | Cause::Client(_) | Cause::Encode(_) | Cause::NotInstalled => None,
        }
    }
}

impl From<kube::Error> for Cause {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Api(status),
            kube::Error::BuildRequest(kube::core::request::Error::SerializeBody(source)) => Self::Encode(source),
            other => Self::Client(other),
        }
    }
}

/// RBAC says `X is forbidden: User "..." cannot verb resource`; admission says
/// something else with the same status.
fn is_policy(status: &Status) -> bool {
    !(status.message.contains("User \"") && status.message.contains(" cannot "))
}

fn by_status(status: &Status) -> Disposition {
    match status.reason.as_str() {
        "AlreadyExists" | "Conflict" | "Expired" | "Gone" | "Timeout" | "ServerTimeout" | "TooManyRequests" => {
            return Disposition::Transient;
        }
        "NotFound" | "Forbidden" | "Invalid" | "Unauthorized" => return Disposition::Stalled,
        _ => {}
    }
    match status.code {
        401 | 403 | 404 | 422 => Disposition::Stalled,
        408 | 409 | 410 | 425 | 429 | 500..=599 => Disposition::Transient,
        // 0: an answer without a code comes from something between us and the API server.
        0 => Disposition::Transient,
        _ => Disposition::Bug,
    }
}

fn by_client(error: &kube::Error) -> Disposition {
    match error {
        kube::Error::Service(_) | kube::Error::HyperError(_) | kube::Error::ReadEvents(_) => Disposition::Transient,
        kube::Error::Auth(_) => Disposition::Stalled,
        _ => Disposition::Bug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: u16, reason: &str, message: &str) -> ClusterError {
        ClusterError::new("get x", Cause::Api(Status::failure(message, reason).with_code(code).boxed()))
    }

    #[test]
    fn every_answer_has_a_disposition() {
        use Disposition::{Bug, Stalled, Transient};
        for (code, reason, expected) in [
            (400, "BadRequest", Bug),
            (401, "Unauthorized", Stalled),
            (403, "Forbidden", Stalled),
            (404, "NotFound", Stalled),
            (404, "", Stalled),
            (405, "MethodNotAllowed", Bug),
            (409, "Conflict", Transient),
            (409, "AlreadyExists", Transient),
            (410, "Expired", Transient),
            (410, "Gone", Transient),
            (413, "RequestEntityTooLarge", Bug),
            (415, "UnsupportedMediaType", Bug),
            (422, "Invalid", Stalled),
            (429, "TooManyRequests", Transient),
            (500, "InternalError", Transient),
            (500, "ServerTimeout", Transient),
            (502, "", Transient),
            (503, "ServiceUnavailable", Transient),
            (504, "Timeout", Transient),
            (0, "", Transient),
        ] {
            assert_eq!(api(code, reason, "").disposition(), expected, "{code} {reason}");
        }
    }

    #[test]
    fn errors_without_an_answer_have_one_too() {
        let late = ClusterError::new("get x", Cause::Deadline(Duration::from_secs(10)));
        assert_eq!(late.disposition(), Disposition::Transient);
        assert!(late.unreachable());
        let lost = ClusterError::new("get x", Cause::Client(kube::Error::Service("refused".into())));
        assert_eq!(lost.disposition(), Disposition::Transient);
        let odd = serde_json::from_str::<u8>("{").expect_err("not a number");
        let odd = ClusterError::new("get x", Cause::Client(kube::Error::SerdeError(odd)));
        assert_eq!(odd.disposition(), Disposition::Bug);
    }

    #[test]
    fn a_missing_right_is_not_a_refused_content() {
        let rbac = api(403, "Forbidden", "pods is forbidden: User \"x\" cannot create resource \"pods\"");
        assert!(rbac.forbidden() && !rbac.refused());
        let quota = api(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: small");
        assert!(quota.refused() && !quota.forbidden());
        let schema = api(422, "Invalid", "spec.x: Required value");
        assert!(schema.refused());
        assert!(api(404, "NotFound", "gone").not_found());
        assert!(api(409, "Conflict", "").conflict() && !api(409, "AlreadyExists", "").conflict());
        assert!(api(409, "AlreadyExists", "").already_exists());
    }

    #[test]
    fn the_text_is_said_once() {
        let error = api(404, "NotFound", "pods \"x\" not found");
        assert_eq!(assay_telemetry::error_chain(&error), "cannot get x: pods \"x\" not found");
    }
}
