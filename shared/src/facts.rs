//! What is known of a source: read once, by the first step of a job or by `aurora-restore plan`.
//! Reads only; nothing in this crate changes anything in RDS.

use crate::failure::{Failure, FailureCode, FailureKind};
use crate::request::{InstanceSpec, Request, Serverless, SnapshotPick, SnapshotSource, Source};
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbClusterSnapshot, DbInstance, Filter};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a source snapshot and of the cluster it came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// ARN of the snapshot: pins it.
    pub snapshot_arn: String,
    /// Its identifier.
    pub snapshot_id: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// Its engine.
    pub engine: String,
    /// Its engine version.
    pub engine_version: String,
    /// Its size, GiB.
    pub allocated_gib: u32,
    /// Its storage type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<String>,
    /// Its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Its master user.
    pub master_user: String,
    /// The database of the source cluster, when that still exists and names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Whether it is encrypted under a KMS key.
    #[serde(default)]
    pub encrypted: bool,
    /// Whether the source's writer was reachable from outside its VPC: never left to AWS's default,
    /// which depends on the VPC.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub publicly_accessible: bool,
    /// Settings of the source cluster, when it still exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterFacts>,
    /// Instances of the source cluster, the writer first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceSpec>,
}

/// Settings of a source cluster that a snapshot does not hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterFacts {
    /// Cluster parameter group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_group: Option<String>,
    /// Subnet group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_group: Option<String>,
    /// VPC security groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// Serverless v2 capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// IAM database authentication.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub iam_auth: bool,
    /// Log types sent to CloudWatch Logs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_exports: Vec<String>,
    /// Backup retention in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_retention_days: Option<u16>,
    /// Deletion protection.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deletion_protection: bool,
}

/// Reads the facts of a request's source. `rds` must be a client of the source's account and Region.
///
/// # Errors
/// `source_not_found` when no snapshot fits; `resource_busy` while the one named is still being
/// made; whatever AWS answers, classified.
pub async fn read(rds: &Client, request: &Request) -> Result<SourceFacts, Failure> {
    let Source::Snapshot(source) = &request.source else {
        let text = "this release restores from snapshots only";
        return Err(Failure::permanent(FailureCode::PlanRefused, text));
    };
    let snapshot = pick_snapshot(rds, source).await?;
    let cluster_id = snapshot.db_cluster_identifier().unwrap_or_default().to_owned();
    let (cluster, members) =
        tokio::try_join!(source_cluster(rds, &cluster_id), source_instances(rds, &cluster_id))?;
    // A new cluster may have taken the old one's name: only the cluster itself is followed.
    let same = |c: &DbCluster| c.db_cluster_resource_id() == snapshot.db_cluster_resource_id();
    let cluster = cluster.filter(same);
    let instances = cluster.as_ref().map(|c| instance_specs(c, &members)).unwrap_or_default();
    let is_public = |i: &DbInstance| i.publicly_accessible() == Some(true);
    let publicly_accessible = cluster.is_some() && members.iter().any(is_public);
    let facts = from_snapshot(&snapshot, cluster.as_ref(), instances);
    Ok(SourceFacts { publicly_accessible, ..facts })
}

async fn pick_snapshot(
    rds: &Client,
    source: &SnapshotSource,
) -> Result<DbClusterSnapshot, Failure> {
    let found = match source.pick() {
        Some(SnapshotPick::Exactly(id)) => exact_snapshot(rds, id).await?,
        Some(SnapshotPick::Latest { cluster, before }) => {
            newest(snapshots_of(rds, cluster.as_str()).await?, before)
        }
        None => None,
    };
    let snapshot = found.ok_or_else(|| not_found(source))?;
    match snapshot.status() {
        Some("available") => Ok(snapshot),
        Some("creating" | "copying") => Err(Failure::new(
            FailureKind::Busy,
            FailureCode::ResourceBusy,
            format!("snapshot {} is still being made", id_of(&snapshot)),
        )),
        other => Err(Failure::permanent(
            FailureCode::SourceUnusable,
            format!("snapshot {} is {}", id_of(&snapshot), other.unwrap_or("in no status")),
        )),
    }
}

fn id_of(snapshot: &DbClusterSnapshot) -> &str {
    snapshot.db_cluster_snapshot_identifier().unwrap_or_default()
}

fn not_found(source: &SnapshotSource) -> Failure {
    let (account, region) = (&source.account, &source.region);
    let text = match source.pick() {
        Some(SnapshotPick::Exactly(id)) => format!("no snapshot {id} in {account} {region}"),
        Some(SnapshotPick::Latest { cluster, before: Some(t) }) => {
            format!("no available snapshot of {cluster} from before {t} in {account} {region}")
        }
        Some(SnapshotPick::Latest { cluster, before: None }) => {
            format!("no available snapshot of {cluster} in {account} {region}")
        }
        None => "the request names no snapshot".into(),
    };
    Failure::permanent(FailureCode::SourceNotFound, text)
}

async fn exact_snapshot(rds: &Client, id: &str) -> Result<Option<DbClusterSnapshot>, Failure> {
    let call = rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
    match call.include_shared(true).send().await {
        Ok(page) => Ok(page.db_cluster_snapshots.unwrap_or_default().into_iter().next()),
        Err(e) if crate::failure::wire_code(&e) == Some("DBClusterSnapshotNotFoundFault") => {
            Ok(None)
        }
        Err(e) => Err(Failure::from_sdk("reading the source snapshot", &e)),
    }
}

async fn snapshots_of(rds: &Client, cluster: &str) -> Result<Vec<DbClusterSnapshot>, Failure> {
    let pages = rds.describe_db_cluster_snapshots().db_cluster_identifier(cluster);
    let mut pages = pages.into_paginator().items().send();
    let mut snapshots = Vec::new();
    while let Some(next) = pages.next().await {
        snapshots.push(next.map_err(|e| Failure::from_sdk("listing the source's snapshots", &e))?);
    }
    Ok(snapshots)
}

/// The newest available snapshot, made before a moment when one is given.
fn newest(all: Vec<DbClusterSnapshot>, before: Option<Timestamp>) -> Option<DbClusterSnapshot> {
    let moment =
        |s: &DbClusterSnapshot| s.snapshot_create_time().map(aws_smithy_types::DateTime::secs);
    let fits = |s: &DbClusterSnapshot| {
        let early = before.is_none_or(|t| moment(s).is_some_and(|made| made < t.as_second()));
        s.status() == Some("available") && early
    };
    all.into_iter().filter(fits).max_by_key(moment)
}

async fn source_cluster(rds: &Client, id: &str) -> Result<Option<DbCluster>, Failure> {
    let filter = Filter::builder().name("db-cluster-id").values(id).build();
    let page = rds.describe_db_clusters().filters(filter).send().await;
    let page = page.map_err(|e| Failure::from_sdk("reading the source cluster", &e))?;
    Ok(page.db_clusters.unwrap_or_default().into_iter().next())
}

async fn source_instances(rds: &Client, id: &str) -> Result<Vec<DbInstance>, Failure> {
    let filter = Filter::builder().name("db-cluster-id").values(id).build();
    let page = rds.describe_db_instances().filters(filter).send().await;
    let page = page.map_err(|e| Failure::from_sdk("reading the source's instances", &e))?;
    Ok(page.db_instances.unwrap_or_default())
}

/// Instances as a request would ask for them: the writer first, then by promotion tier and name.
fn instance_specs(cluster: &DbCluster, members: &[DbInstance]) -> Vec<InstanceSpec> {
    let is_writer = |i: &DbInstance| {
        let mut of_cluster = cluster.db_cluster_members().iter();
        of_cluster.any(|m| {
            m.db_instance_identifier() == i.db_instance_identifier()
                && m.is_cluster_writer().unwrap_or(false)
        })
    };
    let mut members: Vec<&DbInstance> = members.iter().collect();
    members.sort_by_key(|i| (!is_writer(i), i.promotion_tier(), i.db_instance_identifier()));
    let spec = |i: &DbInstance| InstanceSpec {
        class: i.db_instance_class().unwrap_or_default().to_owned(),
        count: 1,
        zone: None,
        promotion_tier: i.promotion_tier().and_then(|t| u16::try_from(t).ok()),
        fallback: Vec::new(),
    };
    members.into_iter().map(spec).collect()
}

fn from_snapshot(
    snapshot: &DbClusterSnapshot,
    cluster: Option<&DbCluster>,
    instances: Vec<InstanceSpec>,
) -> SourceFacts {
    let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
    let made = snapshot.snapshot_create_time().map(aws_smithy_types::DateTime::secs);
    SourceFacts {
        snapshot_arn: text(snapshot.db_cluster_snapshot_arn()),
        snapshot_id: text(snapshot.db_cluster_snapshot_identifier()),
        created_at: crate::clock::timestamp(made.unwrap_or_default() * 1000).to_string(),
        engine: text(snapshot.engine()),
        engine_version: text(snapshot.engine_version()),
        allocated_gib: u32::try_from(snapshot.allocated_storage().unwrap_or(0)).unwrap_or(0),
        storage_type: snapshot.storage_type().map(str::to_owned),
        port: snapshot.port().and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0),
        master_user: text(snapshot.master_username()),
        database: cluster.and_then(|c| c.database_name()).map(str::to_owned),
        encrypted: snapshot.storage_encrypted().unwrap_or(false),
        publicly_accessible: false,
        cluster: cluster.map(cluster_facts),
        instances,
    }
}

fn cluster_facts(cluster: &DbCluster) -> ClusterFacts {
    let groups = cluster.vpc_security_groups().iter();
    let serverless = cluster.serverless_v2_scaling_configuration().and_then(|s| {
        let (min_capacity, max_capacity) = (s.min_capacity()?, s.max_capacity()?);
        let pause = s.seconds_until_auto_pause().and_then(|s| format!("{s}s").parse().ok());
        let pause_after = pause.filter(|_| min_capacity == 0.0);
        Some(Serverless { min_capacity, max_capacity, pause_after })
    });
    ClusterFacts {
        parameter_group: cluster.db_cluster_parameter_group().map(str::to_owned),
        subnet_group: cluster.db_subnet_group().map(str::to_owned),
        security_groups: groups
            .filter_map(|g| g.vpc_security_group_id().map(str::to_owned))
            .collect(),
        serverless,
        iam_auth: cluster.iam_database_authentication_enabled().unwrap_or(false),
        log_exports: cluster.enabled_cloudwatch_logs_exports().to_vec(),
        backup_retention_days: cluster
            .backup_retention_period()
            .and_then(|d| u16::try_from(d).ok()),
        deletion_protection: cluster.deletion_protection().unwrap_or(false),
    }
}
