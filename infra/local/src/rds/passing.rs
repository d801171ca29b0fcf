//! Time passing: what was begun ends when it is due and the data plane is done with it.

use super::Rds;
use super::model::{Change, Cluster, Estate, Operation, Place, SecretStatus, Status};
use super::notices::Event;
use super::verdict::{Verdict, verdict};
use crate::data_plane::Work;
use std::collections::BTreeMap;

/// When to look again at work that the data plane has not done yet: after so long.
const LOOK_AGAIN_MS: i64 = 250;

/// What something on the agenda is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cluster,
    Instance,
    Snapshot,
    /// A daily backup of a cluster, which is named by its resource id.
    Backup {
        due_ms: i64,
    },
}

/// Something that has a date. Looked up by name when the date comes: when it is gone by then, or
/// has another date, nothing happens.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) identifier: String,
}

impl Target {
    pub(super) fn new(place: &Place, kind: Kind, identifier: &str) -> Self {
        Self { place: place.clone(), kind, identifier: identifier.to_owned() }
    }
}

/// What is due when, in order; and what was due but waits for something else.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: BTreeMap<(i64, u64), Target>,
    pub(super) waiting: Vec<Target>,
    entries: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, due_ms: i64, target: Target) {
        self.entries += 1;
        self.due.insert((due_ms, self.entries), target);
    }

    fn next(&mut self, now_ms: i64) -> Option<Target> {
        let first = self.due.first_entry().filter(|e| e.key().0 <= now_ms)?;
        Some(first.remove())
    }
}

impl Rds {
    /// Lets time pass up to a moment: everything that is over by then is over.
    pub fn advance(&mut self, now_ms: i64) {
        while let Some(target) = self.agenda.next(now_ms) {
            self.settle(target, now_ms);
        }
        // What one was waiting for may be the end of another, so: until nothing moves any more.
        loop {
            let waiting = std::mem::take(&mut self.agenda.waiting);
            let before = waiting.len();
            for target in waiting {
                self.settle(target, now_ms);
            }
            if self.agenda.waiting.len() == before {
                return;
            }
        }
    }

    /// When something may come to its end next, as far as is known at a moment: its date, or, where
    /// the data plane or another operation is waited for, soon.
    pub fn next_due_ms(&self, now_ms: i64) -> Option<i64> {
        let waiting = (!self.agenda.waiting.is_empty()).then_some(now_ms + LOOK_AGAIN_MS);
        let due = self.agenda.due.first_key_value().map(|((due_ms, _), _)| *due_ms);
        waiting.into_iter().chain(due).min()
    }

    fn settle(&mut self, target: Target, now_ms: i64) {
        match target.kind {
            Kind::Cluster => self.settle_cluster(target, now_ms),
            Kind::Instance => self.settle_instance(target, now_ms),
            Kind::Snapshot => self.settle_snapshot(target, now_ms),
            Kind::Backup { due_ms } => self.back_up(target, due_ms),
        }
    }

    fn settle_cluster(&mut self, target: Target, now_ms: i64) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let occupied = estate.members(&target.identifier).next().is_some();
        let Some(cluster) = estate.clusters.get_mut(&target.identifier) else { return };
        let Some(op) = cluster.operation.take_if(|op| op.due_ms <= now_ms) else { return };
        if let Some(status) = op.ends_in {
            self.end_badly(&target, &op, status);
            return;
        }
        let verdict = match &op.change {
            Change::Delete if occupied => Verdict::Pending,
            _ => verdict(&mut *self.data_plane, &op),
        };
        match verdict {
            Verdict::Pending => {
                cluster.operation = Some(op);
                self.agenda.waiting.push(target);
            }
            Verdict::Failed => self.end_badly(&target, &op, without(&op.change)),
            Verdict::Done(endpoint) => {
                cluster.endpoint = endpoint.or(cluster.endpoint.take());
                self.finish_cluster(&target, op.change, op.due_ms);
            }
        }
    }

    /// A cluster ends in a status that was not asked for, and so do its instances where they were
    /// on their way together.
    fn end_badly(&mut self, target: &Target, op: &Operation, status: Status) {
        if matches!(op.change, Change::Start | Change::Stop) {
            self.arrive(target, status);
            return;
        }
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(cluster) = estate.clusters.get_mut(&target.identifier) else { return };
        cluster.status = status;
        if matches!(op.change, Change::ResetPassword { .. }) {
            cluster.set_secret_status(SecretStatus::Impaired);
        }
        self.note_bad_end(target, op, status);
    }

    /// A cluster that could not be created is told to those who wait for events.
    fn note_bad_end(&mut self, target: &Target, op: &Operation, status: Status) {
        let event = match (&op.change, status) {
            (Change::Create, Status::IncompatibleRestore | Status::IncompatibleParameters) => {
                Event::ClusterResourcesIncompatible
            }
            (Change::Create, _) => Event::ClusterLimitsInsufficient,
            _ => return,
        };
        self.notices.add(&target.place, event, &target.identifier, op.due_ms);
    }

    fn finish_cluster(&mut self, target: &Target, change: Change, at_ms: i64) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let (place, identifier) = (&target.place, target.identifier.as_str());
        match change {
            Change::Delete => {
                if let Some(cluster) = estate.clusters.remove(identifier) {
                    self.secret_orders.remove(place, &cluster);
                    self.notices.add(place, Event::ClusterDeleted, identifier, at_ms);
                    self.drop_backups(place, &cluster.resource_id, i64::MAX);
                    self.data_plane.submit(Work::DropCluster { cluster: cluster.resource_id });
                }
            }
            Change::Rename { to } => {
                rename(estate, identifier, &to);
                self.notices.add_rename(place, identifier, &to, at_ms);
            }
            Change::Stop => {
                self.notices.add(place, Event::ClusterStopped, identifier, at_ms);
                self.arrive(target, Status::Stopped);
            }
            Change::Start => {
                self.notices.add(place, Event::ClusterStarted, identifier, at_ms);
                self.arrive(target, Status::Available);
            }
            change => self.take_over(target, change, at_ms),
        }
    }

    /// A cluster is available, with what changed about it.
    fn take_over(&mut self, target: &Target, change: Change, at_ms: i64) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(cluster) = estate.clusters.get_mut(&target.identifier) else { return };
        let (place, identifier) = (&target.place, target.identifier.as_str());
        cluster.status = Status::Available;
        match change {
            Change::Create => {
                cluster.set_secret_status(SecretStatus::Active);
                // For a restored cluster no event is documented: its lineage begins elsewhere.
                if cluster.lineage.len() == 1 {
                    self.notices.add(place, Event::ClusterCreated, identifier, at_ms);
                }
            }
            Change::ResetPassword { password } => {
                cluster.master_password = password;
                cluster.set_secret_status(SecretStatus::Active);
                self.secret_orders.keep(place, cluster);
                self.notices.add(place, Event::MasterCredentialsReset, identifier, at_ms);
            }
            Change::Upgrade { version, parameter_group } => {
                cluster.engine_version = version;
                cluster.parameter_group = parameter_group;
            }
            Change::FailOver { to } => {
                self.notices.add_failover(place, identifier, &to, at_ms);
                cluster.writer = Some(to);
            }
            _ => {}
        }
    }

    /// A cluster and its instances have come to a stop, or are back from one, or never got there.
    /// Nobody can connect unless it is available.
    fn arrive(&mut self, target: &Target, status: Status) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(cluster) = estate.clusters.get_mut(&target.identifier) else { return };
        cluster.status = status;
        if status != Status::Available && cluster.open.take().is_some() {
            self.data_plane.submit(Work::Close { cluster: cluster.resource_id.clone() });
        }
        for instance in estate.instances.values_mut() {
            if instance.cluster == target.identifier {
                instance.status = status;
            }
        }
    }

    fn settle_snapshot(&mut self, target: Target, now_ms: i64) {
        let in_use = self.snapshot_in_use(&target);
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(snapshot) = estate.snapshots.get_mut(&target.identifier) else { return };
        let Some(op) = snapshot.operation.take_if(|op| op.due_ms <= now_ms) else { return };
        if let Some(status) = op.ends_in {
            snapshot.status = status;
            return;
        }
        let verdict = match &op.change {
            Change::Delete if in_use => Verdict::Pending,
            _ => verdict(&mut *self.data_plane, &op),
        };
        match verdict {
            Verdict::Pending => {
                snapshot.operation = Some(op);
                self.agenda.waiting.push(target);
            }
            Verdict::Failed => snapshot.status = Status::Failed,
            Verdict::Done(_) if op.change == Change::Delete => {
                let work = Work::DropSnapshot { snapshot: snapshot.resource_id.clone() };
                self.data_plane.submit(work);
                estate.snapshots.remove(&target.identifier);
            }
            Verdict::Done(_) => {
                snapshot.status = Status::Available;
                // For a copy that is finished no event is documented, and an automated snapshot is
                // no manual one.
                if snapshot.source_arn.is_none() && snapshot.snapshot_type == "manual" {
                    let event = Event::SnapshotCreated;
                    self.notices.add(&target.place, event, &target.identifier, op.due_ms);
                }
            }
        }
    }

    /// Whether a snapshot is on its way out while its data is still read by a restore somewhere.
    fn snapshot_in_use(&self, target: &Target) -> bool {
        let Some(estate) = self.estates.get(&target.place) else { return false };
        let Some(snapshot) = estate.snapshots.get(&target.identifier) else { return false };
        let reads = |c: &Cluster| {
            c.status == Status::Creating && c.restored_from.as_ref() == Some(&snapshot.resource_id)
        };
        snapshot.status == Status::Deleting
            && self.estates.values().any(|e| e.clusters.values().any(reads))
    }

    /// Begins an operation on a cluster: status and date.
    pub(super) fn begin(&mut self, place: &Place, identifier: &str, op: Operation) {
        self.agenda.add(op.due_ms, Target::new(place, Kind::Cluster, identifier));
        if let Some(cluster) = self.estate(place).clusters.get_mut(identifier) {
            cluster.status = op.change.status();
            cluster.operation = Some(op);
        }
    }
}

/// The status of a cluster for which the data plane could not do its part of a change.
fn without(change: &Change) -> Status {
    match change {
        Change::Create => Status::Failed,
        Change::Start => Status::Stopped,
        _ => Status::Available,
    }
}

fn rename(estate: &mut Estate, from: &str, to: &str) {
    let Some(mut cluster) = estate.clusters.remove(from) else { return };
    to.clone_into(&mut cluster.identifier);
    cluster.status = Status::Available;
    estate.clusters.insert(to.to_owned(), cluster);
    for instance in estate.instances.values_mut().filter(|i| i.cluster == from) {
        to.clone_into(&mut instance.cluster);
    }
}
