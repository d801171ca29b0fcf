//! Faults of a seed file: where, what is wrong, what would be right. All of them at once.

use crate::error::AwsError;
use serde::Serialize;
use std::fmt;

/// One fault of a seed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeedFault {
    /// Where: `clusters[1].encryption.key`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub fix: String,
}

impl fmt::Display for SeedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "(the whole)" } else { &self.path };
        write!(f, "{path}: {}; {}", self.problem, self.fix)
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<SeedFault>);

impl Faults {
    /// Notes a fault.
    pub(crate) fn add(
        &mut self,
        path: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(SeedFault { path: path.into(), problem: problem.into(), fix: fix.into() });
    }

    /// What a rule of a service yields, or a fault with its reason.
    pub(crate) fn ask<T>(
        &mut self,
        path: impl Into<String>,
        answer: Result<T, AwsError>,
        fix: impl Into<String>,
    ) -> Option<T> {
        answer.map_err(|refusal| self.add(path, refusal.message, fix)).ok()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, or nothing to complain of.
    pub(crate) fn verdict(self) -> Result<(), Vec<SeedFault>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// The advice for a name that nobody knows: the nearest one, else all.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.into_iter().collect();
    let likeness = |name: &&&str| strsim::jaro_winkler(given, name);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best.filter(|name| likeness(name) > 0.8) {
        Some(name) => format!("did you mean {name:?}?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => {
            let known: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
            format!("must be one of {}", known.join(", "))
        }
    }
}
