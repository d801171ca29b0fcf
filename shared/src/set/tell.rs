//! Changing a tally, and waking those who wait for what it decides.

use super::{Tally, Voted};
use crate::clock::as_ms;
use crate::environment::Environment;
use crate::ids::{JobId, SetId};
use crate::store::StoreResult;
use std::time::Duration;

/// Covers a wake-up that could not be sent.
const AGAIN: Duration = Duration::from_secs(60);

/// Changes a set's tally by a pure function, and wakes the members that wait for what is decided by
/// that; `by` is the member that does it, if one does. `None`: the set has no tally.
///
/// # Errors
/// When the table is missing, AWS refuses, or the item cannot be read.
pub async fn change(
    env: &Environment,
    set: SetId,
    by: Option<JobId>,
    change: impl Fn(&Tally) -> Tally,
) -> StoreResult<Option<Tally>> {
    let Some((before, after)) = env.store().change_tally(set, change).await? else {
        return Ok(None);
    };
    if before.decision != after.decision {
        let waiting = after.votes.iter().filter(|(job, _)| Some(**job) != by);
        for (job, _) in waiting.filter(|(_, vote)| vote.voted >= Voted::Verified) {
            wake(env, *job).await;
        }
    }
    Ok(Some(after))
}

/// Its own due time covers it if this fails, or if it looks at the set at this very moment.
async fn wake(env: &Environment, job: JobId) {
    let due_ms = env.clock.now_ms() + as_ms(AGAIN);
    let woken = match env.store().wake(job, None, due_ms).await {
        Ok(woken) => woken,
        Err(e) => return tracing::warn!(%job, error = %e, "could not wake a member of a set"),
    };
    if let Some(state) = woken
        && let Err(e) = env.queues(&state.region).send_for(&state).await
    {
        tracing::warn!(%job, error = %e, "could not send the wake-up of a member of a set");
    }
}
