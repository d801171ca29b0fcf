//! How far a job is: which step, how many are done, how long it has taken, how long it may take.

use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::job::{JobState, Status, StepStatus};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::store::Spec;

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The step it is at; the failed one of a failed job; none when it has succeeded.
    pub step: Option<StepName>,
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub all: usize,
    /// Since it was accepted, until now or its end, milliseconds.
    pub elapsed_ms: i64,
    /// Until what it waits for is expected, milliseconds; none when that is not known. A guess.
    pub remaining_ms: Option<i64>,
}

impl Progress {
    /// How far a job is at a moment.
    #[must_use]
    pub fn of(spec: &Spec, state: &JobState, now_ms: EpochMs) -> Self {
        // What has ended well had the steps that it has done; until then they are a guess.
        let names: Vec<StepName> = match state.status {
            Status::Succeeded => state.steps.keys().copied().collect(),
            _ => spec.step_names(),
        };
        let is =
            |name: &StepName, status| state.steps.get(name).is_some_and(|s| s.status == status);
        let done = names.iter().filter(|name| is(name, StepStatus::Done)).count();
        let waiting = names.iter().find(|name| is(name, StepStatus::Waiting));
        let next = || names.iter().find(|name| !is(name, StepStatus::Done));
        let step = match state.status {
            Status::Succeeded => None,
            Status::Failed => state.failed_at.as_ref().and_then(|at| at.step),
            _ => waiting.or_else(next).copied(),
        };
        let until = state.ended_at_ms.unwrap_or(now_ms);
        let watch = state.watch.as_ref().filter(|_| !state.status.is_ended());
        Self {
            step,
            done,
            all: names.len(),
            elapsed_ms: (until - state.created_at_ms).max(0),
            remaining_ms: watch.map(|watch| (watch.expected_at_ms - now_ms).max(0)),
        }
    }
}
