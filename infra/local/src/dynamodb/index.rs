//! A global secondary index: ordered entries, and the changes that have not reached it yet.

use super::capacity::EntryChange;
use super::key::{Key, Position};
use super::schema::KeySchema;
use super::value::{Item, item_size};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Which attributes an index holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Projection {
    /// Only the keys of table and index.
    KeysOnly,
    /// The keys and these.
    Include(BTreeSet<String>),
    /// All.
    All,
}

/// One entry of an index: where it stands and what it holds.
type Entry = (Position, Arc<Item>);

/// A change on its way to the index.
#[derive(Debug)]
struct Pending {
    due_ms: i64,
    remove: Option<Position>,
    insert: Option<Entry>,
}

/// One global secondary index.
#[derive(Debug)]
pub(super) struct Index {
    /// Its name.
    pub(super) name: String,
    /// Its key.
    pub(super) schema: KeySchema,
    /// What it holds.
    pub(super) projection: Projection,
    base: KeySchema,
    entries: BTreeMap<Position, Arc<Item>>,
    pending: VecDeque<Pending>,
}

impl Index {
    /// An empty index on a table with the key schema `base`.
    pub(super) fn new(
        name: String,
        schema: KeySchema,
        projection: Projection,
        base: KeySchema,
    ) -> Self {
        let (entries, pending) = (BTreeMap::new(), VecDeque::new());
        Self { name, schema, projection, base, entries, pending }
    }

    /// Whether the index holds an attribute.
    pub(super) fn projects(&self, name: &str) -> bool {
        self.schema.has(name)
            || self.base.has(name)
            || match &self.projection {
                Projection::KeysOnly => false,
                Projection::Include(names) => names.contains(name),
                Projection::All => true,
            }
    }

    /// Notes a write of the base table, visible in the index from `due_ms` on. Tells what it
    /// means for the entry.
    pub(super) fn write(
        &mut self,
        key: &Key,
        old: Option<&Arc<Item>>,
        new: Option<&Arc<Item>>,
        due_ms: i64,
    ) -> EntryChange {
        let old = old.and_then(|item| self.entry(key, item));
        let new = new.and_then(|item| self.entry(key, item));
        let change = compare(old.as_ref(), new.as_ref());
        if change != EntryChange::None {
            let remove = old.map(|(position, _)| position);
            self.pending.push_back(Pending { due_ms, remove, insert: new });
        }
        change
    }

    fn entry(&self, key: &Key, item: &Arc<Item>) -> Option<Entry> {
        let position = self.schema.index_position(item, key)?;
        let held = match self.projection {
            Projection::All => Arc::clone(item),
            _ => {
                let held = item.iter().filter(|(name, _)| self.projects(name));
                Arc::new(held.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
        };
        Some((position, held))
    }

    /// Lets every change that is due reach the index.
    pub(super) fn catch_up(&mut self, now_ms: i64) {
        while self.pending.front().is_some_and(|p| p.due_ms <= now_ms) {
            let Some(change) = self.pending.pop_front() else { break };
            if let Some(position) = change.remove {
                self.entries.remove(&position);
            }
            if let Some((position, item)) = change.insert {
                self.entries.insert(position, item);
            }
        }
    }

    /// The entries that have reached the index.
    pub(super) fn entries(&self) -> &BTreeMap<Position, Arc<Item>> {
        &self.entries
    }
}

fn compare(old: Option<&Entry>, new: Option<&Entry>) -> EntryChange {
    match (old, new) {
        (None, None) => EntryChange::None,
        (None, Some((_, new))) => EntryChange::Put(item_size(new)),
        (Some((_, old)), None) => EntryChange::Delete(item_size(old)),
        (Some((at, old)), Some((to, new))) if at != to => {
            EntryChange::Move(item_size(old), item_size(new))
        }
        (Some((_, old)), Some((_, new))) if old != new => {
            EntryChange::Update(item_size(old), item_size(new))
        }
        _ => EntryChange::None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::KeyValue;
    use super::super::schema::{KeyAttr, KeyType};
    use super::super::value::Attr;
    use super::*;

    fn schema(name: &str) -> KeySchema {
        KeySchema { hash: KeyAttr { name: name.into(), kind: KeyType::S }, range: None }
    }

    fn item(attrs: &[(&str, &str)]) -> Arc<Item> {
        Arc::new(attrs.iter().map(|(k, v)| ((*k).into(), Attr::S((*v).into()))).collect())
    }

    fn key() -> Key {
        Key { hash: KeyValue::S("a".into()), range: None }
    }

    fn index(projection: Projection) -> Index {
        Index::new("i".into(), schema("due"), projection, schema("pk"))
    }

    fn keys(index: &Index) -> Vec<String> {
        index.entries().keys().map(|position| position.hash.to_string()).collect()
    }

    #[test]
    fn only_items_with_the_index_key_are_in_a_sparse_index() {
        let mut index = index(Projection::KeysOnly);
        let without = item(&[("pk", "a"), ("x", "1")]);
        let with = item(&[("pk", "a"), ("due", "d"), ("x", "1")]);
        assert_eq!(index.write(&key(), None, Some(&without), 0), EntryChange::None);
        assert_eq!(index.write(&key(), Some(&without), Some(&with), 0), EntryChange::Put(7));
        assert_eq!(index.write(&key(), Some(&with), Some(&without), 0), EntryChange::Delete(7));
    }

    #[test]
    fn a_change_of_an_attribute_that_is_not_projected_leaves_the_index_alone() {
        let old = item(&[("pk", "a"), ("due", "d"), ("x", "1")]);
        let new = item(&[("pk", "a"), ("due", "d"), ("x", "2")]);
        let mut keys_only = index(Projection::KeysOnly);
        assert_eq!(keys_only.write(&key(), Some(&old), Some(&new), 0), EntryChange::None);
        let mut with_x = index(Projection::Include(BTreeSet::from(["x".into()])));
        assert_eq!(with_x.write(&key(), Some(&old), Some(&new), 0), EntryChange::Update(9, 9));
        let moved = item(&[("pk", "a"), ("due", "e"), ("x", "2")]);
        assert_eq!(with_x.write(&key(), Some(&new), Some(&moved), 0), EntryChange::Move(9, 9));
    }

    #[test]
    fn a_change_reaches_the_index_when_it_is_due() {
        let mut index = index(Projection::All);
        let (d, e) = (item(&[("pk", "a"), ("due", "d")]), item(&[("pk", "a"), ("due", "e")]));
        index.write(&key(), None, Some(&d), 10);
        index.write(&key(), Some(&d), Some(&e), 20);
        for (now, seen) in [(9, vec![]), (10, vec!["d"]), (19, vec!["d"]), (20, vec!["e"])] {
            index.catch_up(now);
            assert_eq!(keys(&index), seen, "{now}");
        }
    }
}
