//! The tables as those see them who make no calls: auditors.

use super::DynamoDb;
use super::key::{Key, KeyValue};
use super::table::Table;
use super::value::item_to_json;
use serde_json::Value;

impl DynamoDb {
    /// One item as it is now, in the typed JSON of the wire (`{"seq": {"N": "3"}, ...}`), by its
    /// partition key and sort key, both strings.
    #[must_use]
    pub fn item(
        &self,
        account: &str,
        region: &str,
        table: &str,
        (pk, sk): (&str, &str),
    ) -> Option<Value> {
        let key = Key { hash: KeyValue::S(pk.to_owned()), range: Some(KeyValue::S(sk.to_owned())) };
        let item = self.table(account, region, table)?.get(&key)?;
        Some(item_to_json(item))
    }

    /// All items of a table in key order, in the typed JSON of the wire.
    pub fn items(
        &self,
        account: &str,
        region: &str,
        table: &str,
    ) -> impl Iterator<Item = Value> + '_ {
        let table = self.table(account, region, table);
        table.into_iter().flat_map(|table| table.items().values().map(|item| item_to_json(item)))
    }

    fn table(&self, account: &str, region: &str, table: &str) -> Option<&Table> {
        self.regions.get(&(account.to_owned(), region.to_owned()))?.get(table)
    }
}
