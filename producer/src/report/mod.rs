//! The evidence of one job: what was restored from when, how long it took, what was checked, who
//! asked, and whether its records are whole. Built from the records alone, whatever the job's state:
//! a failed or unfinished job has a report that says so.
//!
//! The JSON document is the report; the page and the text say the same for people. Names of fields are
//! stable within one version of the format, and lengths say their unit.

mod build;
mod found;
mod html;
mod markdown;
mod page;
mod proof;
mod stages;

pub use proof::{
    AccessPart, AwsRequest, ChainPart, CheckPart, CheckVerdict, EntryPart, EventPart, MaskingPart,
    ScriptPart, SettingDifference, SettingsPart, UserPart,
};

use crate::query::JobDetails;
use aurora_restore_shared::clock::EpochMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of the document.
pub const FORMAT_VERSION: u32 = 1;

/// The evidence of one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceReport {
    /// Version of this format: 1.
    pub format_version: u32,
    /// When the report was made.
    pub generated_at: String,
    /// What made it, with its version.
    pub generated_by: String,
    /// In short.
    pub verdict: Verdict,
    /// The job.
    pub job: JobPart,
    /// What was restored, and from when.
    pub source: SourcePart,
    /// What it was restored to.
    pub target: TargetPart,
    /// How long it took in all.
    pub times: Times,
    /// How long each step took, in the order of the plan.
    pub stages: Vec<Stage>,
    /// Every check that was asked for.
    pub checks: Vec<CheckPart>,
    /// What the verification told besides the checks.
    pub also_verified: BTreeMap<String, String>,
    /// The restored cluster's settings against the source's.
    pub settings: SettingsPart,
    /// Who may use it: names only.
    pub access: AccessPart,
    /// What was masked; none where nothing was to be.
    pub masking: Option<MaskingPart>,
    /// What became of the cluster that had the name before; empty where there was none.
    pub old_cluster: BTreeMap<String, String>,
    /// The AWS requests by which something was changed, or refused.
    pub aws_requests: Vec<AwsRequest>,
    /// Whether the records are whole.
    pub chain: ChainPart,
    /// The audit trail, the oldest first.
    pub events: Vec<EventPart>,
    /// The request as it was accepted. Passwords are in it by the names of their secrets only; what
    /// follows the `?` of a webhook is left out.
    pub request: Value,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Restored, and every check has passed.
    Succeeded,
    /// It has failed.
    Failed,
    /// It has not ended yet: the report is of this moment.
    Unfinished,
}

/// The report in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// How the job ended.
    pub outcome: Outcome,
    /// Whether no tampering shows.
    pub records_intact: bool,
    /// In words.
    pub summary: String,
}

/// The job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobPart {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: String,
    /// Its priority.
    pub priority: String,
    /// Who asked: the name that the request gives.
    pub caller: String,
    /// The AWS identity that submitted it.
    pub submitted_by: String,
    /// When it was accepted.
    pub accepted_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// The idempotency key.
    pub idempotency_key: Option<String>,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// SHA-256 of the request in its canonical form.
    pub request_sha256: String,
    /// Why it failed.
    pub failure: Option<FailurePart>,
    /// Who had it go on after a failure.
    pub set_going_again: Vec<SetGoing>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailurePart {
    /// The step, when it was one.
    pub step: Option<String>,
    /// The code.
    pub code: String,
    /// What happened.
    pub text: String,
    /// The request that AWS refused.
    pub aws_request_id: Option<String>,
    /// The page that says what to do.
    pub runbook: String,
}

/// A failed job that was set going again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetGoing {
    /// When.
    pub at: String,
    /// The AWS identity, or the worker that was brought the job's dead letter.
    pub by: String,
    /// The reason given.
    pub reason: String,
}

/// What was restored, and from when: the recovery point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourcePart {
    /// What was asked for, in words.
    pub asked_for: String,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// ARN of what was restored; none before it was found out.
    pub arn: Option<String>,
    /// Its identifier.
    pub id: Option<String>,
    /// Its engine and version.
    pub engine: Option<String>,
    /// Its size.
    pub size_gib: Option<u32>,
    /// The moment whose data it holds.
    pub data_as_of: Option<String>,
    /// How old the data was when the job was accepted: the recovery point, seconds.
    pub rpo_at_acceptance_seconds: Option<i64>,
    /// How old it was when the job ended, seconds.
    pub rpo_at_end_seconds: Option<i64>,
}

/// What it was restored to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetPart {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The cluster.
    pub cluster: String,
    /// Its immutable id.
    pub resource_id: Option<String>,
    /// What was to be done if the name was taken.
    pub if_exists: String,
    /// How many instances it has by the plan.
    pub instances: Option<usize>,
    /// Why it was done this way.
    pub why: Vec<String>,
}

/// How long it took: the recovery time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// When it was accepted.
    pub accepted_at: String,
    /// When a worker took it first.
    pub taken_at: Option<String>,
    /// When its checks had passed.
    pub verified_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// From accepted to taken, milliseconds.
    pub queued_ms: Option<i64>,
    /// From accepted to verified: the recovery time, milliseconds.
    pub rto_to_verified_ms: Option<i64>,
    /// From accepted to the end, milliseconds.
    pub rto_to_end_ms: Option<i64>,
    /// From accepted until the end, or until this report, milliseconds.
    pub elapsed_ms: i64,
}

/// One step in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// The step.
    pub step: String,
    /// `pending`, `waiting`, `done` or `failed`.
    pub status: String,
    /// How it came to be done: `did`, `found_done`, `took_over`.
    pub how: Option<String>,
    /// Attempts that failed and were made again, or were the last.
    pub failed_attempts: usize,
    /// When it began.
    pub started_at: Option<String>,
    /// When it was done, or had failed.
    pub ended_at: Option<String>,
    /// From accepted to its beginning, milliseconds.
    pub began_after_ms: Option<i64>,
    /// How long it took, or has taken, milliseconds.
    pub took_ms: Option<i64>,
    /// How much of that it waited (for AWS, for its turn, for people), milliseconds.
    pub waited_ms: Option<i64>,
}

impl EvidenceReport {
    /// The report of a job, made at a moment; none while its submission is incomplete.
    #[must_use]
    pub fn of(details: &JobDetails, now_ms: EpochMs) -> Option<Self> {
        Some(build::report(details, details.state.as_ref()?, now_ms))
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::render(&page::of(self))
    }

    /// As one HTML page that needs nothing besides itself.
    #[must_use]
    pub fn html(&self) -> String {
        html::render(&page::of(self), self)
    }
}

/// The JSON Schema of a report.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(EvidenceReport);
    schema.insert("title".into(), "aurora-restore evidence report, version 1".into());
    schema.to_value()
}
