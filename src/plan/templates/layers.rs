//! Parts of several specs, one laid over the other.

use std::collections::BTreeMap;

use super::origins::Origins;

/// A part and the place where it was written.
#[derive(Clone, Debug)]
pub(super) struct Layer<T> {
    pub(super) from: String,
    pub(super) part: T,
}

/// Layers, the outermost first: the last one wins.
pub(super) struct Layers<'a, T> {
    /// Where the merged part stands.
    pub(super) at: String,
    pub(super) layers: Vec<Layer<&'a T>>,
}

impl<'a, T> Layers<'a, T> {
    /// The layers of a part of these parts, where they have one.
    pub(super) fn part<U>(&self, field: &str, get: impl Fn(&'a T) -> Option<&'a U>) -> Layers<'a, U> {
        let with = self.layers.iter().filter_map(|layer| {
            let part = get(layer.part)?;
            Some(Layer { from: format!("{}.{field}", layer.from), part })
        });
        Layers { at: format!("{}.{field}", self.at), layers: with.collect() }
    }

    /// The field of the innermost layer that has it.
    pub(super) fn pick<U: Clone + 'a>(
        &self,
        field: &str,
        get: impl Fn(&'a T) -> Option<&'a U>,
        origins: &mut Origins,
    ) -> Option<U> {
        let Layers { at, mut layers } = self.part(field, get);
        let last = layers.pop()?;
        origins.set(at, last.from);
        Some(last.part.clone())
    }

    /// The items of all layers. One that is the `same` as an item further in gives way.
    pub(super) fn list<U: Clone + 'a>(
        &self,
        field: &str,
        get: impl Fn(&'a T) -> &'a Vec<U>,
        same: impl Fn(&U, &U) -> bool,
        origins: &mut Origins,
    ) -> Vec<U> {
        let Layers { at, layers } = self.part(field, |part| Some(get(part)));
        let mut merged: Vec<Layer<&U>> = Vec::new();
        for layer in layers {
            merged.retain(|outer| !layer.part.iter().any(|item| same(outer.part, item)));
            let items = layer.part.iter().enumerate();
            merged.extend(items.map(|(index, part)| Layer { from: format!("{}[{index}]", layer.from), part }));
        }
        let place = merged.into_iter().enumerate().map(|(index, Layer { from, part })| {
            origins.set(format!("{at}[{index}]"), from);
            part.clone()
        });
        place.collect()
    }

    /// The entries of all layers, by key.
    pub(super) fn map(
        &self,
        field: &str,
        get: impl Fn(&'a T) -> &'a BTreeMap<String, String>,
        origins: &mut Origins,
    ) -> BTreeMap<String, String> {
        let Layers { at, layers } = self.part(field, |part| Some(get(part)));
        let mut merged = BTreeMap::new();
        for layer in layers {
            for (key, value) in layer.part {
                origins.set(format!("{at}.{key}"), format!("{}.{key}", layer.from));
                merged.insert(key.clone(), value.clone());
            }
        }
        merged
    }

    /// The merged part; none when no layer has it.
    pub(super) fn merged(&self, merge: impl FnOnce(&Self) -> T) -> Option<T> {
        (!self.layers.is_empty()).then(|| merge(self))
    }
}
