//! Restoring a cluster to a point in time, as a full copy.

use super::engines_kit::{HOUR, MYSQL, POSTGRESQL, Stage, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::Tag;

facts!("rds":
    a_restore_names_the_latest_time_or_a_time_and_not_both:
        "API RestoreDBClusterToPointInTime, RestoreToTime, UseLatestRestorableTime",
    a_cluster_can_be_restored_to_a_moment_within_its_window:
        "API RestoreDBClusterToPointInTime, RestoreToTime",
    a_moment_before_the_cluster_is_refused: "API RestoreDBClusterToPointInTime, RestoreToTime",
    a_moment_before_the_retention_is_refused: "UG Restoring a DB cluster to a specified time",
    a_moment_after_the_latest_restorable_time_is_refused:
        "API RestoreDBClusterToPointInTime, RestoreToTime",
    the_latest_restorable_time_lags_five_minutes_behind:
        "UG Restoring a DB cluster to a specified time",
    an_unknown_restore_type_is_refused: "API RestoreDBClusterToPointInTime, RestoreType",
    the_source_is_named_by_name_arn_or_resource_id:
        "API RestoreDBClusterToPointInTime, SourceDBClusterIdentifier",
    a_source_that_is_not_here_is_not_found: "API RestoreDBClusterToPointInTime, Errors",
    a_source_of_another_account_is_refused_loudly: "not implemented",
    a_name_that_is_taken_is_refused: "API RestoreDBClusterToPointInTime, Errors",
    a_source_that_is_being_created_has_no_backups_yet: "API RestoreDBClusterToPointInTime, Errors",
    what_a_restore_to_a_time_leaves_out_becomes_the_default:
        "API RestoreDBClusterToPointInTime, parameters",
    what_a_restore_to_a_time_names_is_kept: "API RestoreDBClusterToPointInTime, parameters",
    engine_version_and_owner_are_those_of_the_source:
        "API RestoreDBClusterToPointInTime: no EngineVersion",
    a_restore_to_a_time_makes_no_instances_and_takes_its_time:
        "API RestoreDBClusterToPointInTime",
    a_key_for_a_source_that_is_not_encrypted_is_refused:
        "API RestoreDBClusterToPointInTime, KmsKeyId",
    the_lineage_tells_where_the_data_is_from: "the local cloud's view",
);

/// A source that has been available for some hours.
async fn source(bed: Bed) -> Result<Stage, crate::fact::Skip> {
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    stage.bed.seconds(3 * HOUR).await?;
    Ok(stage)
}

/// A moment so many seconds before now.
fn ago(stage: &Stage, seconds: i64) -> DateTime {
    DateTime::from_millis(stage.bed.now_ms() - seconds * 1_000)
}

async fn a_restore_names_the_latest_time_or_a_time_and_not_both(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore = || stage.restore_to_time("copy", "orders");
    refused!(restore(), "InvalidParameterCombination", 400);
    let both = restore().use_latest_restorable_time(true).restore_to_time(ago(&stage, 3_600));
    refused!(both, "InvalidParameterCombination", 400);
    restore().use_latest_restorable_time(true).send().await.unwrap();
    Ok(())
}

async fn a_cluster_can_be_restored_to_a_moment_within_its_window(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore = stage.restore_to_time("copy", "orders").restore_to_time(ago(&stage, 3_600));
    restore.send().await.unwrap();
    stage.hour().await?;
    assert_eq!(stage.status("copy").await, "available");
    Ok(())
}

async fn a_moment_before_the_cluster_is_refused(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore = stage.restore_to_time("copy", "orders").restore_to_time(ago(&stage, 36_000));
    refused!(restore, "InvalidParameterValue", 400);
    Ok(())
}

async fn a_moment_before_the_retention_is_refused(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    stage.bed.seconds(48 * HOUR).await?;
    let restore =
        |seconds| stage.restore_to_time("copy", "orders").restore_to_time(ago(&stage, seconds));
    refused!(restore(25 * 3_600), "InvalidParameterValue", 400);
    restore(23 * 3_600).send().await.unwrap();
    Ok(())
}

async fn a_moment_after_the_latest_restorable_time_is_refused(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore =
        |seconds| stage.restore_to_time("copy", "orders").restore_to_time(ago(&stage, seconds));
    refused!(restore(60), "InvalidParameterValue", 400);
    restore(360).send().await.unwrap();
    Ok(())
}

async fn the_latest_restorable_time_lags_five_minutes_behind(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let cluster = stage.cluster("orders").await;
    let latest = cluster.latest_restorable_time().unwrap().to_millis().unwrap();
    let lag_s = (stage.bed.now_ms() - latest) / 1_000;
    assert!((295..=305).contains(&lag_s), "{lag_s}");
    assert_eq!(cluster.earliest_restorable_time(), cluster.cluster_create_time());
    Ok(())
}

async fn an_unknown_restore_type_is_refused(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore = stage.restore_to_time("copy", "orders").use_latest_restorable_time(true);
    refused!(restore.restore_type("fast"), "InvalidParameterValue", 400);
    Ok(())
}

async fn the_source_is_named_by_name_arn_or_resource_id(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let orders = stage.cluster("orders").await;
    let restore = |id| {
        let restore = stage.restore_to_time(id, "orders").use_latest_restorable_time(true);
        restore.set_source_db_cluster_identifier(None)
    };
    let by_arn = restore("a").source_db_cluster_identifier(orders.db_cluster_arn().unwrap());
    by_arn.send().await.unwrap();
    let by_id =
        restore("b").source_db_cluster_resource_id(orders.db_cluster_resource_id().unwrap());
    by_id.send().await.unwrap();
    refused!(restore("c"), "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_source_that_is_not_here_is_not_found(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let restore = |source: &str| {
        let restore = stage.restore_to_time("copy", "nothing").use_latest_restorable_time(true);
        restore.source_db_cluster_identifier(source)
    };
    refused!(restore("nothing"), "DBClusterNotFoundFault", 404);
    let elsewhere = "arn:aws:rds:eu-west-3:111111111111:cluster:nothing";
    refused!(restore(elsewhere), "DBClusterNotFoundFault", 404);
    Ok(())
}

async fn a_source_of_another_account_is_refused_loudly(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = Stage::new(bed);
    let arn = format!("arn:aws:rds:{}:222222222222:cluster:orders", stage.bed.region());
    let restore = stage.clone_of("copy", "orders").source_db_cluster_identifier(arn);
    refused!(restore, "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_name_that_is_taken_is_refused(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore = stage.restore_to_time("orders", "orders").use_latest_restorable_time(true);
    refused!(restore, "DBClusterAlreadyExistsFault", 400);
    Ok(())
}

async fn a_source_that_is_being_created_has_no_backups_yet(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(POSTGRESQL, "orders").send().await.unwrap();
    let restore = stage.restore_to_time("copy", "orders").use_latest_restorable_time(true);
    refused!(restore, "InvalidDBClusterStateFault", 400);
    Ok(())
}

async fn what_a_restore_to_a_time_leaves_out_becomes_the_default(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let tag = Tag::builder().key("team").value("a").build();
    let create = stage.create(POSTGRESQL, "orders").storage_type("aurora-iopt1").port(5_555);
    let create = create.deletion_protection(true).tags(tag).copy_tags_to_snapshot(true);
    create.vpc_security_group_ids("sg-1").send().await.unwrap();
    stage.hour().await?;
    let restore = stage.restore_to_time("copy", "orders").use_latest_restorable_time(true);
    restore.send().await.unwrap();
    let copy = stage.cluster("copy").await;
    assert_eq!(copy.storage_type(), Some("aurora"));
    assert_eq!(copy.port(), Some(5_432));
    assert_eq!(copy.deletion_protection(), Some(false));
    assert_eq!(copy.copy_tags_to_snapshot(), Some(false));
    assert_eq!(copy.db_subnet_group(), Some("default"));
    assert!(copy.tag_list().is_empty());
    assert_ne!(copy.vpc_security_groups()[0].vpc_security_group_id(), Some("sg-1"));
    assert!(copy.db_cluster_parameter_group().unwrap().starts_with("default."));
    Ok(())
}

async fn what_a_restore_to_a_time_names_is_kept(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let tag = Tag::builder().key("team").value("a").build();
    let restore = stage.restore_to_time("copy", "orders").use_latest_restorable_time(true);
    let restore = restore.storage_type("aurora-iopt1").port(5_555).tags(tag.clone());
    let restore = restore.deletion_protection(true).copy_tags_to_snapshot(true);
    restore.enable_cloudwatch_logs_exports("postgresql").send().await.unwrap();
    let copy = stage.cluster("copy").await;
    assert_eq!((copy.storage_type(), copy.port()), (Some("aurora-iopt1"), Some(5_555)));
    assert_eq!(
        (copy.deletion_protection(), copy.copy_tags_to_snapshot()),
        (Some(true), Some(true))
    );
    assert_eq!(
        (copy.tag_list(), copy.enabled_cloudwatch_logs_exports()),
        (&[tag][..], &["postgresql".to_owned()][..])
    );
    Ok(())
}

async fn engine_version_and_owner_are_those_of_the_source(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let version = "8.0.mysql_aurora.3.04.3";
    let create = stage.create(MYSQL, "my").engine_version(version).database_name("shop");
    create.send().await.unwrap();
    stage.hour().await?;
    let restore = stage.restore_to_time("copy", "my").use_latest_restorable_time(true);
    restore.send().await.unwrap();
    let copy = stage.cluster("copy").await;
    assert_eq!((copy.engine(), copy.engine_version()), (Some(MYSQL), Some(version)));
    assert_eq!((copy.master_username(), copy.database_name()), (Some("owner"), Some("shop")));
    Ok(())
}

async fn a_restore_to_a_time_makes_no_instances_and_takes_its_time(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.serving(POSTGRESQL, "orders").await?;
    let restore = stage.restore_to_time("copy", "orders").use_latest_restorable_time(true);
    restore.send().await.unwrap();
    stage.bed.seconds(300).await?;
    assert_eq!(stage.status("copy").await, "creating");
    stage.hour().await?;
    let copy = stage.cluster("copy").await;
    assert_eq!((copy.status(), copy.db_cluster_members().len()), (Some("available"), 0));
    Ok(())
}

async fn a_key_for_a_source_that_is_not_encrypted_is_refused(bed: Bed) -> Outcome {
    let stage = source(bed).await?;
    let restore = stage.restore_to_time("copy", "orders").use_latest_restorable_time(true);
    refused!(restore.kms_key_id("alias/aws/rds"), "InvalidParameterCombination", 400);
    Ok(())
}

async fn the_lineage_tells_where_the_data_is_from(bed: Bed) -> Outcome {
    bed.cloud()?;
    let stage = source(bed).await?;
    let moment = ago(&stage, 3_600);
    stage.restore_to_time("copy", "orders").restore_to_time(moment).send().await.unwrap();
    stage.hour().await?;
    let orders = stage.cluster("orders").await.db_cluster_resource_id.unwrap();
    let copy = stage.cluster("copy").await;
    let host = copy.endpoint().unwrap();
    let view = stage.bed.cloud()?.world().rds.cluster_at(host, 5_432).unwrap();
    assert_eq!(view.lineage, [orders, copy.db_cluster_resource_id.clone().unwrap()]);
    assert_eq!(view.as_of_ms, Some(moment.to_millis().unwrap()));
    Ok(())
}
