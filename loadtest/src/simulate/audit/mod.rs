//! The auditor: looks on at every call and says what of that which must always hold did not.
//!
//! It judges by the local cloud's own record, of what was called and what changed, and reads the
//! wire by itself: never by what the fleet says of itself, and never through the fleet's code.

mod acks;
mod book;
mod chain;
mod copies;
mod effects;
mod ends;
mod invariant;
mod job;
mod records;
mod secrets;
mod sets;
mod sightings;
mod slot_rules;
mod slots;
mod state;
mod state_rules;
mod states;
mod swaps;
mod typed;

pub use invariant::Invariant;
pub use sightings::Sightings;

use crate::sim::Volumes;
use aurora_restore_local::call::Service;
use aurora_restore_local::witness::{Seen, Witness};
use aurora_restore_local::world::World;
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::ids::JobId;
use book::Book;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the fleet under audit is, and what it must not touch or tell.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The account.
    pub account: String,
    /// The Region of the table and of the queues.
    pub region: String,
    /// Other places where clusters are restored: account and Region.
    pub spokes: Vec<(String, String)>,
    /// What is in the databases.
    pub volumes: Volumes,
    /// The name of the table.
    pub table: String,
    /// What the names of the queues begin with.
    pub queue_prefix: String,
    /// The lease of the workers, milliseconds.
    pub lease_ms: i64,
    /// Passwords: they may be nowhere but in secrets and in the call that sets one.
    pub secrets: Vec<String>,
    /// The clusters that restores are made from.
    pub source_clusters: BTreeSet<String>,
}

impl Setting {
    /// Where clusters are restored: account and Region.
    fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        let spokes = self.spokes.iter().map(|(account, region)| (&**account, &**region));
        std::iter::once((&*self.account, &*self.region)).chain(spokes)
    }
}

/// What explains that not everything ended well.
#[derive(Debug, Clone, Default)]
pub struct Excuses {
    /// Any job may have failed with these.
    pub any: BTreeSet<FailureCode>,
    /// One job may have failed with these.
    pub of_job: BTreeMap<JobId, BTreeSet<FailureCode>>,
    /// Dead letters may be gone: their retention has passed.
    pub lost_letters: bool,
    /// Pointers that people have thrown away after SQS had moved them back: the job, and the number
    /// that each named.
    pub lost_pointers: BTreeSet<(String, i64)>,
    /// Pointers of failures that a `retry`, which AWS stopped half-way, has not taken back.
    pub left_pointers: BTreeSet<(String, i64)>,
    /// Whether the fleet has gone on until what was to go should have gone.
    pub has_lingered: bool,
    /// Clusters that people have deleted, renamed or tagged anew.
    pub touched_targets: BTreeSet<String>,
}

/// Something that must always hold did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What.
    pub invariant: Invariant,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The number of the call that brought it about; 0 for what was found at the end.
    pub call: u64,
    /// Who made the call.
    pub component: String,
    /// In words.
    pub text: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { invariant, at_ms, call, component, text } = self;
        write!(f, "{} (call {call} of {component} at {at_ms}): {text}", invariant.name())
    }
}

/// The auditor of one run. Cheap to clone; all clones are the same one.
#[derive(Debug, Clone)]
pub struct Auditor(Arc<Mutex<Book>>);

struct Onlooker(Auditor);

impl Witness for Onlooker {
    fn saw(&mut self, seen: &Seen<'_>) {
        self.0.book().saw(seen);
    }
}

impl Auditor {
    /// An auditor who has seen nothing yet. It must look on before the first job is submitted.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self(Arc::new(Mutex::new(Book::new(setting))))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The eyes of this auditor, for `Cloud::watched_by`.
    #[must_use]
    pub fn witness(&self) -> impl Witness + 'static {
        Onlooker(self.clone())
    }

    /// A submitter was told that its request is accepted.
    pub fn accepted(&self, job: JobId, key: &str, target: &str) {
        self.book().accepted(&job.to_string(), key, target);
    }

    /// A worker process is gone for good: it crashed, or was drained.
    pub fn process_ended(&self, component: &str) {
        self.book().gone.insert(component.to_owned());
    }

    /// Takes note of what only the runner can see.
    pub fn report(&self, invariant: Invariant, text: &str) {
        self.book().report_at_end(invariant, text.to_owned());
    }

    /// The first violations, in the order in which they were found.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.book().violations.clone()
    }

    /// How many violations there were in all.
    #[must_use]
    pub fn violation_count(&self) -> u64 {
        self.book().count
    }

    /// Judges what is left in the end, when faults have stopped and everybody had the time to end.
    pub fn finish(&self, world: &World, excuses: &Excuses) {
        self.book().finish(world, excuses);
    }

    /// What was really seen.
    #[must_use]
    pub fn sightings(&self) -> Sightings {
        self.book().sightings
    }
}

impl Book {
    /// Judges one call.
    fn saw(&mut self, seen: &Seen<'_>) {
        let role = Role::of(seen.component);
        self.now_ms = seen.record.at_ms;
        if let Some(role) = role {
            self.sightings.calls += 1;
            self.look_for_secrets(seen);
            match seen.call.service {
                Service::Rds => self.rds_called(seen),
                Service::Sqs => self.sqs_called(seen, role),
                Service::Dynamodb => self.ours_wrote(seen, role),
                _ => {}
            }
        } else if seen.call.service == Service::Dynamodb {
            self.stranger_wrote(seen);
        } else if seen.call.operation == "ModifyDBCluster" && seen.record.outcome == "ok" {
            self.moved.insert(seen.record.resource.clone());
        }
    }
}

/// Which of our processes a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Worker,
    Submitter,
    Operator,
}

impl Role {
    /// `None` for those that are not ours, and may do anything.
    fn of(component: &str) -> Option<Self> {
        let number = component.strip_prefix('w').and_then(|rest| rest.chars().next());
        if number.is_some_and(|c| c.is_ascii_digit()) {
            return Some(Self::Worker);
        }
        if component.starts_with("submitter-") {
            return Some(Self::Submitter);
        }
        component.starts_with("operator-").then_some(Self::Operator)
    }
}
