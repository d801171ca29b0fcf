//! `remove_copies`: wants the snapshot copies of the job gone, and the source no longer shared: the
//! cluster is restored, so nothing needs them.

use super::share_snapshot::{SHARED_SOURCE, name_of};
use crate::rds::{self, Copy, FoundCopy};
use crate::step::{StepContext, StepResult, done};
use aurora_restore_shared::aftercare::{CopyMade, copies_made};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::How;
use aurora_restore_shared::store::{Left, StoreError};

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    if cx.is_called_off() {
        return Ok(done(How::FoundDone, "the job went on: no copy is to go").into());
    }
    let copies = match &cx.spec.aftercare {
        Some(care) => care.copies.clone(),
        // Those that are kept for a time go later, in a job of their own.
        None if cx.spec.request.keep.copies().is_some() => Vec::new(),
        None => copies_made(&cx.plan()?.path, cx.spec.id),
    };
    let mut removed = 0;
    for copy in &copies {
        removed += usize::from(remove(&cx, copy).await?);
    }
    unshare(&cx).await?;
    Ok(done(How::Did, format!("{removed} snapshot copies removed")).into())
}

/// Removes one copy; says whether it was there.
async fn remove(cx: &StepContext<'_>, copy: &CopyMade) -> Result<bool, Failure> {
    let rds = cx.worker.env.place(&copy.account, &copy.region).await?.rds();
    match rds::find_copy(&rds, cx, &copy.id, None).await? {
        FoundCopy::Nothing => Ok(false),
        FoundCopy::Ours(Copy { status, .. }) if status == "deleting" => Ok(true),
        FoundCopy::Ours(_) => rds::delete_snapshot(&rds, &copy.id).await.map(|()| true),
        FoundCopy::Stranger(why) => {
            let text = format!("snapshot {} is not this job's ({why}); it is left alone", copy.id);
            Err(Failure::permanent(FailureCode::ResourceLost, text))
        }
    }
}

/// Takes back what a job has shared of the source itself, when no other job needs it any more.
async fn unshare(cx: &StepContext<'_>) -> Result<(), Failure> {
    let Some(id) = cx.job.outputs.get(SHARED_SOURCE) else { return Ok(()) };
    let (store, name, job) = (&cx.worker.store, name_of(cx, id), cx.spec.owner());
    if store.leave_share(&name, job).await.map_err(StoreError::into_failure)? == Left::Stays {
        return Ok(());
    }
    let rds = cx.source().await?.rds();
    let account = &cx.spec.request.target.account;
    if rds::is_shared_with(&rds, id, account).await? {
        rds::set_sharing(&rds, id, account, false).await?;
    }
    store.share_is_gone(&name, job).await.map_err(StoreError::into_failure)
}
