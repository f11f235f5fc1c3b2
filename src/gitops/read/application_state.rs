//! Where an `Application` stands: which revision is wanted, applied, good.

use serde_json::Value;

use super::application_place::elsewhere;
use super::fields::{annotation, cited, flag, list, moment, number, text};
use crate::delivery::Operation;
use crate::revision::commit_of;

/// The revisions of one source of an Application.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) desired: Option<String>,
    pub(super) attempted: Option<String>,
    pub(super) applied: bool,
    pub(super) holds_older: bool,
    pub(super) settled: Option<String>,
    pub(super) operation: Option<Operation>,
    /// A desired revision of a Git source that is no commit.
    pub(super) unreadable: Option<String>,
}

/// How to read the revisions of one source.
struct Reading<'a> {
    object: &'a Value,
    index: usize,
    git: bool,
}

impl State {
    /// The state of the source at this index.
    pub(super) fn of(object: &Value, index: usize, git: bool) -> Self {
        let reading = Reading { object, index, git };
        let compared = reading.compared();
        let raw = reading.raw("/status/sync");
        let unreadable = raw.filter(|_| git && compared.is_none()).map(str::to_owned);
        let synced = text(object, "/status/sync/status") == Some("Synced");
        let phase = text(object, "/status/operationState/phase").unwrap_or_default();
        let running = matches!(phase, "Running" | "Terminating");
        let last = reading.operation_revision();
        // Without an operation, objects that equal a newer commit's are that commit, although nothing was applied.
        let attempted = if running || !synced {
            last.clone().or_else(|| compared.clone().filter(|_| synced))
        } else {
            compared.clone()
        };
        let is_attempted = |revision: &Option<String>| attempted.is_some() && *revision == attempted;
        // An operation with other values or patches applied something else of the same revision.
        let operated = is_attempted(&last) && !flag(object, "/syncedOtherwise");
        // In another cluster there is nothing to look at but the health, which is that of the last comparison.
        let seen = !elsewhere(object) || flag(object, "/comparedSince");
        let done = (phase == "Succeeded" && !partial(object)) || (is_attempted(&compared) && all_applied(object));
        let applied = (synced && is_attempted(&compared))
            || (operated && seen && done)
            || (running && is_attempted(&last) && waits_for_gate(object));
        Self {
            desired: reading.desired(),
            applied: applied && !still_moving_elsewhere(object),
            holds_older: running && flag(object, "/syncedOtherwise"),
            settled: reading.settled(),
            operation: reading.operation(running),
            attempted,
            unreadable,
        }
    }
}

impl Reading<'_> {
    /// The revision of the source in an object with `revision` and `revisions`, as it is written there.
    fn raw(&self, at: &str) -> Option<&str> {
        let several = list(self.object, &format!("{at}/revisions"));
        if several.is_empty() {
            return text(self.object, &format!("{at}/revision"));
        }
        several.get(self.index)?.as_str().filter(|text| !text.is_empty())
    }

    fn revision(&self, at: &str) -> Option<String> {
        self.known(self.raw(at)?)
    }

    /// A revision in its one form; with a source hydrator the commit that a hydrated one was made of.
    fn known(&self, raw: &str) -> Option<String> {
        if !self.git {
            return Some(raw.to_owned());
        }
        let commit = commit_of(raw)?;
        if self.object.pointer("/spec/sourceHydrator").is_none_or(Value::is_null) {
            return Some(commit);
        }
        let made = ["/status/sourceHydrator/lastSuccessfulOperation", "/status/sourceHydrator/currentOperation"];
        let made = made.iter().filter_map(|at| self.object.pointer(at));
        made.filter(|one| text(one, "/hydratedSHA") == Some(&commit)).find_map(|one| commit_of(text(one, "/drySHA")?))
    }

    /// The revision that the live objects were compared with last.
    fn compared(&self) -> Option<String> {
        self.revision("/status/sync")
    }

    fn desired(&self) -> Option<String> {
        let dry = text(self.object, "/status/sourceHydrator/currentOperation/drySHA").and_then(commit_of);
        dry.or_else(|| self.compared())
    }

    /// The revision of the operation that runs, or was the last: what it was told, or, when that is a name, what
    /// came of it.
    fn operation_revision(&self) -> Option<String> {
        // Before an operation begins, Argo CD takes the state of the last one away.
        let asked = if self.object.pointer("/status/operationState").is_none_or(Value::is_null) {
            "/operation/sync"
        } else {
            "/status/operationState/operation/sync"
        };
        let told = self.revision(asked);
        let found = self.revision("/status/operationState/syncResult");
        if self.git { told.or(found) } else { found.or(told) }
    }

    /// The newest entry of the history: entries are written only after a whole sync with its hooks succeeded.
    fn settled(&self) -> Option<String> {
        let last = list(self.object, "/status/history").len().checked_sub(1)?;
        self.revision(&format!("/status/history/{last}"))
    }

    fn operation(&self, running: bool) -> Option<Operation> {
        let at = "/status/operationState";
        if !running {
            // Asked for, and not begun.
            self.object.pointer("/operation").filter(|operation| operation.is_object())?;
            return Some(self.described("/operation", None));
        }
        let mut operation = self.described(&format!("{at}/operation"), self.operation_revision());
        operation.started_at = moment(self.object, &format!("{at}/startedAt"));
        operation.retries = number(self.object, &format!("{at}/retryCount")).unwrap_or_default();
        operation.terminating = text(self.object, &format!("{at}/phase")) == Some("Terminating");
        Some(operation)
    }

    fn described(&self, at: &str, revision: Option<String>) -> Operation {
        // An operation without a policy is not tried again; a negative limit is none.
        let limit = number(self.object, &format!("{at}/retry/limit")).unwrap_or_default();
        Operation {
            revision: revision.or_else(|| self.revision(&format!("{at}/sync"))),
            retry_limit: (limit >= 0).then_some(limit),
            retry_refreshes: flag(self.object, &format!("{at}/retry/refresh")),
            ..Operation::default()
        }
    }
}

/// Whether what was compared last came from other sources than the Application names by now, or from the same with
/// other values or patches. With a source hydrator what is compared is never what people write.
pub(super) fn outdated(object: &Value) -> bool {
    let (named, compared) = (named_sources(object, "/spec"), named_sources(object, "/status/sync/comparedTo"));
    let hydrated = object.pointer("/spec/sourceHydrator").is_some_and(|hydrator| !hydrator.is_null());
    !hydrated && (flag(object, "/comparedOtherwise") || (!compared.is_empty() && named != compared))
}

/// What tells one source from another, of each.
fn named_sources<'a>(object: &'a Value, at: &str) -> Vec<[Option<&'a str>; 4]> {
    let several = list(object, &format!("{at}/sources")).iter();
    let one = object.pointer(&format!("{at}/source")).into_iter().filter(|_| several.len() == 0);
    let told = several.clone().chain(one);
    let told = told.map(|source| ["/repoURL", "/path", "/targetRevision", "/chart"].map(|field| text(source, field)));
    told.filter(|source| source[0].is_some()).collect()
}

/// A sync of chosen resources says nothing of the revision.
fn partial(object: &Value) -> bool {
    let operation = "/status/operationState/operation/sync";
    !list(object, &format!("{operation}/resources")).is_empty() || flag(object, &format!("{operation}/dryRun"))
}

/// Whether the operation says itself that it is at a gate in the last wave: everything is applied then but hooks. Nobody
/// compares its revision any more when a newer one is there already.
fn waits_for_gate(object: &Value) -> bool {
    let message = text(object, "/status/operationState/message").unwrap_or_default();
    let Some(named) = message.strip_prefix("waiting for healthy state of assay.dev/TestGate/") else { return false };
    let name = named.split_whitespace().next().unwrap_or_default();
    let resources = list(object, "/status/resources").iter().filter(|resource| !flag(resource, "/hook"));
    let wave = |resource: &Value| number(resource, "/syncWave").unwrap_or_default();
    let is_gate =
        |resource: &&Value| text(resource, "/kind") == Some("TestGate") && text(resource, "/name") == Some(name);
    let last = resources.clone().map(wave).max();
    !partial(object) && resources.clone().find(is_gate).map(wave) == last
}

/// Whether the newest operation has applied everything that still differs from Git. Objects that differ for
/// ever (a field that a webhook fills) would otherwise keep a gate inside the Application from being tested, and
/// the operation waiting for it.
fn all_applied(object: &Value) -> bool {
    let results = list(object, "/status/operationState/syncResult/resources");
    let same = |a: &Value, b: &Value| {
        ["/group", "/kind", "/namespace", "/name"].iter().all(|field| text(a, field) == text(b, field))
    };
    let done = |resource: &Value| {
        results.iter().any(|result| same(resource, result) && text(result, "/status") == Some("Synced"))
    };
    let resources = list(object, "/status/resources");
    let mut differing = resources.iter().filter(|resource| {
        text(resource, "/status") != Some("Synced") && !flag(resource, "/hook") && !flag(resource, "/requiresPruning")
    });
    !results.is_empty() && !partial(object) && differing.all(done)
}

/// In another cluster nobody can look at workloads from here; Argo CD's own health must do. A gate of this cluster
/// is never part of such an Application, so nothing waits for itself.
fn still_moving_elsewhere(object: &Value) -> bool {
    elsewhere(object)
        && matches!(text(object, "/status/health/status"), None | Some("Progressing" | "Missing" | "Unknown"))
}

/// Why nothing new is deployed at present.
pub(super) fn held(object: &Value) -> Option<String> {
    let mut reasons = Vec::new();
    if annotation(object, "argocd.argoproj.io/skip-reconcile") == Some("true") {
        reasons.push("annotation argocd.argoproj.io/skip-reconcile is true".to_owned());
    }
    if !automated(object) {
        reasons.push("automated sync is off".to_owned());
    }
    if let Some(message) = text(object, "/status/operationState/message")
        && message.to_ascii_lowercase().contains("sync window")
    {
        reasons.push("a sync window does not allow it".to_owned());
    }
    for kind in ["InvalidSpecError", "ComparisonError"] {
        if let Some(condition) = list(object, "/status/conditions").iter().find(|one| text(one, "/type") == Some(kind))
        {
            let message = text(condition, "/message").unwrap_or_default();
            reasons.push(format!("{kind}: {}", cited(message)));
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Whether new commits are deployed without anybody's doing.
pub(super) fn automated(object: &Value) -> bool {
    let automated = object.pointer("/spec/syncPolicy/automated").filter(|automated| automated.is_object());
    automated.is_some_and(|automated| automated.get("enabled").and_then(Value::as_bool).unwrap_or(true))
}
