//! `assay validate`: every mistake with its place, without a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_api::TestWorkflowTemplate;
use clap::{Args as ClapArgs, ValueEnum};
use serde_json::Value;

use crate::exit;
use crate::failure::Failure;
use crate::manifest::{self, Finding, Input, Manifest, Templates};
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;

/// Arguments of `validate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Validate {
    /// Manifests, and folders of them; `-` for standard input. Templates are looked for in all of them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Looks in the cluster for templates that are not among the files.
    #[arg(long)]
    cluster: bool,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    output: ValidateOutput,
}

/// Forms of `validate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ValidateOutput {
    /// A line for each finding: file, line, column, field, what is wrong, what would be right.
    #[default]
    Text,
    /// A list of findings.
    Json,
    /// Annotations for GitHub's runners.
    Github,
}

impl Validate {
    /// Whether a cluster is asked.
    pub(crate) fn is_online(&self) -> bool {
        self.cluster
    }

    fn read(&self) -> Result<Vec<Manifest>, Failure> {
        let inputs: Vec<Input> = self.files.iter().cloned().map(Input::of).collect();
        manifest::read(&inputs)
    }
}

/// Checks manifests by themselves.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn offline(task: &Validate, screen: &mut Screen) -> Result<u8, Failure> {
    let mut manifests = task.read()?;
    let known = manifest::templates(&manifests);
    manifest::judge(&mut manifests, &known, false);
    tell(&manifests, task.output, screen)
}

/// Checks manifests with the templates of the cluster.
///
/// # Errors
/// When a file cannot be read, or the cluster does not tell.
pub(crate) async fn online(place: &Place, task: &Validate, screen: &mut Screen) -> Result<u8, Failure> {
    let mut manifests = task.read()?;
    let session = Session::open(place).await?;
    let mut known = manifest::templates(&manifests);
    let missing = manifest::missing(&manifests, &known);
    known.extend(fetch(&session, missing).await?);
    manifest::judge(&mut manifests, &known, true);
    tell(&manifests, task.output, screen)
}

/// Templates of the cluster by name; those that are not there are left out.
///
/// # Errors
/// When the cluster does not tell.
pub(crate) async fn fetch(session: &Session, names: Vec<String>) -> Result<Templates, Failure> {
    let mut found = BTreeMap::new();
    for name in names {
        if let Some(template) = session.cluster.get::<TestWorkflowTemplate>(&session.namespace, &name).await? {
            found.insert(name, template.spec);
        }
    }
    Ok(found)
}

fn tell(manifests: &[Manifest], form: ValidateOutput, screen: &mut Screen) -> Result<u8, Failure> {
    let findings = || manifests.iter().flat_map(|one| one.findings.iter().map(move |finding| (one, finding)));
    match form {
        ValidateOutput::Text => {
            for (manifest, finding) in findings() {
                screen.line(&finding.line_of(&manifest.label))?;
            }
        }
        ValidateOutput::Github => {
            for (manifest, finding) in findings() {
                screen.line(&finding.annotation(&manifest.label))?;
            }
        }
        ValidateOutput::Json => {
            let list: Vec<Value> = findings().map(|(manifest, finding)| finding.object(&manifest.label)).collect();
            screen.data(&format!("{:#}\n", Value::from(list)))?;
        }
    }
    screen.flush()?;
    let errors = findings().filter(|(_, finding)| finding.is_error).count();
    let warnings = findings().filter(|(_, finding): &(_, &Finding)| !finding.is_error).count();
    let objects: usize = manifests.iter().map(|manifest| manifest.objects).sum();
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    screen.note(&format!(
        "{}, {}, {}",
        count(objects, "object"),
        count(errors, "error"),
        count(warnings, "warning")
    ))?;
    Ok(if errors > 0 { exit::FAILED } else { exit::PASSED })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: smoke}\nspec:\n  \
        use: [{name: base}]\n  container: {image: busybox}\n  steps:\n  - name: a\n    shell: echo\n    timeout: 5x\n";
    const TEMPLATE: &str = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflowTemplate\nmetadata: {name: base}\nspec:\n  \
        setup:\n  - shell: echo\n    retry: {count: 99}\n";

    fn validated(files: &[(&str, &str)], output: ValidateOutput) -> (u8, String, String) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let task = Validate { files: vec![folder.path().to_owned()], cluster: false, output };
        let (mut screen, data, notes) = Screen::memory();
        let code = offline(&task, &mut screen).expect("readable");
        let root = format!("{}/", folder.path().display());
        (code, data.text().replace(&root, ""), notes.text())
    }

    #[test]
    fn every_file_is_judged_with_the_templates_of_all() {
        let files = [("a.yaml", WORKFLOW), ("b.yaml", TEMPLATE)];
        let (code, text, notes) = validated(&files, ValidateOutput::Text);
        assert_eq!((code, notes.as_str()), (exit::FAILED, "2 objects, 2 errors, 0 warnings\n"), "{text}");
        insta::assert_snapshot!("text", text);
        insta::assert_snapshot!("github", validated(&files, ValidateOutput::Github).1);
        insta::assert_snapshot!("json", validated(&files, ValidateOutput::Json).1);
    }

    #[test]
    fn a_template_that_is_not_there_is_said() {
        let fine = WORKFLOW.replace("5x", "5s");
        let (code, text, _) = validated(&[("a.yaml", &fine)], ValidateOutput::Text);
        assert_eq!(code, exit::PASSED);
        assert!(text.contains("a.yaml:5:3: warning: spec.use: the template `base` is not among the files"), "{text}");
    }
}
