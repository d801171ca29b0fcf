//! Limits on how often an action may be called.

use super::engines_kit::{Stage, refusal};
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aws_sdk_rds::Client;
use std::collections::BTreeSet;

facts!("rds":
    there_is_no_limit_unless_one_is_set: "the local cloud",
    calls_beyond_the_limit_are_refused_until_time_passes:
        "RDS API, Common errors: ThrottlingException; Query API throttling",
    each_action_account_and_region_has_a_limit_of_its_own: "RDS API, Common errors",
    both_codes_of_throttling_occur: "RDS API, Common errors; SDK retry modes: Throttling",
    a_throttled_call_has_no_effect: "RDS API, Common errors",
);

/// How many of `n` descriptions are admitted; the others are throttled.
async fn admitted(client: &Client, n: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..n {
        match client.describe_db_clusters().send().await {
            Ok(_) => admitted += 1,
            refused => {
                let (code, status) = refusal(refused);
                assert!(code.starts_with("Throttling"), "{code}");
                assert_eq!(status, 400);
            }
        }
    }
    admitted
}

fn limit(bed: &Bed, action: Option<&str>, per_second: f64, burst: f64) -> Outcome {
    bed.cloud()?.world().rds.set_rate_limit(action, per_second, burst);
    Ok(())
}

async fn there_is_no_limit_unless_one_is_set(bed: Bed) -> Outcome {
    bed.cloud()?;
    assert_eq!(admitted(&bed.rds(), 100).await, 100);
    Ok(())
}

async fn calls_beyond_the_limit_are_refused_until_time_passes(bed: Bed) -> Outcome {
    limit(&bed, None, 0.01, 3.0)?;
    let client = bed.rds();
    assert_eq!(admitted(&client, 10).await, 3);
    bed.seconds(200).await?;
    assert_eq!(admitted(&client, 10).await, 2);
    bed.cloud()?.world().rds.clear_rate_limits();
    assert_eq!(admitted(&client, 10).await, 10);
    Ok(())
}

async fn each_action_account_and_region_has_a_limit_of_its_own(bed: Bed) -> Outcome {
    limit(&bed, Some("DescribeDBClusters"), 0.001, 2.0)?;
    assert_eq!(admitted(&bed.rds(), 5).await, 2);
    let other_account = bed.rds_as(key_of("222222222222"), REGION);
    assert_eq!(admitted(&other_account, 5).await, 2);
    let other_region = bed.rds_as(key_of(ACCOUNT), "eu-west-1");
    assert_eq!(admitted(&other_region, 5).await, 2);
    for _ in 0..5 {
        bed.rds().describe_db_instances().send().await.unwrap();
    }
    Ok(())
}

async fn both_codes_of_throttling_occur(bed: Bed) -> Outcome {
    limit(&bed, None, 0.001, 1.0)?;
    let client = bed.rds();
    client.describe_db_clusters().send().await.unwrap();
    let mut codes = BTreeSet::new();
    for _ in 0..100 {
        codes.insert(refusal(client.describe_db_clusters().send().await));
    }
    let codes: Vec<_> = codes.iter().map(|(code, status)| (code.as_str(), *status)).collect();
    assert_eq!(codes, [("Throttling", 400), ("ThrottlingException", 400)]);
    Ok(())
}

async fn a_throttled_call_has_no_effect(bed: Bed) -> Outcome {
    limit(&bed, Some("CreateDBCluster"), 0.001, 1.0)?;
    let stage = Stage::new(bed);
    stage.create("aurora-mysql", "one").send().await.unwrap();
    let (code, status) = refusal(stage.create("aurora-mysql", "two").send().await);
    assert!(code.starts_with("Throttling"), "{code}");
    assert_eq!(status, 400);
    let found = stage.client.describe_db_clusters().send().await.unwrap();
    assert_eq!(found.db_clusters().len(), 1);
    Ok(())
}
