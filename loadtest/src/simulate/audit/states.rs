//! Writes of `job#<id>` / `state`.

use super::book::Book;
use super::job::{Job, plan_key};
use super::records::body;
use super::slot_rules::Slot;
use super::state::{Change, State};
use super::state_rules::{Findings, StateWrite};
use super::typed::number;
use super::{Invariant, Role};
use aurora_restore_local::witness::Seen;
use serde_json::Value;

/// A job counts as poisoned after five claims without a commit; the commit that says so may itself
/// meet with faults a few times.
const MOST_CLAIMS: u32 = 15;

/// A tick that finds the holder of a slot ended gives that slot free, unless the table is out of
/// reach or the holder has just ended.
const MOST_VAIN_WAITS: u32 = 5;

impl Book {
    pub(super) fn state_written(&mut self, seen: &Seen<'_>, role: Option<Role>, id: &str) {
        let after = self.item(seen, &format!("job#{id}"), "state").map(|item| State::read(&item));
        let before = self.jobs.entry(id.to_owned()).or_default().state.clone();
        if let Some(role) = role {
            for (invariant, text) in
                self.judge_state(seen, role, id, (before.as_ref(), after.as_ref()))
            {
                self.report(seen.record, invariant, text);
            }
            self.sight(seen, before.as_ref(), after.as_ref());
            let change = Change::of(before.as_ref(), after.as_ref());
            self.count_claims(seen, id, change);
            let notes_letter = before.as_ref().is_some_and(|before| before.letter_pending);
            if change == Change::Replay || (change == Change::Commit && !notes_letter) {
                self.jobs.entry(id.to_owned()).or_default().told += 1;
            }
        }
        let job = self.jobs.entry(id.to_owned()).or_default();
        if let Some(after) = &after {
            if before.as_ref().is_none_or(|before| before.epoch != after.epoch) {
                job.claimers.insert(after.epoch, seen.component.to_owned());
            }
            if after.is_ended() {
                job.ended_epoch = Some(after.epoch);
            }
        }
        job.state = after;
        self.hold(seen, id, (before.as_ref(), role));
    }

    fn judge_state(
        &self,
        seen: &Seen<'_>,
        role: Role,
        id: &str,
        (before, after): (Option<&State>, Option<&State>),
    ) -> Findings {
        let job = self.jobs.get(id);
        let body = body(seen);
        let write = StateWrite {
            component: seen.component,
            body: &body,
            before,
            after,
            claimer: before.and_then(|before| job?.claimer(before.epoch)),
            may_replay: self.may_replay(seen, role, id),
            wake_up_sent: before
                .is_some_and(|before| self.has_woken(seen.component, id, before.seq)),
            lease_ms: self.setting.lease_ms,
            letter_sent: before.zip(job).is_some_and(|(s, job)| job.letters.contains_key(&s.seq)),
        };
        let mut found = write.findings();
        found.extend(unknown_things(job, before, after));
        if after.is_some_and(|after| after.status == "succeeded")
            && let Some(text) = self.finished_early(seen.world, id)
        {
            found.push((Invariant::OnlyTheDeclaredResult, text));
        }
        found
    }

    /// Whether a caller may set a failed job going: an operator, or who was brought its pointer.
    pub(super) fn may_replay(&self, seen: &Seen<'_>, role: Role, id: &str) -> bool {
        let pointed = (seen.component.to_owned(), id.to_owned());
        role == Role::Operator || self.pointed.contains(&pointed)
    }

    /// A job that ends its workers must end itself, sooner or later.
    fn count_claims(&mut self, seen: &Seen<'_>, id: &str, change: Change) {
        let job = self.jobs.entry(id.to_owned()).or_default();
        match change {
            Change::Claim => job.open_claims += 1,
            Change::Commit => {
                job.open_claims = 0;
                self.waits_in_vain(seen, id);
                return;
            }
            _ => {}
        }
        // A record without a request is a newer release's, and is left to it.
        let (claims, is_ours) = (job.open_claims, job.request.is_some());
        if change == Change::Claim && is_ours && claims > MOST_CLAIMS {
            let text = format!("{claims} claims of job {id}, and no commit");
            self.report(seen.record, Invariant::EveryJobEnds, text);
        }
    }

    /// A slot whose holder has ended is swept by whoever wants it.
    fn waits_in_vain(&mut self, seen: &Seen<'_>, id: &str) {
        let slot = self.jobs.get(id).map(|job| job.slot.clone()).unwrap_or_default();
        let has_ended = |holder: &String| {
            let state = self.jobs.get(holder).and_then(|job| job.state.as_ref());
            state.is_some_and(State::is_ended)
        };
        let in_vain =
            |slot: &Slot| slot.waiting.contains_key(id) && slot.holders.keys().any(has_ended);
        let is_vain = self.slots.get(&slot).is_some_and(in_vain);
        let job = self.jobs.entry(id.to_owned()).or_default();
        job.vain_waits = if is_vain { job.vain_waits + 1 } else { 0 };
        if job.vain_waits > MOST_VAIN_WAITS {
            let text = format!("job {id} waits for {slot}, whose holder has ended");
            self.report(seen.record, Invariant::SlotsAreFair, text);
        }
    }

    /// Counts what was seen.
    fn sight(&mut self, seen: &Seen<'_>, before: Option<&State>, after: Option<&State>) {
        match Change::of(before, after) {
            Change::Claim => {
                self.sightings.claims += 1;
                match before.and_then(|before| before.owner.as_ref()) {
                    Some(owner) if self.gone.contains(owner) => {
                        self.sightings.takeovers_of_dead += 1
                    }
                    Some(owner) if owner != seen.component => {
                        self.sightings.takeovers_of_living += 1
                    }
                    _ => {}
                }
            }
            Change::Commit => {
                self.sightings.commits += 1;
                let is_parked =
                    |state: Option<&State>| state.is_some_and(|s| s.parked_code.is_some());
                let (was, is) = (is_parked(before), is_parked(after));
                self.sightings.parkings += u64::from(!was && is);
                self.sightings.unparkings += u64::from(was && !is);
            }
            Change::Renewal => self.sightings.renewals += 1,
            Change::Replay => self.sightings.replays += 1,
            _ => {}
        }
    }

    /// A write of a state was refused by its condition.
    pub(super) fn state_refused(&mut self, seen: &Seen<'_>, pk: &str) {
        let Some(id) = pk.strip_prefix("job#") else { return };
        let who = (seen.component.to_owned(), id.to_owned());
        self.refused.insert(who, seen.record.n);
        let body = body(seen);
        let values = body.get("ExpressionAttributeValues").unwrap_or(&Value::Null);
        let has = |name: &str| values.get(name).is_some();
        let expected = self.jobs.get(id).and_then(|job| Some(job.state.as_ref()?.seq));
        if has(":owner") && has(":now") {
            if number(values, ":seq") == expected {
                self.sightings.claim_races += 1;
            } else {
                self.sightings.stale_claims += 1;
            }
        } else if has(":mine") || has(":epoch") {
            self.sightings.fenced_writes += 1;
        }
    }
}

/// What a state names for the first time is there: its request, its plan, its cluster.
fn unknown_things(job: Option<&Job>, before: Option<&State>, after: Option<&State>) -> Findings {
    let mut found = Findings::new();
    if before.is_none() && job.is_none_or(|job| job.request.is_none()) {
        found.push((Invariant::EveryJobEnds, "a state was stored before its request".into()));
    }
    let plan = after.and_then(|state| state.plan_epoch);
    if let Some(epoch) = plan.filter(|_| before.and_then(|state| state.plan_epoch) != plan)
        && job.is_none_or(|job| !job.plans.contains_key(&plan_key(epoch)))
    {
        let text = format!("the state names the plan of epoch {epoch}, which is not there");
        found.push((Invariant::PlansStayPut, text));
    }
    let cluster = after.and_then(State::resource_id);
    if let Some(cluster) = cluster.filter(|_| before.and_then(State::resource_id) != cluster)
        && job.is_none_or(|job| job.follows.is_none() && !job.restored.contains_key(cluster))
    {
        let text = format!("{cluster} is recorded, which was not restored for this job");
        found.push((Invariant::OnlyOwnResources, text));
    }
    found
}
