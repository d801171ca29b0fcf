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

/// The output that says that this job lets the account in on the source itself, which it takes back
/// in the end. Committed before it is done: a share must not outlive a crash unnoticed.
pub(super) const SHARED_SOURCE: &str = "shared_source";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    CommitIntent,
    Share,
    Done(How),
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let Some(account) = &cx.plan()?.path.share_with else {
        return Ok(done(How::FoundDone, "nothing is to be shared").into());
    };
    let (id, region) = shared(&cx)?;
    let owner = cx.spec.request.source.account();
    let rds = cx.worker.env.place(owner, region).await?.rds();
    let is_shared = rds::is_shared_with(&rds, &id, account).await?;
    let is_source = !cx.job.outputs.contains_key(SHAREABLE_ARN);
    match decide(is_shared, is_source, cx.committed.contains_key(SHARED_SOURCE)) {
        Decision::CommitIntent => {
            Ok(Outcome::CommitIntent { outputs: pairs([(SHARED_SOURCE, id)]) })
        }
        Decision::Done(how) => {
            Ok(done(how, format!("snapshot {id} is shared with account {account}")).into())
        }
        Decision::Share => {
            let details = request_ids(rds::set_sharing(&rds, &id, account, true).await?);
            let note = format!("shared snapshot {id} with account {account}");
            Ok(Done { details, ..done(How::Did, note) }.into())
        }
    }
}

/// A copy of this job is shared and goes with it; the source is somebody's, and its share is taken
/// back: only if this job has given it.
fn decide(is_shared: bool, is_source: bool, has_intent: bool) -> Decision {
    match (is_shared, is_source, has_intent) {
        (true, true, true) => Decision::Done(How::TookOver),
        (true, _, _) => Decision::Done(How::FoundDone),
        (false, true, false) => Decision::CommitIntent,
        (false, _, _) => Decision::Share,
    }
}

/// The snapshot that is shared, and its Region.
fn shared<'a>(cx: &StepContext<'a>) -> Result<(String, &'a RegionName), Failure> {
    let plan = cx.plan()?;
    Ok(match &plan.path.shareable {
        Some(hop) => (names::copy(cx.spec.id, "share"), &hop.region),
        None => (plan.facts.snapshot_id.clone(), cx.spec.request.source.region()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_source_is_committed_before_it_is_given() {
        assert_eq!(decide(false, true, false), Decision::CommitIntent);
        assert_eq!(decide(false, true, true), Decision::Share);
        assert_eq!(decide(true, true, true), Decision::Done(How::TookOver));
    }

    #[test]
    fn a_share_that_somebody_else_has_given_is_theirs() {
        assert_eq!(decide(true, true, false), Decision::Done(How::FoundDone));
        assert_eq!(decide(false, false, false), Decision::Share, "a copy goes with its share");
    }
}
