//! What comes before the process of an attempt: the leader's word, finished
//! texts, files and the folder of outputs.

use std::path::Path;

use assay_protocol::control::{Go, attempt_file};
use assay_protocol::{Action, Instruction, PlanDocument};

use super::outputs::OutputsDir;
use super::resolve::Resolver;
use super::{content, environment, place};
use crate::control_dir::{GroupDir, read_plain};

/// Longest go-file: the full outputs of sixty steps.
const GO_LIMIT: u64 = 16 * 1024 * 1024;

/// Where an attempt is prepared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) plan: &'a PlanDocument,
    pub(super) dir: &'a GroupDir,
    /// Why no step of this container can be started.
    pub(super) hindrance: Option<&'a str>,
}

/// An attempt that can be started.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Its texts are final.
    pub(super) action: Action,
    /// Variables added to the container's own, in order: a later one wins.
    pub(super) variables: Vec<(String, String)>,
    pub(super) outputs: OutputsDir,
}

/// Prepares an attempt; nothing when the step has no process to start.
///
/// # Errors
/// A sentence for people about why it cannot be started.
pub(super) fn prepare(
    surroundings: &Surroundings<'_>,
    step: &Instruction,
    attempt: u32,
) -> Result<Option<Prepared>, String> {
    let action = step.action.as_ref().filter(|action| !action.argv.is_empty());
    if action.is_none() && step.files.is_empty() {
        return Ok(None);
    }
    if let Some(hindrance) = surroundings.hindrance {
        return Err(hindrance.to_owned());
    }
    let Surroundings { plan, dir, .. } = surroundings;
    let outputs = dir.outputs(step.index, attempt);
    let mut variables = environment::of_every_step(plan, step, attempt, &outputs);
    let dynamic = action.is_some_and(|action| action.dynamic) || step.files.iter().any(|file| file.dynamic);
    let mut resolver = Resolver::new(&if dynamic { read_go(dir, step.index, attempt)? } else { Go::default() });
    for (name, value) in &variables {
        resolver.set(name, value);
    }
    let action = match action {
        Some(action) if action.dynamic => Some(resolver.action(action)?),
        Some(action) => {
            action.env.iter().for_each(|(name, value)| resolver.set(name, value));
            Some(action.clone())
        }
        None => None,
    };
    content::write(&step.files, Path::new(&plan.workspace), &resolver).map_or(Ok(()), Err)?;
    let Some(mut action) = action else { return Ok(None) };
    if Path::new(&action.working_dir).is_relative() {
        action.working_dir = Path::new(&plan.workspace).join(&action.working_dir).display().to_string();
    }
    place::make_folder(Path::new(&plan.workspace), Path::new(&action.working_dir))
        .map_err(|error| format!("the working directory {} could not be made: {error}", action.working_dir))?;
    variables.extend(action.env.iter().cloned());
    let outputs =
        OutputsDir::make(outputs).map_err(|error| format!("the folder of outputs could not be made: {error}"))?;
    Ok(Some(Prepared { action, variables, outputs }))
}

/// What the leader told; the very first step begins without a word.
fn read_go(dir: &GroupDir, step: u16, attempt: u32) -> Result<Go, String> {
    let name = attempt_file("go", step, attempt);
    if !dir.has(&name) {
        return Ok(Go::default());
    }
    let bytes = read_plain(&dir.path().join(&name), GO_LIMIT).map_err(|error| error.to_string());
    let parse = |bytes: Vec<u8>| match bytes.is_empty() {
        true => Ok(Go::default()),
        false => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
    };
    bytes.and_then(parse).map_err(|why| format!("what the leader told of earlier steps could not be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_dir::ControlDir;

    #[test]
    fn an_empty_word_is_a_word_and_a_torn_one_is_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let group = ControlDir::new(dir.path()).group(0);
        group.prepare().expect("a folder");
        assert_eq!(read_go(&group, 1, 1), Ok(Go::default()));
        group.publish("go-1-1", b"").expect("a file");
        assert_eq!(read_go(&group, 1, 1), Ok(Go::default()));
        group.publish("go-1-2", br#"{"steps":{"a":{"status":"passed","exitCode":0,"outputs":{"k":"v"}}}}"#).expect("a");
        assert_eq!(read_go(&group, 1, 2).expect("a word").steps["a"].outputs["k"], "v");
        group.publish("go-1-3", b"{\"steps\":").expect("a file");
        assert!(read_go(&group, 1, 3).is_err_and(|why| why.contains("EOF")));
    }
}
