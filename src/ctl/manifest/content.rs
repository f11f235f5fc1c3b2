//! What was found in a text.

use assay_api::{TestExecution, TestWorkflow, TestWorkflowTemplate};

use crate::manifest::finding::Finding;
use crate::manifest::places::Places;

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
    /// The templates that could be read.
    pub(crate) templates: Vec<TestWorkflowTemplate>,
    /// The executions that could be read.
    pub(crate) executions: Vec<TestExecution>,
    /// What is to be judged by the plan: objects whose form is right.
    pub(super) subjects: Vec<Subject>,
}

/// An object whose form is right, by its position, and where its fields stand.
#[derive(Debug)]
pub(super) enum Subject {
    /// In [`Manifest::workflows`].
    Workflow(usize, Places),
    /// In [`Manifest::templates`].
    Template(usize, Places),
}
