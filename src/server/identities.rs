//! The port through which the server learns who asks.

use futures::future::BoxFuture;

/// The pod behind a runner's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerIdentity {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod_name: String,
    /// uid of the pod.
    pub pod_uid: String,
    /// uid of the execution that the pod runs.
    pub execution_uid: String,
    /// Name of that execution.
    pub execution_name: String,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
}

/// Somebody behind a caller's token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// User name.
    pub username: String,
    /// uid; may be empty.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Further facts that authorizers may look at.
    pub extra: std::collections::BTreeMap<String, Vec<String>>,
}

/// What a caller wants: to see executions, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// Namespace.
    pub namespace: String,
    /// Part of the execution (`log`, `artifacts`); empty for the execution itself.
    pub subresource: &'static str,
    /// Name of the execution; absent for the list of all (verb `list`, else `get`).
    pub name: Option<String>,
}

/// The question could not be put: the API server does not answer or does not let us ask.
#[derive(Debug, thiserror::Error)]
#[error("identities and rights cannot be checked")]
pub struct IdentityError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Who is behind a token, and what they may do. Answers are cached by the caller.
pub trait Identities: Send + Sync + 'static {
    /// The pod that a runner's token is bound to.
    fn pod_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<RunnerIdentity>, IdentityError>>;

    /// Who is behind a caller's token.
    fn caller_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Caller>, IdentityError>>;

    /// Whether a caller may see what the question names.
    fn may<'a>(&'a self, caller: &'a Caller, question: &'a Question) -> BoxFuture<'a, Result<bool, IdentityError>>;
}
