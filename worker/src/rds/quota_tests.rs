//! What RDS says of a full quota of snapshots, and how it is taken.

use crate::rds::made_by_hand;
use crate::tests::lab::Lab;
use aurora_restore_local::rds::Quotas;
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use std::time::Duration;

/// The local cloud's own rule answers, in AWS's words; the text is read in this one case.
#[tokio::test(start_paused = true)]
async fn the_two_meanings_of_the_snapshot_quota_are_told_apart_in_awss_own_words() {
    let lab = Lab::ready().await;
    let worker = lab.worker("w");
    let (account, region) = (worker.account.to_string(), &worker.settings.common.region);
    let rds = worker.env.home_place(region).await.unwrap().rds();
    made_by_hand::cluster(&lab, &worker, "orders").await;
    let take = rds.create_db_cluster_snapshot().db_cluster_identifier("orders");
    take.db_cluster_snapshot_identifier("snap").send().await.unwrap();
    lab.pass(Duration::from_secs(3_600)).await;
    let met = async |quotas: Quotas| {
        lab.cloud.world().rds.set_quotas(&account, region.as_str(), quotas);
        let copy = rds.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier("snap");
        let refused = copy.target_db_cluster_snapshot_identifier("copy").send().await.unwrap_err();
        let failure = Failure::from_sdk("copying", &refused);
        (failure.kind, failure.code)
    };
    let no_slot = Quotas { copies_in_progress: 0, ..Quotas::default() };
    assert_eq!(met(no_slot).await, (FailureKind::Quota, FailureCode::CopySlots));
    let no_room = Quotas { manual_snapshots: 1, ..Quotas::default() };
    assert_eq!(met(no_room).await, (FailureKind::NeedsPerson, FailureCode::SnapshotQuota));
}
