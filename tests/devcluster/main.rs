//! `devcluster`: brings a genuine one-node Kubernetes cluster up and down.

use std::error::Error;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use assay_devcluster::{
    Addon, Cluster, ClusterError, KUBECONFIG_ENV, Life, Outcome, Progress, Settings, Status, install_image_packages,
    install_test_packages,
};
use clap::{Parser, Subcommand, ValueEnum};

/// A genuine one-node Kubernetes cluster on this machine.
#[derive(Debug, Parser)]
#[command(name = "devcluster", version)]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start the cluster, or repair it; does nothing when it is healthy
    Up {
        /// Also name the log files
        #[arg(long)]
        verbose: bool,
        /// Let etcd wait for the disk, as benchmarks should
        #[arg(long)]
        durable: bool,
        /// What to run beside the node; what was asked for before goes on anyway
        #[arg(long, value_delimiter = ',', value_name = "ADDONS")]
        with: Vec<Addon>,
    },
    /// Stop the cluster and remove every trace of it
    Down {
        /// Stop these only, and keep what they keep
        #[arg(long, value_delimiter = ',', value_name = "ADDONS")]
        only: Vec<Addon>,
    },
    /// Show the components; without a cluster, show what is left of one
    Status,
    /// Print the path of the administrator's kubeconfig
    Kubeconfig,
    /// Build the engines that are not built yet
    Build {
        /// Those of add-ons too
        #[arg(long, value_delimiter = ',', value_name = "ADDONS")]
        with: Vec<Addon>,
    },
    /// Print as JSON where Gitea is, and its administrator's name, password and token
    Gitea,
    /// Print the folder with kubectl, helm, ctr and argocd, for PATH
    Path,
    /// Build an image and push it to the cluster's registry; prints its reference
    Image {
        /// The folder that the image is built from
        context: PathBuf,
        /// Name and tag, such as runner:dev
        name: String,
        /// The Dockerfile, when it is not in the folder
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Run kubectl against the cluster
    #[command(disable_help_flag = true)]
    Kubectl {
        /// Arguments of kubectl
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run helm against the cluster
    #[command(disable_help_flag = true)]
    Helm {
        /// Arguments of helm
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install the Debian packages that something needs beside the cluster
    Packages {
        /// What needs them
        purpose: Purpose,
    },
    /// Stop the cluster and remove everything that is kept: engines, images, state
    Purge,
}

/// What Debian packages are for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Purpose {
    /// The tests without a cluster
    Tests,
    /// The images of the examples' tools
    Images,
}

fn main() -> ExitCode {
    let outcome = Cluster::from_env().and_then(|cluster| run(&cluster, Arguments::parse().command));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(next) = cause {
                eprintln!("  because {next}");
                cause = next.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cluster: &Cluster, action: Action) -> Result<ExitCode, ClusterError> {
    let progress = Progress::shown();
    match action {
        Action::Up { verbose, durable, with } => up(cluster, Settings { durable }, &with, verbose, &progress)?,
        Action::Down { only } => down(cluster, &only, &progress)?,
        Action::Status => return status(cluster),
        Action::Kubeconfig => println!("{}", cluster.kubeconfig().display()),
        Action::Build { with } => cluster.build(&with, &progress)?,
        Action::Gitea => {
            println!("{}", serde_json::to_string(&cluster.gitea()?).expect("an account is plain data"));
        }
        Action::Path => println!("{}", cluster.bin().display()),
        Action::Image { context, name, file } => {
            println!("{}", cluster.image(&context, &name, file.as_deref())?.reference);
        }
        Action::Kubectl { arguments } => return become_program(cluster, cluster.kubectl(), &arguments),
        Action::Helm { arguments } => return become_program(cluster, cluster.helm(), &arguments),
        Action::Packages { purpose: Purpose::Tests } => install_test_packages(&progress)?,
        Action::Packages { purpose: Purpose::Images } => install_image_packages(&progress)?,
        Action::Purge => cluster.purge(&progress)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that a foreign cluster is used, when one is named.
fn say_foreign(foreign: &Path) {
    eprintln!("using the cluster of {KUBECONFIG_ENV}={}; nothing to do", foreign.display());
}

fn up(
    cluster: &Cluster,
    settings: Settings,
    with: &[Addon],
    verbose: bool,
    progress: &Progress,
) -> Result<(), ClusterError> {
    if let Some(foreign) = cluster.foreign().filter(|_| with.is_empty()) {
        say_foreign(foreign);
        return Ok(());
    }
    match cluster.up(settings, with, progress)? {
        Outcome::AlreadyUp => progress.say("the cluster is up and healthy"),
        Outcome::Repaired => progress.say("the cluster is healthy again"),
        Outcome::Extended => progress.say("the cluster is up and healthy, add-ons were started"),
        Outcome::Started => progress.say("the cluster is up"),
    }
    progress.say(&format!("export KUBECONFIG={}", cluster.kubeconfig().display()));
    if verbose {
        progress.say(&format!("logs are in {}", cluster.layout().logs().display()));
        progress.say(&format!("programs are in {}", cluster.bin().display()));
    }
    Ok(())
}

fn down(cluster: &Cluster, only: &[Addon], progress: &Progress) -> Result<(), ClusterError> {
    if let Some(foreign) = cluster.foreign() {
        say_foreign(foreign);
        return Ok(());
    }
    if !only.is_empty() {
        return cluster.detach(only, progress);
    }
    cluster.down(progress)?;
    progress.say("the cluster is down, nothing is left");
    Ok(())
}

fn status(cluster: &Cluster) -> Result<ExitCode, ClusterError> {
    if let Some(foreign) = cluster.foreign() {
        say_foreign(foreign);
        return Ok(ExitCode::SUCCESS);
    }
    let status = cluster.status()?;
    if status.running() {
        print_components(&status);
        return Ok(if status.healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if status.leftovers.is_empty() {
        println!("no cluster is running, nothing is left");
        return Ok(ExitCode::SUCCESS);
    }
    println!("no cluster is running, but something is left (`devcluster down` removes it):");
    for leftover in &status.leftovers {
        println!("  {leftover}");
    }
    Ok(ExitCode::FAILURE)
}

fn print_components(status: &Status) {
    for component in status.components.iter().chain(&status.addons) {
        let pid = component.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let state = match (component.life, component.ready) {
            (Life::Running, true) => "ready",
            (Life::Running, false) => "not ready",
            (Life::Frozen, _) => "frozen",
            (Life::Gone, _) => "dead",
        };
        println!("{:<30} {pid:>8}  {state}", component.name);
    }
    let yes = |is: bool, good: &'static str, bad: &'static str| if is { good } else { bad };
    println!("{:<30} {:>8}  {}", "node", "", yes(status.node_ready, "takes pods", "not ready"));
    println!("{:<30} {:>8}  {}", "service kube-dns", "", yes(status.dns_answers, "answers", "silent"));
}

/// Replaces this process, so that signals, terminal and exit code are the program's own.
fn become_program(cluster: &Cluster, program: PathBuf, arguments: &[String]) -> Result<ExitCode, ClusterError> {
    let error = cluster.command(&program).args(arguments).exec();
    Err(ClusterError::Run(program, error))
}
