//! What can go wrong with a forge.

use std::time::Duration;

use crate::error::Disposition;

/// A request that did not succeed. The token is not in it.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// Where the forge is, or which repository is meant, is not clear.
    #[error("the forge cannot be spoken to: {0}")]
    Target(String),
    /// No connection, or it broke.
    #[error("cannot {doing}: the forge cannot be reached: {why}")]
    Unreachable {
        /// What was tried.
        doing: &'static str,
        /// What happened.
        why: String,
    },
    /// No answer in time.
    #[error("cannot {doing}: the forge does not answer within {} s", .limit.as_secs())]
    Late {
        /// What was tried.
        doing: &'static str,
        /// How long it might have taken.
        limit: Duration,
    },
    /// The forge answers, and does not do it.
    #[error("cannot {doing}: the forge answers {status}: {said}")]
    Refused {
        /// What was tried.
        doing: &'static str,
        /// Status of the answer.
        status: u16,
        /// What it says.
        said: String,
        /// When it may be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// The forge answers something that is not understood.
    #[error("cannot {doing}: the answer of the forge is odd: {why}")]
    Odd {
        /// What was tried.
        doing: &'static str,
        /// What is odd about it.
        why: String,
    },
}

impl ForgeError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Target(_) => Disposition::Stalled,
            Self::Unreachable { .. } | Self::Late { .. } => Disposition::Transient,
            // Too many requests, by status or by saying when to come again.
            Self::Refused { status: 408 | 425 | 429 | 500..=599, .. } | Self::Refused { retry_after: Some(_), .. } => {
                Disposition::Transient
            }
            Self::Refused { .. } => Disposition::Stalled,
            Self::Odd { .. } => Disposition::Bug,
        }
    }

    /// When the forge wants to be asked again, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}
