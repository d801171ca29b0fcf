//! What is due is woken, in the queue of its priority, and the next pass is not later than the next
//! due time.

use super::lab::{FIRST_MS, Lab, job};
use crate::dispatcher::{Dispatcher, run};
use crate::fleet::Worker;
use crate::leader::Pass;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::Store;
use std::time::Duration;

/// One pass over every partition: when the next one is wanted, from now on.
async fn pass(worker: &Worker) -> EpochMs {
    let mut next = Vec::new();
    for shard in 0..Store::DUE_SHARDS {
        let region = &worker.settings.common.region;
        next.push(Dispatcher { worker, region, shard }.pass().await.unwrap());
    }
    next.into_iter().min().unwrap() - worker.now_ms()
}

#[tokio::test(start_paused = true)]
async fn a_due_job_is_woken_in_its_queue_and_due_again_after_a_minute() {
    let lab = Lab::ready().await;
    let worker = lab.worker("dispatcher");
    let high = job(&worker, 1, Priority::High);
    worker.store.put_state(&high).await.unwrap();
    assert_eq!(pass(&worker).await, 5_000, "nothing is due soon");
    assert_eq!(lab.wake_ups(&worker, Priority::High).await, []);
    lab.pass(Duration::from_millis(57_000)).await;
    assert_eq!(pass(&worker).await, 3_000, "the next one is due before the longest sleep ends");
    lab.pass(Duration::from_millis(3_000)).await;
    assert_eq!(pass(&worker).await, 5_000);
    for (_, priority) in Priority::ALL {
        let expected = (priority == Priority::High).then(|| WakeUp::new(high.id, high.seq));
        assert_eq!(lab.wake_ups(&worker, priority).await, Vec::from_iter(expected));
    }
    let woken = lab.state(&worker, high.id).await;
    assert_eq!((woken.dispatches, woken.due_at_ms), (1, Some(worker.now_ms() + 60_000)));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_takes_is_woken_ever_more_seldom() {
    let lab = Lab::ready().await;
    let worker = lab.worker("dispatcher");
    let low = job(&worker, 1, Priority::Low);
    worker.store.put_state(&low).await.unwrap();
    // Who submits a job wakes it at once.
    worker.queues(&low.region).send_for(&low).await.unwrap();
    assert_eq!(lab.wake_ups(&worker, Priority::Low).await.len(), 1);
    let mut wait = Duration::from_millis(FIRST_MS.unsigned_abs());
    for (dispatches, seconds) in [(1, 60), (2, 300), (3, 1_800), (4, 7_200), (5, 21_600)] {
        lab.pass(wait).await;
        pass(&worker).await;
        assert_eq!(lab.wake_ups(&worker, Priority::Low).await.len(), 1, "not swallowed");
        let woken = lab.state(&worker, low.id).await;
        wait = Duration::from_secs(seconds);
        assert_eq!((woken.dispatches, woken.due_at_ms), (dispatches, Some(worker.after(wait))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_page_of_due_jobs_is_followed_at_once() {
    let lab = Lab::ready().await;
    let worker = lab.worker("dispatcher");
    for n in 0..500 {
        worker.store.put_state(&job(&worker, n, Priority::Normal)).await.unwrap();
    }
    lab.pass(Duration::from_millis(FIRST_MS.unsigned_abs())).await;
    let mut woken = 0;
    for passes in 1.. {
        let next = pass(&worker).await;
        woken += lab.wake_ups(&worker, Priority::Normal).await.len();
        if next > 0 {
            assert_eq!((passes, next, woken), (2, 5_000, 500));
            return;
        }
        assert_eq!((passes, next, woken), (1, 0, 400));
    }
}

#[tokio::test(start_paused = true)]
async fn each_partition_is_dispatched_by_who_leads_it() {
    let lab = Lab::ready().await;
    let (first, second) = (lab.worker("first"), lab.worker("second"));
    let jobs: Vec<_> = (0..8).map(|n| job(&first, n, Priority::Low)).collect();
    for job in &jobs {
        first.store.put_state(job).await.unwrap();
    }
    let region = &first.settings.common.region;
    let leading = async { tokio::join!(run(&first, region, 0), run(&second, region, 1)) };
    assert!(tokio::time::timeout(Duration::from_secs(66), leading).await.is_err());
    assert_eq!(lab.wake_ups(&first, Priority::Low).await.len(), jobs.len());
    let dispatched = [&first, &second].map(|worker| worker.metrics.dispatched.get());
    assert_eq!(dispatched.iter().sum::<u64>(), 8);
    assert!(dispatched.iter().all(|n| *n > 0), "{dispatched:?}");
}
