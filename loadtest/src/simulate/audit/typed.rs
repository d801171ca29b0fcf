//! Items in the typed JSON of the wire, read without the fleet's own reader.

use serde_json::Value;
use std::collections::BTreeMap;

/// A text attribute.
pub(super) fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name)?.get("S")?.as_str()
}

/// A whole number attribute.
pub(super) fn number(item: &Value, name: &str) -> Option<i64> {
    item.get(name)?.get("N")?.as_str()?.parse().ok()
}

/// A flag; absent is false.
pub(super) fn flag(item: &Value, name: &str) -> bool {
    item.get(name).and_then(|v| v.get("BOOL")).and_then(Value::as_bool).unwrap_or(false)
}

/// A map of texts; absent is empty.
pub(super) fn texts(item: &Value, name: &str) -> BTreeMap<String, String> {
    let map = item.get(name).and_then(|v| v.get("M")).and_then(Value::as_object);
    let entry = |(k, v): (&String, &Value)| Some((k.clone(), v.get("S")?.as_str()?.to_owned()));
    map.into_iter().flatten().filter_map(entry).collect()
}
