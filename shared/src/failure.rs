//! Failures, sorted by what the caller must do. The one place where AWS errors are classified: by
//! wire code, in a table, and but for one of them never by text.

mod snapshot_quota;
mod table;

pub use table::{AWS_ERRORS, AwsService, Row, advice_on, classify, row};

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What must be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Slow down and try again; uses no attempt.
    Throttled,
    /// The resource is in another state: wait; uses no attempt.
    Busy,
    /// A quota is used up: wait for room; uses no attempt.
    Quota,
    /// May pass by itself: try again; uses an attempt.
    Transient,
    /// Will not pass before a person has done something, but then goes on by itself: park the job;
    /// uses no attempt.
    NeedsPerson,
    /// Nobody knows this code: try again a few times, then ask a person.
    Unknown,
    /// Will not pass by itself: fail now.
    Permanent,
}

macro_rules! failure_codes {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// The code of a failure that an operator can see. Each has a page `docs/runbook/<code>.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FailureCode {
            $($(#[$doc])* $name,)*
        }

        impl FailureCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is stored, printed, and named in `docs/runbook/`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

failure_codes! {
    /// No snapshot fits the request.
    SourceNotFound => "source_not_found",
    /// The source is in a state that cannot be restored.
    SourceUnusable => "source_unusable",
    /// The planner finds no correct way.
    PlanRefused => "plan_refused",
    /// The target's name belongs to something that is not ours.
    TargetNameTaken => "target_name_taken",
    /// A named group, subnet or parameter group does not exist.
    SettingNotFound => "setting_not_found",
    /// AWS does not accept the network that a subnet group gives.
    NetworkSetting => "network_setting",
    /// The engine version has no such storage type.
    StorageType => "storage_type",
    /// The KMS key cannot be used.
    KeyNotAccessible => "key_not_accessible",
    /// The KMS key is disabled, or is to be deleted.
    KeyDisabled => "key_disabled",
    /// An AWS quota is used up.
    QuotaExceeded => "quota_exceeded",
    /// As many snapshots are being copied into the Region as AWS allows at a time.
    CopySlots => "copy_slots",
    /// The account has as many manual snapshots as it may.
    SnapshotQuota => "snapshot_quota",
    /// The snapshot is shared with as many accounts as it may.
    ShareLimit => "share_limit",
    /// AWS has no capacity of this class in this place.
    CapacityShort => "capacity_short",
    /// The caller's role may not do this.
    AccessDenied => "access_denied",
    /// A swap onto a protected target lacks its approval.
    ApprovalNeeded => "approval_needed",
    /// The names could not be swapped; the old cluster has its name again.
    SwapFailed => "swap_failed",
    /// Its restore set is not swapped: not all members were verified in time, or one could not be
    /// swapped.
    SetAbandoned => "set_abandoned",
    /// The job could not start before its deadline.
    StartMissed => "start_missed",
    /// The restored cluster's settings are not those that were planned.
    SettingsDiffer => "settings_differ",
    /// The role in another account is not given, or the settings allow none there.
    RoleDenied => "role_denied",
    /// AWS does not take the credentials: their session has ended, or their signature is wrong.
    CredentialsRejected => "credentials_rejected",
    /// AWS refused the parameters.
    RefusedByAws => "refused_by_aws",
    /// A resource ended in a failed state.
    ResourceFailed => "resource_failed",
    /// A resource of ours is gone, or somebody took our tag off.
    ResourceLost => "resource_lost",
    /// A resource is in another state than the call needs.
    ResourceBusy => "resource_busy",
    /// The secret is missing or holds no password.
    SecretUnusable => "secret_unusable",
    /// Somebody who is told by webhook does not answer, or has trouble.
    WebhookUnreachable => "webhook_unreachable",
    /// A webhook may not be told, or does not want to be.
    WebhookRefused => "webhook_refused",
    /// The restored database takes no connection.
    ConnectFailed => "connect_failed",
    /// A verification check did not get the answer it expects.
    CheckFailed => "check_failed",
    /// A user or a privilege could not be given.
    GrantFailed => "grant_failed",
    /// A masking script failed; nothing of it is left unless it commits by itself.
    MaskFailed => "mask_failed",
    /// A masking script was interrupted after it had committed a part.
    MaskInterrupted => "mask_interrupted",
    /// After masking, a proof query did not get the answer it expects.
    MaskUnproven => "mask_unproven",
    /// A step took longer than its deadline.
    DeadlinePassed => "deadline_passed",
    /// The job keeps ending the worker that takes it.
    Poisoned => "poisoned",
    /// A stored record cannot be read.
    RecordUnreadable => "record_unreadable",
    /// AWS asks to slow down.
    Throttled => "throttled",
    /// AWS does not answer, or answers with an internal error.
    AwsUnavailable => "aws_unavailable",
    /// An error code nobody has sorted yet.
    UnknownError => "unknown_error",
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure: what must be done, its code, a text for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {text}")]
pub struct Failure {
    /// What must be done.
    pub kind: FailureKind,
    /// The code.
    pub code: FailureCode,
    /// What happened and what would help.
    pub text: String,
    /// The AWS request id, where AWS answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Failure {
    /// A failure that did not come from an AWS call.
    pub fn new(kind: FailureKind, code: FailureCode, text: impl Into<String>) -> Self {
        Self { kind, code, text: text.into(), request_id: None }
    }

    /// One that will not pass by itself.
    pub fn permanent(code: FailureCode, text: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, code, text)
    }

    /// One that may pass.
    pub fn transient(code: FailureCode, text: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, code, text)
    }

    /// Whether the rights of the caller were refused: its session may have ended, or be of a role
    /// that was changed since.
    #[must_use]
    pub fn is_about_rights(&self) -> bool {
        matches!(self.code, FailureCode::AccessDenied | FailureCode::CredentialsRejected)
    }

    /// What an AWS call answered. `doing` completes "while ...".
    pub fn from_sdk<E, R>(doing: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug + 'static,
    {
        let Some(service) = error.as_service_error() else {
            return not_answered(doing, error);
        };
        let wire = service.code().unwrap_or("(no code)");
        let message = service.message().unwrap_or("no message");
        let (kind, code) = sort(wire, message);
        let request_id = service.meta().extra("aws_request_id").map(str::to_owned);
        Self { kind, code, text: format!("{doing}: {wire}: {message}"), request_id }
    }
}

/// The wire code of a refused call, when AWS answered.
pub fn wire_code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

fn not_answered<E, R>(doing: &str, error: &SdkError<E, R>) -> Failure
where
    E: std::error::Error + 'static,
    R: fmt::Debug + 'static,
{
    let text = format!("{doing}: {}", chain(error));
    match error {
        SdkError::ConstructionFailure(_) => Failure::permanent(FailureCode::RefusedByAws, text),
        _ => Failure::transient(FailureCode::AwsUnavailable, text),
    }
}

/// An error and its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |e| e.source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// Sorts what AWS answered: by its wire code, and in one case by its text.
fn sort(wire: &str, text: &str) -> (FailureKind, FailureCode) {
    snapshot_quota::read(wire, text).unwrap_or_else(|| classify(wire))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_runbook_page_that_says_what_to_do() {
        for code in FailureCode::ALL {
            let page = format!("{}/../docs/runbook/{code}.md", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&page).unwrap_or_default();
            assert!(text.contains("## What to do"), "docs/runbook/{code}.md");
        }
    }

    #[test]
    fn a_code_is_stored_as_it_is_printed() {
        for code in FailureCode::ALL {
            let stored = serde_json::to_value(code).unwrap();
            assert_eq!(stored, serde_json::Value::from(code.as_str()));
        }
    }
}
