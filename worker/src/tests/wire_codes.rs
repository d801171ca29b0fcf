//! Every error that RDS can answer with, met by a tick through the local cloud, and what becomes of
//! the job: held against the table.

use super::lab::{Lab, job, plan};
use crate::fleet::Worker;
use crate::tick::{TickEnd, tick};
use aurora_restore_local::faults::FaultKind;
use aurora_restore_local::rds::errors;
use aurora_restore_shared::failure::{AWS_ERRORS, AwsService, FailureCode, FailureKind, Row};
use aurora_restore_shared::job::{JobState, Status, StepState, StepStatus};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::retry;
use std::time::Duration;

/// The call that most errors are answers to.
const RESTORE: &str = "RestoreDBClusterFromSnapshot";

/// How often the SDK repeats a call, and more.
const REPEATS: u64 = 99;

/// The rows of errors that RDS can answer with.
fn rows() -> impl Iterator<Item = &'static Row> {
    AWS_ERRORS.iter().filter(|row| [AwsService::Rds, AwsService::Any].contains(&row.service))
}

/// The call that is answered with a code, and its step. That the cluster is there already is no
/// failure of a restore: the step looks whose it is.
fn call_of(wire: &str) -> (&'static str, StepName) {
    match wire {
        "DBClusterAlreadyExistsFault" => ("DescribeAccountAttributes", StepName::CheckTarget),
        _ => (RESTORE, StepName::RestoreCluster),
    }
}

/// The refusal with status and text as RDS has them, where the local one knows the code.
fn refusal(wire: &str) -> FaultKind {
    let code = wire.to_owned();
    match errors::by_code(wire, RESTORE) {
        Some(_) => FaultKind::RdsRefusal { code },
        None => FaultKind::Refuse { code, status: 400 },
    }
}

/// Ticks a job at the wake-up it expects.
async fn tick_now(lab: &Lab, worker: &Worker, before: &JobState) -> (TickEnd, JobState) {
    let expected = lab.state(worker, before.id).await.seq;
    let end = tick(worker, before.id, expected, None).await.unwrap();
    (end, lab.state(worker, before.id).await)
}

/// A tick of a new job in which a call is answered with a code.
async fn meet(row: &Row) -> (Lab, Worker, TickEnd, JobState) {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let planned = lab.put_planned(&worker, &job(&worker, 1, Priority::Low), &plan()).await;
    let (operation, _) = call_of(row.wire);
    lab.fault(operation, refusal(row.wire), REPEATS);
    let (end, state) = tick_now(&lab, &worker, &planned).await;
    assert!(lab.cloud.world().faults.rules()[0].fired > 0, "{row:?}: it was never asked");
    (lab, worker, end, state)
}

/// Whether a job is looked at again after the first wait of a policy.
fn waits_by(policy: &retry::RetryPolicy, worker: &Worker, state: &JobState) -> bool {
    let wait_ms = state.due_at_ms.unwrap() - worker.now_ms();
    let most_ms = i64::try_from(policy.first.as_millis()).unwrap();
    wait_ms > 0 && wait_ms <= most_ms
}

/// What the table says must have become of the job.
fn holds(row: &Row, worker: &Worker, end: TickEnd, state: &JobState) {
    let step: &StepState = &state.steps[&call_of(row.wire).1];
    let parked = state.parked.as_ref().map(|at| (at.step, at.failure.kind, at.failure.code));
    let failed = state.failed_at.as_ref().map(|at| at.failure.code);
    let attempts = match row.kind {
        FailureKind::Throttled | FailureKind::Busy | FailureKind::Quota => {
            assert_eq!((end, state.status), (TickEnd::Waits, Status::Waiting), "{row:?}");
            assert_eq!((parked, failed), (None, None), "{row:?}");
            assert!(waits_by(&retry::PATIENT, worker, state), "{row:?}");
            0
        }
        FailureKind::NeedsPerson => {
            assert_eq!((end, state.status), (TickEnd::Parked, Status::Waiting), "{row:?}");
            let wanted = (Some(call_of(row.wire).1), row.kind, row.code);
            assert_eq!((parked, failed), (Some(wanted), None), "{row:?}");
            assert!(waits_by(&retry::PARKED, worker, state), "{row:?}");
            0
        }
        FailureKind::Transient | FailureKind::Unknown => {
            assert_eq!((end, state.status), (TickEnd::Waits, Status::Waiting), "{row:?}");
            assert_eq!((parked, failed), (None, None), "{row:?}");
            assert!(waits_by(&retry::STEP, worker, state), "{row:?}");
            1
        }
        FailureKind::Permanent => {
            assert_eq!((end, state.status), (TickEnd::Failed, Status::Failed), "{row:?}");
            assert_eq!((parked, failed), (None, Some(row.code)), "{row:?}");
            assert_eq!(step.status, StepStatus::Failed, "{row:?}");
            0
        }
    };
    assert_eq!(step.attempts, attempts, "{row:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_meets_any_error_of_rds_stands_as_the_table_says() {
    let mut met = 0;
    for row in rows() {
        let (_lab, worker, end, state) = meet(row).await;
        holds(row, &worker, end, &state);
        let events = worker.store.events(state.id).await.unwrap();
        let mut entries = events.iter().flat_map(|event| &event.entries);
        let told = entries.find(|e| e.details.get("code").is_some_and(|c| c == row.code.as_str()));
        let note = &told.unwrap_or_else(|| panic!("{row:?} is in no event")).note;
        assert!(note.contains(row.wire), "{note}");
        met += 1;
    }
    assert!(met >= 60, "only {met} errors of RDS");
}

#[tokio::test(start_paused = true)]
async fn that_the_cluster_is_there_already_makes_a_restore_look_and_fails_nothing() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let planned = lab.put_planned(&worker, &job(&worker, 1, Priority::Low), &plan()).await;
    lab.fault(RESTORE, refusal("DBClusterAlreadyExistsFault"), 1);
    let (end, state) = tick_now(&lab, &worker, &planned).await;
    assert_eq!((end, state.parked.is_some()), (TickEnd::Waits, false));
    assert_eq!(state.steps[&StepName::RestoreCluster].attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_parked_job_goes_on_by_itself_and_is_told_twice() {
    let row = aurora_restore_shared::failure::row("AccessDenied").unwrap();
    let (lab, worker, _, parked) = meet(row).await;
    assert_eq!((worker.metrics.parked.get(), worker.metrics.unparked.get()), (1, 0));
    let since = parked.steps[&StepName::RestoreCluster].retrying_since_ms;
    lab.pass(Duration::from_secs(3_600)).await;
    let (end, still) = tick_now(&lab, &worker, &parked).await;
    assert_eq!((end, worker.metrics.parked.get()), (TickEnd::Parked, 1));
    let step = &still.steps[&StepName::RestoreCluster];
    assert_eq!((step.retrying_since_ms, step.attempts), (since, 0));
    let wait_ms = still.due_at_ms.unwrap() - worker.now_ms();
    assert!((450_000..=900_000).contains(&wait_ms), "{wait_ms} ms after an hour");

    lab.cloud.world().faults.clear();
    lab.fault(RESTORE, FaultKind::Throttle, REPEATS);
    let (end, next) = tick_now(&lab, &worker, &parked).await;
    assert_eq!((end, next.parked), (TickEnd::Waits, None));
    assert_eq!((worker.metrics.parked.get(), worker.metrics.unparked.get()), (1, 1));
    let events = worker.store.events(next.id).await.unwrap();
    let told = events.iter().flat_map(|e| &e.entries).filter(|e| e.what == "unparked");
    let notes: Vec<&str> = told.map(|e| e.note.as_str()).collect();
    assert_eq!(notes, ["parked no longer: access_denied"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_helps_for_a_day_fails_and_says_what_it_waited_for() {
    let row = aurora_restore_shared::failure::row("KMSKeyNotAccessibleFault").unwrap();
    let (lab, worker, _, parked) = meet(row).await;
    lab.pass(Duration::from_secs(24 * 3_600 + 1)).await;
    let (end, failed) = tick_now(&lab, &worker, &parked).await;
    assert_eq!((end, failed.parked), (TickEnd::Failed, None));
    let failure = &failed.failed_at.unwrap().failure;
    assert_eq!(failure.code, FailureCode::DeadlinePassed);
    assert!(failure.text.contains("for a person") && failure.text.contains(row.wire));
}
