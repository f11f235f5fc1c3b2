//! The names that an expression may refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::node::Node;
use crate::value::Value;

type Lookup = Arc<dyn Fn(&str) -> Option<Value> + Send + Sync>;

/// Names by their dotted path. A name may be known without a value: a text
/// that refers to it is right, but keeps the reference until a value is there.
/// What lies below a name whose value is a map or a list is known as well.
#[derive(Clone, Default)]
pub struct Scope {
    names: BTreeMap<String, Meaning>,
    prefixes: BTreeSet<String>,
    lookup: Option<Lookup>,
    work: Option<Arc<AtomicUsize>>,
}

#[derive(Clone, Debug)]
enum Meaning {
    Value(Value),
    Expression(Box<Node>),
    Later,
}

/// What a name stands for.
pub(crate) enum Known<'a> {
    Value(Value),
    Expression(&'a Node),
    /// Its value comes later.
    Later,
}

impl Scope {
    /// A scope without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks `lookup` for every name that is not set, with its dotted path; it
    /// answers `None` for names that it does not know.
    #[must_use]
    pub fn with_lookup(mut self, lookup: impl Fn(&str) -> Option<Value> + Send + Sync + 'static) -> Self {
        self.lookup = Some(Arc::new(lookup));
        self
    }

    /// Bounds the work of all evaluations with this scope and its clones
    /// together: a unit is about one byte that is copied. A single text is
    /// bounded anyway, with 4 Mi units; this is for many texts of a stranger.
    #[must_use]
    pub fn with_work_limit(mut self, units: usize) -> Self {
        self.work = Some(Arc::new(AtomicUsize::new(units)));
        self
    }

    pub(crate) fn work_left(&self) -> usize {
        self.work.as_ref().map_or(usize::MAX, |left| left.load(Ordering::Relaxed))
    }

    pub(crate) fn spend(&self, units: usize) {
        if let Some(left) = &self.work {
            // Two threads may spend the last units twice, which is no harm.
            left.store(left.load(Ordering::Relaxed).saturating_sub(units), Ordering::Relaxed);
        }
    }

    /// Gives a name its value. The name `now` is the time of `date()`, such as
    /// `2026-01-31T08:00:00Z`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.names.insert(name.into(), Meaning::Value(value.into()));
    }

    /// Makes a name stand for a tree, which takes its place.
    pub(crate) fn define_node(&mut self, name: String, node: Node) {
        self.names.insert(name, Meaning::Expression(Box::new(node)));
    }

    /// Makes a name known whose value comes later. A value that is there stays.
    pub fn declare(&mut self, name: impl Into<String>) {
        self.names.entry(name.into()).or_insert(Meaning::Later);
    }

    /// Makes every name below `prefix` known whose value comes later: `env`
    /// stands for `env.HOME` and all others. Values that are there stay.
    pub fn declare_prefix(&mut self, prefix: impl Into<String>) {
        self.prefixes.insert(prefix.into());
    }

    /// The value of a name: `None` when it is not known, `Some(None)` when it
    /// has no value yet.
    pub fn get(&self, name: &str) -> Option<Option<Value>> {
        match self.find(name) {
            Some(Known::Value(value)) => Some(Some(value)),
            Some(Known::Expression(_) | Known::Later) => Some(None),
            None => self.is_below_prefix(name).then_some(None),
        }
    }

    /// All names that were set or declared, sorted; a declared prefix stands
    /// there as `prefix.*`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let mut names: Vec<String> = self.names.keys().cloned().collect();
        names.extend(self.prefixes.iter().map(|prefix| format!("{prefix}.*")));
        names.sort();
        names.into_iter()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Known<'_>> {
        match self.names.get(name) {
            Some(Meaning::Value(value)) => Some(Known::Value(value.clone())),
            Some(Meaning::Expression(expression)) => Some(Known::Expression(expression)),
            later => {
                let found = self.lookup.as_ref().and_then(|lookup| lookup(name)).map(Known::Value);
                found.or_else(|| later.map(|_| Known::Later))
            }
        }
    }

    /// Whether there are names below this one.
    pub(crate) fn has_below(&self, name: &str) -> bool {
        let dotted = format!("{name}.");
        let is_below = |known: &str| known == name || known.starts_with(&dotted);
        self.names.range(dotted.clone()..).next().is_some_and(|(known, _)| is_below(known))
            || self.prefixes.iter().any(|prefix| is_below(prefix))
    }

    /// Whether some part before a dot is a declared prefix.
    pub(crate) fn is_below_prefix(&self, name: &str) -> bool {
        name.match_indices('.').any(|(end, _)| self.prefixes.contains(&name[..end]))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("names", &self.names).field("prefixes", &self.prefixes).finish_non_exhaustive()
    }
}
