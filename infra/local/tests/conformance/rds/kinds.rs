//! Kinds of snapshots: automated ones that come and go, and those of AWS Backup.

use super::snapshots_kit::{
    HERE, HOUR, MINE, cluster, copy, create, place, plain, rds, refused, restore, seed, snapshot,
};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::SnapshotSeed;
use aurora_restore_local::rds::model::Encryption;
use aws_sdk_rds::Client;

facts!("rds":
    a_new_cluster_gets_an_automated_snapshot_and_then_one_a_day:
        "UG, backing up a DB cluster: automated backups, backup window",
    an_automated_snapshot_goes_when_its_retention_is_over:
        "UG, backing up a DB cluster: backup retention period",
    automated_snapshots_go_with_their_cluster: "API DeleteDBCluster, DeleteAutomatedBackups",
    no_cluster_has_automated_snapshots_unless_the_world_says_so: "a setting of the local cloud",
    an_automated_snapshot_can_be_put_there: "for tests: from inside the local cloud",
    an_automated_snapshot_is_restored_and_copied_but_not_deleted_by_hand:
        "API DeleteDBClusterSnapshot, InvalidDBClusterSnapshotStateFault",
    a_snapshot_of_aws_backup_is_restored_and_copied_but_not_deleted_by_hand:
        "UG, using AWS Backup for Amazon Aurora",
    snapshots_are_found_by_their_type: "API DescribeDBClusterSnapshots, SnapshotType",
);

const DAY: u64 = 24 * HOUR;

/// The automated snapshots there are, by name.
async fn automated(client: &Client) -> Vec<String> {
    let found = client.describe_db_cluster_snapshots().snapshot_type("automated");
    let found = found.send().await.unwrap().db_cluster_snapshots.unwrap_or_default();
    found.into_iter().map(|s| s.db_cluster_snapshot_identifier.unwrap()).collect()
}

async fn a_new_cluster_gets_an_automated_snapshot_and_then_one_a_day(bed: Bed) -> Outcome {
    bed.cloud()?.world().settings.automated_snapshots = true;
    let client = rds(&bed, MINE, HERE);
    let create = create(&client, "orders").backup_retention_period(7);
    create.preferred_backup_window("09:30-10:00").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let first = automated(&client).await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(first[0].starts_with("rds:orders-2027-01-15-08-0"), "{first:?}");
    bed.seconds(2 * DAY).await?;
    let expected =
        [first[0].as_str(), "rds:orders-2027-01-15-09-30", "rds:orders-2027-01-16-09-30"];
    assert_eq!(automated(&client).await, expected);
    let last = snapshot(&client, "rds:orders-2027-01-16-09-30").await;
    assert_eq!((last.status(), last.snapshot_type()), (Some("available"), Some("automated")));
    assert_eq!(last.db_cluster_identifier(), Some("orders"));
    Ok(())
}

async fn an_automated_snapshot_goes_when_its_retention_is_over(bed: Bed) -> Outcome {
    bed.cloud()?.world().settings.automated_snapshots = true;
    let client = rds(&bed, MINE, HERE);
    let create = create(&client, "orders").backup_retention_period(2);
    create.preferred_backup_window("07:00-07:30").send().await.unwrap();
    bed.seconds(10 * DAY).await?;
    let kept = ["rds:orders-2027-01-24-07-00", "rds:orders-2027-01-25-07-00"];
    assert_eq!(automated(&client).await, kept);
    Ok(())
}

async fn automated_snapshots_go_with_their_cluster(bed: Bed) -> Outcome {
    bed.cloud()?.world().settings.automated_snapshots = true;
    let client = rds(&bed, MINE, HERE);
    create(&client, "orders").send().await.unwrap();
    create(&client, "others").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let delete = client.delete_db_cluster().db_cluster_identifier("orders");
    delete.skip_final_snapshot(true).send().await.unwrap();
    bed.seconds(HOUR).await?;
    let left = automated(&client).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].starts_with("rds:others-"), "{left:?}");
    Ok(())
}

async fn no_cluster_has_automated_snapshots_unless_the_world_says_so(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = rds(&bed, MINE, HERE);
    create(&client, "orders").send().await.unwrap();
    bed.seconds(2 * DAY).await?;
    assert!(automated(&client).await.is_empty());
    Ok(())
}

async fn an_automated_snapshot_can_be_put_there(bed: Bed) -> Outcome {
    let cloud = bed.cloud()?;
    let client = rds(&bed, MINE, HERE);
    let (here, now_ms) = (place(MINE, HERE), cloud.now_ms());
    assert_eq!(cloud.world().rds.add_automated_snapshot(&here, "orders", now_ms), None);
    create(&client, "orders").send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(cluster(&client, "orders").await.status(), Some("available"));
    let at_ms = 1_800_000_000_000 - 3_600_000;
    let id = cloud.world().rds.add_automated_snapshot(&here, "orders", at_ms).unwrap();
    assert_eq!(id, "rds:orders-2027-01-15-07-00");
    assert_eq!(snapshot(&client, &id).await.status(), Some("available"));
    assert_eq!(cloud.world().rds.add_automated_snapshot(&here, "orders", at_ms), None);
    Ok(())
}

/// A snapshot of a type that nobody takes by hand.
async fn is_restored_and_copied_but_not_deleted(bed: &Bed, kind: &str, id: &str) -> Outcome {
    let client = rds(bed, MINE, HERE);
    let one = plain(id, Encryption::SseRds);
    seed(bed, SnapshotSeed { snapshot_type: kind.into(), ..one })?;
    restore(&client, "c", id).send().await.unwrap();
    copy(&client, id, "t").send().await.unwrap();
    let delete = client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id);
    refused!(delete, "InvalidDBClusterSnapshotStateFault", 400);
    bed.seconds(HOUR).await?;
    let copied = snapshot(&client, "t").await;
    assert_eq!((copied.status(), copied.snapshot_type()), (Some("available"), Some("manual")));
    Ok(())
}

async fn an_automated_snapshot_is_restored_and_copied_but_not_deleted_by_hand(bed: Bed) -> Outcome {
    is_restored_and_copied_but_not_deleted(&bed, "automated", "rds:orders-2027-01-15-07-00").await
}

async fn a_snapshot_of_aws_backup_is_restored_and_copied_but_not_deleted_by_hand(
    bed: Bed,
) -> Outcome {
    is_restored_and_copied_but_not_deleted(&bed, "awsbackup", "awsbackup:job-1a2b").await
}

async fn snapshots_are_found_by_their_type(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let ids = [
        ("automated", "rds:orders-2027-01-15-07-00"),
        ("awsbackup", "awsbackup:job-1"),
        ("manual", "s"),
    ];
    for (kind, id) in ids {
        let one = plain(id, Encryption::SseRds);
        seed(&bed, SnapshotSeed { snapshot_type: kind.into(), ..one })?;
    }
    for (kind, id) in ids {
        let found = client.describe_db_cluster_snapshots().snapshot_type(kind);
        let found = found.send().await.unwrap().db_cluster_snapshots.unwrap();
        let names: Vec<_> = found.iter().map(|s| s.db_cluster_snapshot_identifier()).collect();
        assert_eq!(names, [Some(id)], "{kind}");
    }
    let bad = client.describe_db_cluster_snapshots().snapshot_type("own");
    refused!(bad, "InvalidParameterValue", 400);
    Ok(())
}
