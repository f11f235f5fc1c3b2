//! Commits that restore paths.

use assay_gitops::FileChange;
use jiff::Timestamp;

use super::author::Author;
use super::paths::{bad, good};
use super::server::Server;
use crate::{Disposition, GitError, Planned, Push, Pushed, Repositories, Restore};

pub(super) fn restore(parent: &str, entries: &[(&str, &str)]) -> Restore {
    Restore {
        parent: parent.to_owned(),
        entries: entries.iter().map(|(path, good)| ((*path).to_owned(), (*good).to_owned())).collect(),
        message: "Revert \"Bad\"\n\nAssay-Rollback: 0123456789abcdef0123".to_owned(),
        author: ("Assay".to_owned(), "assay@example.com".to_owned()),
        date: Timestamp::from_second(1_700_009_999).unwrap(),
        signing: None,
    }
}

fn listed(files: &[FileChange]) -> Vec<(char, &str)> {
    files.iter().map(|FileChange { path, status }| (*status, path.as_str())).collect()
}

/// Pushes it to a branch of its own, so that people's Git can look at it.
async fn published(repositories: &Repositories, server: &Server, author: &Author, planned: &Planned) {
    let push = Push { branch: "result".to_owned(), commit: planned.id.clone(), expected: None };
    assert_eq!(repositories.push(&server.remote("shop"), &push).await.unwrap(), Pushed::Done);
    author.in_bare(&["fsck", "--strict", "--no-dangling"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_modes_submodules_renames_and_odd_names_come_back_as_they_were() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    // A name that is no text, beside the path and in it.
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9.yaml");
    author.write("apps/shop/x", "x");
    let tree = author.run(&["rev-parse", "--show-toplevel"]);
    for folder in ["apps", "apps/shop"] {
        std::fs::write(std::path::Path::new(&tree).join(folder).join(odd), "odd").unwrap();
    }
    author.commit("Odd things");
    author.script("apps/shop/run.sh", "#!/bin/sh\n").link("apps/shop/link", "x").write("apps/shop/a.yaml", "a: b\n");
    author.run(&["add", "apps"]);
    let module = "160000,0123456789012345678901234567890123456789,apps/shop/module";
    author.run(&["update-index", "--add", "--cacheinfo", module]);
    let good = author.commit_staged("Good");
    author.run(&["update-index", "--chmod=-x", "apps/shop/run.sh"]);
    author.run(&["update-index", "--force-remove", "apps/shop/module"]);
    author.run(&["mv", "apps/shop/a.yaml", "apps/shop/b.yaml"]);
    author.link("apps/shop/link", "elsewhere");
    author.run(&["add", "apps/shop/link"]);
    author.write("apps/shop/added/deep/c.yaml", "c");
    author.run(&["add", "apps/shop/added"]);
    author.write("apps/blog/later.yaml", "x");
    author.run(&["add", "apps/blog"]);
    let bad = author.commit_staged("Bad");
    author.publish();

    let repositories = server.repositories();
    let remote = server.remote("shop");
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let mut files = listed(&planned.files);
    files.sort_by_key(|file| file.1);
    let expected = [
        ('A', "apps/shop/a.yaml"),
        ('D', "apps/shop/added/deep/c.yaml"),
        ('D', "apps/shop/b.yaml"),
        ('M', "apps/shop/link"),
        ('A', "apps/shop/module"),
        ('M', "apps/shop/run.sh"),
    ];
    assert_eq!(files, expected);
    published(&repositories, &server, &author, &planned).await;
    let shop = |commit: &str| author.in_bare(&["rev-parse", &format!("{commit}:apps/shop")]);
    assert_eq!(shop(&planned.id), shop(&good));
    let beside = |commit: &str| author.in_bare(&["ls-tree", "-r", commit, "--", "apps/blog", "base"]);
    assert_eq!(beside(&planned.id), beside(&bad));
    let list = author.in_bare(&["ls-tree", &format!("{}:apps", planned.id)]);
    assert!(list.contains("caf\\351.yaml"), "{list}");
    let text = author.in_bare(&["cat-file", "commit", &planned.id]);
    assert!(text.contains(&format!("parent {bad}")), "{text}");
    assert!(text.contains("author Assay <assay@example.com> 1700009999 +0000"), "{text}");
    assert!(text.contains("committer Assay <assay@example.com> 1700009999 +0000"), "{text}");
    assert!(text.ends_with("Revert \"Bad\"\n\nAssay-Rollback: 0123456789abcdef0123"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_decision_gives_the_same_commit_also_elsewhere() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let remote = server.remote("shop");
    let order = restore(&bad, &[("apps/shop", &good)]);
    let first = server.repositories().plan(&remote, &order).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let second = Repositories::new(other.path()).plan(&remote, &order).await.unwrap();
    assert_eq!(first, second);
    let later = Restore { date: Timestamp::from_millisecond(1_700_009_999_700).unwrap(), ..order.clone() };
    assert_eq!(server.repositories().plan(&remote, &later).await.unwrap().id, first.id);
    let later = Restore { date: Timestamp::from_second(1_700_010_000).unwrap(), ..order };
    assert_ne!(server.repositories().plan(&remote, &later).await.unwrap().id, first.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_paths_are_restored_each_from_its_own_commit() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let first = good(&author);
    author.write("apps/blog/deployment.yaml", "kind: Better\n").write("top.yaml", "1");
    let second = author.commit("Better blog");
    author.write("apps/blog/deployment.yaml", "kind: Broken\n").write("top.yaml", "2");
    let bad = bad(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let entries = [("apps/shop", first.as_str()), ("apps/blog", &second), ("top.yaml", &second)];
    let planned = repositories.plan(&remote, &restore(&bad, &entries)).await.unwrap();
    let expected = [('M', "apps/blog/deployment.yaml"), ('M', "apps/shop/deployment.yaml"), ('M', "top.yaml")];
    assert_eq!(listed(&planned.files), expected);
    published(&repositories, &server, &author, &planned).await;
    assert_eq!(author.in_bare(&["show", &format!("{}:apps/blog/deployment.yaml", planned.id)]), "kind: Better");
    // A path inside another one has the last word.
    let entries = [("apps", second.as_str()), ("apps/blog", &bad)];
    let planned = repositories.plan(&remote, &restore(&bad, &entries)).await.unwrap();
    assert_eq!(listed(&planned.files), [('M', "apps/shop/deployment.yaml")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_did_not_exist_is_removed_and_the_whole_can_be_restored() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    author.write("new/one/a.yaml", "a").write("apps/shop/b.yaml", "b");
    let bad = bad(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let planned = repositories.plan(&remote, &restore(&bad, &[("new/one", &good)])).await.unwrap();
    assert_eq!(listed(&planned.files), [('D', "new/one/a.yaml")]);
    published(&repositories, &server, &author, &planned).await;
    let whole = repositories.plan(&remote, &restore(&bad, &[("", &good)])).await.unwrap();
    assert_eq!(whole.tree, author.in_bare(&["rev-parse", &format!("{good}^{{tree}}")]));
    // Nothing to do is said by an empty list.
    let nothing = repositories.plan(&remote, &restore(&good, &[("apps/shop", &good)])).await.unwrap();
    assert!(nothing.files.is_empty());
    let absent = repositories.plan(&remote, &restore(&bad, &[("not/there", &good)])).await.unwrap();
    assert!(absent.files.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_not_pushed_aside() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    author.remove("apps/shop").write("apps/shop", "a file now");
    let bad = author.commit("Bad");
    author.publish();
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let error = repositories.plan(&remote, &restore(&bad, &[("apps/shop/deployment.yaml", &good)])).await.unwrap_err();
    assert!(matches!(&error, GitError::Blocked { why, .. } if why.contains("shop is no folder")), "{error}");
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    assert!(listed(&planned.files).contains(&('D', "apps/shop")), "{:?}", planned.files);
    let error = repositories.plan(&remote, &restore(&"0".repeat(40), &[("apps", &good)])).await.unwrap_err();
    assert!(matches!(error, GitError::NoCommit(_)), "{error}");
    for odd in [
        Restore { author: ("A <b>".to_owned(), "x@y".to_owned()), ..restore(&bad, &[("apps", &good)]) },
        Restore { author: ("A\nparent".to_owned(), "x@y".to_owned()), ..restore(&bad, &[("apps", &good)]) },
        Restore { message: " ".to_owned(), ..restore(&bad, &[("apps", &good)]) },
        restore(&bad, &[("../apps", &good)]),
        restore(&bad, &[("apps", "--all")]),
        restore(&bad, &[]),
    ] {
        let error = repositories.plan(&remote, &odd).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Stalled, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_of_sha_256_is_one_too() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha256");
    let good = good(&author);
    let bad = bad(&author);
    assert_eq!(bad.len(), 64);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let facts = repositories.look(&remote, &super::paths::shop(&good, &bad)).await.unwrap();
    assert!(facts.good_before_bad && facts.range.len() == 1, "{facts:?}");
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id.clone(), expected: Some(bad) };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    assert_eq!(author.tip("main"), planned.id);
    let none = Push { branch: "other".to_owned(), commit: planned.id.clone(), expected: None };
    assert_eq!(repositories.push(&remote, &none).await.unwrap(), Pushed::Done);
}
