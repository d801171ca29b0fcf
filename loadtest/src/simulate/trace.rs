//! The trace of a run: one line per call, folded into a hash; kept as text when it is to be read.

use aurora_restore_local::witness::{Seen, Witness};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// A trace. All clones are the same trace.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    hash: DefaultHasher,
    calls: u64,
    lines: Option<Vec<String>>,
}

/// What a call is folded into: only what does not depend on the order in a hash map of the SDK.
#[derive(Hash)]
struct Line<'a> {
    at_ms: i64,
    component: &'a str,
    operation: &'a str,
    resource: &'a str,
    items: u64,
    outcome: &'a str,
    response_lost: bool,
}

impl Trace {
    /// A trace that keeps its lines.
    #[must_use]
    pub fn kept() -> Self {
        Self(Arc::new(Mutex::new(Inner { lines: Some(Vec::new()), ..Inner::default() })))
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.inner().hash.finish()
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.inner().calls
    }

    /// The lines, where they are kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.inner().lines.clone().unwrap_or_default()
    }

    /// Notes something that is no call.
    pub fn note(&self, at_ms: i64, what: &str) {
        let mut inner = self.inner();
        (at_ms, what).hash(&mut inner.hash);
        if let Some(lines) = &mut inner.lines {
            lines.push(format!("{at_ms} ! {what}"));
        }
    }

    fn call(&self, line: &Line<'_>) {
        let mut inner = self.inner();
        inner.calls += 1;
        line.hash(&mut inner.hash);
        if let Some(lines) = &mut inner.lines {
            lines.push(line.text());
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line<'_> {
    fn text(&self) -> String {
        let mut text = format!("{} {} {}", self.at_ms, self.component, self.operation);
        // Writing to a String cannot fail.
        let _ = write!(text, " {} {}", self.resource, self.outcome);
        if self.response_lost {
            text.push_str(" (answer lost)");
        }
        text
    }
}

impl Witness for Trace {
    fn saw(&mut self, seen: &Seen<'_>) {
        let record = seen.record;
        self.call(&Line {
            at_ms: record.at_ms,
            component: seen.component,
            operation: &record.operation,
            resource: &record.resource,
            items: record.items,
            outcome: &record.outcome,
            response_lost: record.response_lost,
        });
    }
}
