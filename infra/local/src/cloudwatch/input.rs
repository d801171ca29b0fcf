//! Reading the members of a request in its neutral form: in the query protocol every number is a
//! text and every moment is written in ISO 8601; in CBOR they are numbers.

use super::{Metric, invalid};
use crate::error::AwsError;
use crate::moment;
use serde_json::Value;

pub(super) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

/// A text that must be there and not empty.
pub(super) fn needed<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    text(input, name).filter(|s| !s.is_empty()).ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> AwsError {
    AwsError::new("MissingParameter", format!("The parameter {name} is required."))
}

/// A finite number, when given.
pub(super) fn number(input: &Value, name: &str) -> Result<Option<f64>, AwsError> {
    let Some(value) = input.get(name).filter(|v| !v.is_null()) else { return Ok(None) };
    finite(value)
        .map(Some)
        .ok_or_else(|| invalid(format!("The value {value} for parameter {name} is invalid.")))
}

/// A finite number in either form.
pub(super) fn finite(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|n| n.is_finite())
}

/// A whole number, when given.
pub(super) fn whole(input: &Value, name: &str) -> Result<Option<i64>, AwsError> {
    let Some(value) = input.get(name).filter(|v| !v.is_null()) else { return Ok(None) };
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let wrong =
        || invalid(format!("The value {value} for parameter {name} is not a whole number."));
    number.map(Some).ok_or_else(wrong)
}

/// A moment, milliseconds since the Unix epoch, when given.
pub(super) fn moment(input: &Value, name: &str) -> Result<Option<i64>, AwsError> {
    let Some(value) = input.get(name).filter(|v| !v.is_null()) else { return Ok(None) };
    let wrong = || invalid(format!("The value {value} for parameter {name} is not a moment."));
    let ms = match value {
        Value::String(text) => moment::from_iso(text),
        other => other.as_f64().and_then(milliseconds),
    };
    ms.map(Some).ok_or_else(wrong)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn milliseconds(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1_000.0).round();
    (ms.abs() < 1e15).then_some(ms as i64)
}

/// The members of a list; none when it is not given.
pub(super) fn list<'a>(input: &'a Value, name: &str) -> &'a [Value] {
    input.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The dimensions in a request, in the order of their names.
pub(super) fn dimensions(input: &Value) -> Result<Vec<(String, String)>, AwsError> {
    let given = list(input, "Dimensions");
    if given.len() > 30 {
        return Err(invalid("The parameter Dimensions has more than 30 members."));
    }
    let mut dimensions = Vec::new();
    for dimension in given {
        let (name, value) = (needed(dimension, "Name")?, needed(dimension, "Value")?);
        dimensions.push((name.to_owned(), value.to_owned()));
    }
    dimensions.sort();
    Ok(dimensions)
}

/// The metric that is named by namespace, name and dimensions.
pub(super) fn metric(input: &Value) -> Result<Metric, AwsError> {
    Ok(Metric {
        namespace: needed(input, "Namespace")?.to_owned(),
        name: needed(input, "MetricName")?.to_owned(),
        dimensions: dimensions(input)?,
    })
}
