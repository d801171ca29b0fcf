//! Deleting clusters, instances and snapshots.

use super::kit::{Aurora, HOUR, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};

facts!("rds":
    a_cluster_goes_after_its_instances_and_without_protection:
        "UG, Deleting Aurora DB clusters and DB instances",
    a_final_snapshot_is_skipped_or_named_but_not_both:
        "API DeleteDBCluster, FinalDBSnapshotIdentifier, SkipFinalSnapshot",
    the_reader_of_the_lowest_tier_takes_over_when_the_writer_goes:
        "UG, Fault tolerance for an Aurora DB cluster",
    a_deleted_snapshot_is_gone_but_not_while_a_restore_reads_it: "API DeleteDBClusterSnapshot",
);

async fn a_cluster_goes_after_its_instances_and_without_protection(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("orders").await?;
    let protect = |on: bool| {
        let change = aurora.modify("orders");
        change.deletion_protection(on).send()
    };
    let delete = || {
        aurora
            .client
            .delete_db_cluster()
            .db_cluster_identifier(bed.name("orders"))
            .skip_final_snapshot(true)
    };
    protect(true).await.unwrap();
    bed.seconds(60).await?;
    refused!(delete(), "InvalidParameterCombination", 400);
    protect(false).await.unwrap();
    bed.seconds(60).await?;
    refused!(delete(), "InvalidDBClusterStateFault", 400);
    let one = aurora.client.delete_db_instance().db_instance_identifier(bed.name("orders-1"));
    one.clone().send().await.unwrap();
    refused!(one, "InvalidDBInstanceState", 400);
    delete().send().await.unwrap();
    assert_eq!(aurora.status("orders").await, "deleting");
    refused!(delete(), "InvalidDBClusterStateFault", 400);
    bed.seconds(HOUR).await?;
    refused!(delete(), "DBClusterNotFoundFault", 404);
    let one = aurora.client.delete_db_instance().db_instance_identifier(bed.name("orders-1"));
    refused!(one, "DBInstanceNotFound", 404);
    Ok(())
}

async fn a_final_snapshot_is_skipped_or_named_but_not_both(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.available("orders").await?;
    let delete = || aurora.client.delete_db_cluster().db_cluster_identifier(bed.name("orders"));
    refused!(delete(), "InvalidParameterCombination", 400);
    let both = delete().skip_final_snapshot(true).final_db_snapshot_identifier(bed.name("last"));
    refused!(both, "InvalidParameterCombination", 400);
    delete().final_db_snapshot_identifier(bed.name("last")).send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(aurora.snapshot("last").await.status(), Some("available"));
    let gone = aurora.client.describe_db_clusters().db_cluster_identifier(bed.name("orders"));
    refused!(gone, "DBClusterNotFoundFault", 404);
    Ok(())
}

async fn the_reader_of_the_lowest_tier_takes_over_when_the_writer_goes(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("orders").await?;
    aurora.instance("far", "orders").promotion_tier(9).send().await.unwrap();
    aurora.instance("near", "orders").promotion_tier(2).send().await.unwrap();
    bed.seconds(HOUR).await?;
    let delete = aurora.client.delete_db_instance().db_instance_identifier(bed.name("orders-1"));
    delete.send().await.unwrap();
    let members = aurora.cluster("orders").await.db_cluster_members.unwrap();
    let writers: Vec<_> = members.iter().filter(|m| m.is_cluster_writer() == Some(true)).collect();
    assert_eq!(writers.len(), 1);
    assert_eq!(writers[0].db_instance_identifier(), Some("near"));
    Ok(())
}

async fn a_deleted_snapshot_is_gone_but_not_while_a_restore_reads_it(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    aurora.restore("copy", "snap").send().await.unwrap();
    let delete = || {
        aurora.client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(bed.name("snap"))
    };
    delete().send().await.unwrap();
    bed.seconds(60).await?;
    assert_eq!(aurora.snapshot("snap").await.status(), Some("deleting"));
    refused!(delete(), "InvalidDBClusterSnapshotStateFault", 400);
    bed.seconds(HOUR).await?;
    assert_eq!(aurora.status("copy").await, "available");
    refused!(delete(), "DBClusterSnapshotNotFoundFault", 404);
    Ok(())
}
