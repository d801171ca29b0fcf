//! Statuses in time, the order of deletion, and statuses that nobody expects.

use super::engines_kit::{MYSQL, POSTGRESQL, Stage, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::Surprise;
use aurora_restore_local::rds::model::Status;

facts!("rds":
    a_protected_cluster_cannot_be_deleted: "API DeleteDBCluster; UG Deletion protection",
    a_cluster_is_deleted_once_its_last_instance_is_deleting: "UG Deleting Aurora DB clusters",
    a_stopped_cluster_is_started_before_it_is_deleted: "UG Deleting Aurora DB clusters",
    a_cluster_without_instances_can_be_deleted_at_once: "UG Deleting Aurora DB clusters",
    any_status_can_be_shown_for_a_while: "API DBCluster, Status: an open string",
    an_instance_can_end_without_capacity: "UG DB instance status, insufficient-capacity",
    a_failed_instance_can_be_deleted: "API DeleteDBInstance",
    a_cluster_whose_key_is_gone_is_inaccessible:
        "UG DB cluster status, inaccessible-encryption-credentials",
    a_snapshot_can_show_a_status_of_its_own: "API DBClusterSnapshot, Status",
    a_start_or_stop_that_fails_takes_the_instances_along: "local cloud, planned surprises",
);

/// Plans what happens to the next operation on a name.
fn plan(stage: &Stage, id: &str, surprise: Surprise) -> Outcome {
    stage.bed.cloud()?.world().rds.plan_surprise(id, surprise);
    Ok(())
}

async fn a_protected_cluster_cannot_be_deleted(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").deletion_protection(true).send().await.unwrap();
    stage.hour().await?;
    let delete = stage.client.delete_db_cluster().db_cluster_identifier(stage.bed.name("my"));
    refused!(delete.skip_final_snapshot(true), "InvalidParameterCombination", 400);
    stage.modify("my").deletion_protection(false).send().await.unwrap();
    stage.hour().await?;
    stage.delete("my").await;
    assert_eq!(stage.status("my").await, "deleting");
    Ok(())
}

async fn a_cluster_is_deleted_once_its_last_instance_is_deleting(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    let delete = stage.client.delete_db_cluster().db_cluster_identifier(stage.bed.name("orders"));
    refused!(delete.skip_final_snapshot(true), "InvalidDBClusterStateFault", 400);
    stage.delete_instance("orders-1").await;
    assert_eq!(stage.instance_status("orders-1").await, "deleting");
    stage.delete("orders").await;
    stage.hour().await?;
    let gone = stage.client.describe_db_clusters();
    let gone = gone.db_cluster_identifier(stage.bed.name("orders"));
    refused!(gone, "DBClusterNotFoundFault", 404);
    Ok(())
}

async fn a_stopped_cluster_is_started_before_it_is_deleted(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(MYSQL, "my").await?;
    let name = stage.bed.name("my");
    stage.client.stop_db_cluster().db_cluster_identifier(&name).send().await.unwrap();
    assert_eq!(stage.status("my").await, "stopping");
    stage.hour().await?;
    let delete = stage.client.delete_db_cluster().db_cluster_identifier(&name);
    refused!(delete.skip_final_snapshot(true), "InvalidDBClusterStateFault", 400);
    stage.client.start_db_cluster().db_cluster_identifier(&name).send().await.unwrap();
    assert_eq!(stage.status("my").await, "starting");
    stage.hour().await?;
    stage.delete("my").await;
    Ok(())
}

async fn a_cluster_without_instances_can_be_deleted_at_once(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(MYSQL, "my").await?;
    stage.delete("my").await;
    assert_eq!(stage.status("my").await, "deleting");
    Ok(())
}

async fn any_status_can_be_shown_for_a_while(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    for status in ["backing-up", "migrating", "a-word-nobody-knows"] {
        let surprise = Surprise::Shows { status: status.into(), ms: 120_000 };
        plan(&stage, "orders", surprise)?;
        stage.modify("orders").backup_retention_period(7).send().await.unwrap();
        assert_eq!(stage.status("orders").await, status);
        stage.bed.seconds(121).await?;
        assert_eq!(stage.status("orders").await, "modifying");
        stage.hour().await?;
        assert_eq!(stage.status("orders").await, "available");
    }
    Ok(())
}

async fn an_instance_can_end_without_capacity(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    plan(&stage, "orders-1", Surprise::EndsIn(Status::InsufficientCapacity))?;
    stage.add(POSTGRESQL, "orders-1", "orders").send().await.unwrap();
    assert_eq!(stage.instance_status("orders-1").await, "creating");
    stage.hour().await?;
    assert_eq!(stage.instance_status("orders-1").await, "insufficient-capacity");
    Ok(())
}

async fn a_failed_instance_can_be_deleted(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    plan(&stage, "orders-1", Surprise::EndsIn(Status::IncompatibleParameters))?;
    stage.join(POSTGRESQL, "orders-1", "orders").await?;
    assert_eq!(stage.instance_status("orders-1").await, "incompatible-parameters");
    stage.delete_instance("orders-1").await;
    stage.delete("orders").await;
    Ok(())
}

async fn a_cluster_whose_key_is_gone_is_inaccessible(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    let status = "inaccessible-encryption-credentials";
    plan(&stage, "orders", Surprise::EndsIn(Status::InaccessibleEncryptionCredentials))?;
    stage.available(POSTGRESQL, "orders").await?;
    assert_eq!(stage.status("orders").await, status);
    refused!(stage.modify("orders").backup_retention_period(7), "InvalidDBClusterStateFault", 400);
    refused!(stage.add(POSTGRESQL, "orders-1", "orders"), "InvalidDBClusterStateFault", 400);
    Ok(())
}

async fn a_snapshot_can_show_a_status_of_its_own(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    plan(&stage, "snap", Surprise::Shows { status: "exporting".into(), ms: 60_000 })?;
    let take = stage.client.create_db_cluster_snapshot().db_cluster_snapshot_identifier("snap");
    let taken = take.db_cluster_identifier("orders").send().await.unwrap();
    assert_eq!(taken.db_cluster_snapshot().unwrap().status(), Some("exporting"));
    Ok(())
}

async fn a_start_or_stop_that_fails_takes_the_instances_along(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    let ends = [("a", Status::Failed), ("b", Status::IncompatibleParameters)];
    for (id, _) in ends {
        stage.serving(POSTGRESQL, id).await?;
    }
    let stop = |id: &str| stage.client.stop_db_cluster().db_cluster_identifier(id);
    plan(&stage, "a", Surprise::EndsIn(Status::Failed))?;
    stop("a").send().await.unwrap();
    stop("b").send().await.unwrap();
    stage.hour().await?;
    plan(&stage, "b", Surprise::EndsIn(Status::IncompatibleParameters))?;
    stage.client.start_db_cluster().db_cluster_identifier("b").send().await.unwrap();
    stage.hour().await?;
    for (id, status) in ends {
        let member = format!("{id}-1");
        assert_eq!(stage.status(id).await, status.as_str());
        assert_eq!(stage.instance_status(&member).await, status.as_str());
        stage.delete_instance(&member).await;
        stage.delete(id).await;
    }
    Ok(())
}
