//! Projection: the parts of an item at given paths.

use super::super::value::{Attr, Item};
use super::ast::{Path, Step};
use std::collections::BTreeMap;

/// What to keep of a value: all of it, or only parts.
#[derive(Debug, Clone, Default)]
struct Parts {
    all: bool,
    names: BTreeMap<String, Parts>,
    indexes: BTreeMap<usize, Parts>,
}

/// Cuts parts out of items.
#[derive(Debug, Clone)]
pub(crate) struct Projector(Parts);

impl Projector {
    /// The parts at these paths, of which none contains another.
    pub(crate) fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut root = Parts::default();
        for path in paths {
            let end = path.0.iter().fold(&mut root, |parts, step| match step {
                Step::Name(name) => parts.names.entry(name.clone()).or_default(),
                Step::Index(index) => parts.indexes.entry(*index).or_default(),
            });
            end.all = true;
        }
        Self(root)
    }

    /// The attributes the projection starts at.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &str> {
        self.0.names.keys().map(String::as_str)
    }

    /// The parts of an item that are there.
    pub(crate) fn cut(&self, item: &Item) -> Item {
        members(&self.0, item)
    }
}

fn members(parts: &Parts, map: &Item) -> Item {
    let kept = parts.names.iter().filter_map(|(name, parts)| {
        let value = cut(parts, map.get(name)?)?;
        Some((name.clone(), value))
    });
    kept.collect()
}

fn cut(parts: &Parts, value: &Attr) -> Option<Attr> {
    if parts.all {
        return Some(value.clone());
    }
    match value {
        Attr::M(map) => {
            let kept = members(parts, map);
            (!kept.is_empty()).then_some(Attr::M(kept))
        }
        Attr::L(list) => {
            let kept =
                parts.indexes.iter().filter_map(|(index, parts)| cut(parts, list.get(*index)?));
            let kept: Vec<_> = kept.collect();
            (!kept.is_empty()).then_some(Attr::L(kept))
        }
        _ => None,
    }
}
