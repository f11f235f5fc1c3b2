//! Everything that a rollback is judged by, gathered.

use std::sync::Arc;

use assay_api::{GitSource, Rollback, RollbackPhase, RollbackStatus, TestGate};
use assay_git::{Disposition, Look, PullRequestState as ForgeState};
use assay_gitops::{
    Company, Evidence, GateFacts, GitFacts, GitTrouble, Grant, PullRequestState, RollbackContext, allowed, as_asked,
    asks_guards, asks_repository, companions, find, is_commit, judge, restored_paths,
};
use assay_telemetry::error_chain;
use jiff::Timestamp;

use super::controller::Controller;
use super::deployed::delivery;
use super::outcomes::Outcomes;
use super::{others, paused};
use crate::access::{Covering, Opened, covering, open};
use crate::failure::LookError;
use crate::gitops::Key;

/// What was observed.
pub(super) struct Observed {
    /// What the guards are asked about.
    pub(super) evidence: Evidence,
    /// What the decision knows beyond it.
    pub(super) context: RollbackContext,
    /// The grant with what opens the repository; why there is none stands in the evidence.
    pub(super) opened: Option<Opened>,
    /// The delivered paths.
    pub(super) paths: Vec<String>,
}

/// Observes a record. What cannot be found out is part of the evidence, unless it is the cluster that fails.
pub(super) async fn observe(
    controller: &Controller,
    key: &Key,
    record: &Rollback,
    outcomes: Outcomes,
) -> Result<Observed, LookError> {
    let (context, gitops) = (&controller.context, &controller.gitops);
    let spec = &record.spec;
    let status = record.status.clone().unwrap_or_default();
    let asks = asks_guards(status.phase);
    let gate_key = (key.0.clone(), spec.gate.clone());
    let gate = gate(controller, &gate_key, asks).await?;
    let delivery = delivery(controller, key, record, status.phase == RollbackPhase::Committing).await?;
    let paths = spec.source.as_ref().map(|source| restored_paths(delivery.as_ref(), source)).unwrap_or_default();
    let access = access(controller, key, spec.source.as_ref(), &paths).await?;
    let attempted = delivery.as_ref().and_then(|delivery| delivery.attempted.clone());
    let git = if asks_repository(&status, &spec.bad.revision, attempted.as_deref()) {
        let value_files = delivery.as_ref().map_or(&[][..], |delivery| &delivery.value_files);
        look_at(controller, record, &paths, value_files, attempted.as_deref(), &access).await
    } else {
        Err(GitTrouble::Unavailable("it was not looked at, since nothing depends on it".to_owned()))
    };
    let evidence = Evidence {
        record: key.clone(),
        created_at: record.metadata.creation_timestamp.as_ref().map_or_else(Timestamp::now, |time| time.0),
        spec: as_asked(spec),
        delivery,
        gate: gate.as_ref().map(|gate| GateFacts {
            current: gate.status.as_ref().and_then(|status| status.current.clone()),
            uid: gate.metadata.uid.clone().unwrap_or_default(),
            verdicts: gate.status.as_ref().map(|status| status.verdicts.clone()).unwrap_or_default(),
            last_good: gate.status.as_ref().and_then(|status| status.last_good.clone()),
            failures_required: gate.spec.confirmation.failures,
            control: gate.spec.confirmation.control.is_some(),
        }),
        git,
        grant: access.as_ref().map(|access| access.grant.clone()).map_err(Clone::clone),
        paused: if asks { paused::paused(controller, key, record, gate.as_deref()).await? } else { Vec::new() },
        approved: paused::approved(record),
        others: if asks { others::records(context, key).await? } else { Vec::new() },
        gates: others::gates(gitops, &gate_key),
        neighbours: others::neighbours(gitops, &gate_key, spec.source.as_ref()),
        status,
    };
    let findings = if asks { judge(&evidence, Timestamp::now()) } else { Vec::new() };
    let opened = access.ok().and_then(|access| access.opened.map(|opened| (access.covering, opened)));
    let context = RollbackContext {
        findings,
        company: company(controller, &evidence, opened.as_ref().map(|(covering, _)| covering)),
        paths: paths.clone(),
        planned: outcomes.planned,
        pushed: outcomes.pushed,
        opened: outcomes.opened,
        pull_request: pull_request(&evidence.status, opened.as_ref().map(|(_, opened)| opened)).await,
    };
    Ok(Observed { evidence, context, opened: opened.map(|(_, opened)| opened), paths })
}

/// The gate. As long as guards are asked it is read anew: the record may be here before the watch shows the
/// verdict that it was made for, and an older one would be refused for good.
async fn gate(controller: &Controller, key: &Key, anew: bool) -> Result<Option<Arc<TestGate>>, LookError> {
    if !anew {
        return Ok(controller.gitops.gates.get(&key.0, &key.1));
    }
    Ok(controller.context.cluster.get::<TestGate>(&key.0, &key.1).await?.map(Arc::new))
}

/// A grant that covers the source.
struct Access {
    covering: Covering,
    grant: Grant,
    opened: Option<Opened>,
}

async fn access(
    controller: &Controller,
    key: &Key,
    source: Option<&GitSource>,
    paths: &[String],
) -> Result<Result<Access, String>, LookError> {
    let Some(source) = source else { return Ok(Err("the delivery comes from no path on a branch".to_owned())) };
    if !controller.git.write {
        let why =
            "the manager itself may not write to Git, nor read the Secrets of grants; set `gitops.write` of the chart";
        return Ok(Err(why.to_owned()));
    }
    let covering = match covering(&controller.gitops.grants.all(), &key.0, source, paths) {
        Ok(covering) => covering,
        Err(why) => return Ok(Err(why)),
    };
    let mut grant = covering.grant.clone();
    let opened = match open(&controller.context.cluster, &controller.git, &covering.object.spec).await? {
        Ok(opened) => Some(opened),
        Err(why) => {
            grant.trouble = Some(why);
            None
        }
    };
    Ok(Ok(Access { covering, grant, opened }))
}

async fn look_at(
    controller: &Controller,
    record: &Rollback,
    paths: &[String],
    value_files: &[String],
    attempted: Option<&str>,
    access: &Result<Access, String>,
) -> Result<GitFacts, GitTrouble> {
    let denied = |why: &str| GitTrouble::Denied(why.to_owned());
    let access = access.as_ref().map_err(|why| denied(&format!("no grant opens it: {why}")))?;
    let opened = access.opened.as_ref().ok_or_else(|| denied(access.grant.trouble.as_deref().unwrap_or_default()))?;
    let spec = &record.spec;
    let source = spec.source.as_ref().ok_or_else(|| denied("the delivery comes from no path on a branch"))?;
    let ask = Look {
        branch: source.branch.clone(),
        paths: paths.to_vec(),
        value_files: value_files.to_vec(),
        bad: spec.bad.revision.clone(),
        good: spec.good.as_ref().map(|good| good.revision.clone()),
        deployed: attempted.filter(|attempted| is_commit(attempted)).map(str::to_owned),
        key: spec.key.clone(),
    };
    let looked = controller.git.repositories.look(&opened.remote, &ask).await;
    looked.map_err(|error| {
        if error.disposition() == Disposition::Bug {
            tracing::error!(error = error_chain(&error), "a repository could not be looked at");
        }
        error.trouble()
    })
}

/// Other records whose paths this record's grant lets be written too, and what these paths are.
fn company(controller: &Controller, evidence: &Evidence, covering: Option<&Covering>) -> Vec<Company> {
    let Some(covering) = covering else { return Vec::new() };
    let mut company = Vec::new();
    for other in companions(evidence) {
        let (Some(source), Some(good)) = (&other.spec.source, &other.spec.good) else { continue };
        let delivery = find(controller.gitops.as_ref(), &other.spec.delivery, &other.record.0);
        let paths = restored_paths(delivery.as_ref(), source);
        let covered = allowed(&covering.object.spec, &other.record.0, source, &paths);
        if covered.is_ok_and(|outside| outside.is_empty()) {
            company.push(Company { record: other.record.clone(), paths, good: good.revision.clone() });
        }
    }
    company
}

/// How the pull request is; `None` when there is none, or the forge does not answer.
async fn pull_request(status: &RollbackStatus, opened: Option<&Opened>) -> Option<PullRequestState> {
    if status.phase != RollbackPhase::PullRequestOpen {
        return None;
    }
    let number = status.pull_request.as_ref()?.number;
    let forge = opened?.forge.as_ref().ok()?.as_ref()?;
    match forge.state(number).await {
        Ok(ForgeState::Open) => Some(PullRequestState::Open),
        Ok(ForgeState::Merged { commit }) => Some(PullRequestState::Merged(commit)),
        Ok(ForgeState::Closed) => Some(PullRequestState::Closed),
        Err(error) => {
            tracing::info!(number, error = error_chain(&error), "the forge does not say how a pull request is");
            None
        }
    }
}
