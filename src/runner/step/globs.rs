//! The globs of a rule, as they are compared with paths.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use assay_protocol::ArtifactRule;
use fast_glob::glob_match;

/// What a rule names and what it excludes.
#[derive(Debug)]
pub(super) struct Globs {
    /// One for each pattern that names something, in order.
    pub(super) wanted: Vec<Glob>,
    unwanted: Vec<Glob>,
    /// Where everything lies that may match; none is below another.
    pub(super) bases: Vec<PathBuf>,
}

/// A glob from the root, and the one that means everything below what it names.
#[derive(Debug)]
pub(super) struct Glob(String, String);

impl Glob {
    pub(super) fn matches(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_bytes();
        glob_match(&self.0, path) || glob_match(&self.1, path)
    }
}

impl Globs {
    pub(super) fn new(rule: &ArtifactRule) -> Self {
        let mut globs = Self { wanted: Vec::new(), unwanted: Vec::new(), bases: Vec::new() };
        for pattern in &rule.paths {
            let text = pattern.strip_prefix('!');
            let absolute = absolute_pattern(text.unwrap_or(pattern), &rule.working_dir);
            let below = format!("{}/**", absolute.trim_end_matches('/'));
            if text.is_some() {
                globs.unwanted.push(Glob(absolute, below));
            } else {
                globs.bases.push(base_of(&absolute));
                globs.wanted.push(Glob(absolute, below));
            }
        }
        globs.bases.sort();
        globs.bases.dedup_by(|later, earlier| later.starts_with(&*earlier));
        globs
    }

    pub(super) fn exclude(&self, path: &Path) -> bool {
        self.unwanted.iter().any(|glob| glob.matches(path))
    }
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
