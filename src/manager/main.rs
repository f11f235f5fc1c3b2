//! The executable: reads the command line, sets up the process, and prints an
//! error once, with all its causes.

use std::error::Error;
use std::process::ExitCode;

use assay_manager::{Args, Command, check, print_crds, run_all};
use assay_telemetry::error_chain;
use clap::Parser;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("assay-manager: {}", error_chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let all = match args.command {
        Some(Command::Crds(crds)) => return Ok(print_crds(&crds)?),
        Some(Command::Check(checked)) => {
            install_provider()?;
            return Ok(check(&checked).await?);
        }
        Some(Command::Version) => {
            println!("{}", env!("CARGO_PKG_VERSION"));
            return Ok(());
        }
        Some(Command::All(all)) => *all,
        None => args.all,
    };
    install_provider()?;
    assay_telemetry::init(all.log_format, &all.log)?;
    Ok(run_all(&all).await?)
}

/// Only one provider may be installed, and nobody was here before us.
fn install_provider() -> Result<(), &'static str> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| "a TLS provider is installed already")
}
