//! AWS did not do its part: one clear sentence, and what to do about it.

use aurora_restore_shared::environment::WakeError;
use aurora_restore_shared::failure::{self, Failure, FailureCode, FailureKind};
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::queue::QueueError;
use aurora_restore_shared::store::StoreError;
use std::fmt;

/// AWS is unreachable, refuses, or has no table or queue for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// With the table.
    Table(StoreError),
    /// With a queue of a Region.
    Queue {
        /// The Region.
        region: RegionName,
        /// What happened.
        error: QueueError,
    },
    /// With another call.
    Call(Failure),
}

impl Trouble {
    /// Trouble with a queue of a Region.
    pub fn queue(region: &RegionName) -> impl Fn(QueueError) -> Self + use<> {
        let region = region.clone();
        move |error| Self::Queue { region: region.clone(), error }
    }

    /// The failure, where a call failed (a table or queue that is missing is none).
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Table(StoreError::Aws(failure)) | Self::Call(failure) => Some(failure),
            Self::Queue { error: QueueError::Aws(failure), .. } => Some(failure),
            _ => None,
        }
    }

    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        let kind = self.failure().map(|failure| failure.kind);
        matches!(kind, Some(FailureKind::Throttled | FailureKind::Transient))
    }

    /// A short name for programs: `no_table`, `no_queue`, or the code of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Table(StoreError::NoTable { .. }) => "no_table",
            Self::Table(StoreError::Unreadable(_)) => FailureCode::RecordUnreadable.as_str(),
            Self::Queue { error: QueueError::NoQueue { .. }, .. } => "no_queue",
            _ => self.failure().map_or("unknown_error", |failure| failure.code.as_str()),
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Table(StoreError::NoTable { .. }) => {
                "run `aurora-restore init`, or check --region, --endpoint and the table's name"
                    .into()
            }
            Self::Queue { region, error: QueueError::NoQueue { .. } } => {
                format!("run `aurora-restore init --queues-in {region}`")
            }
            Self::Table(StoreError::Unreadable(_)) => {
                "use the release that wrote it, or a newer one".into()
            }
            _ => self.failure().map_or_else(String::new, |failure| advice_on(failure.code)),
        }
    }
}

fn advice_on(code: FailureCode) -> String {
    match code {
        FailureCode::AwsUnavailable => {
            "check the endpoint, the network, and that AWS credentials are set".into()
        }
        FailureCode::AccessDenied | FailureCode::CredentialsRejected => {
            "check the AWS credentials (`aws sts get-caller-identity`) and what they may do".into()
        }
        FailureCode::Throttled => "try again in a minute".into(),
        code => {
            let advice = failure::advice_on(code).map_or_else(String::new, |a| format!("{a} "));
            format!("{advice}see docs/runbook/{code}.md")
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(StoreError::NoTable { table }) => {
                write!(f, "there is no table {table:?} in this account and Region")
            }
            Self::Table(StoreError::Unreadable(e)) => write!(f, "{e}"),
            Self::Queue { region, error: QueueError::NoQueue { name } } => {
                write!(f, "there is no queue {name:?} in this account in {region}")
            }
            _ => self.failure().map_or(Ok(()), |failure| write_failure(f, failure)),
        }
    }
}

fn write_failure(f: &mut fmt::Formatter<'_>, failure: &Failure) -> fmt::Result {
    let what = match failure.code {
        FailureCode::AwsUnavailable => "AWS does not answer",
        FailureCode::AccessDenied | FailureCode::CredentialsRejected => {
            "AWS does not accept these credentials for it"
        }
        FailureCode::Throttled => "AWS asks to slow down",
        _ => "AWS refuses",
    };
    write!(f, "{what} ({})", failure.text)
}

impl std::error::Error for Trouble {}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Table(error)
    }
}

impl From<WakeError> for Trouble {
    fn from(error: WakeError) -> Self {
        match error {
            WakeError::Table(error) => error.into(),
            WakeError::Queue { region, error } => Self::Queue { region, error },
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Call(failure)
    }
}
