//! What the facts about snapshots have in common: accounts, keys, snapshots put there from inside.

use crate::bed::{Bed, key_of};
use crate::fact::Skip;
use aurora_restore_local::rds::SnapshotSeed;
use aurora_restore_local::rds::model::{Encryption, Place};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::copy_db_cluster_snapshot::builders::CopyDBClusterSnapshotFluentBuilder as Copy;
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder as Create;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDBClusterFromSnapshotFluentBuilder as Restore;
use aws_sdk_rds::types::{DbCluster, DbClusterSnapshot};

/// The account that has snapshots.
pub(crate) const MINE: &str = "111111111111";
/// Another account.
pub(crate) const YOURS: &str = "222222222222";
/// The Region where the snapshots are.
pub(crate) const HERE: &str = "us-east-1";
/// Another Region.
pub(crate) const THERE: &str = "eu-west-1";
/// Longer than any operation takes.
pub(crate) const HOUR: u64 = 3600;

/// Holds that a call is refused with a wire code and an HTTP status.
macro_rules! refused {
    ($call:expr, $code:expr, $status:expr) => {{
        use aws_sdk_rds::error::ProvideErrorMetadata as _;
        let refusal = $call.send().await.unwrap_err();
        let status = refusal.raw_response().unwrap().status().as_u16();
        assert_eq!((refusal.meta().code().unwrap(), status), ($code, $status), "{refusal:?}");
    }};
}
pub(crate) use refused;

/// A client of an account in a Region.
pub(crate) fn rds(bed: &Bed, account: &str, region: &str) -> Client {
    bed.rds_as(key_of(account), region)
}

pub(crate) fn place(account: &str, region: &str) -> Place {
    Place { account: account.into(), region: region.into() }
}

/// A customer key, for its own account and others; its ARN.
pub(crate) fn key(
    bed: &Bed,
    account: &str,
    region: &str,
    id: &str,
    users: &[&str],
) -> Result<String, Skip> {
    Ok(bed.cloud()?.world().kms.add_key(account, region, id, users))
}

pub(crate) fn sse_kms(arn: &str) -> Encryption {
    Encryption::SseKms(arn.into())
}

/// Puts a snapshot of the one account in the one Region there; returns its ARN.
pub(crate) fn seed(bed: &Bed, seed: SnapshotSeed) -> Result<String, Skip> {
    let arn = arn(HERE, MINE, &seed.identifier);
    let mut rng = fastrand::Rng::with_seed(9);
    bed.cloud()?.world().rds.seed_snapshot(&place(MINE, HERE), seed, &mut rng);
    Ok(arn)
}

/// A manual snapshot of a name, encrypted so.
pub(crate) fn plain(identifier: &str, encryption: Encryption) -> SnapshotSeed {
    SnapshotSeed { identifier: identifier.into(), encryption, ..SnapshotSeed::default() }
}

pub(crate) fn arn(region: &str, account: &str, snapshot: &str) -> String {
    format!("arn:aws:rds:{region}:{account}:cluster-snapshot:{snapshot}")
}

pub(crate) fn create(client: &Client, id: &str) -> Create {
    let create = client.create_db_cluster().db_cluster_identifier(id).engine("aurora-postgresql");
    create.master_username("postgres").master_user_password("correct-horse")
}

pub(crate) fn restore(client: &Client, id: &str, snapshot: &str) -> Restore {
    let restore = client.restore_db_cluster_from_snapshot().db_cluster_identifier(id);
    restore.snapshot_identifier(snapshot).engine("aurora-postgresql")
}

pub(crate) fn copy(client: &Client, from: &str, to: &str) -> Copy {
    let copy = client.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(from);
    copy.target_db_cluster_snapshot_identifier(to)
}

/// Shares a snapshot with accounts.
pub(crate) async fn share(client: &Client, snapshot: &str, accounts: &[&str]) {
    let values = accounts.iter().map(|a| (*a).to_owned()).collect();
    let change = client.modify_db_cluster_snapshot_attribute().attribute_name("restore");
    let change = change.db_cluster_snapshot_identifier(snapshot).set_values_to_add(Some(values));
    change.send().await.unwrap();
}

/// Takes the sharing with an account back.
pub(crate) async fn unshare(client: &Client, snapshot: &str, account: &str) {
    let change = client.modify_db_cluster_snapshot_attribute().attribute_name("restore");
    let change = change.db_cluster_snapshot_identifier(snapshot).values_to_remove(account);
    change.send().await.unwrap();
}

pub(crate) async fn snapshot(client: &Client, id: &str) -> DbClusterSnapshot {
    let found = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(id);
    found.send().await.unwrap().db_cluster_snapshots()[0].clone()
}

pub(crate) async fn snapshot_status(client: &Client, id: &str) -> String {
    snapshot(client, id).await.status.unwrap()
}

pub(crate) async fn cluster(client: &Client, id: &str) -> DbCluster {
    let found = client.describe_db_clusters().db_cluster_identifier(id).send().await.unwrap();
    found.db_clusters()[0].clone()
}

/// An available cluster with an available snapshot.
pub(crate) async fn with_snapshot(
    bed: &Bed,
    create: Create,
    snapshot: &str,
) -> Result<DbCluster, Skip> {
    let client = rds(bed, MINE, HERE);
    let made = create.send().await.unwrap().db_cluster.unwrap();
    bed.seconds(HOUR).await?;
    let take = client.create_db_cluster_snapshot().db_cluster_snapshot_identifier(snapshot);
    take.db_cluster_identifier(made.db_cluster_identifier().unwrap()).send().await.unwrap();
    bed.seconds(HOUR).await?;
    Ok(made)
}
