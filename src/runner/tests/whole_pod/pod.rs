//! A pod without a cluster: the real binary as leader and as step containers,
//! meeting in a folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use assay_protocol::control::{Done, group_dir};
use assay_protocol::frame::{self, Stream};
use assay_protocol::{
    Action, ArtifactRule, Block, Condition, ExecutionIdentity, Group, Instruction, PROTOCOL_VERSION, PlanDocument,
    RetryRule, Seal, Section,
};
use tempfile::TempDir;

pub const RUNNER: &str = env!("CARGO_BIN_EXE_assay-runner");
/// No test takes so long unless something hangs.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A pod that is to run.
pub struct Pod {
    dir: TempDir,
    pub plan: PlanDocument,
    pub env: Vec<(&'static str, String)>,
}

/// What is left of it.
pub struct Remains {
    seal: Option<Seal>,
    pub leader_code: Option<i32>,
    pub step_codes: Vec<Option<i32>>,
    pub leader_output: String,
    pub step_outputs: Vec<String>,
    dir: TempDir,
}

/// The processes of a pod.
pub struct Running {
    pub leader: Child,
    pub steps: Vec<Child>,
    dir: TempDir,
}

impl Pod {
    pub fn new(groups: u16) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("data")).expect("a folder");
        let group = |number| Group {
            container: format!("group-{number}"),
            secrets: vec![],
            secret_prefixes: vec![],
            secret_files: vec![],
        };
        let plan = PlanDocument {
            version: PROTOCOL_VERSION,
            execution: ExecutionIdentity {
                namespace: "team-a".into(),
                name: "demo-1".into(),
                uid: "uid-1".into(),
                workflow: "demo".into(),
                attempt: 1,
                revision: Some("abc".into()),
            },
            server: None,
            groups: (0..groups).map(group).collect(),
            steps: vec![],
            blocks: vec![],
            files: vec![],
            workspace: dir.path().join("data").display().to_string(),
            timeout_ms: 600_000,
            after_grace_ms: 10_000,
            pause_ms: 60_000,
        };
        Self { dir, plan, env: vec![] }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Adds a step that runs a script; answers it for changes.
    pub fn shell(&mut self, section: Section, group: u16, script: &str) -> &mut Instruction {
        self.program(section, group, &["/bin/sh", "-e", "-c", script])
    }

    /// Adds a step that runs a program.
    pub fn program(&mut self, section: Section, group: u16, argv: &[&str]) -> &mut Instruction {
        let index = u16::try_from(self.plan.steps.len()).expect("few");
        let action = Action {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: vec![],
            working_dir: self.plan.workspace.clone(),
            display: argv.join(" "),
            dynamic: false,
            needs: vec![],
        };
        self.plan.steps.push(Instruction {
            index,
            id: format!("step-{index}"),
            name: format!("step {index}"),
            section,
            block: None,
            group,
            condition: if section == Section::After { Condition::Always } else { Condition::Passed },
            action: Some(action),
            artifacts: None,
            retry: RetryRule { attempts: 1, delay_ms: 0, until: None },
            timeout_ms: None,
            optional: false,
            negative: false,
            delay_ms: 0,
            paused: false,
            fetches: false,
            files: vec![],
        });
        self.plan.steps.last_mut().expect("just added")
    }

    /// Adds a block around the last `steps` steps; answers it for changes.
    pub fn block(&mut self, steps: usize) -> &mut Block {
        let index = u16::try_from(self.plan.blocks.len()).expect("few");
        let first = self.plan.steps.len() - steps;
        for step in &mut self.plan.steps[first..] {
            step.block = Some(index);
        }
        self.plan.blocks.push(Block {
            index,
            id: format!("block_{index}"),
            name: format!("block {index}"),
            section: self.plan.steps[first].section,
            parent: None,
            condition: Condition::Passed,
            retry: RetryRule { attempts: 1, delay_ms: 0, until: None },
            timeout_ms: None,
            optional: false,
            negative: false,
            delay_ms: 0,
            paused: false,
        });
        self.plan.blocks.last_mut().expect("just added")
    }

    /// What a step collects, below the workspace.
    pub fn rule(&self, paths: &[&str]) -> Option<ArtifactRule> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Some(ArtifactRule { paths, working_dir: self.plan.workspace.clone() })
    }

    /// A process of the pod.
    pub fn process(&self, words: &[&str]) -> Child {
        // Files, as pipes that nobody reads would fill up.
        let output = File::create(self.dir.path().join(words.join("-"))).expect("a file");
        let mut command = self.command(words);
        command.stdout(output.try_clone().expect("a file")).stderr(output).spawn().expect("the runner starts")
    }

    /// The runner with its surroundings.
    pub fn command(&self, words: &[&str]) -> Command {
        let root = self.dir.path();
        if !root.join("plan.json").exists() {
            let plan = serde_json::to_vec(&self.plan).expect("plain data");
            std::fs::write(root.join("plan.json"), plan).expect("the plan");
        }
        let mut command = Command::new(RUNNER);
        command
            .args(words)
            .env("ASSAY_CONTROL_DIR", root.join("control"))
            .env("ASSAY_PLAN_FILE", root.join("plan.json"))
            .env("ASSAY_TOKEN_FILE", root.join("token"))
            .env("ASSAY_TERMINATION_LOG", root.join("seal"))
            .env("ASSAY_KILL_GRACE_SECONDS", "0.3")
            .env("ASSAY_DELIVERY_SECONDS", "20")
            .envs(self.env.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Starts everything, the first step container first.
    pub fn start(self) -> Running {
        let group = |number: usize| self.process(&["step", &number.to_string()]);
        let mut steps = vec![group(0)];
        let leader = self.process(&["lead"]);
        steps.extend((1..self.plan.groups.len()).map(group));
        Running { leader, steps, dir: self.dir }
    }

    pub fn run(self) -> Remains {
        self.start().wait()
    }

    /// What a step container without a leader left.
    pub fn remains(self) -> Remains {
        let output = std::fs::read(self.dir.path().join("step-0")).expect("text");
        let step_outputs = vec![String::from_utf8_lossy(&output).into_owned()];
        Remains {
            seal: None,
            leader_code: None,
            step_codes: vec![],
            leader_output: String::new(),
            step_outputs,
            dir: self.dir,
        }
    }
}

impl Running {
    /// The pod is being deleted.
    pub fn terminate(&self) {
        for child in std::iter::once(&self.leader).chain(&self.steps) {
            let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub fn wait(mut self) -> Remains {
        let printed = |name: &str| std::fs::read_to_string(self.dir.path().join(name)).expect("text");
        let leader_code = finish(&mut self.leader);
        let step_codes: Vec<_> = self.steps.iter_mut().map(finish).collect();
        let leader_output = printed("lead");
        let step_outputs = (0..step_codes.len()).map(|group| printed(&format!("step-{group}"))).collect();
        let message = std::fs::read_to_string(self.dir.path().join("seal")).expect("a seal");
        let seal = Seal::parse(&message).expect("a seal");
        Remains { seal: Some(seal), leader_code, step_codes, leader_output, step_outputs, dir: self.dir }
    }
}

pub fn finish(child: &mut Child) -> Option<i32> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code();
        }
        if Instant::now() > until {
            let _ = child.kill();
            panic!("a process of the pod hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a file has something in it.
pub fn wait_for(file: &Path) {
    let until = Instant::now() + PATIENCE;
    while std::fs::read(file).unwrap_or_default().is_empty() {
        assert!(Instant::now() < until, "{} does not come", file.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Remains {
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The leader's last word.
    pub fn seal(&self) -> &Seal {
        self.seal.as_ref().expect("there was a leader")
    }

    /// `verdict/Reason: message`.
    pub fn verdict(&self) -> String {
        let outcome = &self.seal().outcome;
        format!("{}/{}: {}", outcome.verdict, outcome.reason, outcome.message)
    }

    pub fn done(&self, group: u16, step: u16, attempt: u32) -> Done {
        let path = self.path().join("control").join(group_dir(group)).join(format!("done-{step}-{attempt}"));
        serde_json::from_slice(&std::fs::read(path).expect("a done file")).expect("a done")
    }

    /// The whole spool of a group, as it would be sent.
    pub fn spool(&self, group: u16) -> Vec<u8> {
        let dir = self.path().join("control").join(group_dir(group)).join("spool");
        let mut names: Vec<_> = std::fs::read_dir(dir).expect("a spool").flatten().map(|entry| entry.path()).collect();
        names.sort();
        let mut bytes = Vec::new();
        for name in names {
            let offset: usize =
                name.file_name().and_then(|name| name.to_str()).expect("a name").parse().expect("an offset");
            assert_eq!(offset, bytes.len(), "segments follow each other");
            bytes.extend(std::fs::read(name).expect("a segment"));
        }
        bytes
    }

    /// What a step printed.
    pub fn printed(&self, group: u16, step: u16, attempt: u16, stream: Stream) -> Vec<u8> {
        printed(&self.spool(group), step, attempt, stream)
    }

    pub fn stdout(&self, group: u16, step: u16) -> String {
        String::from_utf8(self.printed(group, step, 1, Stream::Stdout)).expect("text")
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path().join("data").join(path).exists()
    }
}

/// The payloads of one stream, which must follow each other without a hole.
pub fn printed(mut bytes: &[u8], step: u16, attempt: u16, stream: Stream) -> Vec<u8> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (found, length) = frame::decode(bytes).expect("whole frames only");
        let header = found.header;
        if (header.step, header.attempt, header.stream) == (step, attempt, stream) {
            assert_eq!(header.offset, out.len() as u64, "payloads follow each other");
            out.extend_from_slice(found.payload);
        }
        bytes = &bytes[length..];
    }
    out
}
