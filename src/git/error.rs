//! What can go wrong with a repository, and what it means for whoever asked.

use std::time::Duration;

use assay_gitops::GitTrouble;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Try again: it may go away by itself.
    Transient,
    /// Trying again is useless until somebody changes something.
    Stalled,
    /// It should not be possible.
    Bug,
}

/// Why a repository could not be looked at, or written to. No credential is in it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The address is none that is spoken to.
    #[error("the URL of the repository is refused: {0}")]
    Url(String),
    /// A name that was handed in cannot be one.
    #[error("{what} {value:?} is refused: {why}")]
    Name {
        /// What it should name.
        what: &'static str,
        /// The name.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The credential cannot be used.
    #[error("the credential cannot be used: {0}")]
    Credential(String),
    /// The server answers, and says no.
    #[error("cannot {doing}: {said}")]
    Denied {
        /// What was tried.
        doing: &'static str,
        /// What the server, or Git, said of it.
        said: String,
    },
    /// The server does not answer as usual.
    #[error("cannot {doing}: {said}")]
    Unavailable {
        /// What was tried.
        doing: &'static str,
        /// What the server, or Git, said of it.
        said: String,
    },
    /// It took too long and was ended.
    #[error("cannot {doing}: no end within {} s", .limit.as_secs())]
    Late {
        /// What was tried.
        doing: &'static str,
        /// How long it might have taken.
        limit: Duration,
    },
    /// There is more of it than is taken on.
    #[error("cannot {doing}: it is larger than {limit} bytes")]
    TooLarge {
        /// What was tried.
        doing: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The branch does not exist.
    #[error("the repository has no branch {0:?}")]
    NoBranch(String),
    /// A commit does not exist.
    #[error("the repository has no commit {0}")]
    NoCommit(String),
    /// A path cannot be restored without touching another one.
    #[error("cannot restore {path:?}: {why}")]
    Blocked {
        /// The path.
        path: String,
        /// What stands in its way.
        why: String,
    },
    /// The mirror is damaged; it is made anew.
    #[error("the mirror is damaged, and is made anew: {0}")]
    Damaged(String),
    /// The server leaves contents of files out, but does not give them one by one; the whole is copied the next time.
    #[error("the server gives no single files, and the whole is copied: {0}")]
    WholeOnly(String),
    /// The program cannot be started, or its folder cannot be written.
    #[error("cannot {doing}")]
    Machine {
        /// What was tried.
        doing: &'static str,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// Git says something that is not known here.
    #[error("cannot {doing}: {said}")]
    Odd {
        /// What was tried.
        doing: &'static str,
        /// What Git said of it.
        said: String,
    },
}

impl GitError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Url(_)
            | Self::Name { .. }
            | Self::Credential(_)
            | Self::Denied { .. }
            | Self::TooLarge { .. }
            | Self::NoBranch(_)
            | Self::NoCommit(_)
            | Self::Blocked { .. } => Disposition::Stalled,
            Self::Unavailable { .. } | Self::Late { .. } | Self::Damaged(_) | Self::WholeOnly(_) => {
                Disposition::Transient
            }
            Self::Machine { source, .. } => of_machine(source),
            Self::Odd { .. } => Disposition::Bug,
        }
    }

    /// The same as the guards are told it.
    pub fn trouble(&self) -> GitTrouble {
        let text = match self {
            Self::Machine { doing, source } => format!("cannot {doing}: {source}"),
            other => other.to_string(),
        };
        match self.disposition() {
            Disposition::Stalled => GitTrouble::Denied(text),
            Disposition::Transient | Disposition::Bug => GitTrouble::Unavailable(text),
        }
    }
}

fn of_machine(error: &std::io::Error) -> Disposition {
    use std::io::ErrorKind;
    match error.kind() {
        // No such program, a folder that cannot be written.
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Disposition::Stalled,
        ErrorKind::InvalidInput => Disposition::Bug,
        _ => Disposition::Transient,
    }
}
