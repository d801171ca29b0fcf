//! The KMS keys of clusters and snapshots: looked up where a request names one, and heeded when
//! one can be used no longer.

use super::Rds;
use super::errors::kms_key_not_accessible;
use super::model::{Encryption, Place, Snapshot, Status};
use super::names::Arn;
use super::rules::encryption;
use crate::data_plane::Work;
use crate::error::AwsError;
use crate::kms::{Kms, Manager, Unusable};
use crate::params::Params;
use crate::world::Context;

/// The key a request names, as its ARN: one of this Region that the caller may use.
pub(super) fn kms_key(cx: &mut Context<'_>, params: &Params) -> Result<Option<String>, AwsError> {
    params.get("KmsKeyId").map(|given| key_here(cx, given)).transpose()
}

/// The ARN of a key of this Region that the caller may use.
pub(super) fn key_here(cx: &mut Context<'_>, given: &str) -> Result<String, AwsError> {
    let found = cx.kms.usable(given, &cx.call.account, &cx.call.region);
    found.map(|key| key.arn).map_err(|_| kms_key_not_accessible(given))
}

/// The encryption of a new, empty cluster.
pub(super) fn new_encryption(
    cx: &mut Context<'_>,
    params: &Params,
) -> Result<Encryption, AwsError> {
    let (asked_for, named) = (params.flag("StorageEncrypted"), params.get("KmsKeyId"));
    encryption::created(asked_for, named, |given| key_here(cx, given))
}

/// Whether the caller may read what is encrypted so.
pub(super) fn can_read(cx: &mut Context<'_>, encryption: &Encryption) -> bool {
    match encryption {
        Encryption::SseKms(key) => cx.kms.usable_by(key, &cx.call.account).is_ok(),
        Encryption::None | Encryption::SseRds => true,
    }
}

/// Whether something is under a key that AWS manages for RDS.
pub(super) fn under_managed_key(cx: &mut Context<'_>, encryption: &Encryption) -> bool {
    let Encryption::SseKms(key) = encryption else { return false };
    let found = cx.kms.usable_by(key, &cx.call.account);
    found.is_ok_and(|key| key.manager == Manager::Aws)
}

fn trouble(kms: &mut Kms, encryption: &Encryption) -> Option<Unusable> {
    match encryption {
        Encryption::SseKms(key) => kms.trouble(key),
        Encryption::None | Encryption::SseRds => None,
    }
}

impl Rds {
    /// Lets clusters and copies feel what has happened to their keys. Looks only when something
    /// has, and again as long as a cluster was busy with something else.
    pub(crate) fn heed_keys(&mut self, kms: &mut Kms) {
        if self.keys_seen == kms.changes() {
            return;
        }
        self.fail_unreadable_copies(kms);
        if self.shut_unreadable_clusters(kms) {
            self.keys_seen = kms.changes();
        }
    }

    /// Says whether all clusters were in a state to feel it.
    fn shut_unreadable_clusters(&mut self, kms: &mut Kms) -> bool {
        let mut all_idle = true;
        let mut shut = Vec::new();
        for (place, cluster) in self.clusters() {
            let Some(trouble) = trouble(kms, &cluster.encryption) else { continue };
            if cluster.operation.is_some() {
                all_idle &= cluster.status == Status::Deleting;
            } else if matches!(
                cluster.status,
                Status::Available | Status::InaccessibleEncryptionCredentialsRecoverable
            ) {
                shut.push((place.clone(), cluster.identifier.clone(), status_in(trouble)));
            }
        }
        for (place, identifier, status) in shut {
            self.shut(&place, &identifier, status);
        }
        all_idle
    }

    /// Nobody can use a cluster any more, nor its instances.
    fn shut(&mut self, place: &Place, identifier: &str, status: Status) {
        let Some(estate) = self.estates.get_mut(place) else { return };
        let Some(cluster) = estate.clusters.get_mut(identifier) else { return };
        cluster.status = status;
        if cluster.open.take().is_some() {
            self.data_plane.submit(Work::Close { cluster: cluster.resource_id.clone() });
        }
        let members = estate.instances.values_mut().filter(|i| i.cluster == identifier);
        for instance in members.filter(|i| i.operation.is_none()) {
            instance.status = status;
        }
    }

    /// A copy under way fails when it cannot read its source or not write itself any more.
    fn fail_unreadable_copies(&mut self, kms: &mut Kms) {
        let mut failed = Vec::new();
        for (place, copy) in self.snapshots().filter(|(_, s)| s.status == Status::Copying) {
            let source = self.source_of(copy).map(|s| &s.encryption);
            let encryptions = source.into_iter().chain([&copy.encryption]);
            if encryptions.filter_map(|e| trouble(kms, e)).next().is_some() {
                failed.push((place.clone(), copy.identifier.clone()));
            }
        }
        for (place, identifier) in failed {
            self.doom_copy(&place, &identifier);
        }
    }

    /// The snapshot that another one is a copy of, if it is still there.
    fn source_of(&self, copy: &Snapshot) -> Option<&Snapshot> {
        let arn = Arn::parse(copy.source_arn.as_deref()?)?;
        self.estates.get(&arn.place)?.snapshots.get(&arn.identifier)
    }
}

/// The status of a cluster whose key has this trouble.
fn status_in(trouble: Unusable) -> Status {
    match trouble {
        Unusable::Disabled => Status::InaccessibleEncryptionCredentialsRecoverable,
        Unusable::NotFound | Unusable::Denied | Unusable::PendingDeletion => {
            Status::InaccessibleEncryptionCredentials
        }
    }
}
