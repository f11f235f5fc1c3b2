//! A crate's modules, found by following `mod` from its root file.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::read::{self, Child};
use crate::finding::Finding;
use crate::workspace::Workspace;

/// One imported name: a leaf of a `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The path as written, without a final `self` or `*`.
    pub path: Vec<String>,
    /// The name it has here; `None` for a glob.
    pub alias: Option<String>,
    /// Line of the leaf.
    pub line: usize,
    /// Only in test builds.
    pub test: bool,
}

/// One path in code, or an `async` or `await` as a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The segments as written.
    pub path: Vec<String>,
    /// Line of the first segment.
    pub line: usize,
    /// Only in test builds.
    pub test: bool,
}

/// A module: a file of its own or a part of one.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Names from the root of the crate; empty for the root.
    pub path: Vec<String>,
    /// The file its code is in.
    pub file: String,
    /// Line where an inline module begins, else 1.
    pub line: usize,
    /// Only in test builds.
    pub test: bool,
    /// It has nothing but modules and imports: who refers to something through
    /// it refers to where that comes from.
    pub facade: bool,
    /// Names of what is defined in it.
    pub items: BTreeSet<String>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// What its code refers to.
    pub references: Vec<Reference>,
}

/// One crate.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The root file.
    pub root: String,
    /// All modules, the root first.
    pub modules: Vec<Module>,
    /// Files that could not be read as Rust.
    pub broken: Vec<Finding>,
}

impl Tree {
    /// Reads a crate from its root file (relative to the workspace).
    #[must_use]
    pub fn load(workspace: &Workspace, root: &str) -> Self {
        let mut tree = Self { root: root.to_owned(), ..Self::default() };
        let folder = PathBuf::from(root).parent().unwrap_or(Path::new("")).to_path_buf();
        let first = Child { path: Vec::new(), file: Some(root.to_owned()), folder, test: false };
        let mut queue = VecDeque::from([first]);
        while let Some(mut child) = queue.pop_front() {
            let Some(file) = child.file.take().or_else(|| find(workspace, &mut child)) else { continue };
            let text = match workspace.text(&file) {
                Ok(text) => text,
                Err(error) => {
                    tree.broken.push(Finding::new(&file, error.to_string()));
                    continue;
                }
            };
            match read::modules(&text, &file, &child) {
                Ok((modules, children)) => {
                    tree.modules.extend(modules);
                    queue.extend(children);
                }
                Err(error) => {
                    let line = error.span().start().line;
                    tree.broken.push(Finding::at(&file, line, format!("is not Rust: {error}")));
                }
            }
        }
        tree
    }
}

/// The file of `mod name;`, and with it the folder of its own modules.
fn find(workspace: &Workspace, child: &mut Child) -> Option<String> {
    let name = child.path.last()?.clone();
    let flat = child.folder.join(format!("{name}.rs"));
    let nested = child.folder.join(&name).join("mod.rs");
    let file = [flat, nested].into_iter().find(|file| workspace.root.join(file).is_file())?;
    child.folder.push(name);
    Some(file.to_string_lossy().into_owned())
}
