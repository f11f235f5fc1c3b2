//! Images and users as they are: nothing in them, a shell elsewhere, nobody by
//! name, nothing to be written, and no more memory.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use assay_protocol::Section;
use assay_protocol::control::{Ending, Go, Stop};
use assay_protocol::frame::Stream;

use crate::container::Container;
use crate::pod::{Pod, RUNNER, wait_for};

const USER: &str = "54321";

/// A pod whose folder is the root of an image with nothing in it but the runner.
fn image() -> Pod {
    let mut pod = Pod::new(1);
    copy(Path::new(RUNNER), &pod.path().join("assay-runner"));
    std::fs::create_dir(pod.path().join("control")).unwrap();
    // Every container has one; for reading nothing from it, an empty file will do.
    std::fs::create_dir(pod.path().join("dev")).unwrap();
    std::fs::write(pod.path().join("dev/null"), "").unwrap();
    for folder in ["control", "data"] {
        std::fs::set_permissions(pod.path().join(folder), Permissions::from_mode(0o777)).unwrap();
    }
    pod.plan.workspace = "/data".into();
    pod
}

/// By another process: one that is forked here meanwhile would hold the copy open for writing.
fn copy(program: &Path, to: &Path) {
    assert!(Command::new("cp").arg(program).arg(to).status().unwrap().success());
}

/// Runs the step container in it: as a user without a name, who may not write to its root.
fn start(pod: Pod) -> Container {
    let root = pod.path().to_owned();
    std::fs::write(root.join("plan.json"), serde_json::to_vec(&pod.plan).unwrap()).unwrap();
    std::fs::set_permissions(&root, Permissions::from_mode(0o555)).unwrap();
    let tool =
        |name: &str| ["/usr/sbin", "/usr/bin"].map(|dir| Path::new(dir).join(name)).into_iter().find(|it| it.exists());
    let chroot = tool("chroot").unwrap();
    let mut command;
    if rustix::process::getuid().is_root() {
        command = Command::new(chroot);
        command.arg(format!("--userspec={USER}:{USER}"));
    } else {
        command = Command::new(tool("unshare").unwrap());
        command.arg("--map-root-user").arg(chroot);
    }
    let output = std::fs::File::create(root.join("step-0")).unwrap();
    let child = command
        .arg(&root)
        .args(["/assay-runner", "step", "0"])
        .env_clear()
        .env("PATH", "/busybox:/nowhere")
        .env("ASSAY_CONTROL_DIR", "/control")
        .env("ASSAY_PLAN_FILE", "/plan.json")
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    Container { pod, child }
}

#[test]
fn an_image_without_a_shell_runs_programs() {
    let mut pod = image();
    pod.program(Section::Steps, 0, &["/assay-runner", "version"]);
    pod.shell(Section::Steps, 0, "echo no");
    let folder = pod.program(Section::Steps, 0, &["/assay-runner", "version"]);
    folder.action.as_mut().unwrap().working_dir = "/nowhere".into();
    let container = start(pod);
    let program = container.done(0, 1);
    assert_eq!(program.exit_code, Some(0), "{program:?}");
    let shell = container.run(1, 1, &Go::default());
    let message = shell.message.unwrap();
    assert!(message.contains("nor another shell") && message.contains("`run.command`"), "{message}");
    let message = container.run(2, 1, &Go::default()).message.unwrap();
    assert!(message.starts_with("the working directory /nowhere could not be made: "), "{message}");
    let remains = container.dismiss();
    assert!(remains.stdout(0, 0).starts_with("assay-runner "));
}

#[test]
fn a_shell_elsewhere_takes_its_place() {
    let Some(busybox) = static_busybox() else {
        eprintln!("not tried: no static busybox (apt-get install busybox-static)");
        return;
    };
    let mut pod = image();
    std::fs::create_dir(pod.path().join("busybox")).unwrap();
    copy(&busybox, &pod.path().join("busybox/sh"));
    let step = pod.shell(Section::Steps, 0, "echo $HOME; echo x > made");
    step.action.as_mut().unwrap().working_dir = "/data/deep/down".into();
    let container = start(pod);
    let shell = container.done(0, 1);
    assert_eq!(shell.exit_code, Some(0), "{shell:?}");
    let remains = container.dismiss();
    assert_eq!(remains.stdout(0, 0), "/data\n");
    let said = String::from_utf8(remains.printed(0, 0, 1, Stream::Runner)).unwrap();
    assert_eq!(said, "this image has no /bin/sh; /busybox/sh takes its place\n");
    let folder = remains.path().join("data/deep/down");
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o777, "other users work in it too");
}

fn static_busybox() -> Option<PathBuf> {
    let candidates = ["/bin/busybox", "/usr/bin/busybox"].map(PathBuf::from);
    candidates.into_iter().find(|file| std::fs::read(file).is_ok_and(|program| !wants_loader(&program)))
}

/// Whether a program for 64 bits names a loader among its segments.
fn wants_loader(program: &[u8]) -> bool {
    let number = |at: usize, length: usize| {
        program[at..at + length].iter().rev().fold(0usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let (first, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).any(|segment| number(first + segment * size, 4) == 3)
}

/// A control group with little memory; it goes away with this.
struct LittleMemory(PathBuf);

impl LittleMemory {
    /// `None` where groups cannot be made.
    fn new(bytes: u64) -> Option<Self> {
        let name = format!("assay-test-{}", std::process::id());
        for (root, limit, swap) in [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max", "memory.swap.max"),
        ] {
            let group = Path::new(root).join(&name);
            let Ok(()) = std::fs::create_dir(&group) else { continue };
            let group = Self(group);
            if std::fs::write(group.0.join(limit), bytes.to_string()).is_ok() {
                let more = if swap == "memory.swap.max" { 0 } else { bytes };
                let _ = std::fs::write(group.0.join(swap), more.to_string());
                return Some(group);
            }
        }
        None
    }

    /// As a container sees it.
    fn mount(&self, dir: &Path) {
        let link = if self.0.starts_with("/sys/fs/cgroup/memory") { "memory" } else { "." };
        let target = dir.join("cgroup");
        if link == "." {
            std::os::unix::fs::symlink(&self.0, target).unwrap();
        } else {
            std::fs::create_dir(&target).unwrap();
            std::os::unix::fs::symlink(&self.0, target.join(link)).unwrap();
        }
    }

    fn take(&self, child: &Child) {
        std::fs::write(self.0.join("cgroup.procs"), child.id().to_string()).unwrap();
    }
}

impl Drop for LittleMemory {
    fn drop(&mut self) {
        // The last process leaves it a moment after it was waited for.
        for _ in 0..100 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn running_out_of_memory_is_known_at_once() {
    let Some(little) = LittleMemory::new(48 * 1024 * 1024) else {
        eprintln!("not tried: no control group for memory can be made here");
        return;
    };
    let mut pod = Pod::new(1);
    pod.env = vec![("ASSAY_CGROUP_DIR", pod.path().join("cgroup").display().to_string())];
    little.mount(pod.path());
    pod.shell(Section::Steps, 0, "true");
    // A line without an end, which tail keeps in memory.
    pod.shell(Section::Steps, 0, "head -c 300000000 /dev/zero | tail");
    pod.shell(Section::Steps, 0, "head -c 300000000 /dev/zero | tail; echo on");
    pod.plan.steps[2].action.as_mut().unwrap().argv.remove(1);
    pod.shell(Section::Steps, 0, "exit 137");
    let container = Container::start(pod);
    assert!(!container.done(0, 1).out_of_memory);
    little.take(&container.child);
    let killed = container.run(1, 1, &Go::default());
    assert_eq!((killed.ending, killed.out_of_memory), (Ending::Exited, true), "{killed:?}");
    let survived = container.run(2, 1, &Go::default());
    assert_eq!((survived.exit_code, survived.out_of_memory), (Some(0), false), "{survived:?}");
    let other = container.run(3, 1, &Go::default());
    assert_eq!((other.exit_code, other.out_of_memory), (Some(137), false));
    let remains = container.dismiss();
    for step in [1, 2] {
        let said = String::from_utf8(remains.printed(0, step, 1, Stream::Runner)).unwrap();
        assert!(said.contains("the memory limit of its container was reached"), "{said}");
    }
}

#[test]
fn the_first_process_of_a_container_reaps_and_stops_what_it_is_left_with() {
    let mut unshare = vec!["--pid", "--fork", "--kill-child", "--mount-proc"];
    if !rustix::process::getuid().is_root() {
        unshare.push("--map-root-user");
    }
    if !Command::new("unshare").args(&unshare).arg("true").status().is_ok_and(|status| status.success()) {
        eprintln!("not tried: no process can be the first of its own here");
        return;
    }
    let mut pod = Pod::new(1);
    pod.shell(Section::Steps, 0, "echo $PPID; for i in 1 2 3 4 5; do (sleep 0.1 >/dev/null 2>&1 &) ; done");
    pod.shell(Section::Steps, 0, "while cat /proc/[0-9]*/stat | grep ') Z '; do sleep 0.1; done; echo reaped");
    pod.shell(Section::Steps, 0, "trap 'exit 7' TERM; echo x > begun; while true; do sleep 0.05; done");
    // However busy the machine is, the shell gets to its trap.
    pod.env = vec![("ASSAY_KILL_GRACE_SECONDS", "60".into())];
    let runner = pod.command(&["step", "0"]);
    let mut command = Command::new("unshare");
    command.args(&unshare).arg(runner.get_program()).args(runner.get_args());
    command.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let container = Container { pod, child };
    container.done(0, 1);
    container.run(1, 1, &Go::default());
    container.begin(2, 1);
    wait_for(&container.pod.path().join("data/begun"));
    container.stop(2, 1, Stop::BlockTimeout);
    let stopped = container.done(2, 1);
    assert_eq!((stopped.ending, stopped.exit_code), (Ending::Stopped, Some(7)));
    std::fs::write(container.pod.path().join("step-0"), "").unwrap();
    let remains = container.dismiss();
    // One that has just ended may be seen before it is reaped.
    let (first, second) = (remains.stdout(0, 0), remains.stdout(0, 1));
    assert_eq!((first.trim(), second.lines().last().unwrap()), ("1", "reaped"));
}

#[test]
fn a_script_on_a_volume_without_programs_is_explained() {
    let mut unshare = vec!["--mount"];
    if !rustix::process::getuid().is_root() {
        unshare.push("--map-root-user");
    }
    if !Command::new("unshare").args(&unshare).arg("true").status().is_ok_and(|status| status.success()) {
        eprintln!("not tried: nothing can be mounted here");
        return;
    }
    let mut pod = Pod::new(1);
    let script = format!("{}/run.sh", pod.plan.workspace);
    pod.program(Section::Steps, 0, &[&script]);
    let runner = pod.command(&["step", "0"]);
    let mount =
        "mount -t tmpfs -o noexec tmpfs \"$1\" && printf '#!/bin/sh\\n' > \"$1/run.sh\" && chmod 755 \"$1/run.sh\"";
    let mut command = Command::new("unshare");
    command.args(&unshare).args([
        "/bin/sh",
        "-c",
        &format!("{mount} && shift && exec \"$@\""),
        "sh",
        &pod.plan.workspace,
    ]);
    command.arg(runner.get_program()).args(runner.get_args());
    command.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = command.spawn().unwrap();
    let container = Container { pod, child };
    let message = container.done(0, 1).message.unwrap();
    assert!(message.contains("mounted noexec"), "{message}");
    std::fs::write(container.pod.path().join("step-0"), "").unwrap();
    container.dismiss();
}
