//! How long AWS operations usually take: a guess that paces the observer and fills the column
//! "expected". Nothing depends on it being right.

use std::time::Duration;

/// An AWS operation that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Finish a snapshot that was begun.
    MakeSnapshot,
    /// Restore a cluster volume of this size, in GiB.
    RestoreCluster {
        /// Allocated storage, GiB.
        gib: u32,
    },
    /// Clone a cluster volume, whatever its size.
    CloneCluster,
    /// Copy a snapshot of this size, in GiB, in full.
    CopySnapshot {
        /// Allocated storage, GiB.
        gib: u32,
    },
    /// Create DB instances (side by side).
    CreateInstances,
    /// Change the master password.
    ResetPassword,
    /// Rename a cluster, or change its groups.
    Modify,
}

/// The usual time, by the figures that users report for Aurora: a snapshot restore is about eight
/// minutes and two more for each 100 GiB; a copy about ten and three more, a clone five; an instance about six minutes; a password less than one.
#[must_use]
pub fn usual(operation: Operation) -> Duration {
    match operation {
        Operation::RestoreCluster { gib } => Duration::from_secs(480 + u64::from(gib) * 120 / 100),
        Operation::CopySnapshot { gib } => Duration::from_secs(600 + u64::from(gib) * 180 / 100),
        Operation::CloneCluster => Duration::from_secs(300),
        Operation::Modify => Duration::from_secs(60),
        Operation::MakeSnapshot => Duration::from_secs(600),
        Operation::CreateInstances => Duration::from_secs(360),
        Operation::ResetPassword => Duration::from_secs(45),
    }
}

/// The latest moment by which an operation must be over, as a multiple of the usual time, and at
/// least this long. Beyond it a person should look.
const PATIENCE: u32 = 20;
const LEAST_DEADLINE: Duration = Duration::from_secs(2 * 3600);

/// However fast a local cloud is, nothing counts as failed before this: clocks that differ by half an
/// hour must not look like an operation that hangs.
const FLOOR: Duration = Duration::from_secs(3600);

/// How long an operation may take before it counts as failed, where AWS operations take `scale`
/// times as long as on AWS (1.0; less in a local cloud that is sped up).
#[must_use]
pub fn deadline(operation: Operation, scale: f64) -> Duration {
    (usual(operation) * PATIENCE).max(LEAST_DEADLINE).mul_f64(scale).max(FLOOR)
}
