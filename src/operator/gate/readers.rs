//! Which gates read which objects of Argo CD and Flux.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::gitops::Key;

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
    /// The gate reads these objects now, and no others. Returns whether there is one that it did not read before.
    pub(super) fn set(&self, gate: &Key, objects: HashSet<ObjectName>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.by_gate.get(gate).is_some_and(|known| *known == objects) {
            return false;
        }
        let former = state.by_gate.remove(gate).unwrap_or_default();
        let more = !objects.is_subset(&former);
        for object in former {
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
        more
    }

    /// The gates that read an object.
    pub(super) fn of(&self, object: &ObjectName) -> Vec<Key> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.by_object.get(object).into_iter().flatten().cloned().collect()
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
