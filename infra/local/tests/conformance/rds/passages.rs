//! Statuses that pass in time.

use super::kit::{Aurora, HOUR, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::settings::WorldSettings;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, ServerlessV2ScalingConfiguration};

facts!("rds":
    a_cluster_is_creating_and_then_available: "API CreateDBCluster; UG, Viewing DB cluster status",
    a_restore_takes_its_time_creates_no_instances_and_keeps_the_data_s_owner:
        "UG, Restoring from a DB cluster snapshot",
    speed_makes_a_restore_shorter [fast]: "the local cloud: WorldSettings::speed",
    an_instance_goes_through_its_last_steps_before_it_is_available:
        "UG, Viewing DB instance status in an Aurora cluster",
    a_snapshot_tells_its_progress_and_is_then_available:
        "API DBClusterSnapshot, Status, PercentProgress",
    a_new_master_password_counts_once_the_reset_is_over:
        "API ModifyDBCluster, MasterUserPassword; UG, Viewing DB cluster status",
    a_renamed_cluster_keeps_its_id_and_instances_and_gets_other_endpoints:
        "UG, Modifying an Amazon Aurora DB cluster, DB cluster identifier",
    a_renamed_cluster_is_reached_at_its_new_endpoint_only:
        "UG, Modifying an Amazon Aurora DB cluster, DB cluster identifier",
    a_rename_that_does_not_apply_at_once_only_waits: "API ModifyDBCluster, ApplyImmediately",
    settings_change_and_the_cluster_is_available_again:
        "API ModifyDBCluster; UG, Viewing DB cluster status",
    an_upgrade_counts_once_it_is_over: "API ModifyDBCluster, AllowMajorVersionUpgrade",
    a_stopped_cluster_must_be_started_before_it_is_deleted:
        "UG, Stopping and starting an Amazon Aurora DB cluster, Limitations",
);

fn fast() -> WorldSettings {
    WorldSettings { speed: 600.0, ..WorldSettings::default() }
}

async fn a_cluster_is_creating_and_then_available(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    let made = aurora.create("Orders").send().await.unwrap();
    let made = made.db_cluster().unwrap();
    assert_eq!(made.db_cluster_identifier(), Some(bed.name("orders").as_str()));
    assert_eq!(made.status(), Some("creating"));
    let arn = aurora.arn("cluster", "orders").await?;
    assert_eq!(made.db_cluster_arn(), Some(arn.as_str()));
    assert_eq!(made.db_cluster_resource_id().unwrap().len(), "cluster-".len() + 26);
    bed.seconds(40).await?;
    assert_eq!(aurora.status("orders").await, "creating");
    bed.seconds(HOUR).await?;
    assert_eq!(aurora.status(&arn).await, "available");
    Ok(())
}

async fn a_restore_takes_its_time_creates_no_instances_and_keeps_the_data_s_owner(
    bed: Bed,
) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    aurora.restore("copy", "snap").send().await.unwrap();
    bed.seconds(7 * 60).await?;
    assert_eq!(aurora.status("copy").await, "creating");
    bed.seconds(6 * 60).await?;
    let copy = aurora.cluster("copy").await;
    assert_eq!(copy.status(), Some("available"));
    assert_eq!(copy.master_username(), Some("postgres"));
    assert_eq!(copy.allocated_storage(), Some(100));
    assert!(copy.db_cluster_members().is_empty());
    let instances = aurora.client.describe_db_instances().send().await.unwrap();
    assert!(instances.db_instances().is_empty());
    Ok(())
}

async fn speed_makes_a_restore_shorter(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    aurora.restore("copy", "snap").send().await.unwrap();
    bed.seconds(2).await?;
    assert_eq!(aurora.status("copy").await, "available");
    Ok(())
}

async fn an_instance_goes_through_its_last_steps_before_it_is_available(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.available("orders").await?;
    aurora.instance("one", "orders").promotion_tier(0).send().await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..60 {
        let status = aurora.the_instance("one").await.db_instance_status.unwrap();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        bed.seconds(10).await?;
    }
    assert_eq!(seen, ["creating", "configuring-enhanced-monitoring", "available"]);
    let one = aurora.the_instance("one").await;
    assert_eq!(one.promotion_tier(), Some(0));
    assert!(
        one.endpoint().unwrap().address().unwrap().starts_with(&format!("{}.", bed.name("one")))
    );
    let members = aurora.cluster("orders").await.db_cluster_members.unwrap();
    assert_eq!(members[0].db_instance_identifier(), Some(bed.name("one").as_str()));
    assert_eq!(members[0].is_cluster_writer(), Some(true));
    Ok(())
}

async fn a_snapshot_tells_its_progress_and_is_then_available(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.available("orders").await?;
    aurora.take("orders", "snap").send().await.unwrap();
    let mut told = Vec::new();
    let done = loop {
        let snapshot = aurora.snapshot("snap").await;
        told.push(snapshot.percent_progress().unwrap());
        if snapshot.status() != Some("creating") {
            break snapshot;
        }
        bed.seconds(10).await?;
    };
    assert!(told.is_sorted() && told[0] < 20, "{told:?}");
    assert!(told.iter().any(|percent| (30..=70).contains(percent)), "{told:?}");
    assert_eq!((done.status(), done.percent_progress()), (Some("available"), Some(100)));
    let source = aurora.cluster("orders").await;
    assert_eq!(done.db_cluster_resource_id(), source.db_cluster_resource_id());
    assert_eq!(done.engine_version(), source.engine_version());
    assert_eq!(done.master_username(), Some("postgres"));
    assert_eq!(done.storage_type(), Some("aurora"));
    assert!(done.snapshot_create_time().is_some());
    let arn = aurora.arn("cluster-snapshot", "snap").await?;
    assert_eq!(aurora.snapshot(&arn).await.db_cluster_snapshot_arn(), Some(arn.as_str()));
    Ok(())
}

async fn a_new_master_password_counts_once_the_reset_is_over(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("orders").await?;
    let address = aurora.cluster("orders").await.endpoint.unwrap();
    let cloud = bed.cloud()?;
    let password = || cloud.world().rds.cluster_at(&address, 5432).unwrap().master_password;
    let change = aurora.modify("orders");
    let change = change.master_user_password("new-password").send().await.unwrap();
    assert_eq!(change.db_cluster().unwrap().status(), Some("resetting-master-credentials"));
    assert_eq!(password(), "correct-horse");
    bed.seconds(46).await?;
    assert_eq!(aurora.status("orders").await, "available");
    assert_eq!(password(), "new-password");
    Ok(())
}

async fn a_renamed_cluster_keeps_its_id_and_instances_and_gets_other_endpoints(
    bed: Bed,
) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("orders").await?;
    let before = aurora.cluster("orders").await;
    let rename = aurora.modify("orders").apply_immediately(true);
    rename.new_db_cluster_identifier(bed.name("orders-old")).send().await.unwrap();
    assert_eq!(aurora.status("orders").await, "renaming");
    refused!(aurora.create("orders-old"), "DBClusterAlreadyExistsFault", 400);
    bed.seconds(HOUR).await?;
    let after = aurora.cluster("orders-old").await;
    assert_eq!(after.status(), Some("available"));
    assert_eq!(after.db_cluster_resource_id(), before.db_cluster_resource_id());
    assert_ne!(after.endpoint(), before.endpoint());
    assert_eq!(after.db_cluster_members().len(), 1);
    let one = aurora.the_instance("orders-1").await;
    assert_eq!(one.db_cluster_identifier(), Some(bed.name("orders-old").as_str()));
    let gone = aurora.client.describe_db_clusters().db_cluster_identifier(bed.name("orders"));
    refused!(gone, "DBClusterNotFoundFault", 404);
    Ok(())
}

async fn a_renamed_cluster_is_reached_at_its_new_endpoint_only(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    let cloud = bed.cloud()?;
    aurora.serving("orders").await?;
    let before = aurora.cluster("orders").await;
    let rename = aurora.modify("orders").apply_immediately(true);
    rename.new_db_cluster_identifier("orders-old").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let after = aurora.cluster("orders-old").await;
    let world = cloud.world();
    assert_eq!(world.rds.cluster_at(before.endpoint().unwrap(), 5432), None);
    let view = world.rds.cluster_at(after.endpoint().unwrap(), 5432).unwrap();
    assert_eq!(view.identifier, "orders-old");
    Ok(())
}

async fn a_rename_that_does_not_apply_at_once_only_waits(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.available("orders").await?;
    let rename = aurora.modify("orders");
    rename.new_db_cluster_identifier(bed.name("other")).send().await.unwrap();
    bed.seconds(HOUR).await?;
    let still = aurora.cluster("orders").await;
    let pending = still.pending_modified_values().unwrap();
    assert_eq!(pending.db_cluster_identifier(), Some(bed.name("other").as_str()));
    Ok(())
}

async fn settings_change_and_the_cluster_is_available_again(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    bed.cloud()?; // Its security groups are made up.
    aurora.available("orders").await?;
    let logs = CloudwatchLogsExportConfiguration::builder().enable_log_types("postgresql").build();
    let range = ServerlessV2ScalingConfiguration::builder().min_capacity(0.5).max_capacity(8.0);
    let change = aurora
        .modify("orders")
        .deletion_protection(true)
        .vpc_security_group_ids("sg-1")
        .vpc_security_group_ids("sg-2")
        .backup_retention_period(7)
        .enable_iam_database_authentication(true)
        .cloudwatch_logs_export_configuration(logs)
        .serverless_v2_scaling_configuration(range.build())
        .apply_immediately(true);
    change.send().await.unwrap();
    assert_eq!(aurora.status("orders").await, "modifying");
    bed.seconds(HOUR).await?;
    let now = aurora.cluster("orders").await;
    assert_eq!(now.status(), Some("available"));
    assert_eq!(now.deletion_protection(), Some(true));
    assert_eq!(now.vpc_security_groups().len(), 2);
    assert_eq!(now.backup_retention_period(), Some(7));
    assert_eq!(now.enabled_cloudwatch_logs_exports(), ["postgresql"]);
    assert_eq!(now.serverless_v2_scaling_configuration().unwrap().max_capacity(), Some(8.0));
    Ok(())
}

async fn an_upgrade_counts_once_it_is_over(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    bed.cloud()?; // AWS retires versions.
    aurora.available("orders").await?;
    let upgrade = || {
        let change = aurora.modify("orders");
        change.engine_version("17.4").apply_immediately(true)
    };
    refused!(upgrade(), "InvalidParameterCombination", 400);
    upgrade().allow_major_version_upgrade(true).send().await.unwrap();
    let during = aurora.cluster("orders").await;
    assert_eq!((during.status(), during.engine_version()), (Some("upgrading"), Some("16.6")));
    bed.seconds(HOUR).await?;
    let after = aurora.cluster("orders").await;
    assert_eq!((after.status(), after.engine_version()), (Some("available"), Some("17.4")));
    assert_eq!(after.db_cluster_parameter_group(), Some("default.aurora-postgresql17"));
    Ok(())
}

async fn a_stopped_cluster_must_be_started_before_it_is_deleted(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("orders").await?;
    let stop = aurora.client.stop_db_cluster().db_cluster_identifier(bed.name("orders"));
    stop.send().await.unwrap();
    assert_eq!(aurora.status("orders").await, "stopping");
    bed.seconds(HOUR).await?;
    assert_eq!(aurora.status("orders").await, "stopped");
    assert_eq!(aurora.the_instance("orders-1").await.db_instance_status(), Some("stopped"));
    let delete = aurora.client.delete_db_instance().db_instance_identifier(bed.name("orders-1"));
    refused!(delete, "InvalidDBInstanceState", 400);
    let start = aurora.client.start_db_cluster().db_cluster_identifier(bed.name("orders"));
    start.send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(aurora.status("orders").await, "available");
    assert_eq!(aurora.the_instance("orders-1").await.db_instance_status(), Some("available"));
    Ok(())
}
