//! Files that a workflow brings with it.

use k8s_openapi::api::core::v1::EnvVarSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::value_source;
use crate::{Later, RetryPolicy};

/// What is put into the workspace before the first step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Files given in the manifest itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub files: Vec<ContentFile>,
    /// A Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitContent>,
    /// Archives (`.tar`, `.tar.gz`, `.tgz`) by URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub tarball: Vec<Tarball>,
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
    /// The text comes from a key of a ConfigMap or Secret instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_source")]
    pub content_from: Option<EnvVarSource>,
}

/// A Git repository, cloned before the steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitContent {
    /// `https://`, `http://`, `ssh://` or `user@host:path`. No credentials.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
    /// Branch, tag or commit; the default branch when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub revision: Option<String>,
    /// Commits of history to fetch; 0 means all. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub depth: Option<i32>,
    /// Folder of the working tree, below `/data`. Default `/data/repo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub mount_path: Option<String>,
    /// Only these files and folders are checked out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub paths: Vec<String>,
    /// `paths` are folders (Git's cone mode); otherwise they are patterns.
    #[serde(default)]
    pub cone: bool,
    /// Submodules are checked out too.
    #[serde(default)]
    pub submodules: bool,
    /// Name for HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub username: Option<String>,
    /// Name for HTTP, from a Secret or ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_source")]
    pub username_from: Option<EnvVarSource>,
    /// Token or password for HTTP, from a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_source")]
    pub token_from: Option<EnvVarSource>,
    /// Private key for SSH, from a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_source")]
    pub ssh_key_from: Option<EnvVarSource>,
    /// Known hosts for SSH, as OpenSSH writes them. Without them the key of the host is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "value_source")]
    pub known_hosts_from: Option<EnvVarSource>,
    /// Refused: credentials do not belong into a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Later>,
    /// Refused: credentials do not belong into a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_key: Option<Later>,
    /// How often it is tried; default 4 more times, first after 1s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
}

/// An archive, fetched and unpacked before the steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tarball {
    /// `http://` or `https://`. No credentials.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// Folder to unpack into, below `/data`.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// SHA-256 that the archive must have, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9a-fA-F]{64}$"))]
    pub sha256: Option<String>,
}
