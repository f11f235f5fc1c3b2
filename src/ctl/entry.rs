//! From arguments to an exit code.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};
use clap_complete::CompleteEnv;

use crate::args::{Args, Command};
use crate::commands::completion::{VARIABLE, completion, for_kubectl};
use crate::commands::{
    artifacts, cancel, describe, doctor, explain, gate, gates, get, logs, pause, render, report, rerun, resume,
    rollback, run as start, validate,
};
use crate::exit;
use crate::failure::Failure;
use crate::output::screen::{Screen, paint};
use crate::place::Place;
use crate::program;
use crate::reference::reference;

/// Runs the program with its arguments, its own name first, and gives its exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let plugin = program::is_plugin(arguments.first().map(OsString::as_os_str));
    program::remember(plugin);
    if let Some(code) = completed(&arguments, plugin) {
        return code;
    }
    let args = match parse(arguments, plugin) {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::PASSED };
            // Where even this cannot be printed there is nobody to tell.
            let _ = error.print();
            return code;
        }
    };
    let mut screen = Screen::standard(args.global.colours());
    let place = Place::from(args.global);
    let ended = perform(&place, args.command, &mut screen);
    match ended.and_then(|code| screen.flush().map(|()| code).map_err(Failure::from)) {
        Ok(code) => code,
        Err(failure) => {
            // Whoever does not listen any more is not told why it ended.
            if !failure.message.is_empty() {
                let _ = screen.note(&format!("{} {failure}", paint::red("error:")));
            }
            if let Some(hint) = &failure.hint {
                let _ = screen.note(&format!("{} {hint}", paint::dim("hint:")));
            }
            failure.code
        }
    }
}

/// The command as it is called: as a plugin of kubectl its usage says `kubectl assay`.
fn command(plugin: bool) -> clap::Command {
    let command = Args::command();
    if plugin { command.name("kubectl-assay").bin_name("kubectl assay") } else { command.bin_name("assay") }
}

fn parse(arguments: Vec<OsString>, plugin: bool) -> Result<Args, clap::Error> {
    let mut matches = command(plugin).try_get_matches_from(arguments)?;
    Args::from_arg_matches_mut(&mut matches)
}

/// Answers a shell that asks for completions; `None` when none asks.
fn completed(arguments: &[OsString], plugin: bool) -> Option<u8> {
    std::env::var_os(VARIABLE)?;
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(|| command(plugin)).var(VARIABLE);
    match asked.try_complete(arguments.iter().cloned(), folder.as_deref()) {
        Ok(true) => Some(exit::PASSED),
        Ok(false) => None,
        // A shell shows no errors while somebody types.
        Err(_) => Some(exit::USAGE),
    }
}

/// Commands that need no cluster; the others are given back.
fn offline(place: &Place, command: Command, screen: &mut Screen) -> Result<Result<u8, Command>, Failure> {
    let code = match command {
        Command::Validate(task) if !task.is_online() => validate::offline(&task, screen)?,
        Command::Render(task) => render::render(place, &task, screen)?,
        Command::Explain(task) if task.is_offline() => explain::offline(place, &task, screen)?,
        Command::Report(task) if task.is_offline() => report::offline(task, screen)?,
        Command::Completion(task) => completion(&task, screen)?,
        Command::CompleteForKubectl { typed } => for_kubectl(&mut self::command(true), &typed, screen)?,
        Command::Reference => {
            screen.data(&reference())?;
            exit::PASSED
        }
        Command::Version => {
            screen.line(&format!("assay {}", env!("CARGO_PKG_VERSION")))?;
            exit::PASSED
        }
        other => return Ok(Err(other)),
    };
    Ok(Ok(code))
}

fn perform(place: &Place, command: Command, screen: &mut Screen) -> Result<u8, Failure> {
    let command = match offline(place, command, screen)? {
        Ok(code) => return Ok(code),
        Err(command) => command,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(online(place, command, screen));
    // A plugin that hangs must not hold the end up.
    runtime.shutdown_background();
    code
}

async fn online(place: &Place, command: Command, screen: &mut Screen) -> Result<u8, Failure> {
    match command {
        Command::Run(task) => start::run(place, *task, screen).await,
        Command::Rerun(task) => rerun::rerun(place, *task, screen).await,
        Command::Cancel(task) => cancel::cancel(place, task, screen).await,
        Command::Pause(task) => pause::pause(place, task, screen).await,
        Command::Resume(task) => resume::resume(place, task, screen).await,
        Command::Gates(task) => gates::gates(place, task, screen).await,
        Command::Gate(task) => gate::gate(place, task, screen).await,
        Command::Rollback(task) => rollback::rollback(place, task, screen).await,
        Command::Get(task) => get::get(place, task, screen).await,
        Command::Describe(task) => describe::describe(place, task, screen).await,
        Command::Logs(task) => logs::logs(place, task, screen).await,
        Command::Artifacts(task) => artifacts::artifacts(place, task, screen).await,
        Command::Report(task) => report::report(place, task, screen).await,
        Command::Validate(task) => validate::online(place, &task, screen).await,
        Command::Explain(task) => explain::online(place, &task, screen).await,
        Command::Doctor(task) => doctor::doctor(place, task, screen).await,
        // Answered without a cluster.
        Command::Render(_)
        | Command::Completion(_)
        | Command::CompleteForKubectl { .. }
        | Command::Reference
        | Command::Version => Ok(exit::PASSED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(name: &str) -> String {
        let plugin = program::is_plugin(Some(name.as_ref()));
        parse(vec![name.into(), "run".into()], plugin).expect_err("nothing to run").to_string()
    }

    #[test]
    fn it_answers_by_the_name_it_is_called_by() {
        assert!(usage("/usr/bin/kubectl-assay").contains("Usage: kubectl assay run"), "{}", usage("kubectl-assay"));
        assert!(usage("assay").contains("Usage: assay run"), "{}", usage("assay"));
    }

    #[test]
    fn a_cluster_that_is_not_there_is_never_a_success() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        let config = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
            contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n";
        std::fs::write(&file, config).expect("a file");
        for command in [
            vec!["get"],
            vec!["run", "x", "--wait"],
            vec!["rerun", "x", "--wait"],
            vec!["logs", "x", "-f"],
            vec!["describe", "x"],
            vec!["cancel", "x"],
            vec!["pause", "x"],
            vec!["resume", "x"],
            vec!["report", "x"],
            vec!["explain", "x"],
            vec!["gates"],
            vec!["gate", "describe", "x"],
            vec!["gate", "rerun", "x", "--wait"],
            vec!["gate", "wait", "x"],
            vec!["rollback", "ls"],
            vec!["rollback", "explain", "x"],
            vec!["rollback", "approve", "x"],
            vec!["rollback", "pause", "x"],
            vec!["doctor"],
        ] {
            let mut line: Vec<OsString> = vec!["assay".into(), "--kubeconfig".into(), file.clone().into()];
            line.extend(command.iter().map(OsString::from));
            assert_eq!(run(line), exit::UNREACHABLE, "{command:?}");
        }
        let missing = vec!["assay".into(), "--kubeconfig".into(), "/nonexistent".into(), "get".into()];
        assert_eq!(run(missing), exit::UNREACHABLE);
    }
}
