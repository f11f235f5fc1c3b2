//! Which source of a delivery is judged, and what of it is a branch.

use assay_api::GitSource;

use crate::delivery::{Judged, Source};
use crate::revision::is_hexadecimal;

/// The source that the gate names; without a name the only one that is a branch, or the only one at all.
pub(super) fn judged(wanted: Option<i32>, sources: &[Source]) -> Judged {
    if let Some(wanted) = wanted {
        let index = usize::try_from(wanted).ok().filter(|index| *index < sources.len());
        let unclear = || {
            let count = sources.len();
            Judged::Unclear(format!(
                "spec.delivery.source is {wanted}, but the delivery has {count} sources, counted from 0"
            ))
        };
        return index.map_or_else(unclear, Judged::Source);
    }
    let branches = sources.iter().enumerate().filter(|(_, source)| matches!(source, Source::Branch(_)));
    let branches: Vec<usize> = branches.map(|(index, _)| index).collect();
    match (branches.as_slice(), sources.len()) {
        ([one], _) => Judged::Source(*one),
        ([], 0) => Judged::Unclear("the delivery names no source".to_owned()),
        ([], 1) => Judged::Source(0),
        ([], _) => Judged::Unclear(
            "none of the delivery's sources is a path on a branch; name the one to judge in spec.delivery.source"
                .to_owned(),
        ),
        (several, _) => {
            let several: Vec<String> = several.iter().map(usize::to_string).collect();
            Judged::Unclear(format!(
                "sources {} of the delivery are paths on branches; name the one to judge in spec.delivery.source",
                several.join(" and ")
            ))
        }
    }
}

/// A URL without the credentials that somebody may have written into it. The user of SSH stays: it is part of
/// the address.
pub(super) fn repository_address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    let name = user.split_once(':').map_or(user, |(name, _)| name);
    if scheme.eq_ignore_ascii_case("ssh") && !name.is_empty() {
        return format!("{scheme}://{name}@{host}{path}");
    }
    format!("{scheme}://{host}{path}")
}

/// What Argo CD's `targetRevision` of a Git source stands for. A name is taken for a branch unless it looks
/// like a commit, a version or a range of versions, as Argo CD itself would have to ask the repository.
pub(super) fn argo_git(repository: String, target: &str, path: String) -> Source {
    let pinned = |to: String| Source::Pinned { repository: repository.clone(), to, path: path.clone() };
    let target = target.trim();
    if let Some(branch) = target.strip_prefix("refs/heads/") {
        return Source::Branch(GitSource { repository, branch: branch.to_owned(), path });
    }
    if let Some(tag) = target.strip_prefix("refs/tags/") {
        return pinned(format!("tag {tag}"));
    }
    if target.is_empty() || target == "HEAD" {
        return pinned("the default branch, which it does not name (HEAD)".to_owned());
    }
    if target.starts_with("refs/") {
        return pinned(format!("reference {target}"));
    }
    if target.len() >= 7 && is_hexadecimal(target) {
        return pinned(format!("commit {target}"));
    }
    if target.contains(['*', '^', '~', '<', '>', '=', ',', '|', ' ']) || is_version(target, true) {
        return pinned(format!("versions {target}"));
    }
    if is_version(target, false) {
        return pinned(format!("tag {target}"));
    }
    Source::Branch(GitSource { repository, branch: target.to_owned(), path })
}

/// Whether a text is `1.2.3` or `v1.2.3`, with what may follow; or a range like `1.x`.
fn is_version(text: &str, range: bool) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if range {
        return parts.len() > 1 && digits(&parts[0]) && matches!(parts.last(), Some(&("x" | "X")));
    }
    parts.len() == 3 && parts.iter().all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(name: &str) -> Source {
        Source::Branch(GitSource { repository: "r".into(), branch: name.into(), path: "p".into() })
    }

    #[test]
    fn only_names_of_branches_are_branches() {
        for (target, expected) in [
            ("main", Some("main")),
            ("release-1.2", Some("release-1.2")),
            ("release/1.2.3", Some("release/1.2.3")),
            ("refs/heads/v1.2.3", Some("v1.2.3")),
            ("deadbee", None),
            ("696f056df216eea4f9401adbee0ff744d4df390f", None),
            ("HEAD", None),
            ("", None),
            ("v1.2.3", None),
            ("1.2.3-rc.1", None),
            ("1.x", None),
            ("1.2.*", None),
            (">=1.0 <2", None),
            ("refs/tags/a", None),
            ("refs/pull/1/head", None),
        ] {
            let found = argo_git("r".into(), target, "p".into());
            match expected {
                Some(name) => assert_eq!(found, branch(name), "{target}"),
                None => assert!(matches!(found, Source::Pinned { .. }), "{target}: {found:?}"),
            }
        }
    }

    #[test]
    fn one_source_is_judged_or_none() {
        let pinned = || argo_git("r".into(), "HEAD", String::new());
        let chart = || Source::Artifact { what: "chart x".into() };
        assert_eq!(judged(None, &[chart(), branch("main"), pinned()]), Judged::Source(1));
        assert_eq!(judged(None, &[chart()]), Judged::Source(0));
        assert_eq!(judged(Some(1), &[branch("a"), branch("b")]), Judged::Source(1));
        for (wanted, sources, part) in [
            (None, vec![], "no source"),
            (None, vec![branch("a"), chart(), branch("b")], "sources 0 and 2"),
            (None, vec![chart(), chart()], "none of"),
            (Some(2), vec![branch("a")], "is 2, but the delivery has 1"),
            (Some(-1), vec![branch("a")], "is -1"),
        ] {
            let Judged::Unclear(why) = judged(wanted, &sources) else { panic!("{sources:?}") };
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn no_url_keeps_a_password() {
        for (url, expected) in [
            ("https://u:p@git.example/a/b.git", "https://git.example/a/b.git"),
            ("https://token@git.example/a", "https://git.example/a"),
            ("https://u:p@w@git.example/a@b", "https://git.example/a@b"),
            ("ssh://git:p@git.example:22/a", "ssh://git@git.example:22/a"),
            ("ssh://git@git.example/a", "ssh://git@git.example/a"),
            ("git@git.example:a/b.git", "git@git.example:a/b.git"),
            ("https://git.example/a@b", "https://git.example/a@b"),
        ] {
            assert_eq!(repository_address(url), expected);
        }
    }
}
