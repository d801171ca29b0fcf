//! Time by stage: when each step began and ended, and how much of that it waited.

use super::Stage;
use super::found::{Trail, began};
use crate::view::moment;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::job::{JobState, StepStatus};
use aurora_restore_shared::plan::{Plan, StepName};
use aurora_restore_shared::store::{EventEntry, Spec};

pub(super) fn stages(
    spec: &Spec,
    plan: Option<&Plan>,
    state: &JobState,
    trail: &Trail<'_>,
    now_ms: EpochMs,
) -> Vec<Stage> {
    let stage = |name: StepName| {
        let entries: Vec<&EventEntry> = trail.of_step(name).collect();
        stage(name, &entries, state, spec.created_at_ms, now_ms)
    };
    spec.steps_of(plan).into_iter().map(stage).collect()
}

fn is_end(entry: &EventEntry) -> bool {
    matches!(entry.what.as_str(), "done" | "failed")
}

fn stage(
    name: StepName,
    entries: &[&EventEntry],
    state: &JobState,
    accepted_ms: EpochMs,
    now_ms: EpochMs,
) -> Stage {
    let step = state.steps.get(&name);
    let is_over = step.is_some_and(|step| step.status != StepStatus::Waiting);
    let told = entries.iter().map(|entry| began(entry)).min();
    let started = told.or(step.map(|step| step.since_ms));
    let last = entries.iter().rev().find(|entry| is_end(entry)).map(|entry| entry.at_ms);
    let ended = last.filter(|_| is_over);
    let until = ended.or(state.ended_at_ms).unwrap_or(now_ms);
    let is_failed = |entry: &&&EventEntry| matches!(entry.what.as_str(), "retrying" | "failed");
    Stage {
        step: name.to_string(),
        status: step.map_or_else(|| "pending".into(), |step| step.status.to_string()),
        how: step.and_then(|step| step.how).map(|how| how.to_string()),
        failed_attempts: entries.iter().filter(is_failed).count(),
        started_at: started.map(moment),
        ended_at: ended.map(moment),
        began_after_ms: started.map(|started| started - accepted_ms),
        took_ms: started.map(|started| until - started),
        waited_ms: started.map(|_| waited(entries, until)),
    }
}

/// From each entry that does not say that the step is done until the next one.
fn waited(entries: &[&EventEntry], until_ms: EpochMs) -> EpochMs {
    let nexts = entries.iter().skip(1).map(|entry| entry.at_ms).chain([until_ms]);
    let pauses = entries.iter().zip(nexts).filter(|(entry, _)| entry.what != "done");
    pauses.map(|(entry, next)| (next - entry.at_ms).max(0)).sum()
}
