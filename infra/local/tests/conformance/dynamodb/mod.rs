//! Amazon DynamoDB. API = API Reference, DG = Developer Guide.

pub(crate) mod batches;
pub(crate) mod capacity;
pub(crate) mod conditions;
pub(crate) mod expressions;
pub(crate) mod indexes;
pub(crate) mod items;
pub(crate) mod queries;
pub(crate) mod records;
pub(crate) mod tables;

use crate::bed::Bed;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType, TableStatus,
};
use std::collections::BTreeMap;

/// How often a table that is not ours is looked at until it is active.
const LOOKS: usize = 120;

pub(crate) fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn n(value: impl ToString) -> AttributeValue {
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

/// The call that creates the table of these facts: `pk` and `sk`, and two sparse indexes.
pub(crate) fn create(client: &Client, name: &str) -> CreateTableFluentBuilder {
    client
        .create_table()
        .table_name(name)
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

/// An empty table that is active, and a client of it.
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    bed: Bed,
}

impl Table {
    pub(crate) async fn new(bed: &Bed) -> Self {
        let (client, name) = (bed.dynamodb(), bed.name("restores"));
        let table = Self { client, name, bed: bed.clone() };
        create(&table.client, &table.name).send().await.unwrap();
        for _ in 0..LOOKS {
            let describe = table.client.describe_table().table_name(&table.name);
            let about = describe.send().await.unwrap().table.unwrap();
            if about.table_status() == Some(&TableStatus::Active) {
                return table;
            }
            bed.settled().await;
        }
        panic!("the table is not active");
    }

    pub(crate) async fn put(&self, pk: &str, sk: &str, attributes: &[(&str, AttributeValue)]) {
        let put = self.client.put_item().table_name(&self.name);
        let put = put.item("pk", s(pk)).item("sk", s(sk));
        let put = attributes.iter().fold(put, |put, (name, value)| put.item(*name, value.clone()));
        put.send().await.unwrap();
    }

    pub(crate) fn update(&self, pk: &str, expression: &str) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.name);
        update.key("pk", s(pk)).key("sk", s("state")).update_expression(expression)
    }

    pub(crate) async fn delete(&self, pk: &str) {
        let delete = self.client.delete_item().table_name(&self.name);
        delete.key("pk", s(pk)).key("sk", s("state")).send().await.unwrap();
    }

    pub(crate) async fn get(&self, pk: &str) -> Option<BTreeMap<String, AttributeValue>> {
        let get = self.client.get_item().table_name(&self.name);
        let get = get.key("pk", s(pk)).key("sk", s("state")).consistent_read(true);
        get.send().await.unwrap().item.map(BTreeMap::from_iter)
    }

    /// The partition keys that the index shows as due at 1000 or earlier.
    pub(crate) async fn due(&self, shard: &str) -> Vec<String> {
        self.bed.settled().await;
        let query = self.client.query().table_name(&self.name).index_name("due");
        let query = query.key_condition_expression("due_shard = :s AND due_at <= :now");
        let query = query.expression_attribute_values(":s", s(shard));
        let answer = query.expression_attribute_values(":now", n(1000)).send().await.unwrap();
        answer.items().iter().map(|item| item["pk"].as_s().unwrap().clone()).collect()
    }
}

/// Code and text of a refusal.
pub(crate) fn refusal<E, R>(
    answer: Result<impl std::fmt::Debug, SdkError<E, R>>,
) -> (String, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    let e = answer.unwrap_err();
    (e.code().unwrap_or_default().to_owned(), e.message().unwrap_or_default().to_owned())
}

/// The names (`#x`) or values (`:x`) that an expression uses.
pub(crate) fn used(expression: &str, mark: char) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == mark;
    expression.split(|c| !is_part(c)).filter(|part| part.starts_with(mark)).collect()
}
