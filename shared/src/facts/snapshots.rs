//! Which snapshot a request means, and which copies of it there are.

use super::{Encryption, ExistingCopy, SourceFacts, SourceKind, cluster};
use crate::clock::EpochMs;
use crate::failure::{Failure, FailureCode, FailureKind, wire_code};
use crate::request::{SnapshotPick, SnapshotSource};
use aws_sdk_rds::Client;
use aws_sdk_rds::types::DbClusterSnapshot;
use jiff::Timestamp;

/// The tag of everything that a job has made.
pub const JOB_TAG: &str = "aurora-restore:job";

/// The tag that says until when something is kept (RFC 3339).
pub const KEEP_TAG: &str = "aurora-restore:keep-until";

/// A copy that is kept for less than this is not relied upon: it could go while it is restored from.
const LEAST_KEPT_MS: i64 = 6 * 3_600_000;

pub(super) async fn pick(
    rds: &Client,
    source: &SnapshotSource,
) -> Result<DbClusterSnapshot, Failure> {
    let found = match source.pick() {
        Some(SnapshotPick::Exactly(id)) => exactly(rds, id).await?,
        Some(SnapshotPick::Latest { cluster, before }) => {
            newest(of_cluster(rds, cluster.as_str()).await?, before)
        }
        None => None,
    };
    let snapshot = found.ok_or_else(|| not_found(source))?;
    match snapshot.status() {
        Some("available") => Ok(snapshot),
        Some("creating" | "copying") => Err(Failure::new(
            FailureKind::Busy,
            FailureCode::ResourceBusy,
            format!("snapshot {} is still being made", id_of(&snapshot)),
        )),
        other => Err(Failure::permanent(
            FailureCode::SourceUnusable,
            format!("snapshot {} is {}", id_of(&snapshot), other.unwrap_or("in no status")),
        )),
    }
}

fn id_of(snapshot: &DbClusterSnapshot) -> &str {
    snapshot.db_cluster_snapshot_identifier().unwrap_or_default()
}

fn not_found(source: &SnapshotSource) -> Failure {
    let (account, region) = (&source.account, &source.region);
    let text = match source.pick() {
        Some(SnapshotPick::Exactly(id)) => format!("no snapshot {id} in {account} {region}"),
        Some(SnapshotPick::Latest { cluster, before: Some(t) }) => {
            format!("no available snapshot of {cluster} from before {t} in {account} {region}")
        }
        Some(SnapshotPick::Latest { cluster, before: None }) => {
            format!("no available snapshot of {cluster} in {account} {region}")
        }
        None => "the request names no snapshot".into(),
    };
    Failure::permanent(FailureCode::SourceNotFound, text)
}

async fn exactly(rds: &Client, id: &str) -> Result<Option<DbClusterSnapshot>, Failure> {
    let call = rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
    match call.include_shared(true).send().await {
        Ok(page) => Ok(page.db_cluster_snapshots.unwrap_or_default().into_iter().next()),
        Err(e) if wire_code(&e) == Some("DBClusterSnapshotNotFoundFault") => Ok(None),
        Err(e) => Err(Failure::from_sdk("reading the source snapshot", &e)),
    }
}

async fn of_cluster(rds: &Client, cluster: &str) -> Result<Vec<DbClusterSnapshot>, Failure> {
    let pages = rds.describe_db_cluster_snapshots().db_cluster_identifier(cluster);
    let mut pages = pages.into_paginator().items().send();
    let mut snapshots = Vec::new();
    while let Some(next) = pages.next().await {
        snapshots.push(next.map_err(|e| Failure::from_sdk("listing the source's snapshots", &e))?);
    }
    Ok(snapshots)
}

fn made_at(snapshot: &DbClusterSnapshot) -> Option<i64> {
    snapshot.snapshot_create_time().map(aws_smithy_types::DateTime::secs)
}

/// The newest available snapshot, made before a moment when one is given. Copies of this project
/// are none of the cluster's own: their data is older than they are.
fn newest(all: Vec<DbClusterSnapshot>, before: Option<Timestamp>) -> Option<DbClusterSnapshot> {
    let fits = |s: &DbClusterSnapshot| {
        let early = before.is_none_or(|t| made_at(s).is_some_and(|made| made < t.as_second()));
        s.status() == Some("available") && early && tag(s, JOB_TAG).is_none()
    };
    all.into_iter().filter(fits).max_by_key(made_at)
}

fn tag<'a>(snapshot: &'a DbClusterSnapshot, name: &str) -> Option<&'a str> {
    let tag = snapshot.tag_list().iter().find(|t| t.key() == Some(name))?;
    tag.value()
}

/// Copies of a snapshot in the target's place that earlier jobs have made and that are kept for some
/// hours yet.
pub(super) async fn copies(
    target: &Client,
    snapshot: &DbClusterSnapshot,
    now_ms: EpochMs,
) -> Result<Vec<ExistingCopy>, Failure> {
    let cluster = snapshot.db_cluster_identifier().unwrap_or_default();
    let source_arn = snapshot.db_cluster_snapshot_arn();
    let is_equal = |s: &DbClusterSnapshot| {
        let until = tag(s, KEEP_TAG).and_then(|t| t.parse::<Timestamp>().ok());
        let is_kept = until.is_some_and(|t| t.as_millisecond() >= now_ms + LEAST_KEPT_MS);
        let is_ours = tag(s, JOB_TAG).is_some();
        let is_of_it = source_arn.is_some() && s.source_db_cluster_snapshot_arn() == source_arn;
        s.status() == Some("available") && is_ours && is_kept && is_of_it
    };
    let all = of_cluster(target, cluster).await?;
    let copy = |s: &DbClusterSnapshot| ExistingCopy {
        arn: s.db_cluster_snapshot_arn().unwrap_or_default().to_owned(),
        key: s.kms_key_id().map(str::to_owned),
    };
    Ok(all.iter().filter(|s| is_equal(s)).map(copy).collect())
}

/// The kind of a snapshot, seen from an account.
fn kind(snapshot: &DbClusterSnapshot, account: &str) -> SourceKind {
    let arn = snapshot.db_cluster_snapshot_arn().unwrap_or_default();
    if arn.split(':').nth(4).is_some_and(|owner| owner != account) {
        return SourceKind::Shared;
    }
    match snapshot.snapshot_type() {
        Some("automated") => SourceKind::Automated,
        Some("awsbackup") => SourceKind::AwsBackup,
        Some("shared" | "public") => SourceKind::Shared,
        _ => SourceKind::Manual,
    }
}

pub(super) fn facts(snapshot: &DbClusterSnapshot, account: &str) -> SourceFacts {
    let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
    let made = made_at(snapshot).unwrap_or_default();
    let encryption: Encryption = cluster::encryption(
        snapshot.storage_encryption_type(),
        snapshot.storage_encrypted(),
        snapshot.kms_key_id(),
    );
    SourceFacts {
        kind: kind(snapshot, account),
        snapshot_arn: text(snapshot.db_cluster_snapshot_arn()),
        snapshot_id: text(snapshot.db_cluster_snapshot_identifier()),
        created_at: crate::clock::timestamp(made * 1000).to_string(),
        engine: text(snapshot.engine()),
        engine_version: text(snapshot.engine_version()),
        allocated_gib: u32::try_from(snapshot.allocated_storage().unwrap_or(0)).unwrap_or(0),
        storage_type: snapshot.storage_type().map(str::to_owned),
        port: snapshot.port().and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0),
        master_user: text(snapshot.master_username()),
        encryption,
        ..SourceFacts::default()
    }
}
