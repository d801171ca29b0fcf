//! What happened, for those who wait for events: the source of EventBridge's `aws.rds` events. Best
//! effort, as on AWS: a hint, never the truth.

use super::Rds;
use super::model::Place;
use super::names::Kind;

/// Something that happened to a cluster, instance or snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Account and Region.
    pub place: Place,
    /// What it happened to.
    pub kind: Kind,
    /// Its identifier.
    pub identifier: String,
    /// The event id, e.g. `RDS-EVENT-0170`.
    pub event_id: &'static str,
    /// The category, e.g. `creation`.
    pub category: &'static str,
    /// The text for a person.
    pub message: String,
    /// When it happened, milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// How many notices wait for somebody who asks; older ones are forgotten.
const KEPT: usize = 1_000;

impl Rds {
    /// What happened since it was asked last, oldest first.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Notes something that happened.
    pub fn notify(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Forgets what nobody has asked for, but for the last.
    pub(crate) fn forget_old_notices(&mut self) {
        let many = self.notices.len().saturating_sub(KEPT);
        self.notices.drain(..many);
    }
}
