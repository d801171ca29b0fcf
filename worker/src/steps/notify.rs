//! `notify`: wants those who asked to know. In this release: the log, and the job's audit trail.

use crate::step::{StepContext, StepResult, done};
use aurora_restore_shared::job::How;

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let target = &cx.spec.request.target;
    tracing::info!(job = %cx.spec.id, cluster = %target.cluster, region = %target.region,
        caller = cx.spec.request.caller_name(), "restored and verified");
    Ok(done(How::Did, format!("{} is restored and verified", target.cluster)).into())
}
