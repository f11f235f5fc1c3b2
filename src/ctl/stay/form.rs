//! The forms in which a run tells its end.

use clap::ValueEnum;

/// Forms of `run` and `rerun`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people; without waiting the name of the execution.
    #[default]
    Text,
    /// The name of the execution.
    Name,
    /// The object, as JSON.
    Json,
    /// The object, as YAML.
    Yaml,
    /// The test report as JUnit XML; needs `--wait`.
    Junit,
    /// Annotations for GitHub's runners, and a summary in `GITHUB_STEP_SUMMARY`; needs `--wait` or `--follow`.
    Github,
}
