//! The facts that the guards judge.

use assay_gitops::{CommitFacts, FileChange, GitFacts};

use super::paths::{KEY, bad, good, shop};
use super::server::Server;
use crate::{Disposition, GitError, Look};

fn subjects(commits: &[CommitFacts]) -> Vec<&str> {
    commits.iter().map(|commit| commit.subject.as_str()).collect()
}

fn changed(facts: &GitFacts) -> Vec<(char, &str)> {
    facts.changed.iter().map(|FileChange { path, status }| (*status, path.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_commit_on_the_tip() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    author
        .write("apps/shop/crd.yaml", "kind: CustomResourceDefinition\nmetadata: {name: widgets.example.com}\n")
        .write("apps/shop/kustomization.yaml", "resources: [deployment.yaml, crd.yaml, ../../base]\n")
        .write("base/service.yaml", "kind: Service\nmetadata: {name: y}\n")
        .write("other.txt", "x\n");
    let bad = bad(&author);
    let repositories = server.repositories();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.tip, bad);
    assert!(facts.good_before_bad && facts.bad_before_tip && !facts.cut);
    assert_eq!(facts.tip_tree, facts.bad_tree);
    assert_eq!(facts.deployed_tree, facts.bad_tree);
    assert_ne!(facts.good_tree, facts.bad_tree);
    assert_eq!(subjects(&facts.range), ["Bad"]);
    assert!(facts.newer.is_empty());
    let expected =
        [('A', "apps/shop/crd.yaml"), ('M', "apps/shop/deployment.yaml"), ('M', "apps/shop/kustomization.yaml")];
    assert_eq!(changed(&facts), expected);
    assert_eq!(facts.changed_outside, ["base/service.yaml", "other.txt"]);
    assert_eq!(facts.references, ["base"]);
    assert_eq!(facts.precious_removed, ["CustomResourceDefinition widgets.example.com"]);
    assert_eq!((facts.done, facts.pull_request_branch), (None, None));
    let commit = facts.bad.unwrap();
    assert_eq!(
        (commit.id.as_str(), commit.author.as_str(), commit.email.as_str()),
        (bad.as_str(), "Ada", "ada@example.com")
    );
    assert_eq!((commit.parents, commit.rollback_key, commit.reverts_rollback), (1, None, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_commits_count_when_they_touch_the_paths() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    author.run(&["branch", "old"]);
    let bad = bad(&author);
    author.write("apps/blog/x.yaml", "a: b\n").commit("Blog");
    // A branch from before the failure that has nothing to do with the shop.
    author.run(&["checkout", "-q", "old"]);
    author.write("apps/blog/y.yaml", "a: b\n").commit("Blog too");
    author.run(&["checkout", "-q", "main"]);
    author.merge("old");
    author.publish();
    let repositories = server.repositories();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert!(facts.newer.is_empty(), "{:?}", facts.newer);
    assert_eq!(facts.tip_tree, facts.bad_tree);

    author.write("apps/shop/deployment.yaml", "kind: Fixed\n").commit("Fix");
    author.publish();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(subjects(&facts.newer), ["Fix"]);
    assert_ne!(facts.tip_tree, facts.bad_tree);
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_in_the_range_are_seen_with_what_they_brought() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    author.run(&["checkout", "-q", "-b", "feature"]);
    author.write("apps/shop/deployment.yaml", "kind: One\n").commit("One");
    author.write("apps/shop/deployment.yaml", "kind: Two\n").commit("Two");
    author.run(&["checkout", "-q", "main"]);
    author.write("apps/blog/x.yaml", "a: b\n").commit("Blog");
    let bad = author.merge("feature");
    author.publish();
    let facts = server.repositories().look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(subjects(&facts.range), ["Merge feature", "Two", "One"]);
    assert_eq!(facts.range[0].parents, 2);
    assert_eq!(facts.bad.unwrap().parents, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_commits_and_their_reverts_are_recognised() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    author.write("apps/shop/deployment.yaml", "kind: Deployment\nmetadata: {name: shop}\n");
    let ours = author.commit(&format!("Revert\n\nBecause.\n\nAssay-Bad-Revision: {bad}\nAssay-Rollback: {KEY}"));
    author.write("apps/shop/deployment.yaml", "kind: Again\n");
    let again = author.commit(&format!("Reapply\n\nThis reverts commit {ours}."));
    // A key that is only spoken of is none.
    author
        .write("note", "x")
        .commit("Note\n\nAssay-Rollback: 0123456789abcdef9999 is written here,\nbut this is no trailer");
    author.run(&["branch", &format!("assay/rollback-{KEY}"), &ours]);
    author.publish();
    let repositories = server.repositories();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.done.as_deref(), Some(ours.as_str()));
    assert_eq!(facts.pull_request_branch.as_deref(), Some(ours.as_str()));
    assert_eq!(subjects(&facts.newer), ["Reapply", "Revert"]);
    assert_eq!(facts.newer[1].rollback_key.as_deref(), Some(KEY));
    assert!(facts.newer[0].reverts_rollback && !facts.newer[1].reverts_rollback);
    let other = Look { key: "0123456789abcdef9999".to_owned(), bad: again, ..shop(&good, &bad) };
    assert_eq!(repositories.look(&server.remote("shop"), &other).await.unwrap().done, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_somebody_rewrote_is_seen() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let repositories = server.repositories();
    repositories.fetch(&server.remote("shop")).await.unwrap();
    author.run(&["reset", "--hard", "-q", &good]);
    author.write("apps/shop/new.yaml", "a: b\n").commit("Another way");
    author.publish();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert!(facts.bad.is_some() && !facts.bad_before_tip && facts.good_before_bad);
    assert_eq!(facts.tip, author.tip("main"));
    // A mirror that never had it asks for it, and does without.
    author.in_bare(&["reflog", "expire", "--expire=now", "--all"]);
    author.in_bare(&["gc", "--quiet", "--prune=now"]);
    let other = tempfile::tempdir().unwrap();
    let facts = crate::Repositories::new(other.path()).look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert!(facts.bad.is_none() && facts.good.is_some() && !facts.bad_before_tip);
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_values_beside_the_chart_are_references() {
    let server = Server::start().await;
    let author = server.repository("charts", "sha1");
    author
        .write("charts/shop/Chart.yaml", "name: shop\ndependencies: [{name: lib, repository: file://../lib}]\n")
        .write("charts/shop/templates/a.yaml", "{{ if x }}\nkind: Namespace\n{{ end }}\n")
        .write("charts/lib/Chart.yaml", "name: lib\n")
        .write("env/prod.yaml", "a: 1\n");
    let good = author.commit("Good");
    author.write("charts/shop/templates/b.yaml", "{{ if x }}\nkind: PersistentVolumeClaim\nmetadata: {name: {{y}}}\n");
    let bad = author.commit("Bad");
    author.publish();
    let ask = Look {
        paths: vec!["/charts/shop/".to_owned()],
        value_files: vec!["../../env/prod.yaml".to_owned(), "/env/all.yaml".to_owned(), "https://h/x".to_owned()],
        ..shop(&good, &bad)
    };
    let facts = server.repositories().look(&server.remote("charts"), &ask).await.unwrap();
    assert_eq!(facts.references, ["charts/lib", "env/all.yaml", "env/prod.yaml"]);
    assert_eq!(facts.precious_removed, ["PersistentVolumeClaim in charts/shop/templates/b.yaml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_a_kustomization_no_longer_names_is_removed_with_it() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    author.write("base/claim.yaml", "kind: PersistentVolumeClaim\nmetadata: {name: data}\n");
    let good = good(&author);
    author.write("apps/shop/kustomization.yaml", "resources: [deployment.yaml, ../../base, ../../base/claim.yaml]\n");
    let bad = bad(&author);
    let repositories = server.repositories();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.precious_removed, ["PersistentVolumeClaim data"]);
    // The other way round nothing is lost.
    let facts = repositories.look(&server.remote("shop"), &shop(&bad, &good)).await.unwrap();
    assert!(facts.precious_removed.is_empty() && !facts.good_before_bad);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_commits_and_an_empty_path() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    author.run(&["checkout", "-q", "--detach"]);
    author.import(1000, |number| if number % 4 == 0 { "apps/shop/n.yaml" } else { "apps/blog/n.yaml" });
    author.run(&["checkout", "-q", "main"]);
    let bad = bad(&author);
    let began = std::time::Instant::now();
    let repositories = server.repositories();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    println!("first look at 1000 commits: {:?}", began.elapsed());
    assert!(facts.cut);
    assert_eq!(facts.range.len(), 200);
    assert_eq!(facts.range[0].subject, "Bad");
    let began = std::time::Instant::now();
    let whole = Look { paths: vec![String::new()], ..shop(&good, &bad) };
    let facts = repositories.look(&server.remote("shop"), &whole).await.unwrap();
    println!("second look: {:?}", began.elapsed());
    assert_eq!((facts.range.len(), facts.cut), (200, true));
    assert!(facts.changed_outside.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let no_branch = Look { branch: "absent".to_owned(), ..shop(&good, &good) };
    let error = repositories.look(&remote, &no_branch).await.unwrap_err();
    assert!(matches!(&error, GitError::NoBranch(name) if name == "absent"), "{error}");
    let unknown = Look { good: Some("0".repeat(40)), deployed: None, ..shop(&good, &good) };
    let facts = repositories.look(&remote, &unknown).await.unwrap();
    assert!(facts.good.is_none() && facts.good_tree.is_none() && facts.deployed_tree.is_none());
    for odd in [
        Look { branch: "--upload-pack=x".to_owned(), ..shop(&good, &good) },
        Look { bad: "main".to_owned(), ..shop(&good, &good) },
        Look { paths: vec!["../x".to_owned()], ..shop(&good, &good) },
        Look { key: "$(x)".to_owned(), ..shop(&good, &good) },
    ] {
        let error = repositories.look(&remote, &odd).await.unwrap_err();
        assert!(matches!(error, GitError::Name { .. }), "{error}");
        assert_eq!(error.disposition(), Disposition::Stalled);
    }
    let error = repositories.look(&server.remote("absent"), &shop(&good, &good)).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Stalled, "{error}");
}
