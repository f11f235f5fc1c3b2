//! Clones over HTTP.

use std::os::unix::fs::PermissionsExt;

use crate::repository::Repositories;
use crate::script::Script;
use crate::web::{Manners, Web, basic, open};

const SECRET: &str = "s3cret-t0ken-value";

#[test]
fn every_kind_of_revision_is_found() {
    let repositories = Repositories::make();
    let web = open(repositories.root());
    let [first, second, third] = &repositories.commits[..] else { panic!("three commits") };
    let cases = [
        ("", third, "main"),
        ("main", third, "main"),
        ("feature/x", second, "feature/x"),
        ("v1.0", second, ""),
        ("refs/tags/v1.0", second, ""),
        (first, first, ""),
        (&first[..9], first, ""),
    ];
    for (revision, commit, branch) in cases {
        let outcome = Script::clone(&web.url("repo.git")).revision(revision).run().good();
        assert_eq!((&outcome.commit(), &outcome.git(&["rev-parse", "HEAD"])), (commit, commit), "{revision}");
        assert_eq!(outcome.git(&["branch", "--show-current"]), branch, "{revision}");
        assert_eq!(outcome.git(&["status", "--porcelain"]), "", "{revision}");
        assert!(outcome.stdout.contains(commit.as_str()), "{}", outcome.stdout);
    }
}

#[test]
fn a_server_that_gives_no_single_commits_gives_all() {
    let repositories = Repositories::make();
    let web = Web::start(Manners { root: repositories.root().to_owned(), old: true, ..Manners::default() });
    let outcome = Script::clone(&web.url("repo.git")).revision(&repositories.commits[0]).run().good();
    assert_eq!((outcome.commit(), outcome.files()), (repositories.commits[0].clone(), vec!["top.txt".to_owned()]));
    assert!(outcome.stdout.contains("fetching all branches and tags"), "{}", outcome.stdout);
}

#[test]
fn history_is_as_deep_as_asked_for() {
    let repositories = Repositories::make();
    let web = open(repositories.root());
    for (depth, commits) in [("", "1"), ("2", "2"), ("0", "3")] {
        let mut script = Script::clone(&web.url("repo.git"));
        if !depth.is_empty() {
            script = script.env("ASSAY_GIT_DEPTH", depth);
        }
        let outcome = script.run().good();
        assert_eq!(outcome.git(&["rev-list", "--count", "HEAD"]), commits, "depth {depth}");
        assert_eq!(outcome.git(&["tag"]).is_empty(), depth != "0");
    }
}

#[test]
fn only_the_chosen_paths_are_there() {
    let repositories = Repositories::make();
    let web = open(repositories.root());
    let cases: [(&str, &str, &[&str]); 3] = [
        ("api\n", "true", &["api/deep/a.txt", "top.txt"]),
        ("/web/*\n\n/top.txt", "false", &["top.txt", "web/w.txt"]),
        ("deep/", "", &["api/deep/a.txt"]),
    ];
    for (paths, cone, files) in cases {
        let script = Script::clone(&web.url("repo.git")).env("ASSAY_GIT_PATHS", paths).env("ASSAY_GIT_CONE", cone);
        assert_eq!(script.run().good().files(), files, "{paths:?}");
    }
}

#[test]
fn submodules_come_when_asked_for() {
    let repositories = Repositories::make();
    let web = Web::start(Manners {
        root: repositories.root().to_owned(),
        password: Some(basic("git", SECRET)),
        ..Manners::default()
    });
    let script = || Script::clone(&web.url("repo.git")).revision("whole").env("ASSAY_GIT_TOKEN", SECRET);
    assert!(!script().run().good().files().contains(&"lib/p.txt".to_owned()));
    let outcome = script().env("ASSAY_GIT_SUBMODULES", "true").run().good();
    assert!(outcome.files().contains(&"lib/p.txt".to_owned()), "{:?}", outcome.files());
    outcome.assert_nowhere(SECRET);
}

#[test]
fn a_token_opens_the_door_and_is_left_nowhere() {
    let repositories = Repositories::make();
    let root = repositories.root().to_owned();
    let web = Web::start(Manners { root, password: Some(basic("bob@corp", SECRET)), ..Manners::default() });
    let script = || Script::clone(&web.url("repo.git")).env("ASSAY_GIT_USERNAME", "bob@corp");
    let outcome = script().env("ASSAY_GIT_TOKEN", SECRET).run().good();
    assert_eq!(outcome.commit(), repositories.commits[2]);
    outcome.assert_nowhere(SECRET);
    let wrong = script().env("ASSAY_GIT_TOKEN", "wrong-token-value").run();
    let complaint = wrong.complaint();
    assert!(complaint.contains("the server does not accept the token: check tokenFrom"), "{complaint}");
    assert!(complaint.contains(&web.url("repo.git")) && !complaint.contains("wrong-token-value"), "{complaint}");
    let open = Script::clone(&web.url("repo.git")).run();
    assert!(!open.success && !open.stderr.is_empty(), "{}", open.stderr);
}

#[test]
fn a_redirection_elsewhere_does_not_get_the_token() {
    let repositories = Repositories::make();
    let root = repositories.root().to_owned();
    let other = Web::start(Manners { root, password: Some(basic("git", SECRET)), ..Manners::default() });
    let first =
        Web::start(Manners { elsewhere: Some(other.url("").trim_end_matches('/').to_owned()), ..Manners::default() });
    let outcome = Script::clone(&first.url("repo.git")).env("ASSAY_GIT_TOKEN", SECRET).run();
    assert!(!outcome.success, "{}", outcome.stdout);
    assert_eq!(*other.seen.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn one_line_says_what_is_wrong() {
    let repositories = Repositories::make();
    let web = open(repositories.root());
    let cases = [
        (web.url("repo.git"), "nope", "has no branch, tag or commit nope"),
        (web.url("repo.git"), "-x", "is not a branch, tag or commit"),
        (web.url("repo.git"), &"0".repeat(40), "has no branch, tag or commit 0000"),
        (web.url("absent.git"), "", "check the URI, and that the credentials may read the repository"),
        (web.url("empty.git"), "", "has no commits yet"),
        ("http://127.0.0.1:1/x.git".to_owned(), "", "check that the pod may reach the server"),
        (format!("http://bob:{SECRET}@127.0.0.1/x.git"), "", "the URI holds credentials"),
        ("ext::sh -c true".to_owned(), "", "is not the address of a repository"),
        ("ext::sh".to_owned(), "", "only https, http, ssh and git are spoken"),
        (format!("file://{}", repositories.bare().display()), "", "only https, http, ssh and git are spoken"),
        (repositories.bare().display().to_string(), "", "only https, http, ssh and git are spoken"),
        ("--upload-pack=x".to_owned(), "", "is not the address of a repository"),
    ];
    for (uri, revision, words) in cases {
        let outcome = Script::clone(&uri).revision(revision).run();
        let complaint = outcome.complaint();
        assert!(complaint.starts_with("assay-clone: ") && complaint.contains(words), "{uri} {revision}: {complaint}");
        assert!(!complaint.contains(SECRET), "{complaint}");
    }
}

#[test]
fn nothing_of_the_repository_or_the_user_is_run() {
    let repositories = Repositories::make();
    let web = open(repositories.root());
    let hooks = "[core]\n\thooksPath = /bad\n\tfsmonitor = \"touch $HOME/ran\"\n[init]\n\ttemplateDir = ~/t\n";
    let outcome = Script::clone(&web.url("repo.git"))
        .with("home/.gitconfig", hooks)
        .with("home/t/hooks/post-checkout", "#!/bin/sh\ntouch $HOME/ran\n")
        .run()
        .good();
    assert!(!outcome.path("home/ran").exists());
    assert!(!outcome.tree().join(".git/hooks").exists());
}

#[test]
fn every_user_can_work_in_the_tree_and_a_second_attempt_mends_it() {
    let repositories = Repositories::make();
    let web = open(repositories.root());
    let outcome = Script::clone(&web.url("repo.git"))
        .with("data/repo/.git/index.lock", "half")
        .with("data/repo/top.txt", "old")
        .with("data/repo/kept.txt", "kept")
        .run()
        .good();
    assert_eq!(std::fs::read_to_string(outcome.tree().join("top.txt")).unwrap(), "0\n");
    assert_eq!(std::fs::read_to_string(outcome.tree().join("kept.txt")).unwrap(), "kept");
    let mode = |path: &str| outcome.tree().join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("api/deep"), mode("api/deep/a.txt"), mode(".git")), (0o777, 0o666, 0o777));
}
