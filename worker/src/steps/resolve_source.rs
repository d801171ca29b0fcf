//! `resolve_source`: wants the source pinned by ARN and the plan made.

use crate::step::{Done, Outcome, StepContext, StepResult, Waiting, done, pairs};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::facts;
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::fault::Faults;
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::{Plan, plan};
use aurora_restore_shared::request::{SnapshotPick, Source};
use aurora_restore_shared::watch::{Watch, WatchKind};

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let request = &cx.spec.request;
    let facts = match facts::read(&cx.worker.env, request).await {
        Ok(facts) => facts,
        Err(failure) => return wait_for_snapshot(&cx, failure),
    };
    let plan = plan(request, &facts).map_err(|faults| refused(&faults))?;
    let plan = if cx.spec.set.is_some() { plan.in_set() } else { plan };
    Ok(pinned(plan).into())
}

/// A snapshot that is still being made is waited for; any other failure stays one.
fn wait_for_snapshot(cx: &StepContext<'_>, failure: Failure) -> StepResult {
    let Source::Snapshot(source) = &cx.spec.request.source else { return Err(failure) };
    match source.pick() {
        Some(SnapshotPick::Exactly(id)) if failure.kind == FailureKind::Busy => {
            let operation = Operation::MakeSnapshot;
            let wait = cx.wait_for(WatchKind::Snapshot, operation, &failure.text);
            let id = id.rsplit("cluster-snapshot:").next().unwrap_or(id).to_owned();
            let (account, region) = (source.account.clone(), source.region.clone());
            let watch = Watch { account, region, id, ..wait.watch };
            Ok(Outcome::WaitFor(Waiting { watch, ..wait }))
        }
        _ => Err(failure),
    }
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
