//! Event patterns: which events a rule is about.
//!
//! Exact values, `prefix`, `exists` and `anything-but` (values, or a prefix). An operator that AWS
//! has and this has not is refused like one that nobody has, loudly and by name.

use crate::error::AwsError;
use serde_json::{Map, Value};

/// The longest pattern, characters.
const LONGEST: usize = 4_096;

/// What one field of an event must be.
#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    /// This value.
    Exactly(Value),
    /// A text that begins so.
    Prefix(String),
    /// There, or not there.
    Exists(bool),
    /// There, and none of these values.
    AnythingBut(Vec<Value>),
    /// There, and not a text that begins so.
    NotPrefix(String),
}

/// A pattern of an event or of a part of it.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// One of these.
    Leaf(Vec<Matcher>),
    /// Every named field must match.
    Fields(Vec<(String, Node)>),
}

/// A pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Node);

fn wrong(reason: impl std::fmt::Display) -> AwsError {
    tracing::warn!(%reason, "refused an event pattern");
    let text = format!("Event pattern is not valid. Reason: {reason}");
    AwsError::new("InvalidEventPatternException", text)
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        if text.len() > LONGEST {
            return Err(wrong(format!("it is longer than {LONGEST} characters")));
        }
        let value: Value = serde_json::from_str(text).map_err(wrong)?;
        match &value {
            Value::Object(members) => Ok(Self(fields(members)?)),
            _ => Err(wrong("Filter is not an object")),
        }
    }

    /// Whether an event is meant.
    pub(super) fn matches(&self, event: &Value) -> bool {
        node_matches(&self.0, Some(event))
    }
}

fn fields(members: &Map<String, Value>) -> Result<Node, AwsError> {
    if members.is_empty() {
        return Err(wrong("Empty objects are not allowed"));
    }
    let mut fields = Vec::new();
    for (name, value) in members {
        let node = match value {
            // Names like `$or` are operators.
            _ if name.starts_with('$') => {
                return Err(wrong(format!("Unrecognized match type {name}")));
            }
            Value::Object(inner) => self::fields(inner)?,
            Value::Array(list) if list.is_empty() => {
                return Err(wrong("Empty arrays are not allowed"));
            }
            Value::Array(list) => Node::Leaf(list.iter().map(matcher).collect::<Result<_, _>>()?),
            _ => return Err(wrong(format!("\"{name}\" must be an object or an array"))),
        };
        fields.push((name.clone(), node));
    }
    Ok(Node::Fields(fields))
}

fn matcher(value: &Value) -> Result<Matcher, AwsError> {
    let Value::Object(members) = value else {
        return match value {
            Value::Array(_) => Err(wrong("an array within an array")),
            value => Ok(Matcher::Exactly(value.clone())),
        };
    };
    let mut members = members.iter();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => operator(name, value),
        _ => Err(wrong("Only one key allowed in match expression")),
    }
}

fn operator(name: &str, value: &Value) -> Result<Matcher, AwsError> {
    match (name, value) {
        ("exists", Value::Bool(exists)) => Ok(Matcher::Exists(*exists)),
        ("exists", _) => Err(wrong("exists match pattern must be either true or false.")),
        ("prefix", Value::String(prefix)) => Ok(Matcher::Prefix(prefix.clone())),
        ("prefix", _) => Err(wrong("prefix match pattern must be a string")),
        ("anything-but", value) => anything_but(value),
        _ => Err(wrong(format!("Unrecognized match type {name}"))),
    }
}

fn anything_but(value: &Value) -> Result<Matcher, AwsError> {
    let is_leaf = |v: &Value| v.is_string() || v.is_number();
    match value {
        Value::Object(members) => match (members.len(), members.get("prefix")) {
            (1, Some(Value::String(prefix))) => Ok(Matcher::NotPrefix(prefix.clone())),
            _ => Err(wrong("Unsupported anything-but pattern")),
        },
        Value::Array(values) if !values.is_empty() && values.iter().all(is_leaf) => {
            Ok(Matcher::AnythingBut(values.clone()))
        }
        value if is_leaf(value) => Ok(Matcher::AnythingBut(vec![value.clone()])),
        _ => Err(wrong("Value of anything-but must be an array or single string/number value.")),
    }
}

fn node_matches(node: &Node, value: Option<&Value>) -> bool {
    match node {
        Node::Leaf(matchers) => matchers.iter().any(|matcher| matcher.matches(value)),
        Node::Fields(fields) => match value {
            // Of a list of structures one must match.
            Some(Value::Array(members)) => members.iter().any(|m| node_matches(node, Some(m))),
            value => fields
                .iter()
                .all(|(name, node)| node_matches(node, value.and_then(|value| value.get(name)))),
        },
    }
}

impl Matcher {
    /// Whether a field is as it must be; of a list one member must be.
    fn matches(&self, field: Option<&Value>) -> bool {
        match (self, field) {
            (Self::Exists(wanted), field) => is_there(field) == *wanted,
            (_, None) => false,
            (Self::AnythingBut(_) | Self::NotPrefix(_), Some(Value::Array(members))) => {
                !members.is_empty() && members.iter().all(|m| self.matches(Some(m)))
            }
            (_, Some(Value::Array(members))) => members.iter().any(|m| self.matches(Some(m))),
            (Self::Exactly(wanted), Some(value)) => same(wanted, value),
            (Self::Prefix(prefix), Some(value)) => begins(value, prefix),
            (Self::AnythingBut(values), Some(value)) => !values.iter().any(|v| same(v, value)),
            (Self::NotPrefix(prefix), Some(value)) => !begins(value, prefix),
        }
    }
}

/// `exists` asks for leaves only.
fn is_there(field: Option<&Value>) -> bool {
    field.is_some_and(|value| !value.is_object())
}

fn begins(value: &Value, prefix: &str) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(prefix))
}

/// Numbers are the same when they have the same value, however they are written.
fn same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_number() && b.is_number() && a.as_f64() == b.as_f64())
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn event() -> Value {
        json!({
            "source": "aws.rds",
            "detail-type": "RDS DB Cluster Event",
            "resources": ["arn:aws:rds:us-east-1:1:cluster:orders"],
            "detail": {
                "EventCategories": ["creation"],
                "SourceIdentifier": "orders",
                "Size": 300,
                "Nothing": null,
            },
        })
    }

    fn means(pattern: &Value) -> bool {
        Pattern::parse(&pattern.to_string()).unwrap().matches(&event())
    }

    #[test]
    fn every_field_must_match_one_of_its_values() {
        for (pattern, is) in [
            (json!({ "source": ["aws.rds"] }), true),
            (json!({ "source": ["aws.s3", "aws.rds"] }), true),
            (json!({ "source": ["aws.RDS"] }), false),
            (json!({ "source": ["aws.rds"], "detail-type": ["other"] }), false),
            (json!({ "detail": { "EventCategories": ["deletion", "creation"] } }), true),
            (json!({ "detail": { "Size": [300.0] } }), true),
            (json!({ "detail": { "Nothing": [null] } }), true),
            (json!({ "detail": { "Missing": [null] } }), false),
            (json!({ "detail": { "SourceIdentifier": [{ "prefix": "ord" }] } }), true),
            (json!({ "detail": { "Size": [{ "prefix": "3" }] } }), false),
            (json!({ "resources": [{ "prefix": "arn:aws:rds" }] }), true),
            (json!({ "detail": { "Missing": [{ "exists": false }] } }), true),
            (json!({ "detail": { "Size": [{ "exists": false }] } }), false),
            (json!({ "detail": { "Size": [{ "exists": true }] } }), true),
            (json!({ "detail": { "Missing": [{ "exists": true }, "x"] } }), false),
            (json!({ "detail": { "Size": [{ "anything-but": [1, 300] }] } }), false),
            (json!({ "detail": { "Size": [{ "anything-but": 1 }] } }), true),
            (json!({ "detail": { "Missing": [{ "anything-but": 1 }] } }), false),
            (json!({ "source": [{ "anything-but": { "prefix": "aws." } }] }), false),
            (json!({ "source": { "deeper": ["aws.rds"] } }), false),
            (json!({ "absent": { "deeper": [{ "exists": false }] } }), true),
        ] {
            assert_eq!(means(&pattern), is, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_not_known_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            "{\"source\": []}",
            "{\"source\": \"aws.rds\"}",
            "{\"source\": [[\"aws.rds\"]]}",
            "{\"source\": [{\"suffix\": \"rds\"}]}",
            "{\"source\": [{\"exists\": 1}]}",
            "{\"source\": [{\"prefix\": 1}]}",
            "{\"source\": [{\"prefix\": \"a\", \"exists\": true}]}",
            "{\"source\": [{\"anything-but\": []}]}",
            "{\"source\": [{\"anything-but\": {\"suffix\": \"a\"}}]}",
            "{\"$or\": [{\"source\": [\"a\"]}]}",
            "{\"detail\": {}}",
        ] {
            let refusal = Pattern::parse(text).unwrap_err();
            assert_eq!(refusal.code, "InvalidEventPatternException", "{text}");
        }
        assert!(Pattern::parse(&"{\"a\":".repeat(800)).is_err());
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(|b| json!(b)),
            any::<i32>().prop_map(|n| json!(n)),
            "[a-z]{0,4}".prop_map(|s| json!(s)),
        ];
        let name = "(source|detail|exists|prefix|anything-but|[$a-z]{1,3})";
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::btree_map(name, inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// A pattern that wants every leaf of an event to be as it is.
    fn exactly(event: &Value) -> Option<Value> {
        match event {
            Value::Object(members) => {
                let members = members.iter().filter_map(|(k, v)| Some((k.clone(), exactly(v)?)));
                let members: serde_json::Map<_, _> = members.collect();
                (!members.is_empty()).then_some(Value::Object(members))
            }
            Value::Array(_) => None,
            leaf => Some(json!([leaf])),
        }
    }

    proptest! {
        #[test]
        fn no_pattern_and_no_event_are_too_strange(pattern in json_value(), event in json_value()) {
            if let Ok(pattern) = Pattern::parse(&pattern.to_string()) {
                pattern.matches(&event);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,60}") {
            let _ = Pattern::parse(&text);
        }

        #[test]
        fn an_event_matches_the_pattern_of_its_own_leaves(event in json_value()) {
            prop_assume!(!event.to_string().contains('$'));
            if let Some(pattern @ Value::Object(_)) = exactly(&event) {
                let pattern = Pattern::parse(&pattern.to_string()).unwrap();
                prop_assert!(pattern.matches(&event));
            }
        }
    }
}
