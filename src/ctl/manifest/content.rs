//! What was found in a text.

use assay_api::{TestExecution, TestWorkflow};

use crate::manifest::finding::Finding;

/// What a text holds.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    /// Where it comes from, for people.
    pub(crate) label: String,
    /// What is wrong, in the order of the lines.
    pub(crate) findings: Vec<Finding>,
    /// How many objects of ours there are.
    pub(crate) objects: usize,
    /// The workflows that could be read.
    pub(crate) workflows: Vec<TestWorkflow>,
    /// The executions that could be read.
    pub(crate) executions: Vec<TestExecution>,
}
