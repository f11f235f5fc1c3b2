//! No circles between the files of a crate: if two files need each other, the
//! line between them runs in the wrong place.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::finding::Finding;
use crate::source::{Import, Module, Tree};

/// Who refers to whom, and in which line first.
type Graph = BTreeMap<String, BTreeMap<String, usize>>;

/// Facades that re-export each other in a ring are followed no further.
const DEEPEST: usize = 16;

/// The shortest circle of every knot of files.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let graph = graph(tree);
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut findings = Vec::new();
    for file in graph.keys() {
        if done.contains(file.as_str()) {
            continue;
        }
        let Some(circle) = circle(&graph, file) else { continue };
        done.extend(knot(&graph, file));
        findings.push(describe(&graph, &circle));
    }
    findings
}

fn describe(graph: &Graph, circle: &[&str]) -> Finding {
    let line = |from: &str, to: &str| graph.get(from).and_then(|to_lines| to_lines.get(to)).copied().unwrap_or(1);
    let next = |at: usize| circle[(at + 1) % circle.len()];
    let steps: Vec<String> = circle
        .iter()
        .enumerate()
        .map(|(at, from)| format!("{from}:{} -> {}", line(from, next(at)), next(at)))
        .collect();
    let words = format!(
        "a circle of files: {}; move what both ends need to a file of its own that imports neither",
        steps.join(", ")
    );
    Finding::at(circle[0], line(circle[0], next(0)), words)
}

/// The shortest way from a file back to itself.
fn circle<'g>(graph: &'g Graph, start: &'g str) -> Option<Vec<&'g str>> {
    let mut came: HashMap<&str, &str> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut way = vec![file];
                while let Some(before) = came.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came.contains_key(next.as_str()) {
                came.insert(next, file);
                queue.push_back(next);
            }
        }
    }
    None
}

/// All files that reach `start` and are reached by it.
fn knot<'g>(graph: &'g Graph, start: &'g str) -> Vec<&'g str> {
    let reached = reach(graph, start);
    reached.iter().copied().filter(|file| reach(graph, file).contains(start)).collect()
}

fn reach<'g>(graph: &'g Graph, start: &'g str) -> BTreeSet<&'g str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(file) = open.pop() {
        for next in graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    reached
}

fn graph(tree: &Tree) -> Graph {
    let resolver = Resolver::new(tree);
    let mut graph = Graph::new();
    for module in tree.modules.iter().filter(|module| !module.test) {
        let imports = module.imports.iter().filter(|import| !import.test);
        let references = module.references.iter().filter(|reference| !reference.test);
        let targets = imports
            .map(|import| (resolver.import(module, import), import.line))
            .chain(references.map(|reference| (resolver.reference(module, &reference.path), reference.line)));
        for (target, line) in targets {
            let Some(target) = target.filter(|target| *target != module.file) else { continue };
            graph.entry(module.file.clone()).or_default().entry(target.to_owned()).or_insert(line);
        }
    }
    graph
}

struct Resolver<'t> {
    modules: HashMap<&'t [String], &'t Module>,
}

impl<'t> Resolver<'t> {
    fn new(tree: &'t Tree) -> Self {
        Self { modules: tree.modules.iter().map(|module| (module.path.as_slice(), module)).collect() }
    }

    /// The file that an import comes from.
    fn import(&self, from: &Module, import: &Import) -> Option<&'t str> {
        self.target(from, &import.path, DEEPEST)
    }

    /// The file that a path in code leads to, its first name perhaps imported.
    fn reference(&self, from: &Module, path: &[String]) -> Option<&'t str> {
        let alias = from.imports.iter().find(|import| import.alias.is_some() && import.alias.as_ref() == path.first());
        match alias {
            Some(import) => self.target(from, &[&import.path, &path[1..]].concat(), DEEPEST),
            None => self.target(from, path, DEEPEST),
        }
    }

    fn target(&self, from: &Module, path: &[String], depth: usize) -> Option<&'t str> {
        let mut at = self.modules.get(self.start(from, path)?.as_slice()).copied()?;
        let mut rest = path.iter().skip_while(|name| matches!(name.as_str(), "crate" | "self" | "super")).peekable();
        while let Some(name) = rest.peek() {
            let inner = [at.path.as_slice(), std::slice::from_ref(*name)].concat();
            let Some(module) = self.modules.get(inner.as_slice()) else { break };
            at = module;
            rest.next();
        }
        match rest.next() {
            // The module itself: what is used of it shows where it is used.
            None if at.facade => None,
            None => Some(&at.file),
            Some(name) => self.named(at, name, depth),
        }
    }

    /// The module that a path starts in; none if that is another crate.
    fn start(&self, from: &Module, path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        match first.as_str() {
            "crate" => Some(Vec::new()),
            "self" | "super" => {
                let ups = path
                    .iter()
                    .take_while(|name| matches!(name.as_str(), "self" | "super"))
                    .filter(|name| *name == "super")
                    .count();
                Some(from.path[..from.path.len().checked_sub(ups)?].to_vec())
            }
            _ => {
                let child = [from.path.as_slice(), std::slice::from_ref(first)].concat();
                self.modules.contains_key(child.as_slice()).then(|| from.path.clone())
            }
        }
    }

    /// The file where a name in a module comes from.
    fn named(&self, module: &'t Module, name: &str, depth: usize) -> Option<&'t str> {
        if !module.facade || module.items.contains(name) {
            return Some(&module.file);
        }
        let depth = depth.checked_sub(1)?;
        let own = module.imports.iter().find(|import| import.alias.as_deref() == Some(name));
        if let Some(import) = own {
            return self.target(module, &import.path, depth);
        }
        let globs = module.imports.iter().filter(|import| import.alias.is_none());
        globs.filter_map(|glob| self.glob(module, glob, name, depth)).next()
    }

    /// Where a name comes from if a glob import brings it.
    fn glob(&self, from: &Module, glob: &Import, name: &str, depth: usize) -> Option<&'t str> {
        let whole = [&glob.path, [name.to_owned()].as_slice()].concat();
        let file = self.target(from, &whole, depth)?;
        let defines = |module: &&&Module| module.file == file && module.items.contains(name);
        self.modules.values().find(defines).map(|module| module.file.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::workspace::Workspace;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("inside the folder")).expect("writable");
            fs::write(path, text).expect("writable");
        }
        let tree = Tree::load(&Workspace { root: folder.path().to_path_buf() }, "lib.rs");
        assert_eq!(tree.broken, []);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_in_one_direction_are_fine() {
        let found = circles(&[
            ("lib.rs", "//! Facade.\nmod a;\nmod b;\npub use a::A;\npub use b::B;\n"),
            ("a.rs", "use crate::B;\npub struct A(B);\n"),
            ("b.rs", "pub struct B;\n#[cfg(test)]\nmod tests {\n use super::*;\n use crate::A;\n}\n"),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_circle_through_the_facade() {
        let found = circles(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\npub use b::B as Bee;\npub use c::*;\n"),
            ("a.rs", "\nuse crate::Bee;\npub struct A(Bee);\n"),
            ("b.rs", "pub struct B(crate::C);\n"),
            ("c.rs", "pub struct C;\nfn f() { println!(\"{}\", crate::a::A::new()); }\n"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("a.rs:2: a circle of files: a.rs:2 -> b.rs, b.rs:1 -> c.rs, c.rs:2 -> a.rs;"),
            "{found:?}"
        );
    }

    #[test]
    fn a_child_that_imports_its_parents_driver() {
        let child = "use super::drive;\npub fn work() { drive() }\n";
        let found = circles(&[
            ("lib.rs", "mod p;\n"),
            ("p/mod.rs", "mod child;\npub fn drive() { child::work() }\n"),
            ("p/child.rs", child),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("p/child.rs:1: a circle of files: p/child.rs:1 -> p/mod.rs, p/mod.rs:2 -> p/child.rs"),
            "{found:?}"
        );
        let unaware = "pub(super) fn work() {}\n";
        let parent = ("p/mod.rs", "mod child;\npub fn drive() { child::work() }\n");
        assert!(circles(&[("lib.rs", "mod p;\n"), parent, ("p/child.rs", unaware)]).is_empty());
        let facade = [("lib.rs", "mod p;\n"), ("p.rs", "mod child;\nmod driver;\npub use driver::drive;\n")];
        let split = [
            ("p/child.rs", "pub(super) fn work() {}\n"),
            ("p/driver.rs", "use super::child;\npub fn drive() { child::work() }\n"),
        ];
        assert!(circles(&[facade.as_slice(), split.as_slice()].concat()).is_empty());
    }

    #[test]
    fn a_stated_path_counts_from_the_folder_of_its_file() {
        let odd = "#[path = \"odd.rs\"]\nmod x;\npub fn f() { x::g() }\n";
        let found = circles(&[
            ("lib.rs", "mod p;\n"),
            ("p.rs", "mod a;\n"),
            ("p/a.rs", odd),
            ("p/odd.rs", "use super::f;\npub fn g() { f() }\n"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn two_knots_are_two_findings_and_inline_modules_belong_to_their_file() {
        let found = circles(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
            ("a.rs", "pub mod inner { pub struct X(super::super::b::Y); }\n"),
            ("b.rs", "pub struct Y;\npub struct Z(crate::a::inner::X);\n"),
            ("c.rs", "use crate::d;\npub fn f() { d::g() }\n"),
            ("d.rs", "use crate::c as other;\npub fn g() { other::f() }\n"),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
