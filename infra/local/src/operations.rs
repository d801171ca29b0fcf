//! Which operations there are, service by service: what a fault rule may name, and what is called
//! with arbitrary input to see that nothing breaks. A test holds the list against the dispatchers.

use crate::call::Service;

/// The operations of one service.
pub type Operations = (Service, &'static [&'static str]);

/// The operations that the local cloud implements.
pub const OPERATIONS: [Operations; 9] = [
    (Service::Sqs, SQS),
    (Service::Dynamodb, DYNAMODB),
    (Service::Rds, RDS),
    (Service::Sts, STS),
    (Service::Secretsmanager, SECRETS),
    (Service::Kms, KMS),
    (Service::Sns, SNS),
    (Service::Cloudwatch, CLOUDWATCH),
    (Service::Events, EVENTS),
];

/// The operations of a service that are known by name.
#[must_use]
pub fn of(service: Service) -> &'static [&'static str] {
    OPERATIONS.iter().find(|(s, _)| *s == service).map_or(&[], |(_, operations)| *operations)
}

const SQS: &[&str] = &[
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

const DYNAMODB: &[&str] = &[
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "ListTables",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
    "UpdateTimeToLive",
];

const RDS: &[&str] = &[
    "AddTagsToResource",
    "CopyDBClusterSnapshot",
    "CreateDBCluster",
    "CreateDBClusterParameterGroup",
    "CreateDBClusterSnapshot",
    "CreateDBInstance",
    "CreateDBSubnetGroup",
    "DeleteDBCluster",
    "DeleteDBClusterSnapshot",
    "DeleteDBInstance",
    "DescribeAccountAttributes",
    "DescribeDBClusterParameterGroups",
    "DescribeDBClusterSnapshotAttributes",
    "DescribeDBClusterSnapshots",
    "DescribeDBClusters",
    "DescribeDBEngineVersions",
    "DescribeDBInstances",
    "DescribeDBSubnetGroups",
    "FailoverDBCluster",
    "ListTagsForResource",
    "ModifyDBCluster",
    "ModifyDBClusterSnapshotAttribute",
    "ModifyDBInstance",
    "RebootDBInstance",
    "RemoveTagsFromResource",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
    "StartDBCluster",
    "StopDBCluster",
];

const STS: &[&str] = &["AssumeRole", "GetCallerIdentity"];

const SECRETS: &[&str] = &[
    "CreateSecret",
    "DeleteSecret",
    "DescribeSecret",
    "GetSecretValue",
    "ListSecrets",
    "PutSecretValue",
];

const KMS: &[&str] = &[
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateKey",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "EnableKey",
    "GetKeyPolicy",
    "ListAliases",
    "ListKeys",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
];

const SNS: &[&str] = &[
    "CreateTopic",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "ListTopics",
    "Publish",
    "PublishBatch",
    "Subscribe",
    "Unsubscribe",
];

const CLOUDWATCH: &[&str] =
    &["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"];

const EVENTS: &[&str] = &[
    "DeleteRule",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListRules",
    "ListTargetsByRule",
    "PutEvents",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The file in which each service sends its operations to their handlers.
    const DISPATCHERS: [(Service, &str); 9] = [
        (Service::Sqs, include_str!("sqs/mod.rs")),
        (Service::Dynamodb, include_str!("dynamodb/mod.rs")),
        (Service::Rds, include_str!("rds/mod.rs")),
        (Service::Sts, include_str!("sts/mod.rs")),
        (Service::Secretsmanager, include_str!("secrets.rs")),
        (Service::Kms, include_str!("kms/ops.rs")),
        (Service::Sns, include_str!("sns/mod.rs")),
        (Service::Cloudwatch, include_str!("cloudwatch/mod.rs")),
        (Service::Events, include_str!("events/mod.rs")),
    ];

    /// The names of operations in the arms of a dispatcher.
    fn handled(source: &str) -> BTreeSet<&str> {
        let arms = source.lines().filter_map(|line| line.trim().split_once(" =>"));
        let names = arms.flat_map(|(names, _)| names.split(" | "));
        let names = names.filter_map(|name| name.strip_prefix('"')?.strip_suffix('"'));
        let is_operation =
            |name: &&str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
        names.filter(is_operation).collect()
    }

    #[test]
    fn the_list_names_every_operation_that_is_handled_and_no_other() {
        for (service, source) in DISPATCHERS {
            let listed: BTreeSet<_> = of(service).iter().copied().collect();
            assert_eq!(listed, handled(source), "{service}");
            assert!(listed.len() > 1, "{service}");
        }
    }
}
