//! A cloud from a seed file behaves as if all in it had been made by calls.

use crate::bed::{Bed, key_of};
use crate::fact::{Outcome, Skip, facts};
use crate::rds::kit::{HOUR, refused};
use crate::sts::{ask, given};
use aurora_restore_local::seed::SeedFile;
use aws_credential_types::Credentials;
use serde_json::{Value, json};

facts!("rds":
    a_seeded_role_restores_a_seeded_shared_snapshot_in_its_account:
        "the seed file: roles, keys, clusters, snapshots",
    a_seeded_key_that_is_disabled_cannot_be_used: "the seed file: keys",
    seeded_quotas_are_kept: "the seed file: quotas",
);

const MINE: &str = "111111111111";
const YOURS: &str = "222222222222";
const HERE: &str = "us-east-1";
const ROLE: &str = "arn:aws:iam::222222222222:role/restore";

fn seed(bed: &Bed, file: &Value) -> Result<(), Skip> {
    let cloud = bed.cloud()?;
    cloud.world().seed(&SeedFile::read(file).unwrap(), cloud.now_ms()).unwrap();
    Ok(())
}

fn two_accounts() -> Value {
    json!({
        "version": 1,
        "access_keys": [{ "id": "AKIAFLEET", "account": MINE, "user": "fleet" }],
        "roles": [{ "arn": ROLE, "trust": [{
            "principal": "arn:aws:iam::111111111111:user/fleet", "external_id": "42" }] }],
        "keys": [
            { "account": MINE, "region": HERE, "id": "source", "users": [YOURS] },
            { "account": YOURS, "region": HERE, "id": "target", "alias": "alias/target" },
            { "account": YOURS, "region": HERE, "id": "off", "enabled": false },
        ],
        "quotas": [{ "account": YOURS, "region": HERE, "clusters": 1 }],
        "clusters": [{ "account": MINE, "region": HERE, "name": "orders",
            "engine": "aurora-postgresql", "version": "15", "size_gib": 80,
            "encryption": { "key": "source" }, "instances": [{ "class": "db.r6g.large" }] }],
        "snapshots": [{ "account": MINE, "region": HERE, "name": "shared", "of": "orders",
            "created": "PT2H", "shared_with": [YOURS] }],
    })
}

/// A client of the role's account, by a session of the role.
async fn restorer(bed: &Bed) -> aws_sdk_rds::Client {
    let fleet = Credentials::new("AKIAFLEET", "local", None, None, "tests");
    let session = ask(&bed.sts_as(fleet, HERE), ROLE).external_id("42").send().await.unwrap();
    bed.rds_as(given(&session), HERE)
}

fn restore(
    client: &aws_sdk_rds::Client,
    id: &str,
) -> aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDBClusterFromSnapshotFluentBuilder
{
    let shared = "arn:aws:rds:us-east-1:111111111111:cluster-snapshot:shared";
    let restore = client.restore_db_cluster_from_snapshot().snapshot_identifier(shared);
    restore.db_cluster_identifier(id).engine("aurora-postgresql").engine_version("15")
}

async fn a_seeded_role_restores_a_seeded_shared_snapshot_in_its_account(bed: Bed) -> Outcome {
    seed(&bed, &two_accounts())?;
    let stranger = ask(&bed.sts_as(key_of(MINE), HERE), ROLE).external_id("42").send().await;
    assert!(stranger.is_err(), "the role trusts one user alone");
    let client = restorer(&bed).await;
    restore(&client, "restored").kms_key_id("alias/target").send().await.unwrap();
    bed.seconds(HOUR).await?;
    // The session has ended meanwhile.
    let client = restorer(&bed).await;
    let found = client.describe_db_clusters().db_cluster_identifier("restored").send().await;
    let restored = found.unwrap().db_clusters()[0].clone();
    assert_eq!(restored.status(), Some("available"));
    assert_eq!(restored.allocated_storage(), Some(80));
    let key = "arn:aws:kms:us-east-1:222222222222:key/target";
    assert_eq!(restored.kms_key_id(), Some(key));
    let mine = bed.rds_as(key_of(MINE), HERE);
    let orders = mine.describe_db_clusters().db_cluster_identifier("orders").send().await.unwrap();
    assert_eq!(orders.db_clusters()[0].db_cluster_members().len(), 1);
    Ok(())
}

async fn a_seeded_key_that_is_disabled_cannot_be_used(bed: Bed) -> Outcome {
    seed(&bed, &two_accounts())?;
    let client = restorer(&bed).await;
    refused!(restore(&client, "restored").kms_key_id("off"), "KMSKeyNotAccessibleFault", 400);
    Ok(())
}

async fn seeded_quotas_are_kept(bed: Bed) -> Outcome {
    seed(&bed, &two_accounts())?;
    let client = restorer(&bed).await;
    restore(&client, "restored").send().await.unwrap();
    refused!(restore(&client, "more"), "DBClusterQuotaExceededFault", 403);
    Ok(())
}
