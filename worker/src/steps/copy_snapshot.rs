//! `copy_snapshot`: wants a copy in the target's account and Region. In one step where AWS does
//! that; else by way of a copy of the target's account in the source's Region.

use super::copying::{self, Standing, Wanted};
use crate::step::{COPY_ARN, Outcome, SHAREABLE_ARN, StepContext, StepResult, done, pairs};
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::Hop;

/// The output that says that AWS refused to change account and Region in one step.
const TWO_STEPS: &str = "two_steps";

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let plan = cx.plan()?;
    let Some(hop) = &plan.path.copy else {
        return Ok(done(How::FoundDone, "no copy is needed").into());
    };
    let shareable = cx.job.outputs.get(SHAREABLE_ARN);
    let source = shareable.unwrap_or(&plan.facts.snapshot_arn);
    if cx.job.outputs.contains_key(TWO_STEPS)
        && let Some(first) = &plan.path.first
    {
        return in_two_steps(&cx, first, hop, source).await;
    }
    let standing = copying::see_to(&cx, &Wanted { hop, which: "copy", source }).await?;
    match (standing, &plan.path.first) {
        (Standing::Refused(failure), Some(first)) => {
            tracing::info!(job = %cx.spec.id, %failure, "copies in two steps");
            in_two_steps(&cx, first, hop, source).await
        }
        (standing, _) => copying::outcome(standing, COPY_ARN),
    }
}

/// Every wait says that it is done in two steps, so that the next visit goes on there.
async fn in_two_steps(
    cx: &StepContext<'_>,
    first: &Hop,
    hop: &Hop,
    source: &str,
) -> Result<Outcome, Failure> {
    let standing = copying::see_to(cx, &Wanted { hop: first, which: "first", source }).await?;
    let standing = match standing {
        Standing::Ready(arn) => {
            copying::see_to(cx, &Wanted { hop, which: "copy", source: &arn }).await?
        }
        on_its_way => on_its_way,
    };
    let mut outcome = copying::outcome(standing, COPY_ARN)?;
    if let Outcome::WaitFor(waiting) = &mut outcome {
        waiting.outputs.extend(pairs([(TWO_STEPS, "yes".to_owned())]));
    }
    Ok(outcome)
}
