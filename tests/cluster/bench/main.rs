//! Assay beside what Kubernetes does by itself and what others build of it, on
//! the same cluster, in one run, turn by turn.
//!
//! The clock is one machine's realtime clock: steps print it themselves, and the
//! watcher reads it when an object arrives. Times of the API server are whole
//! seconds and are never used.

mod clock;
mod figures;
mod load;
mod measure;
mod report;
mod sizes;
mod subjects;
mod watch;
mod writes;

use std::process::ExitCode;

use assay_cluster_tests::Place;
use clap::Parser;

use crate::figures::{Findings, Memory};
use crate::measure::Bench;

/// Measures Assay beside its peers on the cluster of `KUBECONFIG`, which nobody else may use meanwhile.
#[derive(Parser)]
struct Arguments {
    /// Rounds: each runs every subject once.
    #[arg(short, long, default_value_t = 30)]
    rounds: u32,
    /// Rounds of much output and of many files.
    #[arg(short, long, default_value_t = 5)]
    loads: u32,
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
    let bench = Bench::open(&place)?;
    let mut memory = Memory::default();
    let samples = bench.rounds(arguments.rounds)?;
    anstream::eprintln!("much output, many files, memory, writes ...");
    load::waiting(&bench, &mut memory)?;
    let ingest = load::ingest(&bench, arguments.loads, &mut memory)?;
    let artifacts = load::artifacts(&bench, arguments.loads)?;
    let writes = writes::count(&bench)?;
    let findings = Findings { samples, ingest, artifacts, memory, writes, sizes: sizes::all(&place)? };
    let file = report::keep(&place, &findings)?;
    anstream::println!("{}\neverything is kept in {}", report::tables(&findings), file.display());
    Ok(())
}
