//! `make_shareable`: wants a manual copy in the source's account that can be shared: under a
//! customer key, where the source has one.

use super::copying::{self, Wanted};
use crate::step::{SHAREABLE_ARN, StepContext, StepResult, done};
use aurora_restore_shared::job::How;

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let plan = cx.plan()?;
    let Some(hop) = &plan.path.shareable else {
        return Ok(done(How::FoundDone, "the source can be shared as it is").into());
    };
    let source = &plan.facts.snapshot_arn;
    let standing = copying::see_to(&cx, &Wanted { hop, which: "share", source }).await?;
    copying::outcome(standing, SHAREABLE_ARN)
}
