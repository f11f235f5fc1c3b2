//! What stands in the way of a result.

use assay_api::Reason;
use jiff::Timestamp;

use crate::decision::Trouble;
use crate::ended::Judgement;

/// One thing that stands in the way of a result.
pub(crate) enum Finding {
    /// No result can come any more.
    Broken(Judgement),
    /// It is waited out until a moment; then it is [`Finding::Broken`].
    Patient {
        /// What is waited out.
        trouble: Trouble,
        /// The moment.
        until: Timestamp,
        /// Said meanwhile.
        reason: Reason,
        /// Said meanwhile.
        message: String,
    },
    /// It may pass until a deadline.
    Slow {
        /// Said meanwhile.
        reason: Reason,
        /// Said meanwhile.
        message: String,
    },
}

impl Finding {
    /// No result can come any more.
    pub(crate) fn broken(reason: Reason, message: impl Into<String>) -> Self {
        Self::Broken(Judgement::errored(reason, message))
    }

    /// It may pass.
    pub(crate) fn slow(reason: Reason, message: impl Into<String>) -> Self {
        Self::Slow { reason, message: message.into() }
    }

    /// In words, when it does not end the execution by itself.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::Broken(_) => None,
            Self::Patient { message, .. } | Self::Slow { message, .. } => Some(message),
        }
    }
}
