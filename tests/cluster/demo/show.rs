//! Showing commands and what they print, as if somebody typed them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use assay_cluster_tests::Tool;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RESET: &str = "\u{1b}[0m";

/// A heading.
pub fn heading(text: &str) {
    anstream::println!("\n{BOLD}{text}{RESET}");
}

/// Runs a command, showing it and its output as it comes; gives its exit code.
pub fn typed(tool: &Tool, name: &str, arguments: &[&str]) -> assay_cluster_tests::Outcome<i32> {
    anstream::println!("{DIM}$ {name} {}{RESET}", arguments.join(" "));
    let mut child = tool.command(arguments).stdout(Stdio::piped()).spawn()?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            anstream::println!("{}", line?);
        }
    }
    Ok(child.wait()?.code().unwrap_or(-1))
}

/// Runs something that takes a while: says what, and how long it took.
pub fn timed<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let started = Instant::now();
    anstream::eprintln!("  {what} ...");
    let done = work()?;
    anstream::eprintln!("  {what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(done)
}
