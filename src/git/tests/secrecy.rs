//! Credentials are shown to the server that they are for, and to nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::paths::{bad, good, shop};
use super::restore::restore;
use super::server::{CANARY, Server, holds};
use crate::{Credentials, Disposition, GitError, Push, Pushed, Remote, Secret};

/// The command lines of all processes.
pub(super) fn command_lines() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}

/// Looks at all command lines, over and over.
struct Watch {
    stop: Arc<AtomicBool>,
    seen_git: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<Vec<String>>,
}

impl Watch {
    fn start() -> Self {
        let (stop, seen_git) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ends, seen) = (Arc::clone(&stop), Arc::clone(&seen_git));
        let thread = std::thread::spawn(move || {
            let mut found = Vec::new();
            let mark = CANARY.split('/').next().unwrap();
            while !ends.load(Ordering::SeqCst) {
                let lines = command_lines();
                seen.fetch_add(lines.iter().filter(|line| line.contains("remote-http")).count(), Ordering::SeqCst);
                found.extend(lines.into_iter().filter(|line| line.contains(mark)));
            }
            found
        });
        Self { stop, seen_git, thread }
    }

    fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        assert_eq!(self.thread.join().unwrap(), Vec::<String>::new());
        assert!(self.seen_git.load(Ordering::SeqCst) > 0, "nothing was watched");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_in_no_argument_and_in_no_file() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let watch = Watch::start();
    let repositories = server.repositories();
    let remote = server.remote("shop");
    repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id, expected: Some(bad) };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    repositories.check(&remote, &["main".to_owned()]).await.unwrap();
    watch.end();
    assert!(server.switch.shown.load(Ordering::SeqCst) > 0);
    assert!(!holds(server.mirrors.path(), "canary"));
    assert!(!format!("{remote:?} {repositories:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_do_not_repeat_it() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    good(&author);
    let repositories = server.repositories();
    let wrong = format!("{}-wrong", *CANARY);
    let credentials = Credentials::Basic { username: "u".to_owned(), password: Secret::new(&wrong) };
    let remote = Remote { credentials, ..server.remote("shop") };
    let error = repositories.fetch(&remote).await.unwrap_err();
    assert!(matches!(error, GitError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("Authentication failed"), "{error}");
    let mut shown = format!("{error} {error:?}");
    // A server that repeats everything it hears.
    server.protect("shop", &format!("your password is {}", *CANARY));
    let remote = server.remote("shop");
    repositories.fetch(&remote).await.unwrap();
    let tip = author.tip("main");
    let planned = repositories.plan(&remote, &restore(&tip, &[("absent", &tip)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id, expected: Some(tip) };
    let pushed = repositories.push(&remote, &push).await.unwrap();
    shown += &format!("{pushed:?}");
    assert!(shown.contains("your password is"), "{shown}");
    // Written into the URL by a careless hand.
    let remote = Remote { url: format!("http://u:{}@127.0.0.1/x", "canary"), ..Remote::default() };
    let error = repositories.fetch(&remote).await.unwrap_err();
    shown += &format!("{error} {error:?} {remote:?}");
    assert!(!shown.contains("canary"), "{shown}");
    for password in ["", "two\nlines"] {
        let credentials = Credentials::Basic { username: "u".to_owned(), password: password.into() };
        let error = repositories.fetch(&Remote { credentials, ..server.remote("shop") }).await.unwrap_err();
        assert!(matches!(error, GitError::Credential(_)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirection_does_not_learn_it() {
    let (honest, thief) = (Server::start().await, Server::start().await);
    good(&honest.repository("shop", "sha1"));
    good(&thief.repository("shop", "sha1"));
    let elsewhere = thief.url("shop").replace("/shop.git", "");
    *honest.switch.redirect.lock().unwrap() = Some(elsewhere);
    let error = honest.repositories().fetch(&honest.remote("shop")).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Stalled, "{error}");
    assert_eq!(thief.switch.shown.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_repository_is_run() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let mark = server.mirrors.path().join("mark");
    let run = format!("touch {}", mark.display());
    author
        .write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
        .write(".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:1/\n")
        .write(".mailmap", "Evil <evil@example.com> Ada <ada@example.com>\n");
    let good = good(&author);
    let bad = bad(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    repositories.fetch(&remote).await.unwrap();
    let mirror = std::fs::read_dir(server.mirrors.path()).unwrap().flatten().next().unwrap().path();
    // Even what somebody put into the mirror itself.
    let hooks = mirror.join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in ["pre-push", "reference-transaction", "post-update", "pre-auto-gc", "fsmonitor-watchman"] {
        let file = hooks.join(hook);
        std::fs::write(&file, format!("#!/bin/sh\n{run}\n")).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.bad.unwrap().author, "Ada");
    let planned = repositories.plan(&remote, &restore(&bad, &[("apps/shop", &good)])).await.unwrap();
    let push = Push { branch: "main".to_owned(), commit: planned.id, expected: Some(bad) };
    assert_eq!(repositories.push(&remote, &push).await.unwrap(), Pushed::Done);
    assert!(!mark.exists());
}
