//! Faults of an input: where, what is wrong, what would be right. All of them, not only the first.

use serde::Serialize;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One fault of an input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Where: `target.instances[0].class`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub fix: String,
}

impl Fault {
    /// A fault at a place: what is wrong, and what would be right.
    #[must_use]
    pub fn new(path: &str, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into(), fix: fix.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(the whole)" } else { &self.path };
        write!(f, "{path}: {}; {}", self.problem, self.fix)
    }
}

/// All faults of one input: at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", self.to_lines())]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// The same faults of an input that is a part of another one.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        let path = |path: String| match path.as_str() {
            "" => part.to_owned(),
            _ => format!("{part}.{path}"),
        };
        Self(self.0.into_iter().map(|f| Fault { path: path(f.path), ..f }).collect())
    }

    fn to_lines(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// Reads one JSON value and notes every fault on the way, instead of stopping at the first.
pub struct Reader<'a> {
    value: Option<&'a Value>,
    path: String,
    faults: &'a RefCell<Vec<Fault>>,
}

/// Reads a value with `read`; returns what it read when it noted no fault, else all faults.
///
/// # Errors
/// [`Faults`] when there was at least one.
pub fn read_all<T>(
    value: &Value,
    read: impl FnOnce(&Reader<'_>) -> Option<T>,
) -> Result<T, Faults> {
    let faults = RefCell::new(Vec::new());
    let out = read(&Reader { value: Some(value), path: String::new(), faults: &faults });
    let faults = faults.into_inner();
    match out {
        Some(out) if faults.is_empty() => Ok(out),
        None if faults.is_empty() => Err(Faults(vec![unexplained()])),
        _ => Err(Faults(faults)),
    }
}

fn unexplained() -> Fault {
    let problem = "could not be read".to_owned();
    Fault { path: String::new(), problem, fix: "compare it with the published schema".to_owned() }
}

impl<'a> Reader<'a> {
    /// Notes a fault at this place.
    pub fn fault(&self, problem: impl Into<String>, fix: impl Into<String>) {
        let fault = Fault::new(&self.path, problem, fix);
        self.faults.borrow_mut().push(fault);
    }

    /// Notes the faults of a value that was made of the one here.
    pub fn include(&self, faults: Faults) {
        self.faults.borrow_mut().extend(faults.within(&self.path).0);
    }

    /// Whether there is a value here (`null` counts as none).
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.value.is_some_and(|v| !v.is_null())
    }

    /// The value here, when it is given.
    #[must_use]
    pub fn raw(&self) -> Option<&'a Value> {
        self.value.filter(|v| !v.is_null())
    }

    fn child(&self, path: String, value: Option<&'a Value>) -> Reader<'a> {
        Reader { value, path, faults: self.faults }
    }

    /// The member `name` of the object here (a reader of nothing when there is none).
    #[must_use]
    pub fn field(&self, name: &str) -> Reader<'a> {
        let path =
            if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        self.child(path, self.raw().and_then(|v| v.get(name)))
    }

    /// An object with no members but `known`; notes every other member, with the nearest name.
    pub fn object(&self, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let map = self.expect("an object", Value::as_object)?;
        for name in map.keys().filter(|name| !known.contains(&name.as_str())) {
            self.field(name).fault("is not a known field", unknown_fix(name, known));
        }
        Some(map)
    }

    /// A value of one kind, or a fault that says what it must be.
    fn expect<T>(&self, kind: &str, get: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let Some(value) = self.raw() else {
            self.fault("is missing", format!("give {kind}"));
            return None;
        };
        let got = get(value);
        if got.is_none() {
            self.fault(format!("is {}", short(value)), format!("must be {kind}"));
        }
        got
    }

    /// A text.
    pub fn text(&self) -> Option<String> {
        self.expect("a text", |v| v.as_str().map(str::to_owned))
    }

    /// A text that is not empty and not longer than `most` characters.
    pub fn short_text(&self, most: usize) -> Option<String> {
        let text = self.text()?;
        if text.is_empty() || text.chars().count() > most {
            self.fault("has a wrong length", format!("must have 1 to {most} characters"));
            return None;
        }
        Some(text)
    }

    /// A text that parses, or a fault that repeats it and the rule.
    pub fn parsed<T: FromStr>(&self) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        let text = self.text()?;
        text.parse().map_err(|e: T::Err| self.fault(format!("is {text:?}"), e.to_string())).ok()
    }

    /// A boolean.
    pub fn flag(&self) -> Option<bool> {
        self.expect("true or false", Value::as_bool)
    }

    /// A whole number from `low` to `high`.
    pub fn whole(&self, low: i64, high: i64) -> Option<i64> {
        let rule = format!("a whole number from {low} to {high}");
        self.expect(&rule, |v| v.as_i64().filter(|n| (low..=high).contains(n)))
    }

    /// A number from `low` to `high`.
    pub fn number(&self, low: f64, high: f64) -> Option<f64> {
        let rule = format!("a number from {low} to {high}");
        self.expect(&rule, |v| v.as_f64().filter(|n| (low..=high).contains(n)))
    }

    /// One of a closed set of words.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(format!("is {text:?}"), format!("must be one of {}", names.join(", ")));
        }
        found
    }

    /// What `read` makes of the value here, when one is given; faults are noted all the same.
    pub fn optional<T>(&self, read: impl FnOnce(&Self) -> Option<T>) -> Option<T> {
        if self.is_given() { read(self) } else { None }
    }

    /// The members of a list, each read by `read`; no list at all is an empty one.
    pub fn list<T>(&self, read: impl Fn(&Reader<'a>) -> Option<T>) -> Vec<T> {
        if !self.is_given() {
            return Vec::new();
        }
        let items = self.expect("a list", Value::as_array).map_or(&[][..], Vec::as_slice);
        let reader = |(n, item)| self.child(format!("{}[{n}]", self.path), Some(item));
        items.iter().enumerate().map(reader).filter_map(|r| read(&r)).collect()
    }

    /// The members of an object, each with a reader of its own; no object at all has none.
    #[must_use]
    pub fn members(&self) -> Vec<(&'a str, Reader<'a>)> {
        let map = self.optional(|r| r.expect("an object", Value::as_object));
        let names = map.into_iter().flatten().map(|(name, _)| name.as_str());
        names.map(|name| (name, self.field(name))).collect()
    }

    /// The members of an object of texts.
    pub fn texts(&self) -> std::collections::BTreeMap<String, String> {
        let map = self.optional(|r| r.expect("an object of texts", Value::as_object));
        let names: Vec<&String> = map.into_iter().flatten().map(|(k, _)| k).collect();
        names
            .into_iter()
            .filter_map(|k| Some((k.clone(), self.field(k).short_text(256)?)))
            .collect()
    }

    /// Notes a fault when two members of a list have one name.
    pub fn no_twins<'n>(&self, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name) {
                self.fault(format!("has {name:?} twice"), "names must differ");
            }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        text
    } else {
        text.chars().take(57).collect::<String>() + "..."
    }
}

/// What to write instead of an unknown field.
fn unknown_fix(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|k| (strsim::levenshtein(name, k), k)).min();
    match near {
        Some((d, k)) if d <= 2 => format!("did you mean {k:?}?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_is_noted_with_its_path() {
        let value = json!({ "name": 7, "list": [{ "n": 99 }, { "n": "x", "extra": 1 }] });
        let read = read_all(&value, |r| {
            r.object(&["name", "list"]);
            let name = r.field("name").text();
            r.field("list").list(|item| {
                item.object(&["n"]);
                item.field("n").whole(0, 9)
            });
            name
        });
        let paths: Vec<String> = read.unwrap_err().0.into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["name", "list[0].n", "list[1].extra", "list[1].n"]);
    }

    #[test]
    fn a_mistyped_field_is_answered_with_the_nearest_name() {
        assert_eq!(unknown_fix("prioritty", &["source", "priority"]), "did you mean \"priority\"?");
        assert_eq!(unknown_fix("colour", &["source"]), "known here: source");
    }
}
