//! The members of a request, read with the refusals of AWS. A member nobody reads is refused, too:
//! what the local cloud does not implement must never be a silent success.

use super::{invalid, invalid_parameter};
use crate::error::AwsError;
use serde_json::{Map, Value};

/// The input structure of a call, or one inside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a>(&'a Map<String, Value>);

impl<'a> Input<'a> {
    /// Reads a structure.
    pub(super) fn of(value: &'a Value) -> Result<Self, AwsError> {
        value.as_object().map(Self).ok_or_else(|| wrong_type("the input"))
    }

    /// Refuses every member but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), AwsError> {
        let unknown = self.0.iter().find(|(k, v)| !v.is_null() && !known.contains(&k.as_str()));
        match unknown {
            None => Ok(()),
            Some((name, _)) => {
                tracing::error!(%name, "the local cloud does not implement this parameter");
                let text = format!("the local cloud does not implement the parameter {name}");
                Err(invalid(text))
            }
        }
    }

    /// A member of any type, when given.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|v| !v.is_null())
    }

    /// A member of any type that must be given.
    pub(super) fn need(&self, name: &str) -> Result<&'a Value, AwsError> {
        self.get(name).ok_or_else(|| {
            let mut member = name.to_owned();
            if let Some(first) = member.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            invalid(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy \
                 constraint: Member must not be null"
            ))
        })
    }

    /// A string, when given.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, AwsError> {
        self.typed(name, Value::as_str)
    }

    /// A string that must be given.
    pub(super) fn need_text(&self, name: &str) -> Result<&'a str, AwsError> {
        self.need(name)?.as_str().ok_or_else(|| wrong_type(name))
    }

    /// A boolean, when given.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        self.typed(name, Value::as_bool)
    }

    /// A whole number of at least 1, when given.
    pub(super) fn positive(&self, name: &str) -> Result<Option<usize>, AwsError> {
        let given = self.typed(name, Value::as_i64)?;
        let number = given.map(|n| usize::try_from(n).ok().filter(|n| *n > 0));
        match number {
            Some(None) => Err(invalid_parameter(format!("{name} must be at least 1"))),
            number => Ok(number.flatten()),
        }
    }

    /// A structure or map, when given.
    pub(super) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, AwsError> {
        self.typed(name, Value::as_object)
    }

    /// The members of a list; none when it is not given.
    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], AwsError> {
        let list = self.typed(name, Value::as_array)?;
        Ok(list.map_or(&[], Vec::as_slice))
    }

    /// A string out of a fixed set, `default` when not given.
    pub(super) fn choice(
        &self,
        name: &str,
        allowed: &[&str],
        default: &'a str,
    ) -> Result<&'a str, AwsError> {
        let given = self.text(name)?.unwrap_or(default);
        if allowed.contains(&given) {
            return Ok(given);
        }
        Err(invalid(format!(
            "1 validation error detected: Value '{given}' at '{name}' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            allowed.join(", ")
        )))
    }

    fn typed<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, AwsError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| wrong_type(name))
    }
}

fn wrong_type(name: &str) -> AwsError {
    AwsError::new("SerializationException", format!("{name} has the wrong JSON type"))
}
