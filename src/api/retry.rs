//! How often something is tried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DurationText;

/// How often a step is tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// How many times the step may be tried again after its first attempt.
    #[schemars(range(min = 1, max = 20))]
    pub count: i32,
    /// Wait before the second attempt; doubled for each further one, up to five minutes. Default 1s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<DurationText>,
    /// Expression that ends the attempts, for example `self.exitCode != 7`; default `self.passed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub until: Option<String>,
}
