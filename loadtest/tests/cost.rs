//! The cost gates: what one restore may cost, by the local cloud's own count, idle polling apart.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use aurora_restore_loadtest::sim::{Sim, cost_of, last_call};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::{Ending, JobState};
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::watch::{Watch, WatchKind};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_restore_stays_within_its_budget_of_requests_and_units() {
    let sim = Sim::prepared(1).await.unwrap();
    let worker = sim.start("w1");
    sim.pass(Duration::from_secs(60)).await;
    let before = last_call(&sim.cloud);
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    // Looked at from outside only after it must be over: a look costs a read unit.
    sim.pass(HOUR).await;
    let cost = cost_of(&sim.cloud, before);
    sim.until_succeeded(&[job], HOUR).await.unwrap();
    println!("{cost:?}");
    assert!(cost.sqs_requests <= 12, "{cost:?}");
    assert!(cost.write_units <= 40.0, "{cost:?}");
    assert!(cost.read_units <= 15.0, "{cost:?}");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_costs_nothing_however_long_it_waits() {
    let sim = Sim::prepared(1).await.unwrap();
    let slow = aurora_restore_local::rds::Surprise::Slow { times: 15 };
    sim.cloud.world().rds.plan_surprise("orders-drill", slow);
    let worker = sim.start("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.pass(Duration::from_secs(120)).await;
    let waiting = sim.state(job).await.unwrap();
    assert!(waiting.watch.is_some(), "{waiting:?}");
    let before = last_call(&sim.cloud);
    sim.pass(100 * HOUR / 60).await;
    let cost = cost_of(&sim.cloud, before);
    assert_eq!(sim.state(job).await.unwrap().seq, waiting.seq, "it waited all the time");
    assert_eq!((cost.sqs_requests, cost.write_units, cost.read_units), (0, 0.0, 0.0), "{cost:?}");
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    worker.drain().await;
}

/// Puts a job that waits for a cluster of its own, as its last commit left it.
async fn put_waiting(sim: &Sim, n: usize) {
    let id = JobId::keyed("tests", &n.to_string());
    let now = sim.clock.now_ms();
    let region = "us-east-1".parse().unwrap();
    let job = JobState::accepted(id, region, Priority::Normal, now, 0);
    let watch = Watch {
        account: "111111111111".parse().unwrap(),
        region: job.region.clone(),
        kind: WatchKind::Cluster,
        id: format!("orders-{n}"),
        want: "available".into(),
        expected_at_ms: now,
    };
    let waits = Ending::WaitFor { watch, due_at_ms: now + 6 * 3_600_000 };
    assert!(sim.env("setup").store().put_state(&job.commit(waits, now)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_look_at_what_is_waited_for_is_one_call_for_each_hundred_ids() {
    for (jobs, calls) in [(1, 1), (30, 1), (100, 1), (101, 2), (250, 3)] {
        let sim = Sim::prepared(1).await.unwrap();
        for n in 0..jobs {
            put_waiting(&sim, n).await;
        }
        let before = sim.effects("DescribeDBClusters");
        let worker = sim.start("w1");
        while worker.worker.metrics.looks.get() < 2 {
            sim.pass(Duration::from_secs(1)).await;
        }
        let looks = usize::try_from(worker.worker.metrics.looks.get()).unwrap();
        let called = sim.effects("DescribeDBClusters") - before;
        assert_eq!(called, looks * calls, "{jobs} jobs, {looks} looks");
        worker.drain().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_item_fits_one_write_unit_all_along() {
    let sim = Sim::prepared(1).await.unwrap();
    let worker = sim.start("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.pass(HOUR).await;
    sim.until_succeeded(&[job], HOUR).await.unwrap();
    // One unit for the item, at most two and one for the entries of two indexes.
    let most = dearest_commit(&sim);
    assert!(most <= 5.0, "a commit took {most} write units");
    worker.drain().await;
}

fn dearest_commit(sim: &Sim) -> f64 {
    let world = sim.cloud.world();
    let commits = world.meter.recent().filter(|c| {
        c.operation == "UpdateItem" && c.resource.ends_with("/state") && c.outcome == "ok"
    });
    commits.map(|c| c.write_units).fold(0.0, f64::max)
}
