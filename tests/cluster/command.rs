//! Running a program as a person would, and keeping what it said.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program with its environment, ready to be given arguments.
#[derive(Clone, Debug)]
pub struct Tool {
    program: OsString,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
}

/// What a program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Why a program gave no good answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start `{0}`")]
    Start(String, #[source] std::io::Error),
    /// It answered with a code other than 0.
    #[error("`{0}` ended with {1}:\n{2}")]
    Failed(String, i32, String),
}

impl Tool {
    /// A program by name.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { program: program.as_ref().to_owned(), environment: Vec::new(), folder: None }
    }

    /// With an environment value.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Started in a folder.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs it; any exit code is an answer.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn answer<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Result<Output, CommandError> {
        self.answer_to(arguments, "")
    }

    /// Runs it with something on its standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn answer_to<I: AsRef<OsStr>>(&self, arguments: &[I], input: &str) -> Result<Output, CommandError> {
        let line = self.line(arguments);
        let started = |source| CommandError::Start(line.clone(), source);
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(started)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input closes the pipe; that is its right.
            stdin.write_all(input.as_bytes()).ok();
        }
        let output = child.wait_with_output().map_err(started)?;
        Ok(Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs it and wants success; gives its standard output.
    ///
    /// # Errors
    /// When it cannot be started or ends with another code than 0.
    pub fn run<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Result<String, CommandError> {
        self.run_with(arguments, "")
    }

    /// Like [`Self::run`], with something on standard input.
    ///
    /// # Errors
    /// When it cannot be started or ends with another code than 0.
    pub fn run_with<I: AsRef<OsStr>>(&self, arguments: &[I], input: &str) -> Result<String, CommandError> {
        let output = self.answer_to(arguments, input)?;
        match output.code {
            0 => Ok(output.stdout),
            code => Err(CommandError::Failed(self.line(arguments), code, output.stdout + &output.stderr)),
        }
    }

    /// The command itself, for callers that want to watch it while it runs.
    pub fn command<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn line<I: AsRef<OsStr>>(&self, arguments: &[I]) -> String {
        let mut line = self.program.to_string_lossy().into_owned();
        for argument in arguments {
            line.push(' ');
            line.push_str(&argument.as_ref().to_string_lossy());
        }
        line
    }
}

/// Between two questions there is at least this, and at most [`LONGEST_PAUSE`]: whoever asks by a program of their own
/// takes the processor away from what they wait for.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
/// Between two questions there is at most this.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Asks until there is an answer or the time is over, at first often and then less so.
pub fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 5 / 4).min(LONGEST_PAUSE);
    }
}
