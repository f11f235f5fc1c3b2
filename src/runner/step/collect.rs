//! Collecting artifacts: which files match a step's globs, and where the
//! leader finds them.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use assay_protocol::ArtifactRule;
use assay_protocol::control::Collected;

use super::globs::Globs;
use super::shelves::Shelves;

/// Files that one attempt may leave.
const FILE_LIMIT: usize = 50_000;
/// Bytes that they may have together.
const BYTES_LIMIT: u64 = 32 * 1024 * 1024 * 1024;
/// Entries that are looked at for them.
const VISIT_LIMIT: usize = 1_000_000;
/// Folders that no pattern means, however wide it is.
const SYSTEM_DIRS: [&str; 4] = ["/proc", "/sys", "/dev", "/assay"];
/// Sentences about files that are not kept.
const LEFT_OUT: usize = 10;

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// In order of their paths.
    pub(super) files: Vec<Collected>,
    /// What is to be said about it.
    pub(super) notes: Vec<String>,
}

/// Finds what the rule names.
pub(super) fn collect(rule: &ArtifactRule, shelves: &mut Shelves<'_>) -> Collection {
    let globs = Globs::new(rule);
    let mut search = Search::new(&globs, shelves);
    for base in &globs.bases {
        search.walk(base);
    }
    let mut notes = search.misses(rule);
    let Search { mut found, mut left_out, .. } = search;
    found.sort();
    found.dedup();
    if found.len() > FILE_LIMIT {
        notes.push(format!("{} files match; only the first {FILE_LIMIT} are kept", found.len()));
        found.truncate(FILE_LIMIT);
    }
    let mut collection = Collection { files: Vec::with_capacity(found.len()), notes };
    let (mut names, mut left) = (BTreeSet::new(), BYTES_LIMIT);
    for path in found {
        match shelves.place(&path, left) {
            Ok((source, size)) => {
                left -= size;
                let name = unique(name_of(&path, Path::new(&rule.working_dir)), &mut names);
                collection.files.push(Collected { name, source, size, masked: None });
            }
            Err(why) => left_out.push(format!("{} was left out: {why}", shown(&path))),
        }
    }
    let more = left_out.len().saturating_sub(LEFT_OUT);
    collection.notes.extend(left_out.into_iter().take(LEFT_OUT));
    if more > 0 {
        collection.notes.push(format!("{more} more were left out"));
    }
    collection
}

struct Search<'a> {
    globs: &'a Globs,
    /// Links are followed only to files below it.
    workspace: Option<PathBuf>,
    found: Vec<PathBuf>,
    hits: Vec<bool>,
    visited: usize,
    left_out: Vec<String>,
}

impl<'a> Search<'a> {
    fn new(globs: &'a Globs, shelves: &Shelves<'_>) -> Self {
        let hits = vec![false; globs.wanted.len()];
        let workspace = shelves.workspace().canonicalize().ok();
        Self { globs, workspace, found: Vec::new(), hits, visited: 0, left_out: Vec::new() }
    }

    fn walk(&mut self, path: &Path) {
        let mut pending = vec![path.to_owned()];
        while let Some(path) = pending.pop() {
            self.visited += 1;
            if self.visited > VISIT_LIMIT {
                return;
            }
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if self.globs.exclude(&path) {
                continue;
            }
            if metadata.is_file() {
                if self.is_wanted(&path) {
                    self.found.push(path);
                }
            } else if metadata.is_symlink() {
                self.consider_link(path);
            } else if metadata.is_dir() && !SYSTEM_DIRS.iter().any(|dir| path == Path::new(dir)) {
                match std::fs::read_dir(&path) {
                    Ok(entries) => pending.extend(entries.flatten().map(|entry| entry.path())),
                    Err(error) => self.left_out.push(format!("{} was left out: {error}", shown(&path))),
                }
            }
        }
    }

    /// A link to a file of the workspace stands for that file. Others may lead
    /// out of what the pattern names, and those to folders in circles.
    fn consider_link(&mut self, path: PathBuf) {
        let target = path.canonicalize().ok();
        let inside = target.is_some_and(|target| {
            self.workspace.as_ref().is_some_and(|workspace| target.starts_with(workspace)) && target.is_file()
        });
        if !self.is_wanted(&path) {
            return;
        }
        if inside {
            self.found.push(path);
        } else {
            self.left_out.push(format!("{} was left out: a link that leads to no file of the workspace", shown(&path)));
        }
    }

    fn is_wanted(&mut self, path: &Path) -> bool {
        let mut wanted = false;
        for (glob, hit) in self.globs.wanted.iter().zip(&mut self.hits) {
            let matches = glob.matches(path);
            *hit = *hit || matches;
            wanted = wanted || matches;
        }
        wanted
    }

    /// What found nothing, each once.
    fn misses(&self, rule: &ArtifactRule) -> Vec<String> {
        let mut told = BTreeSet::new();
        let wanted = rule.paths.iter().filter(|pattern| !pattern.starts_with('!'));
        let missed = wanted.zip(&self.hits).filter(|(pattern, hit)| !**hit && told.insert(*pattern));
        let mut notes: Vec<String> =
            missed.map(|(pattern, _)| format!("no file matches {pattern:?} (below {})", rule.working_dir)).collect();
        if self.visited > VISIT_LIMIT {
            notes.push(format!("the patterns are too wide: the search ended after {VISIT_LIMIT} entries"));
        }
        notes
    }
}

/// The path relative to the rule's folder, or without its leading slash. What is no text, or
/// would break a line, stands as `%XX`.
fn name_of(path: &Path, working_dir: &Path) -> String {
    let relative = path.strip_prefix(working_dir).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
    if let Some(text) = relative.to_str().filter(|text| !text.chars().any(char::is_control)) {
        return text.to_owned();
    }
    let mut name = String::new();
    for chunk in relative.as_os_str().as_bytes().utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_control() || char == '%' {
                let mut bytes = [0; 4];
                char.encode_utf8(&mut bytes).bytes().for_each(|byte| name.push_str(&format!("%{byte:02X}")));
            } else {
                name.push(char);
            }
        }
        chunk.invalid().iter().for_each(|byte| name.push_str(&format!("%{byte:02X}")));
    }
    name
}

/// Two files may not have one name: the one in the rule's folder and one elsewhere.
fn unique(name: String, names: &mut BTreeSet<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 1;
    while !names.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{name}~{number}");
    }
    candidate
}

fn shown(path: &Path) -> String {
    name_of(path, Path::new(""))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::time::{Duration, Instant};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn collected(dir: &Path, patterns: &[&str]) -> (Vec<String>, Vec<String>) {
        let collection = collection(dir, patterns);
        (collection.files.into_iter().map(|file| file.name).collect(), collection.notes)
    }

    fn collection(dir: &Path, patterns: &[&str]) -> Collection {
        let rule = ArtifactRule {
            paths: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            working_dir: dir.join("ws").display().to_string(),
        };
        let (workspace, out) = (dir.join("ws"), dir.join("out"));
        let mut next = 0;
        let collection = collect(&rule, &mut Shelves::new(&workspace, &out, &mut next));
        for file in &collection.files {
            assert_eq!(std::fs::metadata(&file.source).expect("the source exists").len(), file.size);
        }
        collection
    }

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for file in ["ws/a.xml", "ws/r/b.xml", "ws/r/deep/c.xml", "ws/r/d.log", "ws/node_modules/e.xml", "else/f.xml"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, file).expect("a file");
        }
        std::fs::create_dir_all(dir.path().join("out")).expect("a folder");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("ws/r/link.xml")).expect("a link");
        dir
    }

    #[test]
    fn globs_name_files_as_people_expect() {
        let dir = tree();
        let cases: [(&[&str], &[&str]); 6] = [
            (&["*.xml"], &["a.xml"]),
            (&["**/*.xml", "!node_modules"], &["a.xml", "r/b.xml", "r/deep/c.xml"]),
            (&["r"], &["r/b.xml", "r/d.log", "r/deep/c.xml"]),
            (&["./r/**/*.{xml,log}", "!**/deep/**"], &["r/b.xml", "r/d.log"]),
            (&["r/[bd].*"], &["r/b.xml", "r/d.log"]),
            (&["r/", "a.xml"], &["a.xml", "r/b.xml", "r/d.log", "r/deep/c.xml"]),
        ];
        for (patterns, expected) in cases {
            assert_eq!(collected(dir.path(), patterns).0, expected, "{patterns:?}");
        }
    }

    #[test]
    fn files_elsewhere_are_copied_and_misses_are_told() {
        let dir = tree();
        let (files, notes) = collected(dir.path(), &["../else/*.xml", "nothing/*.xml", "[bad"]);
        assert_eq!(files.len(), 1);
        assert!(files[0].ends_with("else/f.xml"), "{files:?}");
        assert!(dir.path().join("out/0").exists());
        assert!(notes.iter().any(|note| note.contains("nothing/*.xml")), "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("[bad")), "{notes:?}");
    }

    #[test]
    fn links_pipes_and_odd_names() {
        let dir = tree();
        let ws = dir.path().join("ws");
        symlink("../a.xml", ws.join("r/latest.xml")).expect("a link");
        symlink("..", ws.join("r/up")).expect("a link");
        symlink("nowhere.xml", ws.join("r/dangling.xml")).expect("a link");
        mknodat(CWD, ws.join("r/pipe.xml"), FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
        std::fs::write(ws.join("r/two\nlines.xml"), "x").expect("a file");
        std::fs::write(ws.join("r").join(OsStr::from_bytes(b"\xff%.xml")), "x").expect("a file");
        let (files, notes) = collected(dir.path(), &["r/*.xml"]);
        assert_eq!(files, ["r/b.xml", "r/latest.xml", "r/two%0Alines.xml", "r/%FF%25.xml"]);
        let left_out = notes.iter().filter(|note| note.contains("a link that leads to no file of the workspace"));
        assert_eq!(left_out.count(), 2, "{notes:?}");
        let (_, notes) = collected(dir.path(), &["r/pipe.xml", "none", "none"]);
        assert_eq!(notes.len(), 2, "{notes:?}");
    }

    #[test]
    fn names_are_told_apart_and_what_is_closed_is_copied() {
        let dir = tree();
        let ws = dir.path().join("ws");
        let elsewhere = dir.path().join("else/f.xml");
        let same = ws.join(elsewhere.strip_prefix("/").expect("absolute"));
        std::fs::create_dir_all(same.parent().expect("a parent")).expect("folders");
        std::fs::write(&same, "other").expect("a file");
        let (files, _) = collected(dir.path(), &["**/f.xml", "../else/f.xml"]);
        assert_eq!(files.len(), 2);
        assert!(
            files[1].starts_with(&files[0]) && files[1].ends_with("f.xml~2") || files[0].ends_with("f.xml~2"),
            "{files:?}"
        );
        std::fs::set_permissions(ws.join("a.xml"), std::fs::Permissions::from_mode(0o600)).expect("our file");
        assert_eq!(collected(dir.path(), &["a.xml"]).0, ["a.xml"]);
        let copy = dir.path().join("out/0").metadata().expect("a copy");
        assert_eq!(copy.permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn ten_thousand_files_are_found_in_a_moment() {
        let dir = tree();
        for number in 0..100 {
            let folder = dir.path().join(format!("ws/many/{number}"));
            std::fs::create_dir_all(&folder).expect("folders");
            (0..100).for_each(|file| std::fs::write(folder.join(format!("{file}.txt")), "x").expect("a file"));
        }
        let began = Instant::now();
        let (files, notes) = collected(dir.path(), &["many/**/*.txt", "!**/99.txt"]);
        assert_eq!((files.len(), notes.len()), (9900, 0));
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }

    #[test]
    fn a_gigabyte_is_neither_read_nor_copied() {
        let dir = tree();
        for place in ["ws/large.bin", "else/large.bin"] {
            let file = std::fs::File::create(dir.path().join(place)).expect("a file");
            file.set_len(1 << 30).expect("a hole");
        }
        let mut files = collection(dir.path(), &["large.bin", "../else/large.bin"]).files;
        files.sort_by_key(|file| file.name.len());
        let sources: Vec<&Path> = files.iter().map(|file| Path::new(&file.source)).collect();
        assert_eq!(sources, [dir.path().join("ws/large.bin"), dir.path().join("out/0")]);
        let inode = |path: &str| dir.path().join(path).metadata().expect("a file").ino();
        assert_eq!(inode("out/0"), inode("else/large.bin"), "it is the same file");
    }

    #[test]
    fn there_is_a_limit_to_what_is_kept_and_copied() {
        let dir = tree();
        let hole = |name: &str, gib: u64| {
            let file = std::fs::File::create(dir.path().join("ws").join(name)).expect("a file");
            file.set_len(gib << 30).expect("a hole");
        };
        std::fs::create_dir(dir.path().join("ws/huge")).expect("a folder");
        hole("huge/a.bin", 20);
        hole("huge/b.bin", 20);
        hole("huge/closed.bin", 5);
        let closed = dir.path().join("ws/huge/closed.bin");
        std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o600)).expect("our file");
        let (files, notes) = collected(dir.path(), &["huge"]);
        assert_eq!(files, ["huge/a.bin"]);
        assert!(notes[0].contains("huge/b.bin was left out: the files of this step are too large"), "{notes:?}");
        assert!(notes[1].contains("closed.bin was left out: files that must be copied"), "{notes:?}");
        (0..30).for_each(|number| symlink("/nowhere", dir.path().join(format!("ws/r/{number}"))).expect("a link"));
        let (_, notes) = collected(dir.path(), &["r/*"]);
        assert_eq!((notes.len(), notes.last().map(String::as_str)), (11, Some("21 more were left out")), "{notes:?}");
    }
}
