//! What new clusters are encrypted with.

use crate::error::AwsError;
use crate::kms::RDS_ALIAS;
use crate::rds::errors::{invalid_parameter_combination, kms_key_not_accessible};
use crate::rds::model::Encryption;

/// The encryption of a new, empty cluster, where KMS is asked for or not and a key is named or
/// not; `find` looks a key up. Without a name it is the one that AWS manages for RDS.
///
/// Since February 2026 a cluster that asks for nothing gets a key of the service.
pub(in crate::rds) fn created(
    asked_for: Option<bool>,
    named: Option<&str>,
    find: impl FnOnce(&str) -> Result<String, AwsError>,
) -> Result<Encryption, AwsError> {
    match (asked_for, named) {
        (Some(true), named) => find(named.unwrap_or(RDS_ALIAS)).map(Encryption::SseKms),
        (_, Some(_)) => {
            let text = "KmsKeyId needs StorageEncrypted to be true.";
            Err(invalid_parameter_combination(text))
        }
        (_, None) => Ok(Encryption::SseRds),
    }
}

/// The encryption of a cluster whose data comes from elsewhere: the key that is named, else as it
/// was, even where that means another account's key. Either way the old key must be usable, or
/// the data could not be read.
pub(in crate::rds) fn restored(
    source: &Encryption,
    source_key_usable: bool,
    named: Option<String>,
) -> Result<Encryption, AwsError> {
    match (source, named) {
        (Encryption::SseKms(key), _) if !source_key_usable => Err(kms_key_not_accessible(key)),
        (_, Some(key)) => Ok(Encryption::SseKms(key)),
        (source, None) => Ok(source.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kms(key: &str) -> Encryption {
        Encryption::SseKms(key.into())
    }

    #[test]
    fn a_new_cluster_is_encrypted_as_it_asks() {
        for (asked_for, named, expected) in [
            (None, None, Ok(Encryption::SseRds)),
            (Some(false), None, Ok(Encryption::SseRds)),
            (Some(true), None, Ok(kms("found alias/aws/rds"))),
            (Some(true), Some("named"), Ok(kms("found named"))),
            (None, Some("named"), Err("InvalidParameterCombination")),
            (Some(false), Some("named"), Err("InvalidParameterCombination")),
        ] {
            let found = created(asked_for, named, |key| Ok(format!("found {key}")));
            let found = found.map_err(|e| e.code);
            assert_eq!(found, expected.map_err(str::to_owned), "{asked_for:?} {named:?}");
        }
    }

    #[test]
    fn a_restored_cluster_has_the_named_key_or_that_of_the_source() {
        let refused = Err("KMSKeyNotAccessibleFault");
        for (source, usable, named, expected) in [
            (Encryption::None, true, None, Ok(Encryption::None)),
            (Encryption::SseRds, true, None, Ok(Encryption::SseRds)),
            (Encryption::None, true, Some("mine"), Ok(kms("mine"))),
            (Encryption::SseRds, true, Some("mine"), Ok(kms("mine"))),
            (kms("theirs"), true, None, Ok(kms("theirs"))),
            (kms("theirs"), true, Some("mine"), Ok(kms("mine"))),
            (kms("theirs"), false, None, refused.clone()),
            (kms("theirs"), false, Some("mine"), refused),
        ] {
            let found = restored(&source, usable, named.map(str::to_owned)).map_err(|e| e.code);
            assert_eq!(found, expected.map_err(str::to_owned), "{source:?} {usable} {named:?}");
        }
    }
}
