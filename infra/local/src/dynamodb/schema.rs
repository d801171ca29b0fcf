//! Key schemas: which attributes are keys, and what may stand in them.

use super::key::{Edge, Key, KeyValue, Position};
use super::value::{Attr, Item};
use super::{invalid, invalid_parameter};
use crate::error::AwsError;
use serde_json::{Value, json};

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    /// String.
    S,
    /// Number.
    N,
    /// Binary.
    B,
}

impl KeyType {
    /// The type of an attribute definition.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "S" => Self::S,
            "N" => Self::N,
            "B" => Self::B,
            _ => return None,
        })
    }

    /// The name on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }

    /// Whether an attribute has this type.
    pub(super) fn fits(self, value: &Attr) -> bool {
        value.kind() == self.as_str()
    }
}

/// One key attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyAttr {
    /// Its name.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: KeyType,
}

/// The key attributes of a table or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeySchema {
    /// The partition key.
    pub(super) hash: KeyAttr,
    /// The sort key.
    pub(super) range: Option<KeyAttr>,
}

/// The longest partition and sort keys, bytes.
const MAX_HASH_BYTES: usize = 2048;
const MAX_RANGE_BYTES: usize = 1024;

impl KeySchema {
    /// The key attributes: the partition key, then the sort key.
    pub(super) fn attrs(&self) -> impl Iterator<Item = &KeyAttr> {
        std::iter::once(&self.hash).chain(self.range.as_ref())
    }

    /// Whether an attribute is part of the key.
    pub(super) fn has(&self, name: &str) -> bool {
        self.attrs().any(|a| a.name == name)
    }

    /// The key of a call that names one item: exactly the key attributes, with their types.
    pub(super) fn key_exactly(&self, given: &Item) -> Result<Key, AwsError> {
        let fits = self.attrs().all(|a| given.get(&a.name).is_some_and(|v| a.kind.fits(v)));
        if !fits || given.len() != self.attrs().count() {
            return Err(invalid("The provided key element does not match the schema"));
        }
        self.key_of(given)
    }

    /// The key of a whole item.
    pub(super) fn key_of(&self, item: &Item) -> Result<Key, AwsError> {
        let hash = key_value(&self.hash, item)?;
        let range = self.range.as_ref().map(|a| key_value(a, item)).transpose()?;
        if hash.len() > MAX_HASH_BYTES {
            let text = "Size of hashkey has exceeded the maximum size limit of2048 bytes";
            return Err(invalid_parameter(text));
        }
        if range.as_ref().is_some_and(|r| r.len() > MAX_RANGE_BYTES) {
            let text =
                "Aggregated size of all range keys has exceeded the size limit of 1024 bytes";
            return Err(invalid_parameter(text));
        }
        Ok(Key { hash, range })
    }

    /// The index key of an item, when it has all its attributes (a sparse index leaves out the
    /// rest). Their types have been checked when the item was written.
    pub(super) fn index_position(&self, item: &Item, base: &Key) -> Option<Position> {
        let hash = KeyValue::of(item.get(&self.hash.name)?)?;
        let range = match &self.range {
            Some(a) => Edge::At(KeyValue::of(item.get(&a.name)?)?),
            None => Edge::Lowest,
        };
        Some(Position { hash, range, base: Edge::At(base.clone()) })
    }

    /// Checks the attributes of an item that are keys of the index `index`.
    pub(super) fn check_index_key(&self, item: &Item, index: &str) -> Result<(), AwsError> {
        for attr in self.attrs() {
            let Some(value) = item.get(&attr.name) else { continue };
            if !attr.kind.fits(value) {
                return Err(invalid_parameter(format!(
                    "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {index}",
                    attr.name,
                    attr.kind.as_str(),
                    value.kind()
                )));
            }
            if KeyValue::of(value).is_some_and(|v| v.is_empty()) {
                return Err(invalid(format!(
                    "One or more parameter values are not valid. A value specified for a secondary \
                     index key is not supported. The AttributeValue for a key attribute cannot \
                     contain an empty {} value. IndexName: {index}, IndexKey: {}",
                    long_name(attr.kind),
                    attr.name
                )));
            }
        }
        Ok(())
    }

    /// The schema as `DescribeTable` tells it.
    pub(super) fn to_json(&self) -> Value {
        let roles = ["HASH", "RANGE"];
        let attrs = self.attrs().zip(roles);
        attrs.map(|(a, r)| json!({ "AttributeName": a.name, "KeyType": r })).collect()
    }
}

fn key_value(attr: &KeyAttr, item: &Item) -> Result<KeyValue, AwsError> {
    let missing = || invalid_parameter(format!("Missing the key {} in the item", attr.name));
    let value = item.get(&attr.name).ok_or_else(missing)?;
    let key = KeyValue::of(value).filter(|_| attr.kind.fits(value)).ok_or_else(|| {
        invalid_parameter(format!(
            "Type mismatch for key {} expected: {} actual: {}",
            attr.name,
            attr.kind.as_str(),
            value.kind()
        ))
    })?;
    if key.is_empty() {
        return Err(invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute \
             cannot contain an empty {} value. Key: {}",
            long_name(attr.kind),
            attr.name
        )));
    }
    Ok(key)
}

fn long_name(kind: KeyType) -> &'static str {
    match kind {
        KeyType::S => "string",
        KeyType::N => "number",
        KeyType::B => "binary",
    }
}
