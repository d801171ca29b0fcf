//! A global secondary index: ordered entries, and the changes that have not reached it yet.

use super::capacity::EntryChange;
use super::key::{Key, Position};
use super::schema::KeySchema;
use super::value::{Attr, Item};
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
        let place = |item: &Arc<Item>| self.schema.index_position(item, key);
        let (from, to) = (old.and_then(place), new.and_then(place));
        let change = match (old, new, &from, &to) {
            (_, Some(new), None, Some(_)) => EntryChange::Put(self.size(new)),
            (Some(old), _, Some(_), None) => EntryChange::Delete(self.size(old)),
            (Some(old), Some(new), Some(from), Some(to)) if from != to => {
                EntryChange::Move(self.size(old), self.size(new))
            }
            (Some(old), Some(new), Some(_), Some(_)) if self.differ(old, new) => {
                EntryChange::Update(self.size(old), self.size(new))
            }
            _ => EntryChange::None,
        };
        if change != EntryChange::None {
            let insert = to.zip(new).map(|(to, item)| (to, self.held(item)));
            self.pending.push_back(Pending { due_ms, remove: from, insert });
        }
        change
    }

    /// The attributes of an item that the index holds.
    fn held_of<'i>(&self, item: &'i Item) -> impl Iterator<Item = (&'i String, &'i Attr)> {
        item.iter().filter(|(name, _)| self.projects(name))
    }

    fn held(&self, item: &Arc<Item>) -> Arc<Item> {
        if self.projection == Projection::All {
            return Arc::clone(item);
        }
        Arc::new(self.held_of(item).map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn size(&self, item: &Item) -> usize {
        self.held_of(item).map(|(name, value)| name.len() + value.size()).sum()
    }

    fn differ(&self, old: &Item, new: &Item) -> bool {
        !self.held_of(old).eq(self.held_of(new))
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

#[cfg(test)]
mod tests {
    use super::super::key::KeyValue;
    use super::super::schema::{KeyAttr, KeyType};
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
