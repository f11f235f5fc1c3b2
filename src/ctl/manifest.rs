//! Manifests: read, and every mistake in them found, without a cluster.

mod content;
mod documents;
mod finding;
mod input;
mod judge;
mod places;
mod schema;
mod typed;

use crate::exit;
use crate::failure::Failure;
use crate::output::screen::Screen;

pub(crate) use content::Manifest;
pub(crate) use finding::Finding;
pub(crate) use input::Input;
pub(crate) use judge::{Templates, judge, missing, templates};

/// Reads texts, each with its label, and finds what is wrong with their form.
///
/// # Errors
/// When something cannot be read.
pub(crate) fn read(inputs: &[Input]) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    for input in inputs {
        let texts = input.texts()?;
        manifests.extend(texts.into_iter().map(|(label, text)| Manifest { label, ..documents::read(&text) }));
    }
    Ok(manifests)
}

/// Reads one text that is about to be run; its mistakes are shown.
///
/// # Errors
/// When it cannot be read, or has errors.
pub(crate) fn read_for_run(input: &Input, screen: &mut Screen) -> Result<Manifest, Failure> {
    let mut manifests = read(std::slice::from_ref(input))?;
    let known = templates(&manifests);
    judge(&mut manifests, &known, false);
    show(&manifests, screen)?;
    match manifests.pop() {
        Some(manifest) if manifests.is_empty() => Ok(manifest),
        _ => Err(Failure::usage("name one file, not a folder")),
    }
}

/// Shows every finding.
///
/// # Errors
/// When one is an error.
pub(crate) fn show(manifests: &[Manifest], screen: &mut Screen) -> Result<(), Failure> {
    let mut wrong = false;
    for manifest in manifests {
        for finding in &manifest.findings {
            screen.note(&finding.line_of(&manifest.label))?;
            wrong |= finding.is_error;
        }
    }
    if wrong { Err(Failure::silent(exit::USAGE)) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
