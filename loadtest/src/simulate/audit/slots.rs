//! Writes of slots, and who works on which target.

use super::book::Book;
use super::records::is_conditional;
use super::slot_rules::Slot;
use super::state::State;
use super::{Invariant, Role};
use aurora_restore_local::witness::Seen;

impl Book {
    pub(super) fn slot_written(&mut self, seen: &Seen<'_>, role: Option<Role>, pk: &str) {
        let after = self.item(seen, pk, "slots").map(|item| Slot::read(&item)).unwrap_or_default();
        let before = self.slots.insert(pk.to_owned(), after.clone()).unwrap_or_default();
        if role.is_none() {
            return;
        }
        let mut wrong = Vec::new();
        if !is_conditional(seen) {
            let text = "a slot was written without a condition".to_owned();
            wrong.push((Invariant::WritesAreConditional, text));
        }
        if after.holders.len() > 1 {
            let text = format!("{:?} hold it at once", after.holders.keys());
            wrong.push((Invariant::SlotsAreFair, text));
        }
        for (job, place) in before.granted(&after) {
            if let Some(other) = after.passed_over(place) {
                let text = format!("{job} was granted it before {other}");
                wrong.push((Invariant::SlotsAreFair, text));
            }
        }
        for (job, place) in before.left(&after) {
            if self.still_wants(job, place.epoch) {
                let text = format!("{job} was dropped from it, and has not ended");
                wrong.push((Invariant::SlotsAreFair, text));
            }
        }
        let new = after.waiting.keys().filter(|job| !before.waiting.contains_key(*job)).count();
        self.sightings.slot_waits += u64::try_from(new).unwrap_or_default();
        for (invariant, text) in wrong {
            self.report(seen.record, invariant, text);
        }
    }

    /// Whether a job that took a place in an epoch has not ended since.
    fn still_wants(&self, id: &str, epoch: i64) -> bool {
        let Some(job) = self.jobs.get(id) else { return false };
        let has_ended = job.state.as_ref().is_none_or(State::is_ended);
        // Aftercare needs the name only until what is to go has another one.
        let is_aftercare = job.follows.is_some();
        !has_ended && !is_aftercare && job.ended_epoch.is_none_or(|ended| epoch > ended)
    }

    /// Takes in whether a job says, after a write of its state, that it holds its target.
    pub(super) fn hold(
        &mut self,
        seen: &Seen<'_>,
        id: &str,
        (before, role): (Option<&State>, Option<Role>),
    ) {
        let Some(job) = self.jobs.get(id) else { return };
        let (slot, holds) = (job.slot.clone(), job.state.as_ref().is_some_and(|s| s.holds_target));
        if holds == before.is_some_and(|state| state.holds_target) {
            return;
        }
        let holding = self.holding.entry(slot.clone()).or_default();
        if !holds {
            holding.remove(id);
            return;
        }
        holding.insert(id.to_owned());
        let rival = holding.iter().find(|other| *other != id).cloned();
        let mut wrong = rival.map(|rival| format!("{id} holds {slot}, and so does {rival}"));
        if !self.is_holder(&slot, id) {
            wrong = wrong.or(Some(format!("{id} says that it holds {slot}, and does not")));
        }
        if let Some(text) = wrong.filter(|_| role.is_some()) {
            self.report(seen.record, Invariant::OneJobPerTarget, text);
        }
    }

    /// Whether a job holds a slot, by the table.
    pub(super) fn is_holder(&self, slot: &str, id: &str) -> bool {
        self.slots.get(slot).is_some_and(|slot| slot.holders.contains_key(id))
    }
}
