//! The state as those see it who make no calls: simulated databases, auditors, admin pages.

use super::Rds;
use super::engines;
use super::groups::VPC;
use super::model::{Cluster, Encryption, Estate, Instance, Place, Snapshot, Status, Tags};
use super::names::{host_domains, resource_id};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a simulated database server must know about the cluster behind an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// Account number.
    pub account: String,
    /// Region.
    pub region: String,
    /// Cluster name.
    pub identifier: String,
    /// Immutable id.
    pub resource_id: String,
    /// Engine, e.g. `aurora-mysql`.
    pub engine: &'static str,
    /// Engine version.
    pub engine_version: String,
    /// First database.
    pub database_name: Option<String>,
    /// Master user.
    pub master_username: String,
    /// Master password in force.
    pub master_password: String,
    /// Whether there is an instance that answers.
    pub reachable: bool,
    /// Resource ids the data came through (cluster, snapshot, cluster, ...), oldest first, the
    /// cluster's own last.
    pub lineage: Vec<String>,
    /// The moment its data was restored to, milliseconds since the Unix epoch; `None` when the
    /// data is all that the one before it in the lineage had.
    pub as_of_ms: Option<i64>,
}

/// A snapshot put there without a call, e.g. thousands for a load test. The name of an automated
/// one begins with `rds:`, that of one made by AWS Backup with `awsbackup:`.
#[derive(Debug, Clone)]
pub struct SnapshotSeed {
    /// Name.
    pub identifier: String,
    /// The cluster it is said to be of.
    pub cluster: String,
    /// `manual`, `automated` or `awsbackup`.
    pub snapshot_type: String,
    /// Engine version.
    pub engine_version: String,
    /// Size of the data, GiB.
    pub allocated_gib: u32,
    /// Master user.
    pub master_username: String,
    /// Master password at that time.
    pub master_password: String,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Tags.
    pub tags: Tags,
    /// Encryption at rest. A key must be there for the snapshot to be of use.
    pub encryption: Encryption,
    /// Accounts it is shared with; `all` makes it public.
    pub shared_with: BTreeSet<String>,
}

impl Default for SnapshotSeed {
    fn default() -> Self {
        Self {
            identifier: "snapshot".into(),
            cluster: "cluster".into(),
            snapshot_type: "manual".into(),
            engine_version: "16.6".into(),
            allocated_gib: 100,
            master_username: "postgres".into(),
            master_password: "correct-horse".into(),
            created_ms: 0,
            tags: Tags::new(),
            encryption: Encryption::SseRds,
            shared_with: BTreeSet::new(),
        }
    }
}

impl Rds {
    /// The cluster a client reaches at a host name and port: by its writer or reader endpoint, or
    /// by that of one of its instances.
    #[must_use]
    pub fn cluster_at(&self, address: &str, port: u16) -> Option<ClusterView> {
        let served = |c: &&Cluster| {
            c.endpoint.as_ref().is_some_and(|e| e.address == address && e.port == port)
        };
        let by_name = self.estates.iter().find_map(|(place, estate)| {
            let cluster = named(place, estate, address)?;
            Some((place, estate, cluster)).filter(|_| cluster.port == port)
        });
        let by_data_plane = || {
            self.estates
                .iter()
                .find_map(|(p, e)| e.clusters.values().find(served).map(|c| (p, e, c)))
        };
        let (place, estate, cluster) = by_name.or_else(by_data_plane)?;
        Some(view(place, estate, cluster))
    }

    /// Every cluster with its place.
    pub fn clusters(&self) -> impl Iterator<Item = (&Place, &Cluster)> {
        self.estates.iter().flat_map(|(place, e)| e.clusters.values().map(move |c| (place, c)))
    }

    /// Every instance with its place.
    pub fn instances(&self) -> impl Iterator<Item = (&Place, &Instance)> {
        self.estates.iter().flat_map(|(place, e)| e.instances.values().map(move |i| (place, i)))
    }

    /// Every snapshot with its place.
    pub fn snapshots(&self) -> impl Iterator<Item = (&Place, &Snapshot)> {
        self.estates.iter().flat_map(|(place, e)| e.snapshots.values().map(move |s| (place, s)))
    }

    /// Everything there is, with status, for a page.
    #[must_use]
    pub fn summary(&self) -> Value {
        let clusters: Vec<_> = self.clusters().map(|(p, c)| cluster_json(p, c)).collect();
        let instances: Vec<_> = self
            .instances()
            .map(|(p, i)| {
                json!({ "account": p.account, "region": p.region, "identifier": i.identifier,
                    "cluster": i.cluster, "status": i.status.as_str(), "class": i.class })
            })
            .collect();
        let snapshots: Vec<_> = self
            .snapshots()
            .map(|(p, s)| {
                json!({ "account": p.account, "region": p.region, "identifier": s.identifier,
                    "cluster": s.cluster, "status": s.status.as_str(), "type": s.snapshot_type,
                    "gib": s.allocated_gib })
            })
            .collect();
        json!({ "clusters": clusters, "instances": instances, "snapshots": snapshots })
    }

    /// Sets the size of a cluster's data, as if rows had been written. Says whether there is such
    /// a cluster.
    pub fn set_allocated_gib(&mut self, place: &Place, cluster: &str, gib: u32) -> bool {
        let found = self.estate(place).clusters.get_mut(cluster);
        found.map(|c| c.allocated_gib = gib).is_some()
    }

    /// Puts an available snapshot there without a call and without data on the data plane.
    /// Returns its resource id.
    pub fn seed_snapshot(
        &mut self,
        place: &Place,
        seed: SnapshotSeed,
        rng: &mut fastrand::Rng,
    ) -> String {
        let cluster_resource_id = resource_id("cluster", rng);
        let own_id = resource_id("snapshot", rng);
        let engine = engines::of_version(&seed.engine_version);
        let snapshot = Snapshot {
            identifier: seed.identifier.clone(),
            resource_id: own_id.clone(),
            status: Status::Available,
            operation: None,
            created_ms: seed.created_ms,
            snapshot_type: seed.snapshot_type,
            cluster: seed.cluster,
            cluster_created_ms: seed.created_ms,
            source_arn: None,
            engine: engine.engine,
            engine_version: seed.engine_version,
            database_name: None,
            master_username: seed.master_username,
            master_password: seed.master_password,
            port: engine.port,
            availability_zones: super::asked::zones(&place.region),
            encryption: seed.encryption,
            storage_type: "aurora".into(),
            allocated_gib: seed.allocated_gib,
            backup_retention_days: 1,
            backup_window: "07:00-07:30".into(),
            iam_auth: false,
            tags: seed.tags,
            lineage: vec![cluster_resource_id.clone(), own_id.clone()],
            cluster_resource_id,
            shared_with: seed.shared_with,
        };
        self.estate(place).snapshots.insert(seed.identifier, snapshot);
        own_id
    }
}

/// The cluster with a made-up host name, in one place.
fn named<'a>(place: &Place, estate: &'a Estate, address: &str) -> Option<&'a Cluster> {
    let (label, domain) = address.split_once('.')?;
    let [writer, reader, instance] = host_domains(place);
    let name = if domain == writer || domain == reader {
        label
    } else if domain == instance {
        &estate.instances.get(label)?.cluster
    } else {
        return None;
    };
    estate.clusters.get(name).filter(|c| c.endpoint.is_none())
}

fn view(place: &Place, estate: &Estate, c: &Cluster) -> ClusterView {
    let up = estate.members(&c.identifier).any(|i| i.status == Status::Available);
    ClusterView {
        account: place.account.clone(),
        region: place.region.clone(),
        identifier: c.identifier.clone(),
        resource_id: c.resource_id.clone(),
        engine: engines::of(c.engine).name,
        engine_version: c.engine_version.clone(),
        database_name: c.database_name.clone(),
        master_username: c.master_username.clone(),
        master_password: c.master_password.clone(),
        reachable: up,
        lineage: c.lineage.clone(),
        as_of_ms: c.descent.as_of_ms,
    }
}

fn cluster_json(place: &Place, c: &Cluster) -> Value {
    json!({
        "account": place.account,
        "region": place.region,
        "identifier": c.identifier,
        "resource_id": c.resource_id,
        "status": c.status.as_str(),
        "engine": engines::of(c.engine).name,
        "engine_version": c.engine_version,
        "vpc": VPC,
        "gib": c.allocated_gib,
        "endpoint": c.endpoint.as_ref().map(|e| format!("{}:{}", e.address, e.port)),
        "lineage": c.lineage,
    })
}
