//! All records of the job that the model reaches, for the tests that hold the code against it.

use crate::CALM;
use crate::fleet::{Bounds, Fleet};
use crate::job::Job;
use crate::state::{State, Time};
use stateright::{Checker, Model, Property};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Records, each with a moment at which the table holds it.
pub type Records = Arc<Mutex<BTreeSet<(Job, Time)>>>;

/// Notes each record. A record is also reached with nobody at work and nothing queued, as all may
/// crash and all may be lost: what differs in that only is looked at once.
pub fn properties() -> Vec<Property<Fleet>> {
    vec![Property::always("each record is noted", |fleet: &Fleet, state: &State| {
        if state.is_quiet() && state.queue.seqs().next().is_none() {
            let records = fleet.records.as_ref().expect("asked for");
            records.lock().expect("nobody panics").insert((state.job, state.now));
        }
        true
    })]
}

/// All records that two workers reach, up to the third claim.
pub fn of_two_workers() -> BTreeSet<(Job, Time)> {
    reached_within(CALM)
}

/// The records of a job that is taken over once.
pub fn of_one_takeover() -> BTreeSet<(Job, Time)> {
    reached_within(Bounds { now: 2, epoch: 2, seq: 2, dispatches: 2, ..CALM })
}

fn reached_within(bounds: Bounds) -> BTreeSet<(Job, Time)> {
    let records = Records::default();
    let fleet = Fleet { records: Some(Arc::clone(&records)), ..Fleet::of(2, bounds) };
    let checker = fleet.checker().spawn_bfs().join();
    assert!(checker.is_done(), "all of them");
    let records = records.lock().expect("nobody panics").clone();
    println!("{} records of {} states, {bounds:?}", records.len(), checker.unique_state_count());
    records
}
