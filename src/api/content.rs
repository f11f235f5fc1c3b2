//! Files that a workflow brings with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Later;

/// What is put into the workspace before the first step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Files given in the manifest itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub files: Vec<ContentFile>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tarball: Option<Later>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentFile {
    /// Where it is put: relative to `/data`, or absolute below `/data`.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// The text. May contain expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Permission bits, for example `0755` written in decimal (493). Default 0644.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 511))]
    pub mode: Option<i32>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_from: Option<Later>,
}
