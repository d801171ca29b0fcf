//! Restoring a cluster from a snapshot. It gets no instances, and the Region's defaults for
//! whatever the request leaves out.

use super::clusters::{Base, check_engine_mode, database_name};
use super::durations::Task;
use super::engines::{self, AURORA_POSTGRESQL};
use super::errors::{
    db_cluster_snapshot_not_found, invalid_db_cluster_snapshot_state, invalid_parameter_value,
};
use super::keys::{can_read, kms_key};
use super::model::{Place, Snapshot, Status};
use super::names;
use super::rules::encryption;
use super::{Rds, refuse_unsupported, required};
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context};

impl Rds {
    pub(super) fn restore_from_snapshot(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
    ) -> Answer {
        refuse_unsupported(
            cx,
            params,
            &[
                "BacktrackWindow",
                "TagSpecifications.item.1.ResourceType",
                "AssociatedRoles.DBClusterAssociatedRole.1.RoleArn",
            ],
        )?;
        let place = Place::of(cx);
        let given = required(params, "DBClusterIdentifier")?;
        cx.record.resource = given.to_ascii_lowercase();
        let identifier = names::identifier("DBClusterIdentifier", given)?;
        check_engine(required(params, "Engine")?)?;
        check_engine_mode(params)?;
        let snapshot = self.restorable(&place, required(params, "SnapshotIdentifier")?)?.clone();
        let engine_version = engines::resolve(params.get("EngineVersion"), cx.settings)?;
        engines::check_not_older(&snapshot.engine_version, &engine_version)?;
        let resource_id = names::resource_id("cluster", cx.rng);
        let mut lineage = snapshot.lineage.clone();
        lineage.push(resource_id.clone());
        let work =
            Work::Restore { snapshot: snapshot.resource_id.clone(), cluster: resource_id.clone() };
        let base = Base {
            identifier,
            resource_id,
            engine_version,
            database_name: database_name(params)?.or(snapshot.database_name),
            master_username: snapshot.master_username,
            master_password: snapshot.master_password,
            port: snapshot.port,
            encryption: encryption::restored(
                &snapshot.encryption,
                can_read(cx, &snapshot.encryption),
                kms_key(cx, params)?,
            )?,
            allocated_gib: snapshot.allocated_gib,
            backup_retention_days: snapshot.backup_retention_days,
            backup_window: snapshot.backup_window,
            lineage,
            restored_from: Some(snapshot.resource_id),
        };
        let lasts_ms = Task::RestoreCluster.ms(base.allocated_gib, cx.settings.speed, cx.rng);
        self.launch(cx, params, base, work, lasts_ms)
    }

    /// The snapshot a restore names, if it can be restored in a place: by identifier or ARN, of
    /// the place itself or shared with it in the same Region.
    fn restorable(&self, place: &Place, given: &str) -> Result<&Snapshot, AwsError> {
        let (_, found) = self
            .visible(place, given)
            .filter(|(owner, _)| owner.region == place.region)
            .ok_or_else(|| db_cluster_snapshot_not_found(given))?;
        if found.status == Status::Available {
            return Ok(found);
        }
        Err(invalid_db_cluster_snapshot_state(format!(
            "The snapshot {} is not in available state: {}",
            found.identifier,
            found.status.as_str()
        )))
    }
}

fn check_engine(given: &str) -> Result<(), AwsError> {
    if given == AURORA_POSTGRESQL {
        return Ok(());
    }
    Err(invalid_parameter_value(format!(
        "The engine {given} is not compatible with the engine of the snapshot, {AURORA_POSTGRESQL}"
    )))
}
