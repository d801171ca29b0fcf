//! Submitting aftercare: jobs that follow a restore, put before it ends. Each put is repeatable, so
//! that a crash in between changes nothing.

use crate::fleet::Worker;
use aurora_restore_shared::aftercare;
use aurora_restore_shared::job::{JobState, Status};
use aurora_restore_shared::plan::Plan;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::{Accepted, Spec, StoreError, StoreResult};

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
        put_job(worker, care.spec(spec, now_ms)).await?;
    }
    Ok(())
}

/// Submits what removes that which a job has made, when it is about to fail: `failed` is what is
/// about to be committed. A job that has no plan has made nothing.
///
/// # Errors
/// When the table is missing or AWS refuses.
pub async fn submit_giving_up(worker: &Worker, failed: &JobState) -> StoreResult<()> {
    let read = worker.store.load_spec_and_plan(failed.id, failed.plan_epoch).await;
    let (spec, plan) = match read {
        Ok((Some(spec), Some(plan))) => (spec, plan),
        Ok(_) => return Ok(()),
        Err(StoreError::Unreadable(e)) => {
            tracing::warn!(job = %failed.id, error = %e, "what it has made stays: it cannot be told");
            return Ok(());
        }
        Err(e) => return Err(e),
    };
    match aftercare::of_failed(&spec, &plan, failed) {
        Some(care) => put_job(worker, care.spec(&spec, worker.now_ms())).await,
        None => Ok(()),
    }
}

/// Puts spec and state of an aftercare job: due when its time has come.
async fn put_job(worker: &Worker, spec: Spec) -> StoreResult<()> {
    let spec = put(worker, spec).await?;
    let not_before = spec.aftercare.as_ref().map_or(spec.created_at_ms, |c| c.not_before_ms);
    let first = spec.first_state(not_before - spec.created_at_ms);
    let state = JobState { status: Status::Waiting, priority: Priority::Low, ..first };
    worker.store.put_state(&state).await.map(drop)
}

/// Puts the spec of an aftercare job; answers the one that stands, which an earlier visit may have
/// put.
async fn put(worker: &Worker, spec: Spec) -> StoreResult<Spec> {
    if worker.store.put_spec(&spec).await? == Accepted::New {
        return Ok(spec);
    }
    let (there, _) = worker.store.load_spec_and_plan(spec.id, None).await?;
    Ok(there.unwrap_or(spec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::lab::{Lab, job, plan, spec};
    use aurora_restore_shared::aftercare::RESOURCE_ID;
    use aurora_restore_shared::chain::genesis;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_an_earlier_visit_has_put_of_an_aftercare_job_stands() {
        let lab = Lab::ready().await;
        let worker = lab.worker("w");
        let mut job = job(&worker, 1, Priority::Low);
        let spec = spec(&job);
        job.outputs.insert(RESOURCE_ID.into(), "cluster-A".into());
        let first = aftercare::of(&spec, &plan(), &job, worker.now_ms()).remove(0);
        let first = first.spec(&spec, worker.now_ms());
        worker.store.put_spec(&first).await.unwrap();
        lab.pass(Duration::from_secs(600)).await;
        for _ in 0..2 {
            submit(&worker, &spec, &plan(), &job).await.unwrap();
            let state = lab.state(&worker, first.id).await;
            let not_before = first.aftercare.as_ref().unwrap().not_before_ms;
            assert_eq!(state.chain, Some(genesis(&first)));
            assert_eq!((state.status, state.due_at_ms), (Status::Waiting, Some(not_before)));
        }
    }
}
