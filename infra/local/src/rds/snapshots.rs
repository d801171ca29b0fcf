//! Snapshots of clusters.

use super::clusters::{find, wrong_state};
use super::durations::Task;
use super::errors::{
    db_cluster_snapshot_already_exists, db_cluster_snapshot_not_found,
    invalid_db_cluster_snapshot_state,
};
use super::model::{Change, Cluster, Operation, Place, Snapshot, Status, Tags};
use super::names::{self, Kind};
use super::notices::Event;
use super::passing::{self, Target};
use super::tags::read_tags;
use super::{Rds, render, required};
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;
use std::collections::BTreeSet;

impl Rds {
    pub(super) fn create_snapshot(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let given = required(params, "DBClusterSnapshotIdentifier")?;
        let identifier = names::identifier("DBClusterSnapshotIdentifier", given)?;
        let tags = read_tags(params)?;
        let cluster = self.named_cluster(cx, params, &place)?;
        cx.record.resource.clone_from(&identifier);
        self.take_snapshot(cx, &place, &cluster, &identifier, tags)?;
        self.answer_snapshot(cx, &place, &identifier)
    }

    /// Begins a manual snapshot; returns when it is due.
    pub(super) fn take_snapshot(
        &mut self,
        cx: &mut Context<'_>,
        place: &Place,
        cluster: &str,
        identifier: &str,
        tags: Tags,
    ) -> Result<i64, AwsError> {
        let quotas = self.quotas_of(place);
        let estate = self.estate(place);
        if estate.snapshots.contains_key(identifier) {
            return Err(db_cluster_snapshot_already_exists(identifier));
        }
        let source = find(estate.clusters.get(cluster), cluster)?;
        if source.status != Status::Available {
            return Err(wrong_state(source));
        }
        quotas.admit_snapshot(estate)?;
        let source = source.clone();
        let surprise = self.surprise(identifier)?;
        let lasts_ms = Task::CreateSnapshot.ms(source.allocated_gib, cx.settings.speed, cx.rng);
        let resource_id = names::resource_id("snapshot", cx.rng);
        let work =
            Work::Snapshot { cluster: source.resource_id.clone(), snapshot: resource_id.clone() };
        let ticket = self.data_plane.submit(work);
        let op = Operation::new(Change::Create, cx.now_ms, lasts_ms, surprise.as_ref());
        let due_ms = op.due_ms;
        let mut snapshot = Snapshot::of(&source, identifier, resource_id, cx.now_ms);
        snapshot.tags.extend(tags);
        snapshot.operation = Some(op.with_ticket(ticket));
        self.estate(place).snapshots.insert(identifier.to_owned(), snapshot);
        self.agenda.add(due_ms, Target::new(place, passing::Kind::Snapshot, identifier));
        self.notices.add(place, Event::SnapshotBegun, identifier, cx.now_ms);
        Ok(due_ms)
    }

    pub(super) fn delete_snapshot(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let given = required(params, "DBClusterSnapshotIdentifier")?;
        let identifier = names::local(&place, Kind::Snapshot, given)
            .ok_or_else(|| db_cluster_snapshot_not_found(given))?;
        cx.record.resource.clone_from(&identifier);
        let found = self.estate(&place).snapshots.get(&identifier);
        check_deletable(found.ok_or_else(|| db_cluster_snapshot_not_found(given))?)?;
        let surprise = self.surprise(&identifier)?;
        let lasts_ms = Task::DeleteSnapshot.ms(0, cx.settings.speed, cx.rng);
        let op = Operation::new(Change::Delete, cx.now_ms, lasts_ms, surprise.as_ref());
        self.agenda.add(op.due_ms, Target::new(&place, passing::Kind::Snapshot, &identifier));
        if let Some(snapshot) = self.estate(&place).snapshots.get_mut(&identifier) {
            snapshot.status = Status::Deleting;
            snapshot.operation = Some(op);
        }
        self.doom_copies_of(&place, &identifier, |_| true);
        self.answer_snapshot(cx, &place, &identifier)
    }

    /// The answer of an operation on one snapshot: the snapshot.
    pub(super) fn answer_snapshot(
        &mut self,
        cx: &mut Context<'_>,
        place: &Place,
        identifier: &str,
    ) -> Answer {
        cx.record.items = 1;
        let found = self.estate(place).snapshots.get(identifier);
        let snapshot = found.ok_or_else(|| db_cluster_snapshot_not_found(identifier))?;
        let xml = render::snapshot(place, snapshot, cx.now_ms);
        Ok(Reply::Xml(Xml::new(format!("{}Result", cx.call.operation)).with(xml)))
    }
}

impl Snapshot {
    /// A manual snapshot of a cluster as it is now, not there yet.
    pub(super) fn of(source: &Cluster, identifier: &str, resource_id: String, now_ms: i64) -> Self {
        let mut lineage = source.lineage.clone();
        lineage.push(resource_id.clone());
        let tags = source.copy_tags_to_snapshot.then(|| source.tags.clone());
        Self {
            identifier: identifier.to_owned(),
            resource_id,
            status: Status::Creating,
            operation: None,
            created_ms: now_ms,
            snapshot_type: "manual".into(),
            cluster: source.identifier.clone(),
            cluster_resource_id: source.resource_id.clone(),
            cluster_created_ms: source.created_ms,
            source_arn: None,
            engine: source.engine,
            engine_version: source.engine_version.clone(),
            database_name: source.database_name.clone(),
            master_username: source.master_username.clone(),
            master_password: source.master_password.clone(),
            port: source.port,
            availability_zones: source.availability_zones.clone(),
            encryption: source.encryption.clone(),
            storage_type: source.storage_type.clone(),
            allocated_gib: source.allocated_gib,
            backup_retention_days: source.backup_retention_days,
            backup_window: source.backup_window.clone(),
            iam_auth: source.iam_auth,
            tags: tags.unwrap_or_default(),
            lineage,
            shared_with: BTreeSet::new(),
        }
    }
}

fn check_deletable(snapshot: &Snapshot) -> Result<(), AwsError> {
    if snapshot.snapshot_type != "manual" {
        let text = "Only manual snapshots may be deleted.";
        return Err(invalid_db_cluster_snapshot_state(text));
    }
    match snapshot.status {
        Status::Available | Status::Copying => Ok(()),
        failure if failure.is_failure() => Ok(()),
        other => Err(invalid_db_cluster_snapshot_state(format!(
            "The snapshot {} is in status {}.",
            snapshot.identifier,
            other.as_str()
        ))),
    }
}
