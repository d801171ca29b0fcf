//! Changing, renaming and restarting instances, and failing over.

use super::engines_kit::{POSTGRESQL, Stage, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, Skip, facts};
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;

facts!("rds":
    a_renamed_instance_keeps_its_id_and_its_place: "API ModifyDBInstance, NewDBInstanceIdentifier",
    an_instance_name_that_is_taken_or_about_to_be_is_refused: "API ModifyDBInstance, Errors",
    another_class_counts_once_the_change_is_over: "API ModifyDBInstance, DBInstanceClass",
    a_change_that_does_not_apply_at_once_waits: "API ModifyDBInstance, ApplyImmediately",
    tier_and_public_address_change_at_once: "API ModifyDBInstance, PromotionTier",
    an_instance_that_is_not_available_cannot_be_changed: "API ModifyDBInstance, Errors",
    what_belongs_to_the_cluster_is_not_changed_on_an_instance: "API ModifyDBInstance",
    a_rebooted_instance_is_available_again: "API RebootDBInstance",
    a_failover_makes_the_reader_of_the_lowest_tier_the_writer: "API FailoverDBCluster",
    a_failover_can_name_its_target: "API FailoverDBCluster, TargetDBInstanceIdentifier",
    a_failover_needs_a_reader: "API FailoverDBCluster, Errors",
);

async fn serving(bed: Bed) -> Result<Stage, Skip> {
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    Ok(stage)
}

fn modify(stage: &Stage, id: &str) -> ModifyDBInstanceFluentBuilder {
    let modify = stage.client.modify_db_instance().db_instance_identifier(stage.bed.name(id));
    modify.apply_immediately(true)
}

async fn writer(stage: &Stage) -> String {
    let members = stage.cluster("orders").await.db_cluster_members.unwrap();
    let writer = members.into_iter().find(|m| m.is_cluster_writer() == Some(true));
    writer.unwrap().db_instance_identifier.unwrap()
}

async fn a_renamed_instance_keeps_its_id_and_its_place(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let before = stage.instance("orders-1").await;
    let rename = modify(&stage, "orders-1").new_db_instance_identifier(stage.bed.name("shop-1"));
    rename.send().await.unwrap();
    assert_eq!(stage.instance_status("orders-1").await, "renaming");
    stage.hour().await?;
    let after = stage.instance("shop-1").await;
    assert_eq!(after.db_instance_status(), Some("available"));
    assert_eq!(after.dbi_resource_id, before.dbi_resource_id);
    assert_ne!(after.endpoint, before.endpoint);
    assert_eq!(writer(&stage).await, stage.bed.name("shop-1"));
    let gone = stage.client.describe_db_instances();
    refused!(gone.db_instance_identifier(stage.bed.name("orders-1")), "DBInstanceNotFound", 404);
    Ok(())
}

async fn an_instance_name_that_is_taken_or_about_to_be_is_refused(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    stage.join(POSTGRESQL, "orders-2", "orders").await?;
    let rename =
        |to: &str| modify(&stage, "orders-1").new_db_instance_identifier(stage.bed.name(to));
    refused!(rename("orders-2"), "DBInstanceAlreadyExists", 400);
    rename("orders-3").send().await.unwrap();
    refused!(stage.add(POSTGRESQL, "orders-3", "orders"), "DBInstanceAlreadyExists", 400);
    Ok(())
}

async fn another_class_counts_once_the_change_is_over(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    modify(&stage, "orders-1").db_instance_class("db.r6g.xlarge").send().await.unwrap();
    let during = stage.instance("orders-1").await;
    assert_eq!(during.db_instance_status(), Some("modifying"));
    assert_eq!(during.db_instance_class(), Some("db.r6g.large"));
    stage.hour().await?;
    let after = stage.instance("orders-1").await;
    assert_eq!(after.db_instance_status(), Some("available"));
    assert_eq!(after.db_instance_class(), Some("db.r6g.xlarge"));
    Ok(())
}

async fn a_change_that_does_not_apply_at_once_waits(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let change = modify(&stage, "orders-1").db_instance_class("db.r6g.xlarge");
    change.apply_immediately(false).send().await.unwrap();
    stage.hour().await?;
    let instance = stage.instance("orders-1").await;
    assert_eq!(instance.db_instance_class(), Some("db.r6g.large"));
    let pending = instance.pending_modified_values().unwrap();
    assert_eq!(pending.db_instance_class(), Some("db.r6g.xlarge"));
    Ok(())
}

async fn tier_and_public_address_change_at_once(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    modify(&stage, "orders-1").promotion_tier(7).publicly_accessible(true).send().await.unwrap();
    let instance = stage.instance("orders-1").await;
    assert_eq!((instance.promotion_tier(), instance.publicly_accessible()), (Some(7), Some(true)));
    stage.hour().await?;
    let wrong = modify(&stage, "orders-1").promotion_tier(16);
    refused!(wrong, "InvalidParameterValue", 400);
    Ok(())
}

async fn an_instance_that_is_not_available_cannot_be_changed(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    stage.add(POSTGRESQL, "orders-1", "orders").send().await.unwrap();
    refused!(modify(&stage, "orders-1").promotion_tier(2), "InvalidDBInstanceState", 400);
    let reboot = stage.client.reboot_db_instance();
    let reboot = reboot.db_instance_identifier(stage.bed.name("orders-1"));
    refused!(reboot, "InvalidDBInstanceState", 400);
    refused!(modify(&stage, "nothing").promotion_tier(2), "DBInstanceNotFound", 404);
    Ok(())
}

async fn what_belongs_to_the_cluster_is_not_changed_on_an_instance(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let change = modify(&stage, "orders-1").master_user_password("battery-staple");
    refused!(change, "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_rebooted_instance_is_available_again(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let reboot = stage.client.reboot_db_instance();
    reboot.db_instance_identifier(stage.bed.name("orders-1")).send().await.unwrap();
    assert_eq!(stage.instance_status("orders-1").await, "rebooting");
    stage.hour().await?;
    assert_eq!(stage.instance_status("orders-1").await, "available");
    Ok(())
}

async fn a_failover_makes_the_reader_of_the_lowest_tier_the_writer(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    for (id, tier) in [("orders-2", 5), ("orders-3", 2)] {
        stage.add(POSTGRESQL, id, "orders").promotion_tier(tier).send().await.unwrap();
    }
    stage.hour().await?;
    let fail_over = stage.client.failover_db_cluster();
    fail_over.db_cluster_identifier(stage.bed.name("orders")).send().await.unwrap();
    assert_eq!(stage.status("orders").await, "failing-over");
    stage.hour().await?;
    assert_eq!(stage.status("orders").await, "available");
    assert_eq!(writer(&stage).await, stage.bed.name("orders-3"));
    Ok(())
}

async fn a_failover_can_name_its_target(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    for (id, tier) in [("orders-2", 5), ("orders-3", 2)] {
        stage.add(POSTGRESQL, id, "orders").promotion_tier(tier).send().await.unwrap();
    }
    stage.hour().await?;
    let to = |id: &str| {
        let fail_over = stage.client.failover_db_cluster();
        let fail_over = fail_over.db_cluster_identifier(stage.bed.name("orders"));
        fail_over.target_db_instance_identifier(stage.bed.name(id))
    };
    refused!(to("orders-1"), "InvalidDBInstanceState", 400);
    to("orders-2").send().await.unwrap();
    stage.hour().await?;
    assert_eq!(writer(&stage).await, stage.bed.name("orders-2"));
    Ok(())
}

async fn a_failover_needs_a_reader(bed: Bed) -> Outcome {
    let stage = serving(bed).await?;
    let fail_over = stage.client.failover_db_cluster();
    let fail_over = fail_over.db_cluster_identifier(stage.bed.name("orders"));
    refused!(fail_over, "InvalidDBClusterStateFault", 400);
    Ok(())
}
