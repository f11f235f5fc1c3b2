//! Runner to server. All requests carry `Authorization: Bearer TOKEN`, a
//! service-account token bound to the pod with audience
//! [`assay_api::names::AUDIENCE_INGEST`]; the server derives pod, execution and
//! attempt from it and refuses bodies that name others.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /ingest/v1/hello` | [`Hello`] | [`Welcome`] |
//! | `POST /ingest/v1/logs/{group}?offset=N` | whole frames | [`Acknowledged`]; 409 with it when N is beyond what the server has |
//! | `PUT /ingest/v1/progress` | [`crate::Progress`] | [`Commands`] |
//! | `GET /ingest/v1/commands?known=VERSION` | - | [`Commands`], at once when they differ from that version, else after 25 s |
//! | `PUT /ingest/v1/report` | `assay_report::TestReport` | 204 |
//! | `PUT /ingest/v1/artifacts?name=N&step=ID` | the bytes | [`Stored`] |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The group number under which the leader's own messages are sent.
pub const LEADER_GROUP: u16 = 999;

/// Longest time that the server keeps a request for commands open.
pub const COMMANDS_WAIT_SECONDS: u64 = 25;

/// What somebody asked of a running execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commands {
    /// Counts up with every change; 0 while nobody asked for anything.
    pub version: u64,
    /// Hold before the next step.
    pub pause: bool,
    /// Handles of steps that may go on although they are `paused`; `*` means all.
    pub resume: Vec<String>,
}

/// First request of a leader, and again after every lost connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// [`crate::PROTOCOL_VERSION`].
    pub version: u32,
    /// uid of the execution.
    pub execution_uid: String,
    /// Infrastructure attempt.
    pub attempt: u32,
    /// SHA-256 of the plan, in hexadecimal.
    pub plan_hash: String,
}

/// Answer to [`Hello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// Bytes of each group's stream that the server holds.
    pub acknowledged: BTreeMap<u16, u64>,
}

/// Answer to a piece of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// Bytes of the group's stream that the server holds; send from here.
    pub acknowledged: u64,
}

/// Answer to an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// Bytes received.
    pub size: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}
