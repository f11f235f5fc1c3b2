//! Archives that are fetched and unpacked.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::script::Script;
use crate::web::{Manners, Web, open};

/// A folder with archives of a small tree.
fn archives() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    std::fs::create_dir_all(tree.join("sub")).unwrap();
    std::fs::write(tree.join("sub/run.sh"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(tree.join("sub/run.sh"), PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(tree.join("data"), "x").unwrap();
    std::fs::set_permissions(tree.join("data"), PermissionsExt::from_mode(0o400)).unwrap();
    symlink("/etc/passwd", tree.join("link")).unwrap();
    tar(dir.path(), &["-czf", "a.tgz", "-C", "tree", "."]);
    tar(dir.path(), &["-cf", "a.tar", "-C", "tree", "."]);
    std::fs::write(dir.path().join("evil"), "x").unwrap();
    tar(dir.path(), &["-cPf", "up.tar", "tree/../evil"]);
    std::fs::write(dir.path().join("page"), "<html>no</html>").unwrap();
    dir
}

fn tar(dir: &Path, words: &[&str]) {
    assert!(Command::new("tar").current_dir(dir).args(words).status().unwrap().success());
}

fn digest(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap().stdout;
    String::from_utf8(output).unwrap()[..64].to_owned()
}

#[test]
fn archives_are_unpacked_for_every_user() {
    let dir = archives();
    let web = open(dir.path());
    for name in ["a.tgz", "a.tar"] {
        let sha256 = digest(&dir.path().join(name)).to_uppercase();
        let outcome = Script::fetch(&web.url(&format!("files/{name}?token=hush")))
            .env("ASSAY_FETCH_SHA256", &sha256)
            .with("data/repo/data", "old")
            .with("data/repo/kept", "kept")
            .run()
            .good();
        assert_eq!(outcome.files(), ["data", "kept", "link", "sub/run.sh"]);
        let mode = |path: &str| outcome.tree().join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("data"), mode("sub/run.sh"), mode("sub")), (0o666, 0o777, 0o777));
        assert_eq!(std::fs::read(outcome.tree().join("data")).unwrap(), b"x");
        assert!(outcome.stdout.contains("3 files") && !outcome.stdout.contains("hush"), "{}", outcome.stdout);
    }
    assert_ne!(Path::new("/etc/passwd").metadata().unwrap().permissions().mode() & 0o777, 0o666);
}

#[test]
fn one_line_says_what_is_wrong() {
    let dir = archives();
    let web = open(dir.path());
    let other = Web::start(Manners { elsewhere: Some("file:///etc".to_owned()), ..Manners::default() });
    let cases = [
        (web.url("files/absent?token=hush"), "", "404"),
        (web.url("files/page"), "", "a tar archive is needed"),
        (web.url("files/a.tgz"), "00", "the archive was changed"),
        ("file:///etc/passwd".to_owned(), "", "an archive comes by https or http"),
        (other.url("x"), "", "could not be fetched"),
        ("http://user:hush@127.0.0.1:1/x".to_owned(), "", "could not be fetched"),
    ];
    for (url, sha256, words) in cases {
        let outcome = Script::fetch(&url).env("ASSAY_FETCH_SHA256", sha256).run();
        let complaint = outcome.complaint();
        assert!(complaint.starts_with("assay-fetch: ") && complaint.contains(words), "{url}: {complaint}");
        assert!(!complaint.contains("hush"), "{complaint}");
        if outcome.tree().exists() {
            assert_eq!(outcome.files(), Vec::<String>::new(), "{url}");
        }
    }
}

#[test]
fn nothing_is_unpacked_outside_of_the_folder() {
    let dir = archives();
    let web = open(dir.path());
    let outcome = Script::fetch(&web.url("files/up.tar")).run();
    assert!(!outcome.path("data/evil").exists() && !outcome.path("evil").exists());
}
