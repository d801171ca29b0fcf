//! Where a job stands, as it is printed and asked for: its status, and `parked` for a job that waits
//! for a person.

use aurora_restore_shared::job::{JobState, Status};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In a status of its own.
    In(Status),
    /// Waiting until a person has mended something.
    Parked,
}

impl Standing {
    /// All of them, in the order of a job's life.
    pub const ALL: [Self; 6] = [
        Self::In(Status::Queued),
        Self::In(Status::Running),
        Self::In(Status::Waiting),
        Self::Parked,
        Self::In(Status::Succeeded),
        Self::In(Status::Failed),
    ];

    /// Where a job stands.
    #[must_use]
    pub fn of(job: &JobState) -> Self {
        if job.is_parked() { Self::Parked } else { Self::In(job.status) }
    }

    /// The name, as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In(status) => status.as_str(),
            Self::Parked => "parked",
        }
    }

    /// Whether the job has ended.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::In(status) if status.is_ended())
    }
}

impl From<Status> for Standing {
    fn from(status: Status) -> Self {
        Self::In(status)
    }
}
