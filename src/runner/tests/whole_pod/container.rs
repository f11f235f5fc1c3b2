//! One step container without a leader: the test writes the leader's words.

use std::path::PathBuf;
use std::process::Child;

use assay_protocol::control::{Done, Go, Stop, attempt_file};

use crate::pod::{Pod, Remains, finish, wait_for};

/// A running step container of group 0.
pub struct Container {
    pub pod: Pod,
    pub child: Child,
}

impl Container {
    pub fn start(pod: Pod) -> Self {
        let child = pod.process(&["step", "0"]);
        Self { pod, child }
    }

    fn control(&self, name: &str) -> PathBuf {
        self.pod.path().join("control/g0").join(name)
    }

    /// A file that appears whole.
    fn publish(&self, name: &str, bytes: &[u8]) {
        let half = self.pod.path().join("half");
        std::fs::write(&half, bytes).expect("a file");
        wait_for(&self.control("ready"));
        std::fs::rename(half, self.control(name)).expect("the control folder");
    }

    /// Lets it run an attempt and waits for its end.
    pub fn run(&self, step: u16, attempt: u32, go: &Go) -> Done {
        self.publish(&attempt_file("go", step, attempt), &serde_json::to_vec(go).expect("plain data"));
        self.done(step, attempt)
    }

    /// Ends an attempt.
    pub fn stop(&self, step: u16, attempt: u32, why: Stop) {
        self.publish(&attempt_file("stop", step, attempt), &serde_json::to_vec(&why).expect("plain data"));
    }

    /// Lets it begin an attempt.
    pub fn begin(&self, step: u16, attempt: u32) {
        self.publish(&attempt_file("go", step, attempt), b"");
    }

    /// The end of an attempt.
    pub fn done(&self, step: u16, attempt: u32) -> Done {
        let file = self.control(&attempt_file("done", step, attempt));
        wait_for(&file);
        serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("a done")
    }

    /// Sends it home.
    pub fn dismiss(mut self) -> Remains {
        self.publish("exit", b"");
        assert_eq!(finish(&mut self.child), Some(0));
        self.pod.remains()
    }
}
