//! What calls cost: the one place with the arithmetic of write and read units.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Bytes of one write unit.
const WRITE_STEP: usize = 1024;
/// Bytes of one strongly consistent read unit.
const READ_STEP: usize = 4096;

/// Units of bytes rounded up to whole steps, at least one.
fn steps(bytes: usize, step: usize) -> f64 {
    let whole = u32::try_from(bytes.div_ceil(step).max(1)).unwrap_or(u32::MAX);
    f64::from(whole)
}

/// Units of a write to the base table: by the larger of the item before and after (0 bytes where
/// there is none). A failed condition costs the same; so does a write that changes nothing.
pub(super) fn table_write(old_bytes: usize, new_bytes: usize) -> f64 {
    steps(old_bytes.max(new_bytes), WRITE_STEP)
}

/// What a write of the base table means for one index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryChange {
    /// Neither key nor projected attributes changed, or the item is not in the index.
    None,
    /// An entry of this many bytes appeared.
    Put(usize),
    /// An entry of this many bytes vanished.
    Delete(usize),
    /// A projected attribute changed: bytes before and after.
    Update(usize, usize),
    /// The index key changed: one entry vanished, another appeared.
    Move(usize, usize),
}

/// Units of a write to an index.
pub(super) fn index_write(change: EntryChange) -> f64 {
    match change {
        EntryChange::None => 0.0,
        EntryChange::Put(bytes) | EntryChange::Delete(bytes) => steps(bytes, WRITE_STEP),
        EntryChange::Update(old, new) => steps(old.max(new), WRITE_STEP),
        EntryChange::Move(old, new) => steps(old, WRITE_STEP) + steps(new, WRITE_STEP),
    }
}

/// Units of a read of so many bytes: of one item, or of all items a query or scan looked at.
pub(super) fn read(bytes: usize, consistent: bool) -> f64 {
    steps(bytes, READ_STEP) * if consistent { 1.0 } else { 0.5 }
}

/// What a call has consumed on one table and its indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Consumed {
    /// Units of the base table.
    pub(super) table: f64,
    /// Units of each index that was touched.
    pub(super) indexes: BTreeMap<String, f64>,
}

impl Consumed {
    /// Units of the base table alone.
    pub(super) fn of_table(units: f64) -> Self {
        Self { table: units, indexes: BTreeMap::new() }
    }

    /// Units of one index alone.
    pub(super) fn of_index(index: &str, units: f64) -> Self {
        Self { table: 0.0, indexes: BTreeMap::from([(index.to_owned(), units)]) }
    }

    /// Table and indexes together.
    pub(super) fn total(&self) -> f64 {
        self.table + self.indexes.values().sum::<f64>()
    }

    /// Adds what another call on the same table has consumed.
    pub(super) fn add(&mut self, other: &Self) {
        self.table += other.table;
        for (index, units) in &other.indexes {
            *self.indexes.entry(index.clone()).or_default() += units;
        }
    }

    /// The `ConsumedCapacity` structure, when it was asked for.
    pub(super) fn to_json(&self, table: &str, asked: Detail) -> Option<Value> {
        let mut capacity = json!({ "TableName": table, "CapacityUnits": self.total() });
        match asked {
            Detail::None => return None,
            Detail::Total => {}
            Detail::Indexes => {
                capacity["Table"] = json!({ "CapacityUnits": self.table });
                let indexes = self.indexes.iter().filter(|(_, units)| **units > 0.0);
                let indexes: Map<_, _> = indexes
                    .map(|(name, units)| (name.clone(), json!({ "CapacityUnits": units })))
                    .collect();
                if !indexes.is_empty() {
                    capacity["GlobalSecondaryIndexes"] = Value::Object(indexes);
                }
            }
        }
        Some(capacity)
    }
}

/// How much a caller wants to know about consumed capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Nothing.
    None,
    /// The sum.
    Total,
    /// The sum, the table and each index.
    Indexes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_write_costs_by_the_larger_of_before_and_after() {
        for (old, new, units) in [
            (0, 0, 1.0),
            (0, 1, 1.0),
            (0, 1024, 1.0),
            (0, 1025, 2.0),
            (3000, 10, 3.0),
            (10, 3000, 3.0),
            (0, 409_600, 400.0),
        ] {
            assert_eq!(table_write(old, new), units, "{old} -> {new}");
        }
    }

    #[test]
    fn an_index_write_costs_only_when_the_entry_changes_and_twice_when_its_key_does() {
        for (change, units) in [
            (EntryChange::None, 0.0),
            (EntryChange::Put(1), 1.0),
            (EntryChange::Put(1025), 2.0),
            (EntryChange::Delete(2048), 2.0),
            (EntryChange::Update(10, 20), 1.0),
            (EntryChange::Update(1500, 20), 2.0),
            (EntryChange::Move(10, 20), 2.0),
            (EntryChange::Move(10, 1500), 3.0),
        ] {
            assert_eq!(index_write(change), units, "{change:?}");
        }
    }

    #[test]
    fn a_read_costs_by_4_kib_and_half_when_eventually_consistent() {
        for (bytes, consistent, units) in [
            (0, false, 0.5),
            (0, true, 1.0),
            (4096, true, 1.0),
            (4097, true, 2.0),
            (4097, false, 1.0),
            (1 << 20, false, 128.0),
        ] {
            assert_eq!(read(bytes, consistent), units, "{bytes} {consistent}");
        }
    }

    #[test]
    fn capacity_is_told_in_the_detail_asked_for() {
        let mut consumed = Consumed::of_table(1.0);
        consumed.add(&Consumed::of_index("due", 2.0));
        consumed.add(&Consumed::of_index("other", 0.0));
        assert_eq!(consumed.to_json("t", Detail::None), None);
        let total = json!({ "TableName": "t", "CapacityUnits": 3.0 });
        assert_eq!(consumed.to_json("t", Detail::Total), Some(total));
        let indexes = json!({ "TableName": "t", "CapacityUnits": 3.0,
            "Table": {"CapacityUnits": 1.0},
            "GlobalSecondaryIndexes": {"due": {"CapacityUnits": 2.0}} });
        assert_eq!(consumed.to_json("t", Detail::Indexes), Some(indexes));
    }
}
