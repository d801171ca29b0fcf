//! Planted bugs: each is caught, by an invariant that is meant to catch it, and the seeds that
//! catch them are clean without them.

use aurora_restore_loadtest::simulate::audit::Invariant;
use aurora_restore_loadtest::simulate::knobs::{Knobs, Profile};
use aurora_restore_loadtest::simulate::many::run_seeds;
use aurora_restore_loadtest::simulate::planted::{self, Hunted, MOST_SEEDS};
use aurora_restore_loadtest::simulate::run::Options;
use std::collections::BTreeSet;

/// One test for each bug, so that they run side by side.
macro_rules! caught {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name),)*];

        $(
            #[test]
            fn $name() {
                is_caught(stringify!($name));
            }
        )*
    };
}

caught! {
    request_unconditional
    request_overwritten
    job_starts_again
    accepted_too_early
    commit_without_fence
    commit_without_number
    commit_without_epoch
    commit_by_wall_clock
    commit_unconditional
    commit_forgets_due
    commit_keeps_lease
    commit_stays_running
    commit_undoes_step
    end_forgets_outputs
    failed_without_letter
    retries_by_itself
    claim_without_lease
    claim_without_number
    claim_of_ended
    claim_keeps_epoch
    claim_clears_due
    claim_keeps_watch
    claim_forgets_steps
    claim_by_host
    claims_not_counted
    lease_of_weeks
    renew_without_epoch
    wake_without_condition
    move_without_condition
    move_without_sending
    slot_unconditional
    slot_without_version
    slot_over_limit
    slot_never_taken
    slot_never_released
    slot_jumps_queue
    plan_never_stored
    plan_made_again
    event_of_first_epoch
    event_tells_password
    event_never_stored
    commit_forgets_chain
    refusal_not_looked_at
    ack_early
    ack_on_error
    purge_at_start
    unreadable_dropped
    letter_never_sent
    letter_after_commit
    letter_twice
    letter_for_success
    restore_untagged
    instance_untagged
    restore_under_new_name
    instances_without_end
    tag_not_checked
    password_before_commit
    password_on_strangers
    delete_by_name
    rename_by_name
    old_away_before_proof
    old_one_deleted
    source_marked
    any_status_is_ready
    unknown_status_is_broken
    any_error_is_final
    already_there_is_final
    vote_unconditional
    swap_at_first_vote
    vote_for_others
    decision_misread
    open_at_restore
    open_before_masking
    share_with_strangers
    share_stays
    copy_untagged
    copies_by_guess
}

fn is_caught(name: &str) {
    let bug = planted::all().find(|bug| bug.name == name).expect("a bug of this name");
    let Hunted { found, .. } = planted::hunt(bug).expect("the stage is set");
    assert!(found.is_some(), "{name} has escaped in {MOST_SEEDS} seeds");
}

#[test]
fn every_planted_bug_has_a_test() {
    let planted: Vec<&str> = planted::all().map(|bug| bug.name).collect();
    assert_eq!(planted, TESTED);
}

#[test]
fn there_is_a_bug_for_every_invariant() {
    let caught_by: BTreeSet<Invariant> =
        planted::all().flat_map(|bug| bug.caught_by.iter().copied()).collect();
    let without: Vec<_> = Invariant::ALL.iter().filter(|i| !caught_by.contains(i)).collect();
    assert!(without.is_empty(), "nothing shows that these can fail: {without:?}");
}

#[test]
fn the_same_seeds_are_clean_without_a_bug() {
    for (profile, seeds) in [(Profile::Normal, 0..8), (Profile::Hostile, 0..3)] {
        let knobs = Knobs { profile, ..Knobs::default() };
        let summary = run_seeds(seeds, &knobs, &Options::default(), 1, &|_, _| true);
        let first = summary.bad.first().map(|bad| (bad.seed, &bad.violations[0]));
        assert!(summary.is_good(), "{}: {first:?} {:?}", profile.name(), summary.broken);
    }
}
