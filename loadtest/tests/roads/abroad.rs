//! Roads between accounts and Regions.

use super::{HOUR, latest, resource_id, restore};
use aurora_restore_loadtest::sim::two_accounts::{SPOKE, THERE, refresh, there};
use aurora_restore_loadtest::sim::{Sim, cost_of, last_call};
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_shared::plan::StepName;
use serde_json::json;

async fn two_accounts(seed: u64) -> Sim {
    Sim::two_accounts(seed).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_shared_copied_and_restored_in_another_account_and_region() {
    let sim = two_accounts(1).await;
    let worker = sim.start("w1");
    let target = json!({"target": there("orders-staging", THERE)});
    let job = sim.submit(&restore(latest(), "orders-staging", target)).await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), [""; 0]);
    assert!(resource_id(&sim, SPOKE, THERE, "orders-staging").await.is_some());
    assert_eq!(sim.effects("CopyDBClusterSnapshot"), 1);
    assert_eq!(sim.effects("DeleteDBClusterSnapshot"), 1, "the copy is no longer needed");
    let shares = sim.effects("ModifyDBClusterSnapshotAttribute");
    assert_eq!(shares, 2, "the source is shared, and no longer shared in the end");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_its_owner_deletes_after_the_restore_is_no_failure() {
    let sim = two_accounts(8).await;
    let worker = sim.start("w1");
    let target = json!({"target": there("orders-staging", THERE)});
    let job = sim.submit(&restore(latest(), "orders-staging", target)).await.unwrap();
    while !sim.state(job).await.unwrap().steps.contains_key(&StepName::CreateInstances) {
        sim.pass(HOUR / 60).await;
    }
    sim.delete_snapshot("orders-prod-nightly").await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn where_aws_refuses_one_step_the_copy_goes_by_way_of_one_in_the_sources_region() {
    let sim = two_accounts(6).await;
    let worker = sim.start("w1");
    let refusal = FaultKind::RdsRefusal { code: "InvalidParameterCombination".into() };
    sim.cloud.world().faults.add(FaultRule::on("CopyDBClusterSnapshot", refusal, 1));
    let target = json!({"target": there("orders-staging", THERE)});
    let job = sim.submit(&restore(latest(), "orders-staging", target)).await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), [""; 0], "it is no failure");
    assert_eq!(sim.effects("CopyDBClusterSnapshot"), 2);
    assert_eq!(sim.effects("DeleteDBClusterSnapshot"), 2, "neither is needed any more");
    assert!(resource_id(&sim, SPOKE, THERE, "orders-staging").await.is_some());
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn in_the_same_region_another_account_restores_the_shared_snapshot_without_a_copy() {
    let sim = two_accounts(2).await;
    sim.make_source_in(SPOKE, "us-east-1").await.unwrap();
    let worker = sim.start("w1");
    let target = json!({"target": there("orders-staging", "us-east-1")});
    let job = sim.submit(&restore(latest(), "orders-staging", target)).await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    assert_eq!(sim.effects("CopyDBClusterSnapshot"), 0);
    let shares = sim.effects("ModifyDBClusterSnapshotAttribute");
    assert_eq!(shares, 2, "the source is no longer shared in the end");
    assert!(resource_id(&sim, SPOKE, "us-east-1", "orders-staging").await.is_some());
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_of_another_account_and_region_is_masked_verified_and_swapped() {
    let sim = two_accounts(3).await;
    let old = resource_id(&sim, SPOKE, THERE, "orders-prod").await.unwrap();
    let worker = sim.start("w1");
    let mut target = there("orders-prod", THERE);
    super::merge(&mut target, json!({"if_exists": "swap", "deletion_protection": true}));
    let more = json!({
        "target": target,
        "access": {"master": {"secret": "drill/orders/master"}, "open_after_masking": true},
        "mask": {"scripts": [{"name": "customers", "sql": "UPDATE customers SET email = 'x'"}]},
        "verify": {"compare_settings": true},
    });
    let job = sim.submit(&restore(latest(), "orders-prod", more)).await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    assert_eq!(sim.codes(job).await.unwrap(), [""; 0]);
    let new = resource_id(&sim, SPOKE, THERE, "orders-prod").await.unwrap();
    assert_ne!(new, old);
    let rds = sim.env("reader").place(&SPOKE.parse().unwrap(), &THERE.parse().unwrap()).await;
    let all = rds.unwrap().rds().describe_db_clusters().send().await.unwrap().db_clusters.unwrap();
    let cluster = all.iter().find(|c| c.db_cluster_identifier() == Some("orders-prod")).unwrap();
    let groups = cluster.vpc_security_groups().iter().filter_map(|g| g.vpc_security_group_id());
    assert_eq!(groups.collect::<Vec<_>>(), ["sg-0aa11bb22cc33dd44"], "access is open");
    assert_eq!(cluster.deletion_protection(), Some(true));
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_swap_onto_a_protected_target_waits_for_somebody_elses_approval() {
    let mut sim = two_accounts(4).await;
    sim.settle(|common| common.protected.clusters = vec!["*-prod".into()]);
    let worker = sim.start("w1");
    let mut target = there("orders-prod", THERE);
    super::merge(&mut target, json!({"if_exists": "swap"}));
    let request = restore(latest(), "orders-prod", json!({"target": target}));
    let job = sim.submit(&request).await.unwrap();
    while !sim.state(job).await.unwrap().is_parked() {
        sim.pass(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(sim.codes(job).await.unwrap(), ["approval_needed"]);
    assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 0);
    let own = aurora_restore_producer::approve::approve(&sim.env("caller"), job).await;
    assert!(own.is_err(), "whoever submits does not approve: {own:?}");
    let store = sim.env("somebody").store();
    let approval =
        aurora_restore_shared::store::Approval { by: "arn:aws:iam::1:user/b".into(), at_ms: 0 };
    assert!(store.approve(job, &approval).await.unwrap());
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn the_share_of_a_snapshot_stays_until_the_last_job_that_needs_it_has_ended() {
    let sim = two_accounts(8).await;
    let worker = sim.start("w1");
    let request = |target: &str| restore(latest(), target, json!({"target": there(target, THERE)}));
    let first = sim.submit(&request("orders-staging")).await.unwrap();
    sim.pass(HOUR / 60).await;
    // The second one's copy is under way when the first one has ended.
    let slow = FaultRule::on("CopyDBClusterSnapshot", FaultKind::Slow { times: 20 }, 1);
    sim.cloud.world().faults.add(slow);
    let second = sim.submit(&request("orders-reports")).await.unwrap();
    sim.until_succeeded(&[first], 10 * HOUR).await.unwrap();
    assert!(!sim.state(second).await.unwrap().status.is_ended());
    sim.until_succeeded(&[second], 10 * HOUR).await.unwrap();
    let shares = sim.effects("ModifyDBClusterSnapshotAttribute");
    assert_eq!(shares, 2, "given once and taken back once");
    let is_shared = sim.cloud.world().rds.snapshots().any(|(_, s)| !s.shared_with.is_empty());
    assert!(!is_shared);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_to_another_account_and_region_stays_within_its_budget() {
    let sim = two_accounts(5).await;
    let worker = sim.start("w1");
    sim.pass(HOUR / 60).await;
    let before = last_call(&sim.cloud);
    let target = json!({
        "target": there("orders-staging", THERE),
        "access": {"master": {"secret": "drill/orders/master"}},
    });
    let job = sim.submit(&restore(latest(), "orders-staging", target)).await.unwrap();
    // Looked at from outside only after it must be over: a look costs a read unit.
    sim.pass(3 * HOUR).await;
    let cost = cost_of(&sim.cloud, before);
    sim.until_succeeded(&[job], HOUR).await.unwrap();
    println!("{cost:?}");
    assert!(cost.sqs_requests <= 20, "{cost:?}");
    assert!(cost.write_units <= 100.0, "{cost:?}");
    assert!(cost.read_units <= 25.0, "{cost:?}");
    worker.drain().await;
}

/// It has five more waits than a plain restore: two for its password, one for its groups, two for names.
#[tokio::test(start_paused = true)]
async fn a_masked_swap_in_another_account_and_region_stays_within_its_budget() {
    let sim = two_accounts(7).await;
    let worker = sim.start("w1");
    sim.pass(HOUR / 60).await;
    let before = last_call(&sim.cloud);
    let request = restore(latest(), "orders-prod", refresh());
    let job = sim.submit(&request).await.unwrap();
    // Over by then, and what follows it has not begun.
    sim.pass(HOUR * 3 / 4).await;
    let cost = cost_of(&sim.cloud, before);
    sim.until_succeeded(&[job], HOUR).await.unwrap();
    println!("{cost:?}");
    assert!(cost.sqs_requests <= 32, "{cost:?}");
    assert!(cost.write_units <= 140.0, "{cost:?}");
    assert!(cost.read_units <= 25.0, "{cost:?}");
    worker.drain().await;
}
