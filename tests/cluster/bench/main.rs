//! Assay beside a raw Job, on the same cluster, in one run, turn by turn.
//!
//! The clock is one machine's realtime clock: steps print it themselves, and the
//! watcher reads it when an object arrives. Times of the API server are whole
//! seconds and are never used.

mod figures;
mod measure;
mod report;
mod subjects;
mod watch;

use std::process::ExitCode;

use assay_cluster_tests::Place;
use clap::Parser;

/// Measures Assay beside a raw Job on the cluster of `KUBECONFIG`.
#[derive(Parser)]
struct Arguments {
    /// Rounds: each runs every subject once.
    #[arg(short, long, default_value_t = 20)]
    rounds: u32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let place = Place::from_environment()?;
    let samples = measure::all(&place, arguments.rounds)?;
    report::keep(&place, &samples)?;
    anstream::println!("{}", report::table(&samples));
    Ok(())
}
