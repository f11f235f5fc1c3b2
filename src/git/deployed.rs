//! Which files a commit deploys from the delivered paths, and what beside the paths these refer to.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::GitError;
use crate::kustomize::{CHART, NAMES, chart_references, references};
use crate::mirror::Mirror;
use crate::objects::Entry;
use crate::session::Session;
use crate::{blobs, names, objects};

/// Folders that are looked into.
const FOLDERS: usize = 256;
/// Files that are noted.
const FILES: usize = 5000;
/// How far references are followed.
const STEPS: usize = 16;

/// What a commit deploys.
#[derive(Debug, Default)]
pub(crate) struct Deployed {
    /// Files in YAML or JSON, and the ids of their contents.
    pub(crate) files: BTreeMap<String, String>,
    /// Folders and files beside the delivered paths.
    pub(crate) outside: BTreeSet<String>,
    /// There was more than is looked at.
    pub(crate) cut: bool,
    /// A file that names others could not be read.
    pub(crate) unclear: bool,
}

/// A file that names others.
struct List {
    folder: String,
    id: String,
    chart: bool,
}

struct Walk<'a> {
    mirror: &'a Mirror,
    commit: &'a str,
    paths: &'a [String],
    seen: BTreeSet<String>,
    found: Deployed,
}

/// Looks through the delivered paths of a commit, and follows what they refer to.
pub(crate) async fn find(
    mirror: &Mirror,
    session: &Session,
    commit: &str,
    paths: &[String],
    value_files: &[String],
) -> Result<Deployed, GitError> {
    let mut walk = Walk { mirror, commit, paths, seen: BTreeSet::new(), found: Deployed::default() };
    let mut folders = paths.to_vec();
    for file in value_files {
        walk.note_outside(file);
    }
    for _ in 0..STEPS {
        let mut lists = Vec::new();
        for folder in std::mem::take(&mut folders) {
            lists.extend(walk.folder(&folder).await?);
        }
        if lists.is_empty() {
            return Ok(walk.found);
        }
        let ids = lists.iter().map(|list| list.id.clone()).collect();
        let contents = blobs::read(mirror, session, &ids).await?;
        for list in lists {
            let named = match contents.get(&list.id) {
                Some(text) if list.chart => chart_references(text),
                Some(text) => references(text),
                None => None,
            };
            match named {
                Some(named) => folders.extend(walk.follow(&list.folder, &named).await?),
                None => walk.found.unclear = true,
            }
        }
    }
    walk.found.cut |= !folders.is_empty();
    Ok(walk.found)
}

impl Walk<'_> {
    /// The files of a folder that name others. Without one that says what belongs to it, all of it does.
    async fn folder(&mut self, folder: &str) -> Result<Vec<List>, GitError> {
        if self.seen.len() >= FOLDERS {
            self.found.cut = true;
            return Ok(Vec::new());
        }
        if !self.seen.insert(folder.to_owned()) {
            return Ok(Vec::new());
        }
        let entries = objects::folder(self.mirror, self.commit, folder).await?;
        if entries.is_empty() && !folder.is_empty() {
            if let Some(entry) = objects::entry(self.mirror, self.commit, folder).await? {
                self.note_file(&entry);
            }
            return Ok(Vec::new());
        }
        let named =
            |names: &[&str]| entries.iter().find(|entry| entry.is_file() && names.contains(&name_of(&entry.path)));
        if let Some(entry) = named(&NAMES) {
            return Ok(vec![List { folder: folder.to_owned(), id: entry.id.clone(), chart: false }]);
        }
        let mut lists = Vec::new();
        for entry in objects::files_below(self.mirror, self.commit, folder).await? {
            self.note_file(&entry);
            let name = name_of(&entry.path);
            if entry.is_file() && (NAMES.contains(&name) || name == CHART) {
                let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                lists.push(List { folder, id: entry.id.clone(), chart: name == CHART });
            }
        }
        self.found.cut |= lists.len() > FOLDERS;
        lists.truncate(FOLDERS);
        Ok(lists)
    }

    /// Notes what a file names, and answers with the folders among it.
    async fn follow(&mut self, folder: &str, named: &[String]) -> Result<Vec<String>, GitError> {
        let mut folders = Vec::new();
        self.found.cut |= named.len() > FILES;
        for reference in named.iter().take(FILES) {
            let Some(path) = resolve(folder, reference) else { continue };
            if self.seen.contains(&path) || self.found.files.contains_key(&path) {
                continue;
            }
            self.note_outside(&path);
            match objects::entry(self.mirror, self.commit, &path).await? {
                Some(entry) if entry.is_folder() => folders.push(path),
                Some(entry) => self.note_file(&entry),
                // It may be on another server, or was forgotten; it is not here.
                None => {}
            }
        }
        Ok(folders)
    }

    fn note_outside(&mut self, path: &str) {
        let known = self.found.outside.iter().any(|known| names::covers(std::slice::from_ref(known), path));
        if !known && !names::covers(self.paths, path) {
            self.found.outside.insert(path.to_owned());
        }
    }

    fn note_file(&mut self, entry: &Entry) {
        let kinds = [".yaml", ".yml", ".json"];
        if !entry.is_file() || !kinds.iter().any(|end| entry.path.ends_with(end)) {
            return;
        }
        if self.found.files.len() >= FILES {
            self.found.cut = true;
            return;
        }
        self.found.files.insert(entry.path.clone(), entry.id.clone());
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A path as it stands in a file of that folder, from the root; `None` when it leads out of the repository.
pub(crate) fn resolve(folder: &str, reference: &str) -> Option<String> {
    if reference.starts_with('/') || reference.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    names::path(&parts.join("/")).ok()
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn references_lead_to_other_folders_but_not_out() {
        for (folder, reference, expected) in [
            ("apps/shop", "../base", Some("apps/base")),
            ("apps/shop", "./x.yaml", Some("apps/shop/x.yaml")),
            ("", "a/b", Some("a/b")),
            ("a", "..", Some("")),
            ("a", "../..", None),
            ("a", "/etc/passwd", None),
            ("a", "https://h/x", None),
        ] {
            assert_eq!(resolve(folder, reference).as_deref(), expected, "{folder} {reference}");
        }
    }
}
