//! Reading the members of a request.

use super::error::{invalid, missing};
use crate::error::AwsError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A text member, when given.
pub(super) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

/// A text member that must be there and not empty.
pub(super) fn needed<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    text(input, name).filter(|s| !s.is_empty()).ok_or_else(|| missing(name))
}

/// A whole number within a range, when given.
pub(super) fn number(
    input: &Value,
    name: &str,
    range: RangeInclusive<i64>,
) -> Result<Option<i64>, AwsError> {
    let Some(value) = input.get(name).filter(|v| !v.is_null()) else { return Ok(None) };
    let reason = format!("Must be between {} and {}, if provided.", range.start(), range.end());
    match value.as_i64() {
        Some(n) if range.contains(&n) => Ok(Some(n)),
        _ => Err(invalid(name, value, &reason)),
    }
}

/// A list of texts; empty when not given.
pub(super) fn texts<'a>(input: &'a Value, name: &str) -> Vec<&'a str> {
    let list = input.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).collect()
}

/// A map of texts; empty when not given.
pub(super) fn map(input: &Value, name: &str) -> BTreeMap<String, String> {
    let Some(members) = input.get(name).and_then(Value::as_object) else { return BTreeMap::new() };
    let pairs = members.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())));
    pairs.collect()
}

/// An id of 1–128 letters, digits and punctuation (deduplication ids, group ids, attempt ids).
pub(super) fn check_id(name: &str, value: &str) -> Result<(), AwsError> {
    if (1..=128).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(invalid(name, value, &reason))
}
