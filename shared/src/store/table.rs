//! The table itself: made by `aurora-restore init`, described in one place.

use super::{Store, StoreError, StoreResult, item_error, store_error};
use crate::failure::{Failure, FailureCode, wire_code};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification,
};
use std::time::Duration;

/// What `init` found or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableReport {
    /// The table was made.
    Created,
    /// It was there.
    Existed,
}

/// An index: its name, hash key, range key with its type, and what it projects beside its keys.
type Index =
    (&'static str, &'static str, &'static str, ScalarAttributeType, &'static [&'static str]);

const INDEXES: [Index; 3] = [
    (
        "due",
        "due_shard",
        "due_at",
        ScalarAttributeType::N,
        &["seq", "status", "priority", "dispatches"],
    ),
    (
        "watching",
        "watch_scope",
        "watch_ref",
        ScalarAttributeType::S,
        &["seq", "watch_want", "watch_at"],
    ),
    ("created", "created_day", "created_key", ScalarAttributeType::S, &[]),
];

/// How long to wait between looks at a table that is being made, and how often to look.
const LOOK: Duration = Duration::from_secs(2);
const LOOKS: u32 = 60;

impl Store {
    /// Makes the table with its indexes and its TTL, and waits until it is active.
    ///
    /// # Errors
    /// When AWS refuses, or the table is not active after two minutes.
    pub async fn create_table(&self) -> StoreResult<TableReport> {
        let report = match self.create_call()?.send().await {
            Ok(_) => TableReport::Created,
            Err(e) if wire_code(&e) == Some("ResourceInUseException") => TableReport::Existed,
            Err(e) => return Err(Failure::from_sdk("creating the table", &e).into()),
        };
        self.wait_until_active().await?;
        if report == TableReport::Created {
            self.expire_events().await?;
        }
        Ok(report)
    }

    fn create_call(
        &self,
    ) -> StoreResult<aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder>
    {
        let mut call = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("sk", ScalarAttributeType::S)?)
            .key_schema(key_part("pk", KeyType::Hash)?)
            .key_schema(key_part("sk", KeyType::Range)?);
        for (name, hash, range, kind, projected) in INDEXES {
            call = call
                .attribute_definitions(attribute(hash, ScalarAttributeType::S)?)
                .attribute_definitions(attribute(range, kind)?)
                .global_secondary_indexes(index(name, hash, range, projected)?);
        }
        Ok(call)
    }

    async fn wait_until_active(&self) -> StoreResult<()> {
        for _ in 0..LOOKS {
            let table = self.client.describe_table().table_name(&self.table).send().await;
            let table = table.map_err(store_error!(self, "looking at the table"))?.table;
            if table.and_then(|t| t.table_status) == Some(TableStatus::Active) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        let text = format!("table {} is not active after two minutes; run init again", self.table);
        Err(Failure::transient(FailureCode::AwsUnavailable, text).into())
    }

    async fn expire_events(&self) -> StoreResult<()> {
        let spec = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true);
        let spec = spec.build().map_err(|e| item_error(&e))?;
        let call = self.client.update_time_to_live().table_name(&self.table);
        let call = call.time_to_live_specification(spec);
        call.send().await.map_err(store_error!(self, "setting the table's TTL"))?;
        Ok(())
    }

    /// Checks that the table is there: for a clear word at start.
    ///
    /// # Errors
    /// [`StoreError::NoTable`] when it is missing; when AWS refuses.
    pub async fn check(&self) -> Result<(), StoreError> {
        let call = self.client.describe_table().table_name(&self.table);
        call.send().await.map_err(store_error!(self, "looking for the table"))?;
        Ok(())
    }
}

fn attribute(name: &str, kind: ScalarAttributeType) -> StoreResult<AttributeDefinition> {
    let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
    definition.build().map_err(|e| item_error(&e))
}

fn key_part(name: &str, kind: KeyType) -> StoreResult<KeySchemaElement> {
    let part = KeySchemaElement::builder().attribute_name(name).key_type(kind);
    part.build().map_err(|e| item_error(&e))
}

fn index(
    name: &str,
    hash: &str,
    range: &str,
    projected: &[&str],
) -> StoreResult<GlobalSecondaryIndex> {
    let kind =
        if projected.is_empty() { ProjectionType::KeysOnly } else { ProjectionType::Include };
    let names = projected.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let names = (!names.is_empty()).then_some(names);
    let projection = Projection::builder().projection_type(kind).set_non_key_attributes(names);
    let index = GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(key_part(hash, KeyType::Hash)?)
        .key_schema(key_part(range, KeyType::Range)?)
        .projection(projection.build());
    index.build().map_err(|e| item_error(&e))
}
