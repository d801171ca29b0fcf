//! Copying snapshots: within a Region, to other Regions and accounts, and how many at once.

use super::snapshots_kit::{
    HERE, HOUR, MINE, THERE, YOURS, arn, cluster, copy, key, plain, rds, refused, restore, seed,
    share, snapshot, snapshot_status, sse_kms, unshare,
};
use crate::bed::{Bed, key_of};
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::model::{Encryption, Tags};
use aurora_restore_local::rds::{Quotas, SnapshotSeed};
use aws_sdk_rds::error::ProvideErrorMetadata as _;
use aws_sdk_rds::types::Tag;

facts!("rds":
    a_copy_is_copying_with_progress_and_then_a_manual_snapshot_of_its_own:
        "API CopyDBClusterSnapshot; API DBClusterSnapshot, PercentProgress",
    a_copy_is_called_for_where_it_will_be:
        "API CopyDBClusterSnapshot: called in the destination Region, source by ARN",
    a_copy_to_another_region_of_an_encrypted_snapshot_needs_a_key_there:
        "API CopyDBClusterSnapshot, KmsKeyId",
    a_copy_of_a_shared_encrypted_snapshot_needs_a_key_of_its_own:
        "API CopyDBClusterSnapshot, KmsKeyId; UG, sharing encrypted snapshots",
    a_copy_of_an_unencrypted_snapshot_takes_no_key: "API CopyDBClusterSnapshot, KmsKeyId",
    a_copy_keeps_or_changes_the_key_within_its_region: "API CopyDBClusterSnapshot, KmsKeyId",
    account_and_region_change_in_one_copy: "AWS What's New, October 2025",
    account_and_region_change_in_two_copies_where_one_does_not_do:
        "UG, copying a DB cluster snapshot, before October 2025",
    a_snapshot_that_is_not_shared_is_not_copied:
        "API CopyDBClusterSnapshot, DBClusterSnapshotNotFoundFault",
    a_copy_needs_the_key_of_the_source_to_be_usable:
        "API CopyDBClusterSnapshot, KMSKeyNotAccessibleFault",
    only_an_available_snapshot_is_copied_to_a_free_name:
        "API CopyDBClusterSnapshot, InvalidDBClusterSnapshotStateFault, \
         DBClusterSnapshotAlreadyExistsFault",
    tags_are_copied_when_that_is_asked_for: "API CopyDBClusterSnapshot, CopyTags and Tags",
    five_copies_are_in_progress_per_account_and_region:
        "UG, quotas and constraints; API CopyDBClusterSnapshot, SnapshotQuotaExceeded",
    a_copy_counts_among_the_manual_snapshots: "UG, quotas and constraints",
    deleting_a_copy_in_progress_cancels_it: "UG, copying a DB cluster snapshot: cancelling",
    a_copy_fails_when_its_source_is_deleted_too_early: "UG, copying a DB cluster snapshot",
    a_copy_fails_when_its_source_is_not_shared_any_more: "UG, copying a DB cluster snapshot",
    a_copy_fails_when_the_key_of_its_source_is_disabled: "UG, copying a DB cluster snapshot",
    a_presigned_url_is_ignored: "API CopyDBClusterSnapshot, PreSignedUrl: GovCloud alone",
);

const LOST: &str = "KMSKeyNotAccessibleFault";

async fn a_copy_is_copying_with_progress_and_then_a_manual_snapshot_of_its_own(
    bed: Bed,
) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let id = "rds:orders-2027-01-15-07-00";
    let one = plain(id, Encryption::SseRds);
    let source = seed(&bed, SnapshotSeed { snapshot_type: "automated".into(), ..one })?;
    let made = copy(&client, id, "T").send().await.unwrap().db_cluster_snapshot.unwrap();
    assert_eq!((made.status(), made.percent_progress()), (Some("copying"), Some(0)));
    assert_eq!(made.db_cluster_snapshot_arn(), Some(arn(HERE, MINE, "t").as_str()));
    assert_eq!(made.source_db_cluster_snapshot_arn(), Some(source.as_str()));
    bed.seconds(150).await?;
    let half = snapshot(&client, "t").await;
    assert_eq!(half.status(), Some("copying"));
    assert!((25..=60).contains(&half.percent_progress().unwrap()), "{half:?}");
    refused!(restore(&client, "c", "t"), "InvalidDBClusterSnapshotStateFault", 400);
    bed.seconds(HOUR).await?;
    let done = snapshot(&client, "t").await;
    assert_eq!((done.status(), done.percent_progress()), (Some("available"), Some(100)));
    assert_eq!(done.snapshot_type(), Some("manual"));
    let from = snapshot(&client, id).await;
    assert_eq!(from.source_db_cluster_snapshot_arn(), None);
    assert_eq!(done.engine_version(), from.engine_version());
    assert_eq!(done.db_cluster_identifier(), from.db_cluster_identifier());
    restore(&client, "c", "t").send().await.unwrap();
    Ok(())
}

async fn a_copy_is_called_for_where_it_will_be(bed: Bed) -> Outcome {
    let there = rds(&bed, MINE, THERE);
    let source = seed(&bed, plain("s", Encryption::None))?;
    refused!(copy(&there, "s", "t"), "DBClusterSnapshotNotFoundFault", 404);
    refused!(restore(&there, "c", &source), "DBClusterSnapshotNotFoundFault", 404);
    let made = copy(&there, &source, "t").send().await.unwrap().db_cluster_snapshot.unwrap();
    assert_eq!(made.db_cluster_snapshot_arn(), Some(arn(THERE, MINE, "t").as_str()));
    bed.seconds(HOUR).await?;
    restore(&there, "c", "t").send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(cluster(&there, "c").await.status(), Some("available"));
    Ok(())
}

async fn a_copy_to_another_region_of_an_encrypted_snapshot_needs_a_key_there(bed: Bed) -> Outcome {
    let there = rds(&bed, MINE, THERE);
    let old = key(&bed, MINE, HERE, "old", &[])?;
    let new = key(&bed, MINE, THERE, "new", &[])?;
    let source = seed(&bed, plain("s", sse_kms(&old)))?;
    refused!(copy(&there, &source, "t"), "InvalidParameterValue", 400);
    refused!(copy(&there, &source, "t").kms_key_id(&old), LOST, 400);
    let made = copy(&there, &source, "t").kms_key_id("new").send().await.unwrap();
    let made = made.db_cluster_snapshot.unwrap();
    assert_eq!(made.kms_key_id(), Some(new.as_str()));
    assert_eq!(made.storage_encrypted(), Some(true));
    let managed = copy(&there, &source, "u").kms_key_id("alias/aws/rds").send().await.unwrap();
    let managed = managed.db_cluster_snapshot.unwrap();
    assert!(managed.kms_key_id().unwrap().starts_with(&format!("arn:aws:kms:{THERE}:{MINE}:key/")));
    Ok(())
}

async fn a_copy_of_a_shared_encrypted_snapshot_needs_a_key_of_its_own(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let theirs = key(&bed, MINE, HERE, "k", &[YOURS])?;
    let own = key(&bed, YOURS, HERE, "own", &[])?;
    let source = seed(&bed, plain("s", sse_kms(&theirs)))?;
    share(&mine, "s", &[YOURS]).await;
    refused!(copy(&yours, &source, "t"), LOST, 400);
    let made = copy(&yours, &source, "t").kms_key_id(&own).send().await.unwrap();
    assert_eq!(made.db_cluster_snapshot.unwrap().kms_key_id(), Some(own.as_str()));
    bed.seconds(HOUR).await?;
    assert_eq!(snapshot_status(&yours, "t").await, "available");
    // The copy owes its source nothing any more.
    let gone = mine.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("s");
    gone.send().await.unwrap();
    let kms = bed.kms_as(key_of(MINE), HERE);
    kms.disable_key().key_id("k").send().await.unwrap();
    restore(&yours, "c", "t").send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(cluster(&yours, "c").await.status(), Some("available"));
    Ok(())
}

async fn a_copy_of_an_unencrypted_snapshot_takes_no_key(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    key(&bed, MINE, HERE, "k", &[])?;
    for (id, encryption) in [("none", Encryption::None), ("service", Encryption::SseRds)] {
        seed(&bed, plain(id, encryption))?;
        let with_key = copy(&client, id, "t").kms_key_id("k");
        refused!(with_key, "InvalidParameterCombination", 400);
        let made = copy(&client, id, &format!("of-{id}")).send().await.unwrap();
        assert_eq!(made.db_cluster_snapshot.unwrap().storage_encrypted(), Some(false));
    }
    Ok(())
}

async fn a_copy_keeps_or_changes_the_key_within_its_region(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let own = bed.cloud()?.world().kms.usable("alias/aws/rds", MINE, HERE).unwrap().arn;
    let new = key(&bed, MINE, HERE, "new", &[])?;
    seed(&bed, plain("s", sse_kms(&own)))?;
    let kept = copy(&client, "s", "kept").send().await.unwrap().db_cluster_snapshot.unwrap();
    assert_eq!(kept.kms_key_id(), Some(own.as_str()));
    let changed = copy(&client, "s", "changed").kms_key_id("new").send().await.unwrap();
    assert_eq!(changed.db_cluster_snapshot.unwrap().kms_key_id(), Some(new.as_str()));
    // This is how a snapshot under the key of AWS comes to be shared after all.
    bed.seconds(HOUR).await?;
    share(&client, "changed", &[YOURS]).await;
    Ok(())
}

/// A shared snapshot under a shared key, and a key where the copy will be; the snapshot's ARN.
async fn ready_for_both(bed: &Bed) -> Result<String, crate::fact::Skip> {
    let theirs = key(bed, MINE, HERE, "k", &[YOURS])?;
    key(bed, YOURS, THERE, "own", &[])?;
    key(bed, YOURS, HERE, "between", &[])?;
    let source = seed(bed, plain("s", sse_kms(&theirs)))?;
    share(&rds(bed, MINE, HERE), "s", &[YOURS]).await;
    Ok(source)
}

async fn account_and_region_change_in_one_copy(bed: Bed) -> Outcome {
    let source = ready_for_both(&bed).await?;
    let there = rds(&bed, YOURS, THERE);
    refused!(copy(&there, &source, "t"), "InvalidParameterValue", 400);
    let made = copy(&there, &source, "t").kms_key_id("own").send().await.unwrap();
    let made = made.db_cluster_snapshot.unwrap();
    assert_eq!(made.source_db_cluster_snapshot_arn(), Some(source.as_str()));
    assert_eq!(made.db_cluster_snapshot_arn(), Some(arn(THERE, YOURS, "t").as_str()));
    bed.seconds(HOUR).await?;
    assert_eq!(snapshot_status(&there, "t").await, "available");
    Ok(())
}

async fn account_and_region_change_in_two_copies_where_one_does_not_do(bed: Bed) -> Outcome {
    let source = ready_for_both(&bed).await?;
    bed.cloud()?.world().settings.one_step_copies = false;
    let (here, there) = (rds(&bed, YOURS, HERE), rds(&bed, YOURS, THERE));
    let at_once = copy(&there, &source, "t").kms_key_id("own");
    refused!(at_once, "InvalidParameterCombination", 400);
    copy(&here, &source, "between").kms_key_id("between").send().await.unwrap();
    bed.seconds(HOUR).await?;
    let second = copy(&there, &arn(HERE, YOURS, "between"), "t").kms_key_id("own");
    second.send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(snapshot_status(&there, "t").await, "available");
    Ok(())
}

async fn a_snapshot_that_is_not_shared_is_not_copied(bed: Bed) -> Outcome {
    let source = seed(&bed, plain("s", Encryption::None))?;
    let not_found = "DBClusterSnapshotNotFoundFault";
    for region in [HERE, THERE] {
        refused!(copy(&rds(&bed, YOURS, region), &source, "t"), not_found, 404);
    }
    refused!(copy(&rds(&bed, MINE, HERE), "none", "t"), not_found, 404);
    let cluster = format!("arn:aws:rds:{HERE}:{MINE}:cluster:s");
    refused!(copy(&rds(&bed, MINE, HERE), &cluster, "t"), not_found, 404);
    Ok(())
}

async fn a_copy_needs_the_key_of_the_source_to_be_usable(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let theirs = key(&bed, MINE, HERE, "k", &[])?;
    key(&bed, YOURS, HERE, "own", &[])?;
    let source = seed(&bed, plain("s", sse_kms(&theirs)))?;
    share(&mine, "s", &[YOURS]).await;
    refused!(copy(&yours, &source, "t").kms_key_id("own"), LOST, 400);
    key(&bed, MINE, HERE, "k", &[YOURS])?;
    copy(&yours, &source, "t").kms_key_id("own").send().await.unwrap();
    Ok(())
}

async fn only_an_available_snapshot_is_copied_to_a_free_name(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::None))?;
    copy(&client, "s", "t").send().await.unwrap();
    refused!(copy(&client, "t", "u"), "InvalidDBClusterSnapshotStateFault", 400);
    refused!(copy(&client, "s", "t"), "DBClusterSnapshotAlreadyExistsFault", 400);
    refused!(copy(&client, "s", "T"), "DBClusterSnapshotAlreadyExistsFault", 400);
    refused!(copy(&client, "s", "1st"), "InvalidParameterValue", 400);
    Ok(())
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

async fn tags_are_copied_when_that_is_asked_for(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let tags = Tags::from([("team".to_owned(), "a".to_owned()), ("x".to_owned(), "1".to_owned())]);
    seed(&bed, SnapshotSeed { tags, ..plain("s", Encryption::None) })?;
    copy(&client, "s", "bare").send().await.unwrap();
    copy(&client, "s", "own").tags(tag("job", "1")).send().await.unwrap();
    copy(&client, "s", "all").copy_tags(true).tags(tag("x", "2")).send().await.unwrap();
    for (id, expected) in [
        ("bare", vec![]),
        ("own", vec![tag("job", "1")]),
        ("all", vec![tag("team", "a"), tag("x", "2")]),
    ] {
        assert_eq!(snapshot(&client, id).await.tag_list(), expected, "{id}");
    }
    bed.seconds(HOUR).await?;
    restore(&client, "c", "all").send().await.unwrap();
    assert!(cluster(&client, "c").await.tag_list().is_empty());
    Ok(())
}

async fn five_copies_are_in_progress_per_account_and_region(bed: Bed) -> Outcome {
    let (here, there) = (rds(&bed, MINE, HERE), rds(&bed, MINE, THERE));
    let source = seed(&bed, plain("s", Encryption::None))?;
    for n in 0..5 {
        copy(&here, &source, &format!("t{n}")).send().await.unwrap();
    }
    let refusal = copy(&here, &source, "t5").send().await.unwrap_err();
    assert_eq!(refusal.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(refusal.meta().code(), Some("SnapshotQuotaExceeded"));
    assert_eq!(refusal.meta().message(), Some("Cannot copy more than 5 snapshots"));
    copy(&there, &source, "t5").send().await.unwrap();
    bed.cloud()?.world().rds.set_quotas(
        MINE,
        HERE,
        Quotas { copies_in_progress: 6, ..Quotas::default() },
    );
    copy(&here, &source, "t5").send().await.unwrap();
    refused!(copy(&here, &source, "t6"), "SnapshotQuotaExceeded", 400);
    bed.seconds(HOUR).await?;
    copy(&here, &source, "t6").send().await.unwrap();
    Ok(())
}

async fn a_copy_counts_among_the_manual_snapshots(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::None))?;
    let quotas = Quotas { manual_snapshots: 2, ..Quotas::default() };
    bed.cloud()?.world().rds.set_quotas(MINE, HERE, quotas);
    copy(&client, "s", "t").send().await.unwrap();
    let refusal = copy(&client, "s", "u").send().await.unwrap_err();
    assert_eq!(refusal.meta().code(), Some("SnapshotQuotaExceeded"));
    assert_eq!(refusal.meta().message(), Some("Cannot create more than 2 manual snapshots"));
    Ok(())
}

async fn deleting_a_copy_in_progress_cancels_it(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::None))?;
    copy(&client, "s", "t").send().await.unwrap();
    let gone = client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("t");
    let gone = gone.send().await.unwrap().db_cluster_snapshot.unwrap();
    assert_eq!(gone.status(), Some("deleting"));
    bed.seconds(HOUR).await?;
    let look = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier("t");
    refused!(look, "DBClusterSnapshotNotFoundFault", 404);
    assert_eq!(snapshot_status(&client, "s").await, "available");
    copy(&client, "s", "t").send().await.unwrap();
    Ok(())
}

async fn a_copy_fails_when_its_source_is_deleted_too_early(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::None))?;
    copy(&client, "s", "early").send().await.unwrap();
    let delete = || client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("s");
    delete().send().await.unwrap();
    bed.seconds(HOUR).await?;
    let failed = snapshot(&client, "early").await;
    assert_eq!((failed.status(), failed.percent_progress()), (Some("failed"), Some(0)));
    refused!(restore(&client, "c", "early"), "InvalidDBClusterSnapshotStateFault", 400);
    seed(&bed, plain("s", Encryption::None))?;
    copy(&client, "s", "late").send().await.unwrap();
    bed.seconds(HOUR).await?;
    delete().send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(snapshot_status(&client, "late").await, "available");
    Ok(())
}

async fn a_copy_fails_when_its_source_is_not_shared_any_more(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let source = seed(&bed, plain("s", Encryption::None))?;
    share(&mine, "s", &[YOURS, "333333333333"]).await;
    copy(&mine, "s", "own").send().await.unwrap();
    copy(&yours, &source, "t").send().await.unwrap();
    copy(&rds(&bed, "333333333333", HERE), &source, "t").send().await.unwrap();
    unshare(&mine, "s", YOURS).await;
    bed.seconds(HOUR).await?;
    assert_eq!(snapshot_status(&yours, "t").await, "failed");
    assert_eq!(snapshot_status(&mine, "own").await, "available");
    assert_eq!(snapshot_status(&rds(&bed, "333333333333", HERE), "t").await, "available");
    Ok(())
}

async fn a_copy_fails_when_the_key_of_its_source_is_disabled(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let old = key(&bed, MINE, HERE, "old", &[])?;
    key(&bed, MINE, HERE, "new", &[])?;
    seed(&bed, plain("s", sse_kms(&old)))?;
    copy(&client, "s", "before").kms_key_id("new").send().await.unwrap();
    let kms = bed.kms_as(key_of(MINE), HERE);
    bed.seconds(HOUR).await?;
    copy(&client, "s", "t").kms_key_id("new").send().await.unwrap();
    kms.disable_key().key_id("old").send().await.unwrap();
    bed.seconds(HOUR).await?;
    assert_eq!(snapshot_status(&client, "before").await, "available");
    assert_eq!(snapshot_status(&client, "t").await, "failed");
    Ok(())
}

async fn a_presigned_url_is_ignored(bed: Bed) -> Outcome {
    let there = rds(&bed, MINE, THERE);
    let source = seed(&bed, plain("s", Encryption::None))?;
    let url = "https://rds.us-east-1.amazonaws.com/?Action=CopyDBClusterSnapshot";
    copy(&there, &source, "t").pre_signed_url(url).send().await.unwrap();
    Ok(())
}
