//! Faults inside DynamoDB: indexes that lag, batches that are done in part.

use super::{fired, inject, once};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, KeysAndAttributes, Projection, ProjectionType, PutRequest, ScalarAttributeType,
    WriteRequest,
};
use std::time::Duration;

facts!("dynamodb":
    an_index_may_lag_behind_its_table: "local cloud, fault index_lag",
    only_the_table_that_is_named_lags: "local cloud, fault index_lag",
    items_of_a_batch_write_may_be_left_unprocessed: "local cloud, fault partial_batch",
    keys_of_a_batch_get_may_be_left_unprocessed: "local cloud, fault partial_batch",
);

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn hash(name: &str) -> KeySchemaElement {
    let key = KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash);
    key.build().unwrap()
}

fn defined(name: &str) -> AttributeDefinition {
    let kind = ScalarAttributeType::S;
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

/// A table with an index on `due`.
async fn table(client: &Client, name: &str) {
    let projection = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder().index_name("due").key_schema(hash("due"));
    let create = client.create_table().table_name(name).key_schema(hash("pk"));
    let create = create.attribute_definitions(defined("pk")).attribute_definitions(defined("due"));
    let index = index.projection(projection).build().unwrap();
    let create = create.global_secondary_indexes(index).billing_mode(BillingMode::PayPerRequest);
    create.send().await.unwrap();
}

async fn put(client: &Client, table: &str, pk: &str) {
    let put = client.put_item().table_name(table).item("pk", s(pk)).item("due", s("now"));
    put.send().await.unwrap();
}

/// How many items the index of a table shows, and the table.
async fn seen(client: &Client, table: &str) -> (i32, i32) {
    let query = client.query().table_name(table).index_name("due");
    let query = query.key_condition_expression("due = :due");
    let query = query.expression_attribute_values(":due", s("now"));
    let scan = client.scan().table_name(table).send().await.unwrap();
    (query.send().await.unwrap().count(), scan.count())
}

async fn an_index_may_lag_behind_its_table(bed: Bed) -> Outcome {
    let client = bed.dynamodb();
    table(&client, "table").await;
    once(&bed, "PutItem", FaultKind::IndexLag { ms: 60_000 })?;
    put(&client, "table", "a").await;
    assert_eq!(seen(&client, "table").await, (0, 1));
    bed.pass(Duration::from_secs(60)).await?;
    assert_eq!(seen(&client, "table").await, (1, 1));
    put(&client, "table", "b").await;
    assert_eq!(seen(&client, "table").await, (2, 2));
    Ok(())
}

async fn only_the_table_that_is_named_lags(bed: Bed) -> Outcome {
    let client = bed.dynamodb();
    for name in ["slow", "fast"] {
        table(&client, name).await;
    }
    let mut rule = FaultRule::always(FaultKind::IndexLag { ms: 60_000 });
    rule.resource = Some("slow".into());
    inject(&bed, rule)?;
    for name in ["slow", "fast"] {
        put(&client, name, "a").await;
    }
    assert_eq!(seen(&client, "slow").await, (0, 1));
    assert_eq!(seen(&client, "fast").await, (1, 1));
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

async fn items_of_a_batch_write_may_be_left_unprocessed(bed: Bed) -> Outcome {
    let client = bed.dynamodb();
    table(&client, "table").await;
    once(&bed, "BatchWriteItem", FaultKind::PartialBatch)?;
    let put = |pk: &str| {
        let put = PutRequest::builder().item("pk", s(pk)).item("due", s("now")).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let write = client.batch_write_item().request_items("table", vec![put("a"), put("b")]);
    let left = write.send().await.unwrap().unprocessed_items.unwrap();
    assert_eq!(left["table"], [put("a")]);
    assert_eq!(seen(&client, "table").await, (1, 1));
    let again = client.batch_write_item().set_request_items(Some(left)).send().await.unwrap();
    assert!(again.unprocessed_items.unwrap().is_empty());
    assert_eq!(seen(&client, "table").await, (2, 2));
    Ok(())
}

async fn keys_of_a_batch_get_may_be_left_unprocessed(bed: Bed) -> Outcome {
    let client = bed.dynamodb();
    table(&client, "table").await;
    put(&client, "table", "a").await;
    put(&client, "table", "b").await;
    once(&bed, "BatchGetItem", FaultKind::PartialBatch)?;
    let key = |pk: &str| [("pk".to_owned(), s(pk))].into();
    let keys = KeysAndAttributes::builder().keys(key("a")).keys(key("b")).consistent_read(true);
    let get = client.batch_get_item().request_items("table", keys.build().unwrap());
    let got = get.send().await.unwrap();
    assert_eq!(got.responses().unwrap()["table"].len(), 1);
    let left = got.unprocessed_keys.unwrap();
    assert_eq!((left["table"].keys().len(), left["table"].consistent_read()), (1, Some(true)));
    let again = client.batch_get_item().set_request_items(Some(left)).send().await.unwrap();
    assert_eq!(again.responses().unwrap()["table"].len(), 1);
    assert!(again.unprocessed_keys.unwrap().is_empty());
    Ok(())
}
