//! Keys: what orders the items of a table and of an index.

use super::value::Attr;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use std::fmt;

/// The value of a key attribute. Strings are ordered by their UTF-8 bytes, as AWS orders them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyValue {
    /// String.
    S(String),
    /// Number.
    N(Decimal),
    /// Binary.
    B(Vec<u8>),
}

impl KeyValue {
    /// The key value of an attribute, when its type can be one.
    pub(super) fn of(value: &Attr) -> Option<Self> {
        match value {
            Attr::S(s) => Some(Self::S(s.clone())),
            Attr::N(n) => Some(Self::N(*n)),
            Attr::B(b) => Some(Self::B(b.clone())),
            _ => None,
        }
    }

    /// Whether it is an empty string or binary, which no key may be.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::S(s) => s.len(),
            Self::N(n) => super::number::size(*n),
            Self::B(b) => b.len(),
        }
    }

    /// The least value above every value that begins with this one, when there is one.
    pub(super) fn after_prefix(&self) -> Option<Self> {
        match self {
            Self::S(s) => {
                let mut chars: Vec<char> = s.chars().collect();
                while let Some(last) = chars.pop() {
                    if let Some(next) = (last..=char::MAX).nth(1) {
                        chars.push(next);
                        return Some(Self::S(chars.into_iter().collect()));
                    }
                }
                None
            }
            Self::B(b) => {
                let keep = b.iter().rposition(|byte| *byte < u8::MAX)?;
                let mut next = b[..=keep].to_vec();
                next[keep] += 1;
                Some(Self::B(next))
            }
            Self::N(_) => None,
        }
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S(s) => f.write_str(s),
            Self::N(n) => f.write_str(&super::number::render(*n)),
            Self::B(b) => f.write_str(&STANDARD.encode(b)),
        }
    }
}

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The partition key.
    pub(super) hash: KeyValue,
    /// The sort key, of a table that has one.
    pub(super) range: Option<KeyValue>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.range {
            Some(range) => write!(f, "{}/{range}", self.hash),
            None => write!(f, "{}", self.hash),
        }
    }
}

/// A value or a bound beside all values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge<T> {
    /// Below every value; also "none".
    Lowest,
    /// A value.
    At(T),
    /// Above every value.
    Highest,
}

/// Where an item stands in a table or in an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// The partition key.
    pub(super) hash: KeyValue,
    /// The sort key.
    pub(super) range: Edge<KeyValue>,
    /// In an index: the primary key of the item (index keys need not be unique).
    pub(super) base: Edge<Key>,
}

impl From<Key> for Position {
    fn from(key: Key) -> Self {
        let range = key.range.map_or(Edge::Lowest, Edge::At);
        Self { hash: key.hash, range, base: Edge::Lowest }
    }
}

impl Position {
    /// The primary key of an item that stands here in a table.
    pub(super) fn key(&self) -> Key {
        let range = match &self.range {
            Edge::At(range) => Some(range.clone()),
            _ => None,
        };
        Key { hash: self.hash.clone(), range }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_is_above_everything_that_begins_with_it() {
        let s = |s: &str| KeyValue::S(s.into());
        assert_eq!(s("ab").after_prefix(), Some(s("ac")));
        assert_eq!(s("a\u{10ffff}").after_prefix(), Some(s("b")));
        assert_eq!(s("\u{10ffff}").after_prefix(), None);
        assert_eq!(s("\u{d7ff}").after_prefix(), Some(s("\u{e000}")));
        let b = |b: &[u8]| KeyValue::B(b.into());
        assert_eq!(b(&[1, 255]).after_prefix(), Some(b(&[2])));
        assert_eq!(b(&[255]).after_prefix(), None);
    }

    #[test]
    fn numbers_are_ordered_by_value_and_bounds_stand_outside() {
        let n = |s: &str| Edge::At(KeyValue::N(super::super::number::parse(s).unwrap()));
        assert!(n("9") < n("10"));
        assert!(n("-10") < n("-9"));
        assert!(Edge::Lowest < n("-1"));
        assert!(n("1e20") < Edge::Highest);
    }
}
