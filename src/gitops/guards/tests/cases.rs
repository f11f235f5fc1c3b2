//! One table a guard: what is changed, what it then answers, and what it says.

use assay_api::Answer::{Hold, Pass, PullRequest, Refuse, Skipped};
use assay_api::{
    Answer, Budget, DurationText, GateRole, Guard, Reason, RevertCommit, RollbackMode, RollbackPhase, TrailEntry,
    Verdict,
};

use super::evidence::{GOOD, agreed, commit, execution, now, other, source, time};
use crate::guards::chain::ask_guard;
use crate::{Evidence, FileChange, GitTrouble, Judged, Source};

/// One row.
pub(super) struct Case {
    pub(super) guard: Guard,
    /// What differs from evidence by which all agree, in words.
    pub(super) when: &'static str,
    pub(super) change: fn(&mut Evidence),
    pub(super) answer: Answer,
    /// How the message begins.
    pub(super) says: &'static str,
}

fn rendered(evidence: &mut Evidence, good: &str, bad: &str) {
    evidence.spec.bad.rendered_with = Some(bad.to_owned());
    if let Some(known) = &mut evidence.spec.good {
        known.rendered_with = Some(good.to_owned());
    }
}

macro_rules! cases {
    ($($guard:ident { $($when:literal: |$evidence:ident| $change:expr => $answer:ident $says:literal;)+ })+) => {
        pub(super) const CASES: &[Case] = &[$($(Case {
            guard: Guard::$guard,
            when: $when,
            change: |$evidence: &mut Evidence| { $change; },
            answer: $answer,
            says: $says,
        },)+)+];
    };
}

cases! {
    DefinitiveFailure {
        "the gate says failed": |e| e.approved = false => Pass "the gate shop judged bad0000 as failed at 2026-11-26 11:55:00 UTC";
        "the run could not be judged": |e| { e.spec.verdict = Verdict::Errored; e.spec.verdict_reason = Reason::ImagePullFailed } => Refuse "the verdict is errored (ImagePullFailed); only `failed` says";
        "the run was cancelled": |e| e.spec.verdict = Verdict::Cancelled => Refuse "the verdict is cancelled";
        "it passed": |e| e.spec.verdict = Verdict::Passed => Refuse "the verdict is passed";
        "it was flaky": |e| e.spec.verdict = Verdict::Flaky => Refuse "the verdict is flaky";
        "it was skipped": |e| e.spec.verdict = Verdict::Skipped => Refuse "the verdict is skipped";
        "the gate was deleted": |e| e.gate = None => Refuse "the gate shop does not exist any more";
        "another gate has its name": |e| e.gate().uid = "gate-2".into() => Refuse "the gate shop was deleted and made again";
        "the gate knows nothing of the revision": |e| e.gate().current = None => Refuse "the gate shop has no judgement of bad0000 any more";
        "the gate judged it again, and well": |e| { let j = e.judgement(); j.turn = 1; j.verdict = Some(Verdict::Passed) } => Refuse "the gate shop judged bad0000 anew and says passed";
        "the gate judges it again": |e| { let j = e.judgement(); j.turn = 1; j.verdict = None } => Hold "the gate shop is judging bad0000 anew";
        "the record is of a turn that the gate has not had": |e| e.spec.turn = 3 => Refuse "the gate's newest judgement is turn 0";
        "the gate has moved on to a newer revision": |e| { let old = e.gate().current.take(); e.gate().verdicts.extend(old) } => Pass "the gate shop judged bad0000 as failed";
        "the same content came as another commit": |e| e.judgement().revision.revision = "other".into() => Pass "the gate shop judged bad0000 as failed";
    }
    ConfirmedFailure {
        "two runs failed": |e| e.approved = false => Pass "2 runs of smoke failed, 2 were asked for";
        "one run failed": |e| { e.judgement().executions.pop(); } => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs, and no workflow had more than 1";
        "one failed, one passed": |e| e.second_run().verdict = Some(Verdict::Passed) => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs";
        "one failed, one ran into the timeout of a step": |e| e.second_run().reason = Some(Reason::StepTimedOut) => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs, and no workflow had more than 1";
        "one failed, one errored": |e| e.second_run().verdict = Some(Verdict::Errored) => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs";
        "one run of each of two workflows failed": |e| e.second_run().workflow = "load".into() => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs";
        "no run is known": |e| e.judgement().executions.clear() => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs, and no workflow had more than 0";
        "fewer than one are asked for": |e| { e.gate().failures_required = -1; e.judgement().executions.clear() } => Refuse "`spec.confirmation.failures` of the gate asks for 1 failed run";
        "one is asked for": |e| { e.gate().failures_required = 1; e.judgement().executions.pop(); } => Pass "1 run of smoke failed, 1 was asked for";
        "a failed control run confirms nothing": |e| { e.second_run().role = GateRole::Control } => Refuse "`spec.confirmation.failures` of the gate asks for 2 failed runs";
        "the control run passed": |e| { e.gate().control = true; e.judgement().executions.push(execution("shop-c", GateRole::Control, 1, Verdict::Passed)) } => Pass "2 runs of smoke failed, and the control run shop-c with the good revision passed";
        "the control run failed": |e| { e.gate().control = true; e.judgement().executions.push(execution("shop-c", GateRole::Control, 1, Verdict::Failed)) } => Refuse "2 runs of smoke failed, but the verdict of the control run shop-c is failed: it may be the environment";
        "the control run was skipped": |e| { e.gate().control = true; e.judgement().executions.push(execution("shop-c", GateRole::Control, 1, Verdict::Skipped)) } => Refuse "2 runs of smoke failed, but the verdict of the control run shop-c is skipped";
        "the control run is missing": |e| e.gate().control = true => Refuse "2 runs of smoke failed, but the control run that `spec.confirmation.control` asks for is not known";
        "the gate was deleted": |e| e.gate = None => Skipped "not asked: the gate has no judgement of the revision";
    }
    FreshFailure {
        "the failure is young": |e| e.approved = false => Pass "the failure is 5m old, and counts for 20m";
        "the failure is just as old as it may be": |e| e.spec.failed_at = time(-1200) => Pass "the failure is 20m old";
        "the failure is too old": |e| e.spec.failed_at = time(-1201) => Refuse "the failure is 20m1s old; after 20m (`spec.rollback.maxFailureAge` of the gate) it is only reported";
        "the policy gives it longer": |e| { e.spec.policy.max_failure_age = Some(DurationText::new("2h")); e.spec.failed_at = time(-5000) } => Pass "the failure is 1h23m old, and counts for 2h";
        "the limit cannot be read": |e| e.spec.policy.max_failure_age = Some(DurationText::new("soon")) => Refuse "`spec.rollback.maxFailureAge` of the gate: `soon` must be numbers with units";
        "the failure is in the future": |e| e.spec.failed_at = time(600) => Refuse "the failure is from 2026-11-26 12:10:00 UTC, which is in the future";
    }
    LastGoodKnown {
        "the gate judged it green": |e| e.approved = false => Pass "900d000 was judged green at 2026-11-26 10:00:00 UTC";
        "nothing was green before": |e| e.spec.good = None => Refuse "the gate shop has not judged any revision green yet";
        "good and bad are the same": |e| e.spec.good.clone_from(&Some(e.spec.bad.clone())) => Refuse "the last good revision bad0000 is the one that failed";
        "the gate has forgotten it": |e| e.gate().last_good = None => Refuse "the gate shop does not know a good revision any more";
        "the gate has a newer one": |e| e.known_good().revision.revision = "newer00".into() => Refuse "the gate's last good revision is newer00 by now";
        "the gate was deleted": |e| e.gate = None => Refuse "the gate shop does not exist any more";
    }
    SameSource {
        "the same path on the same branch": |e| e.approved = false => Pass "good and bad come from `apps/shop` on `main` of https://git.example.com/shop";
        "the URL is spelt in another way": |e| e.spec.good_source.get_or_insert_default().repository = "git@git.example.com:shop.git".into() => Pass "good and bad come from";
        "the good one came from another repository": |e| e.spec.good_source.get_or_insert_default().repository = "https://u:s3cret@git.example.com/old".into() => Refuse "the repository https://git.example.com/old is not https://git.example.com/shop; a good revision of another source is none";
        "the good one came from another branch": |e| e.spec.good_source.get_or_insert_default().branch = "next".into() => Refuse "the branch `next` is not `main`";
        "the good one came from another path": |e| e.spec.good_source = Some(source("apps/old")) => Refuse "the path `apps/old` is not `apps/shop`";
        "it is not known where the good one came from": |e| e.spec.good_source = None => Refuse "the record does not say where the good revision was delivered from";
        "the gate says something else than the record": |e| e.known_good().source = Some(source("apps/old")) => Refuse "the path `apps/old` is not `apps/shop`";
        "the gate does not say": |e| e.known_good().source = None => Refuse "the gate does not say where";
        "the URL is none": |e| e.spec.good_source.get_or_insert_default().repository = String::new() => Refuse "the repository  is not";
        "nothing was green before": |e| e.spec.good = None => Skipped "not asked: no good revision is known";
        "there is no branch": |e| e.spec.source = None => Skipped "not asked: the delivery does not come from a path on a branch";
    }
    SourceIsBranch {
        "it follows a branch": |e| e.approved = false => Pass "the delivery follows `apps/shop` on `main`";
        "it follows a tag": |e| e.delivery().sources = vec![Source::Pinned { repository: "https://git.example.com/shop".into(), to: "tag v1.2.0".into(), path: "apps/shop".into() }] => Refuse "it is delivered from tag v1.2.0, which no commit moves";
        "it is a chart": |e| e.delivery().sources = vec![Source::Artifact { what: "chart podinfo 6.5.0".into() }] => Refuse "it is delivered as chart podinfo 6.5.0, which no commit moves";
        "which of several is not clear": |e| e.delivery().judged = Judged::Unclear("two sources are paths on branches".into()) => Refuse "what is delivered is not clear: two sources";
        "the source is gone": |e| e.delivery().sources.clear() => Refuse "the delivery has no source number 0 any more";
        "the delivery is gone": |e| e.delivery = None => Refuse "the Application shop does not exist";
        "it follows another branch by now": |e| { let mut s = source("apps/shop"); s.branch = "hotfix".into(); e.delivery().sources = vec![Source::Branch(s)] } => Refuse "the branch `hotfix` is not `main`: the delivery was changed since it failed";
        "it delivers another path by now": |e| e.delivery().sources = vec![Source::Branch(source("apps/shop2"))] => Refuse "the path `apps/shop2` is not `apps/shop`";
        "it followed no branch when it failed": |e| e.spec.source = None => Refuse "the failure was delivered from no branch";
    }
    RepositoryReadable {
        "both revisions are there": |e| e.approved = false => Pass "it has both revisions, and the branch is at 7190000";
        "the server does not answer": |e| e.git = Err(GitTrouble::Unavailable("https://bot:s3cret@git.example.com/shop: timed out".into())) => Hold "the repository does not answer: https://git.example.com/shop: timed out; it is asked again";
        "the server says no": |e| e.git = Err(GitTrouble::Denied("authentication failed".into())) => Refuse "the repository says no: authentication failed";
        "the failed commit is not there": |e| e.facts().bad = None => Refuse "the repository does not have the failed revision bad0000";
        "the good commit is not there": |e| e.facts().good = None => Refuse "the repository does not have the good revision 900d000";
        "the branch is gone": |e| e.facts().tip.clear() => Refuse "the branch does not exist";
        "the revision is no commit": |e| e.spec.bad.revision = "bad".into() => Refuse "the failed revision bad is not the full id of a commit";
        "nothing was green before": |e| e.spec.good = None => Refuse "no good revision is known";
    }
    StillDeployed {
        "the failed revision is deployed": |e| e.approved = false => Pass "bad0000 is deployed, the revision that failed";
        "its content is deployed as another commit": |e| e.delivery().attempted = Some("cafe000000".into()) => Pass "cafe000 is deployed, the same content as the one that failed";
        "something else is deployed": |e| { e.delivery().attempted = Some("cafe000000".into()); e.facts().deployed_tree = Some("tree-new".into()) } => Refuse "cafe000 is deployed by now, with other content than bad0000";
        "the deployed content is not known": |e| e.facts().deployed_tree = None => Refuse "whether bad0000 has the content that failed could not be found out";
        "the delivery does not say": |e| e.delivery().attempted = None => Refuse "the delivery does not say which revision";
        "the delivery is gone": |e| e.delivery = None => Refuse "the delivery does not exist any more";
        "the repository does not answer": |e| e.git = Err(GitTrouble::Unavailable("x".into())) => Skipped "not asked: the repository could not be read";
    }
    HistoryIntact {
        "they lie on one line": |e| e.approved = false => Pass "900d000 leads to bad0000, and bad0000 to the tip 7190000";
        "the branch was reset": |e| e.facts().bad_before_tip = false => Refuse "bad0000 is not on the branch any more (its tip is 7190000)";
        "good does not lead to bad": |e| e.facts().good_before_bad = false => Refuse "the good revision 900d000 is not an ancestor of bad0000";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    NothingNewer {
        "nobody touched the paths since": |e| e.approved = false => Pass "the tip has the content that failed";
        "a newer commit is there": |e| e.facts().newer = vec![commit("fee1000000", "Mend it")] => Refuse "fee1000 \"Mend it\" by Ann touched the delivered paths after the failure; the newer revision gets its own judgement";
        "two are": |e| e.facts().newer = vec![commit("fee1000000", "Mend it"), commit("fee2000000", "Try")] => Refuse "fee1000 \"Mend it\" by Ann and 1 commit before it touched";
        "the content moved though no commit says so": |e| e.facts().tip_tree = Some("tree-x".into()) => Refuse "the tip has other content than the one that failed";
        "the tip's content is not known": |e| e.facts().tip_tree = None => Refuse "whether the tip still has the content that failed could not be found out";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    CulpritInPaths {
        "a file changed": |e| e.approved = false => Pass "1 file changed in the delivered paths by 1 commit";
        "no file changed": |e| e.facts().changed.clear() => Refuse "nothing differs between good and bad in the delivered paths, so it is not this commit";
        "the content is the same": |e| e.facts().good_tree = Some("tree-bad".into()) => Refuse "nothing differs between good and bad";
        "the content is not known": |e| e.facts().good_tree = None => Refuse "the content of good and bad could not be compared";
        "the values changed too": |e| rendered(e, "one", "two") => PullRequest "what the delivery renders the paths with (values, parameters, patches) changed too";
        "the values are the same": |e| rendered(e, "one", "one") => Pass "1 file changed";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    SharedBaseUnchanged {
        "what they refer to did not change": |e| e.approved = false => Pass "1 reference outside the delivered paths did not change";
        "they refer to nothing": |e| e.facts().references.clear() => Pass "the delivered paths refer to nothing outside of them";
        "a base changed": |e| e.facts().changed_outside.push("base/web/deployment.yaml".into()) => PullRequest "`base/web/deployment.yaml`, which the delivered paths refer to, changed too";
        "a base changed, and there is no forge": |e| { e.facts().changed_outside.push("base/web".into()); e.grant().forge = false } => Refuse "`base/web`, which the delivered paths refer to, changed too, and restoring the paths does not restore it; only a pull request would do, and the grant shop has no `spec.forge`";
        "a neighbour of the base changed": |e| e.facts().changed_outside.push("base/web2/x.yaml".into()) => Pass "1 reference";
        "they refer to the whole repository": |e| e.facts().references = vec![String::new()] => PullRequest "`docs/readme.md`";
        "not everything could be looked at": |e| e.facts().cut = true => Refuse "there are too many files between good and bad";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    NoMerge {
        "there is none": |e| e.approved = false => Pass "no commit between good and bad is a merge";
        "there is one": |e| e.culprit().parents = 2 => PullRequest "bad0000 \"Show the new cart\" by Ann is a merge: merging the same branch again would not bring its change back";
        "there is one, and there is no forge": |e| { e.culprit().parents = 2; e.grant().forge = false } => Refuse "bad0000 \"Show the new cart\" by Ann is a merge";
        "there is one, and no grant": |e| { e.culprit().parents = 2; e.grant = Err("none".into()) } => Refuse "bad0000 \"Show the new cart\" by Ann is a merge";
        "the policy allows them": |e| { e.culprit().parents = 2; e.spec.policy.allow_merges = true } => Pass "bad0000 is a merge, which `spec.rollback.allowMerges`";
        "not everything could be looked at": |e| e.facts().cut = true => Refuse "there are too many commits between good and bad";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    NotARollback {
        "there is none": |e| e.approved = false => Pass "no commit between good and bad is a rollback";
        "the failed commit is a rollback": |e| e.culprit().rollback_key = Some("k".into()) => Refuse "bad0000 \"Show the new cart\" by Ann is a rollback; what follows a rollback is for people to judge";
        "one before it is": |e| { let mut c = commit("00f0000000", "Revert"); c.rollback_key = Some("k".into()); e.facts().range.push(c) } => Refuse "00f0000 \"Revert\" by Ann is a rollback";
        "a rollback was taken back": |e| e.culprit().reverts_rollback = true => Refuse "bad0000 \"Show the new cart\" by Ann is the revert of a rollback";
        "the list lacks the failed commit itself": |e| { e.facts().range.clear(); e.facts().bad.get_or_insert_default().rollback_key = Some("k".into()) } => Refuse "bad0000";
        "not everything could be looked at": |e| e.facts().cut = true => Refuse "there are too many commits";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    Revertible {
        "no migration changed": |e| e.approved = false => Pass "no changed file is among **/migrations/**";
        "a migration changed": |e| e.facts().changed.push(FileChange { path: "apps/shop/migrations/0007.sql".into(), status: 'A' }) => Refuse "`apps/shop/migrations/0007.sql` changed, which `spec.rollback.neverRevert` of the gate keeps (`**/migrations/**`)";
        "the policy names others": |e| { e.spec.policy.never_revert = Some(vec!["apps/*/*.yaml".into()]) } => Refuse "`apps/shop/web.yaml` changed, which `spec.rollback.neverRevert`";
        "the policy names none": |e| { e.spec.policy.never_revert = Some(Vec::new()); e.facts().changed.push(FileChange { path: "migrations/1".into(), status: 'A' }) } => Pass "`spec.rollback.neverRevert` of the gate names no files";
        "not everything could be looked at": |e| e.facts().cut = true => Refuse "there are too many files";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    NothingPrecious {
        "nothing is removed": |e| e.approved = false => Pass "restoring removes no definition, namespace or volume claim";
        "a definition would go": |e| e.facts().precious_removed = vec!["CustomResourceDefinition widgets.example.com".into()] => Refuse "restoring would remove CustomResourceDefinition widgets.example.com, and everything that depends on it";
        "several would": |e| e.facts().precious_removed = vec!["Namespace a".into(), "Namespace b".into()] => Refuse "restoring would remove Namespace a and 1 object like it";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
    NoOtherWriter {
        "nobody else writes": |e| e.approved = false => Pass "no other program is known to write to these paths";
        "Kargo promotes it": |e| e.delivery().other_writers = vec!["Kargo (annotation `kargo.akuity.io/authorized-stage`)".into()] => PullRequest "Kargo (annotation `kargo.akuity.io/authorized-stage`) writes to these paths and may write the bad state again; suspend it";
        "there is no forge": |e| { e.delivery().other_writers = vec!["Kargo".into()]; e.grant().forge = false } => Refuse "Kargo writes to these paths";
        "the failed commit is a program's": |e| e.culprit().author = "argocd-image-updater".into() => PullRequest "Argo CD Image Updater (author of bad0000) writes";
        "by its address": |e| e.culprit().email = "29139614+renovate[bot]@users.noreply.github.com".into() => PullRequest "Renovate (author of bad0000) writes";
        "a person works for a company of that name": |e| e.culprit().email = "ann@kargo.example.com".into() => Pass "no other program";
        "it left its file": |e| e.facts().changed.push(FileChange { path: "apps/shop/.argocd-source-shop.yaml".into(), status: 'M' }) => PullRequest "Argo CD Image Updater (`apps/shop/.argocd-source-shop.yaml`) writes";
        "the repository says no, and nobody else is known": |e| e.git = Err(GitTrouble::Denied("x".into())) => Pass "no other program";
        "the delivery is gone": |e| e.delivery = None => Skipped "not asked: the delivery does not exist";
    }
    Granted {
        "the grant allows to push": |e| e.approved = false => Pass "the grant shop allows to push";
        "there is none": |e| e.grant = Err("no `GitWriteAccess` names git.example.com/shop".into()) => Refuse "no `GitWriteAccess` allows it: no `GitWriteAccess` names git.example.com/shop";
        "the path is not among its paths": |e| e.grant().paths_not_allowed = vec!["apps/shop".into()] => Refuse "`spec.paths` of the grant shop does not have `apps/shop`";
        "the whole repository is not": |e| e.grant().paths_not_allowed = vec![String::new()] => Refuse "`spec.paths` of the grant shop does not have the whole repository";
        "its credential does not work": |e| e.grant().trouble = Some("authentication failed".into()) => Refuse "the grant shop does not work: authentication failed";
        "it allows less": |e| e.grant().mode = RollbackMode::PullRequest => PullRequest "`spec.mode` of the grant shop is PullRequest, though the gate asks for Push";
        "it allows nothing": |e| e.grant().mode = RollbackMode::Observe => Refuse "`spec.mode` of the grant shop is Observe, and the gate asks for Push";
        "a pull request is asked for and it allows nothing": |e| { e.spec.policy.mode = RollbackMode::PullRequest; e.grant().mode = RollbackMode::Observe } => Refuse "`spec.mode` of the grant shop is Observe, and the gate asks for PullRequest";
        "a pull request is asked for": |e| e.spec.policy.mode = RollbackMode::PullRequest => Pass "the grant shop allows a pull request";
        "a pull request is asked for and there is no forge": |e| { e.spec.policy.mode = RollbackMode::PullRequest; e.grant().forge = false } => Refuse "the grant shop has no `spec.forge`";
        "it allows less and has no forge": |e| { e.grant().mode = RollbackMode::PullRequest; e.grant().forge = false } => Refuse "the grant shop has no `spec.forge`";
        "nothing is to be written": |e| { e.spec.policy.mode = RollbackMode::Observe; e.grant().mode = RollbackMode::Observe } => Pass "the grant shop covers it; mode Observe writes nothing";
    }
    BranchWritable {
        "it takes pushes": |e| e.approved = false => Pass "`main` is not known to refuse pushes";
        "it is protected": |e| e.grant().protected = true => Refuse "`main` is protected from pushes by the credential of the grant shop; let it push there, or set `spec.rollback.pullRequestIfRefused`";
        "the policy takes a pull request then": |e| { e.grant().protected = true; e.spec.policy.pull_request_if_refused = true } => PullRequest "`main` is protected from pushes";
        "the policy takes one, and there is no forge": |e| { e.grant().protected = true; e.grant().forge = false; e.spec.policy.pull_request_if_refused = true } => Refuse "`main` is protected from pushes";
        "a pull request is asked for": |e| { e.grant().protected = true; e.spec.policy.mode = RollbackMode::PullRequest } => Pass "a pull request comes from a branch of its own";
        "the grant allows no more than one": |e| { e.grant().protected = true; e.grant().mode = RollbackMode::PullRequest } => PullRequest "`main` is protected";
        "nothing is to be written": |e| { e.grant().protected = true; e.spec.policy.mode = RollbackMode::Observe } => Pass "`main` is protected; mode Observe writes nothing";
        "there is no grant": |e| e.grant = Err("none".into()) => Skipped "not asked: no grant allows to write";
    }
    NotPaused {
        "nobody paused it": |e| e.approved = false => Pass "nobody paused it";
        "somebody did": |e| e.paused = vec!["the annotation `assay.dev/pause-rollback` of namespace shop".into()] => Hold "paused by the annotation `assay.dev/pause-rollback` of namespace shop; it goes on when that is taken away";
        "two did": |e| e.paused = vec!["a".into(), "b".into()] => Hold "paused by a and 1 other";
        "the administrator froze the grant": |e| e.grant().frozen = true => Hold "paused by `spec.freeze` of the grant shop";
        "the delivery says so": |e| e.delivery().rollback_paused = true => Hold "paused by the annotation `assay.dev/pause-rollback` of the delivery";
    }
    Approved {
        "nobody has to": |e| e.approved = false => Pass "`spec.rollback.approval` of the gate asks for none";
        "somebody has to": |e| e.spec.policy.approval = true => Hold "`kubectl annotate rollback -n shop shop-0123456789 assay.dev/approve=true` approves it";
        "somebody did": |e| { e.spec.policy.approval = true; e.approved = true } => Pass "somebody approved it";
        "nothing is to be written": |e| { e.spec.policy.approval = true; e.spec.policy.mode = RollbackMode::Observe } => Pass "mode Observe writes nothing";
    }
    CooledDown {
        "it is the first": |e| e.approved = false => Pass "this delivery was not rolled back before";
        "the last one is fresh": |e| { let mut o = other("shop", "apps/shop", RollbackPhase::Recovered); o.written_at = Some(time(-600)); e.others.push(o) } => Hold "the rollback shop/shop of this delivery was less than 30m ago (`spec.rollback.coolDown` of the gate); it may go on at 2026-11-26 12:20:00 UTC";
        "the last one is old": |e| { let mut o = other("shop", "apps/shop", RollbackPhase::Recovered); o.written_at = Some(time(-1800)); e.others.push(o) } => Pass "the last rollback of this delivery, shop/shop, was more than 30m ago";
        "the policy asks for longer": |e| { let mut o = other("shop", "apps/shop", RollbackPhase::Failed); o.written_at = Some(time(-1800)); e.others.push(o); e.spec.policy.cool_down = Some(DurationText::new("1h")) } => Hold "the rollback shop/shop of this delivery was less than 1h ago";
        "one is under way": |e| e.others.push(other("shop", "apps/shop", RollbackPhase::PullRequestOpen)) => Hold "the rollback shop/shop of this delivery is under way (PullRequestOpen)";
        "one of another delivery is under way": |e| e.others.push(other("web", "apps/web", RollbackPhase::Deploying)) => Pass "this delivery was not";
        "the limit cannot be read": |e| e.spec.policy.cool_down = Some(DurationText::new("1 day")) => Refuse "`spec.rollback.coolDown` of the gate: `1 day` must be";
    }
    WithinBudget {
        "nothing was spent": |e| e.approved = false => Pass "the repository saw 0 rollbacks of 1 in 30m (`spec.budget` of the grant shop)";
        "it is spent": |e| { let mut o = other("web", "apps/web", RollbackPhase::Recovered); o.written_at = Some(time(-600)); e.others.push(o) } => Hold "the repository saw 1 rollback of 1 in 30m; `spec.budget` of the grant shop lets it go on at 2026-11-26 12:20:00 UTC";
        "one is about to be written": |e| e.others.push(other("web", "apps/web", RollbackPhase::Committing)) => Hold "the repository saw 1 rollback of 1 in 30m; `spec.budget` of the grant shop lets it go on at 2026-11-26 12:30:00 UTC";
        "the last one is old": |e| { let mut o = other("web", "apps/web", RollbackPhase::Recovered); o.written_at = Some(time(-1800)); e.others.push(o) } => Pass "the repository saw 0 rollbacks";
        "one that joined another is not counted": |e| { let mut o = other("web", "apps/web", RollbackPhase::Recovered); o.written_at = Some(time(-60)); o.joined = Some("shop/x".into()); e.others.push(o) } => Pass "the repository saw 0 rollbacks";
        "one of another repository is not counted": |e| { let mut o = other("web", "apps/web", RollbackPhase::Recovered); o.written_at = Some(time(-60)); o.spec.source.as_mut().expect("source").repository = "https://git.example.com/web".into(); e.others.push(o) } => Pass "the repository saw 0 rollbacks";
        "one of the same repository in other words is": |e| { let mut o = other("web", "apps/web", RollbackPhase::Recovered); o.written_at = Some(time(-60)); o.spec.source.as_mut().expect("source").repository = "git@git.example.com:shop.git".into(); e.others.push(o) } => Hold "the repository saw 1 rollback";
        "the grant gives more": |e| { let mut o = other("web", "apps/web", RollbackPhase::Recovered); o.written_at = Some(time(-60)); e.others.push(o); e.grant().budget = Some(Budget { count: 2, window: DurationText::new("1h") }) } => Pass "the repository saw 1 rollback of 2 in 1h";
        "the grant gives none": |e| e.grant().budget = Some(Budget { count: 0, window: DurationText::new("1h") }) => Refuse "`spec.budget.count` of the grant shop is 0";
        "the window cannot be read": |e| e.grant().budget = Some(Budget { count: 1, window: DurationText::new("") }) => Refuse "`spec.budget.window` of the grant: must not be empty";
        "there is no grant": |e| e.grant = Err("none".into()) => Skipped "not asked: no grant allows to write";
    }
    NoMassFailure {
        "one of nine fails": |e| e.approved = false => Pass "1 of 9 other blocking gates fail";
        "most fail": |e| e.gates = (5, 3) => Hold "3 of 5 other blocking gates fail as well: that is rather the cluster";
        "half of them fail": |e| e.gates = (6, 3) => Pass "3 of 6";
        "both of two fail": |e| e.gates = (2, 2) => Pass "2 of 2";
        "there are no others": |e| e.gates = (0, 0) => Pass "0 of 0";
    }
    Coalesced {
        "nobody else is concerned": |e| e.approved = false => Pass "no other gate fails because of the same commit";
        "another one goes first": |e| { let mut o = other("api", "apps/api", RollbackPhase::Holding); o.willing = true; o.created_at = time(-295); e.others.push(o) } => Hold "the rollback shop/api is about the same commit and goes first";
        "another one takes it along": |e| { let mut o = other("api", "apps/api", RollbackPhase::Deploying); o.commit = Some(RevertCommit { paths: vec!["apps/api".into(), "apps/shop".into()], ..RevertCommit::default() }); e.others.push(o) } => Hold "the rollback shop/api takes these paths along";
        "another gate is still judging": |e| { e.spec.failed_at = time(-10); e.neighbours.push(crate::Neighbour { gate: ("web".into(), "web".into()), revision: Some(e.spec.bad.revision.clone()), final_: false }) } => Hold "the gate web/web may concern the same commit and is awaited until 2026-11-26 12:00:50 UTC at most";
        "it takes others along": |e| { let mut o = other("web", "apps/web", RollbackPhase::Holding); o.willing = true; e.others.push(o) } => Pass "it takes 1 other rollback along: shop/web";
        "there is no branch": |e| e.spec.source = None => Skipped "not asked";
    }
    NotDoneBefore {
        "it was not": |e| e.approved = false => Pass "no commit and no other record carries the key 0123456789abcdef0123";
        "a commit on the branch carries its key": |e| e.facts().done = Some("d00e000000".into()) => Refuse "d00e000 on the branch carries this decision's key";
        "another record did": |e| { let mut o = other("old", "apps/shop", RollbackPhase::Failed); o.spec.key = e.spec.key.clone(); o.written_at = Some(time(-90000)); e.others.push(o) } => Refuse "the rollback shop/old carries out the same decision";
        "another record of the same key was refused": |e| { let mut o = other("old", "apps/shop", RollbackPhase::Refused); o.spec.key = e.spec.key.clone(); e.others.push(o) } => Pass "no commit";
        "this record did": |e| e.status.pushed_at = Some(time(-30)) => Refuse "this record wrote its revert at 2026-11-26 11:59:30 UTC";
        "a branch of an earlier record is there": |e| e.facts().pull_request_branch = Some(GOOD.into()) => Refuse "the branch `assay/rollback-0123456789abcdef0123` of an earlier record";
        "the branch is its own": |e| { e.facts().pull_request_branch = Some(GOOD.into()); e.status.commit = Some(RevertCommit::default()) } => Pass "no commit";
        "the branch is its own, and it was held since": |e| { e.facts().pull_request_branch = Some(GOOD.into()); e.status.trail.push(TrailEntry { at: time(-30), phase: RollbackPhase::Committing, message: String::new() }) } => Pass "no commit";
        "it has no key": |e| e.spec.key.clear() => Refuse "`spec.key` of the record is empty";
        "the repository says no": |e| e.git = Err(GitTrouble::Denied("x".into())) => Skipped "not asked";
    }
}

#[test]
fn every_guard_answers_as_its_table_says() {
    for case in CASES {
        let mut evidence = agreed();
        (case.change)(&mut evidence);
        let found = ask_guard(case.guard, &evidence, now());
        let name = format!("{}: {}", case.guard, case.when);
        assert_eq!(found.guard, case.guard, "{name}");
        assert_eq!(found.answer, case.answer, "{name}: {}", found.message);
        assert!(found.message.starts_with(case.says), "{name}: {}", found.message);
        assert!(!found.message.contains("s3cret"), "{name}: {}", found.message);
    }
}

#[test]
fn every_guard_has_a_case_of_each_kind() {
    for guard in Guard::ALL {
        let answers: Vec<Answer> = CASES.iter().filter(|case| case.guard == *guard).map(|case| case.answer).collect();
        assert!(answers.contains(&Pass), "{guard} never passes");
        assert!(answers.iter().any(|answer| matches!(answer, Refuse | Hold)), "{guard} never says no");
    }
}
