//! Waking a waiting job: one conditional write that moves its `due_at` to the first safety interval, then
//! the wake-up. If the process dies in between, the dispatcher sends it.

use super::Environment;
use crate::clock::EpochMs;
use crate::ids::{JobId, RegionName, Seq};
use crate::job::JobState;
use crate::queue::QueueError;
use crate::store::{Store, StoreError};

/// When the dispatcher looks after a wake-up for the first time, milliseconds. An ordinary wake-up
/// is taken within seconds, so this costs nothing but where one was lost.
pub const FIRST_INTERVAL_MS: EpochMs = 60_000;

/// Why a job is not woken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WakeError {
    /// The table is missing, or AWS refuses. Nothing has changed.
    #[error(transparent)]
    Table(#[from] StoreError),
    /// The wake-up could not be sent: the job is due, and the dispatcher sends it.
    #[error("{error}")]
    Queue {
        /// The Region of the queue.
        region: RegionName,
        /// What happened.
        error: QueueError,
    },
}

impl Environment {
    /// Wakes a job that waits for a wake-up number; without one, whatever it waits for. `None`: it does
    /// not wait for that (any more). The store is that of the caller, who has one already.
    ///
    /// # Errors
    /// [`WakeError`].
    pub async fn wake(
        &self,
        store: &Store,
        id: JobId,
        seq: Option<Seq>,
    ) -> Result<Option<JobState>, WakeError> {
        let due_at_ms = self.clock.now_ms() + FIRST_INTERVAL_MS;
        let Some(job) = store.wake(id, seq, due_at_ms).await? else { return Ok(None) };
        let region = job.region.clone();
        let sent = self.queues(&region).send_for(&job).await;
        sent.map_err(|error| WakeError::Queue { region, error })?;
        Ok(Some(job))
    }
}
