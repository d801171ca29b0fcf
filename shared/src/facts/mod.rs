//! What is known of a source and of the place it goes to: read once, by the first step of a job or
//! by `aurora-restore plan`. Reads only; nothing in this crate changes anything in RDS.

mod cluster;
mod read;
mod site;
mod snapshots;

pub use cluster::facts as cluster_facts;
pub use read::{moments, read};
pub use site::Site;
pub use snapshots::{JOB_TAG, KEEP_TAG};

use crate::ids::AccountId;
use crate::request::{InstanceSpec, Serverless};
use serde::{Deserialize, Serialize};

/// What is restored from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A snapshot that somebody made, or a copy.
    #[default]
    Manual,
    /// A snapshot that RDS makes every day; its identifier begins with `rds:`.
    Automated,
    /// A manual snapshot of another account, shared with the source's account (or public).
    Shared,
    /// A snapshot that AWS Backup keeps.
    AwsBackup,
    /// A moment in the life of a cluster.
    PointInTime,
    /// A cluster as it is now, its storage shared until one of the two writes.
    Clone,
}

impl SourceKind {
    /// The name, as stored and printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automated => "automated",
            Self::Shared => "shared",
            Self::AwsBackup => "aws_backup",
            Self::PointInTime => "point_in_time",
            Self::Clone => "clone",
        }
    }

    /// Whether it is a snapshot.
    #[must_use]
    pub fn is_snapshot(self) -> bool {
        !matches!(self, Self::PointInTime | Self::Clone)
    }
}

/// How a source is encrypted. Source: `StorageEncryptionType` in the Amazon RDS API reference, and
/// `KeyManager` in that of AWS KMS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Not at all.
    #[default]
    None,
    /// Under a key that AWS owns: not a KMS key.
    SseRds,
    /// Under `aws/rds`, the KMS key that AWS manages (by ARN): never shared.
    AwsManagedKey(String),
    /// Under a KMS key (by ARN) of a customer; or of whom, nobody has asked, because nothing depends
    /// on it while account and Region stay the same.
    Key(String),
}

impl Encryption {
    /// Whether it is under a KMS key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        matches!(self, Self::AwsManagedKey(_) | Self::Key(_))
    }

    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// What is known of a source, of the cluster it came from, and of the target's place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// What is restored from.
    #[serde(default)]
    pub kind: SourceKind,
    /// ARN of the snapshot, or of the cluster whose moment or clone is wanted: pins it.
    pub snapshot_arn: String,
    /// Its identifier.
    pub snapshot_id: String,
    /// As of when its data is (RFC 3339).
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
    /// How it is encrypted.
    #[serde(default, skip_serializing_if = "Encryption::is_none")]
    pub encryption: Encryption,
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
    /// The cluster that has the target's name now; looked for where it would be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<Standing>,
    /// Copies of this very snapshot that are in the target's place already and are kept long enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<ExistingCopy>,
    /// What the settings say of the accounts and Regions it is about.
    #[serde(default, skip_serializing_if = "Site::is_empty")]
    pub site: Site,
}

impl SourceFacts {
    /// The account that owns the source, by its ARN.
    #[must_use]
    pub fn owner(&self) -> Option<AccountId> {
        self.snapshot_arn.split(':').nth(4)?.parse().ok()
    }
}

/// A cluster that stands where the restored one shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its immutable id.
    pub resource_id: String,
    /// Its engine.
    pub engine: String,
}

/// A snapshot copy that this project has made for an earlier job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExistingCopy {
    /// Its ARN.
    pub arn: String,
    /// Its key, by ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Settings that a running cluster tells of itself, and that a snapshot does not hold.
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
