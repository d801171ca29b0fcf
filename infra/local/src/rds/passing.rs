//! Time passing: what was begun ends when it is due and the data plane is done with it.

use super::Rds;
use super::model::{Change, Cluster, Estate, Operation, Place, Status};
use crate::data_plane::{DataPlane, Endpoint, Progress, Work};
use std::collections::BTreeMap;

/// The part of an instance's creation after which it reports the last steps.
const LAST_STEPS_PERCENT: i64 = 85;

/// When to look again at work that the data plane has not done yet: after so long.
const LOOK_AGAIN_MS: i64 = 250;

/// What something on the agenda is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cluster,
    Instance,
    Snapshot,
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
    waiting: Vec<Target>,
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

/// How the data plane's part of an operation went.
enum Verdict {
    Pending,
    Done(Option<Endpoint>),
    Failed,
}

fn verdict(data_plane: &mut dyn DataPlane, operation: &Operation) -> Verdict {
    let Some(ticket) = operation.ticket else { return Verdict::Done(None) };
    match data_plane.poll(ticket) {
        Progress::Pending => Verdict::Pending,
        Progress::Done(endpoint) => Verdict::Done(endpoint),
        Progress::Failed(reason) => {
            tracing::error!(reason, change = ?operation.change.status(), "the data plane failed");
            Verdict::Failed
        }
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
        }
    }

    fn settle_cluster(&mut self, target: Target, now_ms: i64) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let occupied = estate.members(&target.identifier).next().is_some();
        let Some(cluster) = estate.clusters.get_mut(&target.identifier) else { return };
        let Some(op) = cluster.operation.take_if(|op| op.due_ms <= now_ms) else { return };
        if let Some(status) = op.ends_in {
            cluster.status = status;
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
            Verdict::Failed if op.change == Change::Create => cluster.status = Status::Failed,
            Verdict::Failed => cluster.status = Status::Available,
            Verdict::Done(endpoint) => {
                cluster.endpoint = endpoint.or(cluster.endpoint.take());
                self.finish_cluster(&target, op.change);
            }
        }
    }

    fn finish_cluster(&mut self, target: &Target, change: Change) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        match change {
            Change::Delete => {
                if let Some(cluster) = estate.clusters.remove(&target.identifier) {
                    self.data_plane.submit(Work::DropCluster { cluster: cluster.resource_id });
                }
            }
            Change::Rename { to } => rename(estate, &target.identifier, &to),
            Change::Stop | Change::Start => {
                let status =
                    if change == Change::Stop { Status::Stopped } else { Status::Available };
                self.arrive(target, status);
            }
            Change::Create
            | Change::Modify
            | Change::Upgrade { .. }
            | Change::ResetPassword { .. } => {
                if let Some(cluster) = estate.clusters.get_mut(&target.identifier) {
                    take_over(cluster, change);
                }
            }
        }
    }

    /// A cluster and its instances have come to a stop, or are back from one.
    fn arrive(&mut self, target: &Target, status: Status) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(cluster) = estate.clusters.get_mut(&target.identifier) else { return };
        cluster.status = status;
        if status == Status::Stopped && cluster.open.take().is_some() {
            self.data_plane.submit(Work::Close { cluster: cluster.resource_id.clone() });
        }
        for instance in estate.instances.values_mut() {
            if instance.cluster == target.identifier {
                instance.status = status;
            }
        }
    }

    fn settle_instance(&mut self, target: Target, now_ms: i64) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(instance) = estate.instances.get_mut(&target.identifier) else { return };
        let Some(op) = &instance.operation else { return };
        if op.due_ms > now_ms {
            if instance.status == Status::Creating && now_ms >= last_steps_ms(op) {
                instance.status = Status::ConfiguringEnhancedMonitoring;
            }
            return;
        }
        if let Some(status) = op.ends_in {
            instance.status = status;
            instance.operation = None;
        } else if op.change == Change::Delete {
            self.remove_instance(&target);
        } else {
            self.open_instance(target);
        }
    }

    /// An instance is up as soon as the data plane lets clients in.
    fn open_instance(&mut self, target: Target) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(instance) = estate.instances.get_mut(&target.identifier) else { return };
        let Some(cluster) = estate.clusters.get_mut(&instance.cluster) else { return };
        let work = || Work::Open { cluster: cluster.resource_id.clone() };
        let ticket = *cluster.open.get_or_insert_with(|| self.data_plane.submit(work()));
        match self.data_plane.poll(ticket) {
            Progress::Pending => {
                instance.status = Status::ConfiguringEnhancedMonitoring;
                self.agenda.waiting.push(target);
                return;
            }
            Progress::Done(endpoint) => {
                cluster.endpoint = endpoint.or(cluster.endpoint.take());
                instance.status = Status::Available;
            }
            Progress::Failed(reason) => {
                tracing::error!(reason, "the data plane could not open a cluster");
                instance.status = Status::Failed;
            }
        }
        instance.operation = None;
    }

    /// An instance is gone; with the last one that was up, nobody can connect any more.
    fn remove_instance(&mut self, target: &Target) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(gone) = estate.instances.remove(&target.identifier) else { return };
        let others_up = estate.members(&gone.cluster).any(|i| i.status == Status::Available);
        let Some(cluster) = estate.clusters.get_mut(&gone.cluster) else { return };
        if !others_up && cluster.open.take().is_some() {
            self.data_plane.submit(Work::Close { cluster: cluster.resource_id.clone() });
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
            Verdict::Done(_) => snapshot.status = Status::Available,
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

    /// Begins an operation on an instance: its dates go on the agenda.
    pub(super) fn schedule_instance(&mut self, place: &Place, identifier: &str, op: &Operation) {
        let target = Target::new(place, Kind::Instance, identifier);
        if op.change == Change::Create && op.due_ms < i64::MAX {
            self.agenda.add(last_steps_ms(op), target.clone());
        }
        self.agenda.add(op.due_ms, target);
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

fn last_steps_ms(op: &Operation) -> i64 {
    op.started_ms + (op.due_ms - op.started_ms) * LAST_STEPS_PERCENT / 100
}

fn take_over(cluster: &mut Cluster, change: Change) {
    cluster.status = Status::Available;
    match change {
        Change::ResetPassword { password } => cluster.master_password = password,
        Change::Upgrade { version, parameter_group } => {
            cluster.engine_version = version;
            cluster.parameter_group = parameter_group;
        }
        _ => {}
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
