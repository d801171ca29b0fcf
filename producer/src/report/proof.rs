//! The parts of a report that prove something: checks, settings, access, masking, requests, records.

use aurora_restore_shared::chain::Chain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// The answer was as expected.
    Passed,
    /// It was not.
    Failed,
    /// No answer is in the records.
    NotRun,
}

/// A query and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckPart {
    /// Its name.
    pub name: String,
    /// The query.
    pub sql: String,
    /// What was expected.
    pub expected: String,
    /// What was answered.
    pub answer: Option<String>,
    /// What became of it.
    pub verdict: CheckVerdict,
}

/// The restored cluster's settings against the source's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsPart {
    /// Whether a comparison was asked for.
    pub compare_asked_for: bool,
    /// Everything that differs.
    pub differences: Vec<SettingDifference>,
}

/// A setting that is another than the source's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingDifference {
    /// The setting.
    pub name: String,
    /// The source's.
    pub source: String,
    /// The restored cluster's.
    pub restored: String,
}

/// Who may use the restored database: names only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPart {
    /// Where the master password comes from.
    pub master: String,
    /// The users.
    pub users: Vec<UserPart>,
    /// Whether the security groups were to be attached only after masking.
    pub open_after_masking: bool,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserPart {
    /// Its name.
    pub name: String,
    /// The name of the secret with its password.
    pub secret: String,
    /// Its privileges.
    pub grants: Vec<String>,
}

/// What was masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaskingPart {
    /// The scripts, in order.
    pub scripts: Vec<ScriptPart>,
    /// When they had run.
    pub done_at: Option<String>,
    /// What the step told of them.
    pub told: BTreeMap<String, String>,
    /// The proof.
    pub proof: Vec<CheckPart>,
}

/// A masking script: its text is in the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptPart {
    /// Its name.
    pub name: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

/// A request to AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AwsRequest {
    /// The step.
    pub step: String,
    /// When the step told of it.
    pub at: String,
    /// `accepted`, or the code of the refusal.
    pub what: String,
    /// The id, for AWS Support and CloudTrail.
    pub request_id: String,
}

/// Whether the records are whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainPart {
    /// What became of the chain.
    #[serde(flatten)]
    pub chain: Chain,
    /// The hash of the last committed event: kept elsewhere, it fixes everything before it.
    pub head: Option<String>,
    /// What the first event follows: the hash over request, submitter and time.
    pub genesis: String,
    /// In words.
    pub summary: String,
}

/// One event of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventPart {
    /// The epoch of its tick.
    pub epoch: u64,
    /// Whether an operator did it, and no tick.
    pub by_operator: bool,
    /// The worker; for an operator's, the AWS identity.
    pub who: String,
    /// When.
    pub at: String,
    /// Whether it is on the chain. What is not was told by a tick that could not commit.
    pub committed: bool,
    /// Its hash.
    pub hash: String,
    /// What it follows.
    pub prev: Option<String>,
    /// What happened, in order.
    pub entries: Vec<EntryPart>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryPart {
    /// When.
    pub at: String,
    /// The step it is about.
    pub step: Option<String>,
    /// What.
    pub what: String,
    /// How long the step had taken, milliseconds.
    pub took_ms: Option<i64>,
    /// In words.
    pub note: String,
    /// Figures, answers, AWS request ids.
    pub details: BTreeMap<String, String>,
}
