//! Who asks, and whether they may: tokens to identities to rights, cached for
//! a short time. A handler sees nothing of the store without the proof that
//! this file gives out.

use std::sync::Arc;
use std::time::Duration;

use assay_api::names::HEADER_AUTHORIZATION;
use assay_protocol::rest::ExecutionRecord;
use assay_store::{RecordError, RunKey, Store};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::cache::Cache;
use crate::identities::{Caller, Identities, Question, RunnerIdentity};
use crate::problem::Refusal;

/// How long a runner's token is taken as good.
const RUNNER_AGE: Duration = Duration::from_secs(60);
/// How long a runner that came too early is not looked at again.
const EARLY_AGE: Duration = Duration::from_secs(10);
/// How long a caller's token and rights are taken as good.
const CALLER_AGE: Duration = Duration::from_secs(30);
const CAPACITY: usize = 8192;
/// Questions to the API server at a time: strangers with bad tokens must not flood it.
const QUESTIONS: usize = 64;
/// No token of Kubernetes is longer.
const TOKEN_LIMIT: usize = 16 * 1024;

type TokenHash = [u8; 32];

/// Answers about tokens and rights.
pub(crate) struct Access {
    identities: Arc<dyn Identities>,
    questions: Semaphore,
    runners: Cache<TokenHash, RunKey>,
    /// Pods of executions that the store does not know yet: their runners ask again and again.
    early: Cache<TokenHash, Arc<RunnerIdentity>>,
    callers: Cache<TokenHash, Arc<Caller>>,
    rights: Cache<(TokenHash, Question), bool>,
}

/// Proof that the caller may see what the question names.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    token: String,
    question: Question,
}

impl Access {
    pub(crate) fn new(identities: Arc<dyn Identities>) -> Self {
        Self {
            identities,
            questions: Semaphore::new(QUESTIONS),
            runners: Cache::new(RUNNER_AGE, CAPACITY),
            early: Cache::new(EARLY_AGE, CAPACITY),
            callers: Cache::new(CALLER_AGE, CAPACITY),
            rights: Cache::new(CALLER_AGE, CAPACITY),
        }
    }

    /// The run that the token's pod is, if it may still speak.
    pub(crate) async fn run(&self, headers: &HeaderMap, store: &Store) -> Result<RunKey, Refusal> {
        let token = token(headers)?;
        let hash = hash(token);
        let key = match self.runners.get(&hash) {
            Some(key) => key,
            None => {
                let key = self.identify(token, hash, store).await?;
                self.runners.put(hash, key.clone());
                key
            }
        };
        store.admit(&key).await?;
        Ok(key)
    }

    /// The caller's right to see what the question names.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        namespace: &str,
        subresource: &'static str,
        name: Option<&str>,
    ) -> Result<Right, Refusal> {
        let right = Right {
            token: token(headers)?.to_owned(),
            question: Question { namespace: namespace.to_owned(), subresource, name: name.map(str::to_owned) },
        };
        self.holds(&right).await?;
        Ok(right)
    }

    /// Whether a right still holds; for answers that take long.
    pub(crate) async fn holds(&self, right: &Right) -> Result<(), Refusal> {
        let hash = hash(&right.token);
        let key = (hash, right.question.clone());
        let allowed = match self.rights.get(&key) {
            Some(allowed) => allowed,
            None => {
                let caller = self.who(&right.token, hash).await?;
                let _turn = self.questions.acquire().await;
                let allowed = self.identities.may(&caller, &right.question).await?;
                self.rights.put(key, allowed);
                allowed
            }
        };
        if allowed { Ok(()) } else { Err(refused(&right.question)) }
    }

    async fn who(&self, token: &str, hash: TokenHash) -> Result<Arc<Caller>, Refusal> {
        if let Some(caller) = self.callers.get(&hash) {
            return Ok(caller);
        }
        let _turn = self.questions.acquire().await;
        let Some(caller) = self.identities.caller_of(token).await? else {
            return Err(Refusal::unauthenticated("the cluster does not accept the token"));
        };
        let caller = Arc::new(caller);
        self.callers.put(hash, Arc::clone(&caller));
        Ok(caller)
    }

    /// Asks whose token it is, and whether the pod belongs to the execution that it names.
    async fn identify(&self, token: &str, hash: TokenHash, store: &Store) -> Result<RunKey, Refusal> {
        let pod = self.pod(token, hash).await?;
        let Some(record) = store.execution_by_uid(&pod.execution_uid).await? else {
            self.early.put(hash, pod);
            return Err(RecordError::Unknown.into());
        };
        if record.namespace != pod.namespace || record.name != pod.execution_name {
            return Err(Refusal::forbidden("the pod names an execution that is not its own"));
        }
        let (execution_uid, pod_uid) = (pod.execution_uid.clone(), pod.pod_uid.clone());
        Ok(RunKey { execution_uid, attempt: pod.attempt, pod_uid })
    }

    async fn pod(&self, token: &str, hash: TokenHash) -> Result<Arc<RunnerIdentity>, Refusal> {
        if let Some(pod) = self.early.get(&hash) {
            return Ok(pod);
        }
        let _turn = self.questions.acquire().await;
        let pod = self.identities.pod_of(token).await?;
        let nobody = || Refusal::unauthenticated("the token is not that of a pod that runs an execution");
        pod.map(Arc::new).ok_or_else(nobody)
    }
}

impl Right {
    /// Namespace that it is about.
    pub(crate) fn namespace(&self) -> &str {
        &self.question.namespace
    }

    /// The execution that it is about.
    pub(crate) async fn execution(&self, store: &Store) -> Result<ExecutionRecord, Refusal> {
        let name = self.question.name.as_deref().unwrap_or_default();
        let found = store.execution(&self.question.namespace, name).await?;
        found.ok_or_else(|| Refusal::absent("there is no record of an execution of this name or uid in the namespace"))
    }
}

fn refused(question: &Question) -> Refusal {
    let verb = if question.name.is_some() { "get" } else { "list" };
    let slash = if question.subresource.is_empty() { "" } else { "/" };
    Refusal::forbidden(format!(
        "the right to {verb} testexecutions{slash}{} in API group assay.dev in this namespace is missing",
        question.subresource
    ))
}

/// The bearer token: our own header first, because the API server's service
/// proxy removes the usual one.
fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let header = headers.get(HEADER_AUTHORIZATION).or_else(|| headers.get(AUTHORIZATION));
    let value = header.and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.filter(|token| (1..=TOKEN_LIMIT).contains(&token.len())).ok_or_else(|| {
        Refusal::unauthenticated(format!("send `Bearer TOKEN` in Authorization or {HEADER_AUTHORIZATION}"))
    })
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}
