//! Creating and deleting clusters.

use super::asked::{Asked, backtrack_window, log_types, zones};
use super::durations::{self, Task};
use super::engines::{self, Description};
use super::errors::{
    db_cluster_already_exists, db_cluster_not_found, invalid_db_cluster_state,
    invalid_parameter_combination, unsupported_parameter,
};
use super::groups::{DEFAULT_SECURITY_GROUP, cluster_groups};
use super::keys::new_encryption;
use super::model::{
    Change, Cluster, Descent, Encryption, MasterSecret, Operation, PendingValues, Place, Status,
    Tags,
};
use super::names::{self, Kind};
use super::surprises::Surprise;
use super::tags::read_tags;
use super::{Rds, refuse_unsupported, render, required};
use super::{credentials, point_in_time};
use crate::data_plane::{Engine, Ticket, Work};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;

/// What a new cluster is made of, wherever its data comes from.
pub(super) struct Base {
    pub(super) identifier: String,
    pub(super) resource_id: String,
    pub(super) engine: Engine,
    pub(super) engine_version: String,
    pub(super) database_name: Option<String>,
    pub(super) master_username: String,
    pub(super) master_password: String,
    pub(super) master_secret: Option<MasterSecret>,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) allocated_gib: u32,
    pub(super) backup_retention_days: u32,
    pub(super) backup_window: String,
    pub(super) lineage: Vec<String>,
    pub(super) restored_from: Option<String>,
    pub(super) descent: Descent,
}

impl Base {
    /// The cluster with AWS's defaults for everything a request may name.
    pub(super) fn cluster(self, place: &Place, created_ms: i64) -> Cluster {
        Cluster {
            identifier: self.identifier,
            resource_id: self.resource_id,
            status: Status::Creating,
            operation: None,
            created_ms,
            engine: self.engine,
            engine_version: self.engine_version,
            database_name: self.database_name,
            master_username: self.master_username,
            master_password: self.master_password,
            master_secret: self.master_secret,
            port: self.port,
            endpoint: None,
            open: None,
            parameter_group: String::new(),
            subnet_group: String::new(),
            security_groups: vec![DEFAULT_SECURITY_GROUP.into()],
            availability_zones: zones(&place.region),
            encryption: self.encryption,
            storage_type: "aurora".into(),
            allocated_gib: self.allocated_gib,
            backup_retention_days: self.backup_retention_days,
            backup_window: self.backup_window,
            maintenance_window: "sun:04:00-sun:04:30".into(),
            deletion_protection: false,
            iam_auth: false,
            log_exports: Vec::new(),
            serverless: None,
            copy_tags_to_snapshot: false,
            tags: Tags::new(),
            pending: PendingValues::default(),
            writer: None,
            lineage: self.lineage,
            restored_from: self.restored_from,
            descent: self.descent,
            backtrack_window_s: 0,
            restore_lag_ms: 0,
        }
    }
}

impl Rds {
    pub(super) fn create_cluster(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        refuse_unsupported(
            cx,
            params,
            &[
                "GlobalClusterIdentifier",
                "ReplicationSourceIdentifier",
                "EnableLimitlessDatabase",
                "WithExpressConfiguration",
                "TagSpecifications.item.1.ResourceType",
                "AssociatedRoles.DBClusterAssociatedRole.1.RoleArn",
            ],
        )?;
        let given = required(params, "DBClusterIdentifier")?;
        cx.record.resource = given.to_ascii_lowercase();
        let engine = engines::named(required(params, "Engine")?)?;
        check_engine_mode(params)?;
        let base = new_base(cx, params, engine, given)?;
        let database = base.database_name.as_deref().unwrap_or(engine.first_database).to_owned();
        let work = Work::CreateCluster {
            cluster: base.resource_id.clone(),
            engine: base.engine,
            user: base.master_username.clone(),
            password: base.master_password.clone(),
            database,
        };
        let lasts_ms = Task::CreateCluster.ms(base.allocated_gib, cx.settings.speed, cx.rng);
        self.launch(cx, params, base, work, lasts_ms)
    }

    /// Checks the settings a request names, and begins a new cluster with them.
    pub(super) fn launch(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
        base: Base,
        work: Work,
        lasts_ms: i64,
    ) -> Answer {
        let place = Place::of(cx);
        let engine = engines::of(base.engine);
        let asked = Asked::read(params, &place)?;
        let log_exports = log_types(params, "EnableCloudwatchLogsExports", engine)?;
        let backtrack = backtrack_window(params, engine)?;
        let tags = read_tags(params)?;
        let groups = cluster_groups(self.estate(&place), params, &base.engine_version)?;
        let surprise = self.admit_cluster(&place, &base)?;
        let mut cluster = base.cluster(&place, cx.now_ms);
        (cluster.parameter_group, cluster.subnet_group) = groups;
        cluster.log_exports = log_exports.into_iter().collect();
        cluster.tags = tags;
        cluster.backtrack_window_s = backtrack.unwrap_or(0);
        cluster.restore_lag_ms =
            durations::at_speed(point_in_time::RESTORE_LAG_S, cx.settings.speed);
        asked.apply(&mut cluster);
        self.secret_orders.keep(&place, &cluster);
        let ticket = self.data_plane.submit(work);
        let identifier = cluster.identifier.clone();
        self.estate(&place).clusters.insert(identifier.clone(), cluster);
        let op = Operation::new(Change::Create, cx.now_ms, lasts_ms, surprise.as_ref());
        let due_ms = op.due_ms;
        self.begin(&place, &identifier, op.with_ticket(ticket));
        self.plan_first_backup(cx.settings, &place, &identifier, due_ms);
        self.answer_cluster(cx, &place, &identifier)
    }

    fn admit_cluster(&mut self, place: &Place, base: &Base) -> Result<Option<Surprise>, AwsError> {
        let quotas = self.quotas_of(place);
        let estate = self.estate(place);
        if estate.cluster_name_taken(&base.identifier) {
            return Err(db_cluster_already_exists(&base.identifier));
        }
        quotas.admit_cluster(estate, base.allocated_gib)?;
        self.surprise(&base.identifier)
    }

    pub(super) fn delete_cluster(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let identifier = self.named_cluster(cx, params, &place)?;
        let final_snapshot = final_snapshot(params)?;
        if params.flag("DeleteAutomatedBackups") == Some(false) {
            return Err(unsupported_parameter(&cx.call.operation, "DeleteAutomatedBackups"));
        }
        self.check_deletable(&place, &identifier)?;
        let surprise = self.surprise(&identifier)?;
        let mut lasts_ms = Task::DeleteCluster.ms(0, cx.settings.speed, cx.rng);
        if let Some(snapshot) = final_snapshot {
            // The data must not go before the final snapshot has it.
            let until_ms = self.take_snapshot(cx, &place, &identifier, &snapshot, Tags::new())?;
            lasts_ms += until_ms.saturating_sub(cx.now_ms);
        }
        let op = Operation::new(Change::Delete, cx.now_ms, lasts_ms, surprise.as_ref());
        self.begin(&place, &identifier, op);
        self.answer_cluster(cx, &place, &identifier)
    }

    fn check_deletable(&mut self, place: &Place, identifier: &str) -> Result<(), AwsError> {
        let estate = self.estate(place);
        let cluster = find(estate.clusters.get(identifier), identifier)?;
        if cluster.deletion_protection {
            let text = "Cannot delete protected Cluster, please disable deletion protection and \
                try again.";
            return Err(invalid_parameter_combination(text));
        }
        if estate.members(identifier).any(|i| i.status != Status::Deleting) {
            let text = "Cluster cannot be deleted, it still contains DB instances in non-deleting \
                state.";
            return Err(invalid_db_cluster_state(text));
        }
        match cluster.status {
            Status::Available => Ok(()),
            status if status.is_failure() => Ok(()),
            _ => Err(wrong_state(cluster)),
        }
    }

    /// The name of the existing cluster that a request is about.
    pub(super) fn named_cluster(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
        place: &Place,
    ) -> Result<String, AwsError> {
        let given = required(params, "DBClusterIdentifier")?;
        let identifier = names::local(place, Kind::Cluster, given);
        let known = identifier.filter(|i| self.estate(place).clusters.contains_key(i));
        let identifier = known.ok_or_else(|| db_cluster_not_found(given))?;
        cx.record.resource.clone_from(&identifier);
        Ok(identifier)
    }

    /// The answer of an operation on one cluster: the cluster.
    pub(super) fn answer_cluster(
        &mut self,
        cx: &mut Context<'_>,
        place: &Place,
        identifier: &str,
    ) -> Answer {
        cx.record.items = 1;
        let estate = self.estate(place);
        let cluster = find(estate.clusters.get(identifier), identifier)?;
        let xml = render::cluster(place, estate, cluster, cx.now_ms);
        Ok(Reply::Xml(Xml::new(format!("{}Result", cx.call.operation)).with(xml)))
    }
}

/// What a new, empty cluster is made of.
fn new_base(
    cx: &mut Context<'_>,
    params: &Params,
    engine: &Description,
    given: &str,
) -> Result<Base, AwsError> {
    let resource_id = names::resource_id("cluster", cx.rng);
    let user = required(params, "MasterUsername")?;
    let (master_password, master_secret) = credentials::of_new_cluster(cx, params, engine)?;
    Ok(Base {
        identifier: names::identifier("DBClusterIdentifier", given)?,
        lineage: vec![resource_id.clone()],
        resource_id,
        engine: engine.engine,
        engine_version: engines::resolve(engine, params.get("EngineVersion"), cx.settings)?,
        database_name: database_name(params, engine)?,
        master_username: names::master_username(engine, user)?,
        master_password,
        master_secret,
        port: engine.port,
        encryption: new_encryption(cx, params)?,
        allocated_gib: 1,
        backup_retention_days: 1,
        backup_window: "07:00-07:30".into(),
        restored_from: None,
        descent: Descent::default(),
    })
}

impl Operation {
    /// The same, waiting for work on the data, too.
    pub(super) fn with_ticket(mut self, ticket: Ticket) -> Self {
        self.ticket = Some(ticket);
        self
    }
}

/// A cluster that must be there.
pub(super) fn find<T>(found: Option<T>, identifier: &str) -> Result<T, AwsError> {
    found.ok_or_else(|| db_cluster_not_found(identifier))
}

/// The refusal of an operation that the cluster's status does not allow.
pub(super) fn wrong_state(cluster: &Cluster) -> AwsError {
    let status = cluster.status.as_str();
    invalid_db_cluster_state(format!(
        "Cluster {} is not in available state: {status}",
        cluster.identifier
    ))
}

/// Serverless v1 and the other old modes are not offered any more.
pub(super) fn check_engine_mode(params: &Params) -> Result<(), AwsError> {
    match params.get("EngineMode") {
        None | Some("provisioned") => Ok(()),
        Some(other) => Err(invalid_parameter_combination(format!(
            "The engine mode {other} you requested is currently unavailable."
        ))),
    }
}

/// The name of the first database, when given.
pub(super) fn database_name(
    params: &Params,
    engine: &Description,
) -> Result<Option<String>, AwsError> {
    params.get("DatabaseName").map(|given| names::database(engine, given)).transpose()
}

fn final_snapshot(params: &Params) -> Result<Option<String>, AwsError> {
    let skip = params.flag("SkipFinalSnapshot") == Some(true);
    match params.get("FinalDBSnapshotIdentifier") {
        Some(_) if skip => Err(invalid_parameter_combination(
            "FinalDBSnapshotIdentifier can not be specified when deleting a cluster with \
             SkipFinalSnapshot enabled.",
        )),
        None if !skip => Err(invalid_parameter_combination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )),
        Some(given) => names::identifier("FinalDBSnapshotIdentifier", given).map(Some),
        None => Ok(None),
    }
}
