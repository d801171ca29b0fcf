//! AWS Secrets Manager. API = API Reference, UG = User Guide.

use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

facts!("secretsmanager":
    a_secret_is_read_by_name_by_arn_and_by_arn_without_its_suffix: "API GetSecretValue: SecretId",
    a_new_value_is_current_and_the_old_one_previous: "UG, Secret versions; API PutSecretValue",
    a_put_repeated_with_its_token_has_one_effect_and_another_value_is_refused:
        "API PutSecretValue: ClientRequestToken",
    what_is_not_there_is_not_found_and_what_is_there_exists:
        "API GetSecretValue, CreateSecret: Errors",
    secrets_are_kept_apart_by_account_and_region: "UG, What is in a Secrets Manager secret",
    a_secret_marked_for_deletion_is_locked_and_gone_after_its_window:
        "UG, Delete a secret; API DeleteSecret: RecoveryWindowInDays",
    a_secret_deleted_by_force_is_gone_at_once_and_its_name_is_free:
        "API DeleteSecret: ForceDeleteWithoutRecovery",
    secrets_are_listed_in_pages_and_by_prefix: "API ListSecrets: Filters, MaxResults",
    a_secret_of_bytes_is_read_back: "API CreateSecret: SecretBinary",
    a_create_repeated_with_its_token_has_one_effect: "API CreateSecret: ClientRequestToken",
    calls_are_recorded_with_their_secret: "the local cloud: what `CallRecord` says",
);

fn code<E: ProvideErrorMetadata, R>(refusal: SdkError<E, R>) -> String {
    refusal.code().unwrap_or("no code").to_owned()
}

async fn a_secret_is_read_by_name_by_arn_and_by_arn_without_its_suffix(bed: Bed) -> Outcome {
    let client = bed.secrets();
    let (region, account, name) = (bed.region(), bed.account().await?, bed.name("app/db"));
    let made = client.create_secret().name(&name).secret_string("s3cret").send().await.unwrap();
    let arn = made.arn().unwrap();
    let (stem, suffix) = arn.rsplit_once('-').unwrap();
    assert_eq!(stem, format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}"));
    assert_eq!(suffix.len(), 6);
    for id in [name.as_str(), arn, stem] {
        let read = client.get_secret_value().secret_id(id).send().await.unwrap();
        assert_eq!(read.secret_string(), Some("s3cret"));
        assert_eq!(read.version_id(), made.version_id());
        assert_eq!(read.version_stages(), ["AWSCURRENT"]);
    }
    Ok(())
}

async fn a_new_value_is_current_and_the_old_one_previous(bed: Bed) -> Outcome {
    let client = bed.secrets();
    client.create_secret().name(bed.name("x")).secret_string("1").send().await.unwrap();
    client.put_secret_value().secret_id(bed.name("x")).secret_string("2").send().await.unwrap();
    client.put_secret_value().secret_id(bed.name("x")).secret_string("3").send().await.unwrap();
    let at = |stage: &str| {
        client.get_secret_value().secret_id(bed.name("x")).version_stage(stage).send()
    };
    assert_eq!(at("AWSCURRENT").await.unwrap().secret_string(), Some("3"));
    let previous = at("AWSPREVIOUS").await.unwrap();
    assert_eq!(previous.secret_string(), Some("2"));
    let by_version = client.get_secret_value().secret_id(bed.name("x"));
    let by_version = by_version.version_id(previous.version_id().unwrap()).send().await.unwrap();
    assert_eq!(by_version.secret_string(), Some("2"));
    assert_eq!(code(at("OTHER").await.unwrap_err()), "ResourceNotFoundException");
    Ok(())
}

async fn a_put_repeated_with_its_token_has_one_effect_and_another_value_is_refused(
    bed: Bed,
) -> Outcome {
    let client = bed.secrets();
    client.create_secret().name(bed.name("x")).secret_string("1").send().await.unwrap();
    let put = |value: &str| {
        let token = "0123456789abcdef0123456789abcdef";
        client
            .put_secret_value()
            .secret_id(bed.name("x"))
            .client_request_token(token)
            .secret_string(value)
    };
    let first = put("2").send().await.unwrap();
    let second = put("2").send().await.unwrap();
    assert_eq!(first.version_id(), second.version_id());
    assert_eq!(code(put("3").send().await.unwrap_err()), "ResourceExistsException");
    Ok(())
}

async fn what_is_not_there_is_not_found_and_what_is_there_exists(bed: Bed) -> Outcome {
    let client = bed.secrets();
    let missing = client.get_secret_value().secret_id(bed.name("x")).send().await.unwrap_err();
    assert_eq!(code(missing), "ResourceNotFoundException");
    let missing =
        client.put_secret_value().secret_id(bed.name("x")).secret_string("1").send().await;
    assert_eq!(code(missing.unwrap_err()), "ResourceNotFoundException");
    client.create_secret().name(bed.name("x")).secret_string("1").send().await.unwrap();
    let again =
        client.create_secret().name(bed.name("x")).secret_string("2").send().await.unwrap_err();
    assert_eq!(code(again), "ResourceExistsException");
    Ok(())
}

async fn secrets_are_kept_apart_by_account_and_region(bed: Bed) -> Outcome {
    bed.cloud()?; // Other accounts need keys.
    bed.secrets().create_secret().name(bed.name("x")).secret_string("1").send().await.unwrap();
    for (account, region) in [("222222222222", REGION), (ACCOUNT, "eu-west-1")] {
        let elsewhere = bed.secrets_as(key_of(account), region);
        let missing =
            elsewhere.get_secret_value().secret_id(bed.name("x")).send().await.unwrap_err();
        assert_eq!(code(missing), "ResourceNotFoundException");
    }
    Ok(())
}

async fn a_secret_marked_for_deletion_is_locked_and_gone_after_its_window(bed: Bed) -> Outcome {
    let client = bed.secrets();
    client.create_secret().name(bed.name("x")).secret_string("1").send().await.unwrap();
    client
        .delete_secret()
        .secret_id(bed.name("x"))
        .recovery_window_in_days(7)
        .send()
        .await
        .unwrap();
    let locked = client.get_secret_value().secret_id(bed.name("x")).send().await.unwrap_err();
    assert_eq!(code(locked), "InvalidRequestException");
    let again =
        client.create_secret().name(bed.name("x")).secret_string("2").send().await.unwrap_err();
    assert_eq!(code(again), "InvalidRequestException");
    assert!(
        client
            .describe_secret()
            .secret_id(bed.name("x"))
            .send()
            .await
            .unwrap()
            .deleted_date()
            .is_some()
    );
    bed.seconds(7 * 86_400).await?;
    let gone = client.describe_secret().secret_id(bed.name("x")).send().await.unwrap_err();
    assert_eq!(code(gone), "ResourceNotFoundException");
    Ok(())
}

async fn a_secret_deleted_by_force_is_gone_at_once_and_its_name_is_free(bed: Bed) -> Outcome {
    let client = bed.secrets();
    client.create_secret().name(bed.name("x")).secret_string("1").send().await.unwrap();
    let delete =
        client.delete_secret().secret_id(bed.name("x")).force_delete_without_recovery(true);
    delete.send().await.unwrap();
    let gone = client.get_secret_value().secret_id(bed.name("x")).send().await.unwrap_err();
    assert_eq!(code(gone), "ResourceNotFoundException");
    client.create_secret().name(bed.name("x")).secret_string("2").send().await.unwrap();
    Ok(())
}

async fn secrets_are_listed_in_pages_and_by_prefix(bed: Bed) -> Outcome {
    let client = bed.secrets();
    for name in ["a/1", "a/2", "a/3", "b/1"] {
        client.create_secret().name(bed.name(name)).secret_string("1").send().await.unwrap();
    }
    bed.settled().await;
    let in_a = Filter::builder().key(FilterNameStringType::Name).values(bed.name("a/")).build();
    let first = client.list_secrets().filters(in_a.clone()).max_results(2).send().await.unwrap();
    let names: Vec<_> = first.secret_list().iter().filter_map(|s| s.name()).collect();
    assert_eq!(names, [bed.name("a/1"), bed.name("a/2")]);
    let rest = client.list_secrets().filters(in_a).set_next_token(first.next_token).send();
    let rest = rest.await.unwrap();
    assert_eq!(rest.secret_list().len(), 1);
    assert_eq!(rest.next_token(), None);
    Ok(())
}

async fn a_secret_of_bytes_is_read_back(bed: Bed) -> Outcome {
    let client = bed.secrets();
    let create = client.create_secret().name(bed.name("x")).secret_binary(Blob::new([0, 255]));
    create.send().await.unwrap();
    let read = client.get_secret_value().secret_id(bed.name("x")).send().await.unwrap();
    assert_eq!((read.secret_binary(), read.secret_string()), (Some(&Blob::new([0, 255])), None));
    let both = client.put_secret_value().secret_id(bed.name("x")).secret_string("1");
    let both = both.secret_binary(Blob::new([1])).send().await.unwrap_err();
    assert_eq!(code(both), "InvalidParameterException");
    Ok(())
}

async fn a_create_repeated_with_its_token_has_one_effect(bed: Bed) -> Outcome {
    let client = bed.secrets();
    let create = |value: &str| {
        let token = "0123456789abcdef0123456789abcdef";
        let create = client.create_secret().name(bed.name("x")).client_request_token(token);
        create.secret_string(value)
    };
    let first = create("1").send().await.unwrap();
    let second = create("1").send().await.unwrap();
    assert_eq!((first.arn(), first.version_id()), (second.arn(), second.version_id()));
    let another = create("2").send().await.unwrap_err();
    assert_eq!(code(another), "ResourceExistsException");
    Ok(())
}

async fn calls_are_recorded_with_their_secret(bed: Bed) -> Outcome {
    let cloud = bed.cloud()?;
    let client = bed.secrets();
    client.create_secret().name("app/db").secret_string("s3cret").send().await.unwrap();
    let world = cloud.world();
    assert_eq!(world.secrets.current(ACCOUNT, REGION, "app/db"), Some("s3cret"));
    let record = world.meter.recent().next().unwrap();
    assert_eq!((record.resource.as_str(), record.items), ("app/db", 1));
    Ok(())
}
