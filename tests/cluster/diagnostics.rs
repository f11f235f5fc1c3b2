//! Bad workflows and the one thing that is said about each: the table of the
//! room `plan`, from which `docs/diagnostics.md` is made. That the cluster says
//! the same is held by the suite `admission`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The table; its comments are the headings of the page.
const TABLE: &str = include_str!("../../src/plan/tests/mistakes.yaml");

/// What the definition of the kind refuses before anybody else is asked: how our
/// own words begin, and what the API server says in their place.
const BY_DEFINITION: [(&str, &str); 14] = [
    ("spec.steps[0].steps[0].id: `Not ok`", "should match '^[a-z0-9_]+$'"),
    ("spec.steps[0].steps[0].retry.count: 0 ", "should be greater than or equal to 1"),
    ("spec.steps[0].steps[0].artifacts.paths: no path", "should have at least 1 items"),
    ("spec.steps[0].delay: `soon`", DURATION),
    ("spec.timeouts.imagePull: `never`", DURATION),
    ("spec.retention.age: `old`", DURATION),
    ("spec.retention.count: ", "should be greater than or equal to 1"),
    ("spec.infrastructure.retries: 6 ", "should be less than or equal to 5"),
    ("spec.infrastructure.retries: -1 ", "should be greater than or equal to 0"),
    ("spec.job.activeDeadlineSeconds: leaves", "should be greater than or equal to 1"),
    ("spec.steps[0].timeout: `{{ config.x }}`", DURATION),
    ("spec.content.git.depth: ", "should be greater than or equal to 0"),
    ("spec.content.git.retry.count: 99 ", "should be less than or equal to 20"),
    ("spec.content.tarball[0].sha256: ", "should match '^[0-9a-fA-F]{64}$'"),
];
const DURATION: &str = "should match '^([0-9]+(h|ms|m|s))+$'";

/// What begins the words about something that is allowed.
const WARNING: &str = "warning: ";

/// A workflow with one mistake.
#[derive(Clone, Debug, PartialEq)]
pub struct BadInput {
    /// What it is about.
    pub heading: String,
    /// The fields that are laid over a sound workflow, as the table writes them.
    pub written: String,
    /// What is said, without the word `warning`.
    pub says: String,
    /// Whether it is refused; otherwise it is accepted with a warning.
    pub is_error: bool,
    /// What the API server says instead, when the definition of the kind refuses it.
    pub by_definition: Option<&'static str>,
    /// The same fields, read.
    pub fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct Row {
    workflow: Map<String, Value>,
    says: String,
}

impl BadInput {
    /// The whole manifest.
    pub fn manifest(&self, name: &str) -> Value {
        let mut spec = json!({ "container": { "image": "alpine" }, "steps": [{ "shell": "true" }] });
        for (field, value) in &self.fields {
            spec[field] = value.clone();
        }
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        json!({ "apiVersion": "assay.dev/v1alpha1", "kind": "TestWorkflow", "metadata": { "name": name }, "spec": spec })
    }
}

/// Every bad input of the table, in its order.
///
/// # Panics
/// When the table is not what it should be.
pub fn bad_inputs() -> Vec<BadInput> {
    let rows: Vec<Row> = serde_yaml::from_str(TABLE).expect("the table is YAML");
    let mut heading = String::new();
    let mut written = Vec::new();
    // The comment at the top says how the table is read.
    for line in TABLE.lines().skip_while(|line| line.starts_with('#') && !line.starts_with("# Trees")) {
        if let Some(text) = line.strip_prefix("# ") {
            text.clone_into(&mut heading);
        } else if let Some(text) = line.strip_prefix("- workflow: ") {
            written.push((heading.clone(), text.to_owned()));
        }
    }
    assert_eq!(rows.len(), written.len(), "each input of the table stands in one line");
    let inputs = rows.into_iter().zip(written).map(|(row, (heading, written))| {
        let is_error = !row.says.starts_with(WARNING);
        let says = row.says.strip_prefix(WARNING).unwrap_or(&row.says).to_owned();
        let by_definition = BY_DEFINITION.iter().find(|(begins, _)| says.starts_with(begins)).map(|(_, words)| *words);
        BadInput { heading, written, says, is_error, by_definition, fields: row.workflow }
    });
    inputs.collect()
}

/// `docs/diagnostics.md`.
pub fn diagnostics_page() -> String {
    let inputs = bad_inputs();
    let mut page = HEAD.replace("COUNT", &inputs.len().to_string());
    let mut heading = "";
    for input in &inputs {
        if input.heading != heading {
            heading = &input.heading;
            page.push_str(&format!("\n## {heading}\n\n| input | what is said |\n|---|---|\n"));
        }
        let kind = if input.is_error { "" } else { "*warning:* " };
        let instead = input.by_definition.map(|words| format!(" *(at apply: {})*", cell(words))).unwrap_or_default();
        page.push_str(&format!("| {} | {kind}{}{instead} |\n", code(&input.written), cell(&input.says)));
    }
    page
}

/// A text as code in a cell of a table.
fn code(text: &str) -> String {
    let text = text.strip_prefix("{ ").and_then(|text| text.strip_suffix(" }")).unwrap_or(text);
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}", cell(text))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const HEAD: &str = "# Diagnostics

COUNT mistakes and the one thing that is said about each: the field, what is wrong, what would be right. The same text stands in
what `assay validate` prints (with file, line and column before it), in what `kubectl apply` answers, and in `Ready=False` of an
object that came in while the webhook was away.

Each input is laid over `{ container: { image: alpine }, steps: [{ shell: \"true\" }] }`, field by field at the top. The suite
`admission` of `tests/cluster` applies every one of them to a genuine cluster (as a dry run) and demands what stands here. Some are
refused by the definition of the kind before anybody else is asked: the API server then names the field and says what stands in
brackets. This page is made from the table of the tests of `plan`: `UPDATE=1 cargo test -p assay-cluster-tests --lib`.
";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_is_what_the_table_says() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnostics.md");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, diagnostics_page()).unwrap();
        }
        let page = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(page, diagnostics_page(), "UPDATE=1 rewrites {}", file.display());
    }

    #[test]
    fn there_are_enough_and_each_is_read() {
        let inputs = bad_inputs();
        assert!(inputs.iter().filter(|input| input.is_error).count() >= 60, "{}", inputs.len());
        let first = inputs.iter().find(|input| input.says.contains("does nothing")).expect("an input");
        assert_eq!(first.manifest("x")["spec"]["container"]["image"], "alpine");
        assert_eq!(first.heading, "Trees of steps");
        assert_eq!(inputs.iter().filter(|input| input.by_definition.is_some()).count(), BY_DEFINITION.len());
    }
}
