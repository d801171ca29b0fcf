//! Attribute values: the typed JSON of the wire, sizes, and what can be compared.

use super::{invalid, number};
use crate::error::AwsError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The attributes of an item by name.
pub(super) type Item = BTreeMap<String, Attr>;

/// How deep lists and maps may be nested.
const MAX_DEPTH: usize = 32;

/// One attribute value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attr {
    /// String.
    S(String),
    /// Number.
    N(Decimal),
    /// Binary.
    B(Vec<u8>),
    /// Boolean.
    Bool(bool),
    /// Null.
    Null,
    /// List.
    L(Vec<Attr>),
    /// Map.
    M(Item),
    /// Set of strings.
    Ss(BTreeSet<String>),
    /// Set of numbers.
    Ns(BTreeSet<Decimal>),
    /// Set of binaries.
    Bs(BTreeSet<Vec<u8>>),
}

impl Attr {
    /// Reads the typed JSON of one value.
    pub(super) fn from_json(value: &Value) -> Result<Self, AwsError> {
        Self::nested(value, 0)
    }

    fn nested(value: &Value, depth: usize) -> Result<Self, AwsError> {
        if depth > MAX_DEPTH {
            return Err(invalid("Nesting Levels have exceeded supported limits"));
        }
        let members = value.as_object().ok_or_else(|| malformed("an AttributeValue"))?;
        let mut members = members.iter().filter(|(_, v)| !v.is_null());
        let (kind, inner) = members.next().ok_or_else(|| {
            invalid(
                "Supplied AttributeValue is empty, must contain exactly one of the supported \
                 datatypes",
            )
        })?;
        if members.next().is_some() {
            return Err(invalid(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly \
                 one of the supported datatypes",
            ));
        }
        Self::of_kind(kind, inner, depth)
    }

    fn of_kind(kind: &str, inner: &Value, depth: usize) -> Result<Self, AwsError> {
        Ok(match kind {
            "S" => Self::S(text(inner)?.to_owned()),
            "N" => Self::N(number::parse(text(inner)?)?),
            "B" => Self::B(bytes(inner)?),
            "BOOL" => Self::Bool(inner.as_bool().ok_or_else(|| malformed("BOOL"))?),
            "NULL" => match inner.as_bool() {
                Some(true) => Self::Null,
                _ => return Err(invalid("Null attribute value types must have the value of true")),
            },
            "L" => {
                let members = array(inner)?.iter().map(|v| Self::nested(v, depth + 1));
                Self::L(members.collect::<Result<_, _>>()?)
            }
            "M" => Self::M(members(inner, depth + 1)?),
            "SS" => Self::Ss(set(inner, "string", |v| text(v).map(str::to_owned))?),
            "NS" => Self::Ns(set(inner, "number", |v| number::parse(text(v)?))?),
            "BS" => Self::Bs(set(inner, "binary", bytes)?),
            _ => return Err(malformed(&format!("a value of the type {kind}"))),
        })
    }

    /// The typed JSON of the value.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::S(s) => json!({ "S": s }),
            Self::N(n) => json!({ "N": number::render(*n) }),
            Self::B(b) => json!({ "B": STANDARD.encode(b) }),
            Self::Bool(b) => json!({ "BOOL": b }),
            Self::Null => json!({ "NULL": true }),
            Self::L(l) => json!({ "L": l.iter().map(Self::to_json).collect::<Vec<_>>() }),
            Self::M(m) => json!({ "M": item_to_json(m) }),
            Self::Ss(s) => json!({ "SS": s }),
            Self::Ns(s) => {
                json!({ "NS": s.iter().map(|n| number::render(*n)).collect::<Vec<_>>() })
            }
            Self::Bs(s) => {
                json!({ "BS": s.iter().map(|b| STANDARD.encode(b)).collect::<Vec<_>>() })
            }
        }
    }

    /// The name of the type on the wire.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::L(_) => "L",
            Self::M(_) => "M",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
        }
    }

    /// The bytes the value takes, as AWS counts them.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::S(s) => s.len(),
            Self::N(n) => number::size(*n),
            Self::B(b) => b.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::L(l) => 3 + l.iter().map(|v| v.size() + 1).sum::<usize>(),
            Self::M(m) => 3 + m.iter().map(|(k, v)| k.len() + v.size() + 1).sum::<usize>(),
            Self::Ss(s) => s.iter().map(String::len).sum(),
            Self::Ns(s) => s.iter().map(|n| number::size(*n)).sum(),
            Self::Bs(s) => s.iter().map(Vec::len).sum(),
        }
    }

    /// The order of two values, where there is one: both strings, both numbers or both binaries.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::S(a), Self::S(b)) => Some(a.cmp(b)),
            (Self::N(a), Self::N(b)) => Some(a.cmp(b)),
            (Self::B(a), Self::B(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// Reads a map of attributes.
pub(super) fn item_from_json(value: &Value) -> Result<Item, AwsError> {
    members(value, 0)
}

fn members(value: &Value, depth: usize) -> Result<Item, AwsError> {
    let members = value.as_object().ok_or_else(|| malformed("a map of attributes"))?;
    members.iter().map(|(k, v)| Ok((k.clone(), Attr::nested(v, depth)?))).collect()
}

/// The typed JSON of a map of attributes.
pub(super) fn item_to_json(item: &Item) -> Value {
    Value::Object(item.iter().map(|(k, v)| (k.clone(), v.to_json())).collect::<Map<_, _>>())
}

/// The bytes an item takes: names and values.
pub(super) fn item_size(item: &Item) -> usize {
    item.iter().map(|(k, v)| k.len() + v.size()).sum()
}

fn malformed(what: &str) -> AwsError {
    AwsError::new("SerializationException", format!("Unexpected JSON where {what} should be"))
}

fn text(value: &Value) -> Result<&str, AwsError> {
    value.as_str().ok_or_else(|| malformed("a string"))
}

fn array(value: &Value) -> Result<&Vec<Value>, AwsError> {
    value.as_array().ok_or_else(|| malformed("a list"))
}

fn bytes(value: &Value) -> Result<Vec<u8>, AwsError> {
    STANDARD.decode(text(value)?).map_err(|_| malformed("base64"))
}

fn set<T: Ord>(
    value: &Value,
    kind: &str,
    member: impl Fn(&Value) -> Result<T, AwsError>,
) -> Result<BTreeSet<T>, AwsError> {
    let members = array(value)?;
    if members.is_empty() {
        return Err(wrong(format!("An {kind} set  may not be empty")));
    }
    let set = members.iter().map(member).collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < members.len() {
        return Err(wrong(format!("Input collection {value} contains duplicates.")));
    }
    Ok(set)
}

fn wrong(text: String) -> AwsError {
    invalid(format!("One or more parameter values were invalid: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_every_type_survives_the_wire() {
        let value = json!({"M": {
            "s": {"S": "x"}, "n": {"N": "1.5"}, "b": {"B": "AAE="}, "t": {"BOOL": false},
            "z": {"NULL": true}, "l": {"L": [{"S": ""}, {"N": "-3"}]}, "ss": {"SS": ["a", "b"]},
            "ns": {"NS": ["1", "10", "9"]}, "bs": {"BS": ["AA=="]},
        }});
        let mut expected = value.clone();
        expected["M"]["ns"]["NS"] = json!(["1", "9", "10"]);
        assert_eq!(Attr::from_json(&value).unwrap().to_json(), expected);
    }

    #[test]
    fn malformed_values_are_refused() {
        for (value, code) in [
            (json!({}), "ValidationException"),
            (json!({"S": "a", "N": "1"}), "ValidationException"),
            (json!({"N": "x"}), "ValidationException"),
            (json!({"SS": []}), "ValidationException"),
            (json!({"SS": ["a", "a"]}), "ValidationException"),
            (json!({"NS": ["1", "1.0"]}), "ValidationException"),
            (json!({"NULL": false}), "ValidationException"),
            (json!({"S": 1}), "SerializationException"),
            (json!({"X": "a"}), "SerializationException"),
            (json!("a"), "SerializationException"),
        ] {
            assert_eq!(Attr::from_json(&value).unwrap_err().code, code, "{value}");
        }
    }

    #[test]
    fn values_may_be_nested_32_levels_deep_and_no_deeper() {
        let nest = |n| (0..n).fold(json!({"S": "x"}), |v, _| json!({"L": [v]}));
        assert!(Attr::from_json(&nest(32)).is_ok());
        assert!(Attr::from_json(&nest(33)).is_err());
    }

    #[test]
    fn sizes_are_counted_as_aws_counts_them() {
        for (value, bytes) in [
            (json!({"S": "h\u{e9}"}), 3),
            (json!({"N": "12345"}), 4),
            (json!({"BOOL": true}), 1),
            (json!({"L": []}), 3),
            (json!({"L": [{"S": "ab"}]}), 6),
            (json!({"M": {"key": {"S": "ab"}}}), 9),
            (json!({"SS": ["ab", "c"]}), 3),
        ] {
            assert_eq!(Attr::from_json(&value).unwrap().size(), bytes, "{value}");
        }
        let item = item_from_json(&json!({"pk": {"S": "a"}, "n": {"N": "1"}})).unwrap();
        assert_eq!(item_size(&item), 6);
    }
}
