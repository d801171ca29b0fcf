//! Which snapshot may be copied where, and what its copy is encrypted with.

use crate::error::AwsError;
use crate::rds::errors::{
    invalid_db_cluster_snapshot_state, invalid_parameter_combination, invalid_parameter_value,
    kms_key_not_accessible,
};
use crate::rds::model::{Encryption, Place, Status};

/// A copy that is asked for. The snapshot is one that the caller may see.
#[derive(Debug)]
pub(in crate::rds) struct Wish<'a> {
    /// Where the snapshot is.
    pub(in crate::rds) from: &'a Place,
    /// Where the copy will be: the place that is called.
    pub(in crate::rds) to: &'a Place,
    /// The status of the snapshot.
    pub(in crate::rds) status: Status,
    /// The encryption of the snapshot.
    pub(in crate::rds) encryption: &'a Encryption,
    /// Whether the caller may use the key of the snapshot.
    pub(in crate::rds) source_key_usable: bool,
    /// The key that is named for the copy, if any; one that the caller may use.
    pub(in crate::rds) named_key: Option<String>,
    /// Whether account and Region may change in one copy.
    pub(in crate::rds) one_step: bool,
}

/// Whether a copy may be made: with this encryption.
pub(in crate::rds) fn may_copy(wish: Wish<'_>) -> Result<Encryption, AwsError> {
    check_status(wish.status)?;
    let other_account = wish.from.account != wish.to.account;
    let other_region = wish.from.region != wish.to.region;
    if other_account && other_region && !wish.one_step {
        return Err(invalid_parameter_combination(
            "You can't copy a shared snapshot to another Region. Copy it within its Region first.",
        ));
    }
    match (wish.encryption, wish.named_key) {
        (Encryption::SseKms(key), _) if !wish.source_key_usable => Err(source_key_lost(key)),
        (Encryption::SseKms(_), Some(named)) => Ok(Encryption::SseKms(named)),
        (Encryption::SseKms(_), None) if other_region => Err(invalid_parameter_value(
            "Must specify new KMS key for cross region encrypted snapshot copy.",
        )),
        (Encryption::SseKms(_), None) if other_account => Err(kms_key_not_accessible("None")),
        (Encryption::None | Encryption::SseRds, Some(_)) => Err(invalid_parameter_combination(
            "KmsKeyId can't be specified for a copy of an unencrypted DB cluster snapshot.",
        )),
        (as_it_was, None) => Ok(as_it_was.clone()),
    }
}

fn check_status(status: Status) -> Result<(), AwsError> {
    if status == Status::Available {
        return Ok(());
    }
    let text = format!("The source snapshot is not in available state: {}", status.as_str());
    Err(invalid_db_cluster_snapshot_state(text))
}

fn source_key_lost(key: &str) -> AwsError {
    let mut refusal = kms_key_not_accessible(key);
    refusal.message = refusal.message.replacen("specified", "source snapshot", 1);
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the snapshot is, seen from the place of the copy.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Way {
        Here,
        OtherRegion,
        OtherAccount,
        Both,
    }
    use Way::{Both, Here, OtherAccount, OtherRegion};

    fn kms(key: &str) -> Encryption {
        Encryption::SseKms(key.into())
    }

    fn asked(way: Way, encryption: &Encryption, named: Option<&str>) -> Result<Encryption, String> {
        let to = Place { account: "222222222222".into(), region: "eu-west-1".into() };
        let mut from = to.clone();
        if matches!(way, OtherAccount | Both) {
            from.account = "111111111111".into();
        }
        if matches!(way, OtherRegion | Both) {
            from.region = "us-east-1".into();
        }
        let wish = Wish {
            from: &from,
            to: &to,
            status: Status::Available,
            encryption,
            source_key_usable: *encryption != kms("lost"),
            named_key: named.map(str::to_owned),
            one_step: *encryption != kms("two steps"),
        };
        may_copy(wish).map_err(|e| e.code)
    }

    #[test]
    fn the_key_of_a_copy_follows_the_table() {
        let (value, combination) = ("InvalidParameterValue", "InvalidParameterCombination");
        let inaccessible = "KMSKeyNotAccessibleFault";
        for (way, encryption, named, expected) in [
            (Here, Encryption::None, None, Ok(Encryption::None)),
            (Both, Encryption::SseRds, None, Ok(Encryption::SseRds)),
            (OtherRegion, Encryption::None, None, Ok(Encryption::None)),
            (Here, Encryption::None, Some("k"), Err(combination)),
            (OtherAccount, Encryption::SseRds, Some("k"), Err(combination)),
            (Here, kms("old"), None, Ok(kms("old"))),
            (Here, kms("old"), Some("k"), Ok(kms("k"))),
            (OtherRegion, kms("old"), Some("k"), Ok(kms("k"))),
            (OtherAccount, kms("old"), Some("k"), Ok(kms("k"))),
            (Both, kms("old"), Some("k"), Ok(kms("k"))),
            (OtherRegion, kms("old"), None, Err(value)),
            (Both, kms("old"), None, Err(value)),
            (OtherAccount, kms("old"), None, Err(inaccessible)),
            (Here, kms("lost"), None, Err(inaccessible)),
            (Both, kms("lost"), Some("k"), Err(inaccessible)),
            (Both, kms("two steps"), Some("k"), Err(combination)),
            (OtherRegion, kms("two steps"), Some("k"), Ok(kms("k"))),
            (OtherAccount, kms("two steps"), Some("k"), Ok(kms("k"))),
        ] {
            let found = asked(way, &encryption, named);
            let expected = expected.map_err(str::to_owned);
            assert_eq!(found, expected, "{way:?} {encryption:?} {named:?}");
        }
    }

    #[test]
    fn only_an_available_snapshot_is_copied() {
        for status in [Status::Creating, Status::Copying, Status::Deleting, Status::Failed] {
            let code = check_status(status).unwrap_err().code;
            assert_eq!(code, "InvalidDBClusterSnapshotStateFault");
        }
    }

    #[test]
    fn a_refusal_says_which_key_it_is_about() {
        let text = source_key_lost("arn").message;
        assert!(text.starts_with("The source snapshot KMS key [arn] does not exist"), "{text}");
    }
}
