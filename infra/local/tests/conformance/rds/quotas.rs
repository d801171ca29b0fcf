//! Quotas: counted, told and enforced.

use super::kit::{Aurora, refused};
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::Quotas;
use aws_sdk_rds::error::ProvideErrorMetadata;

facts!("rds":
    quotas_are_counted_told_and_enforced:
        "UG, Quotas and constraints for Amazon Aurora; API DescribeAccountAttributes",
);

async fn quotas_are_counted_told_and_enforced(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    let cloud = bed.cloud()?;
    aurora.seed("snap", "16.4")?;
    aurora.serving("orders").await?;
    let quotas = Quotas { clusters: 1, instances: 1, manual_snapshots: 1, ..Quotas::default() };
    cloud.world().rds.set_quotas(ACCOUNT, REGION, quotas);
    refused!(aurora.create("more"), "DBClusterQuotaExceededFault", 403);
    refused!(aurora.restore("more", "snap"), "DBClusterQuotaExceededFault", 403);
    refused!(aurora.instance("more", "orders"), "InstanceQuotaExceeded", 400);
    let take = aurora.take("orders", "more");
    let refused = take.clone().send().await.unwrap_err();
    assert_eq!(refused.message(), Some("Cannot create more than 1 manual snapshots"));
    refused!(take, "SnapshotQuotaExceeded", 400);
    cloud.world().rds.set_quotas(ACCOUNT, REGION, Quotas { storage_gib: 50, ..Quotas::default() });
    refused!(aurora.restore("more", "snap"), "StorageQuotaExceeded", 400);
    let told = aurora.client.describe_account_attributes().send().await.unwrap();
    let quota = |name: &str| {
        let all = told.account_quotas();
        let found = all.iter().find(|q| q.account_quota_name() == Some(name)).unwrap();
        (found.used().unwrap(), found.max().unwrap())
    };
    assert_eq!(quota("DBClusters"), (1, 40));
    assert_eq!(quota("DBInstances"), (1, 40));
    assert_eq!(quota("ManualClusterSnapshots"), (1, 100));
    bed.rds_as(key_of(ACCOUNT), "eu-west-1").describe_account_attributes().send().await.unwrap();
    Ok(())
}
