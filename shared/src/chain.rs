//! The hash chain over a job's events: pure. Each event carries the hash of the one before it, the
//! first one that of the request; the job's state names the hash of the last one, in the same
//! conditional write that commits what the event tells. So whoever changes, adds or removes a part
//! breaks the chain at that place. What it proves, and what not, is in `docs/evidence.md`.
//!
//! A tick that was fenced has put its event and could not commit: such an event is there, and not
//! on the chain. It is counted as uncommitted, and proves nothing.

use crate::aftercare::Aftercare;
use crate::clock::EpochMs;
use crate::ids::Epoch;
use crate::job::{JobState, Status, StepStatus};
use crate::plan::Plan;
use crate::set::Membership;
use crate::store::{Event, EventEntry, EventOf, KEEP_EVENTS_MS, Spec};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The detail of an event that holds the hash of the plan that was made in it.
pub const PLAN: &str = "plan_sha256";

/// Deleting what has expired takes DynamoDB up to a few days; a week before the time is granted for
/// clocks that differ.
const EXPIRY_SLACK_MS: EpochMs = 7 * 24 * 3600 * 1000;

/// SHA-256 over parts, each with its length before it so that none runs into the next: 43
/// characters, base64 for URLs.
#[must_use]
pub fn digest(parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    URL_SAFE_NO_PAD.encode(sha.finalize())
}

/// What the first event of a job follows: the request, who submitted it and when; of aftercare, what
/// it does, of a member of a restore set, in which, too.
#[must_use]
pub fn genesis(spec: &Spec) -> String {
    let (id, at_ms) = (spec.id.to_string(), spec.created_at_ms.to_string());
    let care = spec.aftercare.as_ref().map(Aftercare::canonical);
    let mut parts = vec!["request 1", &id, &spec.hash, &spec.submitted_by, &at_ms];
    parts.extend(care.as_deref());
    let set = spec.set.as_ref().map(Membership::canonical);
    parts.extend(set.as_deref());
    digest(&parts)
}

/// The hash of a plan, as the event tells it in which the plan was made.
#[must_use]
pub fn plan_hash(plan: &Plan) -> String {
    digest(&["plan 1", &serde_json::to_string(plan).unwrap_or_default()])
}

/// The event that a failed job was set going again, and the state that has it on its chain.
#[must_use]
pub fn retried(
    read: &JobState,
    next: JobState,
    who: &str,
    why: &str,
    at_ms: EpochMs,
) -> (Event, JobState) {
    let failed_step = read.failed_at.as_ref().and_then(|at| at.step);
    let entry = EventEntry {
        step: failed_step.map(|step| step.to_string()),
        what: "retried".into(),
        at_ms,
        took_ms: None,
        note: why.to_owned(),
        details: BTreeMap::new(),
    };
    let event = Event {
        job: read.id,
        epoch: read.epoch,
        of: EventOf::Operator,
        worker: who.to_owned(),
        at_ms,
        prev: read.chain.clone(),
        entries: vec![entry],
    };
    let chain = Some(event.hash());
    (event, JobState { chain, ..next })
}

/// Everything that a chain is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Trail<'a> {
    /// The request.
    pub spec: &'a Spec,
    /// The plan that the state names.
    pub plan: Option<&'a Plan>,
    /// Where the job stands.
    pub state: &'a JobState,
    /// All its events, in any order.
    pub events: &'a [Event],
}

/// What became of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Chain {
    /// Every event from the request to the last commit is there, unchanged.
    Whole {
        /// Events on the chain.
        events: usize,
        /// Events of ticks that could not commit.
        uncommitted: usize,
    },
    /// The oldest events are gone, as old as they had to be for that; the rest is unchanged.
    Expired {
        /// Events on the chain that are there.
        events: usize,
        /// Events of ticks that could not commit.
        uncommitted: usize,
        /// When the oldest one that is there was told, milliseconds since 1970; none: all are gone.
        oldest_at_ms: Option<EpochMs>,
    },
    /// The job was accepted by a release that kept no chain.
    Absent,
    /// Something was changed, added or removed.
    Broken {
        /// Where.
        at: String,
        /// What does not fit.
        why: String,
    },
}

impl Chain {
    /// Whether tampering shows.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken { .. })
    }
}

/// What does not fit, and where.
struct Break {
    at: String,
    why: String,
}

fn broken<T>(at: impl Into<String>, why: impl Into<String>) -> Result<T, Break> {
    Err(Break { at: at.into(), why: why.into() })
}

/// The events on a chain, the newest first, and the hash at which they end.
#[derive(Debug, Clone)]
pub struct Links<'a> {
    /// The events.
    pub events: Vec<&'a Event>,
    /// What the oldest of them follows.
    pub root: Option<String>,
}

impl Links<'_> {
    /// The hashes of the events.
    #[must_use]
    pub fn hashes(&self) -> BTreeSet<String> {
        self.events.iter().map(|event| event.hash()).collect()
    }
}

/// Walks from the last commit back, as far as each event follows one that is there.
#[must_use]
pub fn links<'a>(events: &'a [Event], head: Option<&str>) -> Links<'a> {
    let by_hash: BTreeMap<String, &Event> = events.iter().map(|e| (e.hash(), e)).collect();
    let mut links = Links { events: Vec::new(), root: head.map(str::to_owned) };
    // A hash cannot lie on its own way back, so this ends.
    while let Some(event) = links.root.as_ref().and_then(|hash| by_hash.get(hash)) {
        links.events.push(event);
        links.root.clone_from(&event.prev);
    }
    links
}

/// Judges the chain of a job: what shows is a changed, removed, added or reordered event, a tail that
/// was cut off, another request, another plan.
#[must_use]
pub fn verify(trail: &Trail<'_>, now_ms: EpochMs) -> Chain {
    examine(trail, now_ms).unwrap_or_else(|Break { at, why }| Chain::Broken { at, why })
}

fn examine(trail: &Trail<'_>, now_ms: EpochMs) -> Result<Chain, Break> {
    let Trail { spec, state, events, .. } = trail;
    if spec.hash != spec.request.hash() {
        return broken("request", "is not the one that was accepted: its hash is another");
    }
    if state.chain.is_none() && events.iter().all(|event| event.prev.is_none()) {
        return Ok(Chain::Absent);
    }
    let links = links(events, state.chain.as_deref());
    let first = genesis(spec);
    let is_complete = links.root.as_ref() == Some(&first);
    if !is_complete && now_ms < spec.created_at_ms + KEEP_EVENTS_MS - EXPIRY_SLACK_MS {
        return missing(&links);
    }
    in_order(&links, state)?;
    let uncommitted = others_fit(trail, &links, is_complete.then_some(first.as_str()))?;
    if is_complete {
        state_fits(&links, state)?;
        plan_fits(trail, &links)?;
    }
    let oldest_at_ms = links.events.last().map(|event| event.at_ms);
    let events = links.events.len();
    Ok(if is_complete {
        Chain::Whole { events, uncommitted }
    } else {
        Chain::Expired { events, uncommitted, oldest_at_ms }
    })
}

/// The name of an event, for people.
fn name(event: &Event) -> String {
    match event.of {
        EventOf::Tick => format!("event of epoch {}", event.epoch),
        EventOf::Operator => format!("operator's event after epoch {}", event.epoch),
    }
}

fn missing<T>(links: &Links<'_>) -> Result<T, Break> {
    let what = "was changed or removed, or the request or who submitted it was changed";
    match (links.events.last(), &links.root) {
        (None, _) => broken(
            "head",
            format!("no event has the hash that the job's state names: the last event {what}"),
        ),
        (Some(event), None) => broken(
            name(event),
            "follows nothing: it was added, or the job was accepted by a release without a chain",
        ),
        (Some(event), Some(_)) => {
            broken(name(event), format!("what it follows is not there: the event before it {what}"))
        }
    }
}

/// Committed events come in the order of their epochs, and none from an epoch that never was.
fn in_order(links: &Links<'_>, state: &JobState) -> Result<(), Break> {
    for pair in links.events.windows(2) {
        if let [later, earlier] = pair
            && later.place() <= earlier.place()
        {
            return broken(name(later), format!("follows the {}", name(earlier)));
        }
    }
    match links.events.first() {
        Some(last) if last.epoch > state.epoch || last.job != state.id => {
            broken(name(last), "is of another job, or of an epoch that this one has not reached")
        }
        _ => Ok(()),
    }
}

/// Events that are not on the chain are those of ticks that were fenced: they follow what was
/// committed when they were claimed. Says how many there are.
fn others_fit(trail: &Trail<'_>, links: &Links<'_>, first: Option<&str>) -> Result<usize, Break> {
    let committed = links.hashes();
    let mut seen: BTreeSet<(Epoch, EventOf)> = links.events.iter().map(|e| e.place()).collect();
    let mut uncommitted = 0;
    for event in trail.events {
        if committed.contains(&event.hash()) {
            continue;
        }
        uncommitted += 1;
        if event.epoch > trail.state.epoch {
            return broken(name(event), "was added: the job has not reached this epoch");
        }
        if !seen.insert(event.place()) && event.of == EventOf::Tick {
            return broken(name(event), "was added: there is another one of the same tick");
        }
        let before = links.events.iter().find(|link| link.place() < event.place());
        let follows = before.map(|event| event.hash()).or(first.map(str::to_owned));
        if follows.is_some() && follows != event.prev {
            return broken(name(event), "was added or changed: it follows what was not the last");
        }
    }
    let all = links.events.len() + uncommitted;
    if all != trail.events.len() {
        return broken("events", "one of them is there twice");
    }
    Ok(uncommitted)
}

/// The state says what the events say: that the job has ended, and what was done.
fn state_fits(links: &Links<'_>, state: &JobState) -> Result<(), Break> {
    let entries = || links.events.iter().flat_map(|event| &event.entries);
    let ended = |note: &str| {
        let last = links.events.first().into_iter().flat_map(|event| &event.entries);
        last.filter(|entry| entry.what == "ended").any(|entry| entry.note.starts_with(note))
    };
    let is_told = match state.status {
        Status::Succeeded => ended("succeeded"),
        Status::Failed => ended("failed"),
        _ => true,
    };
    if !is_told {
        let status = state.status.as_str();
        return broken("state", format!("says that the job has {status}, the last event does not"));
    }
    let done = state.steps.iter().filter(|(_, step)| step.status == StepStatus::Done);
    for (step, _) in done {
        let name = Some(step.as_str());
        if !entries().any(|entry| entry.what == "done" && entry.step.as_deref() == name) {
            return broken("state", format!("says that {step} is done, no event does"));
        }
    }
    Ok(())
}

/// The plan that the state names is the one that was made under its epoch.
fn plan_fits(trail: &Trail<'_>, links: &Links<'_>) -> Result<(), Break> {
    let Some(epoch) = trail.state.plan_epoch else { return Ok(()) };
    let Some(plan) = trail.plan else { return broken("plan", "is not there") };
    let of_epoch = links.events.iter().filter(|event| event.epoch == epoch);
    let mut told = of_epoch.flat_map(|e| &e.entries).filter_map(|entry| entry.details.get(PLAN));
    let hash = plan_hash(plan);
    if told.any(|told| *told == hash) {
        return Ok(());
    }
    broken("plan", format!("is not the one that the event of epoch {epoch} tells of"))
}

#[cfg(test)]
mod tests;
