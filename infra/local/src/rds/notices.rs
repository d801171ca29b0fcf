//! What happened, for those who wait for events: the source of EventBridge's `aws.rds` events. Best
//! effort, as on AWS: a hint, never the truth. No event is documented for a copy that is finished
//! or a cluster that is restored, so there is none.

use super::Rds;
use super::model::Place;
use super::names::Kind;
use std::collections::VecDeque;

/// How many notices wait to be taken; the oldest are forgotten first, as nobody may ask.
const MOST_NOTICES: usize = 10_000;

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

/// The events there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    ClusterCreated,
    ClusterDeleted,
    ClusterStopped,
    ClusterStarted,
    ClusterResourcesIncompatible,
    ClusterLimitsInsufficient,
    MasterCredentialsReset,
    SnapshotBegun,
    SnapshotCreated,
    InstanceCreated,
    InstanceDeleted,
    InstanceRestarted,
    InstanceFailed,
    InstanceClassChanged,
}

impl Event {
    /// What it is about, its id, its category and its text.
    fn row(self) -> (Kind, &'static str, &'static str, &'static str) {
        use Kind::{Cluster, Instance, Snapshot};
        match self {
            Self::ClusterCreated => (Cluster, "RDS-EVENT-0170", "creation", "DB cluster created."),
            Self::ClusterDeleted => (Cluster, "RDS-EVENT-0171", "deletion", "DB cluster deleted."),
            Self::ClusterStopped => {
                (Cluster, "RDS-EVENT-0150", "notification", "DB cluster stopped.")
            }
            Self::ClusterStarted => {
                (Cluster, "RDS-EVENT-0151", "notification", "DB cluster started.")
            }
            Self::ClusterResourcesIncompatible => (
                Cluster,
                "RDS-EVENT-0354",
                "failure",
                "You can't create the DB cluster because of incompatible resources.",
            ),
            Self::ClusterLimitsInsufficient => (
                Cluster,
                "RDS-EVENT-0355",
                "failure",
                "The DB cluster can't be created because of insufficient resource limits.",
            ),
            Self::MasterCredentialsReset => {
                (Cluster, "RDS-EVENT-0016", "configuration change", "Reset master credentials.")
            }
            Self::SnapshotBegun => {
                (Snapshot, "RDS-EVENT-0074", "backup", "Creating manual cluster snapshot.")
            }
            Self::SnapshotCreated => {
                (Snapshot, "RDS-EVENT-0075", "backup", "Manual cluster snapshot created.")
            }
            Self::InstanceCreated => {
                (Instance, "RDS-EVENT-0005", "creation", "DB instance created.")
            }
            Self::InstanceDeleted => {
                (Instance, "RDS-EVENT-0003", "deletion", "DB instance deleted.")
            }
            Self::InstanceRestarted => {
                (Instance, "RDS-EVENT-0006", "availability", "DB instance restarted.")
            }
            Self::InstanceFailed => (
                Instance,
                "RDS-EVENT-0031",
                "failure",
                "DB instance put into a failed state. RDS recommends that you initiate a \
                 point-in-time-restore.",
            ),
            Self::InstanceClassChanged => (
                Instance,
                "RDS-EVENT-0014",
                "configuration change",
                "Finished applying modification to DB instance class.",
            ),
        }
    }
}

/// The notices not yet taken, oldest first.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Notice>);

impl Outbox {
    pub(super) fn add(&mut self, place: &Place, event: Event, identifier: &str, at_ms: i64) {
        let (kind, event_id, category, message) = event.row();
        self.push(Notice {
            place: place.clone(),
            kind,
            identifier: identifier.to_owned(),
            event_id,
            category,
            message: message.to_owned(),
            at_ms,
        });
    }

    /// A cluster has another name: the notice names it by the new one.
    pub(super) fn add_rename(&mut self, place: &Place, from: &str, to: &str, at_ms: i64) {
        self.push(Notice {
            place: place.clone(),
            kind: Kind::Cluster,
            identifier: to.to_owned(),
            event_id: "RDS-EVENT-0172",
            category: "notification",
            message: format!("Renamed DB cluster from {from} to {to}."),
            at_ms,
        });
    }

    /// The writer of a cluster is another instance.
    pub(super) fn add_failover(&mut self, place: &Place, cluster: &str, to: &str, at_ms: i64) {
        self.push(Notice {
            place: place.clone(),
            kind: Kind::Cluster,
            identifier: cluster.to_owned(),
            event_id: "RDS-EVENT-0071",
            category: "failover",
            message: format!("Completed failover to DB instance: {to}."),
            at_ms,
        });
    }

    fn push(&mut self, notice: Notice) {
        if self.0.len() == MOST_NOTICES {
            self.0.pop_front();
        }
        self.0.push_back(notice);
    }
}

impl Rds {
    /// What happened since it was asked last, oldest first.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices.0).into()
    }

    /// Notes something that happened.
    pub fn notify(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_notices_are_forgotten_when_nobody_asks() {
        let place = Place { account: "111111111111".into(), region: "us-east-1".into() };
        let mut outbox = Outbox::default();
        for at_ms in 0..=i64::try_from(MOST_NOTICES).unwrap() {
            outbox.add(&place, Event::ClusterCreated, "c", at_ms);
        }
        assert_eq!(outbox.0.len(), MOST_NOTICES);
        assert_eq!(outbox.0.front().map(|n| n.at_ms), Some(1));
    }
}
