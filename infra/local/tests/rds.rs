//! RDS for Aurora through the real SDK: statuses in time, AWS's defaults, wire codes, reading many.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod common;

use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::rds::model::{Place, Tags};
use aurora_restore_local::rds::{Quotas, SnapshotSeed, Surprise, errors};
use aurora_restore_local::settings::WorldSettings;
use aws_sdk_rds::Client;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::operation::describe_db_cluster_snapshots::DescribeDbClusterSnapshotsOutput;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders as restoring;
use aws_sdk_rds::types::{
    CloudwatchLogsExportConfiguration, DbCluster, DbClusterSnapshot, DbInstance, Filter,
    ServerlessV2ScalingConfiguration, Tag,
};
use aws_smithy_runtime_api::http::Response;
use common::{ACCOUNT, REGION, START_MS, cloud, cloud_with, rds, rds_as, seconds};

const PG: &str = "aurora-postgresql";
const HOUR: u64 = 3_600;

/// Wire code and HTTP status of a refusal.
fn refusal<T: std::fmt::Debug, E>(answer: Result<T, SdkError<E, Response>>) -> (String, u16)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let refusal = answer.unwrap_err();
    let status = refusal.raw_response().unwrap().status().as_u16();
    (refusal.code().unwrap().to_owned(), status)
}

macro_rules! refused {
    ($call:expr, $code:literal, $status:literal) => {
        assert_eq!(refusal($call.send().await), ($code.to_owned(), $status))
    };
}

fn place() -> Place {
    Place { account: ACCOUNT.into(), region: REGION.into() }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// A snapshot that is simply there.
fn seed(cloud: &Cloud, identifier: &str, engine_version: &str) {
    let seed = SnapshotSeed {
        identifier: identifier.into(),
        cluster: "orders".into(),
        snapshot_type: "manual".into(),
        engine_version: engine_version.into(),
        allocated_gib: 100,
        master_username: "postgres".into(),
        master_password: "correct-horse".into(),
        created_ms: START_MS,
        tags: Tags::from([("team".to_owned(), "a".to_owned())]),
        ..SnapshotSeed::default()
    };
    let mut rng = fastrand::Rng::with_seed(9);
    cloud.world().rds.seed_snapshot(&place(), seed, &mut rng);
}

fn create(client: &Client, id: &str) -> CreateDBClusterFluentBuilder {
    client
        .create_db_cluster()
        .db_cluster_identifier(id)
        .engine(PG)
        .master_username("postgres")
        .master_user_password("correct-horse")
}

fn restore(
    client: &Client,
    id: &str,
    snapshot: &str,
) -> restoring::RestoreDBClusterFromSnapshotFluentBuilder {
    client
        .restore_db_cluster_from_snapshot()
        .db_cluster_identifier(id)
        .snapshot_identifier(snapshot)
        .engine(PG)
}

fn instance(client: &Client, id: &str, cluster: &str) -> CreateDBInstanceFluentBuilder {
    client
        .create_db_instance()
        .db_instance_identifier(id)
        .db_cluster_identifier(cluster)
        .db_instance_class("db.r6g.large")
        .engine(PG)
}

/// A cluster that is available.
async fn available(client: &Client, id: &str) {
    create(client, id).send().await.unwrap();
    seconds(HOUR).await;
}

/// A cluster with one instance, both available.
async fn serving(client: &Client, id: &str) {
    available(client, id).await;
    instance(client, &format!("{id}-1"), id).send().await.unwrap();
    seconds(HOUR).await;
}

async fn cluster(client: &Client, id: &str) -> DbCluster {
    let found = client.describe_db_clusters().db_cluster_identifier(id).send().await.unwrap();
    found.db_clusters()[0].clone()
}

async fn status(client: &Client, id: &str) -> String {
    cluster(client, id).await.status().unwrap().to_owned()
}

async fn the_instance(client: &Client, id: &str) -> DbInstance {
    let found = client.describe_db_instances().db_instance_identifier(id).send().await.unwrap();
    found.db_instances()[0].clone()
}

async fn snapshot(client: &Client, id: &str) -> DbClusterSnapshot {
    let found = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
    found.send().await.unwrap().db_cluster_snapshots()[0].clone()
}

// ---- statuses in time ----

#[tokio::test(start_paused = true)]
async fn a_cluster_is_creating_and_then_available() {
    let cloud = cloud();
    let client = rds(&cloud);
    let made = create(&client, "Orders").send().await.unwrap();
    let made = made.db_cluster().unwrap();
    assert_eq!(made.db_cluster_identifier(), Some("orders"));
    assert_eq!(made.status(), Some("creating"));
    let arn = format!("arn:aws:rds:{REGION}:{ACCOUNT}:cluster:orders");
    assert_eq!(made.db_cluster_arn(), Some(arn.as_str()));
    assert_eq!(made.db_cluster_resource_id().unwrap().len(), "cluster-".len() + 26);
    seconds(40).await;
    assert_eq!(status(&client, "orders").await, "creating");
    seconds(40).await;
    assert_eq!(status(&client, &arn).await, "available");
}

#[tokio::test(start_paused = true)]
async fn a_restore_takes_its_time_creates_no_instances_and_keeps_the_data_s_owner() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    restore(&client, "copy", "snap").send().await.unwrap();
    seconds(7 * 60).await;
    assert_eq!(status(&client, "copy").await, "creating");
    seconds(6 * 60).await;
    let copy = cluster(&client, "copy").await;
    assert_eq!(copy.status(), Some("available"));
    assert_eq!(copy.master_username(), Some("postgres"));
    assert_eq!(copy.allocated_storage(), Some(100));
    assert!(copy.db_cluster_members().is_empty());
    let instances = client.describe_db_instances().send().await.unwrap();
    assert!(instances.db_instances().is_empty());
}

#[tokio::test(start_paused = true)]
async fn speed_makes_a_restore_shorter() {
    let cloud = cloud_with(WorldSettings { speed: 600.0, ..WorldSettings::default() });
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    restore(&client, "copy", "snap").send().await.unwrap();
    seconds(2).await;
    assert_eq!(status(&client, "copy").await, "available");
}

#[tokio::test(start_paused = true)]
async fn an_instance_goes_through_its_last_steps_before_it_is_available() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    instance(&client, "one", "orders").promotion_tier(0).send().await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..60 {
        let status = the_instance(&client, "one").await.db_instance_status.unwrap();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        seconds(10).await;
    }
    assert_eq!(seen, ["creating", "configuring-enhanced-monitoring", "available"]);
    let one = the_instance(&client, "one").await;
    assert_eq!(one.promotion_tier(), Some(0));
    assert!(one.endpoint().unwrap().address().unwrap().starts_with("one."));
    let members = cluster(&client, "orders").await.db_cluster_members.unwrap();
    assert_eq!(members[0].db_instance_identifier(), Some("one"));
    assert_eq!(members[0].is_cluster_writer(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_its_progress_and_is_then_available() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
    take.db_cluster_snapshot_identifier("snap").send().await.unwrap();
    seconds(60).await;
    let half = snapshot(&client, "snap").await;
    assert_eq!(half.status(), Some("creating"));
    assert!((35..=65).contains(&half.percent_progress().unwrap()), "{half:?}");
    seconds(120).await;
    let done = snapshot(&client, "snap").await;
    assert_eq!((done.status(), done.percent_progress()), (Some("available"), Some(100)));
    let source = cluster(&client, "orders").await;
    assert_eq!(done.db_cluster_resource_id(), source.db_cluster_resource_id());
    assert_eq!(done.engine_version(), source.engine_version());
    assert_eq!(done.master_username(), Some("postgres"));
    assert_eq!(done.storage_type(), Some("aurora"));
    assert!(done.snapshot_create_time().is_some());
    let arn = format!("arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:snap");
    assert_eq!(snapshot(&client, &arn).await.db_cluster_snapshot_arn(), Some(arn.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_new_master_password_counts_once_the_reset_is_over() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "orders").await;
    let address = cluster(&client, "orders").await.endpoint.unwrap();
    let password = || cloud.world().rds.cluster_at(&address, 5432).unwrap().master_password;
    let change = client.modify_db_cluster().db_cluster_identifier("orders");
    let change = change.master_user_password("new-password").send().await.unwrap();
    assert_eq!(change.db_cluster().unwrap().status(), Some("resetting-master-credentials"));
    assert_eq!(password(), "correct-horse");
    seconds(46).await;
    assert_eq!(status(&client, "orders").await, "available");
    assert_eq!(password(), "new-password");
}

#[tokio::test(start_paused = true)]
async fn a_renamed_cluster_keeps_its_id_and_instances_and_gets_other_endpoints() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "orders").await;
    let before = cluster(&client, "orders").await;
    let rename = client.modify_db_cluster().db_cluster_identifier("orders").apply_immediately(true);
    rename.new_db_cluster_identifier("orders-old").send().await.unwrap();
    assert_eq!(status(&client, "orders").await, "renaming");
    refused!(create(&client, "orders-old"), "DBClusterAlreadyExistsFault", 400);
    seconds(61).await;
    let after = cluster(&client, "orders-old").await;
    assert_eq!(after.status(), Some("available"));
    assert_eq!(after.db_cluster_resource_id(), before.db_cluster_resource_id());
    assert_ne!(after.endpoint(), before.endpoint());
    assert_eq!(after.db_cluster_members().len(), 1);
    let one = the_instance(&client, "orders-1").await;
    assert_eq!(one.db_cluster_identifier(), Some("orders-old"));
    let gone = client.describe_db_clusters().db_cluster_identifier("orders");
    refused!(gone, "DBClusterNotFoundFault", 404);
    let world = cloud.world();
    assert_eq!(world.rds.cluster_at(before.endpoint().unwrap(), 5432), None);
    let view = world.rds.cluster_at(after.endpoint().unwrap(), 5432).unwrap();
    assert_eq!(view.identifier, "orders-old");
}

#[tokio::test(start_paused = true)]
async fn a_rename_that_does_not_apply_at_once_only_waits() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let rename = client.modify_db_cluster().db_cluster_identifier("orders");
    rename.new_db_cluster_identifier("other").send().await.unwrap();
    seconds(HOUR).await;
    let still = cluster(&client, "orders").await;
    let pending = still.pending_modified_values().unwrap();
    assert_eq!(pending.db_cluster_identifier(), Some("other"));
}

#[tokio::test(start_paused = true)]
async fn settings_change_and_the_cluster_is_available_again() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let logs = CloudwatchLogsExportConfiguration::builder().enable_log_types("postgresql").build();
    let range = ServerlessV2ScalingConfiguration::builder().min_capacity(0.5).max_capacity(8.0);
    let change = client
        .modify_db_cluster()
        .db_cluster_identifier("orders")
        .deletion_protection(true)
        .vpc_security_group_ids("sg-1")
        .vpc_security_group_ids("sg-2")
        .backup_retention_period(7)
        .enable_iam_database_authentication(true)
        .cloudwatch_logs_export_configuration(logs)
        .serverless_v2_scaling_configuration(range.build())
        .apply_immediately(true);
    change.send().await.unwrap();
    assert_eq!(status(&client, "orders").await, "modifying");
    seconds(21).await;
    let now = cluster(&client, "orders").await;
    assert_eq!(now.status(), Some("available"));
    assert_eq!(now.deletion_protection(), Some(true));
    assert_eq!(now.vpc_security_groups().len(), 2);
    assert_eq!(now.backup_retention_period(), Some(7));
    assert_eq!(now.enabled_cloudwatch_logs_exports(), ["postgresql"]);
    assert_eq!(now.serverless_v2_scaling_configuration().unwrap().max_capacity(), Some(8.0));
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_counts_once_it_is_over() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let upgrade = || {
        let change = client.modify_db_cluster().db_cluster_identifier("orders");
        change.engine_version("17.4").apply_immediately(true)
    };
    refused!(upgrade(), "InvalidParameterCombination", 400);
    upgrade().allow_major_version_upgrade(true).send().await.unwrap();
    let during = cluster(&client, "orders").await;
    assert_eq!((during.status(), during.engine_version()), (Some("upgrading"), Some("16.6")));
    seconds(HOUR).await;
    let after = cluster(&client, "orders").await;
    assert_eq!((after.status(), after.engine_version()), (Some("available"), Some("17.4")));
    assert_eq!(after.db_cluster_parameter_group(), Some("default.aurora-postgresql17"));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_cluster_must_be_started_before_it_is_deleted() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "orders").await;
    client.stop_db_cluster().db_cluster_identifier("orders").send().await.unwrap();
    assert_eq!(status(&client, "orders").await, "stopping");
    seconds(HOUR).await;
    assert_eq!(status(&client, "orders").await, "stopped");
    assert_eq!(the_instance(&client, "orders-1").await.db_instance_status(), Some("stopped"));
    let delete = client.delete_db_instance().db_instance_identifier("orders-1");
    refused!(delete, "InvalidDBInstanceState", 400);
    client.start_db_cluster().db_cluster_identifier("orders").send().await.unwrap();
    seconds(HOUR).await;
    assert_eq!(status(&client, "orders").await, "available");
    assert_eq!(the_instance(&client, "orders-1").await.db_instance_status(), Some("available"));
}

// ---- defaults of a restore ----

#[tokio::test(start_paused = true)]
async fn what_a_restore_leaves_out_becomes_the_default_of_the_region() {
    let cloud = cloud();
    let client = rds(&cloud);
    create(&client, "orders")
        .engine_version("16.4")
        .port(5544)
        .storage_type("aurora-iopt1")
        .deletion_protection(true)
        .vpc_security_group_ids("sg-1")
        .backup_retention_period(9)
        .storage_encrypted(true)
        .kms_key_id("11111111-2222-3333-4444-555555555555")
        .database_name("shop")
        .tags(tag("team", "a"))
        .send()
        .await
        .unwrap();
    seconds(HOUR).await;
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
    take.db_cluster_snapshot_identifier("snap").send().await.unwrap();
    seconds(HOUR).await;
    restore(&client, "copy", "snap").send().await.unwrap();
    let (source, copy) = (cluster(&client, "orders").await, cluster(&client, "copy").await);
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
}

#[tokio::test(start_paused = true)]
async fn what_a_restore_names_is_kept_tags_included() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    let groups = client.create_db_subnet_group().db_subnet_group_name("private");
    let groups = groups.db_subnet_group_description("private").subnet_ids("subnet-1");
    groups.subnet_ids("subnet-2").send().await.unwrap();
    let parameters = client.create_db_cluster_parameter_group();
    let parameters = parameters.db_cluster_parameter_group_name("tuned").description("tuned");
    parameters.db_parameter_group_family("aurora-postgresql16").send().await.unwrap();
    let range = ServerlessV2ScalingConfiguration::builder().min_capacity(0.5).max_capacity(4.0);
    restore(&client, "copy", "snap")
        .engine_version("16.4")
        .db_subnet_group_name("private")
        .db_cluster_parameter_group_name("tuned")
        .storage_type("aurora-iopt1")
        .deletion_protection(true)
        .copy_tags_to_snapshot(true)
        .vpc_security_group_ids("sg-1")
        .port(6543)
        .kms_key_id("alias/mine")
        .serverless_v2_scaling_configuration(range.build())
        .enable_cloudwatch_logs_exports("postgresql")
        .tags(tag("job", "1"))
        .send()
        .await
        .unwrap();
    seconds(HOUR).await;
    let copy = cluster(&client, "copy").await;
    assert_eq!(copy.engine_version(), Some("16.4"));
    assert_eq!(copy.db_subnet_group(), Some("private"));
    assert_eq!(copy.db_cluster_parameter_group(), Some("tuned"));
    assert_eq!(copy.storage_type(), Some("aurora-iopt1"));
    assert_eq!(copy.deletion_protection(), Some(true));
    assert_eq!(copy.copy_tags_to_snapshot(), Some(true));
    assert_eq!(copy.port(), Some(6543));
    assert_eq!(copy.tag_list(), [tag("job", "1")]);
    assert_eq!(copy.enabled_cloudwatch_logs_exports(), ["postgresql"]);
    assert!(copy.kms_key_id().unwrap().ends_with(":alias/mine"));
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("copy");
    let take = take.db_cluster_snapshot_identifier("snap-2").tags(tag("own", "2"));
    take.send().await.unwrap();
    let tags = snapshot(&client, "snap-2").await.tag_list.unwrap();
    assert_eq!(tags, [tag("job", "1"), tag("own", "2")]);
}

#[tokio::test(start_paused = true)]
async fn a_client_finds_the_restored_data_and_the_password_of_the_time_of_the_snapshot() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
    take.db_cluster_snapshot_identifier("snap").send().await.unwrap();
    seconds(HOUR).await;
    let change = client.modify_db_cluster().db_cluster_identifier("orders");
    change.master_user_password("new-password").send().await.unwrap();
    restore(&client, "copy", "snap").send().await.unwrap();
    seconds(HOUR).await;
    let (source, copy) = (cluster(&client, "orders").await, cluster(&client, "copy").await);
    let view = || cloud.world().rds.cluster_at(copy.endpoint().unwrap(), 5432).unwrap();
    assert!(!view().reachable);
    instance(&client, "copy-1", "copy").send().await.unwrap();
    seconds(HOUR).await;
    let address = the_instance(&client, "copy-1").await.endpoint.unwrap().address.unwrap();
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
}

// ---- deleting ----

#[tokio::test(start_paused = true)]
async fn a_cluster_goes_after_its_instances_and_without_protection() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "orders").await;
    let protect = |on: bool| {
        let change = client.modify_db_cluster().db_cluster_identifier("orders");
        change.deletion_protection(on).send()
    };
    let delete =
        || client.delete_db_cluster().db_cluster_identifier("orders").skip_final_snapshot(true);
    protect(true).await.unwrap();
    seconds(60).await;
    refused!(delete(), "InvalidParameterCombination", 400);
    protect(false).await.unwrap();
    seconds(60).await;
    refused!(delete(), "InvalidDBClusterStateFault", 400);
    let one = client.delete_db_instance().db_instance_identifier("orders-1");
    one.clone().send().await.unwrap();
    refused!(one, "InvalidDBInstanceState", 400);
    delete().send().await.unwrap();
    assert_eq!(status(&client, "orders").await, "deleting");
    refused!(delete(), "InvalidDBClusterStateFault", 400);
    seconds(HOUR).await;
    refused!(delete(), "DBClusterNotFoundFault", 404);
    let one = client.delete_db_instance().db_instance_identifier("orders-1");
    refused!(one, "DBInstanceNotFound", 404);
}

#[tokio::test(start_paused = true)]
async fn a_final_snapshot_is_skipped_or_named_but_not_both() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let delete = || client.delete_db_cluster().db_cluster_identifier("orders");
    refused!(delete(), "InvalidParameterCombination", 400);
    let both = delete().skip_final_snapshot(true).final_db_snapshot_identifier("last");
    refused!(both, "InvalidParameterCombination", 400);
    delete().final_db_snapshot_identifier("last").send().await.unwrap();
    seconds(HOUR).await;
    assert_eq!(snapshot(&client, "last").await.status(), Some("available"));
    let gone = client.describe_db_clusters().db_cluster_identifier("orders");
    refused!(gone, "DBClusterNotFoundFault", 404);
}

#[tokio::test(start_paused = true)]
async fn the_reader_of_the_lowest_tier_takes_over_when_the_writer_goes() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "orders").await;
    instance(&client, "far", "orders").promotion_tier(9).send().await.unwrap();
    instance(&client, "near", "orders").promotion_tier(2).send().await.unwrap();
    seconds(HOUR).await;
    let delete = client.delete_db_instance().db_instance_identifier("orders-1");
    delete.send().await.unwrap();
    let members = cluster(&client, "orders").await.db_cluster_members.unwrap();
    let writers: Vec<_> = members.iter().filter(|m| m.is_cluster_writer() == Some(true)).collect();
    assert_eq!(writers.len(), 1);
    assert_eq!(writers[0].db_instance_identifier(), Some("near"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_snapshot_is_gone_but_not_while_a_restore_reads_it() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    restore(&client, "copy", "snap").send().await.unwrap();
    let delete = || client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("snap");
    delete().send().await.unwrap();
    seconds(60).await;
    assert_eq!(snapshot(&client, "snap").await.status(), Some("deleting"));
    refused!(delete(), "InvalidDBClusterSnapshotStateFault", 400);
    seconds(HOUR).await;
    assert_eq!(status(&client, "copy").await, "available");
    refused!(delete(), "DBClusterSnapshotNotFoundFault", 404);
}

// ---- wire codes ----

#[tokio::test(start_paused = true)]
async fn names_that_are_taken_are_refused() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    serving(&client, "orders").await;
    refused!(create(&client, "orders"), "DBClusterAlreadyExistsFault", 400);
    refused!(restore(&client, "ORDERS", "snap"), "DBClusterAlreadyExistsFault", 400);
    refused!(instance(&client, "orders-1", "orders"), "DBInstanceAlreadyExists", 400);
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
    let take = take.db_cluster_snapshot_identifier("snap");
    refused!(take, "DBClusterSnapshotAlreadyExistsFault", 400);
    let rename = client.modify_db_cluster().db_cluster_identifier("orders");
    let rename = rename.new_db_cluster_identifier("orders").apply_immediately(true);
    refused!(rename, "DBClusterAlreadyExistsFault", 400);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    let cloud = cloud();
    let client = rds(&cloud);
    let describe = client.describe_db_clusters().db_cluster_identifier("x");
    refused!(describe, "DBClusterNotFoundFault", 404);
    let describe = client.describe_db_instances().db_instance_identifier("x");
    refused!(describe, "DBInstanceNotFound", 404);
    let describe = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier("x");
    refused!(describe, "DBClusterSnapshotNotFoundFault", 404);
    let modify = client.modify_db_cluster().db_cluster_identifier("x");
    refused!(modify, "DBClusterNotFoundFault", 404);
    refused!(instance(&client, "i", "x"), "DBClusterNotFoundFault", 404);
    refused!(restore(&client, "copy", "x"), "DBClusterSnapshotNotFoundFault", 404);
    let elsewhere = format!("arn:aws:rds:eu-west-1:{ACCOUNT}:cluster-snapshot:x");
    refused!(restore(&client, "copy", &elsewhere), "DBClusterSnapshotNotFoundFault", 404);
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("x");
    let take = take.db_cluster_snapshot_identifier("snap");
    refused!(take, "DBClusterNotFoundFault", 404);
    let describe = client.describe_db_subnet_groups().db_subnet_group_name("x");
    refused!(describe, "DBSubnetGroupNotFoundFault", 404);
    let describe = client.describe_db_cluster_parameter_groups();
    let describe = describe.db_cluster_parameter_group_name("x");
    refused!(describe, "DBParameterGroupNotFound", 404);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ready_is_refused_by_its_state() {
    let cloud = cloud();
    let client = rds(&cloud);
    create(&client, "orders").send().await.unwrap();
    refused!(instance(&client, "i", "orders"), "InvalidDBClusterStateFault", 400);
    let modify = client.modify_db_cluster().db_cluster_identifier("orders");
    let modify = modify.master_user_password("new-password");
    refused!(modify, "InvalidDBClusterStateFault", 400);
    let take = || {
        let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
        take.db_cluster_snapshot_identifier("snap")
    };
    refused!(take(), "InvalidDBClusterStateFault", 400);
    seconds(HOUR).await;
    take().send().await.unwrap();
    refused!(restore(&client, "copy", "snap"), "InvalidDBClusterSnapshotStateFault", 400);
    instance(&client, "i", "orders").send().await.unwrap();
    let delete = client.delete_db_instance().db_instance_identifier("i");
    refused!(delete, "InvalidDBInstanceState", 400);
    let serverless = instance(&client, "s", "orders").db_instance_class("db.serverless");
    refused!(serverless, "InvalidDBClusterStateFault", 400);
}

#[tokio::test(start_paused = true)]
async fn unknown_groups_keys_and_storage_are_refused() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    let copy = || restore(&client, "copy", "snap");
    refused!(copy().db_subnet_group_name("x"), "DBSubnetGroupNotFoundFault", 404);
    refused!(create(&client, "c").db_subnet_group_name("x"), "DBSubnetGroupNotFoundFault", 404);
    let group = copy().db_cluster_parameter_group_name("x");
    refused!(group, "DBClusterParameterGroupNotFound", 404);
    let group = create(&client, "c").db_cluster_parameter_group_name("x");
    refused!(group, "DBClusterParameterGroupNotFound", 404);
    let other_family = copy().db_cluster_parameter_group_name("default.aurora-postgresql15");
    refused!(other_family, "InvalidParameterCombination", 400);
    refused!(copy().storage_type("gp3"), "StorageTypeNotSupported", 400);
    let key = copy().kms_key_id("arn:aws:kms:eu-west-1:111111111111:key/1");
    refused!(key, "KMSKeyNotAccessibleFault", 400);
    let zone = create(&client, "c").availability_zones("mars-1a");
    refused!(zone, "InvalidVPCNetworkStateFault", 400);
    let one = client.create_db_subnet_group().db_subnet_group_name("g");
    let one = one.db_subnet_group_description("g").subnet_ids("subnet-1");
    refused!(one.clone(), "DBSubnetGroupDoesNotCoverEnoughAZs", 400);
    refused!(one.subnet_ids("x"), "InvalidSubnet", 400);
}

#[tokio::test(start_paused = true)]
async fn parameters_that_break_the_rules_are_refused() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    let copy = || restore(&client, "copy", "snap");
    refused!(create(&client, "1st"), "InvalidParameterValue", 400);
    refused!(restore(&client, "a--b", "snap"), "InvalidParameterValue", 400);
    refused!(create(&client, "c").master_user_password("short"), "InvalidParameterValue", 400);
    let at = create(&client, "c").master_user_password("with@sign");
    refused!(at, "InvalidParameterValue", 400);
    refused!(create(&client, "c").port(80), "InvalidParameterValue", 400);
    refused!(create(&client, "c").backup_retention_period(36), "InvalidParameterValue", 400);
    refused!(copy().engine("aurora-mysql"), "InvalidParameterValue", 400);
    refused!(copy().engine("postgres"), "InvalidParameterValue", 400);
    refused!(copy().engine_version("15.10"), "InvalidParameterCombination", 400);
    refused!(copy().engine_version("99.9"), "InvalidParameterCombination", 400);
    refused!(copy().engine_mode("serverless"), "InvalidParameterCombination", 400);
    refused!(copy().vpc_security_group_ids("x"), "InvalidParameterValue", 400);
    refused!(copy().tags(tag("aws:x", "1")), "InvalidParameterValue", 400);
    let logs = copy().enable_cloudwatch_logs_exports("audit");
    refused!(logs, "InvalidParameterCombination", 400);
    refused!(create(&client, "c").kms_key_id("1"), "InvalidParameterCombination", 400);
    let missing = client.create_db_cluster().db_cluster_identifier("c").engine(PG);
    refused!(missing, "MissingParameter", 400);
    let managed = create(&client, "c").manage_master_user_password(true);
    refused!(managed, "InvalidParameterCombination", 400);
}

#[tokio::test(start_paused = true)]
async fn an_instance_must_fit_its_cluster() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "orders").await;
    let one = || instance(&client, "one", "orders");
    refused!(one().engine_version("17.4"), "InvalidParameterCombination", 400);
    refused!(one().master_username("x"), "InvalidParameterCombination", 400);
    refused!(one().db_instance_class("large"), "InvalidParameterValue", 400);
    refused!(one().promotion_tier(16), "InvalidParameterValue", 400);
    refused!(one().availability_zone("eu-west-1a"), "InvalidVPCNetworkStateFault", 400);
}

#[tokio::test(start_paused = true)]
async fn a_restore_without_a_version_of_a_newer_snapshot_is_refused() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "17.4");
    refused!(restore(&client, "copy", "snap"), "InvalidParameterCombination", 400);
}

#[tokio::test(start_paused = true)]
async fn quotas_are_counted_told_and_enforced() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    serving(&client, "orders").await;
    let quotas = Quotas { clusters: 1, instances: 1, manual_snapshots: 1, ..Quotas::default() };
    cloud.world().rds.set_quotas(ACCOUNT, REGION, quotas);
    refused!(create(&client, "more"), "DBClusterQuotaExceededFault", 403);
    refused!(restore(&client, "more", "snap"), "DBClusterQuotaExceededFault", 403);
    refused!(instance(&client, "more", "orders"), "InstanceQuotaExceeded", 400);
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
    let take = take.db_cluster_snapshot_identifier("more");
    let refused = take.clone().send().await.unwrap_err();
    assert_eq!(refused.message(), Some("Cannot create more than 1 manual snapshots"));
    refused!(take, "SnapshotQuotaExceeded", 400);
    cloud.world().rds.set_quotas(ACCOUNT, REGION, Quotas { storage_gib: 50, ..Quotas::default() });
    refused!(restore(&client, "more", "snap"), "StorageQuotaExceeded", 400);
    let told = client.describe_account_attributes().send().await.unwrap();
    let quota = |name: &str| {
        let all = told.account_quotas();
        let found = all.iter().find(|q| q.account_quota_name() == Some(name)).unwrap();
        (found.used().unwrap(), found.max().unwrap())
    };
    assert_eq!(quota("DBClusters"), (1, 40));
    assert_eq!(quota("DBInstances"), (1, 40));
    assert_eq!(quota("ManualClusterSnapshots"), (1, 100));
    rds_as(&cloud, ACCOUNT, "eu-west-1").describe_account_attributes().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_refusal_that_only_happens_to_aws_can_be_planned() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    let planned = [
        (errors::access_denied("no"), "AccessDenied", 403),
        (errors::insufficient_db_cluster_capacity(), "InsufficientDBClusterCapacityFault", 403),
        (
            errors::insufficient_storage_cluster_capacity(),
            "InsufficientStorageClusterCapacity",
            400,
        ),
        (errors::insufficient_db_instance_capacity(), "InsufficientDBInstanceCapacity", 400),
        (errors::invalid_restore("no"), "InvalidRestoreFault", 400),
        (errors::invalid_subnet("no"), "InvalidSubnet", 400),
        (errors::throttling(), "Throttling", 400),
        (errors::throttling_exception(), "ThrottlingException", 400),
    ];
    for (error, code, status) in planned {
        cloud.world().rds.plan_surprise("copy", Surprise::Refuse(error));
        let answer = restore(&client, "copy", "snap").send().await;
        assert_eq!(refusal(answer), (code.to_owned(), status));
    }
    restore(&client, "copy", "snap").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_operation_can_end_badly_or_late_or_never() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    let surprises = [
        ("a", Surprise::Failed),
        ("b", Surprise::Stuck),
        ("c", Surprise::Slow { times: 10 }),
        ("d", Surprise::IncompatibleRestore),
    ];
    for (id, surprise) in surprises {
        cloud.world().rds.plan_surprise(id, surprise);
        restore(&client, id, "snap").send().await.unwrap();
    }
    seconds(HOUR).await;
    assert_eq!(status(&client, "a").await, "failed");
    assert_eq!(status(&client, "b").await, "creating");
    assert_eq!(status(&client, "c").await, "creating");
    assert_eq!(status(&client, "d").await, "incompatible-restore");
    seconds(HOUR * 100).await;
    assert_eq!(status(&client, "b").await, "creating");
    assert_eq!(status(&client, "c").await, "available");
    let delete = client.delete_db_cluster().db_cluster_identifier("a").skip_final_snapshot(true);
    delete.send().await.unwrap();
    seconds(HOUR).await;
    let gone = client.describe_db_clusters().db_cluster_identifier("a");
    refused!(gone, "DBClusterNotFoundFault", 404);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_operation_is_refused_loudly() {
    let cloud = cloud();
    refused!(rds(&cloud).describe_events(), "InvalidAction", 400);
}

// ---- reading many ----

#[tokio::test(start_paused = true)]
async fn a_filter_takes_100_ids_and_what_is_missing_is_simply_absent() {
    let cloud = cloud();
    let client = rds(&cloud);
    available(&client, "c0").await;
    create(&client, "c7").send().await.unwrap();
    let ids = |n: usize| filter("db-cluster-id", (0..n).map(|i| format!("c{i}")));
    let found = client.describe_db_clusters().filters(ids(100)).send().await.unwrap();
    let names: Vec<_> =
        found.db_clusters().iter().filter_map(|c| c.db_cluster_identifier()).collect();
    assert_eq!(names, ["c0", "c7"]);
    refused!(client.describe_db_clusters().filters(ids(101)), "InvalidParameterValue", 400);
    let unknown = client.describe_db_clusters().filters(filter("status", ["available"]));
    refused!(unknown, "InvalidParameterValue", 400);
    let arn = format!("arn:aws:rds:{REGION}:{ACCOUNT}:cluster:c7");
    let by_arn = client.describe_db_clusters().filters(filter("db-cluster-id", [arn]));
    assert_eq!(by_arn.send().await.unwrap().db_clusters().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn instances_are_found_by_their_cluster_and_by_their_ids() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "a").await;
    serving(&client, "b").await;
    instance(&client, "b-2", "b").send().await.unwrap();
    let find = |name: &str, values: &[&str]| {
        client.describe_db_instances().filters(filter(name, values.to_vec())).send()
    };
    assert_eq!(find("db-cluster-id", &["b"]).await.unwrap().db_instances().len(), 2);
    let both = find("db-instance-id", &["a-1", "b-2", "none"]).await.unwrap();
    assert_eq!(both.db_instances().len(), 2);
    let record = cloud.world().meter.recent().last().unwrap().clone();
    assert_eq!((record.resource.as_str(), record.items), ("3 ids", 2));
}

#[tokio::test(start_paused = true)]
async fn many_records_come_in_pages() {
    let cloud = cloud();
    let client = rds(&cloud);
    for n in 0..45 {
        seed(&cloud, &format!("snap-{n:02}"), "16.4");
    }
    let mut names = Vec::new();
    let mut marker = None;
    let mut sizes = Vec::new();
    loop {
        let page = client.describe_db_cluster_snapshots().max_records(20).set_marker(marker);
        let page = page.send().await.unwrap();
        sizes.push(page.db_cluster_snapshots().len());
        let ids = page.db_cluster_snapshots().iter();
        names.extend(ids.map(|s| s.db_cluster_snapshot_identifier().unwrap().to_owned()));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [20, 20, 5]);
    assert_eq!(names.len(), 45);
    assert!(names.is_sorted());
    for wrong in [19, 101] {
        let page = client.describe_db_cluster_snapshots().max_records(wrong);
        refused!(page, "InvalidParameterValue", 400);
    }
    let marker = client.describe_db_cluster_snapshots().marker("made-up");
    refused!(marker, "InvalidParameterValue", 400);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_ends_with_the_last_record_has_no_marker() {
    let cloud = cloud();
    let client = rds(&cloud);
    for n in 0..20 {
        seed(&cloud, &format!("snap-{n:02}"), "16.4");
    }
    let page = client.describe_db_cluster_snapshots().max_records(20).send().await.unwrap();
    assert_eq!((page.db_cluster_snapshots().len(), page.marker()), (20, None));
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_found_by_cluster_type_and_id() {
    let cloud = cloud();
    let client = rds(&cloud);
    seed(&cloud, "snap", "16.4");
    available(&client, "other").await;
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("other");
    take.db_cluster_snapshot_identifier("other-snap").send().await.unwrap();
    let all = || client.describe_db_cluster_snapshots();
    let count = |found: DescribeDbClusterSnapshotsOutput| found.db_cluster_snapshots().len();
    assert_eq!(count(all().send().await.unwrap()), 2);
    assert_eq!(count(all().db_cluster_identifier("orders").send().await.unwrap()), 1);
    assert_eq!(count(all().db_cluster_identifier("none").send().await.unwrap()), 0);
    assert_eq!(count(all().snapshot_type("manual").send().await.unwrap()), 2);
    assert_eq!(count(all().snapshot_type("automated").send().await.unwrap()), 0);
    let ids = filter("db-cluster-snapshot-id", ["snap", "none"]);
    assert_eq!(count(all().filters(ids).send().await.unwrap()), 1);
    let of = filter("db-cluster-id", ["other", "orders"]);
    assert_eq!(count(all().filters(of).send().await.unwrap()), 2);
    let both = all().db_cluster_identifier("other").db_cluster_snapshot_identifier("snap");
    refused!(both, "InvalidParameterCombination", 400);
    refused!(all().snapshot_type("odd"), "InvalidParameterValue", 400);
}

#[tokio::test(start_paused = true)]
async fn accounts_and_regions_are_kept_apart() {
    let cloud = cloud();
    create(&rds(&cloud), "orders").send().await.unwrap();
    for (account, region) in [("222222222222", REGION), (ACCOUNT, "eu-west-1")] {
        let elsewhere = rds_as(&cloud, account, region);
        assert!(elsewhere.describe_db_clusters().send().await.unwrap().db_clusters().is_empty());
        create(&elsewhere, "orders").send().await.unwrap();
    }
}

// ---- tags, groups, versions ----

#[tokio::test(start_paused = true)]
async fn tags_are_added_listed_and_removed() {
    let cloud = cloud();
    let client = rds(&cloud);
    serving(&client, "orders").await;
    seed(&cloud, "snap", "16.4");
    for name in ["cluster:orders", "db:orders-1", "cluster-snapshot:snap"] {
        let arn = format!("arn:aws:rds:{REGION}:{ACCOUNT}:{name}");
        let add = client.add_tags_to_resource().resource_name(&arn).tags(tag("a", "1"));
        add.tags(tag("team", "b c")).send().await.unwrap();
        let remove = client.remove_tags_from_resource().resource_name(&arn).tag_keys("a");
        remove.send().await.unwrap();
        let left = client.list_tags_for_resource().resource_name(&arn).send().await.unwrap();
        assert_eq!(left.tag_list(), [tag("team", "b c")], "{name}");
    }
    let list = |arn: &str| client.list_tags_for_resource().resource_name(arn);
    let here = format!("arn:aws:rds:{REGION}:{ACCOUNT}");
    refused!(list(&format!("{here}:cluster:x")), "DBClusterNotFoundFault", 404);
    refused!(list(&format!("{here}:db:x")), "DBInstanceNotFound", 404);
    refused!(list("orders"), "InvalidParameterValue", 400);
    let foreign = format!("arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:orders");
    refused!(list(&foreign), "InvalidParameterValue", 400);
}

#[tokio::test(start_paused = true)]
async fn default_groups_are_always_there_and_new_names_are_taken_once() {
    let cloud = cloud();
    let client = rds(&cloud);
    let subnets = client.describe_db_subnet_groups().db_subnet_group_name("default");
    let subnets = subnets.send().await.unwrap();
    assert_eq!(subnets.db_subnet_groups()[0].subnets().len(), 3);
    let parameters = client.describe_db_cluster_parameter_groups().send().await.unwrap();
    assert_eq!(parameters.db_cluster_parameter_groups().len(), 4);
    let make = || {
        let make = client.create_db_cluster_parameter_group().description("d");
        let make = make.db_cluster_parameter_group_name("tuned");
        make.db_parameter_group_family("aurora-postgresql16")
    };
    make().send().await.unwrap();
    refused!(make(), "DBParameterGroupAlreadyExists", 400);
    let odd = make().db_parameter_group_family("aurora-postgresql3");
    refused!(odd, "InvalidParameterValue", 400);
    let make = || {
        let make = client.create_db_subnet_group().db_subnet_group_name("g");
        make.db_subnet_group_description("d").subnet_ids("subnet-1").subnet_ids("subnet-2")
    };
    make().send().await.unwrap();
    refused!(make(), "DBSubnetGroupAlreadyExists", 400);
}

#[tokio::test(start_paused = true)]
async fn engine_versions_are_told_with_the_default() {
    let cloud = cloud();
    let client = rds(&cloud);
    let all = client.describe_db_engine_versions().engine(PG).send().await.unwrap();
    assert!(all.db_engine_versions().len() > 10);
    let default = client.describe_db_engine_versions().engine(PG).default_only(true);
    let default = default.send().await.unwrap();
    assert_eq!(default.db_engine_versions().len(), 1);
    assert_eq!(default.db_engine_versions()[0].engine_version(), Some("16.6"));
    let one = client.describe_db_engine_versions().engine(PG).engine_version("16.4");
    let one = one.send().await.unwrap();
    let targets = one.db_engine_versions()[0].valid_upgrade_target();
    assert!(targets.iter().any(|t| t.is_major_version_upgrade() == Some(true)));
    let other = client.describe_db_engine_versions().engine("aurora-mysql").send().await.unwrap();
    assert!(other.db_engine_versions().is_empty());
}
