//! Restoring a cluster to a point in time, from another cluster: as a full copy, or as a clone
//! that shares storage. Like any restore it makes no instances, and what the request leaves out
//! becomes the default. The engine version is the source's: there is no parameter for it.

use super::clusters::Base;
use super::durations::Task;
use super::engines;
use super::errors::{
    db_cluster_not_found, invalid_db_cluster_state, invalid_parameter_combination,
    invalid_parameter_value, unsupported_parameter,
};
use super::keys::{can_read, kms_key};
use super::model::{Cluster, Descent, Encryption, Estate, Place, Status};
use super::names::{self, Arn, Kind};
use super::rules::encryption::restored;
use super::{Rds, refuse_unsupported, required};
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};
use jiff::Timestamp;

/// So many clones of one cluster share its storage; the next one is a full copy.
const MOST_CLONES: usize = 15;
/// How far the latest restorable moment lags behind, at AWS's own pace.
pub(super) const RESTORE_LAG_S: u32 = 300;
const DAY_MS: i64 = 86_400_000;

/// How the data gets into the new cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// All of it is copied, as of a moment, else as of the latest restorable one.
    FullCopy { to_ms: Option<i64> },
    /// Storage is shared, and copied where one of the two writes.
    CopyOnWrite,
}

impl Rds {
    pub(super) fn restore_to_point_in_time(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
    ) -> Answer {
        refuse_unsupported(
            cx,
            params,
            &[
                "EngineMode",
                "MonitoringInterval",
                "EnablePerformanceInsights",
                "TagSpecifications.item.1.ResourceType",
            ],
        )?;
        let place = Place::of(cx);
        let given = required(params, "DBClusterIdentifier")?;
        cx.record.resource = given.to_ascii_lowercase();
        let identifier = names::identifier("DBClusterIdentifier", given)?;
        let way = way(params)?;
        let source = self.source(cx, params, &place)?;
        let way = self.check_source(&place, &source, way, cx.now_ms)?;
        let (work, task, base) = new_cluster(cx, params, identifier.clone(), &source, way)?;
        let lasts_ms = task.ms(base.allocated_gib, cx.settings.speed, cx.rng);
        self.launch(cx, params, base, work, lasts_ms)?;
        self.join_clone_group(&place, &source, way, cx);
        // Only now it tells its clone group.
        self.answer_cluster(cx, &place, &identifier)
    }

    /// The cluster a request restores from: one of this account and Region, by name, ARN or
    /// resource id.
    fn source(
        &mut self,
        cx: &Context<'_>,
        params: &Params,
        place: &Place,
    ) -> Result<Cluster, AwsError> {
        let by_name = params.get("SourceDBClusterIdentifier");
        let by_id = params.get("SourceDbClusterResourceId");
        let estate = self.estate(place);
        match (by_name, by_id) {
            (Some(given), None) => {
                if Arn::parse(given).is_some_and(|arn| arn.place.account != place.account) {
                    let name = "SourceDBClusterIdentifier of another account";
                    return Err(unsupported_parameter(&cx.call.operation, name));
                }
                let found = names::local(place, Kind::Cluster, given);
                let found = found.and_then(|identifier| estate.clusters.get(&identifier));
                found.cloned().ok_or_else(|| db_cluster_not_found(given))
            }
            (None, Some(given)) => {
                let found = estate.clusters.values().find(|c| c.resource_id == given);
                found.cloned().ok_or_else(|| db_cluster_not_found(given))
            }
            _ => Err(invalid_parameter_combination(
                "Specify either SourceDBClusterIdentifier or SourceDbClusterResourceId.",
            )),
        }
    }

    /// Checks that a cluster can be restored from this way; a clone too many becomes a full copy.
    fn check_source(
        &mut self,
        place: &Place,
        source: &Cluster,
        way: Way,
        now_ms: i64,
    ) -> Result<Way, AwsError> {
        let estate = self.estate(place);
        match way {
            Way::FullCopy { to_ms } => {
                check_has_backups(source)?;
                to_ms.map(|to_ms| check_window(source, to_ms, now_ms)).transpose()?;
                Ok(way)
            }
            Way::CopyOnWrite => {
                check_clonable(estate, source)?;
                let clones = clones_of(estate, source);
                Ok(if clones < MOST_CLONES { way } else { Way::FullCopy { to_ms: None } })
            }
        }
    }

    /// The first clone of a cluster founds a clone group, which both then belong to. A restore to
    /// a point in time is in its source's group, if that is in one.
    fn join_clone_group(
        &mut self,
        place: &Place,
        source: &Cluster,
        way: Way,
        cx: &mut Context<'_>,
    ) {
        if way != Way::CopyOnWrite || source.descent.clone_group.is_some() {
            return;
        }
        let group = names::resource_id("clonegroup", cx.rng);
        let clones = |c: &&mut Cluster| {
            c.identifier == source.identifier
                || c.descent.cloned_from.as_ref() == Some(&source.resource_id)
        };
        for cluster in self.estate(place).clusters.values_mut().filter(clones) {
            cluster.descent.clone_group = Some(group.clone());
        }
    }
}

/// How a request wants the data to be copied, and as of when.
fn way(params: &Params) -> Result<Way, AwsError> {
    let latest = params.flag("UseLatestRestorableTime") == Some(true);
    let to_ms = params.get("RestoreToTime").map(moment).transpose()?;
    let clone = match params.get("RestoreType") {
        None | Some("full-copy") => false,
        Some("copy-on-write") => true,
        Some(other) => {
            let text = format!("Invalid value {other} for RestoreType");
            return Err(invalid_parameter_value(text));
        }
    };
    match (clone, latest, to_ms) {
        (true, _, Some(_)) => Err(invalid_parameter_combination(
            "RestoreToTime can't be specified if the RestoreType is copy-on-write.",
        )),
        (true, true, None) => Ok(Way::CopyOnWrite),
        (false, true, None) => Ok(Way::FullCopy { to_ms: None }),
        (false, false, Some(to_ms)) => Ok(Way::FullCopy { to_ms: Some(to_ms) }),
        _ => Err(invalid_parameter_combination(
            "Specify either UseLatestRestorableTime or RestoreToTime.",
        )),
    }
}

fn moment(given: &str) -> Result<i64, AwsError> {
    let time = given.parse::<Timestamp>().map(Timestamp::as_millisecond);
    time.map_err(|_| invalid_parameter_value(format!("Invalid value {given} for RestoreToTime")))
}

/// The earliest and the latest moment a cluster can be restored to.
pub(super) fn restorable_window(c: &Cluster, now_ms: i64) -> (i64, i64) {
    let kept_from_ms = now_ms - i64::from(c.backup_retention_days) * DAY_MS;
    let earliest_ms = c.created_ms.max(kept_from_ms);
    (earliest_ms, (now_ms - c.restore_lag_ms).max(earliest_ms))
}

fn check_window(source: &Cluster, to_ms: i64, now_ms: i64) -> Result<(), AwsError> {
    let (earliest_ms, latest_ms) = restorable_window(source, now_ms);
    let text = |ms| Timestamp::from_millisecond(ms).map(|t| t.to_string()).unwrap_or_default();
    if to_ms < earliest_ms {
        return Err(invalid_parameter_value(format!(
            "The specified cluster cannot be restored to a time earlier than {} because its \
             backup retention period is set to {} days.",
            text(earliest_ms),
            source.backup_retention_days
        )));
    }
    if to_ms > latest_ms {
        return Err(invalid_parameter_value(format!(
            "The specified cluster cannot be restored to a time later than {}.",
            text(latest_ms)
        )));
    }
    Ok(())
}

fn check_has_backups(source: &Cluster) -> Result<(), AwsError> {
    match source.status {
        Status::Creating | Status::Deleting => Err(not_restorable(source)),
        status if status.is_failure() => Err(not_restorable(source)),
        _ => Ok(()),
    }
}

/// A clone shares storage with a cluster that is up: it must be available and have an instance.
fn check_clonable(estate: &Estate, source: &Cluster) -> Result<(), AwsError> {
    if source.status != Status::Available {
        return Err(not_restorable(source));
    }
    if estate.members(&source.identifier).all(|i| i.status == Status::Deleting) {
        return Err(invalid_db_cluster_state(format!(
            "You can't create a clone of DB cluster {} because it has no DB instances.",
            source.identifier
        )));
    }
    Ok(())
}

fn not_restorable(source: &Cluster) -> AwsError {
    let status = source.status.as_str();
    let text = format!("DB cluster {} can't be restored from: {status}", source.identifier);
    invalid_db_cluster_state(text)
}

fn clones_of(estate: &Estate, source: &Cluster) -> usize {
    let from_it = |c: &&Cluster| c.descent.cloned_from.as_ref() == Some(&source.resource_id);
    estate.clusters.values().filter(from_it).count()
}

/// What the new cluster is made of, and the work that fills it.
fn new_cluster(
    cx: &mut Context<'_>,
    params: &Params,
    identifier: String,
    source: &Cluster,
    way: Way,
) -> Result<(Work, Task, Base), AwsError> {
    let resource_id = names::resource_id("cluster", cx.rng);
    let (from, cluster) = (source.resource_id.clone(), resource_id.clone());
    let (work, task, cloned_from, as_of_ms) = match way {
        Way::FullCopy { to_ms } => {
            let work = Work::RestoreToTime { source: from, cluster, to_ms };
            (work, Task::RestoreCluster, None, to_ms)
        }
        Way::CopyOnWrite => {
            let cloned_from = Some(from.clone());
            (Work::Clone { source: from, cluster }, Task::CloneCluster, cloned_from, None)
        }
    };
    let clone_group = source.descent.clone_group.clone();
    let mut lineage = source.lineage.clone();
    lineage.push(resource_id.clone());
    let base = Base {
        identifier,
        resource_id,
        engine: source.engine,
        engine_version: source.engine_version.clone(),
        database_name: source.database_name.clone(),
        master_username: source.master_username.clone(),
        master_password: source.master_password.clone(),
        master_secret: None,
        port: engines::of(source.engine).port,
        encryption: encryption(cx, params, source)?,
        allocated_gib: source.allocated_gib,
        backup_retention_days: source.backup_retention_days,
        backup_window: source.backup_window.clone(),
        lineage,
        restored_from: None,
        descent: Descent { clone_group, cloned_from, as_of_ms },
    };
    Ok((work, task, base))
}

/// The source's encryption, or another key if the source is under one.
fn encryption(
    cx: &mut Context<'_>,
    params: &Params,
    source: &Cluster,
) -> Result<Encryption, AwsError> {
    match (kms_key(cx, params)?, &source.encryption) {
        (Some(_), Encryption::None | Encryption::SseRds) => Err(invalid_parameter_combination(
            "KmsKeyId can't be specified: the source DB cluster isn't encrypted.",
        )),
        (key, encryption) => restored(encryption, can_read(cx, encryption), key),
    }
}
