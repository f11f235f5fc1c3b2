//! Pushes: only onto the tip that was seen.

use std::sync::atomic::Ordering;

use super::author::Author;
use super::paths::{bad, good, shop};
use super::restore::restore;
use super::server::Server;
use crate::{Credentials, Disposition, GitError, Push, Pushed, Remote, Repositories};

struct Scene {
    server: Server,
    author: Author,
    repositories: Repositories,
    good: String,
    bad: String,
    commit: String,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start().await;
        let author = server.repository("shop", "sha1");
        let good = good(&author);
        let bad = bad(&author);
        let repositories = server.repositories();
        let planned = repositories.plan(&server.remote("shop"), &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
        Self { server, author, repositories, good, bad, commit: planned.id }
    }

    async fn try_push(&self, branch: &str, expected: Option<&str>) -> Result<Pushed, GitError> {
        let expected = expected.map(str::to_owned);
        let push = Push { branch: branch.to_owned(), commit: self.commit.clone(), expected };
        self.repositories.push(&self.server.remote("shop"), &push).await
    }

    async fn push(&self, branch: &str, expected: Option<&str>) -> Pushed {
        self.try_push(branch, expected).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_moves_the_branch_once() {
    let scene = Scene::new().await;
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Done);
    assert_eq!(scene.author.tip("main"), scene.commit);
    // After a crash between push and record.
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Done);
    let facts = scene.repositories.look(&scene.server.remote("shop"), &shop(&scene.good, &scene.bad)).await.unwrap();
    assert_eq!(facts.done.as_deref(), Some(scene.commit.as_str()));
    assert_eq!(facts.tip_tree, facts.good_tree);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moved_is_left_alone() {
    let scene = Scene::new().await;
    // Forward.
    let newer = scene.author.write("apps/blog/x", "x").commit("Newer");
    scene.author.publish();
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Moved { tip: Some(newer.clone()) });
    // Backward: a plain push would bring the bad commit back.
    scene.author.run(&["reset", "--hard", "-q", &scene.good]);
    scene.author.publish();
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Moved { tip: Some(scene.good.clone()) });
    assert_eq!(scene.author.tip("main"), scene.good);
    // Away: a plain push would make it again.
    scene.author.in_bare(&["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Moved { tip: None });
    assert_eq!(scene.author.in_bare(&["for-each-ref"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_our_own_must_be_new() {
    let scene = Scene::new().await;
    let name = "assay/rollback-0123456789abcdef0123";
    assert_eq!(scene.push(name, None).await, Pushed::Done);
    assert_eq!(scene.author.tip(name), scene.commit);
    assert_eq!(scene.push(name, None).await, Pushed::Done);
    scene.author.in_bare(&["update-ref", &format!("refs/heads/{name}"), &scene.good]);
    assert_eq!(scene.push(name, None).await, Pushed::Moved { tip: Some(scene.good.clone()) });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moves_during_the_push_is_left_alone() {
    let scene = Scene::new().await;
    // As late as can be: the objects are there, the branch is about to move.
    let hook = scene.server.bare("shop").join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\ncat >/dev/null\nenv -u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY git update-ref refs/heads/main {}\n",
        scene.good
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Moved { tip: Some(scene.good.clone()) });
    assert_eq!(scene.author.tip("main"), scene.good);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_apart_from_outages() {
    let scene = Scene::new().await;
    for words in [
        "error: Not allowed to push to protected branch main",
        "error: GH006: Protected branch update failed for refs/heads/main.",
        "GitLab: You are not allowed to push code to protected branches on this project.",
    ] {
        scene.server.protect("shop", words);
        match scene.push("main", Some(&scene.bad)).await {
            Pushed::Refused { why } => {
                assert!(why.contains("pre-receive hook declined") && why.contains(words), "{why}")
            }
            other => panic!("{other:?}"),
        }
    }
    // A hook that cannot ask its own server refuses too, in Gitea's words.
    scene.server.protect("shop", "error: Internal Server Error (no message for end users)");
    let error = scene.try_push("main", Some(&scene.bad)).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Transient, "{error}");
    std::fs::remove_file(scene.server.bare("shop").join("hooks/pre-receive")).unwrap();
    scene.server.switch.read_only.store(true, Ordering::SeqCst);
    match scene.push("main", Some(&scene.bad)).await {
        Pushed::Refused { why } => assert!(why.contains("403"), "{why}"),
        other => panic!("{other:?}"),
    }
    scene.server.switch.read_only.store(false, Ordering::SeqCst);
    scene.server.switch.down.store(true, Ordering::SeqCst);
    let error = scene.try_push("main", Some(&scene.bad)).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Transient, "{error}");
    assert!(error.to_string().contains("503"), "{error}");
    scene.server.switch.down.store(false, Ordering::SeqCst);
    assert_eq!(scene.author.tip("main"), scene.bad);
    assert_eq!(scene.push("main", Some(&scene.bad)).await, Pushed::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_have_to_be_forced_is_not_even_tried() {
    let scene = Scene::new().await;
    let beside = scene.author.write("x", "y").commit("Beside");
    scene.author.publish();
    scene.repositories.fetch(&scene.server.remote("shop")).await.unwrap();
    let error = scene.try_push("main", Some(&beside)).await.unwrap_err();
    assert!(matches!(error, GitError::Name { .. }), "{error}");
    let absent = Push { branch: "main".to_owned(), commit: "0".repeat(40), expected: Some(beside.clone()) };
    let error = scene.repositories.push(&scene.server.remote("shop"), &absent).await.unwrap_err();
    assert!(matches!(error, GitError::NoCommit(_)), "{error}");
    for branch in ["--force", "+main", "a:b", "refs/heads/../x"] {
        assert!(scene.try_push(branch, Some(&beside)).await.is_err(), "{branch}");
    }
    assert_eq!(scene.author.tip("main"), beside);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_tried_without_writing() {
    let scene = Scene::new().await;
    let remote = scene.server.remote("shop");
    let branches = ["main".to_owned(), "absent".to_owned()];
    let checked = scene.repositories.check(&remote, &branches).await.unwrap();
    assert_eq!(checked.writable, Some(true));
    assert_eq!(checked.tips["main"].as_deref(), Some(scene.bad.as_str()));
    assert_eq!(checked.tips["absent"], None);
    scene.server.switch.read_only.store(true, Ordering::SeqCst);
    assert_eq!(scene.repositories.check(&remote, &[]).await.unwrap().writable, Some(false));
    scene.server.switch.read_only.store(false, Ordering::SeqCst);
    // Everybody may read it, which says nothing of writing.
    scene.server.switch.open.store(true, Ordering::SeqCst);
    let nobody = Remote { credentials: Credentials::None, ..remote.clone() };
    assert_eq!(scene.repositories.check(&nobody, &branches).await.unwrap().writable, Some(false));
    let wrong = Credentials::Basic { username: "x".to_owned(), password: "wrong".into() };
    let error = scene.repositories.check(&Remote { credentials: wrong, ..remote }, &branches).await.unwrap_err();
    assert!(matches!(error, GitError::Denied { .. }), "{error}");
    assert_eq!(scene.author.tip("main"), scene.bad);
}
