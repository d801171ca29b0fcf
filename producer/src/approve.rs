//! Approving: somebody else than the caller agrees to a swap onto a protected target.

use crate::operate::{caller, wake};
use crate::trouble::Trouble;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::JobState;
use aurora_restore_shared::store::Approval;

/// What an approval has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// Who has approved, by ARN.
    pub by: String,
    /// Whether it was approved before.
    pub was_approved: bool,
    /// Whether the job waited for it, and is looked at now.
    pub is_woken: bool,
}

/// Why an approval is not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApproveError {
    /// There is none.
    #[error("there is no job {0}")]
    Unknown(JobId),
    /// Whoever submits does not approve.
    #[error("job {id} was submitted by {by}: somebody else must approve it")]
    OwnJob {
        /// The job.
        id: JobId,
        /// Who submitted it, by ARN.
        by: String,
    },
    /// It cannot be said whether it is somebody else.
    #[error("AWS does not say who this is, or who submitted job {0}: an approval needs both")]
    Nameless(JobId),
    /// AWS did not do its part.
    #[error("{0}")]
    Aws(#[from] Trouble),
}

/// Whether AWS has told an identity.
fn is_known(arn: &str) -> bool {
    arn.starts_with("arn:")
}

/// Approves a job, as the AWS identity of this process, and wakes it where it waits for that.
///
/// # Errors
/// [`ApproveError`].
pub async fn approve(env: &Environment, id: JobId) -> Result<Approved, ApproveError> {
    let store = env.store();
    let (spec, _) = store.load_spec_and_plan(id, None).await.map_err(Trouble::from)?;
    let spec = spec.ok_or(ApproveError::Unknown(id))?;
    let by = caller(env).await;
    if !is_known(&by) || !is_known(&spec.submitted_by) {
        return Err(ApproveError::Nameless(id));
    }
    if by == spec.submitted_by {
        return Err(ApproveError::OwnJob { id, by });
    }
    let now_ms = env.clock.now_ms();
    let approval = Approval { by: by.clone(), at_ms: now_ms };
    let is_first = store.approve(id, &approval).await.map_err(Trouble::from)?;
    let state = store.state(id).await.map_err(Trouble::from)?;
    let woken = match state.filter(JobState::is_parked) {
        Some(parked) => wake(env, &parked).await?,
        None => None,
    };
    Ok(Approved { by, was_approved: !is_first, is_woken: woken.is_some() })
}
