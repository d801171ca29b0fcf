//! Submitting aftercare: jobs that follow a restore, put before it ends. Each put is repeatable, so
//! that a crash in between changes nothing.

use crate::fleet::Worker;
use aurora_restore_shared::aftercare::{self, Aftercare};
use aurora_restore_shared::ids::Epoch;
use aurora_restore_shared::job::{JobState, Status};
use aurora_restore_shared::plan::Plan;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::{Spec, StoreResult};

/// The epoch under which the plan of an aftercare job is stored: before its first claim.
const PLANNED: Epoch = Epoch(0);

/// Submits all aftercare of a job that is about to end well. Aftercare itself has none.
///
/// # Errors
/// When the table is missing or AWS refuses.
pub async fn submit(worker: &Worker, spec: &Spec, plan: &Plan, job: &JobState) -> StoreResult<()> {
    if spec.aftercare.is_some() {
        return Ok(());
    }
    let now_ms = worker.now_ms();
    for care in aftercare::of(spec, plan, job, now_ms) {
        worker.store.put_spec(&care.spec(spec, now_ms)).await?;
        worker.store.put_plan(care.id(), PLANNED, &care.plan()).await?;
        worker.store.put_state(&state(&care, job, now_ms)).await?;
    }
    Ok(())
}

fn state(care: &Aftercare, of: &JobState, now_ms: i64) -> JobState {
    let first = care.not_before_ms - now_ms;
    let accepted = JobState::accepted(care.id(), of.region.clone(), Priority::Low, now_ms, first);
    JobState { status: Status::Waiting, plan_epoch: Some(PLANNED), ..accepted }
}
