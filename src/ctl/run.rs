//! From arguments to an exit code.

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches};

use crate::args::Args;
use crate::failure::Failure;
use crate::meant::{Meant, Task, colours, meant};
use crate::screen::{Screen, paint};
use crate::{artifacts, describe, exit, get, logs, render, report, start, validate};

/// Runs the program with its arguments, its own name first, and gives its exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let args = match parse(arguments) {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::PASSED };
            // Where even this cannot be printed there is nobody to tell.
            let _ = error.print();
            return code;
        }
    };
    let mut screen = Screen::standard(colours(&args));
    let ended = meant(args).and_then(|meant| perform(meant, &mut screen));
    match ended.and_then(|code| screen.flush().map(|()| code).map_err(Failure::from)) {
        Ok(code) => code,
        Err(failure) => {
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

/// As a plugin of kubectl the program is called `kubectl assay`, and its usage says so.
fn parse(arguments: Vec<OsString>) -> Result<Args, clap::Error> {
    let called = arguments.first().and_then(|name| Path::new(name).file_stem()).and_then(|stem| stem.to_str());
    let plugin = called.is_some_and(|name| name == "kubectl-assay");
    let command = Args::command();
    let command =
        if plugin { command.name("kubectl-assay").bin_name("kubectl assay") } else { command.bin_name("assay") };
    let mut matches = command.try_get_matches_from(arguments)?;
    Args::from_arg_matches_mut(&mut matches)
}

fn perform(meant: Meant, screen: &mut Screen) -> Result<u8, Failure> {
    match meant.task {
        Task::Validate { files } => return validate::validate(&files, screen),
        Task::Render(task) => return render::render(&meant.place, task, screen),
        Task::Version => {
            screen.line(&format!("assay {}", env!("CARGO_PKG_VERSION")))?;
            return Ok(exit::PASSED);
        }
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(online(meant, screen));
    // A plugin that hangs must not hold the end up.
    runtime.shutdown_background();
    code
}

async fn online(meant: Meant, screen: &mut Screen) -> Result<u8, Failure> {
    let place = &meant.place;
    match meant.task {
        Task::Run(task) => start::run(place, task, screen).await,
        Task::Get { what, output } => get::get(place, &what, output, screen).await,
        Task::Describe { name } => describe::describe(place, &name, screen).await,
        Task::Logs { name, step, follow, timestamps } => {
            let wish = logs::Wish { name: &name, step: step.as_deref(), follow, timestamps };
            logs::logs(place, &wish, screen).await
        }
        Task::ListArtifacts { name } => artifacts::list(place, &name, screen).await,
        Task::GetArtifacts { name, paths, directory } => artifacts::get(place, &name, &paths, &directory, screen).await,
        Task::Report { name, output } => report::report(place, &name, output, screen).await,
        // Answered without a cluster.
        Task::Validate { .. } | Task::Render(_) | Task::Version => Ok(exit::PASSED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(name: &str) -> String {
        parse(vec![name.into(), "run".into()]).expect_err("nothing to run").to_string()
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
        for command in [vec!["get"], vec!["run", "x", "--wait"], vec!["logs", "x", "-f"], vec!["describe", "x"]] {
            let mut line: Vec<OsString> = vec!["assay".into(), "--kubeconfig".into(), file.clone().into()];
            line.extend(command.iter().map(OsString::from));
            assert_eq!(run(line), exit::UNREACHABLE, "{command:?}");
        }
        let missing = vec!["assay".into(), "--kubeconfig".into(), "/nonexistent".into(), "get".into()];
        assert_eq!(run(missing), exit::UNREACHABLE);
    }
}
