//! What the events of a job tell: answers of checks, differences, masking, requests.

use super::{
    AwsRequest, CheckPart, CheckVerdict, EntryPart, EventPart, MaskingPart, ScriptPart, SetGoing,
    SettingDifference, SettingsPart,
};
use crate::view::moment;
use aurora_restore_shared::chain::{Chain, PLAN, links};
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::job::JobState;
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::request::{Check, Mask};
use aurora_restore_shared::store::{Event, EventEntry, EventOf};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The detail that names AWS requests.
const AWS_REQUEST: &str = "aws_request_id";

/// A job's events, the oldest first, and which of them count.
pub(super) struct Trail<'a> {
    events: Vec<&'a Event>,
    committed: BTreeSet<String>,
}

impl<'a> Trail<'a> {
    /// Events on the chain count; where there is none that holds, all do, and the verdict says so.
    pub(super) fn of(state: &JobState, events: &'a [Event], chain: &Chain) -> Self {
        let committed = match chain {
            Chain::Absent | Chain::Broken { .. } => events.iter().map(Event::hash).collect(),
            _ => links(events, state.chain.as_deref()).hashes(),
        };
        let mut events: Vec<&Event> = events.iter().collect();
        events.sort_by_key(|event| event.place());
        Self { events, committed }
    }

    fn counting(&self) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.events.iter().copied().filter(|event| self.committed.contains(&event.hash()))
    }

    /// What happened in ticks that were committed.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &'a EventEntry> {
        let ticks = self.counting().filter(|event| event.of == EventOf::Tick);
        ticks.flat_map(|event| event.entries.iter())
    }

    /// What happened in one step.
    pub(super) fn of_step(
        &self,
        step: StepName,
    ) -> impl DoubleEndedIterator<Item = &'a EventEntry> {
        self.entries().filter(move |entry| entry.step.as_deref() == Some(step.as_str()))
    }

    /// When a worker took the job first.
    pub(super) fn taken_ms(&self) -> Option<EpochMs> {
        self.entries().map(began).min()
    }

    /// When a step was done.
    pub(super) fn done_ms(&self, step: StepName) -> Option<EpochMs> {
        self.of_step(step).rev().find(|entry| entry.what == "done").map(|entry| entry.at_ms)
    }

    pub(super) fn event_parts(&self) -> Vec<EventPart> {
        let part = |event: &&Event| {
            let hash = event.hash();
            EventPart {
                epoch: event.epoch.0,
                by_operator: event.of == EventOf::Operator,
                who: event.worker.clone(),
                at: moment(event.at_ms),
                committed: self.committed.contains(&hash),
                hash,
                prev: event.prev.clone(),
                entries: event.entries.iter().map(entry_part).collect(),
            }
        };
        self.events.iter().map(part).collect()
    }
}

fn entry_part(entry: &EventEntry) -> EntryPart {
    EntryPart {
        at: moment(entry.at_ms),
        step: entry.step.clone(),
        what: entry.what.clone(),
        took_ms: entry.took_ms,
        note: entry.note.clone(),
        details: entry.details.clone(),
    }
}

/// When that began of which an entry tells.
pub(super) fn began(entry: &EventEntry) -> EpochMs {
    entry.at_ms - entry.took_ms.unwrap_or(0)
}

/// The rest of a name that begins so: `check rows` and `check.rows` are `rows` of `check`.
fn after<'a>(name: &'a str, begins: &str) -> Option<&'a str> {
    name.strip_prefix(begins)?.strip_prefix([' ', '.'])
}

/// Every detail whose name has one of these beginnings, without it; later ones win.
fn told<'e>(
    entries: impl Iterator<Item = &'e EventEntry>,
    kinds: &[&str],
) -> BTreeMap<String, String> {
    let rest = |name: &'e str| kinds.iter().find_map(|kind| after(name, kind));
    let details = entries.flat_map(|entry| &entry.details);
    let named = details.filter_map(|(name, text)| Some((rest(name)?.to_owned(), text.clone())));
    named.collect()
}

/// The checks of the verification, with what it tells of them.
pub(super) fn checks(trail: &Trail<'_>, asked: &[Check]) -> Vec<CheckPart> {
    answered(&trail.of_step(StepName::VerifyRestore).collect::<Vec<_>>(), asked)
}

/// Checks with what a step tells of them.
fn answered(entries: &[&EventEntry], asked: &[Check]) -> Vec<CheckPart> {
    let told = told(entries.iter().copied(), &["check", "proof"]);
    let failed = entries.iter().filter(|entry| entry.what == "failed");
    let failed: Vec<&str> = failed.map(|entry| entry.note.as_str()).collect();
    asked.iter().map(|check| check_part(check, told.get(&check.name), &failed)).collect()
}

fn check_part(check: &Check, told: Option<&String>, failed: &[&str]) -> CheckPart {
    let expected = check.expect.to_string();
    let (verdict, answer) = match told.map(String::as_str) {
        Some(told) => {
            let is_failed = told.starts_with("FAILED");
            let answer = told.split_once(": ").map_or(told, |(_, answer)| answer);
            let answer = answer.strip_suffix(&format!(" (expected {expected})")).unwrap_or(answer);
            let passed = if is_failed { CheckVerdict::Failed } else { CheckVerdict::Passed };
            (passed, Some(answer.to_owned()))
        }
        None => answer_in_failure(check, failed),
    };
    CheckPart { name: check.name.clone(), sql: check.sql.clone(), expected, answer, verdict }
}

/// A check that failed is told in the words of the failure.
fn answer_in_failure(check: &Check, failed: &[&str]) -> (CheckVerdict, Option<String>) {
    let begins = format!("{:?} answered ", check.name);
    let ends = format!(", expected {}", check.expect);
    let mut answers = failed.iter().filter_map(|text| {
        let (_, rest) = text.split_once(&begins)?;
        Some(rest.split_once(&ends)?.0.to_owned())
    });
    match answers.next_back() {
        Some(answer) => (CheckVerdict::Failed, Some(answer)),
        None => (CheckVerdict::NotRun, None),
    }
}

/// What the verification told besides checks and settings.
pub(super) fn also_verified(trail: &Trail<'_>) -> BTreeMap<String, String> {
    let is_other = |name: &str| {
        let elsewhere = ["check", "setting", "mask", "proof", "old"];
        let is_elsewhere = elsewhere.iter().any(|kind| after(name, kind).is_some());
        !is_elsewhere && !["how", "code", AWS_REQUEST, PLAN].contains(&name)
    };
    let details = trail.of_step(StepName::VerifyRestore).flat_map(|entry| &entry.details);
    let others = details.filter(|(name, _)| is_other(name));
    others.map(|(name, text)| (name.clone(), text.clone())).collect()
}

pub(super) fn settings(trail: &Trail<'_>, compare_asked_for: bool) -> SettingsPart {
    let difference = |(name, text): (String, String)| {
        let (source, restored) = text.split_once(" → ").unwrap_or(("", &text));
        let (source, restored) = (source.to_owned(), restored.to_owned());
        SettingDifference { name, source, restored }
    };
    let differences = told(trail.entries(), &["setting"]).into_iter().map(difference).collect();
    SettingsPart { compare_asked_for, differences }
}

pub(super) fn masking(trail: &Trail<'_>, mask: &Mask) -> MaskingPart {
    let script = |script: &aurora_restore_shared::request::Script| ScriptPart {
        name: script.name.clone(),
        sha256: Sha256::digest(&script.sql).iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let done = trail.of_step(StepName::MaskData).rev().find(|entry| entry.what == "done");
    MaskingPart {
        scripts: mask.scripts.iter().map(script).collect(),
        done_at: done.map(|entry| moment(entry.at_ms)),
        told: told(trail.of_step(StepName::MaskData), &["mask", "script"]),
        proof: answered(&trail.of_step(StepName::MaskData).collect::<Vec<_>>(), &mask.proof),
    }
}

/// What became of the cluster that had the name before: details and outputs named `old...`.
pub(super) fn old_cluster(
    trail: &Trail<'_>,
    outputs: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let named = |(name, text): (&String, &String)| {
        let rest = after(name, "old").or_else(|| name.strip_prefix("old_"))?;
        Some((rest.to_owned(), text.clone()))
    };
    let told = trail.entries().flat_map(|entry| &entry.details).filter_map(named);
    told.chain(outputs.iter().filter_map(named)).collect()
}

pub(super) fn aws_requests(trail: &Trail<'_>) -> Vec<AwsRequest> {
    let requests = |entry: &EventEntry| {
        let ids = entry.details.get(AWS_REQUEST).cloned().unwrap_or_default();
        let what = entry.details.get("code").map_or("accepted", String::as_str).to_owned();
        let step = entry.step.clone().unwrap_or_default();
        let at = moment(entry.at_ms);
        let ids: Vec<String> =
            ids.split(", ").filter(|id| !id.is_empty()).map(str::to_owned).collect();
        ids.into_iter().map(move |request_id| AwsRequest {
            step: step.clone(),
            at: at.clone(),
            what: what.clone(),
            request_id,
        })
    };
    trail.entries().flat_map(requests).collect()
}

pub(super) fn set_going_again(trail: &Trail<'_>) -> Vec<SetGoing> {
    let operators = trail.counting().filter(|event| event.of == EventOf::Operator);
    let deeds = operators.flat_map(|event| event.entries.iter().map(move |entry| (event, entry)));
    let deed = |(event, entry): (&Event, &EventEntry)| SetGoing {
        at: moment(entry.at_ms),
        by: event.worker.clone(),
        reason: entry.note.clone(),
    };
    deeds.map(deed).collect()
}
