//! Copying, sharing and deleting snapshots.

use super::own_tags;
use crate::step::StepContext;
use aurora_restore_shared::failure::{Failure, wire_code};
use aurora_restore_shared::ids::AccountId;
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::RequestId;

/// What became of an attempt to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// It is being copied now.
    Now {
        /// The AWS request id.
        request_id: Option<String>,
    },
    /// A snapshot of the name is there already.
    AlreadyThere,
    /// AWS does not take these parameters together: account and Region cannot change in one step.
    Refused(Failure),
}

/// Starts a copy under a fixed name, in the place of the client. Tags of the source are not taken
/// over: they are its owner's.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn copy_snapshot(
    rds: &Client,
    cx: &StepContext<'_>,
    source: &str,
    id: &str,
    key: Option<&str>,
) -> Result<Copied, Failure> {
    let kept = cx.spec.request.keep.copies().map(|keep| keep.length());
    let call = rds
        .copy_db_cluster_snapshot()
        .source_db_cluster_snapshot_identifier(source)
        .target_db_cluster_snapshot_identifier(id)
        .set_kms_key_id(key.map(str::to_owned))
        .set_tags(Some(own_tags(cx, kept)));
    match call.send().await {
        Ok(answer) => Ok(Copied::Now { request_id: answer.request_id().map(str::to_owned) }),
        Err(e) => match wire_code(&e) {
            Some("DBClusterSnapshotAlreadyExistsFault") => Ok(Copied::AlreadyThere),
            Some("InvalidParameterCombination") => {
                Ok(Copied::Refused(Failure::from_sdk("copying the snapshot", &e)))
            }
            _ => Err(Failure::from_sdk("copying the snapshot", &e)),
        },
    }
}

/// Lets an account in on a snapshot, or out again; the answer is the AWS request id.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn set_sharing(
    rds: &Client,
    id: &str,
    account: &AccountId,
    is_in: bool,
) -> Result<Option<String>, Failure> {
    let call = rds
        .modify_db_cluster_snapshot_attribute()
        .db_cluster_snapshot_identifier(id)
        .attribute_name("restore");
    let call = match is_in {
        true => call.values_to_add(account.as_str()),
        false => call.values_to_remove(account.as_str()),
    };
    let answer = call.send().await;
    let answer = answer.map_err(|e| Failure::from_sdk("sharing the snapshot", &e))?;
    Ok(answer.request_id().map(str::to_owned))
}

/// Deletes a snapshot copy of this job; one that is gone already is fine.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn delete_snapshot(rds: &Client, id: &str) -> Result<(), Failure> {
    match rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(id).send().await {
        Ok(_) => Ok(()),
        Err(e) if wire_code(&e) == Some("DBClusterSnapshotNotFoundFault") => Ok(()),
        Err(e) => Err(Failure::from_sdk("deleting a snapshot copy", &e)),
    }
}
