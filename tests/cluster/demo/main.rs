//! The main job, done before your eyes: `demo install` puts Assay on the cluster
//! with its Helm chart, `demo story` runs a workflow and shows what a user sees,
//! `demo gitops` takes a bad commit back in Git.

mod gitops;
mod install;
mod show;
mod story;

use std::process::ExitCode;

use assay_cluster_tests::Place;
use clap::Parser;

/// Installs Assay on the cluster of `KUBECONFIG` and shows what it does.
#[derive(Parser)]
enum Arguments {
    /// Install or upgrade Assay with its chart and wait until it is ready.
    Install,
    /// Run the first example and show what a user sees.
    Story,
    /// Break an app in Git and watch how it is tested and taken back.
    Gitops,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = Place::from_environment().map_err(Into::into).and_then(|place| match arguments {
        Arguments::Install => install::install(&place),
        Arguments::Story => story::story(&place),
        Arguments::Gitops => gitops::gitops(Box::leak(Box::new(place))),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What can go wrong is said by the tools that are called.
type Outcome = assay_cluster_tests::Outcome<()>;
