//! What exists: clusters, instances, snapshots and groups of an account in a Region.

pub use super::credentials::{MasterSecret, SecretStatus};
use super::names::{self, Kind};
pub use super::operation::{Change, Operation, Status};
use crate::data_plane::{Endpoint, Engine, Ticket};
use crate::world::Context;
use std::collections::{BTreeMap, BTreeSet};

/// An account in a Region: everything is kept apart by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Account number.
    pub account: String,
    /// Region name.
    pub region: String,
}

impl Place {
    pub(super) fn of(cx: &Context<'_>) -> Self {
        Self { account: cx.call.account.clone(), region: cx.call.region.clone() }
    }
}

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Encryption at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// None.
    None,
    /// A key of the service; `StorageEncrypted` is false.
    SseRds,
    /// A KMS key, by ARN; `StorageEncrypted` is true.
    SseKms(String),
}

/// Capacity range of Serverless v2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Serverless {
    /// Least capacity units.
    pub min: f64,
    /// Most capacity units.
    pub max: f64,
    /// Idle seconds before a pause.
    pub pause_after_s: Option<u32>,
}

/// Changes that wait for a maintenance window, which never comes here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingValues {
    /// The name asked for.
    pub identifier: Option<String>,
    /// The engine version asked for.
    pub engine_version: Option<String>,
}

/// How a cluster came from another cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Descent {
    /// The id shared by all that were cloned from each other.
    pub clone_group: Option<String>,
    /// Resource id of the cluster whose storage it shares.
    pub cloned_from: Option<String>,
    /// The moment its data was restored to, if not the latest one.
    pub as_of_ms: Option<i64>,
}

/// Changes of an instance that wait for a maintenance window, which never comes here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingInstance {
    /// The name asked for.
    pub identifier: Option<String>,
    /// The class asked for.
    pub class: Option<String>,
}

/// A DB cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub identifier: String,
    /// Its immutable id.
    pub resource_id: String,
    /// Status.
    pub status: Status,
    /// What is under way.
    pub operation: Option<Operation>,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Engine.
    pub engine: Engine,
    /// Engine version.
    pub engine_version: String,
    /// First database.
    pub database_name: Option<String>,
    /// Master user.
    pub master_username: String,
    /// Master password in force.
    pub(super) master_password: String,
    /// The secret RDS keeps the master password in, if it does.
    pub master_secret: Option<MasterSecret>,
    /// The port asked for.
    pub port: u16,
    /// Where the data plane serves it.
    pub endpoint: Option<Endpoint>,
    /// The data plane's ticket for letting clients in, while there are instances.
    pub(super) open: Option<Ticket>,
    /// Cluster parameter group.
    pub parameter_group: String,
    /// Subnet group.
    pub subnet_group: String,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Availability Zones of the storage.
    pub availability_zones: Vec<String>,
    /// Encryption at rest.
    pub encryption: Encryption,
    /// `aurora` or `aurora-iopt1`.
    pub storage_type: String,
    /// Size of the data, GiB.
    pub allocated_gib: u32,
    /// Days automated backups are kept.
    pub backup_retention_days: u32,
    /// When backups are taken.
    pub backup_window: String,
    /// When maintenance is done.
    pub maintenance_window: String,
    /// Whether it is protected from deletion.
    pub deletion_protection: bool,
    /// Whether IAM users may connect.
    pub iam_auth: bool,
    /// Logs exported.
    pub log_exports: Vec<String>,
    /// Capacity range of Serverless v2.
    pub serverless: Option<Serverless>,
    /// Whether snapshots get its tags.
    pub copy_tags_to_snapshot: bool,
    /// Tags.
    pub tags: Tags,
    /// Changes that wait for a maintenance window.
    pub pending: PendingValues,
    /// The instance that writes.
    pub writer: Option<String>,
    /// Resource ids its data came through, oldest first, its own last.
    pub lineage: Vec<String>,
    /// Resource id of the snapshot it was restored from.
    pub restored_from: Option<String>,
    /// How it came from another cluster.
    pub descent: Descent,
    /// Seconds it can be backtracked; 0 when it cannot.
    pub backtrack_window_s: u32,
    /// How far the latest restorable moment lags behind, milliseconds.
    pub(super) restore_lag_ms: i64,
}

impl Cluster {
    /// Its ARN in a place.
    #[must_use]
    pub fn arn(&self, place: &Place) -> String {
        names::arn(place, Kind::Cluster, &self.identifier)
    }
}

/// A DB instance of a cluster.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name.
    pub identifier: String,
    /// Its immutable id.
    pub resource_id: String,
    /// The cluster it belongs to.
    pub cluster: String,
    /// Engine.
    pub engine: Engine,
    /// Status.
    pub status: Status,
    /// What is under way.
    pub operation: Option<Operation>,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Instance class.
    pub class: String,
    /// Availability Zone.
    pub zone: String,
    /// Place in the queue of those that may become the writer.
    pub promotion_tier: u32,
    /// Whether it has a public address.
    pub publicly_accessible: bool,
    /// Changes that wait for a maintenance window.
    pub pending: PendingInstance,
    /// Tags.
    pub tags: Tags,
}

/// A DB cluster snapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Its name.
    pub identifier: String,
    /// Its immutable id (AWS shows none; the data plane names it by this).
    pub resource_id: String,
    /// Status.
    pub status: Status,
    /// What is under way.
    pub operation: Option<Operation>,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// `manual`, `automated` or `awsbackup`.
    pub snapshot_type: String,
    /// The cluster it was taken of, by the name it had then.
    pub cluster: String,
    /// Resource id of the cluster.
    pub cluster_resource_id: String,
    /// When the cluster was created.
    pub cluster_created_ms: i64,
    /// ARN of the snapshot it is a copy of.
    pub source_arn: Option<String>,
    /// Engine.
    pub engine: Engine,
    /// Engine version.
    pub engine_version: String,
    /// First database.
    pub database_name: Option<String>,
    /// Master user.
    pub master_username: String,
    /// Master password at that time.
    pub(super) master_password: String,
    /// Port of the cluster.
    pub port: u16,
    /// Availability Zones of the cluster.
    pub availability_zones: Vec<String>,
    /// Encryption at rest.
    pub encryption: Encryption,
    /// Storage type of the cluster.
    pub storage_type: String,
    /// Size of the data, GiB.
    pub allocated_gib: u32,
    /// Backup retention of the cluster.
    pub backup_retention_days: u32,
    /// Backup window of the cluster.
    pub backup_window: String,
    /// Whether IAM users may connect to the cluster.
    pub iam_auth: bool,
    /// Tags.
    pub tags: Tags,
    /// Resource ids its data came through, oldest first, its own last.
    pub lineage: Vec<String>,
    /// Accounts that may see, copy and restore it; `all` is everybody.
    pub shared_with: BTreeSet<String>,
}

impl Snapshot {
    /// Its ARN in a place.
    #[must_use]
    pub fn arn(&self, place: &Place) -> String {
        names::arn(place, Kind::Snapshot, &self.identifier)
    }

    /// How far it has come, 0–100.
    #[must_use]
    pub fn percent(&self, now_ms: i64) -> i64 {
        match &self.operation {
            Some(op) if matches!(op.change, Change::Create | Change::Copy) => {
                let whole = op.due_ms.saturating_sub(op.started_ms).max(1);
                ((now_ms - op.started_ms).max(0).saturating_mul(100) / whole).min(99)
            }
            _ if self.status == Status::Failed => 0,
            _ => 100,
        }
    }
}

/// A DB subnet group.
#[derive(Debug, Clone)]
pub struct SubnetGroup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Subnets.
    pub subnets: Vec<String>,
    /// Tags.
    pub tags: Tags,
}

/// A DB cluster parameter group.
#[derive(Debug, Clone)]
pub struct ParameterGroup {
    /// Its name.
    pub name: String,
    /// The engine and major version it is for.
    pub family: String,
    /// What it is for.
    pub description: String,
    /// Tags.
    pub tags: Tags,
}

/// Everything of one account in one Region, by name.
#[derive(Debug, Clone, Default)]
pub struct Estate {
    /// DB clusters.
    pub clusters: BTreeMap<String, Cluster>,
    /// DB instances.
    pub instances: BTreeMap<String, Instance>,
    /// DB cluster snapshots.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// DB subnet groups, `default` aside.
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    /// DB cluster parameter groups, the defaults aside.
    pub parameter_groups: BTreeMap<String, ParameterGroup>,
}

impl Estate {
    /// The instances of a cluster.
    pub fn members<'a>(&'a self, cluster: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.instances.values().filter(move |i| i.cluster == cluster)
    }

    /// Whether a cluster has the name, or is about to have it.
    pub(super) fn cluster_name_taken(&self, name: &str) -> bool {
        let about_to = |c: &Cluster| match &c.operation {
            Some(Operation { change: Change::Rename { to }, .. }) => to == name,
            _ => false,
        };
        self.clusters.contains_key(name) || self.clusters.values().any(about_to)
    }
}
