//! stub
use aurora_restore_local::witness::{Seen, Witness};
use aurora_restore_local::world::World;
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::ids::JobId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
#[derive(Debug, Clone)]
pub struct Auditor(Arc<Mutex<Vec<Violation>>>);
#[derive(Debug, Clone)]
pub struct Setting {
    pub account: String,
    pub region: String,
    pub table: String,
    pub queue_prefix: String,
    pub lease_ms: i64,
    pub secrets: Vec<String>,
    pub source_clusters: BTreeSet<String>,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invariant {
    EveryJobEnds,
}
#[derive(Debug, Clone)]
pub struct Violation {
    pub invariant: Invariant,
    pub at_ms: i64,
    pub call: u64,
    pub component: String,
    pub text: String,
}
#[derive(Debug, Clone, Default)]
pub struct Excuses {
    pub any: BTreeSet<FailureCode>,
    pub of_job: BTreeMap<JobId, BTreeSet<FailureCode>>,
    pub lost_letters: bool,
    pub touched_targets: BTreeSet<String>,
}
struct W;
impl Witness for W {
    fn saw(&mut self, _s: &Seen<'_>) {}
}
impl Auditor {
    pub fn new(_s: Setting) -> Self {
        Self(Arc::default())
    }
    pub fn witness(&self) -> impl Witness + 'static {
        W
    }
    pub fn accepted(&self, _j: JobId, _k: &str, _t: &str) {}
    pub fn process_ended(&self, _c: &str) {}
    pub fn violations(&self) -> Vec<Violation> {
        self.0.lock().unwrap().clone()
    }
    pub fn finish(&self, _w: &World, _e: &Excuses) {}
    pub fn report(&self, invariant: Invariant, at_ms: i64, text: &str) {
        self.0.lock().unwrap().push(Violation {
            invariant,
            at_ms,
            call: 0,
            component: String::new(),
            text: text.into(),
        })
    }
}
