//! Arguments as typed.

use std::path::PathBuf;

use assay_api::names::DEFAULT_SYSTEM_NAMESPACE;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::exit;

/// Runs tests in Kubernetes and tells what they say of a revision.
#[derive(Debug, Parser)]
#[command(name = "assay", version, after_help = exit::HELP, propagate_version = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Global {
    /// Path of the kubeconfig.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, global = true)]
    pub(crate) context: Option<String>,
    /// Namespace; without it the one of the context.
    #[arg(short, long, global = true)]
    pub(crate) namespace: Option<String>,
    /// User to act as.
    #[arg(long = "as", global = true, value_name = "USER")]
    pub(crate) impersonate: Option<String>,
    /// Group to act as; may be given more than once.
    #[arg(long = "as-group", global = true, value_name = "GROUP", requires = "impersonate")]
    pub(crate) impersonate_groups: Vec<String>,
    /// Namespace in which Assay is installed.
    #[arg(long, global = true, env = "ASSAY_NAMESPACE", default_value = DEFAULT_SYSTEM_NAMESPACE, value_name = "NAMESPACE")]
    pub(crate) assay_namespace: String,
    /// Whether to use colours.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// Where somebody sees them.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a workflow: makes a TestExecution.
    Run(Run),
    /// Lists executions, or shows one.
    Get(Get),
    /// Shows everything about one execution.
    Describe(Named),
    /// Prints the log of an execution, live or archived.
    Logs(Logs),
    /// Lists and fetches collected files.
    #[command(subcommand)]
    Artifacts(Artifacts),
    /// Prints the test report of an execution.
    Report(Report),
    /// Checks manifests without a cluster: every mistake with its line.
    Validate(Validate),
    /// Prints what would run, without a cluster: the Job and its plan.
    Render(Render),
    /// Prints the version of this program.
    Version,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    /// Name of the TestWorkflow.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub(crate) workflow: Option<String>,
    /// Manifest of a TestWorkflow (applied first) or TestExecution; `-` for standard input.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Value of a parameter; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) config: Vec<String>,
    /// What is tested: usually a commit.
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Waits for the end; the exit code tells the verdict.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Shows the log live and waits for the end; the exit code tells the verdict.
    #[arg(long, conflicts_with = "wait")]
    pub(crate) watch: bool,
    /// Name of the execution; without it the workflow's name and five random characters.
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Get {
    /// Name of the execution.
    pub(crate) name: Option<String>,
    /// In all namespaces.
    #[arg(short = 'A', long, conflicts_with = "name")]
    pub(crate) all_namespaces: bool,
    /// Form of the output.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<GetOutput>,
}

/// Forms of `get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GetOutput {
    /// The objects, as JSON.
    Json,
    /// The objects, as YAML.
    Yaml,
    /// Their names.
    Name,
    /// The table with more columns.
    Wide,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Named {
    /// Name of the execution.
    pub(crate) name: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Logs {
    /// Name of the execution.
    pub(crate) name: String,
    /// Goes on until the execution ends.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only this step, by its id or name.
    #[arg(long, value_name = "ID")]
    pub(crate) step: Option<String>,
    /// With the time of each line.
    #[arg(long)]
    pub(crate) timestamps: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Artifacts {
    /// Lists collected files.
    #[command(alias = "list")]
    Ls(Named),
    /// Fetches collected files.
    Get(GetArtifacts),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GetArtifacts {
    /// Name of the execution.
    pub(crate) name: String,
    /// Files or folders to fetch; without any, all.
    pub(crate) paths: Vec<String>,
    /// Folder into which they are put.
    #[arg(short, long, default_value = ".")]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Report {
    /// Name of the execution.
    pub(crate) name: String,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: ReportOutput,
}

/// Forms of `report`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportOutput {
    /// For people.
    #[default]
    Text,
    /// The report as the server has it.
    Json,
    /// JUnit XML.
    Junit,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Validate {
    /// Manifests; `-` for standard input.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Render {
    /// Manifest of a TestWorkflow; `-` for standard input.
    pub(crate) file: PathBuf,
    /// Value of a parameter; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) config: Vec<String>,
    /// What is tested: usually a commit.
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: RenderOutput,
    /// Image of the runner.
    #[arg(long, default_value = concat!("assay/runner:", env!("CARGO_PKG_VERSION")), value_name = "IMAGE")]
    pub(crate) runner_image: String,
    /// As in a namespace that enforces Pod Security `restricted`.
    #[arg(long)]
    pub(crate) restricted: bool,
    /// As in a cluster without image volumes.
    #[arg(long)]
    pub(crate) no_image_volumes: bool,
}

/// Forms of `render`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RenderOutput {
    /// YAML documents.
    #[default]
    Yaml,
    /// A List, as JSON.
    Json,
}
