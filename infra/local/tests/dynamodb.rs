//! Conformance of the DynamoDB stand-in, through the real SDK client, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::meter::CallRecord;
use aurora_restore_local::settings::WorldSettings;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, DeleteRequest, GlobalSecondaryIndex,
    IndexStatus, KeySchemaElement, KeyType, KeysAndAttributes, Projection, ProjectionType,
    PutRequest, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
    ScalarAttributeType, Select, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
    WriteRequest,
};
use common::{cloud, cloud_with, dynamodb, dynamodb_as, seconds};
use std::collections::BTreeMap;

const TABLE: &str = "restores";

fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn definition(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

fn schema(hash: &str, range: &str) -> Vec<KeySchemaElement> {
    let element = |name, kind| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    };
    vec![element(hash, KeyType::Hash), element(range, KeyType::Range)]
}

fn index(name: &str, keys: (&str, &str), projected: &[&str]) -> GlobalSecondaryIndex {
    let projection = match projected {
        [] => Projection::builder().projection_type(ProjectionType::KeysOnly),
        names => {
            let projection = Projection::builder().projection_type(ProjectionType::Include);
            names.iter().fold(projection, |p, name| p.non_key_attributes(*name))
        }
    };
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(schema(keys.0, keys.1)))
        .projection(projection.build())
        .build()
        .unwrap()
}

fn create(client: &Client) -> CreateTableFluentBuilder {
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema("pk", "sk")))
        .attribute_definitions(definition("pk", ScalarAttributeType::S))
        .attribute_definitions(definition("sk", ScalarAttributeType::S))
        .attribute_definitions(definition("due_shard", ScalarAttributeType::S))
        .attribute_definitions(definition("due_at", ScalarAttributeType::N))
        .attribute_definitions(definition("watch_scope", ScalarAttributeType::S))
        .attribute_definitions(definition("watch_ref", ScalarAttributeType::S))
        .global_secondary_indexes(index("due", ("due_shard", "due_at"), &["seq"]))
        .global_secondary_indexes(index("watching", ("watch_scope", "watch_ref"), &[]))
}

async fn with_table(cloud: &Cloud) -> Client {
    let client = dynamodb(cloud);
    create(&client).send().await.unwrap();
    client
}

async fn put(client: &Client, pk: &str, sk: &str, attributes: &[(&str, AttributeValue)]) {
    let put = client.put_item().table_name(TABLE).item("pk", s(pk)).item("sk", s(sk));
    let put = attributes.iter().fold(put, |put, (name, value)| put.item(*name, value.clone()));
    put.send().await.unwrap();
}

fn update(client: &Client, pk: &str, expression: &str) -> UpdateItemFluentBuilder {
    let update = client.update_item().table_name(TABLE).key("pk", s(pk)).key("sk", s("state"));
    update.update_expression(expression)
}

async fn get(client: &Client, pk: &str) -> Option<BTreeMap<String, AttributeValue>> {
    let get = client.get_item().table_name(TABLE).key("pk", s(pk)).key("sk", s("state"));
    let answer = get.consistent_read(true).send().await.unwrap();
    answer.item.map(BTreeMap::from_iter)
}

async fn due(client: &Client, shard: &str) -> Vec<String> {
    let query = client.query().table_name(TABLE).index_name("due");
    let query = query.key_condition_expression("due_shard = :s AND due_at <= :now");
    let query = query.expression_attribute_values(":s", s(shard));
    let answer = query.expression_attribute_values(":now", n(1000)).send().await.unwrap();
    answer.items().iter().map(|item| item["pk"].as_s().unwrap().clone()).collect()
}

fn last_call(cloud: &Cloud) -> CallRecord {
    cloud.world().meter.recent().last().unwrap().clone()
}

/// Code and text of a refusal.
fn refusal<E, R>(answer: Result<impl std::fmt::Debug, SdkError<E, R>>) -> (String, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    let e = answer.unwrap_err();
    (e.code().unwrap_or_default().to_owned(), e.message().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_table_is_created_once_described_listed_and_deleted() {
    let cloud = cloud();
    let client = dynamodb(&cloud);
    let created = create(&client).send().await.unwrap().table_description.unwrap();
    assert_eq!(created.table_status(), Some(&TableStatus::Active));
    let (code, _) = refusal(create(&client).send().await);
    assert_eq!(code, "ResourceInUseException");
    put(&client, "job#1", "state", &[("due_shard", s("r#0")), ("due_at", n(1))]).await;

    let table = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    assert_eq!(table.item_count(), Some(1));
    assert_eq!(table.creation_date_time().unwrap().to_millis().unwrap(), common::START_MS);
    assert_eq!(table.table_arn(), Some("arn:aws:dynamodb:us-east-1:111111111111:table/restores"));
    let due = &table.global_secondary_indexes()[0];
    assert_eq!((due.index_name(), due.item_count()), (Some("due"), Some(1)));
    assert_eq!(due.index_status(), Some(&IndexStatus::Active));
    assert_eq!(due.projection().unwrap().non_key_attributes(), ["seq"]);

    let elsewhere = dynamodb_as(&cloud, common::ACCOUNT, "eu-west-1");
    assert!(elsewhere.list_tables().send().await.unwrap().table_names().is_empty());
    assert_eq!(client.list_tables().send().await.unwrap().table_names(), [TABLE]);
    client.delete_table().table_name(TABLE).send().await.unwrap();
    let missing = client.describe_table().table_name(TABLE).send().await;
    assert!(missing.unwrap_err().into_service_error().is_resource_not_found_exception());
    let missing = client.get_item().table_name(TABLE).key("pk", s("a")).send().await;
    assert!(missing.unwrap_err().into_service_error().is_resource_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn an_item_with_every_type_is_stored_and_read_back() {
    let client = with_table(&cloud()).await;
    let attributes = [
        ("bin", AttributeValue::B(Blob::new([0, 255]))),
        ("flag", AttributeValue::Bool(true)),
        ("none", AttributeValue::Null(true)),
        ("list", AttributeValue::L(vec![n("1.5"), s("")])),
        ("map", AttributeValue::M([("k".to_owned(), n(-3))].into())),
        ("ss", AttributeValue::Ss(vec!["a".into(), "b".into()])),
        ("ns", AttributeValue::Ns(vec!["1".into(), "2".into()])),
        ("bs", AttributeValue::Bs(vec![Blob::new([1])])),
    ];
    put(&client, "job#1", "state", &attributes).await;
    let item = get(&client, "job#1").await.unwrap();
    for (name, value) in attributes {
        assert_eq!(item[name], value, "{name}");
    }
    assert_eq!(get(&client, "job#2").await, None);
    put(&client, "job#3", "state", &[("num", n("007.50e1"))]).await;
    assert_eq!(get(&client, "job#3").await.unwrap()["num"], n("75"));
}

#[tokio::test(start_paused = true)]
async fn a_race_of_eight_conditional_updates_has_exactly_one_winner() {
    let settings = WorldSettings { latency_ms: (1, 20), ..WorldSettings::default() };
    let cloud = cloud_with(settings);
    let client = with_table(&cloud).await;
    put(&client, "job#1", "state", &[("seq", n(7)), ("epoch", n(0))]).await;
    let claims = (0..8).map(|worker| {
        let claim = update(&client, "job#1", "SET lease = :me ADD epoch :one")
            .condition_expression("seq = :seq AND attribute_not_exists(lease)")
            .expression_attribute_values(":me", s(format!("worker-{worker}")))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":seq", n(7));
        claim.send()
    });
    let mut set = tokio::task::JoinSet::new();
    claims.for_each(|claim| {
        set.spawn(claim);
    });
    let answers = set.join_all().await;
    let lost = answers.iter().filter(|answer| match answer {
        Ok(_) => false,
        Err(e) => {
            assert_eq!(e.code(), Some("ConditionalCheckFailedException"));
            true
        }
    });
    assert_eq!(lost.count(), 7);
    assert_eq!(get(&client, "job#1").await.unwrap()["epoch"], n(1));
}

#[tokio::test(start_paused = true)]
async fn a_failed_condition_returns_the_item_that_was_in_the_way_and_costs_its_size() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    put(&client, "job#1", "state", &[("owner", s("w1")), ("fill", s("x".repeat(2000)))]).await;
    let attempt = |wanted| {
        update(&client, "job#1", "SET #o = :me")
            .condition_expression("attribute_not_exists(#o)")
            .expression_attribute_names("#o", "owner")
            .expression_attribute_values(":me", s("w2"))
            .return_values_on_condition_check_failure(wanted)
            .send()
    };
    let e = attempt(ReturnValuesOnConditionCheckFailure::AllOld).await.unwrap_err();
    let UpdateItemError::ConditionalCheckFailedException(e) = e.into_service_error() else {
        panic!("another error");
    };
    assert_eq!(e.item().unwrap()["owner"], s("w1"));
    let call = last_call(&cloud);
    assert_eq!((call.write_units, call.items), (2.0, 0));
    assert_eq!(call.outcome, "ConditionalCheckFailedException");
    assert_eq!(call.resource, "restores/job#1/state");

    let e = attempt(ReturnValuesOnConditionCheckFailure::None).await.unwrap_err();
    let UpdateItemError::ConditionalCheckFailedException(e) = e.into_service_error() else {
        panic!("another error");
    };
    assert_eq!(e.item(), None);
    let absent = update(&client, "job#9", "SET x = x").condition_expression("attribute_exists(pk)");
    assert_eq!(refusal(absent.send().await).0, "ConditionalCheckFailedException");
    assert_eq!(last_call(&cloud).write_units, 1.0);
    assert_eq!(get(&client, "job#9").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_put_if_absent_succeeds_once() {
    let client = with_table(&cloud()).await;
    let submit = |hash: &str| {
        client
            .put_item()
            .table_name(TABLE)
            .item("pk", s("job#1"))
            .item("sk", s("spec"))
            .item("digest", s(hash))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
    };
    submit("h1").await.unwrap();
    let e = submit("h2").await.unwrap_err().into_service_error();
    assert!(e.is_conditional_check_failed_exception());
}

#[tokio::test(start_paused = true)]
async fn an_update_returns_what_was_asked_for() {
    let client = with_table(&cloud()).await;
    for (wanted, expected) in [
        (ReturnValue::None, vec![]),
        (ReturnValue::AllOld, vec![("a", 1), ("b", 2), ("gone", 3)]),
        (ReturnValue::AllNew, vec![("a", 2), ("b", 2)]),
        (ReturnValue::UpdatedOld, vec![("a", 1), ("gone", 3)]),
        (ReturnValue::UpdatedNew, vec![("a", 2)]),
    ] {
        put(&client, "job#1", "state", &[("a", n(1)), ("b", n(2)), ("gone", n(3))]).await;
        let update = update(&client, "job#1", "SET a = a + :one REMOVE gone")
            .expression_attribute_values(":one", n(1))
            .return_values(wanted.clone());
        let answer = update.send().await.unwrap();
        let mut found = BTreeMap::from_iter(answer.attributes.unwrap_or_default());
        found.retain(|name, _| name != "pk" && name != "sk");
        let expected: BTreeMap<_, _> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), n(value))).collect();
        assert_eq!(found, expected, "{wanted:?}");
    }
    let delete = client.delete_item().table_name(TABLE).key("pk", s("job#1")).key("sk", s("state"));
    let answer = delete.return_values(ReturnValue::AllOld).send().await.unwrap();
    assert_eq!(answer.attributes.unwrap()["a"], n(2));
    assert_eq!(get(&client, "job#1").await, None);
}

#[tokio::test(start_paused = true)]
async fn an_update_creates_an_item_unless_it_only_removes() {
    let client = with_table(&cloud()).await;
    update(&client, "job#1", "REMOVE x").send().await.unwrap();
    assert_eq!(get(&client, "job#1").await, None);
    let add = update(&client, "job#1", "ADD holders.x :one, cnt :one");
    let refused = refusal(add.expression_attribute_values(":one", n(1)).send().await);
    assert!(refused.1.contains("document path"), "{refused:?}");
    let add = update(&client, "job#1", "ADD cnt :one");
    add.expression_attribute_values(":one", n(1)).send().await.unwrap();
    assert_eq!(get(&client, "job#1").await.unwrap()["cnt"], n(1));
}

#[tokio::test(start_paused = true)]
async fn only_items_with_the_index_key_are_in_a_sparse_index_in_key_order() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    for (pk, at) in [("job#1", 30), ("job#2", 9), ("job#3", 2000)] {
        put(&client, pk, "state", &[("due_shard", s("r#0")), ("due_at", n(at))]).await;
    }
    put(&client, "job#4", "state", &[("due_shard", s("r#0"))]).await;
    put(&client, "job#5", "state", &[("due_shard", s("r#1")), ("due_at", n(1))]).await;
    assert_eq!(due(&client, "r#0").await, ["job#2", "job#1"]);
    let call = last_call(&cloud);
    assert_eq!((call.resource.as_str(), call.items, call.read_units), ("restores:due", 2, 0.5));

    update(&client, "job#2", "REMOVE due_shard, due_at").send().await.unwrap();
    assert_eq!(due(&client, "r#0").await, ["job#1"]);
    let scan = client.scan().table_name(TABLE).index_name("due").send().await.unwrap();
    assert_eq!(scan.count(), 3);
    assert!(!scan.items().iter().any(|item| item.contains_key("misc")));
}

#[tokio::test(start_paused = true)]
async fn an_index_shows_the_table_as_it_was_a_lag_ago() {
    let cloud = cloud_with(WorldSettings { index_lag_ms: 5000, ..WorldSettings::default() });
    let client = with_table(&cloud).await;
    put(&client, "job#1", "state", &[("due_shard", s("r#0")), ("due_at", n(1))]).await;
    assert!(due(&client, "r#0").await.is_empty());
    assert!(get(&client, "job#1").await.is_some(), "the table itself does not lag");
    seconds(5).await;
    assert_eq!(due(&client, "r#0").await, ["job#1"]);
    let delete = client.delete_item().table_name(TABLE).key("pk", s("job#1")).key("sk", s("state"));
    delete.send().await.unwrap();
    seconds(4).await;
    assert_eq!(due(&client, "r#0").await, ["job#1"], "the index does not know yet");
    seconds(1).await;
    assert!(due(&client, "r#0").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn consumed_capacity_counts_the_table_and_each_index_that_changed() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    let costs = [
        ("SET due_shard = :s, due_at = :one, seq = :one", 1.0, Some(1.0)),
        ("SET misc = :s", 1.0, None),
        ("SET seq = :two", 1.0, Some(1.0)),
        ("SET seq = :two", 1.0, None),
        ("SET due_at = :two", 1.0, Some(2.0)),
        ("REMOVE due_shard", 1.0, Some(1.0)),
        ("SET misc = :big", 3.0, None),
        ("SET misc = :s", 3.0, None),
    ];
    for (expression, table, due) in costs {
        let mut update = update(&client, "job#1", expression);
        let values =
            [(":s", s("r#0")), (":one", n(1)), (":two", n(2)), (":big", s("x".repeat(2500)))];
        for (name, value) in values {
            if expression.contains(name) {
                update = update.expression_attribute_values(name, value);
            }
        }
        let update = update.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let consumed = update.send().await.unwrap().consumed_capacity.unwrap();
        assert_eq!(consumed.table().unwrap().capacity_units(), Some(table), "{expression}");
        let indexes = consumed.global_secondary_indexes();
        let of_due = indexes.and_then(|i| i.get("due")).and_then(|c| c.capacity_units());
        assert_eq!(of_due, due, "{expression}");
        assert!(indexes.is_none_or(|i| !i.contains_key("watching")));
        assert_eq!(consumed.capacity_units(), Some(table + due.unwrap_or(0.0)));
        assert_eq!(last_call(&cloud).write_units, table + due.unwrap_or(0.0), "{expression}");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_cost_by_4_kib_and_half_when_eventually_consistent() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    put(&client, "job#1", "state", &[("fill", s("x".repeat(5000)))]).await;
    for (consistent, units) in [(true, 2.0), (false, 1.0)] {
        let get = client.get_item().table_name(TABLE).key("pk", s("job#1")).key("sk", s("state"));
        let get = get.consistent_read(consistent);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        assert_eq!(get.consumed_capacity.unwrap().capacity_units(), Some(units));
        assert_eq!(last_call(&cloud).read_units, units);
    }
    get(&client, "absent").await;
    assert_eq!(last_call(&cloud).read_units, 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_query_pages_by_limit_in_both_directions() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    for i in 0..7 {
        put(&client, "job#1", &format!("event#{i}"), &[("i", n(i))]).await;
    }
    put(&client, "job#1", "state", &[]).await;
    put(&client, "job#2", "event#0", &[]).await;
    for (forward, expected) in [(true, [0, 1, 2, 3, 4, 5, 6]), (false, [6, 5, 4, 3, 2, 1, 0])] {
        let mut found = Vec::new();
        let mut start = None;
        let mut pages = 0;
        loop {
            let query = client
                .query()
                .table_name(TABLE)
                .key_condition_expression("pk = :p AND begins_with(sk, :e)")
                .expression_attribute_values(":p", s("job#1"))
                .expression_attribute_values(":e", s("event#"))
                .scan_index_forward(forward)
                .limit(3)
                .set_exclusive_start_key(start);
            let page = query.send().await.unwrap();
            assert!(page.count() <= 3);
            found.extend(
                page.items().iter().map(|item| item["i"].as_n().unwrap().parse::<i32>().unwrap()),
            );
            pages += 1;
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        assert_eq!((found.as_slice(), pages), (expected.as_slice(), 3));
    }
    assert_eq!(last_call(&cloud).resource, "restores/job#1");
}

#[tokio::test(start_paused = true)]
async fn an_index_pages_across_equal_keys_without_loss_or_repeat() {
    let client = with_table(&cloud()).await;
    for i in 0..5 {
        let due = [("due_shard", s("r#0")), ("due_at", n(1))];
        put(&client, &format!("job#{i}"), "state", &due).await;
    }
    let pages = client
        .query()
        .table_name(TABLE)
        .index_name("due")
        .key_condition_expression("due_shard = :s")
        .expression_attribute_values(":s", s("r#0"))
        .limit(2)
        .into_paginator()
        .items()
        .send();
    let items = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let found: Vec<_> = items.iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    assert_eq!(found, ["job#0", "job#1", "job#2", "job#3", "job#4"]);
}

#[tokio::test(start_paused = true)]
async fn a_query_ends_its_page_at_1_mib() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    for i in 0..4 {
        put(&client, "job#1", &format!("e{i}"), &[("fill", s("x".repeat(300_000)))]).await;
    }
    let query = |start| {
        client
            .query()
            .table_name(TABLE)
            .key_condition_expression("pk = :p")
            .expression_attribute_values(":p", s("job#1"))
            .set_exclusive_start_key(start)
            .select(Select::Count)
            .send()
    };
    let first = query(None).await.unwrap();
    assert_eq!((first.count(), first.items().len()), (4, 0));
    assert_eq!(last_call(&cloud).read_units, 146.5);
    assert!(first.last_evaluated_key().is_some());
    let second = query(first.last_evaluated_key).await.unwrap();
    assert_eq!((second.count(), second.last_evaluated_key()), (0, None));
    assert_eq!(last_call(&cloud).read_units, 0.5);
}

#[tokio::test(start_paused = true)]
async fn filters_drop_items_after_they_have_been_read_and_paid() {
    let client = with_table(&cloud()).await;
    for i in 0..6 {
        put(
            &client,
            "job#1",
            &format!("e{i}"),
            &[("status", s(if i < 2 { "live" } else { "end" }))],
        )
        .await;
    }
    let scan = client
        .scan()
        .table_name(TABLE)
        .filter_expression("#s = :live")
        .projection_expression("sk")
        .expression_attribute_names("#s", "status")
        .expression_attribute_values(":live", s("live"))
        .limit(4)
        .send()
        .await
        .unwrap();
    assert_eq!((scan.count(), scan.scanned_count()), (2, 4));
    assert_eq!(scan.items()[0].keys().collect::<Vec<_>>(), ["sk"]);
    assert_eq!(scan.last_evaluated_key().unwrap()["sk"], s("e3"));
    let by_key = client
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :p")
        .filter_expression("sk = :p")
        .expression_attribute_values(":p", s("job#1"));
    let (code, text) = refusal(by_key.send().await);
    assert_eq!(code, "ValidationException");
    assert!(text.contains("Filter Expression can only contain non-primary key attributes"));
}

#[tokio::test(start_paused = true)]
async fn an_index_is_never_read_consistently_and_gives_only_what_it_holds() {
    let client = with_table(&cloud()).await;
    let query = || {
        client
            .query()
            .table_name(TABLE)
            .index_name("watching")
            .key_condition_expression("watch_scope = :w")
            .expression_attribute_values(":w", s("a#r"))
    };
    for (query, expected) in [
        (query().consistent_read(true), "Consistent reads are not supported"),
        (query().projection_expression("pk, seq"), "does not project [seq]"),
        (query().select(Select::AllAttributes), "projection type is not ALL"),
        (query().index_name("nope"), "does not have the specified index: nope"),
    ] {
        let (code, text) = refusal(query.send().await);
        assert_eq!(code, "ValidationException");
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn items_above_400_kib_are_refused() {
    let client = with_table(&cloud()).await;
    let put = |bytes: usize| {
        let put = client.put_item().table_name(TABLE).item("pk", s("a")).item("sk", s("state"));
        put.item("x", s("x".repeat(bytes))).send()
    };
    let keys = "pk".len() + "a".len() + "sk".len() + "state".len() + "x".len();
    put(400 * 1024 - keys).await.unwrap();
    let (code, text) = refusal(put(400 * 1024 - keys + 1).await);
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("ValidationException", "Item size has exceeded the maximum allowed size")
    );
    let grow = update(&client, "a", "SET y = :y").expression_attribute_values(":y", n(1));
    assert_eq!(
        refusal(grow.send().await).1,
        "Item size to update has exceeded the maximum allowed size"
    );
}

#[tokio::test(start_paused = true)]
async fn malformed_items_and_keys_are_refused() {
    let client = with_table(&cloud()).await;
    let put = || client.put_item().table_name(TABLE).item("pk", s("a"));
    for (put, expected) in [
        (put(), "Missing the key sk in the item"),
        (put().item("sk", n(1)), "Type mismatch for key sk expected: S actual: N"),
        (put().item("sk", s("")), "cannot contain an empty string value. Key: sk"),
        (put().item("sk", s("x".repeat(1025))), "exceeded the size limit of 1024 bytes"),
        (
            put().item("sk", s("s")).item("due_at", s("1")),
            "Type mismatch for Index Key due_at Expected: N Actual: S IndexName: due",
        ),
        (
            put().item("sk", s("s")).item("due_shard", s("")),
            "empty string value. IndexName: due, IndexKey: due_shard",
        ),
        (
            put().item("sk", s("s")).item("v", AttributeValue::N("x".into())),
            "cannot be converted to a numeric value: x",
        ),
        (put().item("sk", s("s")).item("v", AttributeValue::Ss(vec![])), "set  may not be empty"),
    ] {
        let (code, text) = refusal(put.send().await);
        assert_eq!(code, "ValidationException");
        assert!(text.contains(expected), "{text}");
    }
    let short = client.get_item().table_name(TABLE).key("pk", s("a")).send().await;
    assert_eq!(refusal(short).1, "The provided key element does not match the schema");
    let key = update(&client, "a", "SET sk = :v").expression_attribute_values(":v", s("v"));
    let (_, text) = refusal(key.send().await);
    assert!(
        text.ends_with("Cannot update attribute sk. This attribute is part of the key"),
        "{text}"
    );
    let wrong_type =
        update(&client, "a", "SET due_at = :v").expression_attribute_values(":v", s("v"));
    assert!(refusal(wrong_type.send().await).1.contains("Type mismatch for Index Key due_at"));
    assert_eq!(get(&client, "a").await, None, "nothing of a refused update has happened");
}

#[tokio::test(start_paused = true)]
async fn batches_write_and_read_several_items_within_their_limits() {
    let cloud = cloud();
    let client = with_table(&cloud).await;
    let put = |i: usize| {
        let put = PutRequest::builder().item("pk", s(format!("job#{i}"))).item("sk", s("state"));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    };
    let write = |requests: Vec<WriteRequest>| {
        let write = client.batch_write_item().request_items(TABLE, requests);
        write.return_consumed_capacity(ReturnConsumedCapacity::Total).send()
    };
    let answer = write((0..25).map(put).collect()).await.unwrap();
    assert!(answer.unprocessed_items().is_none_or(|left| left.is_empty()));
    assert_eq!(answer.consumed_capacity()[0].capacity_units(), Some(25.0));
    assert_eq!(last_call(&cloud).items, 25);
    assert_eq!(refusal(write((0..26).map(put).collect()).await).0, "ValidationException");
    assert!(refusal(write(vec![put(1), put(1)]).await).1.contains("duplicates"));
    let delete = DeleteRequest::builder().key("pk", s("job#0")).key("sk", s("state"));
    let delete = WriteRequest::builder().delete_request(delete.build().unwrap()).build();
    write(vec![delete, put(30)]).await.unwrap();

    let key = |i: usize| [("pk".to_owned(), s(format!("job#{i}"))), ("sk".to_owned(), s("state"))];
    let read = |count: usize| {
        let keys = (0..count).map(|i| key(i).into()).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
        client.batch_get_item().request_items(TABLE, keys).send()
    };
    let answer = read(100).await.unwrap();
    assert_eq!(answer.responses().unwrap()[TABLE].len(), 25);
    let call = last_call(&cloud);
    assert_eq!((call.items, call.read_units, call.resource.as_str()), (25, 50.0, TABLE));
    assert_eq!(refusal(read(101).await).0, "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn a_batch_read_hands_back_the_keys_beyond_16_mib() {
    let client = with_table(&cloud()).await;
    for i in 0..50 {
        put(&client, &format!("job#{i}"), "state", &[("fill", s("x".repeat(400_000)))]).await;
    }
    let key = |i: usize| [("pk".to_owned(), s(format!("job#{i}"))), ("sk".to_owned(), s("state"))];
    let keys = (0..50).map(|i| key(i).into()).collect();
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).projection_expression("pk");
    let keys = keys.build().unwrap();
    let first = client.batch_get_item().request_items(TABLE, keys).send().await.unwrap();
    assert_eq!(first.responses().unwrap()[TABLE].len(), 41);
    let left = first.unprocessed_keys.unwrap();
    assert_eq!(left[TABLE].keys().len(), 9);
    let rest = client.batch_get_item().set_request_items(Some(left)).send().await.unwrap();
    assert_eq!(rest.responses().unwrap()[TABLE].len(), 9);
}

#[tokio::test(start_paused = true)]
async fn time_to_live_removes_items_late() {
    let client = with_table(&cloud()).await;
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires");
    let ttl = ttl.build().unwrap();
    let enable = client.update_time_to_live().table_name(TABLE).time_to_live_specification(ttl);
    enable.clone().send().await.unwrap();
    assert_eq!(refusal(enable.send().await).1, "TimeToLive is already enabled");
    let described = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let described = described.time_to_live_description.unwrap();
    assert_eq!(described.time_to_live_status(), Some(&TimeToLiveStatus::Enabled));
    assert_eq!(described.attribute_name(), Some("expires"));
    let soon = common::START_MS / 1000 + 60;
    put(
        &client,
        "job#1",
        "state",
        &[("expires", n(soon)), ("due_shard", s("r#0")), ("due_at", n(1))],
    )
    .await;
    seconds(47 * 3600).await;
    assert!(get(&client, "job#1").await.is_some(), "an expired item is still there for long");
    seconds(2 * 3600).await;
    assert_eq!(get(&client, "job#1").await, None);
    assert!(due(&client, "r#0").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_implemented_is_refused_by_name() {
    let client = with_table(&cloud()).await;
    let transaction = client.transact_write_items().set_transact_items(Some(vec![])).send().await;
    let (code, text) = refusal(transaction);
    assert_eq!(code, "UnknownOperationException");
    assert!(text.contains("TransactWriteItems"), "{text}");
    let segment = client.scan().table_name(TABLE).segment(0).total_segments(2).send().await;
    let (code, text) = refusal(segment);
    assert_eq!(code, "ValidationException");
    assert!(text.contains("does not implement the parameter Segment"), "{text}");
}
