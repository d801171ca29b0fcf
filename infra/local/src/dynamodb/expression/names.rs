//! The names and values that expressions of one call refer to.

use super::super::input::Input;
use super::super::invalid;
use super::super::schema::KeySchema;
use super::super::value::Attr;
use super::ast::Condition;
use super::check;
use super::key_condition::Span;
use super::project::Projector;
use super::update::ReadyUpdate;
use super::walk::{Leaf, Walk};
use super::{parse, parse_update};
use crate::error::AwsError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Expression attribute values by placeholder.
pub(crate) type Values = BTreeMap<String, Attr>;

/// Words that may not stand in an expression as they are.
static RESERVED: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("reserved.txt").split_ascii_whitespace().collect());

/// The expressions of one call: their placeholders, and which of them have been used.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    input: Input<'a>,
    names: BTreeMap<String, String>,
    values: Values,
    used: BTreeSet<String>,
    expressions: usize,
}

impl<'a> Scope<'a> {
    /// Reads the placeholders of a call.
    pub(crate) fn of(input: Input<'a>) -> Result<Self, AwsError> {
        let (names, values) = (names(input)?, values(input)?);
        Ok(Self { input, names, values, used: BTreeSet::new(), expressions: 0 })
    }

    /// The values, for evaluation.
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// The condition or filter of the call in the member `member`, when given.
    pub(crate) fn condition(&mut self, member: &str) -> Result<Option<Condition>, AwsError> {
        let Some(text) = self.text(member)? else { return Ok(None) };
        let mut condition = parse::condition(text).map_err(|e| bad(member, &e))?;
        self.resolve(member, &mut condition)?;
        check::condition(&condition, &self.values).map_err(|e| bad(member, &e))?;
        Ok(Some(condition))
    }

    /// The key condition of a query on `schema`.
    pub(crate) fn key_condition(&mut self, schema: &KeySchema) -> Result<Span, AwsError> {
        let missing = "Either the KeyConditions or KeyConditionExpression parameter must be \
                       specified in the request.";
        let condition = self.condition("KeyConditionExpression")?;
        Span::of(condition.ok_or_else(|| invalid(missing))?, schema, &self.values)
    }

    /// The projection of the call, when given.
    pub(crate) fn projection(&mut self) -> Result<Option<Projector>, AwsError> {
        let member = "ProjectionExpression";
        let Some(text) = self.text(member)? else { return Ok(None) };
        let mut paths = parse::projection(text).map_err(|e| bad(member, &e))?;
        self.resolve(member, paths.as_mut_slice())?;
        check::overlaps(&paths.iter().collect::<Vec<_>>()).map_err(|e| bad(member, &e))?;
        Ok(Some(Projector::of(&paths)))
    }

    /// The update of the call, when given.
    pub(crate) fn update(&mut self) -> Result<Option<ReadyUpdate>, AwsError> {
        let member = "UpdateExpression";
        let Some(text) = self.text(member)? else { return Ok(None) };
        let mut update = parse_update::update(text).map_err(|e| bad(member, &e))?;
        self.resolve(member, &mut update)?;
        check::update(&update, &self.values).map_err(|e| bad(member, &e))?;
        Ok(Some(ReadyUpdate::of(update)))
    }

    /// Refuses placeholders that no expression has used.
    pub(crate) fn finish(&self) -> Result<(), AwsError> {
        for (member, keys) in [
            ("ExpressionAttributeNames", self.names.keys().collect::<Vec<_>>()),
            ("ExpressionAttributeValues", self.values.keys().collect::<Vec<_>>()),
        ] {
            if !keys.is_empty() && self.expressions == 0 {
                return Err(invalid(format!(
                    "{member} can only be specified when using expressions"
                )));
            }
            let unused = keys.into_iter().filter(|k| !self.used.contains(*k));
            let unused = unused.map(String::as_str).collect::<Vec<_>>().join(", ");
            if !unused.is_empty() {
                let text = format!("Value provided in {member} unused in expressions: keys:");
                return Err(invalid(format!("{text} {{{unused}}}")));
            }
        }
        Ok(())
    }

    fn text(&mut self, member: &str) -> Result<Option<&'a str>, AwsError> {
        let text = self.input.text(member)?;
        self.expressions += usize::from(text.is_some());
        Ok(text)
    }

    /// Puts the names in place of their placeholders; checks that all values are there.
    fn resolve(&mut self, member: &str, tree: &mut (impl Walk + ?Sized)) -> Result<(), AwsError> {
        let (names, values, used) = (&self.names, &self.values, &mut self.used);
        let resolved = tree.walk(&mut |leaf| match leaf {
            Leaf::Name(name) if name.starts_with('#') => {
                let real = names.get(name.as_str()).ok_or_else(|| {
                    format!(
                        "An expression attribute name used in the document path is not defined; \
                         attribute name: {name}"
                    )
                })?;
                used.insert(std::mem::replace(name, real.clone()));
                Ok(())
            }
            Leaf::Name(name) if RESERVED.contains(name.to_ascii_uppercase().as_str()) => {
                Err(format!("Attribute name is a reserved keyword; reserved keyword: {name}"))
            }
            Leaf::Name(_) => Ok(()),
            Leaf::Value(value) if values.contains_key(value) => {
                used.insert(value.to_owned());
                Ok(())
            }
            Leaf::Value(value) => Err(format!(
                "An expression attribute value used in expression is not defined; attribute value: \
                 {value}"
            )),
        });
        resolved.map_err(|e: String| bad(member, &e))
    }
}

fn bad(member: &str, text: &str) -> AwsError {
    invalid(format!("Invalid {member}: {text}"))
}

fn names(input: Input<'_>) -> Result<BTreeMap<String, String>, AwsError> {
    let member = "ExpressionAttributeNames";
    let Some(given) = input.object(member)? else { return Ok(BTreeMap::new()) };
    check_keys(member, '#', given.keys())?;
    let names = given.iter().map(|(key, name)| {
        let name = name.as_str().filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| invalid(format!("{member} contains invalid value for key {key}")))?;
        Ok((key.clone(), name.to_owned()))
    });
    names.collect()
}

fn values(input: Input<'_>) -> Result<Values, AwsError> {
    let member = "ExpressionAttributeValues";
    let Some(given) = input.object(member)? else { return Ok(Values::new()) };
    check_keys(member, ':', given.keys())?;
    let values = given.iter().map(|(key, value)| {
        let value = Attr::from_json(value).map_err(|mut e| {
            e.message = format!("{member} contains invalid value: {} for key {key}", e.message);
            e
        })?;
        Ok((key.clone(), value))
    });
    values.collect()
}

fn check_keys<'k>(
    member: &str,
    sign: char,
    mut keys: impl ExactSizeIterator<Item = &'k String>,
) -> Result<(), AwsError> {
    if keys.len() == 0 {
        return Err(invalid(format!("{member} must not be empty")));
    }
    let valid = |key: &str| {
        let name = key.strip_prefix(sign).unwrap_or_default();
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match keys.find(|key| !valid(key)) {
        Some(key) => {
            Err(invalid(format!("{member} contains invalid key: Syntax error; key: \"{key}\"")))
        }
        None => Ok(()),
    }
}
