//! Waking a job, and how seldom one that is not woken otherwise is looked at.

use super::lab::{Lab, job};
use crate::fleet::safety_interval;
use aurora_restore_shared::ids::Seq;
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::request::Priority;

#[test]
fn safety_intervals_grow_from_a_minute_to_six_hours() {
    let seconds: Vec<u64> = (0..6).map(|n| safety_interval(n).as_secs()).collect();
    assert_eq!(seconds, [60, 300, 1_800, 7_200, 21_600, 21_600]);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_job_is_woken_and_a_running_one_is_not() {
    let lab = Lab::ready().await;
    let worker = lab.worker("observer");
    let waiting = job(&worker, 1, Priority::Low);
    worker.store.put_state(&waiting).await.unwrap();
    assert!(!worker.wake(waiting.id, Some(Seq(2))).await.unwrap(), "another wake-up is expected");
    assert!(worker.wake(waiting.id, Some(Seq(1))).await.unwrap());
    let woken = lab.state(&worker, waiting.id).await;
    assert_eq!((woken.due_at_ms, woken.dispatches), (Some(worker.now_ms() + 60_000), 1));
    assert_eq!(lab.wake_ups(&worker, Priority::Low).await, [WakeUp::new(waiting.id, Seq(1))]);
    lab.claim(&worker, waiting.id, Seq(1)).await;
    assert!(!worker.wake(waiting.id, None).await.unwrap());
    assert_eq!(lab.wake_ups(&worker, Priority::Low).await, []);
}
