//! What a seed file says. The JSON Schema of seed files is made of these types, and files are held
//! against it: what a field is for is told here, once.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a local cloud has from its first moment on.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedFile {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Access keys of users. (An access key id of twelve digits is its own account anyway.)
    #[serde(default)]
    pub access_keys: Vec<AccessKeySeed>,
    /// Roles that can be assumed.
    #[serde(default)]
    pub roles: Vec<RoleSeed>,
    /// Customer keys of KMS.
    #[serde(default)]
    pub keys: Vec<KeySeed>,
    /// Quotas of RDS. What a seed file makes counts, but is never refused.
    #[serde(default)]
    pub quotas: Vec<QuotaSeed>,
    /// Limits on how often actions of RDS may be called.
    #[serde(default)]
    pub rate_limits: Vec<RateLimitSeed>,
    /// Secrets.
    #[serde(default)]
    pub secrets: Vec<SecretSeed>,
    /// DB subnet groups.
    #[serde(default)]
    pub subnet_groups: Vec<SubnetGroupSeed>,
    /// DB cluster parameter groups.
    #[serde(default)]
    pub parameter_groups: Vec<ParameterGroupSeed>,
    /// Clusters, with their instances and data.
    #[serde(default)]
    pub clusters: Vec<ClusterSeed>,
    /// Snapshots.
    #[serde(default)]
    pub snapshots: Vec<SnapshotSeed>,
}

/// An access key of a user.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessKeySeed {
    /// The access key id. The secret may be anything: signatures are not verified.
    pub id: String,
    /// The account the user belongs to.
    pub account: String,
    /// The user's name; `user` when left out.
    pub user: Option<String>,
}

/// A role.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleSeed {
    /// Its ARN, e.g. `arn:aws:iam::222222222222:role/restore`: it belongs to the account in it.
    pub arn: String,
    /// Who may assume it.
    pub trust: Vec<TrustSeed>,
    /// The longest session, seconds: 3600 (when left out) to 43200.
    pub max_session_s: Option<i64>,
    /// What its sessions may do: patterns like `rds:*`; everything when left out.
    pub allows: Option<Vec<String>>,
}

/// One statement of a trust policy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustSeed {
    /// `*`, an account, or the ARN of an account's root, a role or a user.
    pub principal: String,
    /// The external id they must name.
    pub external_id: Option<String>,
}

/// A customer key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySeed {
    /// The account it belongs to.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Its key id; made up when left out.
    pub id: Option<String>,
    /// A name for it, `alias/...`.
    pub alias: Option<String>,
    /// Other accounts that its policy lets use it.
    #[serde(default)]
    pub users: Vec<String>,
    /// Whether it can be used; `true` when left out.
    pub enabled: Option<bool>,
}

/// Quotas of an account in a Region; without both, of every place that has none of its own. What is
/// left out is as AWS has it for a new account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaSeed {
    /// The account.
    pub account: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// DB clusters.
    pub clusters: Option<usize>,
    /// DB instances.
    pub instances: Option<usize>,
    /// Manual DB cluster snapshots.
    pub manual_snapshots: Option<usize>,
    /// Copies of DB cluster snapshots in progress.
    pub copies_in_progress: Option<usize>,
    /// Storage of all clusters together, GiB.
    pub storage_gib: Option<u64>,
    /// DB subnet groups.
    pub subnet_groups: Option<usize>,
    /// DB cluster parameter groups.
    pub parameter_groups: Option<usize>,
}

/// How often an action of RDS may be called by an account in a Region.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSeed {
    /// The action, e.g. `DescribeDBClusters`; every action without a limit of its own when left
    /// out.
    pub action: Option<String>,
    /// So many calls a second.
    #[schemars(range(min = 0))]
    pub per_second: f64,
    /// So many at once.
    #[schemars(range(min = 1))]
    pub burst: f64,
}

/// A secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretSeed {
    /// The account it belongs to.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Its string.
    pub value: String,
}

/// A DB subnet group.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubnetGroupSeed {
    /// The account it belongs to.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Its subnets, at least two; made up when left out.
    pub subnets: Option<Vec<String>>,
}

/// A DB cluster parameter group.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterGroupSeed {
    /// The account it belongs to.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Its name.
    pub name: String,
    /// The engine and major version it is for, e.g. `aurora-postgresql16`.
    pub family: String,
}

/// Encryption at rest.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptionSeed {
    /// None, as clusters from before 2026 may be.
    None,
    /// A key of the service: what a cluster gets that asks for nothing.
    SseRds,
    /// The KMS key that AWS manages for RDS.
    AwsManaged,
    /// A customer key: its id, its alias, or the ARN of either.
    Key(String),
}

/// A DB cluster.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSeed {
    /// The account it belongs to.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Its name.
    pub name: String,
    /// `aurora-postgresql` or `aurora-mysql`.
    pub engine: String,
    /// Engine version, or a major version; the Region's default when left out.
    pub version: Option<String>,
    /// How much data it is said to have; 1 when left out.
    #[schemars(range(min = 1, max = 131_072))]
    pub size_gib: Option<u32>,
    /// Encryption at rest; `sse-rds` when left out.
    pub encryption: Option<EncryptionSeed>,
    /// Master user; `postgres` or `admin` when left out.
    pub master_username: Option<String>,
    /// Master password; `correct-horse` when left out.
    pub master_password: Option<String>,
    /// First database.
    pub database: Option<String>,
    /// The port it is said to have.
    pub port: Option<u32>,
    /// Cluster parameter group, of this file or there already.
    pub parameter_group: Option<String>,
    /// Subnet group, of this file or there already.
    pub subnet_group: Option<String>,
    /// Security groups, `sg-...`.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// Whether it is protected from deletion.
    #[serde(default)]
    pub deletion_protection: bool,
    /// `aurora` (when left out) or `aurora-iopt1`.
    pub storage_type: Option<String>,
    /// Days automated backups are kept; 1 when left out.
    pub backup_retention_days: Option<u32>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Capacity range of Serverless v2.
    pub serverless: Option<ServerlessSeed>,
    /// Instances, the writer first.
    #[serde(default)]
    pub instances: Vec<InstanceSeed>,
    /// SQL that fills it, in order, run as its master user. Only real databases hold data.
    #[serde(default)]
    pub data: Vec<DataSeed>,
}

/// Capacity range of Serverless v2.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerlessSeed {
    /// Least capacity units, in halves.
    pub min_capacity: f64,
    /// Most capacity units, in halves.
    pub max_capacity: f64,
    /// Idle seconds before a pause.
    pub pause_after_s: Option<u32>,
}

/// A DB instance.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceSeed {
    /// Its name; that of the cluster and its number when left out.
    pub name: Option<String>,
    /// Instance class, e.g. `db.r6g.large`.
    pub class: String,
    /// Place in the queue of those that may become the writer; 1 when left out.
    #[schemars(range(min = 0, max = 15))]
    pub promotion_tier: Option<u32>,
}

/// SQL that fills a database: the statements themselves, or a file of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSeed {
    /// The statements.
    pub sql: Option<String>,
    /// A file of statements: a path relative to the seed file.
    pub file: Option<String>,
    /// The database; the cluster's first one when left out.
    pub database: Option<String>,
}

/// The kind of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// Made by a user.
    #[default]
    Manual,
    /// A daily backup: its name begins with `rds:`.
    Automated,
    /// Made by AWS Backup: its name begins with `awsbackup:`.
    Awsbackup,
    /// A manual one that is shared with everybody.
    Public,
}

/// A DB cluster snapshot: of a cluster of this file, or on its own (then its data is empty).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSeed {
    /// The account it belongs to.
    pub account: String,
    /// The Region it is in.
    pub region: String,
    /// Its name. An automated one gets the name AWS would give it when this is left out.
    pub name: Option<String>,
    /// The cluster of this file, in the same place, that it is of.
    pub of: Option<String>,
    /// Its kind; `manual` when left out.
    #[serde(default)]
    pub kind: SnapshotKind,
    /// When it was created: a moment (`2026-11-22T02:00:00Z`), or how long ago (`PT2H`, `2h ago`).
    pub created: Option<String>,
    /// Accounts it is shared with.
    #[serde(default)]
    pub shared_with: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// On its own: the name of the cluster it is said to be of; `cluster` when left out.
    pub cluster: Option<String>,
    /// On its own: the engine.
    pub engine: Option<String>,
    /// On its own: the engine version; the Region's default when left out.
    pub version: Option<String>,
    /// On its own: how much data it is said to have; 1 when left out.
    #[schemars(range(min = 1, max = 131_072))]
    pub size_gib: Option<u32>,
    /// On its own: encryption at rest; `sse-rds` when left out.
    pub encryption: Option<EncryptionSeed>,
    /// On its own: master user.
    pub master_username: Option<String>,
    /// On its own: master password.
    pub master_password: Option<String>,
}
