//! The executable `assay`, also installed as `kubectl-assay`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    ExitCode::from(assay_ctl::run(std::env::args_os().collect()))
}
