//! Which calls a fault can meet at all, and what a call is about.

use super::rule::{Asked, FaultKind};
use crate::call::Service;
use crate::params::Params;
use serde_json::Value;

/// RDS operations that come to an end later.
const LONG: &[&str] = &[
    "CopyDBClusterSnapshot",
    "CreateDBCluster",
    "CreateDBClusterSnapshot",
    "CreateDBInstance",
    "DeleteDBCluster",
    "DeleteDBClusterSnapshot",
    "DeleteDBInstance",
    "ModifyDBCluster",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
    "StartDBCluster",
    "StopDBCluster",
];
/// RDS operations by which something comes into being.
const MAKING: &[&str] = &[
    "CopyDBClusterSnapshot",
    "CreateDBCluster",
    "CreateDBClusterSnapshot",
    "CreateDBInstance",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
];
/// RDS operations that restore, or open what was restored.
const RESTORING: &[&str] =
    &["CreateDBInstance", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime"];
/// RDS operations that need machines or storage.
const TAKING_SPACE: &[&str] = &[
    "CreateDBCluster",
    "CreateDBInstance",
    "RestoreDBClusterFromSnapshot",
    "RestoreDBClusterToPointInTime",
];
/// RDS operations that show what there is.
const SHOWING: &[&str] =
    &["DescribeDBClusterSnapshots", "DescribeDBClusters", "DescribeDBInstances"];
const BATCHES: &[&str] = &[
    "BatchGetItem",
    "BatchWriteItem",
    "ChangeMessageVisibilityBatch",
    "DeleteMessageBatch",
    "SendMessageBatch",
];
const WRITES: &[&str] = &["BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem"];

/// What a kind of fault can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Any call.
    Calls,
    /// Any call of this service, on its way.
    CallsOf(Service),
    /// Only these operations (of these services).
    Operations(&'static [Service], &'static [&'static str]),
    /// No call: events.
    Events,
}

impl Reach {
    /// Whether it is calls on their way that are met.
    pub(super) fn is_on_the_way(self) -> bool {
        matches!(self, Self::Calls | Self::CallsOf(_))
    }
}

impl FaultKind {
    /// What faults of this kind can meet.
    pub(super) fn reach(&self) -> Reach {
        let rds = |operations| Reach::Operations(&[Service::Rds], operations);
        match self {
            Self::DuplicateDelivery | Self::Reorder | Self::EmptyReceive => {
                Reach::Operations(&[Service::Sqs], &["ReceiveMessage"])
            }
            Self::PartialBatch => Reach::Operations(&[Service::Sqs, Service::Dynamodb], BATCHES),
            Self::IndexLag { .. } => Reach::Operations(&[Service::Dynamodb], WRITES),
            Self::Slow { .. } | Self::Stuck => rds(LONG),
            Self::Failed => rds(MAKING),
            Self::IncompatibleRestore => rds(RESTORING),
            Self::CapacityShortage => rds(TAKING_SPACE),
            Self::DescribeLag { .. } => rds(SHOWING),
            Self::LoseEvents | Self::DoubleEvents => Reach::Events,
            Self::RdsRefusal { .. } => Reach::CallsOf(Service::Rds),
            _ => Reach::Calls,
        }
    }

    /// Whether a fault of this kind can meet calls of an operation.
    pub(super) fn can_meet(&self, service: Service, operation: &str) -> bool {
        match self.reach() {
            Reach::Calls => true,
            Reach::CallsOf(only) => service == only,
            Reach::Operations(services, operations) => {
                services.contains(&service) && operations.contains(&operation)
            }
            Reach::Events => false,
        }
    }
}

/// Whether a call names a resource: a table, a queue (the end of its URL), a secret, or something
/// of RDS (or the ARN of one of them).
pub(super) fn names(asked: &Asked<'_>, wanted: &str) -> bool {
    let is_it = |name: &str| {
        let last = name.rsplit(['/', ':']).next().unwrap_or(name);
        name.eq_ignore_ascii_case(wanted) || last.eq_ignore_ascii_case(wanted)
    };
    if asked.call.service.is_query() {
        let params = Params::parse(&asked.request.body);
        return QUERY_NAMES.iter().any(|name| params.get(name).is_some_and(is_it));
    }
    let Ok(input) = serde_json::from_slice::<Value>(&asked.request.body) else { return false };
    let named = |name: &str| input.get(name).and_then(Value::as_str).is_some_and(is_it);
    let tables = input.get("RequestItems").and_then(Value::as_object);
    JSON_NAMES.iter().any(|name| named(name))
        || tables.is_some_and(|tables| tables.keys().any(|name| is_it(name)))
}

const JSON_NAMES: [&str; 6] = ["TableName", "QueueUrl", "QueueName", "SecretId", "Name", "KeyId"];

const QUERY_NAMES: [&str; 11] = [
    "DBClusterIdentifier",
    "DBClusterSnapshotIdentifier",
    "DBInstanceIdentifier",
    "ResourceName",
    "RoleArn",
    "SnapshotIdentifier",
    "SourceDBClusterIdentifier",
    "SourceDBClusterSnapshotIdentifier",
    "TargetDBClusterSnapshotIdentifier",
    "TopicArn",
    "Name",
];
