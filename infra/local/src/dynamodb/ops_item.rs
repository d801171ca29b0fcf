//! Calls about one item.

use super::capacity::{self, Consumed};
use super::expression::{Condition, Projector, Scope, holds};
use super::input::Input;
use super::key::Key;
use super::table::Table;
use super::value::{Item, item_from_json, item_size, item_to_json};
use super::{detail, invalid, moment_of_write};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use serde_json::{Map, Value};
use std::sync::Arc;

/// `GetItem`.
pub(super) fn get(table: &mut Table, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "Key",
        "ConsistentRead",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ReturnConsumedCapacity",
    ])?;
    let key = key_of_call(table, cx, input)?;
    let mut scope = Scope::of(input)?;
    let projection = scope.projection()?;
    scope.finish()?;
    let consistent = input.flag("ConsistentRead")?.unwrap_or(false);
    let found = table.get(&key);
    let units = capacity::read(found.map_or(0, |item| item_size(item)), consistent);
    cx.record.read_units = units;
    cx.record.items = u64::from(found.is_some());
    let mut answer = Map::new();
    if let Some(item) = found {
        answer.insert("Item".into(), cut(projection.as_ref(), item));
    }
    reply(answer, table, &Consumed::of_table(units), input)
}

/// An item, or the parts of it that were asked for.
pub(super) fn cut(projection: Option<&Projector>, item: &Item) -> Value {
    match projection {
        Some(projector) => item_to_json(&projector.cut(item)),
        None => item_to_json(item),
    }
}

/// `PutItem`.
pub(super) fn put(table: &mut Table, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "Item",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
        "ReturnConsumedCapacity",
        "ReturnItemCollectionMetrics",
    ])?;
    let item = item_from_json(input.need("Item")?)?;
    let key = table.schema.key_of(&item)?;
    about(table, cx, &key);
    table.check(&item, "Item size has exceeded the maximum allowed size")?;
    let returned = input.choice("ReturnValues", &["NONE", "ALL_OLD"], "NONE")?;
    let mut scope = Scope::of(input)?;
    let condition = scope.condition("ConditionExpression")?;
    scope.finish()?;
    let call = Write { key, input, old: None };
    let call = call.judged(table, cx, &scope, condition.as_ref(), item_size(&item))?;
    let consumed = call.write(table, cx, Some(item));
    let attributes = call.old.as_deref().filter(|_| returned == "ALL_OLD").cloned();
    reply(attributes_member(attributes), table, &consumed, input)
}

/// `DeleteItem`.
pub(super) fn delete(table: &mut Table, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "Key",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
        "ReturnConsumedCapacity",
        "ReturnItemCollectionMetrics",
    ])?;
    let key = key_of_call(table, cx, input)?;
    let returned = input.choice("ReturnValues", &["NONE", "ALL_OLD"], "NONE")?;
    let mut scope = Scope::of(input)?;
    let condition = scope.condition("ConditionExpression")?;
    scope.finish()?;
    let call = Write { key, input, old: None };
    let call = call.judged(table, cx, &scope, condition.as_ref(), 0)?;
    let consumed = call.write(table, cx, None);
    let attributes = call.old.as_deref().filter(|_| returned == "ALL_OLD").cloned();
    reply(attributes_member(attributes), table, &consumed, input)
}

/// `UpdateItem`.
pub(super) fn update(table: &mut Table, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "Key",
        "UpdateExpression",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
        "ReturnConsumedCapacity",
        "ReturnItemCollectionMetrics",
    ])?;
    let key = key_of_call(table, cx, input)?;
    let kinds = ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"];
    let returned = input.choice("ReturnValues", &kinds, "NONE")?;
    let mut scope = Scope::of(input)?;
    let update = scope.update()?;
    let condition = scope.condition("ConditionExpression")?;
    scope.finish()?;
    let mut roots = update.iter().flat_map(|u| u.roots());
    roots.try_for_each(|root| table.check_not_key(root))?;
    let call = Write { key, input, old: None };
    let call = call.judged(table, cx, &scope, condition.as_ref(), 0)?;
    let blank = item_from_json(input.need("Key")?)?;
    let before = call.old.as_deref().unwrap_or(&blank);
    let new = match &update {
        Some(update) => update.apply(before, scope.values())?,
        None => before.clone(),
    };
    table.check(&new, "Item size to update has exceeded the maximum allowed size")?;
    // An update that only takes away does not bring an item into being.
    let creates = !update.as_ref().is_some_and(|u| u.only_removes());
    let new = (call.old.is_some() || creates).then_some(new);
    let touched = |item: Option<&Item>| {
        let parts = update.as_ref()?.touched(item?);
        (!parts.is_empty()).then_some(parts)
    };
    let attributes = match returned {
        "ALL_OLD" => call.old.as_deref().cloned(),
        "ALL_NEW" => new.clone(),
        "UPDATED_OLD" => touched(call.old.as_deref()),
        "UPDATED_NEW" => touched(new.as_ref()),
        _ => None,
    };
    let consumed = call.write(table, cx, new);
    reply(attributes_member(attributes), table, &consumed, input)
}

/// A conditional write of one item.
struct Write<'a> {
    key: Key,
    input: Input<'a>,
    old: Option<Arc<Item>>,
}

impl Write<'_> {
    /// Judges the condition on the item as it is. A failed one costs what the write would have.
    fn judged(
        mut self,
        table: &Table,
        cx: &mut Context<'_>,
        scope: &Scope<'_>,
        condition: Option<&Condition>,
        new_bytes: usize,
    ) -> Result<Self, AwsError> {
        let wanted = self.input.choice(
            "ReturnValuesOnConditionCheckFailure",
            &["NONE", "ALL_OLD"],
            "NONE",
        )?;
        detail(self.input)?;
        self.old = table.get(&self.key).cloned();
        let nothing = Item::new();
        if holds(condition, self.old.as_deref().unwrap_or(&nothing), scope.values()) {
            return Ok(self);
        }
        let old_bytes = self.old.as_deref().map_or(0, item_size);
        cx.record.write_units = capacity::table_write(old_bytes, new_bytes);
        let refusal =
            AwsError::new("ConditionalCheckFailedException", "The conditional request failed");
        Err(match self.old.as_deref().filter(|_| wanted == "ALL_OLD") {
            Some(old) => refusal.with_field("Item", item_to_json(old)),
            None => refusal,
        })
    }

    fn write(&self, table: &mut Table, cx: &mut Context<'_>, new: Option<Item>) -> Consumed {
        let consumed = table.write(&self.key, new.map(Arc::new), moment_of_write(table, cx));
        cx.record.write_units = consumed.total();
        cx.record.items = 1;
        consumed
    }
}

fn key_of_call(table: &Table, cx: &mut Context<'_>, input: Input<'_>) -> Result<Key, AwsError> {
    let key = table.schema.key_exactly(&item_from_json(input.need("Key")?)?)?;
    about(table, cx, &key);
    Ok(key)
}

fn about(table: &Table, cx: &mut Context<'_>, key: &Key) {
    cx.record.resource = format!("{}/{key}", table.about.name);
}

fn attributes_member(attributes: Option<Item>) -> Map<String, Value> {
    let member = attributes.map(|item| ("Attributes".to_owned(), item_to_json(&item)));
    member.into_iter().collect()
}

fn reply(
    mut answer: Map<String, Value>,
    table: &Table,
    consumed: &Consumed,
    input: Input<'_>,
) -> Answer {
    // Item collection metrics exist only with local secondary indexes, which are refused.
    input.choice("ReturnItemCollectionMetrics", &["NONE", "SIZE"], "NONE")?;
    if let Some(capacity) = consumed.to_json(&table.about.name, detail(input)?) {
        answer.insert("ConsumedCapacity".into(), capacity);
    }
    Ok(Reply::Json(Value::Object(answer)))
}

/// The refusal of more keys or items than a batch may have.
pub(super) fn too_many(operation: &str) -> AwsError {
    invalid(format!("Too many items requested for the {operation} call"))
}
