//! Clones: restores that share storage with their source.

use super::engines_kit::{MYSQL, POSTGRESQL, Stage, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_rds::primitives::DateTime;

facts!("rds":
    a_clone_is_there_within_minutes_whatever_the_size: "UG Cloning a volume, overview",
    a_clone_is_of_the_latest_time_only: "API RestoreDBClusterToPointInTime, RestoreToTime",
    a_clone_must_ask_for_the_latest_time:
        "API RestoreDBClusterToPointInTime, UseLatestRestorableTime",
    a_cluster_without_instances_cannot_be_cloned: "UG Cloning a volume, limitations",
    a_cluster_that_is_not_available_cannot_be_cloned: "API RestoreDBClusterToPointInTime, Errors",
    a_clone_and_its_source_are_one_clone_group: "API DBCluster, CloneGroupId",
    a_restore_to_a_time_inherits_the_clone_group: "API DBCluster, CloneGroupId",
    a_restored_snapshot_is_in_no_clone_group: "API DBCluster, CloneGroupId",
    the_sixteenth_clone_is_a_full_copy: "UG Cloning a volume, limitations",
    a_clone_lives_on_when_its_source_is_deleted: "UG Cloning a volume, overview",
    a_clone_of_a_clone_is_allowed: "UG Cloning a volume, overview",
    a_mysql_cluster_can_be_cloned: "UG Cloning a volume, overview",
);

/// A source with an instance, and much data on a local bed.
async fn source(bed: Bed) -> Result<Stage, crate::fact::Skip> {
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    if let Ok(cloud) = stage.bed.cloud() {
        let place = aurora_restore_local::rds::model::Place {
            account: crate::bed::ACCOUNT.into(),
            region: crate::bed::REGION.into(),
        };
        assert!(cloud.world().rds.set_allocated_gib(&place, "orders", 1_000));
    }
    Ok(stage)
}

async fn a_clone_is_there_within_minutes_whatever_the_size(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    stage.clone_of("copy", "orders").send().await.unwrap();
    assert_eq!(stage.status("copy").await, "creating");
    stage.bed.seconds(300).await?;
    let copy = stage.cluster("copy").await;
    assert_eq!((copy.status(), copy.db_cluster_members().len()), (Some("available"), 0));
    Ok(())
}

async fn a_clone_is_of_the_latest_time_only(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let moment = DateTime::from_millis(stage.bed.now_ms() - 900_000);
    let clone = stage.clone_of("copy", "orders").restore_to_time(moment);
    refused!(clone, "InvalidParameterCombination", 400);
    let clone = stage.clone_of("copy", "orders").restore_to_time(moment);
    let clone = clone.use_latest_restorable_time(false);
    refused!(clone, "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_clone_must_ask_for_the_latest_time(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let clone = stage.clone_of("copy", "orders").use_latest_restorable_time(false);
    refused!(clone, "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_cluster_without_instances_cannot_be_cloned(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    refused!(stage.clone_of("copy", "orders"), "InvalidDBClusterStateFault", 400);
    Ok(())
}

async fn a_cluster_that_is_not_available_cannot_be_cloned(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let stop = stage.client.stop_db_cluster().db_cluster_identifier(stage.bed.name("orders"));
    stop.send().await.unwrap();
    stage.hour().await?;
    refused!(stage.clone_of("copy", "orders"), "InvalidDBClusterStateFault", 400);
    Ok(())
}

async fn a_clone_and_its_source_are_one_clone_group(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    assert_eq!(stage.cluster("orders").await.clone_group_id(), None);
    for id in ["one", "two"] {
        stage.clone_of(id, "orders").send().await.unwrap();
    }
    let group = stage.cluster("orders").await.clone_group_id.unwrap();
    for id in ["one", "two"] {
        assert_eq!(stage.cluster(id).await.clone_group_id(), Some(group.as_str()), "{id}");
    }
    stage.hour().await?;
    for id in ["one", "two"] {
        stage.delete(id).await;
    }
    stage.hour().await?;
    assert_eq!(stage.cluster("orders").await.clone_group_id, Some(group));
    Ok(())
}

async fn a_restore_to_a_time_inherits_the_clone_group(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    stage.clone_of("copy", "orders").send().await.unwrap();
    let restore = stage.restore_to_time("then", "orders").use_latest_restorable_time(true);
    restore.send().await.unwrap();
    let group = stage.cluster("orders").await.clone_group_id;
    assert!(group.is_some());
    assert_eq!(stage.cluster("then").await.clone_group_id, group);
    Ok(())
}

async fn a_restored_snapshot_is_in_no_clone_group(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    stage.clone_of("copy", "orders").send().await.unwrap();
    stage.bed.seconds(3_600).await?;
    stage.snapshot("snap", "orders").await?;
    stage.restore(POSTGRESQL, "restored", "snap").send().await.unwrap();
    assert_eq!(stage.cluster("restored").await.clone_group_id(), None);
    Ok(())
}

async fn the_sixteenth_clone_is_a_full_copy(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    for n in 1..=16 {
        stage.clone_of(&format!("copy-{n}"), "orders").send().await.unwrap();
    }
    stage.bed.seconds(300).await?;
    assert_eq!(stage.status("copy-15").await, "available");
    assert_eq!(stage.status("copy-16").await, "creating");
    stage.hour().await?;
    assert_eq!(stage.status("copy-16").await, "available");
    stage.delete("copy-1").await;
    stage.hour().await?;
    stage.clone_of("copy-17", "orders").send().await.unwrap();
    stage.bed.seconds(300).await?;
    assert_eq!(stage.status("copy-17").await, "available");
    Ok(())
}

async fn a_clone_lives_on_when_its_source_is_deleted(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    stage.clone_of("copy", "orders").send().await.unwrap();
    stage.hour().await?;
    stage.delete_instance("orders-1").await;
    stage.delete("orders").await;
    stage.hour().await?;
    assert_eq!(stage.status("copy").await, "available");
    let gone = stage.client.describe_db_clusters();
    let gone = gone.db_cluster_identifier(stage.bed.name("orders"));
    refused!(gone, "DBClusterNotFoundFault", 404);
    Ok(())
}

async fn a_clone_of_a_clone_is_allowed(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    stage.clone_of("child", "orders").send().await.unwrap();
    stage.hour().await?;
    stage.join(POSTGRESQL, "child-1", "child").await?;
    stage.clone_of("grandchild", "child").send().await.unwrap();
    let group = stage.cluster("orders").await.clone_group_id;
    assert_eq!(stage.cluster("grandchild").await.clone_group_id, group);
    Ok(())
}

async fn a_mysql_cluster_can_be_cloned(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.serving(MYSQL, "my").await?;
    stage.clone_of("copy", "my").backtrack_window(60).send().await.unwrap();
    stage.hour().await?;
    let copy = stage.cluster("copy").await;
    assert_eq!((copy.engine(), copy.status()), (Some(MYSQL), Some("available")));
    assert_eq!(copy.backtrack_window(), Some(60));
    Ok(())
}
