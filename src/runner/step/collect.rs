//! Collecting artifacts: which files match a step's globs, and where the
//! leader finds them.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use assay_protocol::ArtifactRule;
use assay_protocol::control::Collected;
use fast_glob::glob_match;

/// Files that one attempt may leave.
const FILE_LIMIT: usize = 50_000;
/// Entries that are looked at for them.
const VISIT_LIMIT: usize = 1_000_000;
/// Folders that no pattern means, however wide it is.
const SYSTEM_DIRS: [&str; 4] = ["/proc", "/sys", "/dev", "/assay"];

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// In order of their names.
    pub(super) files: Vec<Collected>,
    /// What is to be said about it.
    pub(super) notes: Vec<String>,
}

/// Where files may stay and where copies go.
#[derive(Debug)]
pub(super) struct Shelves<'a> {
    /// Files below it are visible to the leader.
    pub(super) workspace: &'a Path,
    /// Copies of all others.
    pub(super) out: &'a Path,
    /// Number of the next copy.
    pub(super) next: &'a mut u32,
}

/// Finds what the rule names.
pub(super) fn collect(rule: &ArtifactRule, shelves: &mut Shelves<'_>) -> Collection {
    let mut collection = Collection::default();
    let patterns = Patterns::new(rule);
    let hits = vec![false; patterns.wanted.len()];
    let mut search = Search { patterns: &patterns, found: Vec::new(), hits, visited: 0 };
    for base in &patterns.bases {
        search.walk(base);
    }
    search.report_misses(rule, &mut collection.notes);
    let mut found = search.found;
    found.sort();
    found.dedup();
    if found.len() > FILE_LIMIT {
        collection.notes.push(format!("{} files match; only the first {FILE_LIMIT} are kept", found.len()));
        found.truncate(FILE_LIMIT);
    }
    for path in found {
        match shelves.place(&path) {
            Ok((source, size)) => {
                let name = name_of(&path, Path::new(&rule.working_dir));
                collection.files.push(Collected { name, source, size });
            }
            Err(error) => collection.notes.push(format!("{} could not be read: {error}", path.display())),
        }
    }
    collection
}

struct Patterns {
    wanted: Vec<Pattern>,
    unwanted: Vec<Pattern>,
    bases: Vec<PathBuf>,
}

/// A glob from the root, and the one that means everything below what it names.
struct Pattern(String, String);

impl Pattern {
    fn matches(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_bytes();
        glob_match(&self.0, path) || glob_match(&self.1, path)
    }
}

impl Patterns {
    fn new(rule: &ArtifactRule) -> Self {
        let mut patterns = Self { wanted: Vec::new(), unwanted: Vec::new(), bases: Vec::new() };
        for pattern in &rule.paths {
            let text = pattern.strip_prefix('!');
            let absolute = absolute_pattern(text.unwrap_or(pattern), &rule.working_dir);
            let below = format!("{}/**", absolute.trim_end_matches('/'));
            if text.is_some() {
                patterns.unwanted.push(Pattern(absolute, below));
            } else {
                patterns.bases.push(base_of(&absolute));
                patterns.wanted.push(Pattern(absolute, below));
            }
        }
        patterns.bases.sort();
        patterns.bases.dedup_by(|later, earlier| later.starts_with(&*earlier));
        patterns
    }
}

struct Search<'a> {
    patterns: &'a Patterns,
    found: Vec<PathBuf>,
    hits: Vec<bool>,
    visited: usize,
}

impl Search<'_> {
    fn walk(&mut self, path: &Path) {
        let mut pending = vec![path.to_owned()];
        while let Some(path) = pending.pop() {
            self.visited += 1;
            if self.visited > VISIT_LIMIT {
                return;
            }
            // Links are not followed: they may lead out of what the pattern names.
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if self.patterns.unwanted.iter().any(|pattern| pattern.matches(&path)) {
                continue;
            }
            if metadata.is_file() {
                self.consider(path);
            } else if metadata.is_dir() && !SYSTEM_DIRS.iter().any(|dir| path == Path::new(dir)) {
                pending.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
            }
        }
    }

    fn consider(&mut self, path: PathBuf) {
        let mut wanted = false;
        for (pattern, hit) in self.patterns.wanted.iter().zip(&mut self.hits) {
            let matches = pattern.matches(&path);
            *hit = *hit || matches;
            wanted = wanted || matches;
        }
        if wanted {
            self.found.push(path);
        }
    }

    fn report_misses(&self, rule: &ArtifactRule, notes: &mut Vec<String>) {
        let wanted = rule.paths.iter().filter(|pattern| !pattern.starts_with('!'));
        for (pattern, hit) in wanted.zip(&self.hits) {
            if !hit {
                notes.push(format!("no file matches {pattern:?} (below {})", rule.working_dir));
            }
        }
        if self.visited > VISIT_LIMIT {
            notes.push(format!("the patterns are too wide: the search ended after {VISIT_LIMIT} entries"));
        }
    }
}

impl Shelves<'_> {
    /// Where the leader finds the file, and how long it is.
    fn place(&mut self, path: &Path) -> io::Result<(String, u64)> {
        let real = path.canonicalize()?;
        let metadata = real.metadata()?;
        let real_workspace = self.workspace.canonicalize()?;
        // A name that is not text cannot be told to the leader; a copy has a number.
        if real.starts_with(&real_workspace)
            && real.to_str().is_some()
            && everybody_reads(&real_workspace, &real, &metadata)
        {
            // The leader knows the workspace by the plan's name for it.
            let below = real.strip_prefix(&real_workspace).expect("it was just compared");
            return Ok((self.workspace.join(below).display().to_string(), metadata.len()));
        }
        let copy = self.out.join(self.next.to_string());
        let mut target = File::create(&copy)?;
        target.set_permissions(Permissions::from_mode(0o644))?;
        let size = io::copy(&mut File::open(&real)?, &mut target)?;
        *self.next += 1;
        Ok((copy.display().to_string(), size))
    }
}

/// The leader is another user than the one who wrote the file.
fn everybody_reads(workspace: &Path, file: &Path, metadata: &Metadata) -> bool {
    let open = |path: &Path| path.metadata().is_ok_and(|it| it.permissions().mode() & 0o001 != 0);
    let mut inside = file.ancestors().skip(1).take_while(|dir| dir.starts_with(workspace) && *dir != workspace);
    metadata.permissions().mode() & 0o004 != 0 && inside.all(open)
}

fn name_of(path: &Path, working_dir: &Path) -> String {
    let relative = path.strip_prefix(working_dir).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
    relative.display().to_string()
}

/// The pattern from the root, without `.` and `..`.
fn absolute_pattern(pattern: &str, working_dir: &str) -> String {
    let whole = match pattern.strip_prefix('/') {
        Some(rest) => format!("/{rest}"),
        None => format!("{}/{pattern}", escaped(working_dir)),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The path as a pattern that names nothing else.
fn escaped(path: &str) -> String {
    let special = |char: char| "*?[]{}!\\".contains(char);
    path.chars().flat_map(|char| special(char).then_some('\\').into_iter().chain([char])).collect()
}

/// The folder (or file) under which everything lies that the pattern can name.
fn base_of(pattern: &str) -> PathBuf {
    let plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{', '\\']);
    Path::new(pattern).components().take_while(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(dir: &Path, patterns: &[&str]) -> (Vec<String>, Vec<String>) {
        let rule = ArtifactRule {
            paths: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
            working_dir: dir.join("ws").display().to_string(),
        };
        let (workspace, out) = (dir.join("ws"), dir.join("out"));
        let mut next = 0;
        let collection = collect(&rule, &mut Shelves { workspace: &workspace, out: &out, next: &mut next });
        for file in &collection.files {
            assert_eq!(std::fs::metadata(&file.source).expect("the source exists").len(), file.size);
        }
        (collection.files.into_iter().map(|file| file.name).collect(), collection.notes)
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
}
