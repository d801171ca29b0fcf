//! Calls about tables.

use super::index::{Index, Projection};
use super::input::Input;
use super::schema::{KeyAttr, KeySchema, KeyType};
use super::table::{About, Table};
use super::table_json::description;
use super::{Tables, invalid, invalid_parameter, named, table};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The most names of one `ListTables` page.
const MAX_NAMES: usize = 100;
/// The most global secondary indexes of a table.
const MAX_INDEXES: usize = 20;

type Definitions = BTreeMap<String, KeyType>;

/// `CreateTable`. The table is active at once.
pub(super) fn create(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "KeySchema",
        "AttributeDefinitions",
        "GlobalSecondaryIndexes",
        "BillingMode",
        "DeletionProtectionEnabled",
    ])?;
    let name = input.need_text("TableName")?;
    name.clone_into(&mut cx.record.resource);
    check_name(name)?;
    if input.text("BillingMode")? != Some("PAY_PER_REQUEST") {
        return Err(invalid("the local cloud implements only BillingMode PAY_PER_REQUEST"));
    }
    let definitions = definitions(input)?;
    let schema = key_schema(input, &definitions)?;
    let indexes = indexes(input, &definitions, &schema)?;
    check_all_used(&definitions, &schema, &indexes)?;
    if tables.contains_key(name) {
        let text = format!("Table already exists: {name}");
        return Err(AwsError::new("ResourceInUseException", text));
    }
    let (account, region) = (&cx.call.account, &cx.call.region);
    let about = About {
        name: name.to_owned(),
        arn: format!("arn:aws:dynamodb:{region}:{account}:table/{name}"),
        id: unique_id(cx.rng),
        created_ms: cx.now_ms,
        definitions,
        protected: input.flag("DeletionProtectionEnabled")?.unwrap_or(false),
    };
    let table = Table::new(about, schema, indexes);
    let description = description(&table);
    tables.insert(name.to_owned(), table);
    Ok(Reply::Json(json!({ "TableDescription": description })))
}

/// `DescribeTable`.
pub(super) fn describe(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&["TableName"])?;
    let table = existing(tables, cx, input)?;
    Ok(Reply::Json(json!({ "Table": description(table) })))
}

/// `DeleteTable`.
pub(super) fn delete(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&["TableName"])?;
    let table = existing(tables, cx, input)?;
    if table.about.protected {
        return Err(invalid(format!(
            "Resource cannot be deleted as it is currently protected against deletion. Disable \
             deletion protection first. Table: {}",
            table.about.name
        )));
    }
    let mut description = description(table);
    description["TableStatus"] = json!("DELETING");
    tables.remove(input.need_text("TableName")?);
    Ok(Reply::Json(json!({ "TableDescription": description })))
}

/// `ListTables`.
pub(super) fn list(tables: &Tables, input: Input<'_>) -> Answer {
    input.only(&["ExclusiveStartTableName", "Limit"])?;
    let limit = input.positive("Limit")?.unwrap_or(MAX_NAMES).min(MAX_NAMES);
    let start = input.text("ExclusiveStartTableName")?;
    let from = start.map_or(Bound::Unbounded, |name| Bound::Excluded(name.to_owned()));
    let mut names = tables.range((from, Bound::Unbounded)).map(|(name, _)| name);
    let page: Vec<_> = names.by_ref().take(limit).collect();
    let mut answer = json!({ "TableNames": page });
    if names.next().is_some() {
        answer["LastEvaluatedTableName"] = json!(page.last());
    }
    Ok(Reply::Json(answer))
}

/// `UpdateTimeToLive`.
pub(super) fn update_ttl(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&["TableName", "TimeToLiveSpecification"])?;
    let table = table(tables, cx, input)?;
    let wanted = Input::of(input.need("TimeToLiveSpecification")?)?;
    wanted.only(&["Enabled", "AttributeName"])?;
    let attribute = wanted.need_text("AttributeName")?;
    let enable = wanted.flag("Enabled")?.unwrap_or(false);
    match table.ttl.attribute() {
        Some(_) if enable => return Err(invalid("TimeToLive is already enabled")),
        None if !enable => return Err(invalid("TimeToLive is already disabled")),
        Some(now) if now != attribute => {
            let text = format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {now}"
            );
            return Err(invalid(text));
        }
        _ => {}
    }
    table.set_ttl(enable.then(|| attribute.to_owned()));
    let answer = json!({ "Enabled": enable, "AttributeName": attribute });
    Ok(Reply::Json(json!({ "TimeToLiveSpecification": answer })))
}

/// `DescribeTimeToLive`.
pub(super) fn describe_ttl(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&["TableName"])?;
    let answer = match table(tables, cx, input)?.ttl.attribute() {
        Some(name) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": name }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    };
    Ok(Reply::Json(json!({ "TimeToLiveDescription": answer })))
}

/// The table a call is about; its absence is worded with the name, unlike in calls about items.
fn existing<'t>(
    tables: &'t mut Tables,
    cx: &mut Context<'_>,
    input: Input<'_>,
) -> Result<&'t mut Table, AwsError> {
    let name = input.need_text("TableName")?;
    named(tables, cx, name).map_err(|mut e| {
        e.message = format!("{}: Table: {name} not found", e.message);
        e
    })
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let valid = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if (3..=255).contains(&name.len()) && name.bytes().all(valid) {
        return Ok(());
    }
    Err(invalid(
        "TableName must be at least 3 characters long and at most 255 characters long, of the \
         characters a-z, A-Z, 0-9, '_', '-' and '.'",
    ))
}

fn definitions(input: Input<'_>) -> Result<Definitions, AwsError> {
    let mut definitions = Definitions::new();
    for definition in input.list("AttributeDefinitions")? {
        let definition = Input::of(definition)?;
        let name = definition.need_text("AttributeName")?.to_owned();
        let kind = definition.choice("AttributeType", &["S", "N", "B"], "")?;
        let kind = KeyType::parse(kind).ok_or_else(|| invalid("AttributeType is missing"))?;
        if definitions.insert(name, kind).is_some() {
            return Err(invalid_parameter("Cannot have two attributes with the same name"));
        }
    }
    Ok(definitions)
}

fn key_schema(input: Input<'_>, definitions: &Definitions) -> Result<KeySchema, AwsError> {
    let elements = input.list("KeySchema")?;
    let attr = |position: usize, role: &str| -> Result<KeyAttr, AwsError> {
        let element = elements.get(position).ok_or_else(|| invalid("No KeySchema given"))?;
        let element = Input::of(element)?;
        let name = element.need_text("AttributeName")?;
        if element.need_text("KeyType")? != role {
            return Err(invalid(
                "Invalid KeySchema: The first KeySchemaElement must be a HASH key type, the second \
                 a RANGE key type",
            ));
        }
        let kind = definitions.get(name).copied().ok_or_else(|| {
            invalid_parameter(format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{name}]"
            ))
        })?;
        Ok(KeyAttr { name: name.to_owned(), kind })
    };
    if elements.len() > 2 {
        return Err(invalid("Invalid KeySchema: at most one HASH and one RANGE key"));
    }
    let hash = attr(0, "HASH")?;
    let range = if elements.len() == 2 { Some(attr(1, "RANGE")?) } else { None };
    if range.as_ref().is_some_and(|r| r.name == hash.name) {
        let text =
            "Both the Hash Key and the Range Key element in the KeySchema have the same name";
        return Err(invalid(text));
    }
    Ok(KeySchema { hash, range })
}

fn indexes(
    input: Input<'_>,
    definitions: &Definitions,
    base: &KeySchema,
) -> Result<BTreeMap<String, Index>, AwsError> {
    let mut indexes = BTreeMap::new();
    for given in input.list("GlobalSecondaryIndexes")? {
        let given = Input::of(given)?;
        given.only(&["IndexName", "KeySchema", "Projection"])?;
        let name = given.need_text("IndexName")?.to_owned();
        check_name(&name)?;
        let schema = key_schema(given, definitions)?;
        let projection = projection(Input::of(given.need("Projection")?)?)?;
        let index = Index::new(name.clone(), schema, projection, base.clone());
        if indexes.insert(name.clone(), index).is_some() {
            return Err(invalid_parameter(format!("Duplicate index name: {name}")));
        }
    }
    if indexes.len() > MAX_INDEXES {
        return Err(invalid_parameter(
            "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ));
    }
    Ok(indexes)
}

fn projection(given: Input<'_>) -> Result<Projection, AwsError> {
    given.only(&["ProjectionType", "NonKeyAttributes"])?;
    let names = given.list("NonKeyAttributes")?.iter().filter_map(Value::as_str);
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    let kind = given.choice("ProjectionType", &["KEYS_ONLY", "INCLUDE", "ALL"], "")?;
    match (kind, names.is_empty()) {
        ("INCLUDE", true) => Err(invalid_parameter(
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        )),
        ("INCLUDE", false) => Ok(Projection::Include(names)),
        (_, false) => Err(invalid_parameter(format!(
            "ProjectionType is {kind}, but NonKeyAttributes is specified"
        ))),
        ("ALL", true) => Ok(Projection::All),
        (_, true) => Ok(Projection::KeysOnly),
    }
}

fn check_all_used(
    definitions: &Definitions,
    schema: &KeySchema,
    indexes: &BTreeMap<String, Index>,
) -> Result<(), AwsError> {
    let used = |name: &String| schema.has(name) || indexes.values().any(|i| i.schema.has(name));
    if definitions.keys().all(used) {
        return Ok(());
    }
    Err(invalid_parameter(
        "Some AttributeDefinitions are not used. Number of attributes in KeySchema does not \
         exactly match number of attributes defined in AttributeDefinitions",
    ))
}

fn unique_id(rng: &mut fastrand::Rng) -> String {
    let hex = format!("{:032x}", rng.u128(..));
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}
