//! One shared watch per kind. A watch never ends and never fails: it comes
//! back by itself after every interruption, and an object that cannot be read
//! is logged and left out.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use assay_api::names::LABEL_EXECUTION_UID;
use futures::future::ready;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_kind};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::connect::Cluster;
use crate::error::{Cause, ClusterError};
use crate::shelf::{Filler, Shelf, shelf};
use crate::slim::{SlimJob, SlimPod};

/// What a watch saw.
#[derive(Clone, Debug)]
pub enum Change<K> {
    /// The object is new, or differs from what was known.
    Applied(Arc<K>),
    /// The object is gone; it was last seen like this.
    Gone(Arc<K>),
    /// A list is complete: the shelf is the whole truth.
    Synced,
}

/// Which objects to watch, and how to keep them.
pub struct WatchOptions<K> {
    /// These namespaces, or all when there is none.
    pub namespaces: Vec<String>,
    /// Label selector.
    pub labels: Option<String>,
    /// Key under which [`Shelf::indexed`] finds the object.
    pub index: fn(&K) -> Option<&str>,
    /// Takes out what nobody reads, before the object is kept. `managedFields` are gone already.
    pub trim: fn(&mut K),
}

impl<K> Default for WatchOptions<K> {
    fn default() -> Self {
        Self { namespaces: Vec::new(), labels: None, index: |_| None, trim: |_| {} }
    }
}

/// A running watch. `changes` must be polled for `shelf` to be filled.
pub struct Watch<K> {
    /// What is known.
    pub shelf: Shelf<K>,
    /// What happened; never ends.
    pub changes: BoxStream<'static, Change<K>>,
}

impl Cluster {
    /// Watches all Pods made for executions, indexed by the execution's uid.
    pub fn watch_pods(&self, namespaces: &[String]) -> Watch<SlimPod> {
        self.watch_slim(WatchOptions {
            namespaces: namespaces.to_vec(),
            labels: Some(LABEL_EXECUTION_UID.to_owned()),
            index: SlimPod::execution_uid,
            trim: |_| {},
        })
    }

    /// Watches all Jobs made for executions, indexed by the execution's uid.
    pub fn watch_jobs(&self, namespaces: &[String]) -> Watch<SlimJob> {
        self.watch_slim(WatchOptions {
            namespaces: namespaces.to_vec(),
            labels: Some(LABEL_EXECUTION_UID.to_owned()),
            index: SlimJob::execution_uid,
            trim: |_| {},
        })
    }

    /// Watches one of our own kinds. Each object is read by itself: one that
    /// does not fit its type is logged and treated as if it were not there.
    pub fn watch<K>(&self, options: WatchOptions<K>) -> Watch<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        drive(options, |namespace, labels| {
            let api: Api<DeserializeGuard<K>> = self.scoped(namespace);
            endless(api, config(labels)).filter_map(|event| ready(logged(event).and_then(unguard))).boxed()
        })
    }

    /// Follows one object: its state now and after each change; `None` while it
    /// does not exist. An error is an interruption after which it goes on.
    pub fn follow<K>(&self, namespace: &str, name: &str) -> BoxStream<'static, Result<Option<K>, ClusterError>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let what = format!("follow {} {namespace}/{name}", K::kind(&()));
        let states = watcher::watch_object(self.api::<K>(namespace), name).default_backoff();
        states.map(move |state| state.map_err(|error| interrupted(&what, error))).boxed()
    }

    /// Slim kinds need no guard: see there.
    fn watch_slim<K>(&self, options: WatchOptions<K>) -> Watch<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        drive(options, |namespace, labels| {
            let api: Api<K> = self.scoped(namespace);
            endless(api, config(labels)).filter_map(|event| ready(logged(event))).boxed()
        })
    }

    fn scoped<K>(&self, namespace: Option<&str>) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }
}

pub(crate) fn config(labels: Option<&str>) -> watcher::Config {
    let config = watcher::Config::default();
    match labels {
        Some(labels) => config.labels(labels),
        None => config,
    }
}

pub(crate) fn interrupted(what: &str, error: watcher::Error) -> ClusterError {
    let cause = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => Cause::from(error),
        watcher::Error::WatchError(status) => Cause::Api(status),
        other => Cause::Client(kube::Error::Service(Box::new(other))),
    };
    ClusterError::new(what, cause)
}

/// A watch that begins anew when its starting point is refused as too old,
/// which the library's own would try again for ever.
pub(crate) fn endless<K>(
    api: Api<K>,
    config: watcher::Config,
) -> impl Stream<Item = Result<Event<K>, watcher::Error>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let begin =
        move || watch_kind(api.clone(), config.clone()).default_backoff().take_while(|event| ready(!expired(event)));
    stream::repeat_with(begin)
        .enumerate()
        .then(|(turn, events)| async move {
            if turn > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            events
        })
        .flatten()
}

fn expired<T>(event: &Result<T, watcher::Error>) -> bool {
    matches!(event, Err(watcher::Error::WatchStartFailed(kube::Error::Api(status))) if status.code == 410)
}

pub(crate) fn logged<K: Resource<DynamicType = ()>>(event: Result<Event<K>, watcher::Error>) -> Option<Event<K>> {
    event
        .inspect_err(|error| {
            let error = assay_telemetry::error_chain(error);
            tracing::warn!(kind = %K::kind(&()), error, "the watch was interrupted and is resumed");
        })
        .ok()
}

pub(crate) fn unguard<K: Resource<DynamicType = ()>>(event: Event<DeserializeGuard<K>>) -> Option<Event<K>> {
    let open = |guarded: DeserializeGuard<K>| {
        let (namespace, name) = (guarded.namespace().unwrap_or_default(), guarded.name_any());
        guarded
            .0
            .inspect_err(|bad| {
                let error = bad.error.as_str();
                tracing::error!(kind = %K::kind(&()), namespace, name, error, "an object cannot be read and is left out");
            })
            .ok()
    };
    Some(match event {
        Event::Apply(guarded) => Event::Apply(open(guarded)?),
        Event::Delete(guarded) => Event::Delete(open(guarded)?),
        Event::InitApply(guarded) => Event::InitApply(open(guarded)?),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    })
}

/// One list and watch for each namespace, or one for all, and one shelf.
pub(crate) fn drive<K>(
    options: WatchOptions<K>,
    events: impl Fn(Option<&str>, Option<&str>) -> BoxStream<'static, Event<K>>,
) -> Watch<K>
where
    K: Resource<DynamicType = ()> + Send + Sync + 'static,
{
    let WatchOptions { namespaces, labels, index, trim } = options;
    let (shelf, fillers) = shelf(index, &namespaces);
    let changes = fillers.into_iter().map(|mut filler| {
        let events = events(filler.namespace(), labels.as_deref());
        events.flat_map(move |event| stream::iter(take(&mut filler, trim, event))).boxed()
    });
    Watch { shelf, changes: stream::select_all(changes).boxed() }
}

fn take<K: Resource<DynamicType = ()>>(filler: &mut Filler<K>, trim: fn(&mut K), event: Event<K>) -> Vec<Change<K>> {
    let slim = |mut object: K| {
        object.meta_mut().managed_fields = None;
        trim(&mut object);
        object
    };
    match event {
        Event::Init => {
            filler.begin_list();
            Vec::new()
        }
        Event::InitApply(object) => {
            filler.list(slim(object));
            Vec::new()
        }
        Event::InitDone => {
            let difference = filler.end_list();
            let gone = difference.gone.into_iter().map(Change::Gone);
            gone.chain(difference.applied.into_iter().map(Change::Applied)).chain([Change::Synced]).collect()
        }
        Event::Apply(object) => vec![Change::Applied(filler.apply(slim(object)))],
        Event::Delete(object) => vec![Change::Gone(filler.remove(slim(object)))],
    }
}
