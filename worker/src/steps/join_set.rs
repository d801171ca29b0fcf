//! `join_set`: wants all members of the restore set verified. Until they are, nothing of this one is
//! opened or swapped.

use crate::sets::{self, Agreed};
use crate::step::{Outcome, StepContext, StepResult, done};
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::StepName;

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    // The others rely on this vote: the proof is on record before.
    if !cx.is_committed(StepName::VerifyRestore) {
        return Ok(Outcome::CommitFirst);
    }
    match sets::verified(&cx, cx.plan()?.has(StepName::SwapIn)).await? {
        Agreed::Yes => Ok(done(How::Did, "all members of the restore set are verified").into()),
        Agreed::NotYet(at_ms) => Ok(Outcome::WaitUntil { at_ms }),
        Agreed::No(failure) => Err(failure),
    }
}
