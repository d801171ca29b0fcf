//! Roads within one account and Region.

use super::{HOUR, HUB, latest, resource_id, restore, standing};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::Status;
use serde_json::{Value, json};
use std::time::Duration;

/// The source cluster itself, as a point in time or a clone.
fn cluster(kind: &str, more: Value) -> Value {
    let mut place = json!({"account": HUB, "region": "us-east-1", "cluster": "orders-prod"});
    super::merge(&mut place, more);
    json!({ kind: place })
}

async fn ends(sim: &Sim, job: JobId) -> Status {
    sim.until_ended(&[job], 10 * HOUR).await.unwrap();
    sim.state(job).await.unwrap().status
}

#[tokio::test(start_paused = true)]
async fn a_point_in_time_and_a_clone_are_restored() {
    let sim = Sim::prepared(1).await.unwrap();
    let worker = sim.start("w1");
    sim.pass(HOUR).await;
    let moment = cluster("point_in_time", json!({"to": "latest"}));
    let moment = sim.submit(&restore(moment, "orders-before", json!({}))).await.unwrap();
    let copy = restore(cluster("clone", json!({})), "orders-pr-1", json!({}));
    let copy = sim.submit(&copy).await.unwrap();
    sim.until_succeeded(&[moment, copy], 5 * HOUR).await.unwrap();
    assert_eq!(sim.effects("RestoreDBClusterToPointInTime"), 2);
    assert_eq!(sim.clusters_of(moment), ["orders-before"]);
    assert_eq!(sim.clusters_of(copy), ["orders-pr-1"]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_moment_that_cannot_be_restored_to_is_refused_with_those_that_can() {
    let sim = Sim::prepared(2).await.unwrap();
    let worker = sim.start("w1");
    let future = cluster("point_in_time", json!({"to": "2031-01-01T00:00:00Z"}));
    let job = sim.submit(&restore(future, "orders-before", json!({}))).await.unwrap();
    assert_eq!(ends(&sim, job).await, Status::Failed);
    assert_eq!(sim.codes(job).await.unwrap(), ["source_unusable"]);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_is_swapped_and_the_old_cluster_lives_under_another() {
    let sim = Sim::prepared(3).await.unwrap();
    let worker = sim.start("w1");
    let old = standing(&sim, "orders-staging").await.unwrap();
    let again = json!({"target": {"if_exists": "swap"}, "keep": {"replaced": "3h"}});
    let second = sim.submit(&restore(latest(), "orders-staging", again)).await.unwrap();
    sim.until_succeeded(&[second], 5 * HOUR).await.unwrap();
    let new = resource_id(&sim, HUB, "us-east-1", "orders-staging").await.unwrap();
    assert_ne!(new, old);
    let kept = format!("orders-staging-old-{}", second.short());
    assert_eq!(resource_id(&sim, HUB, "us-east-1", &kept).await, Some(old));
    sim.pass(Duration::from_secs(5 * 3_600)).await;
    assert_eq!(resource_id(&sim, HUB, "us-east-1", &kept).await, None, "its time is over");
    let still = resource_id(&sim, HUB, "us-east-1", "orders-staging").await;
    assert_eq!(still, Some(new), "the new one stays");
    worker.drain().await;
}

/// The SDK repeats a rename whose answer was lost. Where the cluster has its new name by then, nobody of
/// the old name is there, and the repeat is refused: it was done.
#[tokio::test(start_paused = true)]
async fn a_rename_whose_answer_was_lost_is_known_for_done() {
    for which in ["orders-staging", "orders-staging-new-"] {
        let fast = WorldSettings { speed: 400.0, ..Sim::settings_of_world(8) };
        let sim = Sim::prepared_in(fast).await.unwrap();
        let worker = sim.start("w1");
        standing(&sim, "orders-staging").await.unwrap();
        let swap = json!({"target": {"if_exists": "swap"}});
        let second = sim.submit(&restore(latest(), "orders-staging", swap)).await.unwrap();
        let is_whole = !which.ends_with('-');
        let name = if is_whole { which.to_owned() } else { format!("{which}{}", second.short()) };
        let lost = FaultRule::on("ModifyDBCluster", FaultKind::LostResponse, 1);
        sim.cloud.world().faults.add(FaultRule { resource: Some(name), ..lost });
        sim.until_succeeded(&[second], 5 * HOUR).await.unwrap();
        assert_eq!(sim.codes(second).await.unwrap(), [""; 0], "{which}");
        assert_eq!(sim.cloud.world().faults.rules()[0].fired, 1, "{which}");
        worker.drain().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_swap_that_cannot_be_done_is_taken_back_and_can_be_retried() {
    let sim = Sim::prepared(4).await.unwrap();
    let worker = sim.start("w1");
    let old = standing(&sim, "orders-staging").await.unwrap();
    let swap = json!({"target": {"if_exists": "swap"}});
    let second = sim.submit(&restore(latest(), "orders-staging", swap)).await.unwrap();
    // The old cluster is renamed away; then the new one's rename is refused.
    let refusal = FaultKind::RdsRefusal { code: "InvalidParameterCombination".into() };
    let resource = Some(format!("orders-staging-new-{}", second.short()));
    let rule = FaultRule { resource, ..FaultRule::on("ModifyDBCluster", refusal, 1) };
    sim.cloud.world().faults.add(rule);
    assert_eq!(ends(&sim, second).await, Status::Failed);
    assert_eq!(sim.codes(second).await.unwrap().last().map(String::as_str), Some("swap_failed"));
    let again = resource_id(&sim, HUB, "us-east-1", "orders-staging").await;
    assert_eq!(again, Some(old.clone()), "the old one has its name again");
    aurora_restore_producer::operate::retry(&sim.env("operator"), second).await.unwrap();
    sim.until_succeeded(&[second], 5 * HOUR).await.unwrap();
    assert_ne!(resource_id(&sim, HUB, "us-east-1", "orders-staging").await, Some(old));
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn without_capacity_the_next_class_of_the_ladder_is_taken() {
    let sim = Sim::prepared(5).await.unwrap();
    let worker = sim.start("w1");
    let refusal = FaultKind::RdsRefusal { code: "InsufficientDBInstanceCapacity".into() };
    let rule = FaultRule::on("CreateDBInstance", refusal, 1);
    sim.cloud.world().faults.add(rule);
    let ladder = json!([{"class": "db.r6g.large", "fallback": ["db.r5.large"]}]);
    let ladder = json!({"target": {"instances": ladder}});
    let job = sim.submit(&restore(latest(), "orders-drill", ladder)).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), [""; 0], "it is no failure");
    let rds = sim.env("reader").home_place(&"us-east-1".parse().unwrap()).await.unwrap().rds();
    let all = rds.describe_db_instances().send().await.unwrap().db_instances.unwrap();
    let made = all.iter().find(|i| i.db_cluster_identifier() == Some("orders-drill")).unwrap();
    assert_eq!(made.db_instance_class(), Some("db.r5.large"));
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_waits_for_its_window_and_one_that_misses_its_deadline_does_nothing() {
    let sim = Sim::prepared(6).await.unwrap();
    let worker = sim.start("w1");
    // Virtual time starts on Sunday, 2026-11-22, at midnight in UTC.
    let window =
        json!([{"days": ["sun"], "from": "05:00", "to": "08:00", "time_zone": "Europe/Berlin"}]);
    let nightly = json!({"schedule": {"windows": window}});
    let waits = sim.submit(&restore(latest(), "orders-a", nightly)).await.unwrap();
    let late = json!({"schedule": {"windows": window, "start_before": "2026-11-22T03:00:00Z"}});
    let late = sim.submit(&restore(latest(), "orders-b", late)).await.unwrap();
    assert_eq!(ends(&sim, late).await, Status::Failed);
    let failed = sim.state(late).await.unwrap().failed_at.unwrap();
    assert_eq!(failed.failure.code.as_str(), "start_missed");
    assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 0);
    sim.until_succeeded(&[waits], 8 * HOUR).await.unwrap();
    let first = sim.state(waits).await.unwrap().steps.values().map(|s| s.since_ms).min();
    let opens = aurora_restore_loadtest::sim::START_MS + 4 * 3_600_000;
    assert!(first.unwrap() >= opens, "{first:?}");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn an_aurora_mysql_cluster_is_restored_masked_and_keeps_its_backtrack_window() {
    let sim = Sim::prepared(7).await.unwrap();
    let rds = sim.env("setup").home_place(&"us-east-1".parse().unwrap()).await.unwrap().rds();
    let make = rds.create_db_cluster().db_cluster_identifier("shop-prod").engine("aurora-mysql");
    make.master_username("admin").master_user_password("correct-horse").send().await.unwrap();
    sim.pass(HOUR).await;
    let take = rds.create_db_cluster_snapshot().db_cluster_identifier("shop-prod");
    take.db_cluster_snapshot_identifier("shop-nightly").send().await.unwrap();
    sim.pass(HOUR).await;
    let worker = sim.start("w1");
    let source = json!({"snapshot": {"account": HUB, "region": "us-east-1", "id": "shop-nightly"}});
    let more = json!({
        "target": {"backtrack_hours": 24},
        "access": {"master": {"secret": "drill/orders/master"}},
        "mask": {
            "scripts": [{"name": "people", "sql": "UPDATE people SET email = 'x'"}],
            "proof": [{"name": "hidden", "sql": "SELECT count(*) FROM people WHERE email NOT LIKE 'x'", "expect": {"equals": 0}}],
        },
    });
    let job = sim.submit(&restore(source, "shop-staging", more)).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    let all = rds.describe_db_clusters().send().await.unwrap().db_clusters.unwrap();
    let made = all.iter().find(|c| c.db_cluster_identifier() == Some("shop-staging")).unwrap();
    assert_eq!(made.engine(), Some("aurora-mysql"));
    assert_eq!(made.backtrack_window(), Some(24 * 3_600));
    let masked = sim.volumes.of(made.db_cluster_resource_id().unwrap()).masked;
    assert_eq!(masked.values().map(|ran| ran.times).collect::<Vec<_>>(), [1]);
    worker.drain().await;
}
