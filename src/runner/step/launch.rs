//! Starting a process, and saying in plain words why it could not be started.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assay_protocol::Action;
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::Pid;

/// A larger pipe lets the process print while the runner is busy.
const PIPE_BYTES: usize = 1024 * 1024;

/// A process that runs, at the head of its own process group.
#[derive(Debug)]
pub(super) struct Launched {
    /// Its id, which is also its group's.
    pub(super) pid: Pid,
    /// Reading ends of standard output and standard error.
    pub(super) pipes: [OwnedFd; 2],
    /// What is to be said of it.
    pub(super) remark: Option<String>,
}

/// The shell of `shell` steps.
const SHELL: &str = "/bin/sh";
/// Where images without `/bin/sh` may have one.
const SHELLS: [&str; 6] =
    ["/usr/bin/sh", "/busybox/sh", "/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/bin/ash"];

/// Starts the process of a step.
///
/// # Errors
/// A sentence for people that names the program and what is wrong with the image.
pub(super) fn launch(action: &Action, variables: &[(String, String)]) -> Result<Launched, String> {
    let (program, arguments) = action.argv.split_first().ok_or("the step has nothing to start")?;
    let shell = (program == SHELL && !Path::new(SHELL).exists()).then(|| other_shell(variables)).flatten();
    let program = shell.as_ref().unwrap_or(program);
    let (output, output_end) = pipe().map_err(|error| format!("no pipe could be made: {error}"))?;
    let (errors, errors_end) = pipe().map_err(|error| format!("no pipe could be made: {error}"))?;
    let spawned = Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(&action.working_dir)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output_end)
        .stderr(errors_end)
        .spawn();
    let child = spawned.map_err(|error| explain(program, action, variables, &error))?;
    // The child is never waited for through `Child`: everything is reaped in one place.
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id is positive");
    let remark = shell.map(|shell| format!("this image has no {SHELL}; {shell} takes its place"));
    Ok(Launched { pid, pipes: [output, errors], remark })
}

/// A shell elsewhere in the image: on the search path, or where some images keep it.
fn other_shell(variables: &[(String, String)]) -> Option<String> {
    let path = search_path(variables);
    let on_path = path.split(':').filter(|dir| dir.starts_with('/')).map(|dir| format!("{dir}/sh"));
    let candidates = on_path.chain(SHELLS.map(str::to_owned));
    candidates.into_iter().find(|file| is_executable(Path::new(file)))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reading, writing) = pipe_with(PipeFlags::CLOEXEC)?;
    // Unprivileged users may be refused; the default size works too.
    let _ = fcntl_setpipe_size(&writing, PIPE_BYTES);
    rustix::io::ioctl_fionbio(&reading, true)?;
    Ok((reading, writing))
}

fn explain(program: &str, action: &Action, variables: &[(String, String)], error: &io::Error) -> String {
    let path = search_path(variables);
    let found = find(program, action, &path);
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => match found {
            Some(file) => missing_interpreter(&file),
            None => not_found(program, &path),
        },
        Some(Errno::ACCESS) => match found {
            Some(file) => not_executable(&file),
            None => not_found(program, &path),
        },
        Some(Errno::NOEXEC) => {
            format!(
                "\"{program}\" is not a program for this machine: another architecture, or a script without #! line"
            )
        }
        Some(Errno::TOOBIG) => {
            format!("\"{program}\" could not be started: its arguments and environment are too long")
        }
        _ => format!("\"{program}\" could not be started: {error}"),
    }
}

fn not_executable(file: &Path) -> String {
    let file_name = file.display();
    let on_noexec = statvfs(file).is_ok_and(|volume| volume.f_flag.contains(StatVfsMountFlags::NOEXEC));
    if is_executable(file) && on_noexec {
        return format!("\"{file_name}\" lies on a volume that is mounted noexec: start it by its interpreter");
    }
    format!("\"{file_name}\" exists in this image but may not be executed by this user")
}

fn not_found(program: &str, path: &str) -> String {
    if program == SHELL {
        return format!(
            "\"{SHELL}\" was not found in this image, nor another shell, so `shell` cannot be used with it: \
             name a program of the image with `run.command`, or choose an image with a shell"
        );
    }
    if program.contains('/') {
        return format!("\"{program}\" was not found in this image");
    }
    format!("\"{program}\" was not found in this image (looked in PATH={path})")
}

fn missing_interpreter(file: &Path) -> String {
    let mut head = Vec::new();
    let _ = std::fs::File::open(file).and_then(|open| open.take(256).read_to_end(&mut head));
    let line = head.strip_prefix(b"#!").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
    match line.map(|line| String::from_utf8_lossy(line).trim().to_owned()) {
        Some(interpreter) => {
            format!("\"{}\" was found, but its interpreter \"{interpreter}\" is not in this image", file.display())
        }
        None => format!(
            "\"{}\" was found, but the loader it needs is not in this image (built for another libc?)",
            file.display()
        ),
    }
}

fn search_path(variables: &[(String, String)]) -> String {
    let given = variables.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
    given.or_else(|| std::env::var("PATH").ok()).unwrap_or_else(|| "/bin:/usr/bin".to_owned())
}

fn find(program: &str, action: &Action, path: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let file = Path::new(&action.working_dir).join(program);
        return file.is_file().then_some(file);
    }
    let candidates = path.split(':').map(|dir| Path::new(dir).join(program));
    let files: Vec<PathBuf> = candidates.filter(|file| file.is_file()).collect();
    files.iter().find(|file| is_executable(file)).or(files.first()).cloned()
}
