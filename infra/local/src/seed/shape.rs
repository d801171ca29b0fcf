//! The shape of a seed file: held against its JSON Schema, every fault of it at once.

use super::fault::{Faults, nearest};
use serde_json::{Map, Value};

/// Holds a value against a schema, and notes all that does not fit.
pub(super) struct Shape<'a> {
    /// The whole schema, for its references.
    pub(super) root: &'a Value,
    /// What did not fit.
    pub(super) faults: &'a mut Faults,
}

impl Shape<'_> {
    /// Checks a value at a path.
    pub(super) fn check(&mut self, schema: &Value, value: &Value, path: &str) {
        if let Some(pointer) = schema["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
            let meant = self.root.pointer(pointer).cloned().unwrap_or_default();
            return self.check(&meant, value, path);
        }
        let choices = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
        if let Some(choices) = choices {
            return self.choose(choices, value, path);
        }
        if !is_of_type(&schema["type"], value) {
            let fix = format!("must be {}", expected(&schema["type"]));
            return self.faults.add(path, format!("is {}", shown(value)), fix);
        }
        match value {
            Value::Object(members) => self.members(schema, members, path),
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.check(&schema["items"], item, &format!("{path}[{n}]"));
                }
            }
            Value::String(text) => self.word(&words(schema), text, path),
            Value::Number(_) => self.number(schema, value, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// A value that may have one of several shapes: the one of its own type is meant.
    fn choose(&mut self, choices: &[Value], value: &Value, path: &str) {
        let root = self.root;
        let meant = |schema: &Value| match schema["$ref"].as_str() {
            Some(text) => root.pointer(text.trim_start_matches('#')).cloned().unwrap_or_default(),
            None => schema.clone(),
        };
        let choices: Vec<_> = choices.iter().map(meant).collect();
        if let Value::String(text) = value {
            let words: Vec<_> = choices.iter().flat_map(words).collect();
            if !words.is_empty() {
                return self.word(&words, text, path);
            }
        }
        let nested = |schema: &&Value| schema.get("oneOf").is_some() || is_typed(schema, value);
        if let Some(schema) = choices.iter().find(nested) {
            return self.check(schema, value, path);
        }
        let known: Vec<_> = choices.iter().flat_map(words).collect();
        let known = known.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let kinds = choices.iter().map(|schema| expected(&schema["type"]));
        let kinds = kinds.filter(|kind| kind != "null").collect::<Vec<_>>();
        let fix = if known.is_empty() { kinds.join(" or ") } else { format!("one of {known}") };
        self.faults.add(path, format!("is {}", shown(value)), format!("must be {fix}"));
    }

    fn members(&mut self, schema: &Value, members: &Map<String, Value>, path: &str) {
        let nothing = Map::new();
        let known = schema["properties"].as_object().unwrap_or(&nothing);
        for (name, value) in members {
            let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match (known.get(name), &schema["additionalProperties"]) {
                (Some(schema), _) => self.check(schema, value, &at),
                (None, Value::Bool(false)) => {
                    let fix = nearest(name, known.keys().map(String::as_str));
                    self.faults.add(at, "there is no such field", fix);
                }
                (None, schema) => self.check(schema, value, &at),
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !members.contains_key(*name)) {
            let at = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let about = known.get(name).and_then(|schema| schema["description"].as_str());
            let about = about.and_then(|text| text.lines().next()).unwrap_or("see the schema");
            self.faults.add(at, "is missing", format!("needed: {about}"));
        }
    }

    fn word(&mut self, known: &[String], text: &str, path: &str) {
        if known.is_empty() || known.iter().any(|word| word == text) {
            return;
        }
        let fix = nearest(text, known.iter().map(String::as_str));
        self.faults.add(path, format!("is {text:?}"), fix);
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &str) {
        let Some(n) = value.as_f64() else { return };
        let (low, high) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
        if low.is_some_and(|low| n < low) || high.is_some_and(|high| n > high) {
            let fix = match (low, high) {
                (Some(low), Some(high)) => format!("must be between {low} and {high}"),
                (Some(low), None) => format!("must be at least {low}"),
                (_, high) => format!("must be at most {}", high.unwrap_or_default()),
            };
            self.faults.add(path, format!("is {value}"), fix);
        }
    }
}

/// The words that a schema allows, if it allows words alone.
fn words(schema: &Value) -> Vec<String> {
    let constant = schema["const"].as_str().into_iter();
    let listed = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let nested = schema["oneOf"].as_array().into_iter().flatten().flat_map(words);
    constant.chain(listed).map(str::to_owned).chain(nested).collect()
}

fn is_typed(schema: &Value, value: &Value) -> bool {
    schema.get("type").is_some_and(|kind| is_of_type(kind, value))
}

fn is_of_type(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::String(kind) => match kind.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            _ => value.is_null(),
        },
        Value::Array(kinds) => kinds.iter().any(|kind| is_of_type(kind, value)),
        _ => true,
    }
}

/// What a type is called for people.
fn expected(kind: &Value) -> String {
    let one = |kind: &str| match kind {
        "object" => "an object".to_owned(),
        "array" => "a list".to_owned(),
        "string" => "a text".to_owned(),
        "boolean" => "true or false".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        other => other.to_owned(),
    };
    let kinds = kind.as_array().into_iter().flatten().filter_map(Value::as_str);
    let kinds: Vec<_> = kind.as_str().into_iter().chain(kinds).collect();
    let told: Vec<_> = kinds.iter().filter(|k| kinds.len() == 1 || **k != "null").collect();
    told.into_iter().map(|kind| one(kind)).collect::<Vec<_>>().join(" or ")
}

/// A value as it is shown in a fault.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
