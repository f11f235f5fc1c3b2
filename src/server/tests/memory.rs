//! Identities in a table: `runner` is a pod, `alice` may see everything in
//! team-a, `bob` only executions, `carol` only `smoke-1`, everybody else is unknown.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::UID;
use crate::{Caller, Identities, IdentityError, Question, RunnerIdentity};

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) asked: AtomicUsize,
    /// More pods, by token.
    pub(crate) pods: Mutex<Vec<(String, RunnerIdentity)>>,
    /// The API server does not answer.
    pub(crate) away: std::sync::atomic::AtomicBool,
}

pub(crate) fn pod(uid: &str, name: &str, attempt: u32) -> RunnerIdentity {
    RunnerIdentity {
        namespace: "team-a".into(),
        pod_name: format!("{name}-{attempt}-abcde"),
        pod_uid: format!("pod-{attempt}"),
        execution_uid: uid.into(),
        execution_name: name.into(),
        attempt,
    }
}

impl Memory {
    pub(crate) fn add(&self, token: &str, pod: RunnerIdentity) {
        self.pods.lock().expect("no panic").push((token.into(), pod));
    }

    fn answer<T: Send + 'static>(&self, answer: T) -> BoxFuture<'static, Result<T, IdentityError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            let secret = std::io::Error::other("connect to 10.0.0.1:6443 refused");
            return ready(Err(IdentityError(Box::new(secret)))).boxed();
        }
        ready(Ok(answer)).boxed()
    }
}

impl Identities for Memory {
    fn pod_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<RunnerIdentity>, IdentityError>> {
        let more = self.pods.lock().expect("no panic").clone();
        let known = more.into_iter().find(|(known, _)| known == token).map(|(_, pod)| pod);
        self.answer(known.or_else(|| (token == "runner").then(|| pod(UID, "smoke-1", 1))))
    }

    fn caller_of<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Option<Caller>, IdentityError>> {
        let known = ["alice", "bob", "carol"].contains(&token);
        self.answer(known.then(|| Caller { username: token.into(), ..Caller::default() }))
    }

    fn may<'a>(&'a self, caller: &'a Caller, question: &'a Question) -> BoxFuture<'a, Result<bool, IdentityError>> {
        let here = question.namespace == "team-a";
        self.answer(match caller.username.as_str() {
            "alice" => here,
            "bob" => here && question.subresource.is_empty(),
            "carol" => here && question.name.as_deref() == Some("smoke-1"),
            _ => false,
        })
    }
}
