//! Encryption of clusters and snapshots, and the keys they are under.

use super::snapshots_kit::{
    HERE, HOUR, MINE, THERE, YOURS, cluster, copy, create, key, plain, rds, refused, restore, seed,
    share, snapshot, sse_kms, with_snapshot,
};
use crate::bed::{Bed, key_of};
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::model::Encryption;
use aws_sdk_rds::types::{DbCluster, StorageEncryptionType};

facts!("rds":
    a_new_cluster_is_under_a_key_of_the_service:
        "UG, encrypting Aurora resources, since February 2026; API DBCluster, StorageEncryptionType",
    a_cluster_that_asks_for_encryption_alone_is_under_the_aws_managed_key:
        "API CreateDBCluster, StorageEncrypted and KmsKeyId",
    a_cluster_is_under_the_key_it_names_however_it_names_it: "API CreateDBCluster, KmsKeyId",
    a_key_that_is_not_there_or_not_usable_is_refused:
        "API CreateDBCluster, KMSKeyNotAccessibleFault",
    a_snapshot_is_encrypted_as_its_cluster_is: "UG, encrypting Aurora resources",
    a_restore_keeps_the_key_unless_it_names_another:
        "API RestoreDBClusterFromSnapshot, KmsKeyId",
    restoring_an_unencrypted_snapshot_with_a_key_encrypts_it:
        "API RestoreDBClusterFromSnapshot, KmsKeyId",
    a_shared_encrypted_snapshot_needs_its_key_shared_too:
        "UG, sharing encrypted snapshots; API RestoreDBClusterFromSnapshot",
    a_cluster_whose_key_is_disabled_cannot_be_reached_until_it_is_started_again:
        "UG, encrypting Aurora resources: inaccessible-encryption-credentials-recoverable",
    a_cluster_whose_key_is_about_to_be_deleted_cannot_be_reached:
        "UG, encrypting Aurora resources: inaccessible-encryption-credentials",
    a_snapshot_whose_key_is_disabled_is_neither_restored_nor_copied:
        "API RestoreDBClusterFromSnapshot and CopyDBClusterSnapshot, KMSKeyNotAccessibleFault",
);

const LOST: &str = "KMSKeyNotAccessibleFault";

fn how(cluster: &DbCluster) -> (Option<bool>, Option<&StorageEncryptionType>, Option<&str>) {
    (cluster.storage_encrypted(), cluster.storage_encryption_type(), cluster.kms_key_id())
}

async fn a_new_cluster_is_under_a_key_of_the_service(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    for (id, create) in
        [("a", create(&client, "a")), ("b", create(&client, "b").storage_encrypted(false))]
    {
        create.send().await.unwrap();
        let expected = (Some(false), Some(&StorageEncryptionType::Sse), None);
        assert_eq!(how(&cluster(&client, id).await), expected);
    }
    let without = create(&client, "c").kms_key_id("alias/aws/rds");
    refused!(without, "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_cluster_that_asks_for_encryption_alone_is_under_the_aws_managed_key(
    bed: Bed,
) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let made = create(&client, "c").storage_encrypted(true).send().await.unwrap();
    let made = made.db_cluster.unwrap();
    assert_eq!(made.storage_encrypted(), Some(true));
    assert_eq!(made.storage_encryption_type(), Some(&StorageEncryptionType::Cmk));
    let kms = bed.kms_as(key_of(MINE), HERE);
    let own = kms.describe_key().key_id("alias/aws/rds").send().await.unwrap();
    let own = own.key_metadata.unwrap();
    assert_eq!(made.kms_key_id(), own.arn());
    assert_eq!(own.key_manager(), Some(&aws_sdk_kms::types::KeyManagerType::Aws));
    Ok(())
}

async fn a_cluster_is_under_the_key_it_names_however_it_names_it(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let arn = key(&bed, MINE, HERE, "k", &[])?;
    bed.cloud()?.world().kms.add_alias(MINE, HERE, "alias/mine", "k");
    let alias_arn = format!("arn:aws:kms:{HERE}:{MINE}:alias/mine");
    for (n, given) in ["k", "alias/mine", &arn, &alias_arn].into_iter().enumerate() {
        let create = create(&client, &format!("c{n}")).storage_encrypted(true).kms_key_id(given);
        let made = create.send().await.unwrap().db_cluster.unwrap();
        assert_eq!(made.kms_key_id(), Some(arn.as_str()), "{given}");
    }
    Ok(())
}

async fn a_key_that_is_not_there_or_not_usable_is_refused(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let there = key(&bed, MINE, THERE, "k", &[])?;
    let yours = key(&bed, YOURS, HERE, "y", &[])?;
    let foreign = bed.cloud()?.world().kms.usable("alias/aws/rds", YOURS, HERE).unwrap().arn;
    let off = key(&bed, MINE, HERE, "off", &[])?;
    let kms = bed.kms_as(key_of(MINE), HERE);
    kms.disable_key().key_id(&off).send().await.unwrap();
    seed(&bed, plain("s", Encryption::None))?;
    for bad in ["none", "alias/none", &there, &yours, &foreign, &off] {
        let create = create(&client, "c").storage_encrypted(true).kms_key_id(bad);
        refused!(create, LOST, 400);
        refused!(restore(&client, "c", "s").kms_key_id(bad), LOST, 400);
    }
    Ok(())
}

async fn a_snapshot_is_encrypted_as_its_cluster_is(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let arn = key(&bed, MINE, HERE, "k", &[])?;
    let plain = with_snapshot(&bed, create(&client, "a"), "of-a").await?;
    let create = create(&client, "b").storage_encrypted(true).kms_key_id("k");
    let encrypted = with_snapshot(&bed, create, "of-b").await?;
    for (cluster, id) in [(plain, "of-a"), (encrypted, "of-b")] {
        let s = snapshot(&client, id).await;
        let found = (s.storage_encrypted(), s.storage_encryption_type(), s.kms_key_id());
        assert_eq!(found, how(&cluster));
    }
    assert_eq!(snapshot(&client, "of-b").await.kms_key_id(), Some(arn.as_str()));
    Ok(())
}

async fn a_restore_keeps_the_key_unless_it_names_another(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let old = key(&bed, MINE, HERE, "old", &[])?;
    let new = key(&bed, MINE, HERE, "new", &[])?;
    seed(&bed, plain("s", sse_kms(&old)))?;
    let kept = restore(&client, "kept", "s").send().await.unwrap().db_cluster.unwrap();
    let changed = restore(&client, "changed", "s").kms_key_id("new").send().await.unwrap();
    assert_eq!(kept.kms_key_id(), Some(old.as_str()));
    assert_eq!(changed.db_cluster.unwrap().kms_key_id(), Some(new.as_str()));
    Ok(())
}

async fn restoring_an_unencrypted_snapshot_with_a_key_encrypts_it(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let arn = key(&bed, MINE, HERE, "k", &[])?;
    seed(&bed, plain("s", Encryption::None))?;
    let open = restore(&client, "open", "s").send().await.unwrap().db_cluster.unwrap();
    assert_eq!(how(&open), (Some(false), Some(&StorageEncryptionType::Unencrypted), None));
    let shut = restore(&client, "shut", "s").kms_key_id("k").send().await.unwrap();
    let expected = (Some(true), Some(&StorageEncryptionType::Cmk), Some(arn.as_str()));
    assert_eq!(how(&shut.db_cluster.unwrap()), expected);
    Ok(())
}

async fn a_shared_encrypted_snapshot_needs_its_key_shared_too(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let theirs = key(&bed, MINE, HERE, "k", &[])?;
    let own = key(&bed, YOURS, HERE, "own", &[])?;
    let shared = seed(&bed, plain("s", sse_kms(&theirs)))?;
    share(&mine, "s", &[YOURS]).await;
    refused!(restore(&yours, "c", &shared), LOST, 400);
    refused!(restore(&yours, "c", &shared).kms_key_id(&own), LOST, 400);
    key(&bed, MINE, HERE, "k", &[YOURS])?;
    let kept = restore(&yours, "kept", &shared).send().await.unwrap().db_cluster.unwrap();
    assert_eq!(kept.kms_key_id(), Some(theirs.as_str()));
    let changed = restore(&yours, "changed", &shared).kms_key_id(&own).send().await.unwrap();
    assert_eq!(changed.db_cluster.unwrap().kms_key_id(), Some(own.as_str()));
    Ok(())
}

async fn a_cluster_whose_key_is_disabled_cannot_be_reached_until_it_is_started_again(
    bed: Bed,
) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    key(&bed, MINE, HERE, "k", &[])?;
    create(&client, "c").storage_encrypted(true).kms_key_id("k").send().await.unwrap();
    create(&client, "other").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let instance =
        client.create_db_instance().db_instance_identifier("i").engine("aurora-postgresql");
    let instance = instance.db_cluster_identifier("c").db_instance_class("db.r6g.large");
    instance.send().await.unwrap();
    bed.seconds(HOUR).await?;
    let kms = bed.kms_as(key_of(MINE), HERE);
    kms.disable_key().key_id("k").send().await.unwrap();
    let lost = "inaccessible-encryption-credentials-recoverable";
    assert_eq!(cluster(&client, "c").await.status(), Some(lost));
    assert_eq!(cluster(&client, "other").await.status(), Some("available"));
    let instances = client.describe_db_instances().send().await.unwrap();
    assert_eq!(instances.db_instances()[0].db_instance_status(), Some(lost));
    refused!(client.start_db_cluster().db_cluster_identifier("c"), LOST, 400);
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("c");
    let take = take.db_cluster_snapshot_identifier("s");
    refused!(take, "InvalidDBClusterStateFault", 400);
    kms.enable_key().key_id("k").send().await.unwrap();
    client.start_db_cluster().db_cluster_identifier("c").send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(cluster(&client, "c").await.status(), Some("available"));
    let instances = client.describe_db_instances().send().await.unwrap();
    assert_eq!(instances.db_instances()[0].db_instance_status(), Some("available"));
    Ok(())
}

async fn a_cluster_whose_key_is_about_to_be_deleted_cannot_be_reached(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    key(&bed, MINE, HERE, "k", &[])?;
    let kms = bed.kms_as(key_of(MINE), HERE);
    create(&client, "c").storage_encrypted(true).kms_key_id("k").send().await.unwrap();
    kms.schedule_key_deletion().key_id("k").send().await.unwrap();
    assert_eq!(cluster(&client, "c").await.status(), Some("creating"));
    bed.seconds(HOUR).await?;
    let lost = Some("inaccessible-encryption-credentials");
    assert_eq!(cluster(&client, "c").await.status(), lost);
    let start = client.start_db_cluster().db_cluster_identifier("c");
    refused!(start, "InvalidDBClusterStateFault", 400);
    let gone = client.delete_db_cluster().db_cluster_identifier("c").skip_final_snapshot(true);
    gone.send().await.unwrap();
    Ok(())
}

async fn a_snapshot_whose_key_is_disabled_is_neither_restored_nor_copied(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let arn = key(&bed, MINE, HERE, "k", &[])?;
    key(&bed, MINE, HERE, "new", &[])?;
    seed(&bed, plain("s", sse_kms(&arn)))?;
    let kms = bed.kms_as(key_of(MINE), HERE);
    kms.disable_key().key_id("k").send().await.unwrap();
    refused!(restore(&client, "c", "s"), LOST, 400);
    refused!(restore(&client, "c", "s").kms_key_id("new"), LOST, 400);
    refused!(copy(&client, "s", "t"), LOST, 400);
    refused!(copy(&client, "s", "t").kms_key_id("new"), LOST, 400);
    kms.enable_key().key_id("k").send().await.unwrap();
    restore(&client, "c", "s").send().await.unwrap();
    Ok(())
}
