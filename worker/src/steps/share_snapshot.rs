//! `share_snapshot`: wants the target's account let in on the snapshot (or its copy that can be
//! shared).

use crate::rds;
use crate::step::{
    Done, Outcome, SHAREABLE_ARN, StepContext, StepResult, done, pairs, request_ids,
};
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::names;
use aurora_restore_shared::store::{Entered, StoreError, share_name};

/// The output that says that this job relies on a share of the source itself, which is taken back in
/// the end. Committed before anything is done: a share must not outlive a crash unnoticed.
pub(super) const SHARED_SOURCE: &str = "shared_source";

/// How long until it is looked at again whether another job has taken the share back.
const TAKEN_BACK_MS: i64 = 30_000;

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let Some(account) = &cx.plan()?.path.share_with else {
        return Ok(done(How::FoundDone, "nothing is to be shared").into());
    };
    let (id, region) = shared(&cx)?;
    // A copy of this job goes with its share; the source is somebody's, and others may need its share.
    let source = (!cx.job.outputs.contains_key(SHAREABLE_ARN)).then(|| name_of(&cx, &id));
    if let Some(name) = &source {
        if !cx.committed.contains_key(SHARED_SOURCE) {
            return Ok(Outcome::CommitIntent { outputs: pairs([(SHARED_SOURCE, id)]) });
        }
        let entered = cx.worker.store.enter_share(name, cx.spec.id).await;
        if entered.map_err(StoreError::into_failure)? == Entered::Later {
            return Ok(Outcome::WaitUntil { at_ms: cx.worker.now_ms() + TAKEN_BACK_MS });
        }
    }
    let owner = cx.spec.request.source.account();
    let rds = cx.worker.env.place(owner, region).await?.rds();
    if rds::is_shared_with(&rds, &id, account).await? {
        let note = format!("snapshot {id} is shared with account {account}");
        return Ok(done(How::FoundDone, note).into());
    }
    if let Some(name) = &source {
        cx.worker.store.give_share(name).await.map_err(StoreError::into_failure)?;
    }
    let details = request_ids(rds::set_sharing(&rds, &id, account, true).await?);
    let note = format!("shared snapshot {id} with account {account}");
    Ok(Done { details, ..done(How::Did, note) }.into())
}

/// The name of the share of the source with the target's account.
pub(super) fn name_of(cx: &StepContext<'_>, id: &str) -> String {
    let (source, target) = (&cx.spec.request.source, &cx.spec.request.target);
    share_name((source.account(), source.region()), id, &target.account)
}

/// The snapshot that is shared, and its Region.
fn shared<'a>(cx: &StepContext<'a>) -> Result<(String, &'a RegionName), Failure> {
    let plan = cx.plan()?;
    Ok(match &plan.path.shareable {
        Some(hop) => (names::copy(cx.spec.id, "share"), &hop.region),
        None => (plan.facts.snapshot_id.clone(), cx.spec.request.source.region()),
    })
}
