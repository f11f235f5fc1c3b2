//! The definitions, printed.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use crate::args::CrdsArgs;

/// Why the definitions could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum CrdsError {
    /// They do not serialise.
    #[error("a definition does not serialise as JSON")]
    Json(#[from] serde_json::Error),
    /// They do not serialise.
    #[error("a definition does not serialise as YAML")]
    Yaml(#[from] serde_yaml::Error),
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

/// Prints all definitions, sorted by name, or writes one file per kind.
///
/// # Errors
/// When a file or standard output cannot be written.
pub fn print_crds(args: &CrdsArgs) -> Result<(), CrdsError> {
    let mut definitions = assay_api::crd::all();
    definitions.sort_by(|one, other| one.metadata.name.cmp(&other.metadata.name));
    match &args.out {
        Some(dir) => definitions.iter().try_for_each(|definition| write(definition, dir.clone(), args.json)),
        None => {
            let separator = if args.json { "\n" } else { "---\n" };
            let texts =
                definitions.iter().map(|definition| text(definition, args.json)).collect::<Result<Vec<_>, _>>()?;
            io::stdout().lock().write_all(texts.join(separator).as_bytes()).map_err(CrdsError::Output)
        }
    }
}

fn write(definition: &CustomResourceDefinition, mut path: PathBuf, json: bool) -> Result<(), CrdsError> {
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| CrdsError::File { path, source }
    };
    fs::create_dir_all(&path).map_err(failed(&path))?;
    let name = &definition.spec.names.plural;
    path.push(format!("{name}.{}", if json { "json" } else { "yaml" }));
    fs::write(&path, text(definition, json)?).map_err(failed(&path))
}

fn text(definition: &CustomResourceDefinition, json: bool) -> Result<String, CrdsError> {
    // By way of a value: its maps are sorted, so the text is always the same.
    let value = serde_json::to_value(definition)?;
    if json { Ok(serde_json::to_string_pretty(&value)? + "\n") } else { Ok(serde_yaml::to_string(&value)?) }
}
