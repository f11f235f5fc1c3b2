//! What a `GitWriteAccess` allows.

use assay_api::{GitSource, GitWriteAccessSpec};

use crate::paths::{covers, matches};
use crate::repository_url::{repository_identity, without_credentials};
use crate::text::plain;

/// Whether the grant covers the namespace, the repository and the branch of a delivery; if so, those of the
/// delivered paths that it does not cover.
///
/// # Errors
/// One sentence that names the field which does not cover it, and what would.
pub fn allowed(
    grant: &GitWriteAccessSpec,
    namespace: &str,
    source: &GitSource,
    paths: &[String],
) -> Result<Vec<String>, String> {
    let ours = repository_identity(&grant.repository)
        .map_err(|error| format!("`spec.repository` of the grant is no URL of a repository: {error}"))?;
    let theirs = repository_identity(&source.repository).map_err(|error| {
        let url = plain(&without_credentials(&source.repository), 200);
        format!("the delivery's repository `{url}` is no URL of a repository: {error}")
    })?;
    if ours != theirs {
        return Err(format!("`spec.repository` of the grant is {ours}; the delivery comes from {theirs}"));
    }
    if !grant.namespaces.iter().any(|pattern| matches(pattern, namespace)) {
        let known = listed(&grant.namespaces);
        return Err(format!("`spec.namespaces` of the grant ({known}) does not have the gate's namespace {namespace}"));
    }
    let branch = source.branch.strip_prefix("refs/heads/").unwrap_or(&source.branch);
    if branch.is_empty() || !grant.branches.iter().any(|pattern| matches(pattern, branch)) {
        let (known, branch) = (listed(&grant.branches), plain(branch, 100));
        return Err(format!("`spec.branches` of the grant ({known}) does not have the branch `{branch}`"));
    }
    let covered = |path: &str| grant.paths.iter().any(|pattern| covers(pattern, path));
    Ok(paths.iter().filter(|path| !grant.paths.is_empty() && !covered(path)).cloned().collect())
}

/// Whether a grant concerns a manager that looks after these namespaces only; an empty list means all of them. Two
/// managers that try the same credential would take each other's word for news, for ever.
pub fn concerns(grant: &GitWriteAccessSpec, namespaces: &[String]) -> bool {
    let named = |namespace: &String| grant.namespaces.iter().any(|pattern| matches(pattern, namespace));
    namespaces.is_empty() || namespaces.iter().any(named)
}

fn listed(patterns: &[String]) -> String {
    if patterns.is_empty() { "empty".to_owned() } else { plain(&patterns.join(", "), 200) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(paths: &[&str]) -> GitWriteAccessSpec {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        GitWriteAccessSpec {
            repository: "https://git.example.com/team/shop.git".to_owned(),
            branches: own(&["main", "release/*"]),
            namespaces: own(&["shop-*", "web"]),
            paths: own(paths),
            ..GitWriteAccessSpec::default()
        }
    }

    fn source(repository: &str, branch: &str) -> GitSource {
        GitSource { repository: repository.to_owned(), branch: branch.to_owned(), path: "apps/shop".to_owned() }
    }

    const URL: &str = "git@git.example.com:team/shop";

    #[test]
    fn only_what_the_grant_names_is_allowed() {
        for (namespace, repository, branch, said) in [
            ("shop-prod", URL, "main", ""),
            ("web", URL, "release/1", ""),
            ("web", URL, "refs/heads/main", ""),
            (
                "web2",
                URL,
                "main",
                "`spec.namespaces` of the grant (shop-*, web) does not have the gate's namespace web2",
            ),
            (
                "web",
                URL,
                "release/1/2",
                "`spec.branches` of the grant (main, release/*) does not have the branch `release/1/2`",
            ),
            ("web", URL, "", "`spec.branches` of the grant (main, release/*) does not have the branch ``"),
            (
                "web",
                "https://git.example.com/team/other",
                "main",
                "`spec.repository` of the grant is git.example.com/team/shop; the delivery comes from git.example.com/team/other",
            ),
            (
                "web",
                "https://u:s3cret@h",
                "main",
                "the delivery's repository `https://h` is no URL of a repository: it names a host but no repository on it",
            ),
        ] {
            let answer = allowed(&grant(&[]), namespace, &source(repository, branch), &[]);
            assert_eq!(answer.err().unwrap_or_default(), said, "{namespace} {repository} {branch}");
        }
        let broken = GitWriteAccessSpec { repository: "shop".to_owned(), ..grant(&[]) };
        let said = allowed(&broken, "web", &source(URL, "main"), &[]).expect_err("no URL");
        assert!(said.starts_with("`spec.repository` of the grant is no URL"), "{said}");
    }

    #[test]
    fn a_grant_concerns_whoever_looks_after_one_of_its_namespaces() {
        let grant = grant(&[]);
        for (namespaces, expected) in [(&[][..], true), (&["web"], true), (&["tv", "shop-a"], true), (&["tv"], false)] {
            let namespaces: Vec<String> = namespaces.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(concerns(&grant, &namespaces), expected, "{namespaces:?}");
        }
    }

    #[test]
    fn paths_outside_are_named() {
        let paths = ["apps/shop".to_owned(), "base".to_owned(), String::new()];
        for (patterns, outside) in [
            (&[][..], &[][..]),
            (&["apps"], &["base", ""]),
            (&["apps/*", "base"], &[""]),
            (&["**"], &[]),
            (&["other"], &["apps/shop", "base", ""]),
        ] {
            let answer = allowed(&grant(patterns), "web", &source(URL, "main"), &paths).expect("covered");
            assert_eq!(answer, outside, "{patterns:?}");
        }
    }
}
