//! Which steps run, and what becomes of a step that waits or fails.

use super::*;
use crate::tests::lab::{Lab, job, plan};
use aurora_restore_shared::failure::FailureKind;
use aurora_restore_shared::job::StepState;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::watch::{Watch, WatchKind};
use std::collections::BTreeMap;
use std::time::Duration;

const STEP: StepName = StepName::RestoreCluster;

/// The steps that are ready when these are done or wait, and these were visited.
fn ready(done: &[StepName], waiting: &[StepName], visited: &[StepName]) -> Vec<StepName> {
    let state = |status| StepState { status, ..StepState::started(0) };
    let done = done.iter().map(|name| (*name, state(StepStatus::Done)));
    let waiting = waiting.iter().map(|name| (*name, state(StepStatus::Waiting)));
    let region = "us-east-1".parse().unwrap();
    let id = aurora_restore_shared::ids::JobId::keyed("t", "1");
    let mut job = JobState::accepted(id, region, Priority::Low, 0, 1);
    job.steps = done.chain(waiting).collect();
    ready_steps(Some(&plan()), &job, &visited.iter().copied().collect())
}

#[test]
fn a_step_is_ready_when_those_before_it_are_done_and_it_was_not_visited() {
    use StepName as S;
    let until_restored = [S::ResolveSource, S::CheckTarget, S::RestoreCluster];
    let all = S::ALL;
    assert_eq!(ready(&[], &[], &[]), [S::ResolveSource]);
    assert_eq!(ready(&until_restored[..1], &[], &[]), [S::CheckTarget]);
    assert_eq!(ready(&until_restored[..1], &[], &[S::CheckTarget]), []);
    assert_eq!(ready(&until_restored[..2], &[S::RestoreCluster], &[]), [S::RestoreCluster]);
    assert_eq!(ready(&until_restored, &[], &[]), [S::CreateInstances], "the password comes behind");
    let side_by_side = ready(&until_restored, &[S::CreateInstances], &[]);
    assert_eq!(side_by_side, [S::CreateInstances, S::SetCredentials]);
    let one_left = ready(&until_restored, &[S::CreateInstances], &[S::CreateInstances]);
    assert_eq!(one_left, [S::SetCredentials]);
    let proven = [&until_restored[..], &[S::CreateInstances, S::SetCredentials]].concat();
    assert_eq!(ready(&proven, &[], &[]), [S::VerifyRestore]);
    assert_eq!(ready(all, &[], &[]), []);
}

#[test]
fn before_there_is_a_plan_the_first_step_is_ready_once() {
    let region = "us-east-1".parse().unwrap();
    let id = aurora_restore_shared::ids::JobId::keyed("t", "1");
    let job = JobState::accepted(id, region, Priority::Low, 0, 1);
    assert_eq!(ready_steps(None, &job, &BTreeSet::new()), [FIRST_STEP]);
    assert_eq!(ready_steps(None, &job, &BTreeSet::from([FIRST_STEP])), []);
}

/// A worker, and the account of a tick whose step was started so long ago.
async fn started(ago: Duration) -> (Worker, Account) {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let mut account = Account::new(&worker, &job(&worker, 1, Priority::Low));
    account.start(STEP, worker.now_ms());
    lab.pass(ago).await;
    (worker, account)
}

fn waiting(deadline: Duration, begun: bool) -> Waiting {
    let watch = Watch {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        kind: WatchKind::Cluster,
        id: "c".into(),
        want: "available".into(),
        expected_at_ms: 5,
    };
    let (outputs, details, note) = (BTreeMap::new(), BTreeMap::new(), String::new());
    Waiting { watch, deadline, begun, outputs, note, details }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// When a step that was started so long ago and waits is looked at again, counted from now; or none
/// when it has failed.
async fn looked_at_again(ago: Duration, waiting: Waiting) -> Option<i64> {
    let (worker, mut account) = started(ago).await;
    let (mut waits, now) = (Waits::default(), worker.now_ms());
    take_wait(&mut account, STEP, waiting, now, &mut waits);
    let failed = failed(&mut account);
    assert_eq!(failed.is_none(), waits.watches.len() == 1);
    if let Some(failed) = failed {
        assert_eq!((failed.step, failed.failure.code), (Some(STEP), FailureCode::DeadlinePassed));
        assert_eq!(account.job.steps[&STEP].status, StepStatus::Failed);
        return None;
    }
    Some(waits.watches[0].1 - now)
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline_and_is_looked_at_every_six_hours() {
    assert_eq!(looked_at_again(MINUTE, waiting(HOUR, false)).await, Some(59 * 60_000));
    assert_eq!(looked_at_again(MINUTE, waiting(HOUR * 30, false)).await, Some(6 * 3_600_000));
    let last = HOUR - Duration::from_millis(1);
    assert_eq!(looked_at_again(last, waiting(HOUR, false)).await, Some(1));
    assert_eq!(looked_at_again(HOUR, waiting(HOUR, false)).await, None);
    assert_eq!(looked_at_again(HOUR * 2, waiting(HOUR, false)).await, None);
    // An operation that began in this visit has all of its time before it.
    assert_eq!(looked_at_again(HOUR * 2, waiting(HOUR, true)).await, Some(3_600_000));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_pass_is_counted_and_tried_again() {
    let (worker, mut account) = started(MINUTE).await;
    let (mut waits, now) = (Waits::default(), worker.now_ms());
    for (n, kind) in
        [(1, FailureKind::Transient), (2, FailureKind::Unknown), (2, FailureKind::Busy)]
    {
        let failure = Failure::new(kind, FailureCode::UnknownError, "x");
        take_failure(&worker, &mut account, STEP, &failure, &mut waits);
        assert!(failed(&mut account).is_none());
        let step = &account.job.steps[&STEP];
        assert_eq!((step.attempts, step.retrying_since_ms), (n, Some(now)));
    }
    assert_eq!(waits.times.len(), 3);
    assert!(waits.times.iter().all(|at| *at > now));
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_person_is_not_counted_and_the_first_reason_is_the_one_of_the_job() {
    let (worker, mut account) = started(MINUTE).await;
    let (mut waits, now) = (Waits::default(), worker.now_ms());
    for (step, text) in [(STEP, "first"), (StepName::SetCredentials, "second")] {
        let failure = Failure::new(FailureKind::NeedsPerson, FailureCode::AccessDenied, text);
        take_failure(&worker, &mut account, step, &failure, &mut waits);
        let state = &account.job.steps[&step];
        assert_eq!((state.attempts, state.retrying_since_ms), (0, Some(now)));
        assert_eq!(state.status, StepStatus::Waiting);
    }
    assert!(failed(&mut account).is_none());
    let parked = waits.parked.unwrap();
    assert_eq!((parked.step, parked.failure.text.as_str()), (Some(STEP), "first"));
    assert_eq!(waits.times.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_first_of_two_final_failures_is_the_one_of_the_job() {
    let (worker, mut account) = started(MINUTE).await;
    let mut waits = Waits::default();
    for (step, text) in [(STEP, "first"), (StepName::SetCredentials, "second")] {
        let failure = Failure::permanent(FailureCode::RefusedByAws, text);
        take_failure(&worker, &mut account, step, &failure, &mut waits);
        assert_eq!(account.job.steps[&step].status, StepStatus::Failed);
    }
    let failed_at = failed(&mut account).unwrap();
    assert_eq!((failed_at.step, failed_at.failure.text.as_str()), (Some(STEP), "first"));
    assert!(waits.times.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_no_observer_sees_is_looked_at_every_five_minutes() {
    let (worker, mut account) = started(MINUTE).await;
    let (mut waits, now) = (Waits::default(), worker.now_ms());
    for region in ["us-east-1", "sa-east-1"] {
        let mut waiting = waiting(HOUR, false);
        waiting.watch.region = region.parse().unwrap();
        take_wait(&mut account, STEP, waiting, now, &mut waits);
    }
    look_where_nobody_observes(&worker, &mut waits);
    let due: Vec<i64> = waits.watches.iter().map(|(_, due)| due - now).collect();
    assert_eq!(due, [59 * 60_000, 5 * 60_000]);
}
