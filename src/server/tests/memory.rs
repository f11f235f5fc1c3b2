//! Identities in a table: `runner` is a pod, `alice` may see everything in
//! team-a, `bob` only executions, `carol` only `smoke-1`, everybody else is unknown.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use assay_api::{TestWorkflow, TestWorkflowTemplateSpec};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::UID;
use crate::{Caller, Definitions, DefinitionsError, Identities, IdentityError, Question, RunnerIdentity};

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

/// Workflows and templates by name, the same in every namespace.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) workflows: Mutex<BTreeMap<String, TestWorkflow>>,
    pub(crate) templates: Mutex<BTreeMap<String, TestWorkflowTemplateSpec>>,
    /// The API server does not answer.
    pub(crate) away: std::sync::atomic::AtomicBool,
}

impl Shelf {
    fn answer<T: Clone + Send + 'static>(
        &self,
        shelf: &Mutex<BTreeMap<String, T>>,
        name: &str,
    ) -> BoxFuture<'static, Result<Option<T>, DefinitionsError>> {
        if self.away.load(Ordering::SeqCst) {
            return ready(Err(DefinitionsError(Box::new(std::io::Error::other("refused"))))).boxed();
        }
        ready(Ok(shelf.lock().expect("no panic").get(name).cloned())).boxed()
    }
}

impl Definitions for Shelf {
    fn workflow<'a>(
        &'a self,
        _: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<TestWorkflow>, DefinitionsError>> {
        self.answer(&self.workflows, name)
    }

    fn template<'a>(
        &'a self,
        _: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<TestWorkflowTemplateSpec>, DefinitionsError>> {
        self.answer(&self.templates, name)
    }
}
