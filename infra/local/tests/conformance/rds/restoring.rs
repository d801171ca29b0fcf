//! What a restore takes over from its snapshot, and what not.

use super::kit::{Aurora, HOUR, customer_key, refused, tag};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_rds::types::ServerlessV2ScalingConfiguration;

facts!("rds":
    what_a_restore_leaves_out_becomes_the_default_of_the_region:
        "API RestoreDBClusterFromSnapshot, EngineVersion, DBClusterParameterGroupName, DBSubnetGroupName",
    what_a_restore_names_is_kept_tags_included:
        "API RestoreDBClusterFromSnapshot; API CreateDBClusterSnapshot, Tags",
    a_client_finds_the_restored_data_and_the_password_of_the_time_of_the_snapshot:
        "UG, Restoring from a DB cluster snapshot",
    a_restore_without_a_version_of_a_newer_snapshot_is_refused:
        "API RestoreDBClusterFromSnapshot, EngineVersion",
);

async fn what_a_restore_leaves_out_becomes_the_default_of_the_region(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora
        .create("orders")
        .engine_version("16.4")
        .port(5544)
        .storage_type("aurora-iopt1")
        .deletion_protection(true)
        .vpc_security_group_ids("sg-1")
        .backup_retention_period(9)
        .storage_encrypted(true)
        .kms_key_id(customer_key(&bed).await)
        .database_name("shop")
        .tags(tag("team", "a"))
        .send()
        .await
        .unwrap();
    bed.seconds(HOUR).await?;
    aurora.take("orders", "snap").send().await.unwrap();
    bed.seconds(HOUR).await?;
    aurora.restore("copy", "snap").send().await.unwrap();
    let (source, copy) = (aurora.cluster("orders").await, aurora.cluster("copy").await);
    assert_eq!(source.engine_version(), Some("16.4"));
    assert_eq!(copy.engine_version(), Some("16.6"));
    assert_eq!(copy.storage_type(), Some("aurora"));
    assert_eq!(copy.deletion_protection(), Some(false));
    assert_eq!(copy.db_subnet_group(), Some("default"));
    assert_eq!(copy.db_cluster_parameter_group(), Some("default.aurora-postgresql16"));
    assert_ne!(copy.vpc_security_groups(), source.vpc_security_groups());
    assert!(copy.tag_list().is_empty());
    assert_eq!(copy.port(), Some(5544));
    assert_eq!(copy.database_name(), Some("shop"));
    assert_eq!(copy.kms_key_id(), source.kms_key_id());
    assert_eq!(copy.storage_encrypted(), Some(true));
    Ok(())
}

async fn what_a_restore_names_is_kept_tags_included(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    let groups = aurora.client.create_db_subnet_group().db_subnet_group_name(bed.name("private"));
    let groups = groups.db_subnet_group_description("private").subnet_ids("subnet-1");
    groups.subnet_ids("subnet-2").send().await.unwrap();
    let parameters = aurora.client.create_db_cluster_parameter_group();
    let parameters =
        parameters.db_cluster_parameter_group_name(bed.name("tuned")).description("tuned");
    parameters.db_parameter_group_family("aurora-postgresql16").send().await.unwrap();
    let key = customer_key(&bed).await;
    let alias = format!("alias/{}", bed.name("mine"));
    let named = bed.kms().create_alias().alias_name(&alias).target_key_id(&key);
    named.send().await.unwrap();
    let range = ServerlessV2ScalingConfiguration::builder().min_capacity(0.5).max_capacity(4.0);
    aurora
        .restore("copy", "snap")
        .engine_version("16.4")
        .db_subnet_group_name(bed.name("private"))
        .db_cluster_parameter_group_name(bed.name("tuned"))
        .storage_type("aurora-iopt1")
        .deletion_protection(true)
        .copy_tags_to_snapshot(true)
        .vpc_security_group_ids("sg-1")
        .port(6543)
        .kms_key_id(&alias)
        .serverless_v2_scaling_configuration(range.build())
        .enable_cloudwatch_logs_exports("postgresql")
        .tags(tag("job", "1"))
        .send()
        .await
        .unwrap();
    bed.seconds(HOUR).await?;
    let copy = aurora.cluster("copy").await;
    assert_eq!(copy.engine_version(), Some("16.4"));
    assert_eq!(copy.db_subnet_group(), Some("private"));
    assert_eq!(copy.db_cluster_parameter_group(), Some("tuned"));
    assert_eq!(copy.storage_type(), Some("aurora-iopt1"));
    assert_eq!(copy.deletion_protection(), Some(true));
    assert_eq!(copy.copy_tags_to_snapshot(), Some(true));
    assert_eq!(copy.port(), Some(6543));
    assert_eq!(copy.tag_list(), [tag("job", "1")]);
    assert_eq!(copy.enabled_cloudwatch_logs_exports(), ["postgresql"]);
    assert_eq!(copy.kms_key_id(), Some(key.as_str()));
    let take = aurora.take("copy", "snap-2").tags(tag("own", "2"));
    take.send().await.unwrap();
    let tags = aurora.snapshot("snap-2").await.tag_list.unwrap();
    assert_eq!(tags, [tag("job", "1"), tag("own", "2")]);
    Ok(())
}

async fn a_client_finds_the_restored_data_and_the_password_of_the_time_of_the_snapshot(
    bed: Bed,
) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    let cloud = bed.cloud()?;
    aurora.available("orders").await?;
    aurora.take("orders", "snap").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let change = aurora.modify("orders");
    change.master_user_password("new-password").send().await.unwrap();
    aurora.restore("copy", "snap").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let (source, copy) = (aurora.cluster("orders").await, aurora.cluster("copy").await);
    let view = || cloud.world().rds.cluster_at(copy.endpoint().unwrap(), 5432).unwrap();
    assert!(!view().reachable);
    aurora.instance("copy-1", "copy").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let address = aurora.the_instance("copy-1").await.endpoint.unwrap().address.unwrap();
    assert!(view().reachable);
    assert_eq!(view().master_password, "correct-horse");
    assert_eq!(view().lineage.first().map(String::as_str), source.db_cluster_resource_id());
    assert_eq!(view().lineage.last().map(String::as_str), copy.db_cluster_resource_id());
    let by_instance = cloud.world().rds.cluster_at(&address, 5432);
    assert_eq!(by_instance, Some(view()));
    assert_eq!(cloud.world().rds.cluster_at(&address, 5433), None);
    let summary = cloud.world().rds.summary();
    assert_eq!(summary["clusters"][0]["identifier"], "copy");
    assert_eq!(summary["clusters"].as_array().unwrap().len(), 2);
    assert_eq!(cloud.world().rds.clusters().count(), 2);
    Ok(())
}

async fn a_restore_without_a_version_of_a_newer_snapshot_is_refused(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "17.4")?;
    refused!(aurora.restore("copy", "snap"), "InvalidParameterCombination", 400);
    Ok(())
}
