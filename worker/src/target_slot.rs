//! Two jobs never work on one target: its name is a slot of limit 1.

use crate::fleet::Worker;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::Request;
use aurora_restore_shared::store::{Acquired, Claimant, StoreResult, target_slot};

/// The slot of a request's target.
#[must_use]
pub fn name(request: &Request) -> String {
    let target = &request.target;
    target_slot(&target.account, &target.region, &target.cluster)
}

/// Asks for the slot; a holder whose job has ended is swept. `Some(holder)`: the job must wait.
///
/// # Errors
/// When the table is missing or AWS refuses.
pub async fn acquire(worker: &Worker, slot: &str, asking: Claimant) -> StoreResult<Option<JobId>> {
    let ask = || worker.store.acquire_slot(slot, asking, worker.now_ms(), 1);
    let Acquired::Waiting { holders } = ask().await? else { return Ok(None) };
    for holder in &holders {
        // An ended job holds nothing: whoever ended it died before it gave the slot back.
        if let Some(state) = worker.store.state(*holder).await?
            && state.status.is_ended()
        {
            worker.release_target(slot, *holder, state.epoch).await?;
        }
    }
    match ask().await? {
        Acquired::Held => Ok(None),
        Acquired::Waiting { holders } => Ok(holders.first().copied()),
    }
}
