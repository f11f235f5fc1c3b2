//! One list and watch of a foreign kind that may be installed, or removed, at any time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::kinds::ForeignKind;
use super::shelf::{DeliveryKey, DeliveryShelf, Missing, Name};
use super::trim::trim;
use crate::connect::Cluster;
use crate::error::{ClusterError, Disposition};

/// How long until it is looked again whether a kind is installed.
const ABSENT: Duration = Duration::from_secs(10);
/// How long until a watch that was cut off begins anew.
const AGAIN: Duration = Duration::from_secs(1);
/// How many objects are asked for at a time: one Application can have hundreds of kilobytes.
const PAGE: u32 = 50;

type Events = BoxStream<'static, Result<Event<DynamicObject>, watcher::Error>>;

/// The way of one list through installation, watch and removal.
pub(super) struct Following {
    cluster: Cluster,
    kind: &'static ForeignKind,
    namespace: Option<String>,
    shelf: DeliveryShelf,
    missing: Arc<Missing>,
    answered: bool,
    complete: bool,
    pause: Option<Duration>,
    events: Option<Events>,
    listed: HashMap<Name, Arc<Value>>,
    changes: VecDeque<DeliveryKey>,
}

/// What changes in one kind, in one namespace or in all; never ends.
pub(super) fn follow(
    cluster: Cluster,
    kind: &'static ForeignKind,
    namespace: Option<String>,
    shelf: DeliveryShelf,
    missing: Arc<Missing>,
) -> BoxStream<'static, DeliveryKey> {
    let following = Following {
        cluster,
        kind,
        namespace,
        shelf,
        missing,
        answered: false,
        complete: false,
        pause: None,
        events: None,
        listed: HashMap::new(),
        changes: VecDeque::new(),
    };
    stream::unfold(following, |following| async { Some(following.next().await) }).boxed()
}

impl Following {
    async fn next(mut self) -> (DeliveryKey, Self) {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return (change, self);
            }
            let Some(events) = &mut self.events else {
                self.look().await;
                continue;
            };
            match events.next().await {
                Some(Ok(event)) => self.take(event),
                Some(Err(error)) => self.interrupted(error),
                None => self.cut_off(),
            }
        }
    }

    /// Looks whether the kind is installed, and begins to watch it.
    async fn look(&mut self) {
        if let Some(pause) = self.pause.take() {
            tokio::time::sleep(pause).await;
        }
        match self.cluster.version_of(self.kind).await {
            Ok(Some(version)) => {
                let kind = GroupVersionKind::gvk(self.kind.group, version, self.kind.kind);
                let resource = ApiResource::from_gvk_with_plural(&kind, self.kind.plural);
                let client = self.cluster.client.clone();
                let api: Api<DynamicObject> = match &self.namespace {
                    Some(namespace) => Api::namespaced_with(client, namespace, &resource),
                    None => Api::all_with(client, &resource),
                };
                let config = watcher::Config::default().page_size(PAGE);
                self.events = Some(watcher(api, config).default_backoff().boxed());
            }
            Ok(None) => {
                self.forget();
                self.pause = Some(ABSENT);
            }
            // What is known stays: it is the API server that does not answer.
            Err(error) => {
                self.troubled(&error);
                self.pause = Some(ABSENT);
            }
        }
    }

    fn take(&mut self, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(object) => {
                let (name, object) = self.trimmed(object);
                self.listed.insert(name, object);
            }
            Event::InitDone => self.end_list(),
            Event::Apply(object) => {
                let (name, object) = self.trimmed(object);
                self.put(name, object);
            }
            Event::Delete(object) => {
                let name = (object.namespace().unwrap_or_default(), object.name_any());
                self.drop_one(&name);
            }
        }
    }

    fn trimmed(&self, object: DynamicObject) -> (Name, Arc<Value>) {
        let name = (object.namespace().unwrap_or_default(), object.name_any());
        (name, Arc::new(trim(self.kind, object)))
    }

    fn put(&mut self, name: Name, object: Arc<Value>) {
        let known =
            self.shelf.write().entry(self.kind.kind).or_default().objects.insert(name.clone(), Arc::clone(&object));
        if known.as_ref() != Some(&object) {
            self.changed(name);
        }
    }

    fn drop_one(&mut self, name: &Name) {
        let known = self.shelf.write().entry(self.kind.kind).or_default().objects.remove(name);
        if known.is_some() {
            self.changed(name.clone());
        }
    }

    fn changed(&mut self, (namespace, name): Name) {
        self.changes.push_back(DeliveryKey { kind: self.kind.kind, namespace, name });
    }

    /// The new list takes the place of what was known.
    fn end_list(&mut self) {
        let listed = std::mem::take(&mut self.listed);
        for name in self.known() {
            if !listed.contains_key(&name) {
                self.drop_one(&name);
            }
        }
        for (name, object) in listed {
            self.put(name, object);
        }
        let first = !std::mem::replace(&mut self.complete, true);
        let mut state = self.shelf.write();
        let kind = state.entry(self.kind.kind).or_default();
        kind.served += usize::from(first);
        let troubled = kind.trouble.take().is_some();
        drop(state);
        if first || troubled {
            tracing::info!(kind = self.kind.kind, namespace = self.namespace, "deliveries of this kind are watched");
            self.changed(Name::default());
        }
        self.answered();
    }

    /// The names that this list is answerable for.
    fn known(&self) -> Vec<Name> {
        let state = self.shelf.read();
        let names = state.get(self.kind.kind).into_iter().flat_map(|kind| kind.objects.keys());
        let ours = |name: &&Name| self.namespace.as_ref().is_none_or(|namespace| *namespace == name.0);
        names.filter(ours).cloned().collect()
    }

    /// The kind is not installed, or no longer.
    fn forget(&mut self) {
        for name in self.known() {
            self.drop_one(&name);
        }
        if std::mem::take(&mut self.complete) {
            let mut state = self.shelf.write();
            let kind = state.entry(self.kind.kind).or_default();
            kind.served = kind.served.saturating_sub(1);
            kind.trouble = None;
            drop(state);
            tracing::info!(kind = self.kind.kind, namespace = self.namespace, "this kind is not installed any more");
            self.changed(Name::default());
        }
        self.answered();
    }

    /// The watch goes on by itself, unless what it watches is not there.
    fn interrupted(&mut self, error: watcher::Error) {
        let error = crate::watch::interrupted(&format!("watch {}", self.kind.plural), error);
        if error.not_found() || error.code() == Some(410) {
            self.cut_off();
        } else {
            self.troubled(&error);
        }
    }

    fn cut_off(&mut self) {
        self.events = None;
        self.pause = Some(AGAIN);
    }

    /// Says it once; a kind that may not be read is as if it were not there.
    fn troubled(&mut self, error: &ClusterError) {
        let resource = format!("{}.{}", self.kind.plural, self.kind.group);
        let forbidden = error.forbidden();
        let words = if forbidden {
            format!("the manager may not list and watch {resource}; set `gitops.enabled: true` in the chart's values")
        } else {
            assay_telemetry::error_chain(error)
        };
        let mut state = self.shelf.write();
        let before = state.entry(self.kind.kind).or_default().trouble.replace(words.clone());
        drop(state);
        if before.as_ref() != Some(&words) {
            tracing::warn!(kind = self.kind.kind, namespace = self.namespace, "{words}");
        }
        // Others need not wait for what does not come back by itself.
        if error.disposition() != Disposition::Transient {
            self.answered();
        }
    }

    fn answered(&mut self) {
        if !std::mem::replace(&mut self.answered, true) {
            self.missing.answered();
        }
    }
}
