//! What happens on the cluster, as it happens: one watch per kind for the whole process.
//! Whoever waits is woken by a change, and every change of meaning is kept with its time.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::process::{Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::{Object, Outcome};
use crate::Place;

/// Every kind that is watched: the resource, and the kind of its objects.
const WATCHED: &[(&str, &str)] = &[
    ("applications.argoproj.io", "Application"),
    ("kustomizations.kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("gitrepositories.source.toolkit.fluxcd.io", "GitRepository"),
    ("testgates.assay.dev", "TestGate"),
    ("rollbacks.assay.dev", "Rollback"),
    ("testexecutions.assay.dev", "TestExecution"),
    ("gitwriteaccesses.assay.dev", "GitWriteAccess"),
];
/// Rest before a watch that broke off is begun anew.
const REST: Duration = Duration::from_millis(500);

/// The objects of the cluster as they are now, and what became of them.
pub struct Live {
    place: &'static Place,
    board: Mutex<Board>,
    moved: Condvar,
}

/// What is known at one moment.
#[derive(Default)]
pub struct Board {
    objects: BTreeMap<(String, String, String), Object>,
    moments: Vec<Moment>,
    narrated: Option<String>,
}

/// A change of meaning.
#[derive(Clone, Debug)]
pub struct Moment {
    /// When it was heard of.
    pub at: Timestamp,
    /// Kind of the object.
    pub kind: String,
    /// Its namespace; empty when it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it is now, in a few words.
    pub now: String,
}

impl Live {
    /// The watches of this process; begun at the first call.
    pub fn shared(place: &'static Place) -> &'static Self {
        static LIVE: OnceLock<Live> = OnceLock::new();
        static BEGUN: OnceLock<()> = OnceLock::new();
        let live = LIVE.get_or_init(|| Self { place, board: Mutex::new(Board::default()), moved: Condvar::new() });
        BEGUN.get_or_init(|| {
            for (resource, kind) in WATCHED {
                std::thread::spawn(move || live.watch(resource, kind));
            }
        });
        live
    }

    /// Waits until there is an answer.
    ///
    /// # Errors
    /// When there is none in time.
    pub fn until<T>(&self, what: &str, limit: Duration, mut ask: impl FnMut(&Board) -> Option<T>) -> Outcome<T> {
        let end = Instant::now() + limit;
        let mut board = self.board();
        loop {
            if let Some(answer) = ask(&board) {
                return Ok(answer);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("{what}: not within {} s", limit.as_secs()).into());
            }
            board = self.moved.wait_timeout(board, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks what is known now.
    pub fn now<T>(&self, ask: impl FnOnce(&Board) -> T) -> T {
        ask(&self.board())
    }

    /// Prints every further change of objects whose namespace or name begins so.
    pub fn narrate(&self, begins: &str) {
        self.board().narrated = Some(begins.to_owned());
    }

    /// Prints no more.
    pub fn hush(&self) {
        self.board().narrated = None;
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, resource: &str, kind: &str) {
        loop {
            self.watch_once(resource, kind);
            std::thread::sleep(REST);
        }
    }

    fn watch_once(&self, resource: &str, kind: &str) {
        let kubectl =
            self.place.kubectl().command(&["get", resource, "-A", "--watch", "--output-watch-events", "-o", "json"]);
        // Each of these threads lives as long as the process, and no watch should live longer.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(kubectl.get_program()).args(kubectl.get_args());
        command.envs(kubectl.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let Ok(mut child) = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            return;
        };
        let Some(stdout) = child.stdout.take() else { return };
        let mut fresh = true;
        for event in serde_json::Deserializer::from_reader(BufReader::new(stdout)).into_iter::<Value>() {
            let Ok(mut event) = event else { break };
            let mut board = self.board();
            if std::mem::take(&mut fresh) {
                board.objects.retain(|(of, ..), _| of != kind);
            }
            let gone = event["type"] == "DELETED";
            board.note(kind, Object(event["object"].take()), gone);
            drop(board);
            self.moved.notify_all();
        }
        child.kill().ok();
        child.wait().ok();
    }
}

impl Board {
    /// An object, when it is there.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        self.objects.get(&(kind.to_owned(), namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind in a namespace, by name.
    pub fn of(&self, kind: &str, namespace: &str) -> Vec<&Object> {
        let wanted = self.objects.iter().filter(|((of, at, _), _)| of == kind && at == namespace);
        wanted.map(|(_, object)| object).collect()
    }

    /// Every change of objects whose namespace or name begins so, oldest first.
    pub fn moments(&self, begins: &str) -> Vec<&Moment> {
        self.moments.iter().filter(|moment| moment.concerns(begins)).collect()
    }

    fn note(&mut self, kind: &str, object: Object, gone: bool) {
        let key =
            (kind.to_owned(), object.text("/metadata/namespace").to_owned(), object.text("/metadata/name").to_owned());
        let now = if gone { "gone".to_owned() } else { meaning(kind, &object) };
        let last = self.moments.iter().rev().find(|moment| moment.is(&key));
        if last.is_none_or(|last| last.now != now) {
            let (kind, namespace, name) = key.clone();
            let moment = Moment { at: Timestamp::now(), kind, namespace, name, now };
            if self.narrated.as_ref().is_some_and(|begins| moment.concerns(begins)) {
                anstream::println!("  {moment}");
            }
            self.moments.push(moment);
        }
        if gone {
            self.objects.remove(&key);
        } else {
            self.objects.insert(key, object);
        }
    }
}

impl Moment {
    fn concerns(&self, begins: &str) -> bool {
        self.namespace.starts_with(begins) || self.name.starts_with(begins)
    }

    fn is(&self, (kind, namespace, name): &(String, String, String)) -> bool {
        self.kind == *kind && self.namespace == *namespace && self.name == *name
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.at.strftime("%H:%M:%S%.3f");
        write!(f, "{at}  {} {}: {}", self.kind, self.name, self.now)
    }
}

/// What an object is, in a few words that change only when it does.
fn meaning(kind: &str, object: &Object) -> String {
    match kind {
        "Application" => application(object),
        "Kustomization" => format!(
            "attempted {}, applied {}, Ready={} {}",
            short(object.text("/status/lastAttemptedRevision")),
            short(object.text("/status/lastAppliedRevision")),
            object.condition("Ready"),
            ready_reason(object)
        ),
        "GitRepository" => format!("has {}", short(object.text("/status/artifact/revision"))),
        "TestGate" => format!(
            "{} of {}, Ready={} ({})",
            object.text("/status/reason"),
            short(object.text("/status/current/revision")),
            object.condition("Ready"),
            object.text("/status/message")
        ),
        "Rollback" => format!(
            "{} ({}) {}",
            object.text("/status/phase"),
            object.text("/status/reason"),
            short(object.text("/status/commit/id"))
        ),
        "TestExecution" => {
            format!("{} {}", object.text("/status/phase"), object.text("/status/verdict"))
        }
        _ => format!("Ready={} {}", object.condition("Ready"), object.text("/status/reason")),
    }
}

fn application(object: &Object) -> String {
    let at = |word: &str, revision: &str| match (word, short(revision)) {
        ("", _) => String::new(),
        (word, "") => word.to_owned(),
        (word, revision) => format!("{word} at {revision}"),
    };
    let operation = match object.text("/status/operationState/phase") {
        "" => String::new(),
        phase => format!("operation {phase}"),
    };
    let tries = match object.number("/status/operationState/retryCount") {
        0 => String::new(),
        tries => format!("try {}", tries + 1),
    };
    let words = [
        at(object.text("/status/sync/status"), object.text("/status/sync/revision")),
        object.text("/status/health/status").to_owned(),
        at(&operation, object.text("/status/operationState/operation/sync/revision")),
        tries,
    ];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "not looked at yet".to_owned() } else { words.join(", ") }
}

fn ready_reason(object: &Object) -> String {
    let ready = object.list("/status/conditions").iter().find(|condition| condition["type"] == "Ready");
    ready.and_then(|ready| ready["reason"].as_str()).unwrap_or_default().to_owned()
}

/// The first seven digits of a revision, whatever stands before them.
fn short(revision: &str) -> &str {
    let digits = revision.rsplit([':', '/']).next().unwrap_or_default();
    digits.get(..7).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_changes_of_meaning_are_kept() {
        let mut board = Board::default();
        let gate = |message: &str, seen: i64| {
            Object(json!({"metadata": {"name": "web", "namespace": "shop"}, "status": {"reason": "Testing",
                "message": message, "observedGeneration": seen}}))
        };
        board.note("TestGate", gate("a", 1), false);
        board.note("TestGate", gate("a", 2), false);
        board.note("TestGate", gate("b", 2), false);
        board.note("TestGate", gate("b", 2), true);
        let now: Vec<_> = board.moments("shop").iter().map(|moment| moment.now.clone()).collect();
        assert_eq!(now, ["Testing of , Ready= (a)", "Testing of , Ready= (b)", "gone"]);
        assert!(board.get("TestGate", "shop", "web").is_none());
    }

    #[test]
    fn an_application_is_told_without_what_it_does_not_say() {
        let app = |status| application(&Object(json!({ "status": status })));
        assert_eq!(app(json!({})), "not looked at yet");
        let sync = json!({"status": "OutOfSync", "revision": "0123456789"});
        assert_eq!(app(json!({"sync": sync, "health": {"status": "Missing"}})), "OutOfSync at 0123456, Missing");
        let state = json!({"phase": "Running", "retryCount": 1, "operation": {"sync": {"revision": "abcdef0123"}}});
        assert_eq!(app(json!({"operationState": state})), "operation Running at abcdef0, try 2");
    }

    #[test]
    fn a_revision_is_shown_short() {
        assert_eq!(short("main@sha1:0123456789"), "0123456");
        assert_eq!(short("0123456789"), "0123456");
        assert_eq!(short(""), "");
    }
}
