//! What becomes of that which a failed job has made: kept for a retry, then removed.

use super::{HOUR, HUB, latest, resource_id, restore, standing};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_loadtest::sim::two_accounts::{THERE, there};
use aurora_restore_producer::operate::{RetryError, retry};
use aurora_restore_producer::query::{Filter, list};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::Status;
use serde_json::{Value, json};

/// A request that fails at its checks, after the cluster is made.
fn unproven(more: Value) -> Value {
    let mut all = json!({
        "access": {"master": {"secret": "drill/orders/master"}},
        "verify": {"checks": [{"name": "none", "sql": "SELECT count(*) FROM orders", "expect": {"equals": 7}}]},
        "keep": {"failed": "2h"},
    });
    super::merge(&mut all, more);
    all
}

/// A job of such a request, that has failed.
async fn failed(sim: &Sim, target: &str, more: Value) -> JobId {
    let job = sim.submit(&restore(latest(), target, unproven(more))).await.unwrap();
    fails(sim, job).await;
    job
}

async fn fails(sim: &Sim, job: JobId) {
    sim.until_ended(&[job], 10 * HOUR).await.unwrap();
    let state = sim.state(job).await.unwrap();
    assert_eq!(state.status, Status::Failed, "{state:?}");
    let code = state.failed_at.unwrap().failure.code;
    assert_eq!(code.as_str(), "check_failed");
}

/// The aftercare of a job.
async fn aftercare_of(sim: &Sim, job: JobId) -> Vec<JobId> {
    let all = Filter { statuses: Vec::new(), caller: None, days: 31, most: 20 };
    let jobs = list(&sim.env("reader"), &all).await.unwrap();
    let is_its = |id: &JobId, owner: JobId| owner == job && *id != job;
    jobs.iter().filter(|j| is_its(&j.spec.id, j.spec.owner())).map(|j| j.spec.id).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_job_has_made_is_kept_for_its_time_and_then_removed() {
    let sim = Sim::prepared(1).await.unwrap();
    let worker = sim.start("w1");
    let job = failed(&sim, "orders-drill", json!({})).await;
    let made = resource_id(&sim, HUB, "us-east-1", "orders-drill").await;
    sim.pass(HOUR).await;
    assert!(made.is_some());
    assert_eq!(resource_id(&sim, HUB, "us-east-1", "orders-drill").await, made, "for a retry");
    sim.pass(6 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    let given_up = sim.state(job).await.unwrap();
    assert!(given_up.status == Status::Failed && given_up.given_up_at_ms.is_some());
    let refused = retry(&sim.env("operator"), job).await;
    assert_eq!(refused, Err(RetryError::GivenUp(job)));
    sim.until_succeeded(&aftercare_of(&sim, job).await, HOUR).await.unwrap();
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_that_is_retried_keeps_what_it_has_made() {
    let sim = Sim::prepared(2).await.unwrap();
    let worker = sim.start("w1");
    let job = failed(&sim, "orders-drill", json!({})).await;
    let made = resource_id(&sim, HUB, "us-east-1", "orders-drill").await;
    sim.pass(HOUR + HOUR / 2).await;
    retry(&sim.env("operator"), job).await.unwrap();
    fails(&sim, job).await;
    // The first failure's time is over, the second one's is not.
    sim.pass(HOUR).await;
    let [first, second] = aftercare_of(&sim, job).await[..] else { panic!("one for each failure") };
    let ended = [first, second].map(|id| sim.state(id));
    let ended = futures::future::join_all(ended).await;
    let ended = ended.iter().filter(|s| s.as_ref().unwrap().status == Status::Succeeded);
    assert_eq!(ended.count(), 1);
    assert_eq!(resource_id(&sim, HUB, "us-east-1", "orders-drill").await, made);
    assert_eq!(sim.state(job).await.unwrap().given_up_at_ms, None);
    sim.pass(6 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn giving_up_a_swap_removes_the_new_cluster_and_never_the_one_under_the_name() {
    let sim = Sim::prepared(3).await.unwrap();
    let worker = sim.start("w1");
    let old = standing(&sim, "orders-staging").await;
    let swap = json!({"target": {"if_exists": "swap"}, "keep": {"replaced": "1h"}});
    let job = failed(&sim, "orders-staging", swap).await;
    assert_eq!(sim.clusters_of(job).len(), 1);
    sim.pass(4 * HOUR).await;
    assert_eq!(sim.clusters_of(job), [""; 0]);
    assert_eq!(resource_id(&sim, HUB, "us-east-1", "orders-staging").await, old);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn giving_up_takes_back_copies_and_shares_too() {
    let sim = Sim::two_accounts(4).await.unwrap();
    let worker = sim.start("w1");
    let target = json!({"target": there("orders-staging", THERE)});
    let job = failed(&sim, "orders-staging", target).await;
    let left = |sim: &Sim| {
        let world = sim.cloud.world();
        let tagged = |(_, s): &(_, &aurora_restore_local::rds::model::Snapshot)| {
            s.tags.values().any(|tag| *tag == job.to_string())
        };
        world.rds.snapshots().filter(tagged).count()
    };
    assert_ne!(left(&sim), 0);
    sim.pass(6 * HOUR).await;
    assert_eq!((left(&sim), sim.clusters_of(job).len()), (0, 0));
    let shares = sim.effects("ModifyDBClusterSnapshotAttribute");
    assert_eq!(shares, 2, "the source is no longer shared in the end");
    worker.drain().await;
}
