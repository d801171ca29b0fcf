//! Items and their attributes: read into ordered maps, written as few bytes as they need.

use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// An item, its attributes in order.
pub type Item = BTreeMap<String, AttributeValue>;

/// An item is there but cannot be read by this release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {key}: attribute {attribute:?} {problem}; a newer release may have written it")]
pub struct Unreadable {
    /// The key of the item.
    pub key: String,
    /// The attribute.
    pub attribute: String,
    /// What is wrong with it.
    pub problem: String,
}

/// A text attribute.
pub fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute.
pub fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A map attribute of texts.
pub fn texts<K: Display, V: Display>(map: &BTreeMap<K, V>) -> AttributeValue {
    AttributeValue::M(map.iter().map(|(k, v)| (k.to_string(), text(v))).collect())
}

/// The key of an item.
pub fn key(pk: &str, sk: &str) -> [(&'static str, AttributeValue); 2] {
    [("pk", text(pk)), ("sk", text(sk))]
}

/// The partition of a job's items.
pub fn job_pk(id: impl Display) -> String {
    format!("job#{id}")
}

/// Reads the attributes of one item; every error names the item and the attribute.
pub struct ItemReader<'a> {
    item: &'a Item,
}

impl<'a> ItemReader<'a> {
    pub fn new(item: &'a Item) -> Self {
        Self { item }
    }

    pub fn wrong(&self, attribute: &str, problem: impl Into<String>) -> Unreadable {
        let part =
            |name| self.item.get(name).and_then(|v| v.as_s().ok()).map_or("?", String::as_str);
        let key = format!("{}/{}", part("pk"), part("sk"));
        Unreadable { key, attribute: attribute.to_owned(), problem: problem.into() }
    }

    pub fn has(&self, attribute: &str) -> bool {
        self.item.contains_key(attribute)
    }

    /// A text attribute that may be absent.
    pub fn maybe_text(&self, attribute: &str) -> Result<Option<&'a str>, Unreadable> {
        match self.item.get(attribute) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(attribute, "is not a text")),
        }
    }

    /// A text attribute.
    pub fn text(&self, attribute: &str) -> Result<&'a str, Unreadable> {
        self.maybe_text(attribute)?.ok_or_else(|| self.wrong(attribute, "is missing"))
    }

    /// A text attribute that parses.
    pub fn parsed<T: FromStr>(&self, attribute: &str) -> Result<T, Unreadable>
    where
        T::Err: Display,
    {
        let text = self.text(attribute)?;
        text.parse().map_err(|e: T::Err| self.wrong(attribute, format!("is {text:?}: {e}")))
    }

    /// A number attribute that may be absent.
    pub fn maybe_number<T: FromStr>(&self, attribute: &str) -> Result<Option<T>, Unreadable> {
        match self.item.get(attribute) {
            None => Ok(None),
            Some(AttributeValue::N(n)) => {
                n.parse().map(Some).map_err(|_| self.wrong(attribute, format!("is {n}")))
            }
            Some(_) => Err(self.wrong(attribute, "is not a number")),
        }
    }

    /// A number attribute.
    pub fn number<T: FromStr>(&self, attribute: &str) -> Result<T, Unreadable> {
        self.maybe_number(attribute)?.ok_or_else(|| self.wrong(attribute, "is missing"))
    }

    /// A map of texts; absent is empty.
    pub fn texts(&self, attribute: &str) -> Result<BTreeMap<&'a str, &'a str>, Unreadable> {
        let wrong = || self.wrong(attribute, "is not a map of texts");
        match self.item.get(attribute) {
            None => Ok(BTreeMap::new()),
            Some(AttributeValue::M(map)) => {
                let entry = |(k, v): (&'a String, &'a AttributeValue)| {
                    v.as_s().map(|v| (k.as_str(), v.as_str())).map_err(|_| wrong())
                };
                map.iter().map(entry).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A text attribute that holds JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, attribute: &str) -> Result<T, Unreadable> {
        let text = self.text(attribute)?;
        serde_json::from_str(text).map_err(|e| self.wrong(attribute, e.to_string()))
    }
}

/// The SDK's hash map as an ordered item.
#[expect(clippy::disallowed_types, reason = "the SDK's own type; ordered right here")]
pub fn ordered(map: std::collections::HashMap<String, AttributeValue>) -> Item {
    map.into_iter().collect()
}
