//! What exists, written as the XML elements of RDS.

use super::engines;
use super::groups::VPC;
use super::model::{
    Cluster, Encryption, Estate, Instance, MasterSecret, ParameterGroup, PendingInstance,
    PendingValues, Place, Serverless, Snapshot, Status, SubnetGroup, Tags,
};
use super::names::{self, Kind, host_domains};
use super::operation::status_at;
use super::point_in_time::restorable_window;
use crate::xml::Xml;
use std::collections::BTreeSet;

const HOSTED_ZONE: &str = "Z2R2ITUGPM61AM";

/// A moment as RDS writes it.
fn time(ms: i64) -> Option<String> {
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_string())
}

/// A list of texts.
fn texts(parent: Xml, list: &str, member: &str, values: &[String]) -> Xml {
    parent.with(values.iter().fold(Xml::new(list), |list, v| list.text(member, v)))
}

/// The `TagList` of something.
pub(super) fn tags(parent: Xml, tags: &Tags) -> Xml {
    let members = tags.iter().map(|(k, v)| Xml::new("Tag").text("Key", k).text("Value", v));
    parent.list("TagList", members)
}

fn encryption(parent: Xml, encryption: &Encryption) -> Xml {
    let (name, key) = match encryption {
        Encryption::None => ("none", None),
        Encryption::SseRds => ("sse-rds", None),
        Encryption::SseKms(key) => ("sse-kms", Some(key)),
    };
    parent
        .text("StorageEncrypted", key.is_some())
        .text("StorageEncryptionType", name)
        .maybe("KmsKeyId", key)
}

fn security_groups(parent: Xml, groups: &[String]) -> Xml {
    let members = groups.iter().map(|g| {
        Xml::new("VpcSecurityGroupMembership")
            .text("VpcSecurityGroupId", g)
            .text("Status", "active")
    });
    parent.list("VpcSecurityGroups", members)
}

/// A cluster.
pub(super) fn cluster(place: &Place, estate: &Estate, c: &Cluster, now_ms: i64) -> Xml {
    let engine = engines::of(c.engine);
    let (earliest_ms, latest_ms) = restorable_window(c, now_ms);
    let xml = Xml::new("DBCluster")
        .text("DBClusterIdentifier", &c.identifier)
        .text("DBClusterArn", c.arn(place))
        .text("DbClusterResourceId", &c.resource_id)
        .text("Status", status_at(c.status, c.operation.as_ref(), now_ms))
        .maybe("ClusterCreateTime", time(c.created_ms))
        .text("Engine", engine.name)
        .text("EngineVersion", &c.engine_version)
        .text("EngineMode", "provisioned")
        .maybe("DatabaseName", c.database_name.as_ref())
        .text("MasterUsername", &c.master_username)
        .text("AllocatedStorage", c.allocated_gib)
        .text("StorageType", &c.storage_type)
        .text("DBClusterParameterGroup", &c.parameter_group)
        .text("DBSubnetGroup", &c.subnet_group)
        .text("BackupRetentionPeriod", c.backup_retention_days)
        .text("PreferredBackupWindow", &c.backup_window)
        .text("PreferredMaintenanceWindow", &c.maintenance_window)
        .text("DeletionProtection", c.deletion_protection)
        .text("IAMDatabaseAuthenticationEnabled", c.iam_auth)
        .text("CopyTagsToSnapshot", c.copy_tags_to_snapshot)
        .text("HttpEndpointEnabled", false)
        .text("CrossAccountClone", false)
        .text("ActivityStreamStatus", "stopped")
        .text("NetworkType", "IPV4")
        .text("MultiAZ", in_several_zones(estate, c))
        .text("HostedZoneId", HOSTED_ZONE)
        .maybe("CloneGroupId", c.descent.clone_group.as_ref())
        .maybe("BacktrackWindow", engine.backtracks.then_some(c.backtrack_window_s))
        .maybe("EarliestRestorableTime", time(earliest_ms))
        .maybe("LatestRestorableTime", time(latest_ms));
    let xml = master_secret(xml, c.master_secret.as_ref());
    let xml = cluster_lists(encryption(xml, &c.encryption), estate, c);
    cluster_endpoints(pending(xml, &c.pending), place, c)
}

fn master_secret(xml: Xml, secret: Option<&MasterSecret>) -> Xml {
    let Some(secret) = secret else { return xml };
    let member = Xml::new("MasterUserSecret")
        .text("SecretArn", &secret.arn)
        .text("SecretStatus", secret.status.as_str())
        .text("KmsKeyId", &secret.kms_key_id);
    xml.with(member)
}

fn cluster_lists(xml: Xml, estate: &Estate, c: &Cluster) -> Xml {
    let members = estate.members(&c.identifier).map(|i| {
        Xml::new("DBClusterMember")
            .text("DBInstanceIdentifier", &i.identifier)
            .text("IsClusterWriter", c.writer.as_ref() == Some(&i.identifier))
            .text("DBClusterParameterGroupStatus", "in-sync")
            .text("PromotionTier", i.promotion_tier)
    });
    let xml = security_groups(xml, &c.security_groups).list("DBClusterMembers", members);
    let xml = texts(xml, "AvailabilityZones", "AvailabilityZone", &c.availability_zones);
    let xml = texts(xml, "EnabledCloudwatchLogsExports", "member", &c.log_exports);
    tags(serverless(xml, c.serverless), &c.tags)
}

fn serverless(xml: Xml, range: Option<Serverless>) -> Xml {
    let Some(range) = range else { return xml };
    let info = Xml::new("ServerlessV2ScalingConfiguration")
        .text("MinCapacity", range.min)
        .text("MaxCapacity", range.max)
        .maybe("SecondsUntilAutoPause", range.pause_after_s);
    xml.with(info)
}

fn pending(xml: Xml, pending: &PendingValues) -> Xml {
    if *pending == PendingValues::default() {
        return xml;
    }
    let values = Xml::new("PendingModifiedValues")
        .maybe("DBClusterIdentifier", pending.identifier.as_ref())
        .maybe("EngineVersion", pending.engine_version.as_ref());
    xml.with(values)
}

fn pending_instance(xml: Xml, pending: &PendingInstance) -> Xml {
    if *pending == PendingInstance::default() {
        return xml;
    }
    let values = Xml::new("PendingModifiedValues")
        .maybe("DBInstanceIdentifier", pending.identifier.as_ref())
        .maybe("DBInstanceClass", pending.class.as_ref());
    xml.with(values)
}

/// Where a cluster is reached. Not told before the data plane knows, that is, while it is created.
fn cluster_endpoints(xml: Xml, place: &Place, c: &Cluster) -> Xml {
    let port = c.endpoint.as_ref().map_or(c.port, |e| e.port);
    let xml = xml.text("Port", port);
    if c.status == Status::Creating {
        return xml;
    }
    let (writer, reader) = match &c.endpoint {
        Some(endpoint) => (endpoint.address.clone(), endpoint.address.clone()),
        None => {
            let [writer, reader, _] = host_domains(place);
            (format!("{}.{writer}", c.identifier), format!("{}.{reader}", c.identifier))
        }
    };
    xml.text("Endpoint", writer).text("ReaderEndpoint", reader)
}

fn in_several_zones(estate: &Estate, c: &Cluster) -> bool {
    let zones: BTreeSet<_> = estate.members(&c.identifier).map(|i| &i.zone).collect();
    zones.len() > 1
}

/// An instance.
pub(super) fn instance(place: &Place, estate: &Estate, i: &Instance, now_ms: i64) -> Xml {
    let engine = engines::of(i.engine);
    let xml = Xml::new("DBInstance")
        .text("DBInstanceIdentifier", &i.identifier)
        .text("DBInstanceArn", names::arn(place, Kind::Instance, &i.identifier))
        .text("DbiResourceId", &i.resource_id)
        .text("DBClusterIdentifier", &i.cluster)
        .text("DBInstanceClass", &i.class)
        .text("DBInstanceStatus", status_at(i.status, i.operation.as_ref(), now_ms))
        .maybe("InstanceCreateTime", time(i.created_ms))
        .text("Engine", engine.name)
        .text("AvailabilityZone", &i.zone)
        .text("PromotionTier", i.promotion_tier)
        .text("PubliclyAccessible", i.publicly_accessible)
        .text("MultiAZ", false)
        .text("AutoMinorVersionUpgrade", true)
        .text("MonitoringInterval", 0)
        .text("LicenseModel", engine.license);
    let xml = tags(pending_instance(xml, &i.pending), &i.tags);
    match estate.clusters.get(&i.cluster) {
        Some(cluster) => of_cluster(xml, place, cluster, i),
        None => xml,
    }
}

/// What an instance has from its cluster.
fn of_cluster(xml: Xml, place: &Place, c: &Cluster, i: &Instance) -> Xml {
    let group = Xml::new("DBSubnetGroup")
        .text("DBSubnetGroupName", &c.subnet_group)
        .text("VpcId", VPC)
        .text("SubnetGroupStatus", "Complete");
    let xml = security_groups(encryption(xml, &c.encryption), &c.security_groups)
        .with(group)
        .text("EngineVersion", &c.engine_version)
        .text("MasterUsername", &c.master_username)
        .maybe("DBName", c.database_name.as_ref())
        .text("AllocatedStorage", c.allocated_gib)
        .text("StorageType", &c.storage_type)
        .text("BackupRetentionPeriod", c.backup_retention_days)
        .text("IAMDatabaseAuthenticationEnabled", c.iam_auth)
        .text("DeletionProtection", false);
    if matches!(i.status, Status::Creating | Status::ConfiguringEnhancedMonitoring) {
        return xml;
    }
    let (address, port) = match &c.endpoint {
        Some(endpoint) => (endpoint.address.clone(), endpoint.port),
        None => {
            let [_, _, domain] = host_domains(place);
            (format!("{}.{domain}", i.identifier), c.port)
        }
    };
    let endpoint = Xml::new("Endpoint")
        .text("Address", address)
        .text("Port", port)
        .text("HostedZoneId", HOSTED_ZONE);
    xml.with(endpoint)
}

/// A cluster snapshot, as its owner sees it.
pub(super) fn snapshot(place: &Place, s: &Snapshot, now_ms: i64) -> Xml {
    tags(snapshot_as(place, s, &s.identifier, &s.snapshot_type, now_ms), &s.tags)
}

/// A cluster snapshot of another account: named by its ARN, and without its tags.
pub(super) fn foreign_snapshot(owner: &Place, s: &Snapshot, kind: &str, now_ms: i64) -> Xml {
    snapshot_as(owner, s, &s.arn(owner), kind, now_ms)
}

fn snapshot_as(place: &Place, s: &Snapshot, identifier: &str, kind: &str, now_ms: i64) -> Xml {
    let engine = engines::of(s.engine);
    let xml = Xml::new("DBClusterSnapshot")
        .text("DBClusterSnapshotIdentifier", identifier)
        .text("DBClusterSnapshotArn", s.arn(place))
        .text("DBClusterIdentifier", &s.cluster)
        .text("DbClusterResourceId", &s.cluster_resource_id)
        .maybe("SourceDBClusterSnapshotArn", s.source_arn.as_ref())
        .text("SnapshotType", kind)
        .text("Status", status_at(s.status, s.operation.as_ref(), now_ms))
        .text("PercentProgress", s.percent(now_ms))
        .maybe("SnapshotCreateTime", time(s.created_ms))
        .maybe("ClusterCreateTime", time(s.cluster_created_ms))
        .text("Engine", engine.name)
        .text("EngineMode", "provisioned")
        .text("EngineVersion", &s.engine_version)
        .text("LicenseModel", engine.license)
        .text("MasterUsername", &s.master_username)
        .text("AllocatedStorage", s.allocated_gib)
        .text("StorageType", &s.storage_type)
        .text("Port", s.port)
        .text("VpcId", VPC)
        .text("BackupRetentionPeriod", s.backup_retention_days)
        .text("PreferredBackupWindow", &s.backup_window)
        .text("IAMDatabaseAuthenticationEnabled", s.iam_auth);
    let xml = texts(xml, "AvailabilityZones", "AvailabilityZone", &s.availability_zones);
    encryption(xml, &s.encryption)
}

/// A subnet group.
pub(super) fn subnet_group(place: &Place, group: &SubnetGroup) -> Xml {
    let subnet = |(id, zone): (&String, &str)| {
        let zone =
            Xml::new("SubnetAvailabilityZone").text("Name", format!("{}{zone}", place.region));
        Xml::new("Subnet").text("SubnetIdentifier", id).with(zone).text("SubnetStatus", "Active")
    };
    let zones = ["a", "b", "c"].into_iter().cycle();
    Xml::new("DBSubnetGroup")
        .text("DBSubnetGroupName", &group.name)
        .text("DBSubnetGroupDescription", &group.description)
        .text("DBSubnetGroupArn", names::arn(place, Kind::SubnetGroup, &group.name))
        .text("VpcId", VPC)
        .text("SubnetGroupStatus", "Complete")
        .list("Subnets", group.subnets.iter().zip(zones).map(subnet))
}

/// A cluster parameter group.
pub(super) fn parameter_group(place: &Place, group: &ParameterGroup) -> Xml {
    Xml::new("DBClusterParameterGroup")
        .text("DBClusterParameterGroupName", &group.name)
        .text("DBParameterGroupFamily", &group.family)
        .text("Description", &group.description)
        .text("DBClusterParameterGroupArn", names::arn(place, Kind::ParameterGroup, &group.name))
}

/// An engine version, with the versions it can be upgraded to.
pub(super) fn engine_version(version: &str, upgrades: impl Iterator<Item = &'static str>) -> Xml {
    let (engine, major) = (engines::of_version(version), engines::major(version));
    let targets = upgrades.map(|to| {
        Xml::new("UpgradeTarget")
            .text("Engine", engine.name)
            .text("EngineVersion", to)
            .text("AutoUpgrade", false)
            .text("IsMajorVersionUpgrade", engines::major(to) != major)
    });
    let release = version.rsplit_once("mysql_aurora.").map_or(version, |(_, release)| release);
    let log_types = engine.log_types.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    let xml = Xml::new("DBEngineVersion")
        .text("Engine", engine.name)
        .text("MajorEngineVersion", &major)
        .text("EngineVersion", version)
        .text("DBParameterGroupFamily", engines::family(version))
        .text("DBEngineDescription", engine.title)
        .text("DBEngineVersionDescription", format!("{} {release}", engine.title))
        .text("Status", "available");
    texts(xml, "ExportableLogTypes", "member", &log_types).list("ValidUpgradeTarget", targets)
}
