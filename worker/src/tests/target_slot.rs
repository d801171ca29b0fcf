//! The slot of a target: one job holds it, the next one waits and is woken.

use super::lab::{Lab, job, request};
use crate::fleet::Worker;
use crate::target_slot::{acquire, name};
use aurora_restore_shared::ids::{Epoch, JobId};
use aurora_restore_shared::job::{Ending, JobState};
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::Claimant;

async fn ask(worker: &Worker, job: &JobState) -> Option<JobId> {
    let asking = Claimant { job: job.id, epoch: job.epoch, priority: job.priority };
    acquire(worker, "slots#x", asking).await.unwrap()
}

#[test]
fn every_target_has_a_slot_of_its_own() {
    let mut other = request();
    assert_eq!(name(&other), "slots#111111111111#us-east-1#target:orders-drill");
    other.target.cluster = "another".parse().unwrap();
    assert_ne!(name(&other), name(&request()));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_target_is_told_the_holder_and_woken_when_it_is_free() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let (first, second) = (job(&worker, 1, Priority::Low), job(&worker, 2, Priority::High));
    for job in [&first, &second] {
        worker.store.put_state(job).await.unwrap();
    }
    assert_eq!(ask(&worker, &first).await, None);
    assert_eq!(ask(&worker, &first).await, None, "it holds it already");
    assert_eq!(ask(&worker, &second).await, Some(first.id));
    assert_eq!(lab.wake_ups(&worker, Priority::High).await, []);
    worker.release_target("slots#x", first.id, first.epoch).await.unwrap();
    assert_eq!(lab.wake_ups(&worker, Priority::High).await, [WakeUp::new(second.id, second.seq)]);
    assert_eq!(ask(&worker, &second).await, None);
    assert_eq!(ask(&worker, &first).await, Some(second.id));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_has_ended_is_swept_and_one_that_goes_on_is_not() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let (first, second) = (job(&worker, 1, Priority::Low), job(&worker, 2, Priority::Low));
    for job in [&first, &second] {
        worker.store.put_state(job).await.unwrap();
    }
    assert_eq!(ask(&worker, &first).await, None);
    let claimed = lab.claim(&worker, first.id, first.seq).await;
    assert_eq!(claimed.epoch, Epoch(1));
    assert_eq!(ask(&worker, &second).await, Some(first.id), "it runs");
    let ended = claimed.commit(Ending::Succeed, worker.now_ms());
    worker.store.commit(&claimed, &ended).await.unwrap();
    assert_eq!(ask(&worker, &second).await, None, "whoever ended it died before the release");
}
