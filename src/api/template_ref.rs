//! How a workflow names a template.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ConfigValues;
use crate::schema::config_values;

/// A template by name, with values for its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRef {
    /// Name of the `TestWorkflowTemplate`, in the namespace of the workflow.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Values for its parameters. May contain expressions of the workflow.
    #[serde(default, skip_serializing_if = "ConfigValues::is_empty")]
    #[schemars(schema_with = "config_values")]
    pub config: ConfigValues,
}
