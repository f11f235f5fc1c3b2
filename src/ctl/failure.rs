//! How a command ends that does not end well: a code, a sentence, a way out.

use assay_cluster::{ClusterError, ConnectError, TokenError};
use assay_telemetry::error_chain;

use crate::exit;

/// The end of a command.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) code: u8,
    /// What went wrong, with all causes; empty when it was said already.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// The arguments, or a manifest, are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(exit::USAGE, message)
    }

    /// Something could not be done.
    pub(crate) fn errored(message: impl Into<String>) -> Self {
        Self::new(exit::ERRORED, message)
    }

    /// Time ran out.
    pub(crate) fn timed_out(message: impl Into<String>) -> Self {
        Self::new(exit::TIMED_OUT, message)
    }

    /// The end with a code, everything said already.
    pub(crate) fn silent(code: u8) -> Self {
        Self::new(code, "")
    }

    /// With a way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Self::new(exit::UNREACHABLE, error_chain(&error))
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        if error.unreachable() {
            let hint = "the connection to the cluster was lost; the result is unknown, try again";
            return Self::new(exit::UNREACHABLE, error_chain(&error)).hint(hint);
        }
        let failure = Self::new(if error.refused() { exit::USAGE } else { exit::ERRORED }, error_chain(&error));
        if error.forbidden() {
            failure.hint("ask for a role in the namespace: `assay-view` reads, `assay-edit` runs")
        } else if error.not_found() {
            failure.hint("are the namespace right and Assay's definitions installed? `kubectl api-resources --api-group=assay.dev`")
        } else {
            failure
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Stand { source, .. } if source.unreachable() => source.into(),
            other => Self::errored(error_chain(&other)),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            // Whoever read our output has gone; there is nobody to tell.
            return Self::silent(exit::ERRORED);
        }
        Self::errored(error_chain(&error))
    }
}
