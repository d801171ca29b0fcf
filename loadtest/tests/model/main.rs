//! The protocol as a state machine, and what becomes of one job in every order of events: claim,
//! lease, wake-up, due time, zombie, lost answer, late request, crash. Checked with `stateright`.
//!
//! `job.rs` states the transitions of the record once more, under the names of the code; `table.rs`
//! the conditional writes; `fleet.rs` who does what, and what befalls whom; `properties.rs` what
//! must hold, what must be reached, and that the job ends from everywhere once faults stop. That the
//! model is of this code is held by `agreement.rs` (pure transitions) and `stored.rs` (conditional
//! writes, in the local cloud's table); that it can fail, by `planted.rs`.
//!
//! What is not in it: more than one job, clocks that differ, an end of the deduplication window (it
//! would let a dead letter be sent twice), what steps do to the outside. The simulation has those.
#![expect(clippy::print_stdout, reason = "says how much was looked at, within which bounds")]

mod agreement;
mod fleet;
mod job;
mod planted;
mod properties;
mod records;
mod state;
mod stored;
mod table;

use fleet::{Bounds, Fleet};
use stateright::{Checker, Model};
use tokio::time::Instant;

/// Where every living worker hears its answers: three claims, the last of a poisoned job.
const CALM: Bounds = Bounds { now: 4, epoch: 3, seq: 3, dispatches: 3, is_network_bad: false };

/// With late requests and lost answers: one takeover.
const BAD: Bounds = Bounds { now: 2, epoch: 2, seq: 3, dispatches: 2, is_network_bad: true };

/// Looks at all states within the bounds, and prints how many there are.
fn check(fleet: Fleet) {
    let (workers, bounds) = (fleet.workers, fleet.bounds);
    let since = Instant::now();
    let checker = fleet.checker().spawn_bfs().join();
    println!(
        "{workers} workers x 1 job: {} states ({} with repeats), depth {}, {:.1} s; all of {bounds:?}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        since.elapsed().as_secs_f64(),
    );
    checker.assert_properties();
}

#[test]
fn two_workers_and_one_job_keep_every_invariant() {
    check(Fleet::of(2, CALM));
}

#[test]
fn two_workers_and_one_job_keep_every_invariant_when_requests_are_late_and_answers_lost() {
    check(Fleet::of(2, BAD));
}

#[test]
fn three_workers_and_one_job_keep_every_invariant() {
    check(Fleet::of(3, CALM));
}

#[test]
fn three_workers_and_one_job_keep_every_invariant_when_requests_are_late_and_answers_lost() {
    check(Fleet::of(3, Bounds { seq: 2, ..BAD }));
}

#[test]
fn two_ticks_of_one_process_are_told_apart_by_their_tokens() {
    check(Fleet { is_one_process: true, ..Fleet::of(2, CALM) });
}
