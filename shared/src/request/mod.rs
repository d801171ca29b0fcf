//! The public request: what a caller submits. One type for Rust, files and HTTP, with a published
//! JSON Schema. Immutable once it is accepted.
//!
//! [`Request::parse`] reads the shape of the whole design and names every fault at once;
//! [`Request::unsupported`] names what this release does not do yet, so that nothing a caller asks
//! for is silently left out.

mod access;
mod grant;
mod read;
mod schedule;
mod source;
mod supported;
mod target;
mod windows;

pub use access::{Access, Check, Expect, Mask, Master, Script, User, Verify};
pub use grant::{Grant, InvalidGrant, On, Privilege};
pub use schedule::{Keep, LEAST_KEPT, REPLACED_KEPT, Schedule, Span, Window};
pub use source::{ClusterRef, PointInTime, SnapshotPick, SnapshotSource, Source};
pub use target::{IfExists, InstanceSpec, Serverless, Target};
pub use windows::Start;

use crate::fault::{Faults, read_all};
use crate::ids::JobId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The version of the request format that this release speaks.
pub const REQUEST_VERSION: u32 = 1;

/// The caller of whoever does not say who asks.
pub const ANONYMOUS: &str = "anonymous";

/// How urgent a job is. Each priority has a queue of its own in every Region.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// An outage waits for it.
    Critical,
    /// Somebody waits for it.
    High,
    /// The usual.
    #[default]
    Normal,
    /// Whenever there is room.
    Low,
}

impl Priority {
    /// All priorities, the most urgent first, with their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("critical", Self::Critical),
        ("high", Self::High),
        ("normal", Self::Normal),
        ("low", Self::Low),
    ];

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The priority of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(n, _)| *n == name).map(|(_, p)| p)
    }
}

/// A request to restore one Aurora cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Version of this format: 1.
    pub version: u32,
    /// The same key from the same caller always means the same job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Who asks: a team, a service, a pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Free labels, for grouping.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// What to restore from.
    pub source: Source,
    /// What to restore to.
    pub target: Target,
    /// When it may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Who may use the restored database.
    #[serde(default, skip_serializing_if = "Access::is_empty")]
    pub access: Access,
    /// What must be masked before anybody may look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
    /// What proves that the restore is good.
    #[serde(default, skip_serializing_if = "Verify::is_empty")]
    pub verify: Verify,
    /// How long things are kept.
    #[serde(default, skip_serializing_if = "Keep::is_empty")]
    pub keep: Keep,
    /// Who is told of the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Notify>,
}

/// One receiver of the news that a job has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// An SNS topic, by ARN.
    Sns(String),
    /// An EventBridge bus, by ARN.
    EventBridge(String),
    /// An HTTPS address that gets a signed message.
    Webhook(String),
}

impl Request {
    /// Reads a request as a person wrote it.
    ///
    /// # Errors
    /// [`Faults`]: every fault it has, unknown fields included.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let value = serde_json::from_str(text).map_err(|e| not_json(&e))?;
        Self::from_json(&value)
    }

    /// Reads a request from a JSON value.
    ///
    /// # Errors
    /// [`Faults`]: every fault it has, unknown fields included.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, Faults> {
        read_all(value, read::request)
    }

    /// What of this request this release does not do yet; empty when it does all of it.
    #[must_use]
    pub fn unsupported(&self) -> Vec<crate::fault::Fault> {
        supported::unsupported(self)
    }

    /// Where the master password comes from: as the request says; else RDS makes one, where somebody
    /// must know it. None: that of the source stays.
    #[must_use]
    pub fn master(&self) -> Option<&Master> {
        static MANAGED: Master = Master::Managed;
        let is_needed =
            !self.access.users.is_empty() || self.mask.is_some() || !self.verify.checks.is_empty();
        self.access.master.as_ref().or(is_needed.then_some(&MANAGED))
    }

    /// Whether source and target are in different accounts.
    #[must_use]
    pub fn changes_account(&self) -> bool {
        self.source.account() != &self.target.account
    }

    /// Whether source and target are in different Regions.
    #[must_use]
    pub fn changes_region(&self) -> bool {
        self.source.region() != &self.target.region
    }

    /// Whether source and target differ in account or Region.
    #[must_use]
    pub fn changes_place(&self) -> bool {
        self.changes_account() || self.changes_region()
    }

    /// The caller, or `anonymous`.
    #[must_use]
    pub fn caller_name(&self) -> &str {
        self.caller.as_deref().unwrap_or(ANONYMOUS)
    }

    /// The id that the idempotency key gives the job, when there is a key.
    #[must_use]
    pub fn keyed_id(&self) -> Option<JobId> {
        let key = self.idempotency_key.as_deref()?;
        Some(JobId::keyed(self.caller_name(), key))
    }

    /// The request in its canonical form: members in a fixed order, defaults left out.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// SHA-256 of the canonical form, in hexadecimal: tells two requests under one key apart.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(&self.canonical())
    }
}

/// SHA-256 of a canonical form, in hexadecimal.
pub(crate) fn sha256(canonical: &str) -> String {
    Sha256::digest(canonical.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fault of a text that is no JSON.
pub(crate) fn not_json(e: &serde_json::Error) -> Faults {
    Faults(vec![crate::fault::Fault {
        path: format!("line {} column {}", e.line(), e.column()),
        problem: format!("is not JSON: {e}"),
        fix: "give one JSON object; `aurora-restore schema` prints its shape".into(),
    }])
}

/// The JSON Schema of a request.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Request);
    schema.insert("title".into(), "aurora-restore request, version 1".into());
    schema.to_value()
}
