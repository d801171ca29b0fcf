//! The rules that every write of a state keeps: pure.

use super::invariant::Invariant;
use super::state::{Change, State};
use super::typed::number;
use serde_json::Value;

/// What was found, with the invariant that does not hold.
pub(super) type Findings = Vec<(Invariant, String)>;

/// One write of a state by a process of ours.
pub(super) struct StateWrite<'a> {
    pub(super) component: &'a str,
    /// The body of the call.
    pub(super) body: &'a Value,
    pub(super) before: Option<&'a State>,
    pub(super) after: Option<&'a State>,
    /// Who has claimed the epoch that the state had before.
    pub(super) claimer: Option<&'a str>,
    /// Whether the caller is one that may set a failed job going: an operator, or a worker that was
    /// brought its pointer.
    pub(super) may_replay: bool,
    /// The longest that a claim may last, milliseconds.
    pub(super) lease_ms: i64,
    /// Whether a pointer to the job was sent that names the number the state had before.
    pub(super) letter_sent: bool,
    /// Whether the caller has sent the wake-up that the job expected before.
    pub(super) wake_up_sent: bool,
}

impl StateWrite<'_> {
    /// Everything that is wrong with it.
    pub(super) fn findings(&self) -> Findings {
        let change = Change::of(self.before, self.after);
        let mut found = Findings::new();
        if self.body.get("ConditionExpression").is_none() {
            let text = format!("a state was written without a condition ({change:?})");
            found.push((Invariant::WritesAreConditional, text));
        }
        match (self.before, self.after) {
            (_, None) => found.push((Invariant::EveryJobEnds, "a state was removed".into())),
            (None, Some(after)) => created(after, &mut found),
            (Some(before), Some(after)) => {
                self.changed(change, before, after, &mut found);
                kept(before, after, &mut found);
                parked(change, before, after, &mut found);
            }
        }
        if let Some(after) = self.after {
            due(after, &mut found);
        }
        found
    }

    fn changed(&self, change: Change, before: &State, after: &State, found: &mut Findings) {
        if before.status == "succeeded" {
            let text = format!("a job that succeeded was changed ({change:?})");
            found.push((Invariant::TransitionsAreLegal, text));
        }
        match change {
            Change::Claim => self.claimed(before, after, found),
            Change::Commit => {
                self.by_claimer("committed", before, found);
                self.committed(before, after, found);
            }
            Change::Renewal => self.by_claimer("renewed", before, found),
            Change::Moved => self.moved(before, after, found),
            Change::Replay if !self.may_replay => {
                let text = "a failed job was set going by who was not asked to".into();
                found.push((Invariant::TransitionsAreLegal, text));
            }
            Change::Odd => {
                let place = |s: &State| format!("epoch {}, seq {}, {}", s.epoch, s.seq, s.status);
                let text =
                    format!("written without its fence: {} -> {}", place(before), place(after));
                found.push((Invariant::EpochsFence, text));
            }
            _ => {}
        }
    }

    fn value(&self, name: &str) -> Option<i64> {
        self.body.get("ExpressionAttributeValues").and_then(|v| number(v, name))
    }

    /// A due time is moved on by who has read it and has sent the wake-up; nobody else touches it
    /// while the job is held.
    fn moved(&self, before: &State, after: &State, found: &mut Findings) {
        if (before.due_at, before.watches) == (after.due_at, after.watches) {
            return;
        }
        let is_moving_on = self.value(":next").is_some();
        let is_read = is_moving_on && self.value(":due") == before.due_at;
        if before.owner.is_some() && !is_read {
            let text = format!("the due time of a job that {:?} holds was moved", before.owner);
            found.push((Invariant::LiveJobsAreDue, text));
        }
        if is_moving_on && !self.wake_up_sent {
            let text = format!("moved on, and no wake-up was sent for number {}", before.seq);
            found.push((Invariant::SendFirst, text));
        }
    }

    fn claimed(&self, before: &State, after: &State, found: &mut Findings) {
        let value = |name| self.value(name);
        let lasts = after.lease_until.zip(value(":now")).map(|(until, now)| until - now);
        if lasts != Some(self.lease_ms) {
            let text = format!("claimed for {lasts:?} ms, a lease is {}", self.lease_ms);
            found.push((Invariant::LeasesAreRespected, text));
        }
        if after.owner.as_deref() != Some(self.component) {
            let text = format!("claimed in the name of {:?}", after.owner);
            found.push((Invariant::EpochsFence, text));
        }
        if let (Some(owner), Some(until)) = (&before.owner, before.lease_until) {
            match value(":now") {
                Some(now) if now > until => {}
                now => {
                    let text = format!("taken from {owner} until {until} at {now:?} by its clock");
                    found.push((Invariant::LeasesAreRespected, text));
                }
            }
        }
        if value(":seq") != Some(before.seq) {
            let text = format!("claimed for {:?}, the job expects {}", value(":seq"), before.seq);
            found.push((Invariant::StaleWakeUpsChangeNothing, text));
        }
        if !before.is_live() {
            let text = format!("a job was claimed that has {}", before.status);
            found.push((Invariant::TransitionsAreLegal, text));
        }
    }

    fn by_claimer(&self, what: &str, before: &State, found: &mut Findings) {
        if self.claimer != Some(self.component) {
            let text = format!("{what} under epoch {} of {:?}", before.epoch, self.claimer);
            found.push((Invariant::EpochsFence, text));
        }
    }

    fn committed(&self, before: &State, after: &State, found: &mut Findings) {
        if before.owner.is_none() && !before.letter_pending {
            let text = format!("committed again under epoch {}", before.epoch);
            found.push((Invariant::EpochsFence, text));
        }
        if after.owner.is_some() {
            let text = format!("committed, and {:?} holds it still", after.owner);
            found.push((Invariant::TransitionsAreLegal, text));
        }
        if after.token != before.token {
            let text = format!("committed with the token of another claim of {:?}", self.claimer);
            found.push((Invariant::EpochsFence, text));
        }
        if !matches!(after.status.as_str(), "waiting" | "succeeded" | "failed") {
            let text = format!("committed as {}", after.status);
            found.push((Invariant::TransitionsAreLegal, text));
        }
        let owes = before.letter_pending || after.letter_pending;
        if after.status == "failed" && !owes {
            found.push((Invariant::LettersMatch, "a job failed and owes no dead letter".into()));
        }
        if before.letter_pending && !after.letter_pending && !self.letter_sent {
            let text = format!("no dead letter was sent for number {}", before.seq);
            found.push((Invariant::LettersMatch, text));
        }
    }
}

fn created(after: &State, found: &mut Findings) {
    // What follows another job waits from the start.
    let begins = matches!(after.status.as_str(), "queued" | "waiting");
    if !begins || (after.seq, after.epoch) != (1, 0) {
        let text = format!("a state begins as {} {} {}", after.status, after.seq, after.epoch);
        found.push((Invariant::TransitionsAreLegal, text));
    }
}

/// What is due, and what watches.
fn due(after: &State, found: &mut Findings) {
    let is_due = after.due_at.is_some() && after.is_in_due_index;
    let is_out = after.due_at.is_none() && !after.is_in_due_index;
    if (after.is_live() && !is_due) || (!after.is_live() && !is_out) {
        let text = format!("{} with due time {:?}", after.status, after.due_at);
        found.push((Invariant::LiveJobsAreDue, text));
    }
    if after.watches && after.status != "waiting" {
        let text = format!("{} and still watches", after.status);
        found.push((Invariant::LiveJobsAreDue, text));
    }
}

/// What a person must mend is noted, and forgotten, by who has looked: at the end of a tick. What has
/// ended waits for nobody.
fn parked(change: Change, before: &State, after: &State, found: &mut Findings) {
    let (was, is) = (&before.parked_code, &after.parked_code);
    if was != is && matches!(change, Change::Claim | Change::Replay) {
        let text = format!("parked for {was:?} became parked for {is:?} by a {change:?}");
        found.push((Invariant::TransitionsAreLegal, text));
    }
    if is.is_some() && after.is_ended() {
        let text = format!("{}, and still parked for {is:?}", after.status);
        found.push((Invariant::TransitionsAreLegal, text));
    }
}

/// What no write takes away.
fn kept(before: &State, after: &State, found: &mut Findings) {
    for step in before.done() {
        if !after.done().any(|name| name == step) {
            let text = format!("step {step} was done, and is {:?}", after.steps.get(step));
            found.push((Invariant::StepsStayDone, text));
        }
    }
    if before.resource_id().is_some() && after.resource_id() != before.resource_id() {
        let text = format!("cluster {:?} became {:?}", before.resource_id(), after.resource_id());
        found.push((Invariant::StepsStayDone, text));
    }
    if before.plan_epoch.is_some() && after.plan_epoch != before.plan_epoch {
        let text = format!("plan {:?} became {:?}", before.plan_epoch, after.plan_epoch);
        found.push((Invariant::PlansStayPut, text));
    }
}
