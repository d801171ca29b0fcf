//! The refusals of RDS: one constructor for each wire code (not shape name), with its HTTP status.

use crate::error::AwsError;

/// `AccessDenied`.
#[must_use]
pub fn access_denied(text: &str) -> AwsError {
    AwsError::new("AccessDenied", text).with_status(403)
}

/// `DBClusterAlreadyExistsFault`.
#[must_use]
pub fn db_cluster_already_exists(identifier: &str) -> AwsError {
    let text = format!("DB Cluster already exists: {identifier}");
    AwsError::new("DBClusterAlreadyExistsFault", text)
}

/// `DBClusterNotFoundFault`.
#[must_use]
pub fn db_cluster_not_found(identifier: &str) -> AwsError {
    let text = format!("DBCluster {identifier} not found.");
    AwsError::new("DBClusterNotFoundFault", text).with_status(404)
}

/// `DBClusterParameterGroupNotFound`: what create and restore say.
#[must_use]
pub fn db_cluster_parameter_group_not_found(name: &str) -> AwsError {
    let text = format!("DBClusterParameterGroup not found: {name}");
    AwsError::new("DBClusterParameterGroupNotFound", text).with_status(404)
}

/// `DBClusterQuotaExceededFault`.
#[must_use]
pub fn db_cluster_quota_exceeded(max: usize) -> AwsError {
    let text = format!("Cannot create more than {max} DB clusters");
    AwsError::new("DBClusterQuotaExceededFault", text).with_status(403)
}

/// `DBClusterSnapshotAlreadyExistsFault`.
#[must_use]
pub fn db_cluster_snapshot_already_exists(identifier: &str) -> AwsError {
    let text = format!("Cannot create the snapshot because {identifier} already exists.");
    AwsError::new("DBClusterSnapshotAlreadyExistsFault", text)
}

/// `DBClusterSnapshotNotFoundFault`.
#[must_use]
pub fn db_cluster_snapshot_not_found(identifier: &str) -> AwsError {
    let text = format!("DBClusterSnapshot not found: {identifier}");
    AwsError::new("DBClusterSnapshotNotFoundFault", text).with_status(404)
}

/// `DBInstanceAlreadyExists`.
#[must_use]
pub fn db_instance_already_exists(identifier: &str) -> AwsError {
    AwsError::new("DBInstanceAlreadyExists", format!("DB instance already exists: {identifier}"))
}

/// `DBInstanceNotFound`.
#[must_use]
pub fn db_instance_not_found(identifier: &str) -> AwsError {
    let text = format!("DBInstance {identifier} not found.");
    AwsError::new("DBInstanceNotFound", text).with_status(404)
}

/// `DBParameterGroupAlreadyExists`.
#[must_use]
pub fn db_parameter_group_already_exists(name: &str) -> AwsError {
    let text = format!("Parameter group {name} already exists");
    AwsError::new("DBParameterGroupAlreadyExists", text)
}

/// `DBParameterGroupNotFound`: what describing parameter groups says.
#[must_use]
pub fn db_parameter_group_not_found(name: &str) -> AwsError {
    let text = format!("DBClusterParameterGroup {name} not found");
    AwsError::new("DBParameterGroupNotFound", text).with_status(404)
}

/// `DBSubnetGroupAlreadyExists`.
#[must_use]
pub fn db_subnet_group_already_exists(name: &str) -> AwsError {
    let text = format!("The DB subnet group '{name}' already exists.");
    AwsError::new("DBSubnetGroupAlreadyExists", text)
}

/// `DBSubnetGroupDoesNotCoverEnoughAZs`.
#[must_use]
pub fn db_subnet_group_does_not_cover_enough_azs() -> AwsError {
    let text = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. \
        Add subnets to cover at least 2 AZs.";
    AwsError::new("DBSubnetGroupDoesNotCoverEnoughAZs", text)
}

/// `DBSubnetGroupNotFoundFault`.
#[must_use]
pub fn db_subnet_group_not_found(name: &str) -> AwsError {
    let text = format!("DB subnet group '{name}' does not exist.");
    AwsError::new("DBSubnetGroupNotFoundFault", text).with_status(404)
}

/// `InstanceQuotaExceeded`.
#[must_use]
pub fn instance_quota_exceeded(max: usize) -> AwsError {
    let text = format!("Cannot create more than {max} DB instances");
    AwsError::new("InstanceQuotaExceeded", text)
}

/// `InsufficientDBClusterCapacityFault`.
#[must_use]
pub fn insufficient_db_cluster_capacity() -> AwsError {
    let text = "The DB cluster doesn't have enough capacity for the current operation.";
    AwsError::new("InsufficientDBClusterCapacityFault", text).with_status(403)
}

/// `InsufficientDBInstanceCapacity`.
#[must_use]
pub fn insufficient_db_instance_capacity() -> AwsError {
    let text = "The requested DB instance class is not available in the specified Availability \
        Zone at the moment.";
    AwsError::new("InsufficientDBInstanceCapacity", text)
}

/// `InsufficientStorageClusterCapacity`.
#[must_use]
pub fn insufficient_storage_cluster_capacity() -> AwsError {
    let text = "There is insufficient storage available for the current action.";
    AwsError::new("InsufficientStorageClusterCapacity", text)
}

/// `InvalidDBClusterSnapshotStateFault`.
#[must_use]
pub fn invalid_db_cluster_snapshot_state(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidDBClusterSnapshotStateFault", text)
}

/// `InvalidDBClusterStateFault`.
#[must_use]
pub fn invalid_db_cluster_state(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidDBClusterStateFault", text)
}

/// `InvalidDBInstanceState`.
#[must_use]
pub fn invalid_db_instance_state(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidDBInstanceState", text)
}

/// `InvalidParameterCombination`.
#[must_use]
pub fn invalid_parameter_combination(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterCombination", text)
}

/// `InvalidParameterValue`.
#[must_use]
pub fn invalid_parameter_value(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValue", text)
}

/// `InvalidRestoreFault`.
#[must_use]
pub fn invalid_restore(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidRestoreFault", text)
}

/// `InvalidSubnet`.
#[must_use]
pub fn invalid_subnet(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidSubnet", text)
}

/// `InvalidVPCNetworkStateFault`.
#[must_use]
pub fn invalid_vpc_network_state(text: impl Into<String>) -> AwsError {
    AwsError::new("InvalidVPCNetworkStateFault", text)
}

/// `KMSKeyNotAccessibleFault`.
#[must_use]
pub fn kms_key_not_accessible(key: &str) -> AwsError {
    let text = format!(
        "The specified KMS key [{key}] does not exist, is not enabled or you do \
        not have permissions to access it."
    );
    AwsError::new("KMSKeyNotAccessibleFault", text)
}

/// `MissingParameter`.
#[must_use]
pub fn missing_parameter(name: &str) -> AwsError {
    AwsError::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// `SharedSnapshotQuotaExceeded`.
#[must_use]
pub fn shared_snapshot_quota_exceeded(max: usize) -> AwsError {
    let text = format!("Cannot share a snapshot with more than {max} accounts");
    AwsError::new("SharedSnapshotQuotaExceeded", text)
}

/// `SnapshotQuotaExceeded`, as said when there are too many copies in progress.
#[must_use]
pub fn copies_quota_exceeded(max: usize) -> AwsError {
    AwsError::new("SnapshotQuotaExceeded", format!("Cannot copy more than {max} snapshots"))
}

/// `SnapshotQuotaExceeded`, as said when there are too many manual snapshots.
#[must_use]
pub fn snapshot_quota_exceeded(max: usize) -> AwsError {
    let text = format!("Cannot create more than {max} manual snapshots");
    AwsError::new("SnapshotQuotaExceeded", text)
}

/// `StorageQuotaExceeded`.
#[must_use]
pub fn storage_quota_exceeded(max_gib: u64) -> AwsError {
    let text = format!("The request would exceed the allowed storage of {max_gib} GiB");
    AwsError::new("StorageQuotaExceeded", text)
}

/// `StorageTypeNotSupported`.
#[must_use]
pub fn storage_type_not_supported(storage_type: &str) -> AwsError {
    let text = format!("Storage type {storage_type} isn't supported for this DB cluster.");
    AwsError::new("StorageTypeNotSupported", text)
}

/// `Throttling`: one of the two codes RDS throttles with.
#[must_use]
pub fn throttling() -> AwsError {
    AwsError::new("Throttling", "Rate exceeded")
}

/// `ThrottlingException`: the other one.
#[must_use]
pub fn throttling_exception() -> AwsError {
    AwsError::new("ThrottlingException", "Rate exceeded")
}

/// A parameter AWS knows and the local cloud does not: loud, never a silent success.
#[must_use]
pub fn unsupported_parameter(operation: &str, name: &str) -> AwsError {
    tracing::error!(
        operation,
        parameter = name,
        "the local cloud does not implement this parameter"
    );
    let text = format!("the local cloud does not implement the parameter {name} of {operation}");
    AwsError::new("InvalidParameterCombination", text)
}

/// A refusal by its wire code, in the words of an operation: about things of the name `orders`
/// where it names any. `None`: RDS here never answers with that code.
#[must_use]
pub fn by_code(code: &str, operation: &str) -> Option<AwsError> {
    named(code).or_else(|| {
        Some(match code {
            "AccessDenied" => {
                access_denied(&format!("User is not authorized to perform: rds:{operation}"))
            }
            "DBClusterQuotaExceededFault" => db_cluster_quota_exceeded(40),
            "DBSubnetGroupDoesNotCoverEnoughAZs" => db_subnet_group_does_not_cover_enough_azs(),
            "InstanceQuotaExceeded" => instance_quota_exceeded(40),
            "InsufficientDBClusterCapacityFault" => insufficient_db_cluster_capacity(),
            "InsufficientDBInstanceCapacity" => insufficient_db_instance_capacity(),
            "InsufficientStorageClusterCapacity" => insufficient_storage_cluster_capacity(),
            "InvalidParameterCombination" => invalid_parameter_combination("They do not fit."),
            "InvalidParameterValue" => invalid_parameter_value("The value is out of range."),
            "InvalidSubnet" => invalid_subnet("The requested subnet is invalid."),
            "InvalidVPCNetworkStateFault" => {
                invalid_vpc_network_state("The subnet group does not cover all its zones.")
            }
            "SharedSnapshotQuotaExceeded" => shared_snapshot_quota_exceeded(20),
            "SnapshotQuotaExceeded" if operation == "CopyDBClusterSnapshot" => {
                copies_quota_exceeded(5)
            }
            "SnapshotQuotaExceeded" => snapshot_quota_exceeded(100),
            "StorageQuotaExceeded" => storage_quota_exceeded(100_000),
            "StorageTypeNotSupported" => storage_type_not_supported("aurora-iopt1"),
            "Throttling" => throttling(),
            "ThrottlingException" => throttling_exception(),
            _ => return None,
        })
    })
}

/// Those that name a thing.
fn named(code: &str) -> Option<AwsError> {
    const NAME: &str = "orders";
    Some(match code {
        "DBClusterAlreadyExistsFault" => db_cluster_already_exists(NAME),
        "DBClusterNotFoundFault" => db_cluster_not_found(NAME),
        "DBClusterParameterGroupNotFound" => db_cluster_parameter_group_not_found(NAME),
        "DBClusterSnapshotAlreadyExistsFault" => db_cluster_snapshot_already_exists(NAME),
        "DBClusterSnapshotNotFoundFault" => db_cluster_snapshot_not_found(NAME),
        "DBInstanceAlreadyExists" => db_instance_already_exists(NAME),
        "DBInstanceNotFound" => db_instance_not_found(NAME),
        "DBParameterGroupNotFound" => db_parameter_group_not_found(NAME),
        "DBSubnetGroupNotFoundFault" => db_subnet_group_not_found(NAME),
        "InvalidDBClusterSnapshotStateFault" => {
            invalid_db_cluster_snapshot_state(format!("Snapshot {NAME} is not available."))
        }
        "InvalidDBClusterStateFault" => {
            invalid_db_cluster_state(format!("DB cluster {NAME} is not available."))
        }
        "InvalidDBInstanceState" => {
            invalid_db_instance_state(format!("Instance {NAME} is not available."))
        }
        "InvalidRestoreFault" => invalid_restore(format!("{NAME} cannot be restored.")),
        "KMSKeyNotAccessibleFault" => kms_key_not_accessible(NAME),
        _ => return None,
    })
}
