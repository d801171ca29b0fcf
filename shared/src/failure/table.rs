//! All errors of AWS that the fleet can meet: each wire code with its service, what must be done
//! about it, the code that an operator sees, and what to do in one sentence.
//!
//! Sources: the lists of errors of each operation in the service models of the SDKs, and the
//! "Common errors" of the API references. The lists use wire codes, which differ from the names of
//! shapes.

use super::{FailureCode, FailureKind};

/// Which service answers with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsService {
    /// Several of them, with one meaning.
    Any,
    /// RDS, and with it Aurora.
    Rds,
    /// STS.
    Sts,
    /// KMS.
    Kms,
    /// Secrets Manager.
    SecretsManager,
    /// SNS.
    Sns,
    /// EventBridge.
    Events,
    /// DynamoDB.
    DynamoDb,
    /// SQS.
    Sqs,
}

/// One error of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The code as it is on the wire.
    pub wire: &'static str,
    /// Who answers with it.
    pub service: AwsService,
    /// What the fleet does about it.
    pub kind: FailureKind,
    /// What an operator sees: the page `docs/runbook/<code>.md` tells all.
    pub code: FailureCode,
    /// What to do, in one sentence.
    pub advice: &'static str,
}

macro_rules! rows {
    ($($kind:ident $code:ident $advice:literal { $($service:ident: $($wire:literal)+;)+ })+) => {
        &[$($($(Row {
            wire: $wire,
            service: AwsService::$service,
            kind: FailureKind::$kind,
            code: FailureCode::$code,
            advice: $advice,
        },)+)+)+]
    };
}

/// The table. No code is in it twice.
pub const AWS_ERRORS: &[Row] = rows! {
    Throttled Throttled "Nothing, unless it lasts: then find out who calls so much." {
        Any: "Throttling" "ThrottlingException" "ThrottledException" "RequestLimitExceeded"
            "TooManyRequestsException" "SlowDown";
        DynamoDb: "ProvisionedThroughputExceededException";
        Sqs: "RequestThrottled" "OverLimit" "KMS.ThrottlingException";
        Sns: "Throttled" "KMSThrottling";
    }
    Transient AwsUnavailable "Nothing, unless it lasts: then look at the health of the service." {
        Any: "InternalFailure" "InternalError" "InternalServerError" "InternalServiceError"
            "ServiceUnavailable" "ServiceUnavailableException" "RequestTimeout"
            "RequestTimeoutException";
        DynamoDb: "ReplicatedWriteConflictException";
        Kms: "KMSInternalException" "DependencyTimeoutException" "KeyUnavailableException";
        Events: "InternalException";
    }
    Busy ResourceBusy "Nothing, unless it lasts: then see what else is changing the resource." {
        Rds: "InvalidDBClusterStateFault" "InvalidDBInstanceState"
            "InvalidDBClusterSnapshotStateFault" "InvalidDBSnapshotState"
            "InvalidDBSubnetGroupStateFault" "InvalidDBSecurityGroupState"
            "InvalidGlobalClusterStateFault";
    }
    Quota QuotaExceeded "Delete what is no longer needed, or ask AWS for a higher quota." {
        Rds: "DBClusterQuotaExceededFault" "InstanceQuotaExceeded" "StorageQuotaExceeded"
            "DBClusterAutomatedBackupQuotaExceededFault" "DBInstanceAutomatedBackupQuotaExceeded";
    }
    NeedsPerson SnapshotQuota "Delete manual snapshots, or ask AWS for a higher quota of them." {
        Rds: "SnapshotQuotaExceeded";
    }
    NeedsPerson ShareLimit "Take an account that no longer needs it off the snapshot's share." {
        Rds: "SharedSnapshotQuotaExceeded";
    }
    Transient CapacityShort "Wait, or ask for another instance class or zone." {
        Rds: "InsufficientDBClusterCapacityFault" "InsufficientStorageClusterCapacity"
            "InsufficientDBInstanceCapacity";
    }
    Permanent SourceNotFound "Name a snapshot or backup that is there." {
        Rds: "DBClusterSnapshotNotFoundFault" "DBSnapshotNotFound"
            "DBClusterAutomatedBackupNotFoundFault";
    }
    Permanent SourceUnusable "Choose another snapshot or another moment." {
        Rds: "InvalidRestoreFault";
    }
    Permanent TargetNameTaken "Choose another name, or remove what stands there." {
        Rds: "DBClusterAlreadyExistsFault" "DBInstanceAlreadyExists"
            "DBClusterSnapshotAlreadyExistsFault";
    }
    Permanent ResourceLost "Find out who removed it, then submit the request anew." {
        Rds: "DBClusterNotFoundFault" "DBInstanceNotFound";
    }
    Permanent SettingNotFound "Create what is missing under that name, or name another one." {
        Rds: "DBSubnetGroupNotFoundFault" "DBClusterParameterGroupNotFound"
            "DBParameterGroupNotFound" "DBSecurityGroupNotFound" "OptionGroupNotFoundFault"
            "DomainNotFoundFault" "CertificateNotFound";
        Kms: "NotFoundException";
        Sqs: "KMS.NotFoundException";
        Sns: "NotFound" "KMSNotFound";
    }
    NeedsPerson NetworkSetting "Mend the subnet group or the VPC: subnets in two zones at least." {
        Rds: "InvalidSubnet" "InvalidVPCNetworkStateFault" "DBSubnetGroupDoesNotCoverEnoughAZs"
            "NetworkTypeNotSupported" "VpcEncryptionControlViolationException";
    }
    Permanent StorageType "Ask for a storage type that the engine version has." {
        Rds: "StorageTypeNotSupported" "StorageTypeNotAvailableFault";
    }
    NeedsPerson KeyNotAccessible "Let the role use the KMS key, or enable the key." {
        Rds: "KMSKeyNotAccessibleFault";
        SecretsManager: "DecryptionFailure";
        Sqs: "KMS.AccessDeniedException";
        Sns: "KMSAccessDenied";
    }
    NeedsPerson KeyDisabled "Enable the KMS key, or cancel its deletion." {
        Kms: "DisabledException" "KMSInvalidStateException";
        Sqs: "KMS.DisabledException" "KMS.InvalidStateException";
        Sns: "KMSDisabled" "KMSInvalidState";
    }
    Permanent SecretUnusable "Create the secret, restore it, or name another one." {
        SecretsManager: "ResourceNotFoundException" "InvalidRequestException";
    }
    NeedsPerson AccessDenied "Grant the role the action that AWS names." {
        Any: "AccessDenied" "AccessDeniedException" "UnauthorizedOperation" "OptInRequired";
        Sts: "RegionDisabledException";
        Sqs: "KMS.OptInRequired";
        Sns: "AuthorizationError" "KMSOptInRequired";
    }
    // A session may just have ended, or a key may be so new that not every server knows it: worth a
    // few attempts, each with what the SDK has then.
    Transient CredentialsRejected "Renew the credentials, or correct the clock." {
        Any: "ExpiredToken" "ExpiredTokenException" "RequestExpired" "InvalidClientTokenId"
            "UnrecognizedClientException" "SignatureDoesNotMatch" "InvalidSignatureException"
            "IncompleteSignature" "MissingAuthenticationToken"
            "MissingAuthenticationTokenException";
    }
    Permanent RefusedByAws "Correct the request: AWS's words tell what is wrong with it." {
        Any: "InvalidParameterCombination" "InvalidParameterValue" "InvalidParameterException"
            "InvalidParameter" "MissingParameter" "ValidationException" "ValidationError"
            "InvalidAction" "UnknownOperationException" "UnsupportedOperationException"
            "SerializationException" "MalformedQueryString";
        Sts: "MalformedPolicyDocument" "PackedPolicyTooLarge";
        Kms: "InvalidArnException" "InvalidKeyUsageException";
        Sqs: "InvalidAddress" "InvalidAttributeName" "InvalidAttributeValue"
            "InvalidMessageContents" "AWS.SimpleQueueService.BatchRequestTooLong"
            "KMS.InvalidKeyUsageException";
        Sns: "ParameterValueInvalid";
    }
};

/// The row of a wire code, where it is known.
#[must_use]
pub fn row(wire: &str) -> Option<&'static Row> {
    AWS_ERRORS.iter().find(|row| row.wire == wire)
}

/// Sorts a wire code. One that nobody has sorted yet is a kind of its own.
#[must_use]
pub fn classify(wire: &str) -> (FailureKind, FailureCode) {
    let unknown = (FailureKind::Unknown, FailureCode::UnknownError);
    row(wire).map_or(unknown, |row| (row.kind, row.code))
}

/// What to do about a failure of this code in one sentence, where AWS's errors lead to it.
#[must_use]
pub fn advice_on(code: FailureCode) -> Option<&'static str> {
    AWS_ERRORS.iter().find(|row| row.code == code).map(|row| row.advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The wire codes of RDS as the project's AWS rules list them.
    const OF_THE_RULES: [&str; 29] = [
        "DBClusterAlreadyExistsFault",
        "DBClusterNotFoundFault",
        "DBClusterQuotaExceededFault",
        "InsufficientDBClusterCapacityFault",
        "InsufficientStorageClusterCapacity",
        "InsufficientDBInstanceCapacity",
        "InstanceQuotaExceeded",
        "StorageQuotaExceeded",
        "SnapshotQuotaExceeded",
        "SharedSnapshotQuotaExceeded",
        "DBClusterSnapshotAlreadyExistsFault",
        "DBClusterSnapshotNotFoundFault",
        "InvalidDBClusterSnapshotStateFault",
        "InvalidDBClusterStateFault",
        "InvalidDBInstanceState",
        "DBInstanceAlreadyExists",
        "DBInstanceNotFound",
        "KMSKeyNotAccessibleFault",
        "DBSubnetGroupNotFoundFault",
        "DBClusterParameterGroupNotFound",
        "InvalidRestoreFault",
        "InvalidSubnet",
        "InvalidVPCNetworkStateFault",
        "StorageTypeNotSupported",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "AccessDenied",
        "Throttling",
        "ThrottlingException",
    ];

    #[test]
    fn every_wire_code_of_the_rules_has_its_row() {
        for wire in OF_THE_RULES.into_iter().chain(["ReplicatedWriteConflictException"]) {
            let row = row(wire).unwrap_or_else(|| panic!("{wire} has no row"));
            let rds = [AwsService::Rds, AwsService::Any, AwsService::DynamoDb];
            assert!(rds.contains(&row.service), "{row:?}");
        }
    }

    #[test]
    fn no_code_has_two_rows() {
        let codes: BTreeSet<&str> = AWS_ERRORS.iter().map(|row| row.wire).collect();
        assert_eq!(codes.len(), AWS_ERRORS.len());
    }

    #[test]
    fn one_code_of_ours_has_one_kind_and_one_advice() {
        let mut seen = BTreeMap::new();
        for row in AWS_ERRORS {
            let said = (row.kind, row.advice);
            assert_eq!(*seen.entry(row.code).or_insert(said), said, "{row:?}");
            assert!(row.advice.ends_with('.') && row.advice.len() > 20, "{row:?}");
        }
    }

    /// How the overview of the runbook names a kind.
    fn name(kind: FailureKind) -> String {
        serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn the_overview_of_the_runbook_has_every_code_and_every_kind() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook/README.md");
        let page = std::fs::read_to_string(page).unwrap();
        let line = |code: FailureCode| {
            let begin = format!("| [{code}]({code}.md) |");
            page.lines().find(|line| line.starts_with(&begin))
        };
        for code in FailureCode::ALL {
            assert!(line(*code).is_some(), "{code} is not in the overview");
        }
        for row in AWS_ERRORS {
            let kind = name(row.kind);
            assert!(line(row.code).is_some_and(|l| l.contains(&kind)), "{}: {kind}", row.code);
            assert!(page.contains(&format!("| `{kind}` |")), "{kind} is not explained");
        }
    }

    #[test]
    fn every_wire_code_of_rds_is_on_the_page_of_its_code() {
        for row in AWS_ERRORS.iter().filter(|row| row.service == AwsService::Rds) {
            let page = format!("{}/../docs/runbook/{}.md", env!("CARGO_MANIFEST_DIR"), row.code);
            let text = std::fs::read_to_string(page).unwrap();
            assert!(text.contains(row.wire), "{} is not on the page of {}", row.wire, row.code);
        }
    }

    #[test]
    fn every_kind_but_unknown_has_its_rows() {
        use FailureKind as K;
        for kind in [K::Throttled, K::Busy, K::Quota, K::Transient, K::NeedsPerson, K::Permanent] {
            assert!(AWS_ERRORS.iter().any(|row| row.kind == kind), "{kind:?}");
        }
    }

    #[test]
    fn an_unknown_code_is_a_kind_of_its_own() {
        assert_eq!(classify("Brand.New"), (FailureKind::Unknown, FailureCode::UnknownError));
        assert_eq!(advice_on(FailureCode::UnknownError), None);
    }

    #[test]
    fn both_throttling_codes_of_rds_slow_the_caller_down() {
        for code in ["Throttling", "ThrottlingException"] {
            assert_eq!(classify(code).0, FailureKind::Throttled);
        }
    }

    #[test]
    fn rights_that_are_missing_need_a_person_and_a_session_that_has_ended_does_not() {
        for code in ["AccessDenied", "AccessDeniedException", "AuthorizationError"] {
            assert_eq!(classify(code), (FailureKind::NeedsPerson, FailureCode::AccessDenied));
        }
        for code in ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"] {
            assert_eq!(classify(code), (FailureKind::Transient, FailureCode::CredentialsRejected));
        }
    }
}
