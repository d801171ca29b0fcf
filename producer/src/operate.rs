//! What an operator does to a job: for now, `retry`. A failed job goes on; a parked one is woken.

use crate::trouble::Trouble;
use aurora_restore_shared::chain;
use aurora_restore_shared::environment::{Environment, FIRST_INTERVAL_MS};
use aurora_restore_shared::ids::{Epoch, JobId};
use aurora_restore_shared::job::{JobState, Status};

/// How many dead letters are looked through for the pointer to a job.
const LETTERS: usize = 1_000;

/// A job that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Retried {
    /// Its state now.
    pub state: JobState,
    /// How many pointers to it were taken out of the dead-letter queue; a parked job has none.
    pub pointers_deleted: usize,
}

/// Why a job does not go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RetryError {
    /// There is none.
    #[error("there is no job {0}")]
    Unknown(JobId),
    /// It has not failed.
    #[error("job {id} has not failed: it is {}", status.as_str())]
    NotFailed {
        /// The job.
        id: JobId,
        /// Where it stands.
        status: Status,
    },
    /// Its worker has not yet sent its dead letter.
    #[error(
        "job {0} has failed, but its dead letter is still on its way; try again in a few seconds"
    )]
    LetterPending(JobId),
    /// What it had made is gone, or on its way.
    #[error(
        "job {0} was given up: what it had made is removed; submit its request again, under another idempotency_key"
    )]
    GivenUp(JobId),
    /// Its restore set is not swapped: that is decided for good.
    #[error(
        "job {0} belongs to a restore set that is not swapped; submit the set again, under another idempotency_key"
    )]
    SetAbandoned(JobId),
    /// Somebody else has changed it at the same moment.
    #[error("job {0} was changed by somebody else at the same moment; look at it again")]
    Changed(JobId),
    /// AWS did not do its part. A repeat completes what was begun.
    #[error("{0}")]
    Aws(#[from] Trouble),
}

/// Who this is to AWS, for the record only: a process that may not ask is `unknown`.
pub(crate) async fn caller(env: &Environment) -> String {
    match env.identity().await {
        Ok((_, arn)) => arn,
        Err(failure) => {
            tracing::debug!(%failure, "AWS does not say who this is");
            "unknown".to_owned()
        }
    }
}

/// [`retry_because`] without a reason.
///
/// # Errors
/// [`RetryError`].
pub async fn retry(env: &Environment, id: JobId) -> Result<Retried, RetryError> {
    retry_because(env, id, "").await
}

/// A failed job goes on at its failed step, with fresh attempts; its pointer leaves the dead-letter
/// queue. A parked job is looked at at once. Who did it, when and why is an event of the job. A
/// repeat completes what an interrupted one began.
///
/// # Errors
/// [`RetryError`].
pub async fn retry_because(env: &Environment, id: JobId, why: &str) -> Result<Retried, RetryError> {
    let store = env.store();
    let read = store.state(id).await.map_err(Trouble::from)?.ok_or(RetryError::Unknown(id))?;
    if read.is_parked() {
        let state = wake(env, &read).await?.ok_or(RetryError::Changed(id))?;
        return Ok(Retried { state, pointers_deleted: 0 });
    }
    let state = if is_retried(&read) {
        read
    } else {
        let next = set_going(env, &read, why).await?;
        if !store.replace_ended(&read, &next).await.map_err(Trouble::from)? {
            return Err(RetryError::Changed(id));
        }
        next
    };
    let trouble = Trouble::queue(&state.region);
    let queues = env.queues(&state.region);
    let sent = queues.send_for(&state).await;
    // Even if the wake-up could not be sent: the job goes on at its due time, and its pointer would
    // stay behind.
    let pointers_deleted =
        queues.delete_pointers_to(id, state.seq, LETTERS).await.map_err(&trouble)?;
    sent.map_err(&trouble)?;
    Ok(Retried { state, pointers_deleted })
}

/// The state of a failed job that goes on; the event that says so is put.
async fn set_going(env: &Environment, read: &JobState, why: &str) -> Result<JobState, RetryError> {
    let now_ms = env.clock.now_ms();
    let next = read.retry(now_ms, FIRST_INTERVAL_MS).ok_or_else(|| refused(read))?;
    let (event, next) = chain::retried(read, next, &caller(env).await, why, now_ms);
    env.store().put_event(&event).await.map_err(Trouble::from)?;
    Ok(next)
}

/// A parked job is woken at the number that was read: what a person has mended is seen at once,
/// and not only at its next look. `None`: somebody else has woken it.
pub(crate) async fn wake(
    env: &Environment,
    parked: &JobState,
) -> Result<Option<JobState>, Trouble> {
    Ok(env.wake(&env.store(), parked.id, Some(parked.seq)).await?)
}

/// Whether an earlier `retry` has set the job going and no worker has taken it since: queued, but
/// worked on before.
fn is_retried(state: &JobState) -> bool {
    state.status == Status::Queued && state.epoch > Epoch(0)
}

fn refused(state: &JobState) -> RetryError {
    match state.status {
        Status::Failed if state.given_up_at_ms.is_some() => RetryError::GivenUp(state.id),
        Status::Failed if state.letter_pending => RetryError::LetterPending(state.id),
        Status::Failed => RetryError::SetAbandoned(state.id),
        status => RetryError::NotFailed { id: state.id, status },
    }
}
