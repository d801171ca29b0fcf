//! A job with everything that is known of it: steps, outputs, audit trail.

use super::{JobView, moment};
use crate::query::JobDetails;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::job::{JobState, StepStatus};
use aurora_restore_shared::plan::{Plan, StepName};
use aurora_restore_shared::request::Request;
use aurora_restore_shared::store::{Event, EventEntry, Spec};
use serde::Serialize;
use std::collections::BTreeMap;

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// Its name.
    pub name: &'static str,
    /// `pending`, `waiting`, `done` or `failed`.
    pub status: String,
    /// How it came to be done: `did`, `found_done`, `took_over`.
    pub how: Option<String>,
    /// Failed attempts.
    pub failed_attempts: u32,
    /// When it was first started.
    pub started_at: Option<String>,
    /// How long it took, or has taken so far.
    pub took_ms: Option<i64>,
}

/// What one tick did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventView {
    /// Its fencing token.
    pub epoch: u64,
    /// The worker.
    pub worker: String,
    /// When it ended.
    pub at: String,
    /// What happened, in order.
    pub entries: Vec<EntryView>,
}

/// One thing that happened in a tick.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntryView {
    /// When.
    pub at: String,
    /// The step it is about.
    pub step: Option<String>,
    /// What.
    pub what: String,
    /// How long the step has taken since it was first started.
    pub took_ms: Option<i64>,
    /// In words.
    pub note: String,
    /// AWS request ids, figures, answers of checks.
    pub details: BTreeMap<String, String>,
}

/// What a job waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitView {
    /// `<kind>#<id>`.
    pub resource: String,
    /// The status that ends the wait.
    pub want: String,
    /// When that is expected; a guess.
    pub expected_at: String,
}

/// A job with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetailsView {
    /// The job, in short.
    pub job: JobView,
    /// The AWS identity that submitted it.
    pub submitted_by: String,
    /// The wake-up it expects next.
    pub seq: Option<u64>,
    /// Its fencing token.
    pub epoch: Option<u64>,
    /// The worker that ticks it now.
    pub worker: Option<String>,
    /// When it will be looked at again at the latest.
    pub due_at: Option<String>,
    /// What it waits for.
    pub waits_for: Option<WaitView>,
    /// Its steps, in order.
    pub steps: Vec<StepView>,
    /// Identifiers that steps have found out.
    pub outputs: BTreeMap<String, String>,
    /// The audit trail, oldest first.
    pub events: Vec<EventView>,
    /// The request.
    pub request: Request,
}

impl DetailsView {
    /// A job at a moment.
    #[must_use]
    pub fn of(details: &JobDetails, now_ms: EpochMs) -> Self {
        let JobDetails { spec, state, plan, events } = details;
        let state = state.as_ref();
        let watch = state.and_then(|state| state.watch.as_ref());
        let lease = state.and_then(|state| state.lease.as_ref());
        Self {
            job: JobView::of(spec, state, now_ms),
            submitted_by: spec.submitted_by.clone(),
            seq: state.map(|state| state.seq.0),
            epoch: state.map(|state| state.epoch.0),
            worker: lease.map(|lease| lease.owner.to_string()),
            due_at: state.and_then(|state| state.due_at_ms).map(moment),
            waits_for: watch.map(|watch| WaitView {
                resource: watch.reference().to_string(),
                want: watch.want.clone(),
                expected_at: moment(watch.expected_at_ms),
            }),
            steps: step_views(spec, state, plan.as_ref(), events, now_ms),
            outputs: state.map(|state| state.outputs.clone()).unwrap_or_default(),
            events: events.iter().map(event_view).collect(),
            request: spec.request.clone(),
        }
    }
}

fn event_view(event: &Event) -> EventView {
    let entry = |e: &EventEntry| EntryView {
        at: moment(e.at_ms),
        step: e.step.clone(),
        what: e.what.clone(),
        took_ms: e.took_ms,
        note: e.note.clone(),
        details: e.details.clone(),
    };
    EventView {
        epoch: event.epoch.0,
        worker: event.worker.clone(),
        at: moment(event.at_ms),
        entries: event.entries.iter().map(entry).collect(),
    }
}

fn step_views(
    spec: &Spec,
    state: Option<&JobState>,
    plan: Option<&Plan>,
    events: &[Event],
    now_ms: EpochMs,
) -> Vec<StepView> {
    let view = |name: StepName| {
        let step = state.and_then(|state| state.steps.get(&name));
        let so_far = step.filter(|s| s.status == StepStatus::Waiting).map(|s| now_ms - s.since_ms);
        StepView {
            name: name.as_str(),
            status: step.map_or_else(|| "pending".into(), |step| step.status.to_string()),
            how: step.and_then(|step| step.how).map(|how| how.to_string()),
            failed_attempts: step.map_or(0, |step| step.attempts),
            started_at: step.map(|step| moment(step.since_ms)),
            took_ms: step.and(so_far.or_else(|| took(events, name))),
        }
    };
    spec.steps_of(plan).into_iter().map(view).collect()
}

/// How long a step took, by the last event that ended it.
fn took(events: &[Event], name: StepName) -> Option<i64> {
    let entries = events.iter().rev().flat_map(|event| event.entries.iter().rev());
    let mut of_step = entries.filter(|e| e.step.as_deref() == Some(name.as_str()));
    of_step.find(|e| matches!(e.what.as_str(), "done" | "failed"))?.took_ms
}
