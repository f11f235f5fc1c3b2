//! The words of this room: keys, changes, and why a record is refused.

use assay_protocol::rest::DeliveryRecord;

use crate::disposition::{Disposition, of_database};

/// What the operator says before it creates an attempt's Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Namespace of the execution.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Name of its workflow.
    pub workflow: String,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
    /// SHA-256 of the plan, in hexadecimal.
    pub plan_hash: String,
    /// The delivery of which it is a hook. It is counted by the store: the attempt in it means nothing.
    pub delivery: Option<DeliveryRecord>,
}

/// One pod's run of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunKey {
    /// uid of the execution.
    pub execution_uid: String,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
    /// uid of the pod.
    pub pod_uid: String,
}

impl RunKey {
    /// Whether the uids can stand in a path: letters, digits and dashes, at most 64.
    pub(crate) fn is_sound(&self) -> bool {
        is_uid(&self.execution_uid) && is_uid(&self.pod_uid)
    }
}

/// Whether a text can stand in a path as a uid: letters, digits and dashes, at most 64.
pub(crate) fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Something new is known of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunChange {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// uid.
    pub execution_uid: String,
}

/// Why a record was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The database did not do it.
    #[error("the database of the store did not answer")]
    Database(#[from] sqlx::Error),
    /// What was stored is not what this version writes.
    #[error("a record of the store cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// No attempt of the execution was begun, or not yet this one.
    #[error("the execution, or this attempt of it, was never begun")]
    Unknown,
    /// A newer attempt was begun, so this one has nothing more to say.
    #[error("attempt {newest} has begun and replaced this one")]
    Superseded {
        /// The newest attempt.
        newest: u32,
    },
    /// A uid that cannot be one.
    #[error("a uid may only have letters, digits and dashes")]
    BadUid,
}

impl RecordError {
    /// Of a row that belongs to an execution: without one, that is unknown.
    pub(crate) fn of_a_row(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refused) if refused.is_foreign_key_violation() => Self::Unknown,
            _ => Self::Database(error),
        }
    }

    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Database(error) => of_database(error),
            Self::Unreadable(_) | Self::BadUid => Disposition::Bug,
            Self::Unknown | Self::Superseded { .. } => Disposition::Stalled,
        }
    }
}
