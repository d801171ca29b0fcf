//! The query protocol: any parameters for any operation.

use crate::json::text;
use crate::scene::{Scene, is_in_form};
use crate::try_all;
use aurora_restore_local::operations::OPERATIONS;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Parameters that some operation reads, with values that some of them accept.
const GOOD: [(&str, &str); 56] = [
    ("DBClusterIdentifier", "cluster"),
    ("DBClusterIdentifier", "new"),
    ("NewDBClusterIdentifier", "renamed"),
    ("DBClusterSnapshotIdentifier", "snapshot"),
    ("DBClusterSnapshotIdentifier", "other"),
    ("DBInstanceIdentifier", "instance"),
    ("DBInstanceIdentifier", "another"),
    ("DBInstanceClass", "db.r6g.large"),
    ("Engine", "aurora-postgresql"),
    ("Engine", "aurora-mysql"),
    ("EngineVersion", "16.6"),
    ("EngineMode", "provisioned"),
    ("MasterUsername", "postgres"),
    ("MasterUserPassword", "correct-horse"),
    ("Port", "5433"),
    ("BackupRetentionPeriod", "7"),
    ("PreferredBackupWindow", "07:00-07:30"),
    ("PreferredMaintenanceWindow", "sun:05:00-sun:06:00"),
    ("KmsKeyId", "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000"),
    ("StorageEncrypted", "true"),
    ("StorageType", "aurora-iopt1"),
    ("DatabaseName", "orders"),
    ("DBSubnetGroupName", "default"),
    ("DBClusterParameterGroupName", "default.aurora-postgresql16"),
    ("DBParameterGroupFamily", "aurora-postgresql16"),
    ("Description", "x"),
    ("DBSubnetGroupDescription", "x"),
    ("SubnetIds.SubnetIdentifier.1", "subnet-1"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
    ("AvailabilityZones.AvailabilityZone.1", "us-east-1a"),
    ("EnableCloudwatchLogsExports.member.1", "postgresql"),
    ("ServerlessV2ScalingConfiguration.MinCapacity", "0.5"),
    ("ServerlessV2ScalingConfiguration.MaxCapacity", "8"),
    ("ApplyImmediately", "true"),
    ("AllowMajorVersionUpgrade", "true"),
    ("DeletionProtection", "true"),
    ("SkipFinalSnapshot", "true"),
    ("FinalDBSnapshotIdentifier", "final"),
    ("SnapshotIdentifier", "snapshot"),
    ("SourceDBClusterSnapshotIdentifier", "snapshot"),
    ("TargetDBClusterSnapshotIdentifier", "copy"),
    ("SourceDBClusterIdentifier", "cluster"),
    ("RestoreToTime", "2027-01-15T09:30:00Z"),
    ("UseLatestRestorableTime", "true"),
    ("RestoreType", "copy-on-write"),
    ("CopyTags", "true"),
    ("AttributeName", "restore"),
    ("ValuesToAdd.AttributeValue.1", "222222222222"),
    ("SnapshotType", "manual"),
    ("Filters.Filter.1.Name", "db-cluster-id"),
    ("Filters.Filter.1.Values.Value.1", "cluster"),
    ("ResourceName", "arn:aws:rds:us-east-1:111111111111:cluster:cluster"),
    ("Tags.Tag.1.Key", "team"),
    ("Tags.Tag.1.Value", "a"),
    ("TagKeys.member.1", "team"),
    ("MaxRecords", "20"),
];

const NAMES: [&str; 22] = [
    "Marker",
    "Filters.Filter.0.Name",
    "Filters.Filter.2.Values.Value.18446744073709551616",
    "Tags.Tag.1.",
    "Tags.Tag..Key",
    "Tags",
    ".",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "Name",
    "TopicArn",
    "Message",
    "Namespace",
    "MetricData.member.1.MetricName",
    "MetricData.member.1.Value",
    "MetricData.member.1.Timestamp",
    "MetricName",
    "StartTime",
    "EndTime",
    "Period",
];

fn parameter() -> impl Strategy<Value = (String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let good = select(&GOOD[..]).prop_map(owned);
    let bent = (select(&GOOD[..]), text()).prop_map(|((name, _), value)| (name.to_owned(), value));
    let other = (select(&NAMES[..]), text()).prop_map(|(name, value)| (name.to_owned(), value));
    prop_oneof![6 => good, 2 => bent, 1 => other, 1 => (text(), text())]
}

fn body(operation: &str, parameters: &[(String, String)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("Action", operation);
    body.extend_pairs(parameters.iter().filter(|(name, _)| name != "Action"));
    body.finish()
}

#[test]
fn any_parameters_get_an_answer() {
    for (service, operations) in OPERATIONS.iter().filter(|(service, _)| service.is_query()) {
        for operation in *operations {
            try_all(operation, 150, &vec(parameter(), 0..16), |parameters| {
                let mut scene = Scene::new();
                for _ in 0..2 {
                    let body = body(operation, &parameters);
                    let answer = scene.query(*service, body.into()).unwrap();
                    is_in_form(*service, &answer)?;
                }
                // And what is there then can be described.
                for describe in ["DescribeDBClusters", "DescribeDBInstances"] {
                    let service = aurora_restore_local::call::Service::Rds;
                    let answer = scene.query(service, body(describe, &[]).into()).unwrap();
                    is_in_form(service, &answer)?;
                    prop_assert_eq!(answer.status, 200);
                }
                Ok(())
            });
        }
    }
}
