//! Changing a tally, and waking those who wait for what it decides.

use super::Tally;
use crate::environment::Environment;
use crate::ids::{JobId, SetId};
use crate::store::{Store, StoreResult};

/// Changes a set's tally by a pure function, and wakes the members that wait for what is decided by
/// that; `by` is the member that does it, if one does. `None`: the set has no tally.
///
/// # Errors
/// When the table is missing, AWS refuses, or the item cannot be read.
pub async fn change(
    env: &Environment,
    store: &Store,
    set: SetId,
    by: Option<JobId>,
    change: impl Fn(&Tally) -> Tally,
) -> StoreResult<Option<Tally>> {
    let Some((before, after)) = store.change_tally(set, change).await? else { return Ok(None) };
    if before.decision != after.decision {
        for job in after.votes.keys().filter(|job| Some(**job) != by) {
            // Its own due time covers it if this fails, or if it looks at the set at this very moment.
            if let Err(e) = env.wake(store, *job, None).await {
                tracing::warn!(%job, error = %e, "could not wake a member of a set");
            }
        }
    }
    Ok(Some(after))
}
