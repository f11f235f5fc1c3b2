//! The arguments: what every command takes, and the commands.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::commands::artifacts::Artifacts;
use crate::commands::cancel::Cancel;
use crate::commands::completion::Completion;
use crate::commands::describe::Describe;
use crate::commands::doctor::Doctor;
use crate::commands::explain::Explain;
use crate::commands::gate::Gate;
use crate::commands::gates::Gates;
use crate::commands::get::Get;
use crate::commands::logs::Logs;
use crate::commands::pause::Pause;
use crate::commands::render::Render;
use crate::commands::report::Report;
use crate::commands::rerun::Rerun;
use crate::commands::resume::Resume;
use crate::commands::rollback::Rollbacks;
use crate::commands::run::Run;
use crate::commands::validate::Validate;
use crate::exit;
use crate::place::Global;

/// Runs tests in Kubernetes and tells what they say of a revision.
#[derive(Debug, Parser)]
#[command(name = "assay", version, after_help = exit::HELP, propagate_version = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a workflow: makes a TestExecution.
    Run(Box<Run>),
    /// Runs an execution again: the same workflow, values and revision.
    Rerun(Box<Rerun>),
    /// Stops executions; steps of `after` still run.
    Cancel(Cancel),
    /// Holds executions before their next step.
    Pause(Pause),
    /// Lets an execution that holds go on.
    Resume(Resume),
    /// Lists executions, or shows one.
    Get(Get),
    /// Shows everything about one execution.
    Describe(Describe),
    /// Prints the log of an execution, live or archived.
    Logs(Logs),
    /// Lists and fetches collected files.
    #[command(subcommand)]
    Artifacts(Artifacts),
    /// Prints the test report of an execution, or of files.
    Report(Report),
    /// Lists gates, or shows one: what is delivered, and what its tests say of it.
    Gates(Gates),
    /// Shows a gate, has it judge anew, or waits for its verdict.
    #[command(subcommand)]
    Gate(Gate),
    /// Lists and explains rollbacks; approves, holds and lets go on.
    #[command(subcommand)]
    Rollback(Rollbacks),
    /// Checks manifests without a cluster: every mistake with its place.
    Validate(Validate),
    /// Prints what would run, without a cluster: the Job and its plan.
    Render(Box<Render>),
    /// Says in words what a workflow will do: steps, containers, secrets, deadlines.
    Explain(Box<Explain>),
    /// Looks whether an installation works, and names the way out where it does not.
    Doctor(Doctor),
    /// Prints a script that teaches a shell to complete commands, flags and names.
    Completion(Completion),
    /// Prints the version of this program.
    Version,
    /// Prints the reference of all commands as Markdown.
    #[command(hide = true)]
    Reference,
    /// Completes for kubectl.
    #[command(hide = true, name = "__complete", disable_help_flag = true)]
    CompleteForKubectl {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        typed: Vec<OsString>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn read(line: &str) -> Result<Args, u8> {
        Args::try_parse_from(line.split(' ')).map_err(|error| u8::from(error.use_stderr()) * exit::USAGE)
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_can_be_typed() {
        for line in [
            "assay run first",
            "assay run twf/first --wait",
            "assay -n ns run first --watch",
            "assay run first --follow --timeout 5m -o github",
            "assay run -f - --wait -o junit",
            "assay run first --config a=1 --config b=x=y --config c= --secret-config p=s/k --config-file v.yaml",
            "assay run first --revision abc --name n-1",
            "assay rerun first-1 --wait",
            "assay rerun -w first --name again",
            "assay cancel a b tex/c",
            "assay cancel -l assay.dev/workflow=x",
            "assay pause @latest",
            "assay resume a --step deploy",
            "assay resume a --all",
            "assay get",
            "assay get -A -o wide -l a=b",
            "assay get tex/a-1 -o json",
            "assay get --watch -w first",
            "assay describe testexecution.assay.dev/a",
            "assay describe @latest",
            "assay logs -w smoke -f",
            "assay logs a --step x --attempt 2 --timestamps",
            "assay logs a --previous",
            "assay artifacts list a",
            "assay artifacts get a reports x -d out",
            "assay artifacts get @latest -w smoke reports",
            "assay report a -o junit",
            "assay report parse a.xml b.tap -o github --fail",
            "assay report tex/parse",
            "assay validate a.yaml dir - -o json --cluster",
            "assay render a.yaml b.yaml --config a=b -o plan",
            "assay explain first --config a=b",
            "assay explain -f a.yaml b.yaml",
            "assay gates",
            "assay gates shop -o yaml",
            "assay gates -A -w -o wide",
            "assay gate describe tg/shop",
            "assay gate rerun shop --wait --timeout 5m",
            "assay gate wait shop --revision 4f2d9c1 --timeout 10m",
            "assay rollback ls -A --gate shop",
            "assay rollback explain rb/shop-1 -o json",
            "assay rollback approve shop-1",
            "assay rollback pause --gate shop",
            "assay rollback resume shop-1",
            "assay rollback dry-run tg/shop",
            "assay doctor",
            "assay doctor --app shop",
            "assay doctor --app shop --kind kustomization --app-namespace flux-system",
            "assay doctor --gate shop --argocd-namespace gitops",
            "assay completion zsh",
            "assay version",
            "assay reference",
            "assay __complete logs --follow",
            "assay get -n ns --context c --assay-namespace sys --as jo --as-group g --color never",
        ] {
            assert!(read(line).is_ok(), "{line}: {:?}", read(line).err());
        }
    }

    #[test]
    fn what_cannot_be_typed() {
        for line in [
            "assay",
            "assay run",
            "assay run a -f b",
            "assay run a --wait --watch",
            "assay run a --config x",
            "assay run a --config =x",
            "assay run a --secret-config p=s",
            "assay run a --timeout soon --wait",
            "assay run Upper",
            "assay run ../a",
            "assay rerun",
            "assay cancel",
            "assay cancel a -l b=c",
            "assay resume a --step x --all",
            "assay get a -A",
            "assay get -o junit",
            "assay report a -o yaml",
            "assay report",
            "assay report parse",
            "assay logs",
            "assay logs a/b",
            "assay logs a --attempt 0",
            "assay logs a --attempt 1 --previous",
            "assay logs a -f --previous",
            "assay validate",
            "assay validate a -o yaml",
            "assay render",
            "assay explain",
            "assay explain a -f b",
            "assay completion tcsh",
            "assay nothing",
            "assay gates shop -A",
            "assay gate rerun",
            "assay gate wait shop --revision abc",
            "assay gate",
            "assay rollback",
            "assay rollback explain",
            "assay rollback pause",
            "assay rollback pause a --gate b",
            "assay doctor --kind application",
            "assay doctor --app a --gate b",
            "assay get --as-group g",
            "assay describe a..b",
            "assay run a --name -x",
            "assay get --color sometimes",
        ] {
            assert_eq!(read(line).err(), Some(exit::USAGE), "{line}");
        }
        for line in ["assay --help", "assay run --help", "assay report parse --help", "assay --version"] {
            assert_eq!(read(line).err(), Some(exit::PASSED), "{line}");
        }
    }
}
