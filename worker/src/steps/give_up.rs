//! `give_up`: wants a failed job that nobody has retried given up, so that no retry goes on with what
//! is removed next. One that goes on, or has failed again since, keeps what it has made.

use super::share_snapshot::SHARED_SOURCE;
use crate::rds::{self, Found};
use crate::step::{Done, Outcome, StepContext, StepResult, done};
use aurora_restore_shared::aftercare::{Aftercare, GIVEN_UP, RESOURCE_ID};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::{How, JobState, Status};

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let care = cx.spec.aftercare.as_ref().ok_or_else(no_aftercare)?;
    let store = &cx.worker.store;
    let read = store.state(care.of).await.map_err(|e| e.into_failure())?;
    let Some(failed) = read.filter(|job| is_meant(care, job)) else {
        return Ok(done(How::FoundDone, "the job went on: nothing is removed").into());
    };
    let now_ms = cx.worker.now_ms();
    if failed.letter_pending {
        return Ok(Outcome::WaitUntil { at_ms: now_ms + LETTER_MS });
    }
    // Looked for before the job is given up: what cannot be told now can be told in another visit.
    let found = find_cluster(&cx, care).await?;
    if !store.give_up(&failed, now_ms).await.map_err(|e| e.into_failure())? {
        // Somebody has changed it since it was read: the next visit sees how.
        return Ok(Outcome::WaitUntil { at_ms: now_ms });
    }
    let note = format!("job {} is given up: what it has made goes", care.of);
    let given_up = [(GIVEN_UP, care.of.to_string())];
    let cluster = found.map(|id| (RESOURCE_ID, id));
    let shared = failed.outputs.get(SHARED_SOURCE).map(|id| (SHARED_SOURCE, id.clone()));
    let outputs = given_up.into_iter().chain(cluster).chain(shared);
    let outputs = outputs.map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Done { outputs, ..done(How::Did, note) }.into())
}

/// How long until it is looked at again whether the job's dead letter was sent.
const LETTER_MS: i64 = 60_000;

/// Whether a job stands as it did when this aftercare was submitted.
fn is_meant(care: &Aftercare, job: &JobState) -> bool {
    job.status == Status::Failed && job.ended_at_ms == care.failed_at_ms
}

/// The immutable id of the cluster that is to go: as the job has recorded it, or of one under its name
/// that carries its tag.
async fn find_cluster(cx: &StepContext<'_>, care: &Aftercare) -> Result<Option<String>, Failure> {
    let Some(leaving) = &care.cluster else { return Ok(None) };
    if leaving.resource_id.is_some() {
        return Ok(leaving.resource_id.clone());
    }
    let rds = rds::target(cx).await?;
    match rds::find_cluster_named(&rds, cx, &leaving.name).await? {
        Found::Ours(cluster) => Ok(Some(cluster.resource_id)),
        Found::Nothing | Found::Stranger(_) => Ok(None),
    }
}

fn no_aftercare() -> Failure {
    Failure::permanent(FailureCode::RecordUnreadable, "this job follows no other one")
}
