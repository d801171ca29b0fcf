//! Key conditions: the stretch of a table or index that a query reads.

use super::super::key::{Edge, KeyValue, Position};
use super::super::schema::{KeyAttr, KeySchema};
use super::super::value::Attr;
use super::super::{invalid, invalid_parameter};
use super::ast::{Comparator, Condition, Operand};
use super::names::Values;
use crate::error::AwsError;

/// A stretch of positions: `from` included, `to` excluded. All have one partition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first position.
    pub(crate) from: Position,
    /// The position after the last.
    pub(crate) to: Position,
}

impl Span {
    /// The stretch a key condition describes.
    pub(crate) fn of(
        condition: Condition,
        schema: &KeySchema,
        values: &Values,
    ) -> Result<Self, AwsError> {
        let mut parts = Vec::new();
        flatten(condition, &mut parts);
        let (mut hash, mut range) = (None, None);
        for part in parts {
            let name = attribute(&part)?;
            let slot = match (&schema.hash, &schema.range) {
                (attr, _) if attr.name == name => &mut hash,
                (_, Some(attr)) if attr.name == name => &mut range,
                _ => return Err(missed(schema, hash.is_some())),
            };
            if slot.replace(part).is_some() {
                let text = "KeyConditionExpressions must only contain one condition per key";
                return Err(invalid(format!("Invalid KeyConditionExpression: {text}")));
            }
        }
        let hash = match hash.ok_or_else(|| missed(schema, false))? {
            Condition::Compare(_, Comparator::Eq, value) => {
                key_value(&value, &schema.hash, values)?
            }
            _ => return Err(unsupported()),
        };
        let (from, to) = match (range, &schema.range) {
            (Some(part), Some(attr)) => range_bounds(part, attr, values)?,
            _ => (Bound::before_all(), Bound::after_all()),
        };
        Ok(Self { from: from.at(&hash), to: to.at(&hash) })
    }
}

/// A bound on the sort key: before or after everything that has it.
struct Bound(Edge<KeyValue>, bool);

impl Bound {
    fn before_all() -> Self {
        Self(Edge::Lowest, false)
    }

    fn after_all() -> Self {
        Self(Edge::Highest, true)
    }

    fn before(value: KeyValue) -> Self {
        Self(Edge::At(value), false)
    }

    fn after(value: KeyValue) -> Self {
        Self(Edge::At(value), true)
    }

    fn at(self, hash: &KeyValue) -> Position {
        let base = if self.1 { Edge::Highest } else { Edge::Lowest };
        Position { hash: hash.clone(), range: self.0, base }
    }
}

fn flatten(condition: Condition, parts: &mut Vec<Condition>) {
    match condition {
        Condition::And(members) => members.into_iter().for_each(|m| flatten(m, parts)),
        other => parts.push(other),
    }
}

/// The attribute a part of a key condition is about.
fn attribute(part: &Condition) -> Result<String, AwsError> {
    let left = match part {
        Condition::Compare(left, ..)
        | Condition::Between(left, ..)
        | Condition::BeginsWith(left, _) => left,
        Condition::Or(_) => return Err(invalid_operator("OR")),
        Condition::Not(_) => return Err(invalid_operator("NOT")),
        Condition::In(..) => return Err(invalid_operator("IN")),
        Condition::Contains(..) => return Err(invalid_operator("contains")),
        _ => return Err(unsupported()),
    };
    match left {
        Operand::Path(path) => path.attribute().map(str::to_owned).ok_or_else(unsupported),
        _ => Err(unsupported()),
    }
}

fn range_bounds(
    part: Condition,
    attr: &KeyAttr,
    values: &Values,
) -> Result<(Bound, Bound), AwsError> {
    let value = |operand: &Operand| key_value(operand, attr, values);
    Ok(match part {
        Condition::Compare(_, comparator, operand) => {
            let value = value(&operand)?;
            match comparator {
                Comparator::Eq => (Bound::before(value.clone()), Bound::after(value)),
                Comparator::Lt => (Bound::before_all(), Bound::before(value)),
                Comparator::Le => (Bound::before_all(), Bound::after(value)),
                Comparator::Gt => (Bound::after(value), Bound::after_all()),
                Comparator::Ge => (Bound::before(value), Bound::after_all()),
                Comparator::Ne => return Err(invalid_operator("<>")),
            }
        }
        Condition::Between(_, low, high) => {
            (Bound::before(value(&low)?), Bound::after(value(&high)?))
        }
        Condition::BeginsWith(_, prefix) => {
            let prefix = value(&prefix)?;
            let end = prefix.after_prefix().map_or_else(Bound::after_all, Bound::before);
            (Bound::before(prefix), end)
        }
        _ => return Err(unsupported()),
    })
}

fn key_value(operand: &Operand, attr: &KeyAttr, values: &Values) -> Result<KeyValue, AwsError> {
    let value = match operand {
        Operand::Value(name) => values.get(name),
        _ => return Err(unsupported()),
    };
    let fitting = value.filter(|v| attr.kind.fits(v)).and_then(KeyValue::of);
    let key = fitting
        .ok_or_else(|| invalid_parameter("Condition parameter type does not match schema type"))?;
    if matches!(value, Some(Attr::S(s)) if s.is_empty()) {
        return Err(invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute \
             cannot contain an empty string value. Key: {}",
            attr.name
        )));
    }
    Ok(key)
}

fn missed(schema: &KeySchema, has_hash: bool) -> AwsError {
    let missing = match &schema.range {
        Some(range) if has_hash => &range.name,
        _ => &schema.hash.name,
    };
    invalid(format!("Query condition missed key schema element: {missing}"))
}

fn unsupported() -> AwsError {
    invalid("Query key condition not supported")
}

fn invalid_operator(operator: &str) -> AwsError {
    invalid(format!(
        "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: \
         {operator}"
    ))
}
