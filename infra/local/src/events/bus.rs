//! What a rule is.

use super::pattern::Pattern;
use std::collections::BTreeMap;

/// A queue that gets the events of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// ARN of the queue.
    pub(super) queue: String,
    /// The message group its events are sent in.
    pub(super) group: String,
    /// Since when it is one, milliseconds since the Unix epoch: what happened before is not told.
    pub(super) since_ms: i64,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) arn: String,
    pub(super) description: Option<String>,
    /// The pattern as it was written.
    pub(super) text: String,
    pub(super) pattern: Pattern,
    pub(super) enabled: bool,
    /// By the target's id.
    pub(super) targets: BTreeMap<String, Target>,
}
