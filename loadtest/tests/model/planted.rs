//! The model can fail: each bug that is planted into it is found, by the property that is there for
//! it.

use crate::fleet::{Bounds, Fleet};
use crate::properties::{DUE, ENDS, FENCED, LEASE_DUE, LETTERS, ONCE, ONE_HOLDER, STALE, TOLD};
use crate::table::Planted;
use crate::{BAD, CALM};
use stateright::{Checker, HasDiscoveries, Model};
use std::collections::BTreeSet;

/// One takeover, and all endings.
const SMALL: Bounds = Bounds { now: 2, epoch: 2, ..CALM };

/// A counterexample to the property is found in a fleet with the bug; it is printed.
fn finds(bug: Planted, property: &'static str, fleet: Fleet) {
    let fleet = Fleet { planted: Some(bug), ..fleet };
    let first = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = fleet.checker().finish_when(first).spawn_bfs().join();
    let found = checker.discovery(property);
    let found = found.unwrap_or_else(|| panic!("{bug:?} is not found: {property:?} holds"));
    let states = checker.unique_state_count();
    println!("{bug:?}: {property:?} is broken, found after {states} states:");
    println!("  {:?}", found.into_actions());
}

#[test]
fn a_commit_without_the_epoch_condition_is_found() {
    finds(Planted::CommitIgnoresEpoch, FENCED, Fleet::of(2, SMALL));
}

#[test]
fn a_commit_without_the_condition_on_the_number_is_found() {
    finds(Planted::CommitIgnoresSeq, ONCE, Fleet::of(2, BAD));
}

#[test]
fn a_claim_that_forgets_the_due_time_is_found() {
    finds(Planted::ClaimForgetsDue, DUE, Fleet::of(2, SMALL));
}

#[test]
fn a_job_whose_claim_forgets_the_due_time_never_ends() {
    finds(Planted::ClaimForgetsDue, ENDS, Fleet::of(2, SMALL));
}

#[test]
fn a_claim_by_a_stale_message_is_found() {
    finds(Planted::ClaimIgnoresSeq, STALE, Fleet::of(2, SMALL));
}

#[test]
fn maybe_mine_without_a_token_makes_two_ticks_believe_that_they_are_the_one() {
    let fleet = Fleet { is_one_process: true, ..Fleet::of(2, SMALL) };
    finds(Planted::ClaimTrustsOwner, ONE_HOLDER, fleet);
}

#[test]
fn maybe_mine_without_a_token_tells_a_tick_that_anothers_commit_is_its_own() {
    let fleet = Fleet { is_one_process: true, ..Fleet::of(2, SMALL) };
    finds(Planted::ClaimTrustsOwner, TOLD, fleet);
}

#[test]
fn a_dispatcher_that_moves_the_due_time_of_a_claim_is_found() {
    finds(Planted::MoveIgnoresDue, LEASE_DUE, Fleet::of(2, SMALL));
}

#[test]
fn a_wake_up_that_is_always_swallowed_as_a_duplicate_is_found() {
    finds(Planted::MoveForgetsToCount, ENDS, Fleet::of(2, SMALL));
}

#[test]
fn a_dead_letter_that_is_noted_and_not_sent_is_found() {
    finds(Planted::LetterForgotten, LETTERS, Fleet::of(2, SMALL));
}
