//! What a tick leaves behind: the lease, the slot of the target, the dead letter.

use super::*;
use crate::rds::made_by_hand;
use crate::tests::lab::{Lab, job, plan, spec};
use aurora_restore_local::faults::FaultKind;
use aurora_restore_shared::aftercare::{Aftercare, Leaving, RENAMED_AT};
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::job::Status;
use aurora_restore_shared::plan::{Plan, StepName};
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::{Acquired, Claimant};

/// Ticks a job at the wake-up it expects.
async fn tick_now(worker: &Worker, job: JobId) -> TickEnd {
    let expected = worker.store.state(job).await.unwrap().unwrap().seq;
    tick(worker, job, expected, None).await.unwrap()
}

async fn is_target_free(worker: &Worker) -> bool {
    let slot = target_slot::name(&crate::tests::lab::request());
    let stranger = job(worker, 99, Priority::Low);
    let asking = Claimant { job: stranger.id, epoch: stranger.epoch, priority: Priority::Low };
    let now = worker.now_ms();
    worker.store.acquire_slot(&slot, asking, now, 1).await.unwrap() == Acquired::Held
}

/// The code with which a job has failed, its dead letter sent.
fn failure_code(ended: &JobState) -> FailureCode {
    assert_eq!((ended.status, ended.letter_pending), (Status::Failed, false));
    ended.failed_at.as_ref().unwrap().failure.code
}

#[test]
fn a_message_is_invisible_for_the_whole_of_a_lease() {
    for (ms, seconds) in [(500, 1), (2_000, 2), (2_001, 3), (60_000, 60)] {
        assert_eq!(visibility_seconds(Duration::from_millis(ms)), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tick_begins_with_a_lease_from_now_on() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let job = job(&worker, 1, Priority::Low);
    lab.put(&worker, &job).await;
    lab.fault("Query", FaultKind::Latency { ms: 15_000 }, 1);
    let until_ms = worker.after(worker.settings.lease);
    let look = async {
        lab.pass(Duration::from_secs(10)).await;
        lab.state(&worker, job.id).await
    };
    let (_, running) = tokio::join!(tick_now(&worker, job.id), look);
    assert_eq!(running.status, Status::Running);
    assert_eq!(running.lease, Some(Lease { owner: worker.id.clone(), until_ms }));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_at_a_third_of_it_and_grows_to_five_times_the_first() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let job = job(&worker, 1, Priority::Low);
    lab.put(&worker, &job).await;
    let claimed = lab.claim(&worker, job.id, job.seq).await;
    let start = worker.now_ms();
    let leases = async {
        let mut leases = Vec::new();
        for _ in 0..40 {
            lab.pass(Duration::from_secs(10)).await;
            let until_ms = lab.state(&worker, job.id).await.lease.unwrap().until_ms;
            leases.push((until_ms - start) / 1_000);
        }
        leases.dedup();
        leases
    };
    let held = Held::since(Instant::now(), worker.settings.lease);
    let keeping = keep_lease(&worker, &claimed, &held);
    let leases = tokio::select! {
        biased;
        () = keeping => panic!("nobody took it over"),
        leases = leases => leases,
    };
    // Renewed after 20, 60, 140, 240 and 340 s for 120, 240, 300, 300 and 300 s.
    assert_eq!(leases, [60, 140, 300, 440, 540, 640]);
}

#[tokio::test(start_paused = true)]
async fn keeping_a_lease_ends_when_the_job_is_taken_over() {
    let lab = Lab::ready().await;
    let (frozen, heir) = (lab.worker("frozen"), lab.worker("heir"));
    let job = job(&frozen, 1, Priority::Low);
    lab.put(&frozen, &job).await;
    let claimed = lab.claim(&frozen, job.id, job.seq).await;
    lab.pass(Duration::from_secs(61)).await;
    let taken = lab.claim(&heir, job.id, job.seq).await;
    let held = Held::since(Instant::now(), frozen.settings.lease);
    let keeping = keep_lease(&frozen, &claimed, &held);
    assert!(tokio::time::timeout(frozen.settings.lease, keeping).await.is_ok());
    assert_eq!(lab.state(&heir, job.id).await, taken);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_record_is_lost_fails_and_says_which() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let no_request = job(&worker, 1, Priority::Low);
    worker.store.put_state(&no_request).await.unwrap();
    let no_plan = JobState { plan_epoch: Some(no_request.epoch), ..job(&worker, 2, Priority::Low) };
    lab.put(&worker, &no_plan).await;
    for (id, what) in [(no_request.id, "request"), (no_plan.id, "plan")] {
        assert_eq!(tick_now(&worker, id).await, TickEnd::Failed);
        let ended = lab.state(&worker, id).await;
        assert_eq!(failure_code(&ended), FailureCode::RecordUnreadable);
        let text = &ended.failed_at.as_ref().unwrap().failure.text;
        assert!(text.contains(what), "{text}");
        assert!(!ended.is_live(), "nothing is left to do");
    }
    let queues = worker.queues(&no_plan.region);
    let letters = queues.look_through_dead_letters(10, |_| true).await.unwrap();
    assert_eq!(letters.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_poisoned_by_one_claim_more_than_is_allowed() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let most = worker.settings.max_claims;
    for (n, claims, code) in [
        (1, most - 1, FailureCode::RecordUnreadable),
        (2, most, FailureCode::Poisoned),
        (3, most + 1, FailureCode::Poisoned),
    ] {
        let state = JobState { claims, ..job(&worker, n, Priority::Low) };
        worker.store.put_state(&state).await.unwrap();
        tick_now(&worker, state.id).await;
        assert_eq!(failure_code(&lab.state(&worker, state.id).await), code, "{claims} claims");
    }
}

#[tokio::test(start_paused = true)]
async fn no_target_is_taken_before_there_is_a_plan() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let job = job(&worker, 1, Priority::Low);
    lab.put(&worker, &job).await;
    lab.fault("DescribeDBClusterSnapshots", FaultKind::Throttle, 99);
    assert_eq!(tick_now(&worker, job.id).await, TickEnd::Waits);
    assert!(!lab.state(&worker, job.id).await.holds_target);
    assert!(is_target_free(&worker).await);
}

#[tokio::test(start_paused = true)]
async fn a_target_is_held_while_its_job_waits() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let job = lab.put_planned(&worker, &job(&worker, 1, Priority::Low), &plan()).await;
    lab.fault("DescribeDBClusters", FaultKind::Throttle, 99);
    assert_eq!(tick_now(&worker, job.id).await, TickEnd::Waits);
    assert!(lab.state(&worker, job.id).await.holds_target);
    assert!(!is_target_free(&worker).await);
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_target_in_use_asks_again_after_five_minutes() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let job = lab.put_planned(&worker, &job(&worker, 1, Priority::Low), &plan()).await;
    assert!(is_target_free(&worker).await, "a stranger takes it");
    assert_eq!(tick_now(&worker, job.id).await, TickEnd::Waits);
    let waits = lab.state(&worker, job.id).await;
    assert_eq!((waits.status, waits.holds_target), (Status::Waiting, false));
    assert_eq!(waits.due_at_ms, Some(worker.now_ms() + 300_000));
    assert_eq!(lab.calls("w", "DescribeDBClusters"), 0, "no step runs");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_in_the_tick_that_took_the_target_gives_it_back() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let mut broken: Plan = plan();
    broken.settings.cluster.subnet_group = Some("nowhere".into());
    let job = lab.put_planned(&worker, &job(&worker, 1, Priority::Low), &broken).await;
    assert_eq!(tick_now(&worker, job.id).await, TickEnd::Failed);
    let ended = lab.state(&worker, job.id).await;
    assert_eq!(failure_code(&ended), FailureCode::SettingNotFound);
    assert!(is_target_free(&worker).await);
}

/// An aftercare job that is to remove a cluster, which a visit that was lost has renamed already.
async fn renamed_away(lab: &Lab, worker: &Worker) -> JobId {
    let resource_id = made_by_hand::cluster(lab, worker, "orders-drill-gone-1").await;
    let of = spec(&job(worker, 1, Priority::Low));
    let (name, last_name) =
        ("orders-drill".parse().unwrap(), "orders-drill-gone-1".parse().unwrap());
    let care = Aftercare {
        step: StepName::Expire,
        of: of.id,
        of_created_at_ms: of.created_at_ms,
        not_before_ms: worker.now_ms(),
        failed_at_ms: None,
        cluster: Some(Leaving { name, last_name, resource_id: Some(resource_id) }),
        copies: Vec::new(),
    };
    let spec = care.spec(&of, worker.now_ms());
    worker.store.put_spec(&spec).await.unwrap();
    assert!(worker.store.put_state(&spec.first_state(1)).await.unwrap());
    spec.id
}

#[tokio::test(start_paused = true)]
async fn who_finds_its_cluster_renamed_away_gives_the_target_back_in_that_tick() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let id = renamed_away(&lab, &worker).await;
    assert_eq!(tick_now(&worker, id).await, TickEnd::Waits);
    let waits = lab.state(&worker, id).await;
    assert!(waits.outputs.contains_key(RENAMED_AT) && !waits.holds_target, "{waits:?}");
    assert!(is_target_free(&worker).await);
}

#[tokio::test(start_paused = true)]
async fn a_pointer_that_comes_back_sets_its_job_going_once() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let job = job(&worker, 1, Priority::Low);
    worker.store.put_state(&job).await.unwrap();
    assert_eq!(tick_now(&worker, job.id).await, TickEnd::Failed);
    let failed = lab.state(&worker, job.id).await;
    let queues = worker.queues(&job.region);
    let letters = queues.look_through_dead_letters(10, |_| true).await.unwrap();
    let pointer = Received {
        region: job.region.clone(),
        priority: Priority::Low,
        body: serde_json::to_string(letters[0].letter.as_ref().unwrap()).unwrap(),
        receipt: letters[0].receipt.clone(),
        group: job.id.to_string(),
    };
    assert_eq!(handle(&worker, &pointer).await.unwrap(), TickEnd::Replayed);
    let again = lab.state(&worker, job.id).await;
    assert_eq!((again.status, again.seq), (Status::Queued, failed.seq.next()));
    assert_eq!(again.due_at_ms, Some(worker.now_ms() + 60_000));
    assert_eq!(lab.wake_ups(&worker, Priority::Low).await, [WakeUp::new(job.id, again.seq)]);
    let stale = TickEnd::NotMine(ClaimRefused::Stale);
    assert_eq!(handle(&worker, &pointer).await.unwrap(), stale);
}
