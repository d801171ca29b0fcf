//! `share_snapshot`: wants the target's account let in on the snapshot (or its copy that can be
//! shared).

use crate::rds;
use crate::step::{Done, SHAREABLE_ARN, StepContext, StepResult, done, pairs, request_ids};
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::names;

/// The output that says that this job has let the account in on the source itself, which it takes
/// back in the end.
pub(super) const SHARED_SOURCE: &str = "shared_source";

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let Some(account) = &cx.plan()?.path.share_with else {
        return Ok(done(How::FoundDone, "nothing is to be shared").into());
    };
    let (id, region) = shared(&cx)?;
    let owner = cx.spec.request.source.account();
    let rds = cx.worker.env.place(owner, region).await?.rds();
    if rds::is_shared_with(&rds, &id, account).await? {
        let note = format!("snapshot {id} is shared with account {account}");
        return Ok(done(How::FoundDone, note).into());
    }
    let request_id = rds::set_sharing(&rds, &id, account, true).await?;
    let is_source = !cx.job.outputs.contains_key(SHAREABLE_ARN);
    let outputs = if is_source { pairs([(SHARED_SOURCE, id.clone())]) } else { pairs([]) };
    let details = request_ids(request_id);
    let note = format!("shared snapshot {id} with account {account}");
    Ok(Done { outputs, details, ..done(How::Did, note) }.into())
}

/// The snapshot that is shared, and its Region.
fn shared<'a>(cx: &StepContext<'a>) -> Result<(String, &'a RegionName), Failure> {
    let plan = cx.plan()?;
    Ok(match &plan.path.shareable {
        Some(hop) => (names::copy(cx.spec.id, "share"), &hop.region),
        None => (plan.facts.snapshot_id.clone(), cx.spec.request.source.region()),
    })
}
