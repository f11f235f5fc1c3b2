//! What is listed, and in which form.

use assay_cluster::Object;
use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::yaml;

/// Forms of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOutput {
    /// The objects, as JSON.
    Json,
    /// The objects, as YAML.
    Yaml,
    /// Their names.
    Name,
    /// The table with more columns.
    Wide,
}

impl ListOutput {
    /// Whether the form is an object, which is printed even when there is none to print.
    pub(crate) fn is_object(output: Option<Self>) -> bool {
        matches!(output, Some(Self::Json | Self::Yaml))
    }

    /// A list that goes on is a table.
    ///
    /// # Errors
    /// When another form is asked for.
    pub(crate) fn check_watch(output: Option<Self>, short: &str) -> Result<(), Failure> {
        if matches!(output, None | Some(Self::Wide)) {
            return Ok(());
        }
        let hint = format!("use `kubectl get {short} --watch` for other forms");
        Err(Failure::usage("--watch prints a table").hint(hint))
    }
}

/// Which columns a table has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Columns {
    /// The namespace too.
    pub(crate) everywhere: bool,
    /// The wide ones too.
    pub(crate) wide: bool,
}

/// A kind of ours that is shown as a table.
pub(crate) trait Listed: Object + 'static {
    /// The kind as `-o name` writes it.
    const NAME: &'static str;

    /// The table.
    fn rows(found: &[&Self], columns: Columns, now: Timestamp) -> String;
}

/// The name of an object.
pub(crate) fn name<K: Object>(one: &K) -> String {
    one.meta().name.clone().unwrap_or_default()
}

/// When an object was made.
pub(crate) fn created<K: Object>(one: &K) -> Option<Timestamp> {
    one.meta().creation_timestamp.as_ref().map(|time| time.0)
}

/// The list in its form; `one` when a single object was named.
///
/// # Errors
/// When an object does not serialise.
pub(crate) fn text<K: Listed>(
    found: Vec<K>,
    one: bool,
    output: Option<ListOutput>,
    columns: Columns,
) -> Result<String, Failure> {
    Ok(match output {
        None | Some(ListOutput::Wide) => K::rows(&found.iter().collect::<Vec<_>>(), columns, Timestamp::now()),
        Some(ListOutput::Name) => found.iter().map(|one| format!("{}/{}\n", K::NAME, name(one))).collect(),
        Some(ListOutput::Json) => format!("{:#}\n", objects(found, one)?),
        Some(ListOutput::Yaml) => yaml::document(&objects(found, one)?),
    })
}

fn objects<K: Object>(found: Vec<K>, one: bool) -> Result<Value, Failure> {
    let mut items = Vec::new();
    for mut object in found {
        object.meta_mut().managed_fields = None;
        let item = serde_json::to_value(object);
        items.push(item.map_err(|error| Failure::errored(format!("an object does not serialise: {error}")))?);
    }
    Ok(match items.pop() {
        Some(item) if one => item,
        last => {
            items.extend(last);
            json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": items })
        }
    })
}
