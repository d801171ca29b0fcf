//! `resolve_source`: wants the source pinned by ARN and the plan made.

use crate::step::{Done, StepContext, StepResult, done, pairs};
use aurora_restore_shared::facts;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::fault::Faults;
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::{Plan, plan};

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let request = &cx.spec.request;
    let rds = cx.worker.env.rds(request.source.region());
    let facts = facts::read(&rds, request).await?;
    let plan = plan(request, &facts).map_err(|faults| refused(&faults))?;
    Ok(pinned(plan).into())
}

fn refused(faults: &Faults) -> Failure {
    let text = faults.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Failure::permanent(FailureCode::PlanRefused, text)
}

fn pinned(plan: Plan) -> Done {
    let facts = &plan.facts;
    let note = format!("snapshot {} of {}", facts.snapshot_id, facts.created_at);
    let details = pairs([
        ("snapshot_arn", facts.snapshot_arn.clone()),
        ("engine", format!("{} {}", facts.engine, facts.engine_version)),
        ("gib", facts.allocated_gib.to_string()),
    ]);
    Done { details, plan: Some(plan), ..done(How::Did, note) }
}
