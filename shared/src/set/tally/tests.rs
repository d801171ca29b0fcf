//! What votes decide: a table, and every order of votes, failures and hours.

use super::*;
use std::collections::BTreeSet;

const HOUR_MS: EpochMs = 3_600_000;

fn job(n: usize) -> JobId {
    crate::ids::SetId::keyed("tests", "tally").member(n)
}

fn pair() -> Tally {
    Tally::open(2, 12 * HOUR_MS)
}

#[test]
fn all_swap_when_all_are_verified_and_it_is_done_when_all_are_swapped() {
    let first = pair().vote(job(0), Voted::Verified, 1);
    assert_eq!(first.decision, Decision::Open);
    let verified = first.vote(job(1), Voted::Verified, 2);
    assert_eq!(verified.decision, Decision::Swap { at_ms: 2 });
    let half = verified.vote(job(1), Voted::Swapped, 3);
    assert_eq!(half.decision, Decision::Swap { at_ms: 2 });
    assert_eq!(half.vote(job(0), Voted::Swapped, 4).decision, Decision::Done { at_ms: 4 });
}

#[test]
fn members_without_anything_to_swap_are_done_when_all_are_verified() {
    let one = pair().vote(job(0), Voted::Swapped, 1);
    assert_eq!(one.decision, Decision::Open);
    assert_eq!(one.vote(job(1), Voted::Swapped, 2).decision, Decision::Done { at_ms: 2 });
    let mixed = one.vote(job(1), Voted::Verified, 2);
    assert_eq!(mixed.decision, Decision::Swap { at_ms: 2 });
}

#[test]
fn it_is_abandoned_when_not_all_are_verified_in_time() {
    let late = pair().vote(job(0), Voted::Verified, 1).vote(job(1), Voted::Verified, 12 * HOUR_MS);
    let why = "only 1 of 2 members were verified in time".to_owned();
    assert_eq!(late.decision, Decision::Abandoned { at_ms: 12 * HOUR_MS, why });
}

#[test]
fn all_go_back_when_not_all_are_swapped_within_the_hour() {
    let swap = pair().vote(job(0), Voted::Verified, 1).vote(job(1), Voted::Verified, 2);
    let late = swap.vote(job(0), Voted::Swapped, 3).at(2 + HOUR_MS);
    let why = "only 1 of 2 members were swapped within 60 minutes".to_owned();
    assert_eq!(late.decision, Decision::Back { at_ms: 2 + HOUR_MS, why });
    // The last one to come decides, if all are there then.
    let last = swap.vote(job(0), Voted::Swapped, 3);
    let just_now = Tally { decision: Decision::Swap { at_ms: 3 - HOUR_MS }, ..last };
    assert_eq!(just_now.at(3).decision.as_str(), "back");
}

#[test]
fn a_member_that_fails_votes_again_before_all_are_verified_and_sends_all_back_after() {
    let open = pair().vote(job(0), Voted::Verified, 1).fail(job(0), "x", 2);
    assert_eq!((open.decision, open.votes.len()), (Decision::Open, 0));
    let swap = pair().vote(job(0), Voted::Verified, 1).vote(job(1), Voted::Verified, 2);
    let why = format!("job {}: x", job(0));
    assert_eq!(swap.fail(job(0), "x", 3).decision, Decision::Back { at_ms: 3, why });
    // What it had to do is done.
    let swapped = swap.vote(job(0), Voted::Swapped, 3);
    assert_eq!(swapped.fail(job(0), "x", 4), swapped);
}

#[test]
fn calling_it_off_is_too_late_when_all_are_swapped() {
    let open = pair().vote(job(0), Voted::Swapped, 1);
    assert_eq!(open.abandon("x", 2).decision.as_str(), "abandoned");
    let swap = open.vote(job(1), Voted::Verified, 2);
    assert_eq!(swap.abandon("x", 3).decision.as_str(), "back");
    let done = swap.vote(job(1), Voted::Swapped, 3);
    assert_eq!(done.abandon("x", 4), done);
}

/// What may happen to a set of two, an hour or half of one apart.
fn nexts(tally: &Tally, now_ms: EpochMs) -> Vec<Tally> {
    let mut nexts = vec![tally.at(now_ms)];
    for n in 0..2 {
        nexts.push(tally.vote(job(n), Voted::Verified, now_ms));
        nexts.push(tally.vote(job(n), Voted::Swapped, now_ms));
        nexts.push(tally.fail(job(n), "x", now_ms));
    }
    nexts.push(tally.abandon("y", now_ms));
    nexts
}

#[test]
fn in_every_order_of_things_nothing_is_decided_twice_and_all_are_swapped_or_none_is_done() {
    let mut frontier = vec![(pair(), 0)];
    let mut seen = BTreeSet::new();
    while let Some((tally, now_ms)) = frontier.pop() {
        if !seen.insert(format!("{tally:?} {now_ms}")) || now_ms > 14 * HOUR_MS {
            continue;
        }
        for step_ms in [1, HOUR_MS / 2, 12 * HOUR_MS] {
            let now_ms = now_ms + step_ms;
            for next in nexts(&tally, now_ms) {
                let may_follow = match (&tally.decision, &next.decision) {
                    (a, b) if a == b => true,
                    (Decision::Open, _) => true,
                    (Decision::Swap { .. }, Decision::Done { .. } | Decision::Back { .. }) => true,
                    _ => false,
                };
                assert!(may_follow, "{tally:?} to {next:?}");
                let swapped = next.votes.values().filter(|v| v.voted == Voted::Swapped).count();
                let is_done = matches!(next.decision, Decision::Done { .. });
                assert!(!is_done || swapped == 2, "{next:?}");
                if next != tally && seen.len() < 20_000 {
                    frontier.push((next, now_ms));
                }
            }
        }
    }
    assert!(seen.len() > 1_000, "{}", seen.len());
}
