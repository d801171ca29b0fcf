//! One leads, the others stand by.

use super::lab::Lab;
use crate::fleet::Worker;
use crate::leader::{Pass, run_led};
use aurora_restore_shared::clock::EpochMs;
use std::sync::Mutex;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(7);

/// A loop that notes when its passes run.
struct Noting<'a> {
    worker: &'a Worker,
    fails: bool,
    passes: &'a Mutex<Vec<EpochMs>>,
}

impl Pass for Noting<'_> {
    async fn pass(&mut self) -> anyhow::Result<EpochMs> {
        self.passes.lock().unwrap().push(self.worker.now_ms());
        anyhow::ensure!(!self.fails, "out of reach");
        Ok(self.worker.after(EVERY))
    }
}

/// Runs a loop for a while, then drops it, as a crash would; returns when its passes ran, counted
/// from the start.
async fn passes(worker: &Worker, fails: bool, time: Duration) -> Vec<EpochMs> {
    let (start, passes) = (worker.now_ms(), Mutex::default());
    let led = run_led(worker, "loop", Noting { worker, fails, passes: &passes });
    assert!(tokio::time::timeout(time, led).await.is_err(), "it runs until it is dropped");
    passes.into_inner().unwrap().into_iter().map(|at| at - start).collect()
}

#[tokio::test(start_paused = true)]
async fn passes_run_when_they_fall_due_across_renewals() {
    let lab = Lab::ready().await;
    let leader = lab.worker("leader");
    let passes = passes(&leader, false, Duration::from_secs(59)).await;
    assert_eq!(passes, (0..9).map(|n| n * 7_000).collect::<Vec<_>>());
    // The lead is taken, and renewed after every third of its 30 s.
    assert_eq!(lab.calls("leader", "UpdateItem"), 6);
}

#[tokio::test(start_paused = true)]
async fn who_stands_by_asks_twice_a_lease_or_more_and_takes_over_from_the_dead() {
    let lab = Lab::ready().await;
    let (leader, other) = (lab.worker("leader"), lab.worker("other"));
    let (time, lease) = (Duration::from_secs(300), leader.settings.leadership);
    let (led, stood_by) = tokio::join!(passes(&leader, false, time), passes(&other, false, time));
    assert_eq!(led.len(), 43, "every 7 s");
    assert!(stood_by.is_empty(), "nobody leads beside the leader: {stood_by:?}");
    let asked = lab.calls("other", "UpdateItem");
    assert!((20..=41).contains(&asked), "{asked} times within ten leases");
    let took_over = passes(&other, false, lease * 2).await;
    assert!(took_over[0] <= 45_000, "after a lease and half of one at the latest: {took_over:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lead_that_is_given_back_is_free_at_that_moment() {
    let lab = Lab::ready().await;
    let (leader, other) = (lab.worker("leader"), lab.worker("other"));
    let noted = Mutex::default();
    let led = run_led(&leader, "loop", Noting { worker: &leader, fails: false, passes: &noted });
    let stop = async {
        lab.pass(Duration::from_secs(20)).await;
        leader.drain.cancel();
    };
    tokio::join!(led, stop);
    assert_eq!(noted.into_inner().unwrap().len(), 3);
    let now = other.now_ms();
    let next = other.store.lead("loop", &other.id, now, now + 30_000).await.unwrap();
    assert_eq!(next.map(|lead| lead.owner), Some(other.id));
}

#[tokio::test(start_paused = true)]
async fn passes_that_fail_come_ever_more_seldom() {
    let lab = Lab::ready().await;
    let failing = passes(&lab.worker("leader"), true, Duration::from_secs(600)).await;
    // From half a second up to half a minute.
    assert!((20..=60).contains(&failing.len()), "{failing:?}");
    assert!(failing[1] <= 500, "{failing:?}");
    assert!(failing.windows(2).skip(8).all(|pair| pair[1] - pair[0] >= 15_000), "{failing:?}");
}

/// A loop that notes how often the lead was taken or renewed before each pass.
struct Counting<'a> {
    lab: &'a Lab,
    worker: &'a Worker,
    renewals: &'a Mutex<Vec<usize>>,
}

impl Pass for Counting<'_> {
    async fn pass(&mut self) -> anyhow::Result<EpochMs> {
        self.renewals.lock().unwrap().push(self.lab.calls("leader", "UpdateItem"));
        Ok(self.worker.after(self.worker.settings.leadership / 3))
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_falls_due_with_a_renewal_runs_under_the_new_lease() {
    let lab = Lab::ready().await;
    let (worker, renewals) = (lab.worker("leader"), Mutex::default());
    let led =
        run_led(&worker, "loop", Counting { lab: &lab, worker: &worker, renewals: &renewals });
    assert!(tokio::time::timeout(Duration::from_secs(45), led).await.is_err());
    assert_eq!(renewals.into_inner().unwrap(), [1, 2, 3, 4, 5]);
}
