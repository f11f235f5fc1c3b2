//! Bodies of the REST interface. Paths are under `/api/v1`; the caller's token
//! stands in `Authorization` or, through the API server's service proxy, in
//! [`assay_api::names::HEADER_AUTHORIZATION`].
//!
//! | request | answer |
//! |---|---|
//! | `GET /namespaces/{ns}/executions?workflow=&limit=&before=` | [`Page`] of [`ExecutionRecord`], newest first |
//! | `GET /namespaces/{ns}/executions/{name}` | [`ExecutionRecord`] |
//! | `GET /namespaces/{ns}/executions/{name}/logs?step=&follow=&timestamps=` | text, or with `Accept: text/event-stream` events of [`LogEvent`] whose id resumes by `Last-Event-ID` |
//! | `GET /namespaces/{ns}/executions/{name}/artifacts` | list of [`ArtifactRecord`] |
//! | `GET /namespaces/{ns}/executions/{name}/artifacts/{path}` | the bytes |
//! | `GET /namespaces/{ns}/executions/{name}/report` | `assay_report::TestReport` |
//!
//! `{name}` may also be the execution's uid, which finds executions whose object
//! is gone. Errors are [`Problem`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::progress::Progress;

/// What the store knows of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionRecord {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// uid of the object.
    pub uid: String,
    /// Workflow.
    pub workflow: String,
    /// Infrastructure attempt that the record speaks of: the newest.
    pub attempt: u32,
    /// When the first attempt was first heard of.
    pub created_at: Timestamp,
    /// The newest state; absent when the runner never spoke.
    pub progress: Option<Progress>,
    /// The final judgement, once the operator has made it.
    pub conclusion: Option<Conclusion>,
    /// The delivery of which it is a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRecord>,
}

/// The delivery of which an execution is a hook, as it was when the execution began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// What delivers, for example `Application`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The revision that was being delivered; empty when it is not known.
    #[serde(default)]
    pub revision: String,
    /// When the delivery runs the hook, for example `PostSync`.
    pub hook: String,
    /// Which execution of its workflow it is for this hook, delivery and revision, from 1; 0 before it is counted.
    #[serde(default)]
    pub attempt: u32,
}

/// The final judgement of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conclusion {
    /// Verdict.
    pub verdict: assay_api::Verdict,
    /// Why.
    pub reason: assay_api::Reason,
    /// One sentence for people.
    pub message: String,
    /// When.
    pub finished_at: Timestamp,
}

/// A piece of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass as `before` to get the next piece; absent at the end.
    pub next: Option<String>,
}

/// One collected file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactRecord {
    /// Name under which it is kept.
    pub name: String,
    /// Handle of the step that wrote it.
    pub step: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// Media type, judged by name and first bytes.
    pub content_type: String,
}

/// One event of a followed log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// Handle of the step.
    pub step: String,
    /// Attempt of the step.
    pub attempt: u32,
    /// `stdout`, `stderr`, `runner` or `gap`.
    pub stream: String,
    /// When it was printed.
    pub time: Timestamp,
    /// What was printed; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// Every error answer, after RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// What is wrong, in a few words.
    pub title: String,
    /// What is wrong with which value, and the way out.
    pub detail: String,
}
