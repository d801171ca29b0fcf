//! Renaming clusters, and swapping two names.

use super::engines_kit::{POSTGRESQL, Stage, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, Skip, facts};

facts!("rds":
    a_renamed_cluster_keeps_its_resource_id_and_gets_another_arn_and_endpoints:
        "UG Renaming an Aurora DB cluster",
    instances_follow_a_renamed_cluster: "UG Renaming an Aurora DB cluster",
    the_old_name_is_free_at_once: "UG Renaming an Aurora DB cluster",
    a_name_that_is_taken_cannot_be_had: "API ModifyDBCluster, Errors",
    a_name_that_is_about_to_be_taken_cannot_be_had: "API ModifyDBCluster, Errors",
    a_cluster_that_is_not_available_cannot_be_renamed: "API ModifyDBCluster, Errors",
    a_rename_that_does_not_apply_at_once_waits: "API ModifyDBCluster, ApplyImmediately",
    a_new_name_follows_the_rules_for_names: "API ModifyDBCluster, NewDBClusterIdentifier",
    two_clusters_swap_their_names_by_two_renames: "UG Renaming an Aurora DB cluster",
    snapshots_keep_the_name_the_cluster_had: "API DBClusterSnapshot, DBClusterIdentifier",
    a_restore_cannot_take_a_name_that_a_rename_is_about_to_take:
        "API RestoreDBClusterToPointInTime, Errors",
);

async fn serving(bed: Bed) -> Result<Stage, Skip> {
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    Ok(stage)
}

async fn a_renamed_cluster_keeps_its_resource_id_and_gets_another_arn_and_endpoints(
    bed: Bed,
) -> Outcome {
    let stage = serving(bed).await?;
    let before = stage.cluster("orders").await;
    stage.rename("orders", "shop").await;
    assert_eq!(stage.status("orders").await, "renaming");
    stage.hour().await?;
    let after = stage.cluster("shop").await;
    assert_eq!(after.status(), Some("available"));
    assert_eq!(after.db_cluster_resource_id, before.db_cluster_resource_id);
    assert_eq!(after.cluster_create_time, before.cluster_create_time);
    assert!(
        after.db_cluster_arn().unwrap().ends_with(&format!(":cluster:{}", stage.bed.name("shop")))
    );
    for endpoint in [after.endpoint(), after.reader_endpoint()] {
        assert!(endpoint.unwrap().starts_with(&format!("{}.", stage.bed.name("shop"))));
    }
    assert_ne!(after.endpoint, before.endpoint);
    Ok(())
}

async fn instances_follow_a_renamed_cluster(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let before = stage.instance("orders-1").await;
    stage.rename("orders", "shop").await;
    stage.hour().await?;
    let after = stage.instance("orders-1").await;
    assert_eq!(after.db_cluster_identifier(), Some(stage.bed.name("shop").as_str()));
    assert_eq!((after.endpoint, after.db_instance_arn), (before.endpoint, before.db_instance_arn));
    let members = stage.cluster("shop").await.db_cluster_members.unwrap();
    assert_eq!((members.len(), members[0].is_cluster_writer()), (1, Some(true)));
    Ok(())
}

async fn the_old_name_is_free_at_once(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.rename("orders", "shop").await;
    refused!(stage.create(POSTGRESQL, "orders"), "DBClusterAlreadyExistsFault", 400);
    stage.hour().await?;
    stage.create(POSTGRESQL, "orders").send().await.unwrap();
    Ok(())
}

async fn a_name_that_is_taken_cannot_be_had(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.available(POSTGRESQL, "shop").await?;
    let rename = stage.modify("orders").new_db_cluster_identifier(stage.bed.name("shop"));
    refused!(rename, "DBClusterAlreadyExistsFault", 400);
    Ok(())
}

async fn a_name_that_is_about_to_be_taken_cannot_be_had(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.available(POSTGRESQL, "shop").await?;
    stage.rename("orders", "new").await;
    let rename = stage.modify("shop").new_db_cluster_identifier(stage.bed.name("new"));
    refused!(rename, "DBClusterAlreadyExistsFault", 400);
    Ok(())
}

async fn a_cluster_that_is_not_available_cannot_be_renamed(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(POSTGRESQL, "orders").send().await.unwrap();
    let rename = stage.modify("orders").new_db_cluster_identifier(stage.bed.name("shop"));
    refused!(rename, "InvalidDBClusterStateFault", 400);
    Ok(())
}

async fn a_rename_that_does_not_apply_at_once_waits(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let name = stage.bed.name("shop");
    let rename = stage.modify("orders").new_db_cluster_identifier(&name);
    rename.apply_immediately(false).send().await.unwrap();
    stage.hour().await?;
    let cluster = stage.cluster("orders").await;
    let pending = cluster.pending_modified_values().unwrap();
    assert_eq!(pending.db_cluster_identifier(), Some(name.as_str()));
    Ok(())
}

async fn a_new_name_follows_the_rules_for_names(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    for bad in ["1st", "a--b", "end-"] {
        let rename = stage.modify("orders").new_db_cluster_identifier(bad);
        refused!(rename, "InvalidParameterValue", 400);
    }
    Ok(())
}

async fn two_clusters_swap_their_names_by_two_renames(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.available(POSTGRESQL, "restored").await?;
    let (old, new) = (stage.cluster("orders").await, stage.cluster("restored").await);
    stage.rename("orders", "orders-old").await;
    stage.hour().await?;
    let gap = stage.client.describe_db_clusters();
    let gap = gap.db_cluster_identifier(stage.bed.name("orders"));
    refused!(gap, "DBClusterNotFoundFault", 404);
    stage.rename("restored", "orders").await;
    stage.hour().await?;
    let now = stage.cluster("orders").await;
    assert_eq!(now.db_cluster_resource_id, new.db_cluster_resource_id);
    assert_eq!(now.endpoint, old.endpoint);
    let aside = stage.cluster("orders-old").await;
    assert_eq!(aside.db_cluster_resource_id, old.db_cluster_resource_id);
    Ok(())
}

async fn snapshots_keep_the_name_the_cluster_had(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.snapshot("snap", "orders").await?;
    stage.rename("orders", "shop").await;
    stage.hour().await?;
    let found = stage.client.describe_db_cluster_snapshots();
    let found = found.db_cluster_snapshot_identifier(stage.bed.name("snap")).send().await.unwrap();
    let snapshot = &found.db_cluster_snapshots()[0];
    assert_eq!(snapshot.db_cluster_identifier(), Some(stage.bed.name("orders").as_str()));
    let cluster = stage.cluster("shop").await;
    assert_eq!(snapshot.db_cluster_resource_id(), cluster.db_cluster_resource_id());
    Ok(())
}

async fn a_restore_cannot_take_a_name_that_a_rename_is_about_to_take(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.available(POSTGRESQL, "shop").await?;
    stage.rename("shop", "new").await;
    refused!(stage.clone_of("new", "orders"), "DBClusterAlreadyExistsFault", 400);
    Ok(())
}
