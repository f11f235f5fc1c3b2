//! One look at an execution: observe, decide, act, publish.

use std::time::Duration;

use assay_api::{Phase, TestExecution};
use assay_lifecycle::{Action, Decision, Wake, decide, fold_execution};
use assay_telemetry::error_chain;
use jiff::Timestamp;

use super::act::{self, Application};
use super::controller::Controller;
use super::memory::Memory;
use super::observe::{Look, add_evidence};
use super::publish::{Published, publish, write};
use crate::failure::LookError;
use crate::finished::Finished;
use crate::work::Next;

impl Controller {
    /// Looks at the execution of this uid.
    pub(crate) async fn look(&self, uid: &str) -> Next {
        let Some(object) = self.executions.indexed(uid).into_iter().next() else {
            self.memories.forget(uid);
            return Next::OnChange;
        };
        let mut memory = self.memories.take(uid);
        let looked = self.look_at(&object, &mut memory).await;
        if !matches!(looked, Ok(Looked { over: true, .. })) {
            self.memories.keep(uid, memory);
        }
        match looked {
            Ok(looked) => looked.next,
            Err(error) => {
                let (namespace, name) = (object.metadata.namespace.as_deref(), object.metadata.name.as_deref());
                tracing::warn!(namespace, name, error = error_chain(&error), "a look at an execution failed");
                Next::Failed(error.failure())
            }
        }
    }

    async fn look_at(&self, object: &TestExecution, memory: &mut Memory) -> Result<Looked, LookError> {
        let look = self.observe(object, memory).await?;
        let now = Timestamp::now();
        let decision = decide(&look.observed, &self.context.settings.policy, now);
        memory.attempt.seen = look.observed.remember(&decision.troubles, now);
        self.count(&decision, memory);
        if look.observed.previous.phase == Phase::Finished {
            return self.settle(object, look, &decision, memory).await;
        }
        if decision.verdict.is_some() {
            return self.end(object, look, &decision, memory, now).await;
        }
        if decision.next_attempt.is_some() {
            return self.try_again(object, look, &decision, memory, now).await;
        }
        self.go_on(object, look, decision, memory, now).await
    }

    /// The number of executions that did not end, by their phase.
    fn count(&self, decision: &Decision, memory: &mut Memory) {
        let goes_on = decision.phase != Phase::Finished;
        if memory.counted.as_ref().map(|counted| counted.phase) != goes_on.then_some(decision.phase) {
            memory.counted = goes_on.then(|| self.context.metrics.standing(decision.phase));
        }
    }

    /// The attempt was lost. The status announces the next one before anything
    /// else is done; whoever reads it, after a crash too, goes on from there.
    async fn try_again(
        &self,
        object: &TestExecution,
        look: Look,
        decision: &Decision,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<Looked, LookError> {
        let status = fold_execution(&look.observed, decision, now);
        if matches!(write(&self.context, object, status, memory).await?, Published::Gone) {
            return Ok(Looked { next: Next::OnChange, over: true });
        }
        let execution = &look.observed.execution;
        let namespace = object.metadata.namespace.as_deref();
        let (name, message) = (execution.name.as_str(), decision.message.as_str());
        tracing::warn!(namespace, name, attempt = decision.next_attempt, message, "an attempt was lost");
        self.context.metrics.tried_again();
        self.act(object, &look, decision, memory).await?;
        Ok(Looked { next: Next::Within(Duration::ZERO), over: false })
    }

    /// The execution goes on.
    async fn go_on(
        &self,
        object: &TestExecution,
        mut look: Look,
        mut decision: Decision,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<Looked, LookError> {
        let mut failed = None;
        if let Some(refused) = self.act(object, &look, &decision, memory).await? {
            // The refusal is judged like everything else; it is tried again by backing off.
            look.observed.refused = Some(refused.clone());
            memory.attempt.refused = Some(refused);
            decision = decide(&look.observed, &self.context.settings.policy, now);
            decision.actions.retain(|action| *action != Action::ApplyObjects);
            if decision.verdict.is_some() {
                return self.end(object, look, &decision, memory, now).await;
            }
            failed = Some(Next::Failed(assay_lifecycle::Failure::Transient));
        }
        tracing::debug!(
            namespace = object.metadata.namespace,
            name = object.metadata.name,
            phase = %decision.phase,
            reason = %decision.reason,
            findings = ?decision.findings,
            "looked at an execution"
        );
        let next = match publish(&self.context, object, &look.observed, &decision, memory, now).await? {
            Published::Gone => return Ok(Looked { next: Next::OnChange, over: true }),
            Published::Current => until(decision.wake, now),
            Published::Later(wait) => sooner(until(decision.wake, now), wait),
        };
        Ok(Looked { next: failed.unwrap_or(next), over: false })
    }

    /// The verdict is final. The store hears of it first; that it does not
    /// answer delays no verdict.
    async fn end(
        &self,
        object: &TestExecution,
        mut look: Look,
        decision: &Decision,
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<Looked, LookError> {
        let begun = tokio::time::Instant::now();
        add_evidence(&self.context, &mut look.observed).await;
        let gathered = begun.elapsed();
        let execution = &look.observed.execution;
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let concluding = decision.actions.iter().find_map(|action| match action {
            Action::Conclude(conclusion) => Some(conclusion),
            _ => None,
        });
        let told = match concluding {
            Some(conclusion) => act::conclude(&self.context, namespace, execution, conclusion).await,
            None => Ok(()),
        };
        if let Err(error) = &told {
            tracing::error!(
                namespace,
                name = execution.name,
                error = error_chain(error),
                "the store was not told the end"
            );
        }
        let recorded = begun.elapsed();
        let status = fold_execution(&look.observed, decision, now);
        if matches!(write(&self.context, object, status, memory).await?, Published::Gone) {
            return Ok(Looked { next: Next::OnChange, over: true });
        }
        tracing::info!(
            namespace,
            name = execution.name,
            verdict = decision.verdict.map(|verdict| verdict.as_str()),
            reason = %decision.reason,
            message = decision.message,
            gathered = ?gathered,
            recorded = ?recorded,
            published = ?begun.elapsed(),
            "an execution ended"
        );
        if let Some(verdict) = decision.verdict {
            let lasted = Duration::try_from(now.duration_since(execution.created_at)).unwrap_or_default();
            self.context.metrics.finished(verdict, decision.reason, lasted);
        }
        // Before what may fail: nobody would say it again.
        self.finished.tell(&Finished { namespace: namespace.to_owned(), workflow: execution.workflow.clone() });
        self.act(object, &look, decision, memory).await?;
        let next = if told.is_ok() { Next::OnChange } else { Next::Failed(assay_lifecycle::Failure::Transient) };
        // The memory is kept: the watch may still show a status from before.
        Ok(Looked { next, over: false })
    }

    /// It ended earlier; what may be left to do is done.
    async fn settle(
        &self,
        object: &TestExecution,
        mut look: Look,
        decision: &Decision,
        memory: &mut Memory,
    ) -> Result<Looked, LookError> {
        let execution = &look.observed.execution;
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        for action in &decision.actions {
            if let Action::Conclude(conclusion) = action {
                act::conclude(&self.context, namespace, execution, conclusion).await?;
                // Who heard of the end earlier did not find it in the store.
                self.finished.tell(&Finished { namespace: namespace.to_owned(), workflow: execution.workflow.clone() });
            }
        }
        self.act(object, &look, decision, memory).await?;
        let name = execution.name.clone();
        let shown = object.status.as_ref().is_some_and(|status| status.phase == Phase::Finished);
        if shown && look.observed.previous.observed_generation != execution.generation {
            // The watch keeps only the core of a finished status, so the whole is asked for.
            let whole = self.context.cluster.get::<TestExecution>(namespace, &name).await?;
            if let Some(status) = whole.and_then(|whole| whole.status).filter(|s| s.phase == Phase::Finished) {
                look.observed.previous = status;
                let status = fold_execution(&look.observed, decision, Timestamp::now());
                write(&self.context, object, status, memory).await?;
            }
        }
        Ok(Looked { next: Next::OnChange, over: shown })
    }

    /// Carries out what has no part in the order of the end. Returns the
    /// cluster's refusal of the Job.
    async fn act(
        &self,
        object: &TestExecution,
        look: &Look,
        decision: &Decision,
        memory: &mut Memory,
    ) -> Result<Option<assay_lifecycle::Refusal>, LookError> {
        let execution = &look.observed.execution;
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        for action in &decision.actions {
            match action {
                Action::ApplyObjects => {
                    let Some(plan) = &look.plan else { continue };
                    let applied = act::apply(&self.context, namespace, execution, plan, memory).await?;
                    if let Application::Refused(refusal) = applied {
                        return Ok(Some(refusal));
                    }
                }
                Action::Begin => {
                    let plan_hash = memory.attempt.plan_hash.clone().unwrap_or_default();
                    act::tell_begin(&self.context, namespace, execution, &plan_hash, memory).await;
                }
                Action::SetCommands(commands) => {
                    act::tell_commands(&self.context, namespace, execution, commands, memory).await;
                }
                Action::DeleteJob { name, foreground } => {
                    act::delete_job(&self.context, namespace, name, *foreground).await?;
                }
                Action::PublishEvent { severity, reason, message } => {
                    let kind = act::event_kind(*severity);
                    let said = self.context.events.publish(object, kind, *reason, "Judge", message).await;
                    if let Err(error) = said {
                        tracing::warn!(namespace, name = execution.name, error = error_chain(&error), "no event");
                    }
                }
                Action::Conclude(_) => {}
            }
        }
        Ok(None)
    }
}

/// What came of a look.
struct Looked {
    next: Next,
    /// Nothing need be remembered any more.
    over: bool,
}

fn until(wake: Wake, now: Timestamp) -> Next {
    match wake {
        Wake::OnChange => Next::OnChange,
        Wake::At(at) => Next::Within(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)),
    }
}

fn sooner(next: Next, wait: Duration) -> Next {
    match next {
        Next::Within(other) => Next::Within(other.min(wait)),
        Next::OnChange | Next::Failed(_) => Next::Within(wait),
    }
}
