//! Secrets Manager through the real SDK.

mod common;

use aurora_restore_local::meter::CallRecord;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use common::{ACCOUNT, REGION, cloud, seconds, secrets, secrets_as};

fn code<E: ProvideErrorMetadata, R>(refusal: SdkError<E, R>) -> String {
    refusal.code().unwrap_or("no code").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_read_by_name_by_arn_and_by_arn_without_its_suffix() {
    let cloud = cloud();
    let client = secrets(&cloud);
    let made = client.create_secret().name("app/db").secret_string("s3cret").send().await.unwrap();
    let arn = made.arn().unwrap();
    let (stem, suffix) = arn.rsplit_once('-').unwrap();
    assert_eq!(stem, format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:app/db"));
    assert_eq!(suffix.len(), 6);
    for id in ["app/db", arn, stem] {
        let read = client.get_secret_value().secret_id(id).send().await.unwrap();
        assert_eq!(read.secret_string(), Some("s3cret"));
        assert_eq!(read.version_id(), made.version_id());
        assert_eq!(read.version_stages(), ["AWSCURRENT"]);
    }
    let world = cloud.world();
    assert_eq!(world.secrets.current(ACCOUNT, REGION, "app/db"), Some("s3cret"));
    let record: &CallRecord = world.meter.recent().next().unwrap();
    assert_eq!((record.resource.as_str(), record.items), ("app/db", 1));
}

#[tokio::test(start_paused = true)]
async fn a_new_value_is_current_and_the_old_one_previous() {
    let cloud = cloud();
    let client = secrets(&cloud);
    client.create_secret().name("x").secret_string("1").send().await.unwrap();
    client.put_secret_value().secret_id("x").secret_string("2").send().await.unwrap();
    client.put_secret_value().secret_id("x").secret_string("3").send().await.unwrap();
    let at = |stage: &str| client.get_secret_value().secret_id("x").version_stage(stage).send();
    assert_eq!(at("AWSCURRENT").await.unwrap().secret_string(), Some("3"));
    let previous = at("AWSPREVIOUS").await.unwrap();
    assert_eq!(previous.secret_string(), Some("2"));
    let by_version = client.get_secret_value().secret_id("x");
    let by_version = by_version.version_id(previous.version_id().unwrap()).send().await.unwrap();
    assert_eq!(by_version.secret_string(), Some("2"));
    assert_eq!(code(at("OTHER").await.unwrap_err()), "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn a_put_repeated_with_its_token_has_one_effect_and_another_value_is_refused() {
    let cloud = cloud();
    let client = secrets(&cloud);
    client.create_secret().name("x").secret_string("1").send().await.unwrap();
    let put = |value: &str| {
        let token = "0123456789abcdef0123456789abcdef";
        client.put_secret_value().secret_id("x").client_request_token(token).secret_string(value)
    };
    let first = put("2").send().await.unwrap();
    let second = put("2").send().await.unwrap();
    assert_eq!(first.version_id(), second.version_id());
    assert_eq!(code(put("3").send().await.unwrap_err()), "ResourceExistsException");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found_and_what_is_there_exists() {
    let cloud = cloud();
    let client = secrets(&cloud);
    let missing = client.get_secret_value().secret_id("x").send().await.unwrap_err();
    assert_eq!(code(missing), "ResourceNotFoundException");
    let missing = client.put_secret_value().secret_id("x").secret_string("1").send().await;
    assert_eq!(code(missing.unwrap_err()), "ResourceNotFoundException");
    client.create_secret().name("x").secret_string("1").send().await.unwrap();
    let again = client.create_secret().name("x").secret_string("2").send().await.unwrap_err();
    assert_eq!(code(again), "ResourceExistsException");
}

#[tokio::test(start_paused = true)]
async fn secrets_are_kept_apart_by_account_and_region() {
    let cloud = cloud();
    secrets(&cloud).create_secret().name("x").secret_string("1").send().await.unwrap();
    for (account, region) in [("222222222222", REGION), (ACCOUNT, "eu-west-1")] {
        let elsewhere = secrets_as(&cloud, account, region);
        let missing = elsewhere.get_secret_value().secret_id("x").send().await.unwrap_err();
        assert_eq!(code(missing), "ResourceNotFoundException");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_marked_for_deletion_is_locked_and_gone_after_its_window() {
    let cloud = cloud();
    let client = secrets(&cloud);
    client.create_secret().name("x").secret_string("1").send().await.unwrap();
    client.delete_secret().secret_id("x").recovery_window_in_days(7).send().await.unwrap();
    let locked = client.get_secret_value().secret_id("x").send().await.unwrap_err();
    assert_eq!(code(locked), "InvalidRequestException");
    let again = client.create_secret().name("x").secret_string("2").send().await.unwrap_err();
    assert_eq!(code(again), "InvalidRequestException");
    assert!(client.describe_secret().secret_id("x").send().await.unwrap().deleted_date().is_some());
    seconds(7 * 86_400).await;
    let gone = client.describe_secret().secret_id("x").send().await.unwrap_err();
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn a_secret_deleted_by_force_is_gone_at_once_and_its_name_is_free() {
    let cloud = cloud();
    let client = secrets(&cloud);
    client.create_secret().name("x").secret_string("1").send().await.unwrap();
    let delete = client.delete_secret().secret_id("x").force_delete_without_recovery(true);
    delete.send().await.unwrap();
    let gone = client.get_secret_value().secret_id("x").send().await.unwrap_err();
    assert_eq!(code(gone), "ResourceNotFoundException");
    client.create_secret().name("x").secret_string("2").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn secrets_are_listed_in_pages_and_by_prefix() {
    let cloud = cloud();
    let client = secrets(&cloud);
    for name in ["a/1", "a/2", "a/3", "b/1"] {
        client.create_secret().name(name).secret_string("1").send().await.unwrap();
    }
    let in_a = Filter::builder().key(FilterNameStringType::Name).values("a/").build();
    let first = client.list_secrets().filters(in_a.clone()).max_results(2).send().await.unwrap();
    let names: Vec<_> = first.secret_list().iter().filter_map(|s| s.name()).collect();
    assert_eq!(names, ["a/1", "a/2"]);
    let rest = client.list_secrets().filters(in_a).set_next_token(first.next_token).send();
    let rest = rest.await.unwrap();
    assert_eq!(rest.secret_list().len(), 1);
    assert_eq!(rest.next_token(), None);
}
