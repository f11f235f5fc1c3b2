//! `AdmissionReview` of admission.k8s.io/v1, as far as it is needed here.

use assay_plan::{Diagnostic, Severity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const API_VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";
/// Longest warning that clients are sure to show whole.
const WARNING_BYTES: usize = 256;
/// Warnings that an answer carries.
const WARNINGS: usize = 16;

/// A question, or an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Review {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default, skip_serializing)]
    pub(super) request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    response: Option<Response>,
}

/// What somebody is about to write.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) uid: String,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) sub_resource: String,
    #[serde(default)]
    pub(super) namespace: String,
    #[serde(default)]
    pub(super) object: Value,
    #[serde(default)]
    pub(super) old_object: Value,
}

/// Kind of the object.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Kind {
    #[serde(default)]
    pub(super) kind: String,
}

#[derive(Debug, Serialize)]
struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Status {
    code: u16,
    reason: &'static str,
    message: String,
}

/// What is to be said of an object.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Why it is refused.
    pub(super) errors: Vec<String>,
    /// What looks wrong.
    pub(super) warnings: Vec<String>,
}

impl Verdict {
    /// Errors refuse, warnings warn.
    pub(super) fn of(diagnostics: &[Diagnostic]) -> Self {
        let texts = |severity| {
            let found = diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity);
            found.map(ToString::to_string).collect()
        };
        Self { errors: texts(Severity::Error), warnings: texts(Severity::Warning) }
    }
}

impl Request {
    /// Who only touches metadata or status does not hear of old mistakes again,
    /// and what is being deleted may lose its finalizers.
    pub(super) fn is_worth_judging(&self) -> bool {
        let leaving = !self.object["metadata"]["deletionTimestamp"].is_null();
        let same = !self.old_object.is_null() && self.object["spec"] == self.old_object["spec"];
        self.sub_resource.is_empty() && !leaving && !same
    }
}

impl Review {
    /// The answer to a request.
    pub(super) fn answer(uid: String, verdict: Verdict) -> Self {
        let Verdict { errors, warnings } = verdict;
        let status = (!errors.is_empty()).then(|| Status { code: 422, reason: "Invalid", message: listed(&errors) });
        let warnings = warnings.into_iter().take(WARNINGS).map(short).collect();
        let response = Response { uid, allowed: status.is_none(), status, warnings };
        Self { api_version: API_VERSION.to_owned(), kind: KIND.to_owned(), request: None, response: Some(response) }
    }
}

/// One mistake in a line, several one below the other.
fn listed(errors: &[String]) -> String {
    match errors {
        [only] => only.clone(),
        several => several.iter().fold(format!("{} mistakes", several.len()), |text, error| text + "\n  - " + error),
    }
}

fn short(mut warning: String) -> String {
    if warning.len() > WARNING_BYTES {
        let end = (0..=WARNING_BYTES - '…'.len_utf8()).rev().find(|end| warning.is_char_boundary(*end));
        warning.truncate(end.unwrap_or_default());
        warning.push('…');
    }
    warning
}
