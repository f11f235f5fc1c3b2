//! Which workflows use which templates.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::visit::Key;

/// Workflows by the templates that they use, whether these exist or not.
#[derive(Debug, Default)]
pub(super) struct Users(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Workflows by namespace and name of a template.
    by_template: HashMap<Key, HashSet<String>>,
    /// Templates by workflow.
    by_workflow: HashMap<Key, BTreeSet<String>>,
}

impl Users {
    /// The workflow uses these templates now, and no others.
    pub(super) fn set(&self, workflow: &Key, templates: BTreeSet<String>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (namespace, name) = workflow;
        for template in state.by_workflow.remove(workflow).unwrap_or_default() {
            let key = (namespace.clone(), template);
            if let Some(users) = state.by_template.get_mut(&key) {
                users.remove(name);
                if users.is_empty() {
                    state.by_template.remove(&key);
                }
            }
        }
        for template in &templates {
            state.by_template.entry((namespace.clone(), template.clone())).or_default().insert(name.clone());
        }
        if !templates.is_empty() {
            state.by_workflow.insert(workflow.clone(), templates);
        }
    }

    /// The workflows that use a template.
    pub(super) fn of(&self, template: &Key) -> Vec<Key> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let users = state.by_template.get(template).into_iter().flatten();
        users.map(|name| (template.0.clone(), name.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(namespace: &str, name: &str) -> Key {
        (namespace.to_owned(), name.to_owned())
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_workflow_is_found_by_what_it_uses_now() {
        let users = Users::default();
        users.set(&key("ns", "w"), set(&["a", "b"]));
        users.set(&key("ns", "v"), set(&["b"]));
        users.set(&key("other", "w"), set(&["a"]));
        assert_eq!(users.of(&key("ns", "a")), [key("ns", "w")]);
        assert_eq!(users.of(&key("ns", "b")).len(), 2);
        users.set(&key("ns", "w"), set(&["c"]));
        assert_eq!(users.of(&key("ns", "a")), []);
        assert_eq!(users.of(&key("ns", "c")), [key("ns", "w")]);
        for workflow in [key("ns", "w"), key("ns", "v"), key("other", "w")] {
            users.set(&workflow, BTreeSet::new());
        }
        let state = users.0.lock().expect("nobody panicked");
        assert!(state.by_template.is_empty() && state.by_workflow.is_empty(), "nothing is left behind");
    }
}
