//! What a tick has done so far: the job as it changes, and the entries of its event.

use crate::fleet::Worker;
use crate::step::{Done, Waiting};
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::Epoch;
use aurora_restore_shared::job::{Ending, JobState, StepState, StepStatus};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::store::{Event, EventEntry, EventOf};
use std::collections::BTreeMap;

/// The account of one tick.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// The job, as changed so far.
    pub(super) job: JobState,
    /// Whether the job held its target's slot at any time in this tick.
    pub(super) has_held_target: bool,
    worker: String,
    epoch: Epoch,
    entries: Vec<EventEntry>,
}

impl Account {
    pub(super) fn new(worker: &Worker, claimed: &JobState) -> Self {
        let mut account = Self {
            job: claimed.clone(),
            has_held_target: claimed.holds_target,
            worker: worker.id.to_string(),
            epoch: claimed.epoch,
            entries: Vec::new(),
        };
        if claimed.claims > 1 {
            let note = "the worker before did not commit: taken over";
            account.note("claimed", None, worker.now_ms(), note);
        }
        account
    }

    /// The job has its target's slot.
    pub(super) fn take_target(&mut self) {
        self.job.holds_target = true;
        self.has_held_target = true;
    }

    /// Notes something that is about no step, or about a step's start.
    pub(super) fn note(&mut self, what: &str, step: Option<StepName>, at_ms: EpochMs, note: &str) {
        self.entries.push(EventEntry {
            step: step.map(|s| s.to_string()),
            what: what.to_owned(),
            at_ms,
            took_ms: None,
            note: note.to_owned(),
            details: BTreeMap::new(),
        });
    }

    fn step_entry(&mut self, step: StepName, what: &str, at_ms: EpochMs) -> &mut EventEntry {
        let since = self.job.steps.get(&step).map(|s| s.since_ms);
        self.note(what, Some(step), at_ms, "");
        let last = self.entries.len() - 1;
        let entry = &mut self.entries[last];
        entry.took_ms = since.map(|since| at_ms - since);
        entry
    }

    /// The state of a step, which is started now if it never was.
    pub(super) fn start(&mut self, step: StepName, now_ms: EpochMs) -> &mut StepState {
        self.job.steps.entry(step).or_insert_with(|| StepState::started(now_ms))
    }

    /// A step is done.
    pub(super) fn done(&mut self, step: StepName, done: Done, now_ms: EpochMs) {
        let state = self.start(step, now_ms);
        state.status = StepStatus::Done;
        state.retrying_since_ms = None;
        state.how = Some(done.how);
        self.job.outputs.extend(done.outputs);
        let entry = self.step_entry(step, "done", now_ms);
        entry.note = done.note;
        entry.details = done.details;
        entry.details.insert("how".into(), done.how.to_string());
    }

    /// A step waits for a resource.
    pub(super) fn waits(&mut self, step: StepName, waiting: &Waiting, now_ms: EpochMs) {
        let state = self.start(step, now_ms);
        state.status = StepStatus::Waiting;
        state.retrying_since_ms = None;
        self.job.outputs.extend(waiting.outputs.clone());
        let entry = self.step_entry(step, "waiting", now_ms);
        entry.note.clone_from(&waiting.note);
        entry.details.clone_from(&waiting.details);
    }

    /// A step met a failure that may pass.
    pub(super) fn retries(&mut self, step: StepName, failure: &Failure, now_ms: EpochMs) {
        self.failure_entry(step, "retrying", failure, now_ms);
    }

    /// A step met a failure that a person must mend.
    pub(super) fn parks(&mut self, step: StepName, failure: &Failure, now_ms: EpochMs) {
        self.failure_entry(step, "parked", failure, now_ms);
    }

    /// A step has failed for good.
    pub(super) fn failed(&mut self, step: StepName, failure: &Failure, now_ms: EpochMs) {
        self.start(step, now_ms).status = StepStatus::Failed;
        self.failure_entry(step, "failed", failure, now_ms);
    }

    fn failure_entry(&mut self, step: StepName, what: &str, failure: &Failure, now_ms: EpochMs) {
        let entry = self.step_entry(step, what, now_ms);
        entry.note.clone_from(&failure.text);
        entry.details.insert("code".into(), failure.code.to_string());
        if let Some(id) = &failure.request_id {
            entry.details.insert("aws_request_id".into(), id.clone());
        }
    }

    /// The event of this tick, and the job as the commit writes it: the event is the next link of the
    /// job's chain.
    pub(super) fn close(mut self, ending: Ending, now_ms: EpochMs) -> (Event, JobState) {
        let stays_parked = matches!(ending, Ending::Park { .. } | Ending::HandBack { .. });
        if let Some(parked) = self.job.parked.as_ref().filter(|_| !stays_parked) {
            let note = format!("parked no longer: {}", parked.failure.code);
            self.note("unparked", None, now_ms, &note);
        }
        match &ending {
            Ending::Succeed => self.note("ended", None, now_ms, "succeeded"),
            Ending::Fail { failed_at, .. } => {
                self.note("ended", None, now_ms, &format!("failed: {}", failed_at.failure.code));
            }
            Ending::HandBack { .. } => {
                self.note("handed_back", None, now_ms, "given back to the queue");
            }
            Ending::WaitFor { .. }
            | Ending::WaitUntil { .. }
            | Ending::Park { .. }
            | Ending::Again { .. } => {}
        }
        let event = Event {
            job: self.job.id,
            epoch: self.epoch,
            of: EventOf::Tick,
            worker: self.worker,
            at_ms: now_ms,
            prev: self.job.chain.take(),
            entries: self.entries,
        };
        self.job.chain = Some(event.hash());
        (event, self.job.commit(ending, now_ms))
    }
}
