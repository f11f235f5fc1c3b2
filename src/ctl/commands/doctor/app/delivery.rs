//! The delivery itself: what it delivers, how far it is, and what surprises people about it.

use assay_gitops::{Delivery, Judged, Source};

use super::super::check::Check;
use crate::commands::gates::delivery;
use crate::output::revision::short;
use crate::output::terminal::plain;

const TOPIC: &str = "delivery";

/// What is said of it.
pub(super) fn check(found: &Delivery) -> Vec<Check> {
    let mut checks = vec![source(found)];
    checks.extend(state(found));
    let held = found.held.as_ref();
    checks.extend(held.map(|why| Check::remark(TOPIC, format!("nothing new is deployed at present: {why}"))));
    checks.extend(found.warnings.iter().map(|line| Check::remark(TOPIC, line)));
    checks
}

fn source(found: &Delivery) -> Check {
    let name = delivery(&found.reference);
    match &found.judged {
        Judged::Unclear(why) => Check::fail(
            "source",
            format!("{name}: {why}"),
            if found.sources.len() > 1 {
                "name the source that is judged with spec.delivery.source of the gate, counted from 0"
            } else {
                "its own conditions say why it cannot read its source"
            },
        ),
        Judged::Source(at) => match found.sources.get(*at) {
            Some(Source::Branch(source)) => {
                let path = if source.path.is_empty() { "everything" } else { &source.path };
                Check::ok("source", format!("{name} delivers {path} on {} of {}", source.branch, source.repository))
            }
            Some(Source::Pinned { repository, to, .. }) => Check::warn(
                "source",
                format!("{name} delivers {to} of {repository}: revisions are judged, and nothing can be reverted"),
                "let it follow a branch, if rollbacks are wanted",
            ),
            Some(Source::Artifact { what }) => Check::warn(
                "source",
                format!("{name} delivers {what}: versions are judged, and nothing can be reverted"),
                "deliver from a branch of a Git repository, if rollbacks are wanted",
            ),
            None => {
                Check::fail("source", format!("{name} has no source {at}"), "correct spec.delivery.source of the gate")
            }
        },
    }
}

fn state(found: &Delivery) -> Option<Check> {
    let attempted = found.attempted.as_deref()?;
    let mut said = format!("{} is {}", short(attempted), if found.applied { "applied" } else { "being applied" });
    if let Some(desired) = found.desired.as_deref().filter(|desired| *desired != attempted) {
        said.push_str(&format!(", {} is wanted", short(desired)));
    }
    if let Some(health) = &found.health {
        said.push_str(&format!("; health {}", plain(health)));
    }
    said.push_str(&format!("; {} workloads are waited for", found.workloads.len()));
    Some(Check::ok(TOPIC, said))
}

#[cfg(test)]
mod tests {
    use assay_api::{DeliveryReference, GitSource};

    use super::super::super::check::Level;
    use super::*;

    #[test]
    fn what_cannot_be_judged_or_reverted_is_said() {
        let reference = DeliveryReference { name: "shop".into(), ..DeliveryReference::default() };
        let of = |judged, sources| Delivery { reference: reference.clone(), judged, sources, ..Delivery::default() };
        let branch = Source::Branch(GitSource { branch: "main".into(), ..GitSource::default() });
        let chart = Source::Artifact { what: "chart podinfo 6.5.0".into() };
        for (found, level, part) in [
            (of(Judged::Source(0), vec![branch]), Level::Ok, "delivers everything on main"),
            (of(Judged::Source(0), vec![chart]), Level::Warn, "nothing can be reverted"),
            (of(Judged::Source(3), Vec::new()), Level::Fail, "no source 3"),
            (of(Judged::Unclear("two sources".into()), Vec::new()), Level::Fail, "two sources"),
        ] {
            let check = source(&found);
            assert_eq!(check.level, level, "{check:?}");
            assert!(check.lines()[0].contains(part), "{check:?}");
        }
        let mut found = of(Judged::Source(0), Vec::new());
        found.attempted = Some("a".repeat(40));
        found.desired = Some("b".repeat(40));
        found.held = Some("suspended".into());
        found.warnings = vec!["prune is off".into()];
        let lines: Vec<String> = check(&found).iter().map(|check| check.lines()[0].clone()).collect();
        assert!(lines.iter().any(|line| line.contains("aaaaaaa is being applied, bbbbbbb is wanted")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("suspended")) && lines.iter().any(|line| line.contains("prune")));
    }
}
