//! What the auditor writes down.

use super::job::Job;
use super::sets::Tally;
use super::slot_rules::Slot;
use super::{Invariant, Setting, Sightings, Violation};
use aurora_restore_local::meter::CallRecord;
use std::collections::{BTreeMap, BTreeSet};

/// So many violations are kept; the rest are counted.
const KEPT: usize = 20;

/// A message as a process has received it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) queue: String,
    pub(super) body: String,
    /// The number of the receive.
    pub(super) call: u64,
}

/// Everything seen so far.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) setting: Setting,
    /// What the names of item resources begin with.
    pub(super) table_slash: String,
    pub(super) dead_letters: String,
    pub(super) needles: Vec<String>,
    pub(super) now_ms: i64,
    pub(super) jobs: BTreeMap<String, Job>,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) slots: BTreeMap<String, Slot>,
    /// The votes of restore sets, by the set.
    pub(super) tallies: BTreeMap<String, Tally>,
    /// The jobs that say that they hold a slot, by the slot.
    pub(super) holding: BTreeMap<String, BTreeSet<String>>,
    pub(super) gone: BTreeSet<String>,
    /// By receipt handle.
    pub(super) deliveries: BTreeMap<String, Delivery>,
    /// Ids of messages that were received, and of those that were sent.
    pub(super) received: BTreeSet<String>,
    pub(super) sent: BTreeSet<String>,
    /// The last write of a job's state that was refused to a process: the number of the call.
    pub(super) refused: BTreeMap<(String, String), u64>,
    /// The last letter that a process has put a body into: the number of the call.
    pub(super) buried: BTreeMap<(String, String), u64>,
    /// Who has sent which wake-ups of which job.
    pub(super) woken: BTreeSet<(String, String, i64)>,
    /// Who was brought a pointer to which job.
    pub(super) pointed: BTreeSet<(String, String)>,
    /// Instances that were created, with their immutable ids.
    pub(super) instances: BTreeMap<String, String>,
    /// Clusters that people have renamed.
    pub(super) moved: BTreeSet<String>,
    /// Snapshot copies that were made, by name, and for which job.
    pub(super) copies: BTreeMap<String, String>,
    pub(super) violations: Vec<Violation>,
    pub(super) count: u64,
    pub(super) sightings: Sightings,
}

impl Book {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            table_slash: format!("{}/", setting.table),
            dead_letters: format!("{}-dead-letters.fifo", setting.queue_prefix),
            needles: super::secrets::needles(&setting.secrets),
            setting,
            now_ms: 0,
            jobs: BTreeMap::new(),
            keys: BTreeMap::new(),
            slots: BTreeMap::new(),
            tallies: BTreeMap::new(),
            holding: BTreeMap::new(),
            gone: BTreeSet::new(),
            deliveries: BTreeMap::new(),
            received: BTreeSet::new(),
            sent: BTreeSet::new(),
            refused: BTreeMap::new(),
            buried: BTreeMap::new(),
            woken: BTreeSet::new(),
            pointed: BTreeSet::new(),
            instances: BTreeMap::new(),
            moved: BTreeSet::new(),
            copies: BTreeMap::new(),
            violations: Vec::new(),
            count: 0,
            sightings: Sightings::default(),
        }
    }

    /// Notes what a call has violated.
    pub(super) fn report(&mut self, record: &CallRecord, invariant: Invariant, text: String) {
        let (call, component) = (record.n, record.component.clone());
        let text = format!("{} {}: {text}", record.operation, record.resource);
        self.note(Violation { invariant, at_ms: record.at_ms, call, component, text });
    }

    /// Notes what is wrong without being a call's doing.
    pub(super) fn report_at_end(&mut self, invariant: Invariant, text: String) {
        let (at_ms, component) = (self.now_ms, "end".to_owned());
        self.note(Violation { invariant, at_ms, call: 0, component, text });
    }

    fn note(&mut self, violation: Violation) {
        self.count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(violation);
        }
    }

    /// A submitter was told that a job is accepted.
    pub(super) fn accepted(&mut self, id: &str, key: &str, target: &str) {
        let first = self.keys.entry(key.to_owned()).or_insert_with(|| id.to_owned()).clone();
        if first != id {
            let text = format!("key {key} means job {first}, and now job {id}");
            self.report_at_end(Invariant::SameKeySameJob, text);
        }
        let job = self.jobs.entry(id.to_owned()).or_default();
        job.is_accepted = true;
        let (is_stored, stored) = (job.state.is_some(), job.target.clone());
        if !is_stored {
            self.report_at_end(
                Invariant::EveryJobEnds,
                format!("job {id} is accepted, not stored"),
            );
        }
        if stored != target {
            let text = format!("job {id} was accepted for {target}, and is for {stored:?}");
            self.report_at_end(Invariant::SameKeySameJob, text);
        }
    }
}
