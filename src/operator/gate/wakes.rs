//! Which gates are looked at when something changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use assay_cluster::DeliveryKey;

use super::controller::Controller;
use crate::gitops::{Key, News};

/// Kind, namespace and name of an object of Argo CD or Flux.
pub(super) type ObjectName = (String, String, String);

/// Which gates read which objects, whether these exist or not.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    by_object: HashMap<ObjectName, HashSet<Key>>,
    by_gate: HashMap<Key, HashSet<ObjectName>>,
}

impl Readers {
    /// The gate reads these objects now, and no others.
    pub(super) fn set(&self, gate: &Key, objects: HashSet<ObjectName>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.by_gate.get(gate).is_some_and(|known| *known == objects) {
            return;
        }
        for object in state.by_gate.remove(gate).unwrap_or_default() {
            if let Some(gates) = state.by_object.get_mut(&object) {
                gates.remove(gate);
                if gates.is_empty() {
                    state.by_object.remove(&object);
                }
            }
        }
        for object in &objects {
            state.by_object.entry(object.clone()).or_default().insert(gate.clone());
        }
        if !objects.is_empty() {
            state.by_gate.insert(gate.clone(), objects);
        }
    }

    /// The gates that read an object.
    fn of(&self, object: &ObjectName) -> Vec<Key> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.by_object.get(object).into_iter().flatten().cloned().collect()
    }
}

/// The gates that something concerns.
pub(super) fn concerned(controller: &Controller, news: &News) -> Vec<Key> {
    match news {
        News::Gate(key) | News::Execution(key, _) => vec![key.clone()],
        News::Rollback((namespace, name)) => {
            let rollback = controller.gitops.rollbacks.get(namespace, name);
            rollback.map(|rollback| (namespace.clone(), rollback.spec.gate.clone())).into_iter().collect()
        }
        News::Delivery(key) if key.is_kind() => controller.all(),
        News::Delivery(DeliveryKey { kind, namespace, name }) => {
            controller.readers.of(&((*kind).to_owned(), namespace.clone(), name.clone()))
        }
    }
}

impl Controller {
    /// Every gate there is.
    pub(super) fn all(&self) -> Vec<Key> {
        let key = |gate: &assay_api::TestGate| Some((gate.metadata.namespace.clone()?, gate.metadata.name.clone()?));
        self.gitops.gates.all().iter().filter_map(|gate| key(gate)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_woken_by_what_it_reads_now() {
        let object = |name: &str| ("Kustomization".to_owned(), "flux".to_owned(), name.to_owned());
        let gate = |name: &str| ("shop".to_owned(), name.to_owned());
        let readers = Readers::default();
        readers.set(&gate("web"), HashSet::from([object("web"), object("source")]));
        readers.set(&gate("api"), HashSet::from([object("api"), object("source")]));
        assert_eq!(readers.of(&object("source")).len(), 2);
        readers.set(&gate("web"), HashSet::from([object("other")]));
        assert_eq!(readers.of(&object("source")), [gate("api")]);
        assert_eq!((readers.of(&object("web")), readers.of(&object("other"))), (vec![], vec![gate("web")]));
        readers.set(&gate("web"), HashSet::new());
        readers.set(&gate("api"), HashSet::new());
        let state = readers.0.lock().expect("nobody panicked");
        assert!(state.by_object.is_empty() && state.by_gate.is_empty(), "nothing is left behind");
    }
}
