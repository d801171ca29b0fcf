//! Which operations there are, service by service: what a fault rule may name, and what is called
//! with arbitrary input to see that nothing breaks.

use crate::call::Service;

/// The operations of one service.
pub type Operations = (Service, &'static [&'static str]);

/// The operations that the fleet, its operators and the tests call.
pub const OPERATIONS: [Operations; 9] = [
    (Service::Sqs, SQS),
    (Service::Dynamodb, DYNAMODB),
    (Service::Rds, RDS),
    (Service::Sts, &["AssumeRole", "GetCallerIdentity"]),
    (Service::Secretsmanager, SECRETS),
    (Service::Kms, &["CreateKey", "DescribeKey", "ListAliases", "ListKeys"]),
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
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "CancelMessageMoveTask",
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
    "UpdateTable",
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
    "DeleteDBClusterParameterGroup",
    "DeleteDBClusterSnapshot",
    "DeleteDBInstance",
    "DeleteDBSubnetGroup",
    "DescribeAccountAttributes",
    "DescribeDBClusterParameterGroups",
    "DescribeDBClusterParameters",
    "DescribeDBClusterSnapshotAttributes",
    "DescribeDBClusterSnapshots",
    "DescribeDBClusters",
    "DescribeDBEngineVersions",
    "DescribeDBInstances",
    "DescribeDBSubnetGroups",
    "DescribeEvents",
    "ListTagsForResource",
    "ModifyDBCluster",
    "ModifyDBClusterParameterGroup",
    "ModifyDBClusterSnapshotAttribute",
    "ModifyDBInstance",
    "RebootDBInstance",
    "RemoveTagsFromResource",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
    "StartDBCluster",
    "StopDBCluster",
];

const SECRETS: &[&str] = &[
    "CreateSecret",
    "DeleteSecret",
    "DescribeSecret",
    "GetSecretValue",
    "ListSecrets",
    "PutSecretValue",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
];

const SNS: &[&str] = &[
    "CreateTopic",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "ListTopics",
    "Publish",
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
