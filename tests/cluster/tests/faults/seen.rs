//! Every object of a kind that ever was in a namespace: a second Job that came
//! and went would not be found by looking at the end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use assay_cluster_tests::Place;
use assay_devcluster::Signal;
use rustix::process::{Pid, kill_process};

const COLUMNS: &str = "custom-columns=UID:.metadata.uid,EXECUTION:.metadata.labels.assay\\.dev/execution";

/// A watch that is begun anew whenever it breaks off.
pub(crate) struct Seen {
    watch: Arc<Watch>,
    reader: Option<JoinHandle<()>>,
}

struct Watch {
    place: &'static Place,
    namespace: String,
    kind: &'static str,
    open: AtomicBool,
    pid: Mutex<Option<Pid>>,
    /// Execution by uid of the object.
    objects: Mutex<BTreeMap<String, String>>,
}

impl Seen {
    /// Watches a kind in a namespace.
    pub(crate) fn start(place: &'static Place, namespace: &str, kind: &'static str) -> Self {
        let watch = Arc::new(Watch {
            place,
            namespace: namespace.to_owned(),
            kind,
            open: AtomicBool::new(true),
            pid: Mutex::new(None),
            objects: Mutex::new(BTreeMap::new()),
        });
        let reading = Arc::clone(&watch);
        Self { watch, reader: Some(std::thread::spawn(move || reading.read())) }
    }

    /// How many there ever were of an execution.
    pub(crate) fn of(&self, execution: &str) -> usize {
        let objects = self.watch.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.values().filter(|owner| *owner == execution).count()
    }
}

impl Watch {
    fn read(&self) {
        while self.open.load(Ordering::SeqCst) {
            self.read_once();
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn read_once(&self) {
        let arguments = ["-n", &self.namespace, "get", self.kind, "--watch", "--no-headers", "-o", COLUMNS];
        let mut command = self.place.kubectl().command(&arguments);
        let Ok(mut child) = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else { return };
        let pid = Pid::from_child(&child);
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
        // Whoever closed the watch meanwhile knew of no process to end.
        if !self.open.load(Ordering::SeqCst) {
            child.kill().ok();
        }
        let stdout = child.stdout.take().expect("the output is a pipe");
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let mut words = line.split_whitespace();
            if let (Some(uid), Some(execution)) = (words.next(), words.next()) {
                let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
                objects.insert(uid.to_owned(), execution.to_owned());
            }
        }
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = None;
        child.wait().ok();
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.watch.open.store(false, Ordering::SeqCst);
        if let Some(pid) = *self.watch.pid.lock().unwrap_or_else(PoisonError::into_inner) {
            kill_process(pid, Signal::KILL).ok();
        }
        if let Some(reader) = self.reader.take() {
            reader.join().ok();
        }
    }
}
