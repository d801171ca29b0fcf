//! The auditor of the simulation: a healthy fleet passes, and every wrong is found.

mod effects;
mod ends;
mod messages;
mod records;
mod sets;
mod slots;
mod stage;

use aurora_restore_loadtest::simulate::audit::{Excuses, Invariant};
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::job::Status;
use stage::{Case, Stage};
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// A wrong is found as what it is, and as the first.
async fn expect_found(cases: &[Case]) {
    for case in cases {
        let stage = Stage::set(1).await;
        (case.done)(&stage).await;
        let found = stage.auditor.violations();
        let first = found.first().map(|violation| violation.invariant);
        assert_eq!(first, Some(case.wrong), "{}: {found:#?}", case.what);
        assert_eq!(stage.auditor.violation_count(), found.len() as u64, "{}", case.what);
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_records_are_found() {
    expect_found(records::CASES).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_slots_are_found() {
    expect_found(slots::CASES).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_acknowledgements_are_found() {
    expect_found(messages::CASES).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_effects_are_found() {
    expect_found(effects::CASES).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_sets_are_found() {
    expect_found(sets::CASES).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_ends_are_found() {
    expect_found(ends::CASES).await;
}

#[test]
fn every_invariant_has_a_wrong_that_violates_it() {
    let families =
        [records::CASES, slots::CASES, messages::CASES, effects::CASES, ends::CASES, sets::CASES];
    let shown: BTreeSet<_> = families.into_iter().flatten().map(|case| case.wrong).collect();
    let not_shown: Vec<_> = Invariant::ALL.iter().filter(|i| !shown.contains(i)).collect();
    assert!(not_shown.is_empty(), "{not_shown:?}");
}

#[tokio::test(start_paused = true)]
async fn a_healthy_fleet_violates_nothing() {
    let stage = Stage::set(3).await;
    let workers = [stage.sim.start_undrained("w1.1"), stage.sim.start_undrained("w2.1")];
    let jobs = [
        stage.submitted("first", stage::TARGET).await,
        stage.submitted("second", stage::TARGET).await,
        stage.submitted("third", "orders-third").await,
    ];
    stage.message("stranger", "normal", "g", r#"{"v":9}"#).await;
    let states = stage.sim.until_ended(&jobs, 12 * HOUR).await.unwrap();
    for worker in workers {
        worker.kill().await;
    }
    // Whoever comes second to a target finds its name taken.
    let any = BTreeSet::from([FailureCode::TargetNameTaken]);
    stage.finish(&Excuses { any, ..Excuses::default() });
    assert_eq!(stage.auditor.violations(), []);
    let seen = stage.auditor.sightings();
    let failed = states.iter().filter(|state| state.status == Status::Failed).count();
    assert_eq!((failed, seen.letters, seen.buried, seen.slot_waits), (1, 1, 1, 1), "{seen:?}");
    assert!(seen.claims >= 9 && seen.commits >= 9, "{seen:?}");
    assert_eq!(
        seen.takeovers_of_dead + seen.takeovers_of_living + seen.late_effects,
        0,
        "{seen:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_takeover_of_a_dead_worker_and_a_replay_are_seen_and_violate_nothing() {
    let stage = Stage::set(4).await;
    stage
        .sim
        .cloud
        .world()
        .rds
        .plan_surprise(stage::TARGET, aurora_restore_local::rds::Surprise::Failed);
    let victim = stage.sim.start_undrained("w1.1");
    let job = stage.submitted("k", stage::TARGET).await;
    stage.sim.pass(Duration::from_millis(60)).await;
    victim.kill().await;
    stage.auditor.process_ended("w1.1");
    let heir = stage.sim.start_undrained("w1.2");
    let states = stage.sim.until_ended(&[job], 12 * HOUR).await.unwrap();
    assert_eq!(states[0].status, Status::Failed);
    stage.sim.redrive("aurora-restore-low.fifo").await.unwrap();
    stage.sim.pass(Duration::from_secs(60)).await;
    stage.sim.until_ended(&[job], 12 * HOUR).await.unwrap();
    heir.kill().await;
    let of_job = [(job, BTreeSet::from([FailureCode::ResourceFailed]))].into();
    stage.finish(&Excuses { of_job, ..Excuses::default() });
    assert_eq!(stage.auditor.violations(), []);
    let seen = stage.auditor.sightings();
    assert_eq!((seen.takeovers_of_dead, seen.takeovers_of_living), (1, 0), "{seen:?}");
    assert_eq!((seen.replays, seen.letters), (1, 2), "{seen:?}");
}
