//! `assay-runner`: `lead`, `step GROUP`, `install DIR`, `version`.
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use assay_runner::{Settings, install, leader, step};

const USAGE: &str = "usage: assay-runner lead | step GROUP | install DIR | version";
/// The runner itself broke, which says nothing about the tests.
const BROKEN: u8 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match obey(&words) {
        Ok(code) => code,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::from(BROKEN)
        }
    }
}

fn obey(words: &[&str]) -> Result<ExitCode, Box<dyn Error>> {
    match words {
        ["lead"] => {
            let verdict = leader::lead(&Settings::from_env())?;
            Ok(if verdict.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["step", group] => {
            step::run(&Settings::from_env(), group.parse()?)?;
            Ok(ExitCode::SUCCESS)
        }
        ["install", dir] => {
            install::install(Path::new(dir))?;
            Ok(ExitCode::SUCCESS)
        }
        ["version"] => {
            println!("assay-runner {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

fn complain(error: &dyn Error) {
    let mut text = format!("assay-runner: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    eprintln!("{text}");
}
