//! Manifests: read, and every mistake in them found, without a cluster.

mod content;
mod documents;
mod finding;
mod places;
mod schema;
mod typed;

use std::io::Read;
use std::path::Path;

use crate::exit;
use crate::failure::Failure;
use crate::meant::Input;
use crate::screen::Screen;

pub(crate) use content::Manifest;
pub(crate) use documents::check;
pub(crate) use finding::Finding;

/// Larger manifests no API server takes.
const LIMIT: u64 = 16 << 20;

/// The texts behind an input, each with its label; a folder stands for its YAML and JSON files.
///
/// # Errors
/// When something cannot be read.
pub(crate) fn texts(input: &Input) -> Result<Vec<(String, String)>, Failure> {
    let path = match input {
        Input::Standard => return Ok(vec![("stdin".to_owned(), bounded("stdin", std::io::stdin().lock())?)]),
        Input::File(path) => path,
    };
    if !path.is_dir() {
        return Ok(vec![(path.display().to_string(), file(path)?)]);
    }
    let listed = std::fs::read_dir(path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
    let mut paths: Vec<_> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    let is_manifest = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        path.is_file() && matches!(extension, Some("yaml" | "yml" | "json"))
    };
    paths.retain(|path| is_manifest(path));
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::usage(format!("{}: there are no .yaml, .yml or .json files in it", path.display())));
    }
    paths.iter().map(|path| Ok((path.display().to_string(), file(path)?))).collect()
}

fn file(path: &Path) -> Result<String, Failure> {
    let label = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| unreadable(&label, &error))?;
    bounded(&label, file)
}

fn bounded(label: &str, from: impl Read) -> Result<String, Failure> {
    let mut text = String::new();
    from.take(LIMIT).read_to_string(&mut text).map_err(|error| unreadable(label, &error))?;
    Ok(text)
}

fn unreadable(label: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{label} cannot be read: {error}"))
}

/// Reads one manifest that is about to be run; its mistakes are shown.
///
/// # Errors
/// When it cannot be read, or has errors.
pub(crate) fn read_for_run(input: &Input, screen: &mut Screen) -> Result<Manifest, Failure> {
    let mut texts = texts(input)?;
    let (Some((label, text)), true) = (texts.pop(), texts.is_empty()) else {
        return Err(Failure::usage("name one file, not a folder"));
    };
    let manifest = Manifest { label, ..check(&text) };
    for finding in &manifest.findings {
        screen.note(&finding.line_of(&manifest.label))?;
    }
    if manifest.findings.iter().any(|finding| finding.is_error) {
        return Err(Failure::silent(exit::USAGE));
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests;
