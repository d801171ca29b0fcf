//! Restoring a cluster from a snapshot. It gets no instances, and the Region's defaults for
//! whatever the request leaves out.

use super::clusters::{Base, check_engine_mode, database_name};
use super::durations::Task;
use super::engines;
use super::errors::{
    db_cluster_snapshot_not_found, invalid_db_cluster_snapshot_state, invalid_parameter_value,
};
use super::keys::{can_read, kms_key};
use super::model::{Descent, Place, Snapshot, Status};
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
                "TagSpecifications.item.1.ResourceType",
                "AssociatedRoles.DBClusterAssociatedRole.1.RoleArn",
            ],
        )?;
        let place = Place::of(cx);
        let given = required(params, "DBClusterIdentifier")?;
        cx.record.resource = given.to_ascii_lowercase();
        let identifier = names::identifier("DBClusterIdentifier", given)?;
        let given_engine = required(params, "Engine")?;
        check_engine_mode(params)?;
        let snapshot = self.restorable(&place, required(params, "SnapshotIdentifier")?)?.clone();
        let engine = engines::of(snapshot.engine);
        check_engine(given_engine, engine.name)?;
        let engine_version = engines::resolve(engine, params.get("EngineVersion"), cx.settings)?;
        engines::check_not_older(&snapshot.engine_version, &engine_version)?;
        let resource_id = names::resource_id("cluster", cx.rng);
        let mut lineage = snapshot.lineage.clone();
        lineage.push(resource_id.clone());
        let work =
            Work::Restore { snapshot: snapshot.resource_id.clone(), cluster: resource_id.clone() };
        let base = Base {
            identifier,
            resource_id,
            engine: snapshot.engine,
            engine_version,
            database_name: database_name(params, engine)?.or(snapshot.database_name),
            master_username: snapshot.master_username,
            master_password: snapshot.master_password,
            master_secret: None,
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
            descent: Descent::default(),
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

fn check_engine(given: &str, of_snapshot: &str) -> Result<(), AwsError> {
    if given == of_snapshot {
        return Ok(());
    }
    Err(invalid_parameter_value(format!(
        "The engine {given} is not compatible with the engine of the snapshot, {of_snapshot}"
    )))
}
