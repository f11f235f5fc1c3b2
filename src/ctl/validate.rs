//! `assay validate`: every mistake with its line, without a cluster.

use crate::exit;
use crate::failure::Failure;
use crate::manifest::{self, Finding};
use crate::meant::Input;
use crate::screen::Screen;

/// Checks manifests.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn validate(inputs: &[Input], screen: &mut Screen) -> Result<u8, Failure> {
    let (mut errors, mut warnings, mut objects) = (0usize, 0usize, 0usize);
    for input in inputs {
        for (label, text) in manifest::texts(input)? {
            let manifest = manifest::check(&text);
            for finding in &manifest.findings {
                screen.line(&finding.line_of(&label))?;
            }
            errors += manifest.findings.iter().filter(|finding| finding.is_error).count();
            warnings += manifest.findings.iter().filter(|finding: &&Finding| !finding.is_error).count();
            objects += manifest.objects;
        }
    }
    screen.flush()?;
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    screen.note(&format!(
        "{}, {}, {}",
        count(objects, "object"),
        count(errors, "error"),
        count(warnings, "warning")
    ))?;
    Ok(if errors > 0 { exit::USAGE } else { exit::PASSED })
}
