//! Tables as `DescribeTable` and its like show them.

use super::index::{Index, Projection};
use super::table::Table;
use serde_json::{Map, Value, json};

/// The description of a table.
pub(super) fn description(table: &Table) -> Value {
    let about = &table.about;
    let definitions = about.definitions.iter();
    let definitions: Value = definitions
        .map(|(name, kind)| json!({ "AttributeName": name, "AttributeType": kind.as_str() }))
        .collect();
    let mut description = json!({
        "TableName": about.name,
        "TableArn": about.arn,
        "TableId": about.id,
        "TableStatus": "ACTIVE",
        "CreationDateTime": epoch_seconds(about.created_ms),
        "KeySchema": table.schema.to_json(),
        "AttributeDefinitions": definitions,
        "ItemCount": table.items().len(),
        "TableSizeBytes": table.bytes(),
        "BillingModeSummary": { "BillingMode": "PAY_PER_REQUEST" },
        "ProvisionedThroughput": no_throughput(),
        "DeletionProtectionEnabled": about.protected,
    });
    if !table.indexes.is_empty() {
        let indexes = table.indexes.values().map(|index| index_description(index, &about.arn));
        description["GlobalSecondaryIndexes"] = indexes.collect();
    }
    description
}

fn index_description(index: &Index, table_arn: &str) -> Value {
    let (kind, names) = match &index.projection {
        Projection::KeysOnly => ("KEYS_ONLY", None),
        Projection::Include(names) => ("INCLUDE", Some(names)),
        Projection::All => ("ALL", None),
    };
    let mut projection = Map::from_iter([("ProjectionType".to_owned(), json!(kind))]);
    projection.extend(names.map(|names| ("NonKeyAttributes".to_owned(), json!(names))));
    json!({
        "IndexName": index.name,
        "IndexArn": format!("{table_arn}/index/{}", index.name),
        "IndexStatus": "ACTIVE",
        "KeySchema": index.schema.to_json(),
        "Projection": projection,
        "ItemCount": index.entries().len(),
        "ProvisionedThroughput": no_throughput(),
    })
}

fn no_throughput() -> Value {
    json!({ "NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 })
}

fn epoch_seconds(ms: i64) -> Value {
    let (seconds, millis) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    serde_json::from_str(&format!("{seconds}.{millis:03}")).unwrap_or(Value::Null)
}
