//! A table: its items, its indexes, and the one way to write them.

use super::capacity::{self, Consumed};
use super::index::Index;
use super::key::{Key, Position};
use super::schema::{KeySchema, KeyType};
use super::ttl::Ttl;
use super::value::{Item, item_size};
use super::{invalid, invalid_parameter};
use crate::error::AwsError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The largest item, bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The moment of a write, and when the indexes will see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Now, milliseconds since the Unix epoch.
    pub(super) now_ms: i64,
    /// How far the indexes lag behind, milliseconds.
    pub(super) lag_ms: i64,
}

/// What `DescribeTable` tells that nothing else depends on.
#[derive(Debug)]
pub(super) struct About {
    /// Name of the table.
    pub(super) name: String,
    /// ARN of the table.
    pub(super) arn: String,
    /// Unique id of the table.
    pub(super) id: String,
    /// When it was created, milliseconds since the Unix epoch.
    pub(super) created_ms: i64,
    /// Types of all key attributes.
    pub(super) definitions: BTreeMap<String, KeyType>,
    /// It cannot be deleted.
    pub(super) protected: bool,
}

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    /// Name, ARN and the like.
    pub(super) about: About,
    /// The primary key.
    pub(super) schema: KeySchema,
    /// The global secondary indexes by name.
    pub(super) indexes: BTreeMap<String, Index>,
    /// Time to live.
    pub(super) ttl: Ttl,
    items: BTreeMap<Position, Arc<Item>>,
    bytes: usize,
}

impl Table {
    /// An empty table.
    pub(super) fn new(about: About, schema: KeySchema, indexes: BTreeMap<String, Index>) -> Self {
        Self { about, schema, indexes, ttl: Ttl::default(), items: BTreeMap::new(), bytes: 0 }
    }

    /// All items in key order.
    pub(super) fn items(&self) -> &BTreeMap<Position, Arc<Item>> {
        &self.items
    }

    /// One item.
    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        self.items.get(&Position::from(key.clone()))
    }

    /// An index of the table.
    pub(super) fn index(&self, name: &str) -> Result<&Index, AwsError> {
        self.indexes
            .get(name)
            .ok_or_else(|| invalid(format!("The table does not have the specified index: {name}")))
    }

    /// Checks an item that is to be written whole.
    pub(super) fn check(&self, item: &Item, too_large: &str) -> Result<(), AwsError> {
        for index in self.indexes.values() {
            index.schema.check_index_key(item, &index.name)?;
        }
        if item_size(item) > MAX_ITEM_BYTES { Err(invalid(too_large)) } else { Ok(()) }
    }

    /// Refuses a change of a key attribute.
    pub(super) fn check_not_key(&self, attribute: &str) -> Result<(), AwsError> {
        if !self.schema.has(attribute) {
            return Ok(());
        }
        Err(invalid_parameter(format!(
            "Cannot update attribute {attribute}. This attribute is part of the key"
        )))
    }

    /// Puts (or, without `new`, deletes) an item that has been checked; tells what that costs.
    pub(super) fn write(&mut self, key: &Key, new: Option<Arc<Item>>, at: Moment) -> Consumed {
        let position = Position::from(key.clone());
        let old = match &new {
            Some(item) => self.items.insert(position, Arc::clone(item)),
            None => self.items.remove(&position),
        };
        let bytes = |item: &Option<Arc<Item>>| item.as_ref().map_or(0, |i| item_size(i));
        let (before, after) = (bytes(&old), bytes(&new));
        self.bytes = self.bytes + after - before;
        let mut consumed = Consumed::of_table(capacity::table_write(before, after));
        for (name, index) in &mut self.indexes {
            let due_ms = at.now_ms.saturating_add(at.lag_ms);
            let change = index.write(key, old.as_ref(), new.as_ref(), due_ms);
            index.catch_up(at.now_ms);
            consumed.add(&Consumed::of_index(name, capacity::index_write(change)));
        }
        self.ttl.note(key, old.as_deref(), new.as_deref());
        consumed
    }

    /// Removes what has expired long enough ago, at no cost, as AWS does in the background.
    pub(super) fn expire(&mut self, at: Moment) {
        while let Some(key) = self.ttl.next_expired(at.now_ms) {
            self.write(&key, None, at);
        }
    }

    /// Lets the indexes catch up with what is due.
    pub(super) fn catch_up(&mut self, now_ms: i64) {
        for index in self.indexes.values_mut() {
            index.catch_up(now_ms);
        }
    }

    /// Turns time to live on or off.
    pub(super) fn set_ttl(&mut self, attribute: Option<String>) {
        let items = self.items.iter().map(|(position, item)| (position.key(), &**item));
        self.ttl.set(attribute, items);
    }

    /// Sum of all item sizes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
