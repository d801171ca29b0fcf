//! What is refused, by wire code and HTTP status.

use super::kit::{Aurora, HOUR, PG, customer_key, refused, tag};
use crate::bed::{ACCOUNT, Bed};
use crate::fact::{Outcome, facts};

facts!("rds":
    names_that_are_taken_are_refused:
        "API CreateDBCluster, CreateDBInstance, CreateDBClusterSnapshot, ModifyDBCluster: Errors",
    what_is_not_there_is_not_found: "API DescribeDBClusters and others: Errors",
    what_is_not_ready_is_refused_by_its_state:
        "API CreateDBInstance, ModifyDBCluster, CreateDBClusterSnapshot, RestoreDBClusterFromSnapshot: Errors",
    unknown_groups_keys_and_storage_are_refused:
        "API RestoreDBClusterFromSnapshot, CreateDBCluster, CreateDBSubnetGroup: Errors",
    parameters_that_break_the_rules_are_refused:
        "API CreateDBCluster, RestoreDBClusterFromSnapshot: constraints of the parameters",
    an_instance_must_fit_its_cluster: "API CreateDBInstance: constraints of the parameters",
    an_unknown_operation_is_refused_loudly: "the local cloud: never a silent success",
);

async fn names_that_are_taken_are_refused(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    aurora.serving("orders").await?;
    refused!(aurora.create("orders"), "DBClusterAlreadyExistsFault", 400);
    refused!(aurora.restore("ORDERS", "snap"), "DBClusterAlreadyExistsFault", 400);
    refused!(aurora.instance("orders-1", "orders"), "DBInstanceAlreadyExists", 400);
    let take = aurora.take("orders", "snap");
    refused!(take, "DBClusterSnapshotAlreadyExistsFault", 400);
    let rename = aurora.modify("orders");
    let rename = rename.new_db_cluster_identifier(bed.name("orders")).apply_immediately(true);
    refused!(rename, "DBClusterAlreadyExistsFault", 400);
    Ok(())
}

async fn what_is_not_there_is_not_found(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    let describe = aurora.client.describe_db_clusters().db_cluster_identifier(bed.name("x"));
    refused!(describe, "DBClusterNotFoundFault", 404);
    let describe = aurora.client.describe_db_instances().db_instance_identifier(bed.name("x"));
    refused!(describe, "DBInstanceNotFound", 404);
    let describe =
        aurora.client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(bed.name("x"));
    refused!(describe, "DBClusterSnapshotNotFoundFault", 404);
    let modify = aurora.modify("x");
    refused!(modify, "DBClusterNotFoundFault", 404);
    refused!(aurora.instance("i", "x"), "DBClusterNotFoundFault", 404);
    refused!(aurora.restore("copy", "x"), "DBClusterSnapshotNotFoundFault", 404);
    let elsewhere = format!("arn:aws:rds:eu-west-1:{ACCOUNT}:cluster-snapshot:x");
    refused!(aurora.restore("copy", &elsewhere), "DBClusterSnapshotNotFoundFault", 404);
    let take = aurora.take("x", "snap");
    refused!(take, "DBClusterNotFoundFault", 404);
    let describe = aurora.client.describe_db_subnet_groups().db_subnet_group_name(bed.name("x"));
    refused!(describe, "DBSubnetGroupNotFoundFault", 404);
    let describe = aurora.client.describe_db_cluster_parameter_groups();
    let describe = describe.db_cluster_parameter_group_name(bed.name("x"));
    refused!(describe, "DBParameterGroupNotFound", 404);
    Ok(())
}

async fn what_is_not_ready_is_refused_by_its_state(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.create("orders").send().await.unwrap();
    refused!(aurora.instance("i", "orders"), "InvalidDBClusterStateFault", 400);
    let modify = aurora.modify("orders");
    let modify = modify.master_user_password("new-password");
    refused!(modify, "InvalidDBClusterStateFault", 400);
    let take = || aurora.take("orders", "snap");
    refused!(take(), "InvalidDBClusterStateFault", 400);
    bed.seconds(HOUR).await?;
    take().send().await.unwrap();
    refused!(aurora.restore("copy", "snap"), "InvalidDBClusterSnapshotStateFault", 400);
    aurora.instance("i", "orders").send().await.unwrap();
    let delete = aurora.client.delete_db_instance().db_instance_identifier(bed.name("i"));
    refused!(delete, "InvalidDBInstanceState", 400);
    let serverless = aurora.instance("s", "orders").db_instance_class("db.serverless");
    refused!(serverless, "InvalidDBClusterStateFault", 400);
    Ok(())
}

async fn unknown_groups_keys_and_storage_are_refused(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    let copy = || aurora.restore("copy", "snap");
    refused!(copy().db_subnet_group_name(bed.name("x")), "DBSubnetGroupNotFoundFault", 404);
    refused!(
        aurora.create("c").db_subnet_group_name(bed.name("x")),
        "DBSubnetGroupNotFoundFault",
        404
    );
    let group = copy().db_cluster_parameter_group_name(bed.name("x"));
    refused!(group, "DBClusterParameterGroupNotFound", 404);
    let group = aurora.create("c").db_cluster_parameter_group_name(bed.name("x"));
    refused!(group, "DBClusterParameterGroupNotFound", 404);
    let other_family = copy().db_cluster_parameter_group_name("default.aurora-postgresql15");
    refused!(other_family, "InvalidParameterCombination", 400);
    refused!(copy().storage_type("gp3"), "StorageTypeNotSupported", 400);
    let key = copy().kms_key_id("arn:aws:kms:eu-west-1:111111111111:key/1");
    refused!(key, "KMSKeyNotAccessibleFault", 400);
    let zone = aurora.create("c").availability_zones("mars-1a");
    refused!(zone, "InvalidVPCNetworkStateFault", 400);
    let one = aurora.client.create_db_subnet_group().db_subnet_group_name(bed.name("g"));
    let one = one.db_subnet_group_description("g").subnet_ids("subnet-1");
    refused!(one.clone(), "DBSubnetGroupDoesNotCoverEnoughAZs", 400);
    refused!(one.subnet_ids("x"), "InvalidSubnet", 400);
    Ok(())
}

async fn parameters_that_break_the_rules_are_refused(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    let copy = || aurora.restore("copy", "snap");
    refused!(aurora.create("1st"), "InvalidParameterValue", 400);
    refused!(aurora.restore("a--b", "snap"), "InvalidParameterValue", 400);
    refused!(aurora.create("c").master_user_password("short"), "InvalidParameterValue", 400);
    let at = aurora.create("c").master_user_password("with@sign");
    refused!(at, "InvalidParameterValue", 400);
    refused!(aurora.create("c").port(80), "InvalidParameterValue", 400);
    refused!(aurora.create("c").backup_retention_period(36), "InvalidParameterValue", 400);
    for window in ["24:00-24:30", "07:00-07:29", "4000000000000000:00-05:00", "7:00-8:00", "x"] {
        let odd = aurora.create("c").preferred_backup_window(window);
        refused!(odd, "InvalidParameterValue", 400);
    }
    refused!(copy().engine("aurora-mysql"), "InvalidParameterValue", 400);
    refused!(copy().engine("postgres"), "InvalidParameterValue", 400);
    refused!(copy().engine_version("15.10"), "InvalidParameterCombination", 400);
    refused!(copy().engine_version("99.9"), "InvalidParameterCombination", 400);
    refused!(copy().engine_mode("serverless"), "InvalidParameterCombination", 400);
    refused!(copy().vpc_security_group_ids("x"), "InvalidParameterValue", 400);
    refused!(copy().tags(tag("aws:x", "1")), "InvalidParameterValue", 400);
    let logs = copy().enable_cloudwatch_logs_exports("audit");
    refused!(logs, "InvalidParameterCombination", 400);
    let key_alone = aurora.create("c").kms_key_id(customer_key(&bed).await);
    refused!(key_alone, "InvalidParameterCombination", 400);
    let missing = aurora.client.create_db_cluster().db_cluster_identifier(bed.name("c")).engine(PG);
    refused!(missing, "MissingParameter", 400);
    let managed = aurora.create("c").manage_master_user_password(true);
    refused!(managed, "InvalidParameterCombination", 400);
    Ok(())
}

async fn an_instance_must_fit_its_cluster(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.available("orders").await?;
    let one = || aurora.instance("one", "orders");
    refused!(one().engine_version("17.4"), "InvalidParameterCombination", 400);
    refused!(one().master_username("x"), "InvalidParameterCombination", 400);
    refused!(one().db_instance_class("large"), "InvalidParameterValue", 400);
    refused!(one().promotion_tier(16), "InvalidParameterValue", 400);
    refused!(one().availability_zone("eu-west-1a"), "InvalidVPCNetworkStateFault", 400);
    Ok(())
}

async fn an_unknown_operation_is_refused_loudly(bed: Bed) -> Outcome {
    bed.cloud()?; // AWS has them all.
    refused!(bed.rds().describe_certificates(), "InvalidAction", 400);
    Ok(())
}
