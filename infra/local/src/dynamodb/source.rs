//! What queries and scans read from, and where their pages start and end.

use super::index::Index;
use super::input::Input;
use super::invalid;
use super::key::Position;
use super::schema::KeySchema;
use super::table::Table;
use super::value::{Item, item_from_json, item_to_json};
use crate::error::AwsError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is read: a table or one of its indexes.
pub(super) struct Source<'t> {
    /// The table.
    pub(super) table: &'t Table,
    /// The index of it, when one is read.
    pub(super) index: Option<&'t Index>,
}

impl<'t> Source<'t> {
    /// What a call reads.
    pub(super) fn of(table: &'t Table, input: Input<'_>) -> Result<Self, AwsError> {
        let index = input.text("IndexName")?.map(|name| table.index(name)).transpose()?;
        Ok(Self { table, index })
    }

    /// The key that orders what is read.
    pub(super) fn schema(&self) -> &'t KeySchema {
        self.index.map_or(&self.table.schema, |index| &index.schema)
    }

    /// All there is to read, in key order.
    pub(super) fn entries(&self) -> &'t BTreeMap<Position, Arc<Item>> {
        self.index.map_or(self.table.items(), Index::entries)
    }

    fn key_names(&self) -> impl Iterator<Item = &'t String> {
        let index = self.index.into_iter().flat_map(|index| index.schema.attrs());
        self.table.schema.attrs().chain(index).map(|attr| &attr.name)
    }

    /// The key a following page starts after.
    pub(super) fn last_key(&self, item: &Item) -> Value {
        let names = self.key_names();
        let key = names.filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
        item_to_json(&key.collect())
    }

    /// Where the page starts, when it is not the first.
    pub(super) fn start(&self, input: Input<'_>) -> Result<Option<Position>, AwsError> {
        let Some(given) = input.get("ExclusiveStartKey") else { return Ok(None) };
        let given = item_from_json(given)?;
        let wrong = || invalid("The provided starting key is invalid");
        if !given.keys().all(|name| self.key_names().any(|n| n == name)) {
            return Err(wrong());
        }
        let base = self.table.schema.key_of(&given).map_err(|_| wrong())?;
        let Some(index) = self.index else { return Ok(Some(base.into())) };
        index.schema.check_index_key(&given, &index.name).map_err(|_| wrong())?;
        index.schema.index_position(&given, &base).map(Some).ok_or_else(wrong)
    }
}
