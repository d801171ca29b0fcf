//! Restore sets: who may vote, what may be decided when, and that in the end all are swapped or none.

use super::book::Book;
use super::job::Job;
use super::records::is_conditional;
use super::state_rules::Findings;
use super::typed::{number, text, texts};
use super::{Excuses, Invariant, Role};
use crate::simulate::knobs::WIDEST_SKEW_MS;
use aurora_restore_local::rds::model::Cluster;
use aurora_restore_local::witness::Seen;
use aurora_restore_local::world::World;
use serde_json::Value;
use std::collections::BTreeMap;

/// So long after the decision to swap, members that are not swapped may send all back, by clocks that
/// differ: an hour.
const LEAST_SETTLING_MS: i64 = 3_600_000 - 3 * WIDEST_SKEW_MS;

/// The votes of a set, as they lie in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    members: i64,
    deadline: i64,
    decision: String,
    decided_at: i64,
    why: String,
    votes: BTreeMap<String, String>,
}

impl Tally {
    fn read(item: &Value) -> Self {
        let decision = text(item, "decision").unwrap_or_default();
        let decision: Value = serde_json::from_str(decision).unwrap_or_default();
        let part = |name: &str| decision[name].as_str().unwrap_or_default().to_owned();
        let word = |vote: String| vote.split(' ').next().unwrap_or_default().to_owned();
        Self {
            members: number(item, "members").unwrap_or_default(),
            deadline: number(item, "deadline").unwrap_or_default(),
            decision: part("is"),
            decided_at: decision["at_ms"].as_i64().unwrap_or_default(),
            why: part("why"),
            votes: texts(item, "votes").into_iter().map(|(job, vote)| (job, word(vote))).collect(),
        }
    }

    /// Whether it is decided that nothing is swapped.
    fn is_against(&self) -> bool {
        matches!(self.decision.as_str(), "abandoned" | "back")
    }

    /// Whether its members may rename anything: one that has asked before all go back may come late.
    fn lets_swap(&self) -> bool {
        matches!(self.decision.as_str(), "swap" | "done" | "back")
    }

    fn may_become(&self, next: &str) -> bool {
        let after: &[&str] = match self.decision.as_str() {
            "" => &["open"],
            "open" => &["open", "swap", "done", "abandoned"],
            "swap" => &["swap", "done", "back"],
            "done" => &["done"],
            "abandoned" => &["abandoned"],
            "back" => &["back"],
            _ => &[],
        };
        after.contains(&next)
    }
}

impl Book {
    pub(super) fn tally_written(&mut self, seen: &Seen<'_>, role: Option<Role>, id: &str) {
        let item = self.item(seen, &format!("set#{id}"), "tally").unwrap_or_default();
        let after = Tally::read(&item);
        let before = self.tallies.insert(id.to_owned(), after.clone()).unwrap_or_default();
        if role.is_none() {
            return;
        }
        let mut wrong = Findings::new();
        if !is_conditional(seen) {
            let text = "the votes of a set were written without a condition".to_owned();
            wrong.push((Invariant::WritesAreConditional, text));
        }
        let mut odd = self.unclaimed_votes(seen, &before, &after);
        if !before.may_become(&after.decision) {
            odd.push(format!("{:?} became {:?}", before.decision, after.decision));
        } else if before.decision != after.decision {
            self.sightings.set_decisions += u64::from(after.decision != "open");
            odd.extend(self.unfounded(seen, id, &before, &after));
        }
        wrong.extend(odd.into_iter().map(|text| (Invariant::SetsAreWhole, text)));
        for (invariant, text) in wrong {
            self.report(seen.record, invariant, text);
        }
    }

    /// Only who has claimed a job votes for it.
    fn unclaimed_votes(&self, seen: &Seen<'_>, before: &Tally, after: &Tally) -> Vec<String> {
        let is_new = |(job, vote): &(&String, &String)| before.votes.get(*job) != Some(*vote);
        let is_foreign = |(job, _): &(&String, &String)| {
            let job = self.jobs.get(*job);
            job.is_none_or(|job| !job.claimers.values().any(|who| who == seen.component))
        };
        let votes = after.votes.iter().filter(is_new).filter(is_foreign);
        votes.map(|(job, vote)| format!("{vote} was voted for {job} by a stranger")).collect()
    }

    /// What a decision lacks.
    fn unfounded(&self, seen: &Seen<'_>, id: &str, was: &Tally, is: &Tally) -> Option<String> {
        let members: Vec<(&String, &Job)> = self.members(id).collect();
        let is_called_off = is.why.starts_with("called off");
        let now = seen.record.at_ms;
        let failed = || members.iter().any(|(_, job)| job.has_failed());
        match is.decision.as_str() {
            "swap" | "done" => {
                let proven = members.iter().filter(|(_, job)| job.is_proven()).count();
                let all = i64::try_from(proven).is_ok_and(|proven| proven == is.members);
                (!all).then(|| format!("{} with {proven} of {} verified", is.decision, is.members))
            }
            "abandoned" => {
                let is_time = now >= is.deadline - 2 * WIDEST_SKEW_MS;
                (!is_time && !is_called_off).then(|| "abandoned before its time".into())
            }
            "back" => {
                let is_time = now >= was.decided_at + LEAST_SETTLING_MS;
                let may = is_time || is_called_off || failed();
                (!may).then(|| "sent back, and no member has failed".into())
            }
            _ => None,
        }
    }

    fn members<'a>(&'a self, set: &'a str) -> impl Iterator<Item = (&'a String, &'a Job)> {
        self.jobs.iter().filter(move |(_, job)| job.set.as_deref() == Some(set))
    }

    /// Whether a member of a set swaps although nothing is decided, or the contrary.
    pub(super) fn swaps_alone(&self, id: &str, job: &Job) -> Option<String> {
        let set = job.set.as_ref()?;
        let tally = self.tallies.get(set).filter(|tally| tally.lets_swap());
        tally.is_none().then(|| format!("job {id} swaps, which set {set} has not decided"))
    }

    /// Whether a job may have failed because its set is not swapped.
    pub(super) fn is_set_against(&self, job: &Job) -> bool {
        let set = job.set.as_ref().and_then(|set| self.tallies.get(set));
        set.is_some_and(Tally::is_against)
    }

    /// In the end, all members are swapped, or none but one that could not be taken back.
    pub(super) fn sets(&self, world: &World, excuses: &Excuses) -> Findings {
        let mut found = Findings::new();
        for (id, job) in &self.jobs {
            let Some(set) = &job.set else { continue };
            let decision = self.tallies.get(set).map_or("", |tally| tally.decision.as_str());
            let has_succeeded = job.state.as_ref().is_some_and(|s| s.status == "succeeded");
            let is_new = |c: &Cluster| job.restored.contains_key(&c.resource_id);
            let holds_name = self.cluster(world, &job.target).is_some_and(is_new);
            let is_judged = !excuses.touched_targets.contains(&job.target);
            let is_swapped = job.replaces().is_some() && holds_name && is_judged;
            let could_go_back = job.failed_code() == Some("set_abandoned");
            if decision != "done" && (has_succeeded || (is_swapped && could_go_back)) {
                let text = format!("job {id} of set {set} is swapped, and the set is {decision:?}");
                found.push((Invariant::SetsAreWhole, text));
            }
        }
        found
    }
}

/// The set that a job belongs to, as its spec says.
pub(super) fn set_of(membership: &str) -> Option<String> {
    let membership: Value = serde_json::from_str(membership).ok()?;
    membership.get("set")?.as_str().map(str::to_owned)
}
