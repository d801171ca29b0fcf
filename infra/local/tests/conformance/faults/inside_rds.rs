//! Faults inside RDS: operations that are slow, stuck, end badly, or find no room.

use super::{fired, inject, once};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aws_sdk_rds::Client;
use aws_sdk_rds::error::ProvideErrorMetadata;

facts!("rds":
    an_operation_may_take_longer_than_usual: "local cloud, fault slow",
    an_operation_may_never_end: "local cloud, fault stuck",
    an_operation_may_end_in_failed: "local cloud, fault failed",
    a_restore_may_end_in_incompatible_restore: "local cloud, fault incompatible_restore",
    a_lack_of_capacity_is_refused_with_the_code_of_the_operation:
        "local cloud, fault capacity_shortage; API, errors of each operation",
    a_call_that_is_refused_anyway_does_not_use_up_a_rule: "local cloud, fault failed",
    a_plan_for_one_name_goes_before_a_rule: "local cloud, fault failed",
    a_describe_may_not_show_yet_what_was_just_created: "local cloud, fault describe_lag",
    what_a_describe_does_not_show_yet_is_there_all_the_same: "local cloud, fault describe_lag",
    a_describe_that_had_nothing_to_hide_does_not_use_up_a_rule:
        "local cloud, fault describe_lag",
);

const HOUR: u64 = 3_600;

async fn create(client: &Client, cluster: &str) -> Result<(), String> {
    let create = client.create_db_cluster().db_cluster_identifier(cluster);
    let create = create.engine("aurora-postgresql").master_username("postgres");
    let created = create.master_user_password("correct-horse").send().await;
    created.map(drop).map_err(|e| e.code().unwrap().to_owned())
}

async fn instance(client: &Client, cluster: &str) -> Result<(), String> {
    let create = client.create_db_instance().db_instance_identifier(format!("{cluster}-1"));
    let create = create.db_cluster_identifier(cluster).engine("aurora-postgresql");
    let created = create.db_instance_class("db.r6g.large").send().await;
    created.map(drop).map_err(|e| e.code().unwrap().to_owned())
}

async fn snapshot(client: &Client, cluster: &str, snapshot: &str) {
    let create = client.create_db_cluster_snapshot().db_cluster_identifier(cluster);
    create.db_cluster_snapshot_identifier(snapshot).send().await.unwrap();
}

async fn restore(client: &Client, snapshot: &str, cluster: &str) -> Result<(), String> {
    let restore = client.restore_db_cluster_from_snapshot().snapshot_identifier(snapshot);
    let restore = restore.db_cluster_identifier(cluster).engine("aurora-postgresql");
    restore.send().await.map(drop).map_err(|e| e.code().unwrap().to_owned())
}

async fn status(client: &Client, cluster: &str) -> String {
    let describe = client.describe_db_clusters().db_cluster_identifier(cluster);
    describe.send().await.unwrap().db_clusters()[0].status().unwrap().to_owned()
}

/// A cluster that is there, and a snapshot of it.
async fn with_snapshot(bed: &Bed) -> Result<Client, crate::fact::Skip> {
    let client = bed.rds();
    create(&client, "orders").await.unwrap();
    bed.seconds(HOUR).await?;
    snapshot(&client, "orders", "s").await;
    bed.seconds(HOUR).await?;
    Ok(client)
}

async fn an_operation_may_take_longer_than_usual(bed: Bed) -> Outcome {
    let client = bed.rds();
    once(&bed, "CreateDBCluster", FaultKind::Slow { times: 100 })?;
    create(&client, "slow").await.unwrap();
    create(&client, "usual").await.unwrap();
    bed.seconds(HOUR / 2).await?;
    assert_eq!(status(&client, "slow").await, "creating");
    assert_eq!(status(&client, "usual").await, "available");
    bed.seconds(2 * HOUR).await?;
    assert_eq!(status(&client, "slow").await, "available");
    Ok(())
}

async fn an_operation_may_never_end(bed: Bed) -> Outcome {
    let client = bed.rds();
    once(&bed, "CreateDBCluster", FaultKind::Stuck)?;
    create(&client, "stuck").await.unwrap();
    bed.seconds(1_000 * HOUR).await?;
    assert_eq!(status(&client, "stuck").await, "creating");
    Ok(())
}

async fn an_operation_may_end_in_failed(bed: Bed) -> Outcome {
    let client = bed.rds();
    create(&client, "orders").await.unwrap();
    bed.seconds(HOUR).await?;
    once(&bed, "CreateDBClusterSnapshot", FaultKind::Failed)?;
    snapshot(&client, "orders", "s").await;
    bed.seconds(HOUR).await?;
    let described = client.describe_db_cluster_snapshots().send().await.unwrap();
    assert_eq!(described.db_cluster_snapshots()[0].status(), Some("failed"));
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

async fn a_restore_may_end_in_incompatible_restore(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = with_snapshot(&bed).await?;
    once(&bed, "RestoreDBClusterFromSnapshot", FaultKind::IncompatibleRestore)?;
    restore(&client, "s", "copy").await.unwrap();
    assert_eq!(status(&client, "copy").await, "creating");
    bed.seconds(HOUR).await?;
    assert_eq!(status(&client, "copy").await, "incompatible-restore");
    Ok(())
}

async fn a_lack_of_capacity_is_refused_with_the_code_of_the_operation(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = with_snapshot(&bed).await?;
    inject(&bed, FaultRule::always(FaultKind::CapacityShortage))?;
    let refusals = [
        create(&client, "more").await,
        restore(&client, "s", "copy").await,
        instance(&client, "orders").await,
    ];
    let codes = [
        "InsufficientStorageClusterCapacity",
        "InsufficientDBClusterCapacityFault",
        "InsufficientDBInstanceCapacity",
    ];
    assert_eq!(refusals.map(Result::unwrap_err), codes);
    assert_eq!(fired(&bed)?, [3]);
    let described = client.describe_db_clusters().send().await.unwrap();
    assert_eq!(described.db_clusters().len(), 1);
    Ok(())
}

async fn a_call_that_is_refused_anyway_does_not_use_up_a_rule(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = with_snapshot(&bed).await?;
    once(&bed, "RestoreDBClusterFromSnapshot", FaultKind::Failed)?;
    let refusal = restore(&client, "none", "copy").await.unwrap_err();
    assert_eq!(refusal, "DBClusterSnapshotNotFoundFault");
    assert_eq!(fired(&bed)?, [0]);
    restore(&client, "s", "copy").await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(status(&client, "copy").await, "failed");
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

async fn a_plan_for_one_name_goes_before_a_rule(bed: Bed) -> Outcome {
    let planned = aurora_restore_local::rds::Surprise::Slow { times: 1 };
    bed.cloud()?.world().rds.plan_surprise("orders", planned);
    once(&bed, "CreateDBCluster", FaultKind::Failed)?;
    let client = bed.rds();
    create(&client, "orders").await.unwrap();
    create(&client, "others").await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(status(&client, "orders").await, "available");
    assert_eq!(status(&client, "others").await, "failed");
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

/// How many clusters, instances and manual snapshots a look at all of them shows.
async fn shown(client: &Client) -> [usize; 3] {
    let clusters = client.describe_db_clusters().send().await.unwrap();
    let instances = client.describe_db_instances().send().await.unwrap();
    let snapshots = client.describe_db_cluster_snapshots().snapshot_type("manual");
    let snapshots = snapshots.send().await.unwrap();
    [
        clusters.db_clusters().len(),
        instances.db_instances().len(),
        snapshots.db_cluster_snapshots().len(),
    ]
}

/// What a look by name is answered with, for the cluster, its instance and the snapshot `s`.
async fn by_name(client: &Client, cluster: &str) -> [String; 3] {
    let of_cluster = client.describe_db_clusters().db_cluster_identifier(cluster).send().await;
    let instance = format!("{cluster}-1");
    let of_instance = client.describe_db_instances().db_instance_identifier(instance).send().await;
    let of_snapshot = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier("s");
    let of_snapshot = of_snapshot.send().await;
    [
        of_cluster.map_or_else(|e| e.code().unwrap().to_owned(), |_| "ok".into()),
        of_instance.map_or_else(|e| e.code().unwrap().to_owned(), |_| "ok".into()),
        of_snapshot.map_or_else(|e| e.code().unwrap().to_owned(), |_| "ok".into()),
    ]
}

async fn a_describe_may_not_show_yet_what_was_just_created(bed: Bed) -> Outcome {
    let client = bed.rds();
    let lag = FaultRule::always(FaultKind::DescribeLag { ms: 60_000 });
    inject(&bed, lag)?;
    create(&client, "orders").await.unwrap();
    assert_eq!(shown(&client).await, [0, 0, 0]);
    assert_eq!(by_name(&client, "orders").await[0], "DBClusterNotFoundFault");
    bed.seconds(HOUR).await?;
    instance(&client, "orders").await.unwrap();
    snapshot(&client, "orders", "s").await;
    assert_eq!(shown(&client).await, [1, 0, 0]);
    let late = ["ok", "DBInstanceNotFound", "DBClusterSnapshotNotFoundFault"];
    assert_eq!(by_name(&client, "orders").await, late);
    bed.seconds(30).await?;
    assert_eq!(by_name(&client, "orders").await, late);
    bed.seconds(30).await?;
    assert_eq!(by_name(&client, "orders").await, ["ok"; 3]);
    assert_eq!(shown(&client).await, [1, 1, 1]);
    assert_eq!(fired(&bed)?, [8]);
    Ok(())
}

async fn what_a_describe_does_not_show_yet_is_there_all_the_same(bed: Bed) -> Outcome {
    let client = bed.rds();
    once(&bed, "DescribeDBClusters", FaultKind::DescribeLag { ms: 86_400_000 })?;
    create(&client, "orders").await.unwrap();
    assert_eq!(by_name(&client, "orders").await[0], "DBClusterNotFoundFault");
    let again = create(&client, "orders").await.unwrap_err();
    assert_eq!(again, "DBClusterAlreadyExistsFault");
    assert_eq!(status(&client, "orders").await, "creating");
    Ok(())
}

async fn a_describe_that_had_nothing_to_hide_does_not_use_up_a_rule(bed: Bed) -> Outcome {
    let client = bed.rds();
    create(&client, "old").await.unwrap();
    bed.seconds(HOUR).await?;
    once(&bed, "DescribeDBClusters", FaultKind::DescribeLag { ms: 60_000 })?;
    assert_eq!(by_name(&client, "none").await[0], "DBClusterNotFoundFault");
    create(&client, "new").await.unwrap();
    assert_eq!(status(&client, "old").await, "available");
    assert_eq!(fired(&bed)?, [0]);
    assert_eq!(shown(&client).await[0], 1);
    assert_eq!(fired(&bed)?, [1]);
    assert_eq!(shown(&client).await[0], 2);
    Ok(())
}
