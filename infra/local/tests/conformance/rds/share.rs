//! Sharing snapshots with other accounts.

use super::snapshots_kit::{
    HERE, HOUR, MINE, THERE, YOURS, arn, cluster, copy, key, plain, rds, refused, restore, seed,
    share, snapshot, sse_kms, unshare,
};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::SnapshotSeed;
use aurora_restore_local::rds::model::Encryption;
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::modify_db_cluster_snapshot_attribute::builders::ModifyDBClusterSnapshotAttributeFluentBuilder as Modify;
use aws_sdk_rds::types::Filter;
use std::collections::BTreeSet;

facts!("rds":
    sharing_adds_and_removes_accounts_of_the_restore_attribute:
        "API ModifyDBClusterSnapshotAttribute, DescribeDBClusterSnapshotAttributes",
    only_the_restore_attribute_and_account_numbers_are_taken:
        "API ModifyDBClusterSnapshotAttribute, AttributeName and ValuesToAdd",
    a_snapshot_is_shared_with_at_most_20_accounts:
        "API ModifyDBClusterSnapshotAttribute, SharedSnapshotQuotaExceeded; UG, sharing",
    only_manual_snapshots_are_shared:
        "UG, sharing a DB cluster snapshot: automated and AWS Backup ones must be copied first",
    a_snapshot_under_the_aws_managed_key_is_not_shared: "UG, sharing encrypted snapshots",
    an_encrypted_snapshot_is_not_made_public:
        "API ModifyDBClusterSnapshotAttribute, ValuesToAdd; UG, sharing encrypted snapshots",
    a_shared_snapshot_is_seen_by_its_arn_from_the_other_side:
        "API DescribeDBClusterSnapshots, IncludeShared and SnapshotType",
    shared_snapshots_are_paged_and_filtered_with_one_s_own:
        "API DescribeDBClusterSnapshots, Filters, MaxRecords and Marker",
    a_public_snapshot_is_seen_by_everybody_who_asks_for_it:
        "API DescribeDBClusterSnapshots, IncludePublic and SnapshotType",
    a_shared_snapshot_is_restored_by_its_arn_in_its_region_alone:
        "UG, sharing: restore a shared snapshot by its ARN",
    unsharing_stops_further_restores: "UG, sharing: to stop sharing",
    nobody_changes_the_sharing_of_a_snapshot_of_another_account:
        "API ModifyDBClusterSnapshotAttribute, DBClusterSnapshotNotFoundFault",
);

fn modify(client: &Client, id: &str) -> Modify {
    let modify = client.modify_db_cluster_snapshot_attribute();
    modify.db_cluster_snapshot_identifier(id).attribute_name("restore")
}

async fn shared_with(client: &Client, id: &str) -> Vec<String> {
    let found = client.describe_db_cluster_snapshot_attributes();
    let found = found.db_cluster_snapshot_identifier(id).send().await.unwrap();
    let result = found.db_cluster_snapshot_attributes_result.unwrap();
    assert_eq!(result.db_cluster_snapshot_identifier(), Some(id));
    let attribute = &result.db_cluster_snapshot_attributes()[0];
    assert_eq!(attribute.attribute_name(), Some("restore"));
    attribute.attribute_values().to_vec()
}

async fn sharing_adds_and_removes_accounts_of_the_restore_attribute(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::SseRds))?;
    assert!(shared_with(&client, "s").await.is_empty());
    share(&client, "s", &[YOURS, "333333333333"]).await;
    assert_eq!(shared_with(&client, "s").await, [YOURS, "333333333333"]);
    let swap = modify(&client, "s").values_to_remove(YOURS).values_to_add("444444444444");
    let answer = swap.send().await.unwrap().db_cluster_snapshot_attributes_result.unwrap();
    let values = answer.db_cluster_snapshot_attributes()[0].attribute_values();
    assert_eq!(values, ["333333333333", "444444444444"]);
    let missing = client.describe_db_cluster_snapshot_attributes();
    refused!(missing.db_cluster_snapshot_identifier("x"), "DBClusterSnapshotNotFoundFault", 404);
    Ok(())
}

async fn only_the_restore_attribute_and_account_numbers_are_taken(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::SseRds))?;
    let other = modify(&client, "s").attribute_name("copy").values_to_add(YOURS);
    refused!(other, "InvalidParameterValue", 400);
    for bad in ["22222222222", "2222222222222", "somebody", ""] {
        refused!(modify(&client, "s").values_to_add(bad), "InvalidParameterValue", 400);
    }
    refused!(modify(&client, "x").values_to_add(YOURS), "DBClusterSnapshotNotFoundFault", 404);
    Ok(())
}

async fn a_snapshot_is_shared_with_at_most_20_accounts(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    seed(&bed, plain("s", Encryption::SseRds))?;
    let accounts: Vec<_> = (0..20).map(|n| format!("{:012}", 900 + n)).collect();
    modify(&client, "s").set_values_to_add(Some(accounts)).send().await.unwrap();
    refused!(modify(&client, "s").values_to_add(YOURS), "SharedSnapshotQuotaExceeded", 400);
    let swap = modify(&client, "s").values_to_add(YOURS).values_to_remove("000000000900");
    swap.send().await.unwrap();
    assert_eq!(shared_with(&client, "s").await.len(), 20);
    Ok(())
}

async fn only_manual_snapshots_are_shared(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    for (kind, id) in
        [("automated", "rds:orders-2027-01-15-07-00"), ("awsbackup", "awsbackup:job-1")]
    {
        let one = plain(id, Encryption::SseRds);
        seed(&bed, SnapshotSeed { snapshot_type: kind.into(), ..one })?;
        let sharing = modify(&client, id).values_to_add(YOURS);
        refused!(sharing, "InvalidDBClusterSnapshotStateFault", 400);
    }
    Ok(())
}

async fn a_snapshot_under_the_aws_managed_key_is_not_shared(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let cloud = bed.cloud()?;
    let own = cloud.world().kms.usable("alias/aws/rds", MINE, HERE).unwrap().arn;
    seed(&bed, plain("s", sse_kms(&own)))?;
    let sharing = modify(&client, "s").values_to_add(YOURS);
    refused!(sharing, "InvalidDBClusterSnapshotStateFault", 400);
    Ok(())
}

async fn an_encrypted_snapshot_is_not_made_public(bed: Bed) -> Outcome {
    let client = rds(&bed, MINE, HERE);
    let key = key(&bed, MINE, HERE, "k", &[YOURS])?;
    seed(&bed, plain("s", sse_kms(&key)))?;
    seed(&bed, plain("open", Encryption::None))?;
    refused!(modify(&client, "s").values_to_add("all"), "InvalidParameterCombination", 400);
    modify(&client, "s").values_to_add(YOURS).send().await.unwrap();
    modify(&client, "open").values_to_add("all").send().await.unwrap();
    assert_eq!(shared_with(&client, "open").await, ["all"]);
    Ok(())
}

/// The identifiers of the snapshots that a description finds, with their types.
macro_rules! found {
    ($describe:expr) => {{
        let found = $describe.send().await.unwrap().db_cluster_snapshots.unwrap_or_default();
        let name = |s: &aws_sdk_rds::types::DbClusterSnapshot| {
            let id = s.db_cluster_snapshot_identifier().unwrap().to_owned();
            (id, s.snapshot_type().unwrap().to_owned())
        };
        found.iter().map(name).collect::<Vec<_>>()
    }};
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, kind)| ((*id).to_owned(), (*kind).to_owned())).collect()
}

async fn a_shared_snapshot_is_seen_by_its_arn_from_the_other_side(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let shared = seed(&bed, plain("shared", Encryption::SseRds))?;
    let secret = seed(&bed, plain("secret", Encryption::SseRds))?;
    share(&mine, "shared", &[YOURS]).await;
    let all = || yours.describe_db_cluster_snapshots();
    assert_eq!(found!(all()), []);
    let expected = pairs(&[(&shared, "shared")]);
    assert_eq!(found!(all().include_shared(true)), expected);
    assert_eq!(found!(all().snapshot_type("shared")), expected);
    assert_eq!(found!(all().snapshot_type("manual").include_shared(true)), []);
    let one = all().db_cluster_snapshot_identifier(&shared).include_shared(true);
    assert_eq!(found!(one), expected);
    let hidden = all().db_cluster_snapshot_identifier(&secret).include_shared(true);
    refused!(hidden, "DBClusterSnapshotNotFoundFault", 404);
    let by_name = all().db_cluster_snapshot_identifier("shared").include_shared(true);
    refused!(by_name, "DBClusterSnapshotNotFoundFault", 404);
    let elsewhere = rds(&bed, YOURS, THERE).describe_db_cluster_snapshots();
    assert_eq!(found!(elsewhere.include_shared(true)), []);
    let own = found!(mine.describe_db_cluster_snapshots().include_shared(true));
    assert_eq!(own, pairs(&[("secret", "manual"), ("shared", "manual")]));
    Ok(())
}

async fn shared_snapshots_are_paged_and_filtered_with_one_s_own(bed: Bed) -> Outcome {
    let yours = rds(&bed, YOURS, HERE);
    for n in 0..30 {
        let one = plain(&format!("s{n:02}"), Encryption::SseRds);
        seed(&bed, SnapshotSeed { shared_with: [YOURS.to_owned()].into(), ..one })?;
    }
    copy(&yours, &arn(HERE, MINE, "s00"), "own").send().await.unwrap();
    let all = || yours.describe_db_cluster_snapshots().include_shared(true);
    let first = all().max_records(20).send().await.unwrap();
    let second = all().max_records(20).marker(first.marker().unwrap()).send().await.unwrap();
    assert_eq!(second.marker(), None);
    let seen = first.db_cluster_snapshots().iter().chain(second.db_cluster_snapshots());
    let seen: BTreeSet<_> = seen.map(|s| s.db_cluster_snapshot_identifier().unwrap()).collect();
    assert_eq!(seen.len(), 31);
    assert!(seen.contains("own") && seen.contains(arn(HERE, MINE, "s29").as_str()));
    let two = Filter::builder().name("db-cluster-snapshot-id").values(arn(HERE, MINE, "s07"));
    let two = two.values("own").values("s08").build();
    let expected = pairs(&[(&arn(HERE, MINE, "s07"), "shared"), ("own", "manual")]);
    assert_eq!(found!(all().filters(two)), expected);
    Ok(())
}

async fn a_public_snapshot_is_seen_by_everybody_who_asks_for_it(bed: Bed) -> Outcome {
    let yours = rds(&bed, YOURS, HERE);
    let one = plain("open", Encryption::None);
    let open = seed(&bed, SnapshotSeed { shared_with: ["all".to_owned()].into(), ..one })?;
    let all = || yours.describe_db_cluster_snapshots();
    assert_eq!(found!(all().include_shared(true)), []);
    assert_eq!(found!(all().include_public(true)), pairs(&[(&open, "public")]));
    assert_eq!(found!(all().snapshot_type("public")), pairs(&[(&open, "public")]));
    restore(&yours, "c", &open).send().await.unwrap();
    Ok(())
}

async fn a_shared_snapshot_is_restored_by_its_arn_in_its_region_alone(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let shared = seed(&bed, plain("s", Encryption::SseRds))?;
    refused!(restore(&yours, "c", &shared), "DBClusterSnapshotNotFoundFault", 404);
    share(&mine, "s", &[YOURS]).await;
    refused!(restore(&yours, "c", "s"), "DBClusterSnapshotNotFoundFault", 404);
    let there = rds(&bed, YOURS, THERE);
    refused!(restore(&there, "c", &shared), "DBClusterSnapshotNotFoundFault", 404);
    restore(&yours, "c", &shared).send().await.unwrap();
    bed.seconds(HOUR).await?;
    let restored = cluster(&yours, "c").await;
    assert_eq!(restored.status(), Some("available"));
    assert_eq!(restored.master_username(), snapshot(&mine, "s").await.master_username());
    Ok(())
}

async fn unsharing_stops_further_restores(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let shared = seed(&bed, plain("s", Encryption::SseRds))?;
    share(&mine, "s", &[YOURS]).await;
    restore(&yours, "first", &shared).send().await.unwrap();
    unshare(&mine, "s", YOURS).await;
    refused!(restore(&yours, "second", &shared), "DBClusterSnapshotNotFoundFault", 404);
    bed.seconds(HOUR).await?;
    assert_eq!(cluster(&yours, "first").await.status(), Some("available"));
    Ok(())
}

async fn nobody_changes_the_sharing_of_a_snapshot_of_another_account(bed: Bed) -> Outcome {
    let (mine, yours) = (rds(&bed, MINE, HERE), rds(&bed, YOURS, HERE));
    let shared = seed(&bed, plain("s", Encryption::SseRds))?;
    share(&mine, "s", &[YOURS]).await;
    assert_eq!(shared, arn(HERE, MINE, "s"));
    let further = modify(&yours, &shared).values_to_add("333333333333");
    refused!(further, "DBClusterSnapshotNotFoundFault", 404);
    let gone = yours.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(&shared);
    refused!(gone, "DBClusterSnapshotNotFoundFault", 404);
    Ok(())
}
