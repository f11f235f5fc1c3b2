//! The commit: what it says, and what it restores.

use std::collections::BTreeMap;

use assay_api::{GitSource, RevertCommit};
use assay_git::{Disposition, GitError, Restore};
use assay_gitops::{
    Companion, Evidence, GitFacts, PlanOutcome, PlanRequest, RestoredPath, RevertText, commit_message, commit_subject,
    pull_request_text,
};
use assay_telemetry::error_chain;
use jiff::Timestamp;

use super::controller::Controller;
use super::observe::Observed;
use crate::access::Opened;

/// Files of a commit that a record names.
const FILES: usize = 50;

/// What is told about a revert: in the commit and in the pull request.
pub(super) struct Told<'a> {
    evidence: &'a Evidence,
    facts: &'a GitFacts,
    companions: Vec<Companion>,
    link: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// About a commit that restores these paths. `None` while the repository is not known.
    pub(super) fn about(controller: &'a Controller, observed: &'a Observed, entries: &[RestoredPath]) -> Option<Self> {
        let evidence = &observed.evidence;
        let facts = evidence.git.as_ref().ok()?;
        let companions = companions(evidence, entries);
        Some(Self { evidence, facts, companions, link: controller.git.external_url.as_deref() })
    }

    fn text(&self) -> RevertText<'_> {
        let Self { evidence, facts, companions, link } = self;
        RevertText { record: &evidence.record, spec: &evidence.spec, facts, companions, link: *link }
    }

    /// Title and body of a pull request.
    pub(super) fn pull_request(&self) -> (String, String) {
        pull_request_text(&self.text(), &self.evidence.status.findings)
    }
}

/// Each record that comes along, once for each of its paths, in their order.
fn companions(evidence: &Evidence, entries: &[RestoredPath]) -> Vec<Companion> {
    let own = &evidence.record;
    let others: BTreeMap<_, _> = evidence.others.iter().map(|other| (&other.record, other)).collect();
    let along = entries.iter().filter(|entry| entry.record != *own);
    along
        .filter_map(|entry| {
            let other = others.get(&entry.record)?;
            Some(Companion { path: entry.path.clone(), good: entry.good.clone(), ..Companion::from(*other) })
        })
        .collect()
}

/// Computes a commit; nothing is written to the server.
pub(super) async fn plan(controller: &Controller, observed: &Observed, request: &PlanRequest) -> PlanOutcome {
    let (Some(opened), Some(told)) = (&observed.opened, Told::about(controller, observed, &request.entries)) else {
        return PlanOutcome::Unavailable("the repository is not known at the moment".to_owned());
    };
    let restore = restore(opened, request, &told);
    match controller.git.repositories.plan(&opened.remote, &restore).await {
        Ok(planned) if planned.files.is_empty() => PlanOutcome::Nothing,
        Ok(planned) => PlanOutcome::Commit(RevertCommit {
            id: planned.id,
            parent: request.parent.clone(),
            branch: request.branch.clone(),
            paths: request.entries.iter().map(|entry| entry.path.clone()).collect(),
            files: planned.files.into_iter().take(FILES).map(|file| file.path).collect(),
            subject: commit_subject(&told.text()),
        }),
        Err(error) => outcome_of(&error),
    }
}

fn outcome_of(error: &GitError) -> PlanOutcome {
    match error.disposition() {
        Disposition::Stalled => PlanOutcome::Impossible(error_chain(error)),
        Disposition::Transient | Disposition::Bug => PlanOutcome::Unavailable(error_chain(error)),
    }
}

fn restore(opened: &Opened, request: &PlanRequest, told: &Told<'_>) -> Restore {
    Restore {
        parent: request.parent.clone(),
        entries: request.entries.iter().map(|entry| (entry.path.clone(), entry.good.clone())).collect(),
        message: commit_message(&told.text()),
        author: opened.author.clone(),
        date: request.date,
        signing: opened.signing.clone(),
    }
}

/// The request that led to a recorded commit: after a restart the mirror may be gone, and the commit with it.
pub(super) fn request_of(observed: &Observed, commit: &RevertCommit, date: Timestamp) -> PlanRequest {
    let evidence = &observed.evidence;
    let own = (evidence.record.clone(), evidence.spec.good.as_ref().map(|good| good.revision.clone()));
    let company = observed.context.company.iter();
    let entry = |path: &String| {
        let other = company.clone().find(|other| other.paths.contains(path) && !observed.paths.contains(path));
        let (record, good) = match other {
            Some(other) => (other.record.clone(), other.good.clone()),
            None => (own.0.clone(), own.1.clone().unwrap_or_default()),
        };
        RestoredPath { path: path.clone(), good, record }
    };
    PlanRequest {
        parent: commit.parent.clone(),
        branch: commit.branch.clone(),
        date,
        entries: commit.paths.iter().map(entry).collect(),
    }
}

/// The branch into which a pull request asks to merge.
pub(super) fn base(source: Option<&GitSource>) -> String {
    source.map(|source| source.branch.clone()).unwrap_or_default()
}
