//! What would be restored, and whether a commit can do it: the good revision and the source.

use assay_api::{Finding, GitSource, Guard};
use jiff::Timestamp;

use super::answer::{at, pass, refuse, skipped};
use super::verdict::gate;
use crate::delivery::{Delivery, Judged, Source};
use crate::evidence::Evidence;
use crate::repository_url::{same_repository, without_credentials};
use crate::text::{plain, short};

/// A revision that the gate itself judged green, and which still is its last.
pub(super) fn last_good_known(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::LastGoodKnown;
    let spec = &evidence.spec;
    let Some(good) = &spec.good else {
        return refuse(
            guard,
            format!("the gate {} has not judged any revision green yet, so there is nothing to restore", spec.gate),
        );
    };
    if good.revision == spec.bad.revision {
        return refuse(guard, format!("the last good revision {} is the one that failed", short(&good.revision)));
    }
    match gate(evidence).map(|gate| &gate.last_good) {
        Err(why) => refuse(guard, why),
        Ok(None) => refuse(guard, format!("the gate {} does not know a good revision any more", spec.gate)),
        Ok(Some(known)) if known.revision.revision != good.revision => refuse(
            guard,
            format!(
                "the gate's last good revision is {} by now, and this decision would restore {}",
                short(&known.revision.revision),
                short(&good.revision)
            ),
        ),
        Ok(Some(known)) => {
            let when = known.judged_at.map(|time| format!(" at {}", at(time))).unwrap_or_default();
            pass(guard, format!("{} was judged green{when}", short(&good.revision)))
        }
    }
}

/// Good and bad came from the same path on the same branch of the same repository.
pub(super) fn same_source(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::SameSource;
    let spec = &evidence.spec;
    if spec.good.is_none() {
        return skipped(guard, "no good revision is known");
    }
    let Some(source) = &spec.source else {
        return skipped(guard, "the delivery does not come from a path on a branch");
    };
    let known = gate(evidence).ok().and_then(|gate| gate.last_good.as_ref()).and_then(|good| good.source.as_ref());
    for (good, whose) in [(spec.good_source.as_ref(), "record"), (known, "gate")] {
        let Some(good) = good else {
            return refuse(guard, format!("the {whose} does not say where the good revision was delivered from"));
        };
        if let Some(difference) = difference(good, source) {
            return refuse(guard, format!("{difference}; a good revision of another source is none"));
        }
    }
    pass(guard, format!("good and bad come from {}", named(source)))
}

/// A branch delivers it, and still the one that delivered the failure.
pub(super) fn source_is_branch(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::SourceIsBranch;
    let Some(delivery) = &evidence.delivery else {
        let reference = &evidence.spec.delivery;
        return refuse(guard, format!("the {} {} does not exist", reference.kind, plain(&reference.name, 253)));
    };
    let source = match judged(delivery) {
        Ok(source) => source,
        Err(why) => return refuse(guard, why),
    };
    match (source, &evidence.spec.source) {
        (Source::Pinned { to, .. }, _) => refuse(
            guard,
            format!(
                "it is delivered from {}, which no commit moves; set the version back where it is written",
                plain(to, 200)
            ),
        ),
        (Source::Artifact { what }, _) => refuse(
            guard,
            format!(
                "it is delivered as {}, which no commit moves; set the version back where it is written",
                plain(what, 200)
            ),
        ),
        (Source::Branch(_), None) => {
            refuse(guard, "the failure was delivered from no branch, but the delivery has one by now")
        }
        (Source::Branch(now), Some(then)) => match difference(now, then) {
            Some(difference) => refuse(guard, format!("{difference}: the delivery was changed since it failed")),
            None => pass(guard, format!("the delivery follows {}", named(now))),
        },
    }
}

/// The source that is judged.
fn judged(delivery: &Delivery) -> Result<&Source, String> {
    match &delivery.judged {
        Judged::Unclear(why) => Err(format!("what is delivered is not clear: {}", plain(why, 300))),
        Judged::Source(at) => {
            delivery.sources.get(*at).ok_or_else(|| format!("the delivery has no source number {at} any more"))
        }
    }
}

/// In what two sources differ, if they do.
fn difference(one: &GitSource, other: &GitSource) -> Option<String> {
    let branch = |source: &GitSource| source.branch.strip_prefix("refs/heads/").unwrap_or(&source.branch).to_owned();
    let path = |source: &GitSource| source.path.trim_matches('/').to_owned();
    if !same_repository(&one.repository, &other.repository) {
        let url = |source: &GitSource| plain(&without_credentials(&source.repository), 200);
        return Some(format!("the repository {} is not {}", url(one), url(other)));
    }
    if branch(one) != branch(other) {
        return Some(format!("the branch `{}` is not `{}`", plain(&branch(one), 100), plain(&branch(other), 100)));
    }
    let differs = path(one) != path(other);
    differs.then(|| format!("the path `{}` is not `{}`", plain(&path(one), 200), plain(&path(other), 200)))
}

fn named(source: &GitSource) -> String {
    let path = if source.path.trim_matches('/').is_empty() { "the whole repository" } else { source.path.as_str() };
    format!(
        "`{}` on `{}` of {}",
        plain(path, 200),
        plain(&source.branch, 100),
        plain(&without_credentials(&source.repository), 200)
    )
}
