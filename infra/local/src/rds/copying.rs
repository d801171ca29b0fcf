//! Copies of snapshots: called where the copy will be, by the account it will belong to.

use super::asked::zones;
use super::durations::Task;
use super::errors::{db_cluster_snapshot_already_exists, db_cluster_snapshot_not_found};
use super::keys::{can_read, kms_key};
use super::model::{Change, Encryption, Operation, Place, Snapshot, Status, Tags};
use super::names;
use super::passing::{Kind, Target};
use super::rules::copy::{Wish, may_copy};
use super::tags::read_tags;
use super::{Rds, required};
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};
use std::collections::BTreeSet;

impl Rds {
    pub(super) fn copy_snapshot(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let given = required(params, "SourceDBClusterSnapshotIdentifier")?;
        let target = required(params, "TargetDBClusterSnapshotIdentifier")?;
        let target = names::identifier("TargetDBClusterSnapshotIdentifier", target)?;
        cx.record.resource.clone_from(&target);
        let found = self.visible(&place, given);
        let (from, source) = found.ok_or_else(|| db_cluster_snapshot_not_found(given))?;
        let (from, source) = (from.clone(), source.clone());
        let copy = copy_of(cx, params, &from, &source, &target)?;
        let quotas = self.quotas_of(&place);
        let estate = self.estate(&place);
        if estate.snapshots.contains_key(&target) {
            return Err(db_cluster_snapshot_already_exists(&target));
        }
        quotas.admit_copy(estate)?;
        let surprise = self.surprise(&target)?;
        let lasts_ms = Task::CopySnapshot.ms(source.allocated_gib, cx.settings.speed, cx.rng);
        let op = Operation::new(Change::Copy, cx.now_ms, lasts_ms, surprise.as_ref());
        self.agenda.add(op.due_ms, Target::new(&place, Kind::Snapshot, &target));
        let work = Work::CopySnapshot { from: source.resource_id, to: copy.resource_id.clone() };
        let operation = Some(op.with_ticket(self.data_plane.submit(work)));
        let copy = Snapshot { operation, ..copy };
        self.estate(&place).snapshots.insert(target.clone(), copy);
        self.answer_snapshot(cx, &place, &target)
    }

    /// Has the copies of a snapshot that are under way in some places end in failure.
    pub(super) fn doom_copies_of(
        &mut self,
        owner: &Place,
        identifier: &str,
        is_hit: impl Fn(&Place) -> bool,
    ) {
        let arn = names::arn(owner, names::Kind::Snapshot, identifier);
        let hit: Vec<_> = self
            .snapshots()
            .filter(|(place, copy)| copy.source_arn.as_ref() == Some(&arn) && is_hit(place))
            .map(|(place, copy)| (place.clone(), copy.identifier.clone()))
            .collect();
        for (place, identifier) in hit {
            self.doom_copy(&place, &identifier);
        }
    }

    /// Has a copy end in failure, if it is under way.
    pub(super) fn doom_copy(&mut self, place: &Place, identifier: &str) {
        let copy = self.estate(place).snapshots.get_mut(identifier);
        let copying =
            copy.and_then(|c| c.operation.as_mut()).filter(|op| op.change == Change::Copy);
        if let Some(operation) = copying {
            operation.ends_in = Some(Status::Failed);
        }
    }
}

/// The copy a request asks for, if it may be made; not under way yet.
fn copy_of(
    cx: &mut Context<'_>,
    params: &Params,
    from: &Place,
    source: &Snapshot,
    target: &str,
) -> Result<Snapshot, AwsError> {
    let to = Place::of(cx);
    let tags = read_tags(params)?;
    let wish = Wish {
        from,
        to: &to,
        status: source.status,
        encryption: &source.encryption,
        source_key_usable: can_read(cx, &source.encryption),
        named_key: kms_key(cx, params)?,
        one_step: cx.settings.one_step_copies,
    };
    let encryption = may_copy(wish)?;
    let copied_tags =
        if params.flag("CopyTags") == Some(true) { &source.tags } else { &Tags::new() };
    let resource_id = names::resource_id("snapshot", cx.rng);
    let mut copy = described(from, source, &to, encryption);
    copy.tags = copied_tags.clone();
    copy.tags.extend(tags);
    target.clone_into(&mut copy.identifier);
    copy.created_ms = cx.now_ms;
    copy.lineage.push(resource_id.clone());
    copy.resource_id = resource_id;
    Ok(copy)
}

/// What a copy has from its source, and what every copy is.
fn described(from: &Place, source: &Snapshot, to: &Place, encryption: Encryption) -> Snapshot {
    let zones = if from.region == to.region {
        source.availability_zones.clone()
    } else {
        zones(&to.region)
    };
    Snapshot {
        status: Status::Copying,
        snapshot_type: "manual".into(),
        source_arn: Some(source.arn(from)),
        encryption,
        availability_zones: zones,
        shared_with: BTreeSet::new(),
        operation: None,
        ..source.clone()
    }
}
