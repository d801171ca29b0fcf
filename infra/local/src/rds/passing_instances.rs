//! Time passing for instances: they come up when the data plane lets clients in, and go.

use super::Rds;
use super::model::{Change, Estate, Operation, Place, Status};
use super::notices::Event;
use super::passing::{Kind, Target};
use crate::data_plane::{Progress, Work};

/// The part of an instance's creation after which it reports the last steps.
const LAST_STEPS_PERCENT: i64 = 85;

impl Rds {
    pub(super) fn settle_instance(&mut self, target: Target, now_ms: i64) {
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
            let failed_ms = op.due_ms;
            instance.operation = None;
            let identifier = &target.identifier;
            self.notices.add(&target.place, Event::InstanceFailed, identifier, failed_ms);
            return;
        }
        match op.change.clone() {
            Change::Delete => self.remove_instance(&target),
            Change::Rename { to } => {
                rename_instance(estate, &target.identifier, &to);
                self.open_instance(Target { identifier: to, ..target });
            }
            Change::ChangeClass { class } => {
                instance.class = class;
                self.open_instance(target);
            }
            _ => self.open_instance(target),
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
                // The next instance tries anew.
                cluster.open = None;
                instance.status = Status::Failed;
            }
        }
        let Some(op) = instance.operation.take() else { return };
        if let Some(event) = instance_event(&op.change, instance.status) {
            self.notices.add(&target.place, event, &target.identifier, op.due_ms);
        }
    }

    /// An instance is gone; with the last one that was up, nobody can connect any more.
    fn remove_instance(&mut self, target: &Target) {
        let Some(estate) = self.estates.get_mut(&target.place) else { return };
        let Some(gone) = estate.instances.remove(&target.identifier) else { return };
        let at_ms = gone.operation.map_or(gone.created_ms, |op| op.due_ms);
        self.notices.add(&target.place, Event::InstanceDeleted, &target.identifier, at_ms);
        let others_up = estate.members(&gone.cluster).any(|i| i.status == Status::Available);
        let Some(cluster) = estate.clusters.get_mut(&gone.cluster) else { return };
        if !others_up && cluster.open.take().is_some() {
            self.data_plane.submit(Work::Close { cluster: cluster.resource_id.clone() });
        }
    }

    /// Begins an operation on an instance: its dates go on the agenda.
    pub(super) fn schedule_instance(&mut self, place: &Place, identifier: &str, op: &Operation) {
        let target = Target::new(place, Kind::Instance, identifier);
        if op.change == Change::Create && op.due_ms < i64::MAX {
            self.agenda.add(last_steps_ms(op), target.clone());
        }
        self.agenda.add(op.due_ms, target);
    }
}

fn last_steps_ms(op: &Operation) -> i64 {
    op.started_ms + op.due_ms.saturating_sub(op.started_ms) / 100 * LAST_STEPS_PERCENT
}

/// What those who wait for events are told at the end of an instance's operation.
fn instance_event(change: &Change, status: Status) -> Option<Event> {
    match (status, change) {
        (Status::Failed, _) => Some(Event::InstanceFailed),
        (_, Change::Create) => Some(Event::InstanceCreated),
        (_, Change::Reboot) => Some(Event::InstanceRestarted),
        (_, Change::ChangeClass { .. }) => Some(Event::InstanceClassChanged),
        _ => None,
    }
}

fn rename_instance(estate: &mut Estate, from: &str, to: &str) {
    let Some(mut instance) = estate.instances.remove(from) else { return };
    to.clone_into(&mut instance.identifier);
    let parent = estate.clusters.get_mut(&instance.cluster);
    if let Some(writer) = parent.and_then(|c| c.writer.as_mut()).filter(|w| *w == from) {
        to.clone_into(writer);
    }
    estate.instances.insert(to.to_owned(), instance);
}
