//! Reads of snapshots and of whom they are shared with.

use super::not_ours;
use crate::step::StepContext;
use aurora_restore_shared::failure::{Failure, wire_code};
use aurora_restore_shared::ids::AccountId;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbClusterSnapshot;

/// What AWS answers about a snapshot that is not there.
const GONE: &str = "DBClusterSnapshotNotFoundFault";

/// A snapshot copy of this job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Its ARN.
    pub arn: String,
    /// Its status: an open list.
    pub status: String,
    /// How much of it is copied, per cent.
    pub percent: i32,
}

/// What stands under the name of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundCopy {
    /// Nothing.
    Nothing,
    /// The copy of this job, of the source that is meant.
    Ours(Copy),
    /// Something else, with the reason why it is not.
    Stranger(String),
}

/// What stands under the name of a copy; `source` is what it must be a copy of, where that matters.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn find_copy(
    rds: &Client,
    cx: &StepContext<'_>,
    id: &str,
    source: Option<&str>,
) -> Result<FoundCopy, Failure> {
    let call = rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
    let found = match call.send().await {
        Ok(page) => page.db_cluster_snapshots.unwrap_or_default().into_iter().next(),
        Err(e) if wire_code(&e) == Some(GONE) => None,
        Err(e) => return Err(Failure::from_sdk("looking at the snapshot copy", &e)),
    };
    let Some(snapshot) = found else { return Ok(FoundCopy::Nothing) };
    // A copy has the creation time of its data, so that its age says nothing about who made it.
    if let Some(why) = not_ours(snapshot.tag_list(), None, cx.spec.owner(), 0) {
        return Ok(FoundCopy::Stranger(why));
    }
    let of = snapshot.source_db_cluster_snapshot_arn();
    match source {
        Some(source) if of.is_some_and(|of| of != source) => {
            let why = format!("it is a copy of {}", of.unwrap_or_default());
            Ok(FoundCopy::Stranger(why))
        }
        _ => Ok(FoundCopy::Ours(copy(&snapshot))),
    }
}

fn copy(snapshot: &DbClusterSnapshot) -> Copy {
    Copy {
        arn: snapshot.db_cluster_snapshot_arn().unwrap_or_default().to_owned(),
        status: snapshot.status().unwrap_or_default().to_owned(),
        percent: snapshot.percent_progress().unwrap_or(0),
    }
}

/// Whether an account is let in on a snapshot: on one that is gone, nobody is.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn is_shared_with(rds: &Client, id: &str, account: &AccountId) -> Result<bool, Failure> {
    let call = rds.describe_db_cluster_snapshot_attributes().db_cluster_snapshot_identifier(id);
    let answer = match call.send().await {
        Err(e) if wire_code(&e) == Some(GONE) => return Ok(false),
        answer => answer,
    };
    let answer =
        answer.map_err(|e| Failure::from_sdk("asking whom the snapshot is shared with", &e))?;
    let all = answer.db_cluster_snapshot_attributes_result();
    let attributes = all.map(|r| r.db_cluster_snapshot_attributes()).unwrap_or_default();
    let of_restore = attributes.iter().filter(|a| a.attribute_name() == Some("restore"));
    let mut values = of_restore.flat_map(|a| a.attribute_values());
    Ok(values.any(|value| value == account.as_str()))
}
