//! Mirrors: made, damaged, outgrown, shared.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::paths::{bad, good, shop};
use super::server::Server;
use crate::mirrors::Mirrors;
use crate::session::Session;
use crate::{Disposition, GitError, Limits, Look};

/// Nothing takes so long unless it hangs.
const LONG: Duration = Duration::from_secs(60);

/// Waits until that is so.
async fn until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "it does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn mirrors(server: &Server) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(server.mirrors.path()).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("mirror-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_is_known_after_a_fetch_and_moves_with_its_paths_only() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let paths = ["apps/shop".to_owned(), "absent".to_owned()];
    assert_eq!(repositories.tree_hash(&remote, &good, &paths).await.unwrap(), None);
    repositories.fetch(&remote).await.unwrap();
    let first = repositories.tree_hash(&remote, &good, &paths).await.unwrap().unwrap();
    let tree = author.run(&["rev-parse", &format!("{good}:apps/shop")]);
    let base = author.run(&["rev-parse", &format!("{good}:base")]);
    let lines = format!("absent\0-\napps/shop\0{tree}\nbase\0{base}\n");
    let expected: String =
        <sha2::Sha256 as sha2::Digest>::digest(lines).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(first, expected);
    let beside = author.write("apps/blog/x", "x").commit("Beside");
    author.publish();
    assert_eq!(repositories.tree_hash(&remote, &beside, &paths).await.unwrap(), None);
    repositories.fetch(&remote).await.unwrap();
    assert_eq!(repositories.tree_hash(&remote, &beside, &paths).await.unwrap(), Some(first.clone()));
    assert_eq!(repositories.tree_hash(&remote, &beside[..12], &paths).await.unwrap(), Some(first.clone()));
    let bad = bad(&author);
    repositories.fetch(&remote).await.unwrap();
    assert_ne!(repositories.tree_hash(&remote, &bad, &paths).await.unwrap(), Some(first));
    // A branch that is named like a commit is none.
    author.run(&["branch", "abcdef0", &good]);
    author.publish();
    repositories.fetch(&remote).await.unwrap();
    assert_eq!(repositories.tree_hash(&remote, "abcdef0", &paths).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_moves_with_what_its_paths_refer_to() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let first = author
        .write("apps/shop/kustomization.yaml", "resources: [../../base]\n")
        .write("base/kustomization.yaml", "resources: [colour.yaml]\n")
        .write("base/colour.yaml", "colour: green\n")
        .commit("A shared base");
    let other = author.write("elsewhere/x", "x").commit("Beside");
    let red = author.write("base/colour.yaml", "colour: red\n").commit("Red");
    let unclear = author.write("base/kustomization.yaml", "a: [").commit("Broken");
    let again = author.write("elsewhere/x", "y").commit("Beside again");
    author.publish();
    let (repositories, remote) = (server.repositories(), server.remote("shop"));
    repositories.fetch(&remote).await.unwrap();
    let mut hashes = Vec::new();
    for commit in [&first, &other, &red, &unclear, &again] {
        hashes.push(repositories.tree_hash(&remote, commit, &["apps/shop".to_owned()]).await.unwrap().unwrap());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[1], hashes[2], "the base is delivered too");
    assert_ne!(hashes[3], hashes[4], "what cannot be read equals nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_stay_on_the_server_where_it_can_leave_them_out() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let mut state = 88_172_645_463_325_252u64;
    let noise: String = (0..200_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(b' ' + (state % 95) as u8)
        })
        .collect();
    author.write("big.txt", &noise);
    let good = good(&author);
    let bad = bad(&author);
    let repositories = server.repositories();
    let facts = repositories.look(&server.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.references, ["base"]);
    let partial = crate::space::measure(server.mirrors.path()).await.bytes;
    let whole = Server::start().await;
    whole.switch.whole.store(true, Ordering::SeqCst);
    let author = whole.repository("shop", "sha1");
    author.write("big.txt", &noise);
    let (good, bad) = (super::paths::good(&author), super::paths::bad(&author));
    let same = whole.repositories().look(&whole.remote("shop"), &shop(&good, &bad)).await.unwrap();
    assert_eq!(same, facts);
    let full = crate::space::measure(whole.mirrors.path()).await.bytes;
    assert!(partial + 50_000 < full, "{partial} {full}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_mirror_is_made_anew() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let bad = bad(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    let mirror = mirrors(&server).remove(0);
    let packs = mirror.join("objects/pack");
    for entry in std::fs::read_dir(&packs).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "pack") {
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
            let length = std::fs::metadata(&path).unwrap().len();
            std::fs::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }
    }
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.range.len(), 1);
    // All of its objects are gone.
    std::fs::remove_dir_all(&packs).unwrap();
    std::fs::create_dir(&packs).unwrap();
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.range.len(), 1);
    // It is no repository any more.
    std::fs::remove_file(mirror.join("config")).unwrap();
    std::fs::remove_dir_all(mirror.join("refs")).unwrap();
    let paths = ["apps".to_owned()];
    assert_eq!(repositories.tree_hash(&remote, &bad, &paths).await.unwrap(), None);
    let facts = repositories.look(&remote, &shop(&good, &bad)).await.unwrap();
    assert_eq!(facts.range.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirrors_that_were_not_used_for_longest_go() {
    let server = Server::start().await;
    for name in ["one", "two", "three"] {
        good(&server.repository(name, "sha1"));
    }
    let repositories = server.limited(Limits { mirrors: 2, ..Limits::default() });
    for name in ["one", "two", "one", "three"] {
        repositories.fetch(&server.remote(name)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(mirrors(&server).len(), 2);
    let paths = [String::new()];
    let good = server.bare("one");
    let good = super::author::git(&good, &["rev-parse", "main"], 0);
    // Files that name others are brought the first time.
    assert!(repositories.tree_hash(&server.remote("one"), &good, &paths).await.unwrap().is_some());
    let before = server.switch.fetches.load(Ordering::SeqCst);
    assert!(repositories.tree_hash(&server.remote("one"), &good, &paths).await.unwrap().is_some());
    assert!(repositories.tree_hash(&server.remote("two"), &good, &paths).await.unwrap().is_none());
    assert_eq!(server.switch.fetches.load(Ordering::SeqCst), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_too_large_is_refused() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let repositories = server.limited(Limits { mirror_bytes: 2000, ..Limits::default() });
    let error = repositories.look(&server.remote("shop"), &shop(&good, &good)).await.unwrap_err();
    assert!(matches!(error, GitError::TooLarge { .. }), "{error}");
    assert_eq!(error.disposition(), Disposition::Stalled);
    assert!(mirrors(&server).is_empty());
}

// On one thread, so that no fetch gets anywhere before all have asked.
#[tokio::test]
async fn those_who_wait_share_a_fetch() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    good(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    repositories.fetch(&remote).await.unwrap();
    let before = server.switch.fetches.load(Ordering::SeqCst);
    let mut waiting: Vec<_> = (0..20).map(|_| Box::pin(repositories.fetch(&remote))).collect();
    // All at once, on one task.
    let mut results = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|fetch| match fetch.as_mut().poll(context) {
            Poll::Ready(result) => {
                results.push(result);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    assert!(results.iter().all(Result::is_ok));
    let fetches = server.switch.fetches.load(Ordering::SeqCst) - before;
    assert!((1..=2).contains(&fetches), "{fetches}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_silent_does_not_hold_anybody_for_ever() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::start().await;
    let repositories = server.limited(Limits { clone: Duration::from_secs(1), ..Limits::default() });
    let remote = crate::Remote { url: format!("http://{address}/x"), ..crate::Remote::default() };
    let fetched = tokio::time::timeout(LONG, repositories.fetch(&remote)).await;
    let error = fetched.expect("it ends").unwrap_err();
    assert!(matches!(error, GitError::Late { .. }), "{error}");
    // The whole group goes, the helper that spoke HTTP too.
    let speaks = |line: &str| line.contains(&address.to_string());
    until(|| !super::secrecy::command_lines().iter().any(|line| speaks(line))).await;
    drop(listener);
    // A port that is taken, and on which nobody listens.
    let deaf = tokio::net::TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/x", deaf.local_addr().unwrap());
    let error = repositories.fetch(&crate::Remote { url, ..remote }).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Transient, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_fetches_are_tidied() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let repositories = server.limited(Limits { packs: 4, ..Limits::default() });
    let remote = server.remote("shop");
    let mut last = good.clone();
    for number in 0..12 {
        last = author.write("apps/shop/n.yaml", &format!("n: {number}\n")).commit("More");
        author.publish();
        repositories.fetch(&remote).await.unwrap();
    }
    let packs = crate::space::measure(server.mirrors.path()).await.packs;
    assert!(packs <= 5, "{packs}");
    let facts = repositories.look(&remote, &Look { deployed: None, ..shop(&good, &last) }).await.unwrap();
    assert_eq!(facts.range.len(), 12);
}

// On one thread, so that the fetch gets no further than beginning.
#[tokio::test]
async fn a_fetch_goes_on_when_nobody_waits_for_it() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    let repositories = server.repositories();
    let remote = server.remote("shop");
    let mut impatient = Box::pin(repositories.fetch(&remote));
    let asked = std::future::poll_fn(|context| Poll::Ready(impatient.as_mut().poll(context))).await;
    assert!(asked.is_pending());
    drop(impatient);
    let end = Instant::now() + LONG;
    while repositories.tree_hash(&remote, &good, &[String::new()]).await.unwrap().is_none() {
        assert!(Instant::now() < end, "nobody fetches");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_mirror_gets_a_connection_while_it_is_made_anew() {
    let server = Server::start().await;
    good(&server.repository("shop", "sha1"));
    let limits = Limits { connections: 1, ..Limits::default() };
    let mirrors = Arc::new(Mirrors::new(server.mirrors.path().to_owned(), limits));
    let session = Arc::new(Session::open(&server.remote("shop")).unwrap());
    let held = mirrors.fresh(Arc::clone(&session)).await.unwrap();
    std::fs::remove_file(held.mirror.folder.join("HEAD")).unwrap();
    let before = server.switch.fetches.load(Ordering::SeqCst);
    let all = Arc::clone(&mirrors);
    let anew = tokio::spawn(async move { all.fresh(session).await.map(drop) });
    until(|| server.switch.fetches.load(Ordering::SeqCst) > before).await;
    let connection = tokio::time::timeout(LONG, mirrors.connection()).await.expect("the copy is made meanwhile");
    drop((connection, held));
    anew.await.unwrap().unwrap();
}

// On one thread, so that everybody waits where he has to after some turns.
#[tokio::test]
async fn who_waits_for_a_mirror_takes_no_connection_from_who_holds_it() {
    let server = Server::start().await;
    good(&server.repository("shop", "sha1"));
    let limits = Limits { connections: 1, ..Limits::default() };
    let mirrors = Arc::new(Mirrors::new(server.mirrors.path().to_owned(), limits));
    let session = Arc::new(Session::open(&server.remote("shop")).unwrap());
    let held = mirrors.fresh(Arc::clone(&session)).await.unwrap();
    let (all, place) = (Arc::clone(&mirrors), mirrors.place(&session.address));
    let removal = tokio::spawn(async move { all.mended(&place, &GitError::Damaged("said".to_owned())).await });
    tokio::task::yield_now().await;
    let all = Arc::clone(&mirrors);
    let fetch = tokio::spawn(async move { all.fresh(session).await.map(drop) });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let connection = tokio::time::timeout(LONG, mirrors.connection()).await.expect("nobody uses it");
    drop((connection, held));
    assert!(removal.await.unwrap());
    fetch.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_never_finished_goes() {
    let server = Server::start().await;
    for name in ["one", "two"] {
        good(&server.repository(name, "sha1"));
    }
    let repositories = server.repositories();
    repositories.fetch(&server.remote("one")).await.unwrap();
    let whole = mirrors(&server).remove(0);
    let begun = whole.with_file_name(format!("new-{}", whole.file_name().unwrap().to_string_lossy()));
    std::fs::create_dir_all(begun.join("objects")).unwrap();
    repositories.fetch(&server.remote("two")).await.unwrap();
    assert!(!begun.exists() && whole.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn small_packs_of_huge_files_take_no_memory() {
    let server = Server::start().await;
    let author = server.repository("shop", "sha1");
    let good = good(&author);
    // 100 MiB that are a few hundred bytes in a pack, and twice as many that are but the difference.
    let huge = " ".repeat(100 << 20);
    author.write("apps/shop/deployment.yaml", &huge).commit("Huge");
    let bad = author.write("apps/shop/deployment.yaml", &format!("{huge}x")).commit("Huger");
    author.publish();
    author.in_bare(&["repack", "-a", "-d", "-f", "-q"]);
    let remote = server.remote("shop");
    // What cannot be looked at may be anything.
    let facts = server.repositories().look(&remote, &shop(&good, &bad)).await.unwrap();
    assert!(facts.cut && facts.changed.len() == 1, "{facts:?}");
    server.switch.whole.store(true, Ordering::SeqCst);
    let other = tempfile::tempdir().unwrap();
    let error = crate::Repositories::new(other.path()).look(&remote, &shop(&good, &bad)).await.unwrap_err();
    assert!(matches!(error, GitError::TooLarge { .. }), "{error}");
}
