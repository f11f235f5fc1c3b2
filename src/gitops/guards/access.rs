//! Who else writes there, and whether we may.

use assay_api::{Answer, Finding, Guard, RollbackMode};
use jiff::Timestamp;

use super::answer::{count, finding, pass, pull_request, refuse, skipped};
use crate::evidence::{Evidence, Grant};
use crate::repository::{CommitFacts, GitFacts};
use crate::text::{plain, short};

/// Programs that write to repositories by themselves, by how their author's name begins or what stands before the
/// `@` of the address.
const WRITERS: &[(&str, &str)] = &[
    ("argocd-image-updater", "Argo CD Image Updater"),
    ("fluxcdbot", "Flux image automation"),
    ("image-automation-controller", "Flux image automation"),
    ("kargo", "Kargo"),
    ("renovate", "Renovate"),
];

/// No other program would write the bad state again.
pub(super) fn no_other_writer(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NoOtherWriter;
    let Some(delivery) = &evidence.delivery else {
        return skipped(guard, "the delivery does not exist");
    };
    let seen = evidence.git.as_ref().ok().and_then(written);
    let Some(writer) = delivery.other_writers.first().map(|writer| plain(writer, 200)).or(seen) else {
        return pass(guard, "no other program is known to write to these paths");
    };
    let said = format!(
        "{writer} writes to these paths and may write the bad state again; suspend it before the revert is merged"
    );
    pull_request(evidence, guard, &said)
}

/// What the commits and files between good and bad tell of such programs.
fn written(facts: &GitFacts) -> Option<String> {
    let program = |commit: &CommitFacts| {
        let (author, email) = (commit.author.to_lowercase(), commit.email.to_lowercase());
        let local = email.split('@').next().unwrap_or_default();
        let signs = |mark: &str| author.starts_with(mark) || local.contains(mark);
        WRITERS.iter().find(|(mark, _)| signs(mark)).map(|(_, name)| *name)
    };
    let by_author = |commit: &CommitFacts| Some(format!("{} (author of {})", program(commit)?, short(&commit.id)));
    facts.range.iter().find_map(by_author).or_else(|| {
        let overrides = |path: &str| path.rsplit('/').next().is_some_and(|name| name.starts_with(".argocd-source-"));
        let file = facts.changed.iter().find(|file| overrides(&file.path))?;
        Some(format!("Argo CD Image Updater (`{}`)", plain(&file.path, 150)))
    })
}

/// A grant of the cluster's administrator allows as much as the policy asks for.
pub(super) fn granted(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::Granted;
    let grant = match &evidence.grant {
        Ok(grant) => grant,
        Err(why) => return refuse(guard, format!("no `GitWriteAccess` allows it: {}", plain(why, 400))),
    };
    let name = &grant.name;
    if !grant.paths_not_allowed.is_empty() {
        let paths: Vec<String> = grant.paths_not_allowed.iter().take(5).map(|path| shown(path)).collect();
        return refuse(guard, format!("`spec.paths` of the grant {name} does not have {}", paths.join(", ")));
    }
    if let Some(trouble) = &grant.trouble {
        return refuse(guard, format!("the grant {name} does not work: {}", plain(trouble, 300)));
    }
    let wanted = evidence.spec.policy.mode;
    match (wanted, grant.mode) {
        (RollbackMode::Observe, _) => pass(guard, format!("the grant {name} covers it; mode Observe writes nothing")),
        (RollbackMode::PullRequest | RollbackMode::Push, RollbackMode::Observe) => {
            refuse(guard, format!("`spec.mode` of the grant {name} is Observe, and the gate asks for {wanted}"))
        }
        (RollbackMode::Push, RollbackMode::Push) => pass(guard, format!("the grant {name} allows to push")),
        (RollbackMode::PullRequest, _) | (RollbackMode::Push, RollbackMode::PullRequest) if !grant.forge => {
            refuse(guard, format!("the grant {name} has no `spec.forge`, without which there are no pull requests"))
        }
        (RollbackMode::PullRequest, _) => pass(guard, format!("the grant {name} allows a pull request")),
        (RollbackMode::Push, RollbackMode::PullRequest) => finding(
            guard,
            Answer::PullRequest,
            format!("`spec.mode` of the grant {name} is PullRequest, though the gate asks for Push"),
        ),
    }
}

fn shown(path: &str) -> String {
    if path.is_empty() { "the whole repository (`**`)".to_owned() } else { format!("`{}`", plain(path, 150)) }
}

/// The branch takes what would be written.
pub(super) fn branch_writable(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::BranchWritable;
    let Ok(grant) = &evidence.grant else {
        return skipped(guard, "no grant allows to write");
    };
    let branch = evidence.spec.source.as_ref().map(|source| plain(&source.branch, 100)).unwrap_or_default();
    match evidence.spec.policy.mode {
        RollbackMode::Observe if grant.protected => {
            pass(guard, format!("`{branch}` is protected; mode Observe writes nothing"))
        }
        RollbackMode::PullRequest => pass(guard, "a pull request comes from a branch of its own"),
        RollbackMode::Push if grant.protected => protected(evidence, grant, &branch),
        RollbackMode::Observe | RollbackMode::Push => pass(guard, format!("`{branch}` is not known to refuse pushes")),
    }
}

fn protected(evidence: &Evidence, grant: &Grant, branch: &str) -> Finding {
    let guard = Guard::BranchWritable;
    // A grant that only allows pull requests never pushes.
    if grant.mode != RollbackMode::Push || evidence.spec.policy.pull_request_if_refused {
        return pull_request(
            evidence,
            guard,
            &format!("`{branch}` is protected from pushes by the credential of the grant {}", grant.name),
        );
    }
    refuse(
        guard,
        format!(
            "`{branch}` is protected from pushes by the credential of the grant {}; let it push there, or set `spec.rollback.pullRequestIfRefused` of the gate",
            grant.name
        ),
    )
}

/// Nobody paused it, by annotation or in the grant. Whoever says stop is obeyed.
pub(super) fn not_paused(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::NotPaused;
    let frozen = evidence.grant.as_ref().ok().filter(|grant| grant.frozen);
    let frozen = frozen.map(|grant| format!("`spec.freeze` of the grant {}", grant.name));
    let by_delivery = evidence.delivery.as_ref().is_some_and(|delivery| delivery.rollback_paused);
    let by_delivery = by_delivery.then(|| "the annotation `assay.dev/pause-rollback` of the delivery".to_owned());
    let by_others = evidence.paused.iter().map(|who| plain(who, 150));
    let mut all: Vec<String> = frozen.into_iter().chain(by_others).collect();
    if all.is_empty() {
        all.extend(by_delivery);
    }
    match all.len() {
        0 => pass(guard, "nobody paused it"),
        more => {
            let rest = if more > 1 { format!(" and {}", count(more - 1, "other")) } else { String::new() };
            finding(guard, Answer::Hold, format!("paused by {}{rest}; it goes on when that is taken away", all[0]))
        }
    }
}

/// Whoever must approve has approved.
pub(super) fn approved(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::Approved;
    let policy = &evidence.spec.policy;
    if !policy.approval {
        return pass(guard, "`spec.rollback.approval` of the gate asks for none");
    }
    if evidence.approved {
        return pass(guard, "somebody approved it");
    }
    if policy.mode == RollbackMode::Observe {
        return pass(guard, "mode Observe writes nothing, so there is nothing to approve");
    }
    finding(
        guard,
        Answer::Hold,
        format!(
            "`kubectl annotate rollback -n {} {} assay.dev/approve=true` approves it",
            evidence.record.0, evidence.record.1
        ),
    )
}
