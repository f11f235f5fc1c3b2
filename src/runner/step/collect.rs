//! Collecting artifacts: which files match a step's globs, and where the
//! leader finds them.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use assay_protocol::ArtifactRule;
use assay_protocol::control::Collected;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

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
    let patterns = Patterns::new(rule, &mut collection.notes);
    let mut search = Search { patterns: &patterns, found: Vec::new(), hits: vec![false; patterns.wanted_len()], visited: 0 };
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
    wanted: GlobSet,
    unwanted: GlobSet,
    bases: Vec<PathBuf>,
}

impl Patterns {
    fn new(rule: &ArtifactRule, notes: &mut Vec<String>) -> Self {
        let (mut wanted, mut unwanted) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let mut bases = Vec::new();
        for pattern in &rule.paths {
            let (set, text) = match pattern.strip_prefix('!') {
                Some(rest) => (&mut unwanted, rest),
                None => (&mut wanted, pattern.as_str()),
            };
            let absolute = absolute_pattern(text, &rule.working_dir);
            // A pattern that names a folder means everything in it.
            for form in [absolute.clone(), format!("{absolute}/**")] {
                match GlobBuilder::new(&form).literal_separator(true).build() {
                    Ok(glob) => drop(set.add(glob)),
                    Err(error) => notes.push(format!("the pattern {pattern:?} is not understood: {}", error.kind())),
                }
            }
            if !pattern.starts_with('!') {
                bases.push(base_of(&absolute));
            }
        }
        bases.sort();
        bases.dedup_by(|later, earlier| later.starts_with(&*earlier));
        let built = |set: GlobSetBuilder| set.build().unwrap_or_else(|_| GlobSet::empty());
        Self { wanted: built(wanted), unwanted: built(unwanted), bases }
    }

    fn wanted_len(&self) -> usize {
        self.wanted.len()
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
            if self.patterns.unwanted.is_match(&path) {
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
        let matches = self.patterns.wanted.matches(&path);
        for index in &matches {
            self.hits[*index] = true;
        }
        if !matches.is_empty() {
            self.found.push(path);
        }
    }

    fn report_misses(&self, rule: &ArtifactRule, notes: &mut Vec<String>) {
        let wanted = rule.paths.iter().filter(|pattern| !pattern.starts_with('!'));
        for (pattern, hits) in wanted.zip(self.hits.chunks(2)) {
            if !hits.contains(&true) {
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
        if real.starts_with(&real_workspace) && self.everybody_reads(&real, &metadata) {
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

    /// The leader is another user than the one who wrote the file.
    fn everybody_reads(&self, file: &Path, metadata: &Metadata) -> bool {
        let open = |path: &Path| path.metadata().is_ok_and(|it| it.permissions().mode() & 0o001 != 0);
        let inside = file.ancestors().skip(1).take_while(|dir| dir.starts_with(self.workspace) && *dir != self.workspace);
        metadata.permissions().mode() & 0o004 != 0 && inside.into_iter().all(open)
    }
}

fn name_of(path: &Path, working_dir: &Path) -> String {
    let relative = path.strip_prefix(working_dir).or_else(|_| path.strip_prefix("/")).unwrap_or(path);
    relative.display().to_string()
}

/// The pattern from the root, without `.` and `..`.
fn absolute_pattern(pattern: &str, working_dir: &str) -> String {
    let whole = match pattern.strip_prefix('/') {
        Some(rest) => format!("/{rest}"),
        None => format!("{}/{pattern}", globset::escape(working_dir)),
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
        assert!(notes.iter().any(|note| note.contains("not understood")), "{notes:?}");
    }
}
