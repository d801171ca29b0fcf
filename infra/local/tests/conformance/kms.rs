//! AWS KMS: keys, aliases, policies. API = AWS KMS API Reference, DG = AWS KMS Developer Guide.

use crate::bed::{ACCOUNT, Bed, key_of};
use crate::fact::{Outcome, facts};
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType};

facts!("kms":
    a_new_key_is_symmetric_enabled_and_the_customer_s: "API CreateKey; API KeyMetadata",
    a_key_is_described_by_id_arn_alias_and_alias_arn: "API DescribeKey, KeyId",
    what_is_not_there_is_not_found: "API DescribeKey, NotFoundException",
    a_key_is_disabled_and_enabled_again: "API DisableKey, EnableKey",
    a_key_waits_for_its_deletion_and_may_be_kept_after_all:
        "API ScheduleKeyDeletion, CancelKeyDeletion",
    a_key_is_gone_with_its_aliases_when_its_time_has_come: "API ScheduleKeyDeletion",
    a_key_that_waits_for_its_deletion_is_not_changed: "DG, key states; KMSInvalidStateException",
    an_alias_names_one_key: "API CreateAlias, AlreadyExistsException; API DeleteAlias",
    an_alias_has_a_name_that_aws_does_not_keep_for_itself: "API CreateAlias, AliasName",
    keys_and_aliases_are_listed_in_pages: "API ListKeys, ListAliases",
    the_key_of_rds_is_managed_by_aws: "DG, AWS managed keys",
    nobody_touches_the_key_of_rds: "DG, AWS managed keys",
    another_account_uses_a_key_when_its_policy_says_so:
        "DG, allowing users in other accounts to use a KMS key; API PutKeyPolicy",
    a_policy_must_be_one_that_can_be_changed_again:
        "API PutKeyPolicy, BypassPolicyLockoutSafetyCheck, MalformedPolicyDocumentException",
    what_kms_does_not_do_here_is_refused: "loud refusals of the local cloud",
);

const YOURS: &str = "222222222222";

/// Holds that a call is refused with a wire code, and HTTP status 400 like all refusals of KMS.
macro_rules! refused {
    ($call:expr, $code:expr) => {{
        use aws_sdk_kms::error::ProvideErrorMetadata as _;
        let refusal = $call.send().await.unwrap_err();
        let status = refusal.raw_response().unwrap().status().as_u16();
        assert_eq!((refusal.meta().code().unwrap(), status), ($code, 400), "{refusal:?}");
    }};
}

async fn created(client: &Client) -> KeyMetadata {
    client.create_key().description("a key").send().await.unwrap().key_metadata.unwrap()
}

async fn described(client: &Client, id: &str) -> KeyMetadata {
    client.describe_key().key_id(id).send().await.unwrap().key_metadata.unwrap()
}

async fn state(client: &Client, id: &str) -> (KeyState, bool) {
    let key = described(client, id).await;
    (key.key_state.unwrap(), key.enabled)
}

async fn a_new_key_is_symmetric_enabled_and_the_customer_s(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    assert_eq!(key.key_state(), Some(&KeyState::Enabled));
    assert!(key.enabled());
    assert_eq!(key.key_manager(), Some(&KeyManagerType::Customer));
    assert_eq!(key.key_spec(), Some(&KeySpec::SymmetricDefault));
    assert_eq!(key.key_usage(), Some(&KeyUsageType::EncryptDecrypt));
    assert_eq!(key.multi_region(), Some(false));
    assert_eq!(key.description(), Some("a key"));
    let lengths: Vec<_> = key.key_id().split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    let (region, account) = (bed.region(), key.aws_account_id().unwrap());
    let arn = format!("arn:aws:kms:{region}:{account}:key/{}", key.key_id());
    assert_eq!(key.arn(), Some(arn.as_str()));
    let made_ms = key.creation_date().unwrap().to_millis().unwrap();
    assert!((made_ms - bed.now_ms()).abs() < 60_000);
    assert_ne!(created(&client).await.key_id(), key.key_id());
    Ok(())
}

async fn a_key_is_described_by_id_arn_alias_and_alias_arn(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    let alias = format!("alias/{}", bed.name("mine"));
    let alias_call = client.create_alias().alias_name(&alias).target_key_id(key.key_id());
    alias_call.send().await.unwrap();
    let account = key.aws_account_id().unwrap();
    let alias_arn = format!("arn:aws:kms:{}:{account}:{alias}", bed.region());
    for given in [key.key_id(), key.arn().unwrap(), &alias, &alias_arn] {
        assert_eq!(described(&client, given).await, key, "{given}");
    }
    Ok(())
}

async fn what_is_not_there_is_not_found(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    let elsewhere = key.arn().unwrap().replace(&bed.region(), "eu-north-1");
    let none = "11111111-2222-4333-8444-555555555555";
    for given in [none, "alias/no-such-alias", &elsewhere] {
        refused!(client.describe_key().key_id(given), "NotFoundException");
    }
    refused!(client.enable_key().key_id(none), "NotFoundException");
    Ok(())
}

async fn a_key_is_disabled_and_enabled_again(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    client.disable_key().key_id(key.key_id()).send().await.unwrap();
    assert_eq!(state(&client, key.key_id()).await, (KeyState::Disabled, false));
    client.enable_key().key_id(key.key_id()).send().await.unwrap();
    assert_eq!(state(&client, key.key_id()).await, (KeyState::Enabled, true));
    Ok(())
}

async fn a_key_waits_for_its_deletion_and_may_be_kept_after_all(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    let id = key.key_id();
    let end = || client.schedule_key_deletion().key_id(id);
    for days in [6, 31] {
        refused!(end().pending_window_in_days(days), "ValidationException");
    }
    refused!(client.cancel_key_deletion().key_id(id), "KMSInvalidStateException");
    let answer = end().pending_window_in_days(7).send().await.unwrap();
    assert_eq!(answer.key_id(), key.arn());
    assert_eq!(answer.key_state(), Some(&KeyState::PendingDeletion));
    let gone_ms = answer.deletion_date().unwrap().to_millis().unwrap();
    assert!((gone_ms - bed.now_ms() - 7 * 86_400_000).abs() < 60_000);
    assert_eq!(state(&client, id).await, (KeyState::PendingDeletion, false));
    client.cancel_key_deletion().key_id(id).send().await.unwrap();
    assert_eq!(state(&client, id).await, (KeyState::Disabled, false));
    Ok(())
}

async fn a_key_is_gone_with_its_aliases_when_its_time_has_come(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    let alias = format!("alias/{}", bed.name("mine"));
    let alias_call = client.create_alias().alias_name(&alias).target_key_id(key.key_id());
    alias_call.send().await.unwrap();
    let end = client.schedule_key_deletion().key_id(key.key_id()).pending_window_in_days(7);
    end.send().await.unwrap();
    bed.seconds(7 * 86_400 + 1).await?;
    refused!(client.describe_key().key_id(key.key_id()), "NotFoundException");
    refused!(client.describe_key().key_id(&alias), "NotFoundException");
    Ok(())
}

async fn a_key_that_waits_for_its_deletion_is_not_changed(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    let id = key.key_id();
    client.schedule_key_deletion().key_id(id).send().await.unwrap();
    let wrong = "KMSInvalidStateException";
    refused!(client.enable_key().key_id(id), wrong);
    refused!(client.disable_key().key_id(id), wrong);
    refused!(client.schedule_key_deletion().key_id(id), wrong);
    let alias = format!("alias/{}", bed.name("mine"));
    refused!(client.create_alias().alias_name(alias).target_key_id(id), wrong);
    Ok(())
}

async fn an_alias_names_one_key(bed: Bed) -> Outcome {
    let client = bed.kms();
    let (one, other) = (created(&client).await, created(&client).await);
    let alias = format!("alias/{}", bed.name("mine"));
    let name = |id: &str| client.create_alias().alias_name(&alias).target_key_id(id);
    name(one.key_id()).send().await.unwrap();
    refused!(name(other.key_id()), "AlreadyExistsException");
    client.delete_alias().alias_name(&alias).send().await.unwrap();
    refused!(client.delete_alias().alias_name(&alias), "NotFoundException");
    name(other.key_id()).send().await.unwrap();
    assert_eq!(described(&client, &alias).await.key_id(), other.key_id());
    Ok(())
}

async fn an_alias_has_a_name_that_aws_does_not_keep_for_itself(bed: Bed) -> Outcome {
    let client = bed.kms();
    let key = created(&client).await;
    let name = |alias: &str| client.create_alias().alias_name(alias).target_key_id(key.key_id());
    for bad in ["alias/", "alias/a b"] {
        refused!(name(bad), "InvalidAliasNameException");
    }
    refused!(name("alias/aws/mine"), "NotAuthorizedException");
    Ok(())
}

async fn keys_and_aliases_are_listed_in_pages(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = bed.kms();
    let mut ids = Vec::new();
    for n in 0..3 {
        let id = created(&client).await.key_id;
        let name = client.create_alias().alias_name(format!("alias/k{n}")).target_key_id(&id);
        name.send().await.unwrap();
        ids.push(id);
    }
    let mut found = Vec::new();
    let mut pages = client.list_keys().into_paginator().page_size(2).send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.keys().len() <= 2);
        found.extend(page.keys().iter().filter_map(|k| k.key_id().map(str::to_owned)));
    }
    assert_eq!(found.len(), 4, "three and that of RDS: {found:?}");
    assert!(ids.iter().all(|id| found.contains(id)));
    let aliases = client.list_aliases().send().await.unwrap();
    let names: Vec<_> = aliases.aliases().iter().map(|a| a.alias_name().unwrap()).collect();
    assert_eq!(names, ["alias/aws/rds", "alias/k0", "alias/k1", "alias/k2"]);
    let of_one = client.list_aliases().key_id(&ids[1]).send().await.unwrap();
    assert_eq!(of_one.aliases().len(), 1);
    assert_eq!(of_one.aliases()[0].target_key_id(), Some(ids[1].as_str()));
    Ok(())
}

async fn the_key_of_rds_is_managed_by_aws(bed: Bed) -> Outcome {
    let here = described(&bed.kms(), "alias/aws/rds").await;
    assert_eq!(here.key_manager(), Some(&KeyManagerType::Aws));
    assert_eq!(here.key_state(), Some(&KeyState::Enabled));
    bed.cloud()?;
    let there = described(&bed.kms_as(key_of(ACCOUNT), "eu-north-1"), "alias/aws/rds").await;
    assert_ne!(here.key_id(), there.key_id());
    let yours = bed.kms_as(key_of(YOURS), &bed.region());
    let foreign = yours.describe_key().key_id(here.arn().unwrap());
    refused!(foreign, "AccessDeniedException");
    Ok(())
}

async fn nobody_touches_the_key_of_rds(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = bed.kms();
    let key = described(&client, "alias/aws/rds").await;
    refused!(client.disable_key().key_id(key.key_id()), "AccessDeniedException");
    refused!(client.schedule_key_deletion().key_id(key.key_id()), "AccessDeniedException");
    Ok(())
}

fn policy(principals: &[&str]) -> String {
    let named: Vec<_> = principals.iter().map(|a| format!(r#""arn:aws:iam::{a}:root""#)).collect();
    let named = named.join(", ");
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
            "Principal": {{"AWS": [{named}]}}, "Action": "kms:*", "Resource": "*"}}]}}"#
    )
}

async fn another_account_uses_a_key_when_its_policy_says_so(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (mine, yours) = (bed.kms(), bed.kms_as(key_of(YOURS), &bed.region()));
    let key = created(&mine).await;
    let (id, arn) = (key.key_id(), key.arn().unwrap());
    refused!(yours.describe_key().key_id(id), "NotFoundException");
    refused!(yours.describe_key().key_id(arn), "AccessDeniedException");
    let put = |policy: String| mine.put_key_policy().key_id(id).policy(policy);
    put(policy(&[ACCOUNT, YOURS])).send().await.unwrap();
    assert_eq!(described(&yours, arn).await.key_id(), id);
    refused!(yours.disable_key().key_id(arn), "AccessDeniedException");
    let read = mine.get_key_policy().key_id(id).send().await.unwrap();
    assert_eq!(read.policy(), Some(policy(&[ACCOUNT, YOURS]).as_str()));
    put(policy(&[ACCOUNT])).send().await.unwrap();
    refused!(yours.describe_key().key_id(arn), "AccessDeniedException");
    Ok(())
}

async fn a_policy_must_be_one_that_can_be_changed_again(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = bed.kms();
    let key = created(&client).await;
    let put = |policy: &str| client.put_key_policy().key_id(key.key_id()).policy(policy);
    let malformed = "MalformedPolicyDocumentException";
    refused!(put("nonsense"), malformed);
    refused!(put(&policy(&[YOURS])), malformed);
    refused!(client.create_key().policy(policy(&[YOURS])), malformed);
    let meant = put(&policy(&[YOURS])).bypass_policy_lockout_safety_check(true);
    meant.send().await.unwrap();
    refused!(client.describe_key().key_id(key.key_id()), "AccessDeniedException");
    Ok(())
}

async fn what_kms_does_not_do_here_is_refused(bed: Bed) -> Outcome {
    bed.cloud()?;
    let client = bed.kms();
    let unsupported = "UnsupportedOperationException";
    refused!(client.create_key().multi_region(true), unsupported);
    refused!(client.create_key().key_spec(KeySpec::Rsa2048), unsupported);
    refused!(client.generate_random().number_of_bytes(8), "UnknownOperationException");
    Ok(())
}
