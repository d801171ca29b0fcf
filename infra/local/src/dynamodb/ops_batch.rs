//! `BatchGetItem` and `BatchWriteItem`.

use super::capacity::{self, Consumed, Detail};
use super::expression::{Projector, Scope};
use super::input::Input;
use super::key::Key;
use super::ops_item::{cut, too_many};
use super::value::{Item, item_from_json, item_size};
use super::{Tables, detail, invalid, moment_of_write, named};
use crate::error::AwsError;
use crate::faults::FaultKind;
use crate::world::{Answer, Context, Reply};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most keys of a `BatchGetItem`.
const MAX_GETS: usize = 100;
/// The most puts and deletes of a `BatchWriteItem`.
const MAX_WRITES: usize = 25;
/// What the items of one answer may weigh together; the keys of the rest are handed back.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The keys to get from one table.
struct Gets<'a> {
    request: Input<'a>,
    keys: Vec<(Key, &'a Value)>,
    projection: Option<Projector>,
    consistent: bool,
}

/// `BatchGetItem`.
pub(super) fn get(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&["RequestItems", "ReturnConsumedCapacity"])?;
    let requests = requests(input)?;
    let asked = detail(input)?;
    let mut gets = BTreeMap::new();
    for (name, request) in requests {
        gets.insert(name.as_str(), gets_of(tables, cx, name, request)?);
    }
    if gets.values().map(|g| g.keys.len()).sum::<usize>() > MAX_GETS {
        return Err(too_many("BatchGetItem"));
    }
    let mut answer = Answered { room: MAX_ANSWER_BYTES, asked, ..Answered::default() };
    for (name, gets) in &gets {
        let table = named(tables, cx, name)?;
        let mut found = Vec::new();
        let mut left = Vec::new();
        let mut units = 0.0;
        for (key, given) in &gets.keys {
            let item = table.get(key);
            let bytes = item.map_or(0, |item| item_size(item));
            if bytes > answer.room || cx.faults.strikes(&FaultKind::PartialBatch) {
                left.push((*given).clone());
                continue;
            }
            answer.room -= bytes;
            units += capacity::read(bytes, gets.consistent);
            found.extend(item.map(|item| cut(gets.projection.as_ref(), item)));
        }
        cx.record.read_units += units;
        cx.record.items += u64::try_from(found.len()).unwrap_or(u64::MAX);
        answer.responses.insert((*name).to_owned(), Value::Array(found));
        if !left.is_empty() {
            answer.unprocessed.insert((*name).to_owned(), again(gets.request, left));
        }
        answer.consumed.extend(Consumed::of_table(units).to_json(name, answer.asked));
    }
    name_resource(cx, gets.keys());
    Ok(answer.reply("UnprocessedKeys", true))
}

fn gets_of<'a>(
    tables: &mut Tables,
    cx: &mut Context<'_>,
    name: &str,
    request: &'a Value,
) -> Result<Gets<'a>, AwsError> {
    let request = Input::of(request)?;
    request.only(&[
        "Keys",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ConsistentRead",
    ])?;
    let table = named(tables, cx, name)?;
    let keys = request
        .list("Keys")?
        .iter()
        .map(|given| Ok((table.schema.key_exactly(&item_from_json(given)?)?, given)));
    let keys = keys.collect::<Result<Vec<_>, AwsError>>()?;
    no_duplicates(keys.iter().map(|(key, _)| key))?;
    if keys.is_empty() {
        return Err(nothing_requested());
    }
    let mut scope = Scope::of(request)?;
    let projection = scope.projection()?;
    scope.finish()?;
    let consistent = request.flag("ConsistentRead")?.unwrap_or(false);
    Ok(Gets { request, keys, projection, consistent })
}

/// The request for keys that were not served, as it would have to be sent again.
fn again(request: Input<'_>, keys: Vec<Value>) -> Value {
    let members = ["ProjectionExpression", "ExpressionAttributeNames", "ConsistentRead"];
    let same = members.iter().filter_map(|m| Some(((*m).to_owned(), request.get(m)?.clone())));
    let mut again: Map<_, _> = same.collect();
    again.insert("Keys".into(), Value::Array(keys));
    Value::Object(again)
}

/// `BatchWriteItem`. Its limits keep it below 16 MB, so nothing is left unprocessed but by a fault.
pub(super) fn write(tables: &mut Tables, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&["RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"])?;
    let requests = requests(input)?;
    let asked = detail(input)?;
    let mut writes = BTreeMap::new();
    for (name, list) in requests {
        writes.insert(name.as_str(), writes_of(tables, cx, name, list)?);
    }
    let mut count: usize = writes.values().map(Vec::len).sum();
    if count > MAX_WRITES {
        return Err(too_many("BatchWriteItem"));
    }
    let mut answer = Answered { asked, ..Answered::default() };
    for (name, writes) in &mut writes {
        let table = named(tables, cx, name)?;
        let mut consumed = Consumed::default();
        let mut left = Vec::new();
        for (key, item, given) in writes.drain(..) {
            if cx.faults.strikes(&FaultKind::PartialBatch) {
                left.push(given.clone());
                continue;
            }
            let at = moment_of_write(table, cx);
            consumed.add(&table.write(&key, item.map(Arc::new), at));
        }
        if !left.is_empty() {
            count -= left.len();
            answer.unprocessed.insert((*name).to_owned(), Value::Array(left));
        }
        cx.record.write_units += consumed.total();
        answer.consumed.extend(consumed.to_json(name, answer.asked));
    }
    cx.record.items = u64::try_from(count).unwrap_or(u64::MAX);
    name_resource(cx, writes.keys());
    Ok(answer.reply("UnprocessedItems", false))
}

/// The writes to one table, each with the request for it.
type Writes<'a> = Vec<(Key, Option<Item>, &'a Value)>;

fn writes_of<'a>(
    tables: &mut Tables,
    cx: &mut Context<'_>,
    name: &str,
    list: &'a Value,
) -> Result<Writes<'a>, AwsError> {
    let table = named(tables, cx, name)?;
    let list = list.as_array().filter(|list| !list.is_empty()).ok_or_else(nothing_requested)?;
    let mut writes = Writes::new();
    for given in list {
        let request = Input::of(given)?;
        request.only(&["PutRequest", "DeleteRequest"])?;
        writes.push(match (request.get("PutRequest"), request.get("DeleteRequest")) {
            (Some(put), None) => {
                let item = item_from_json(Input::of(put)?.need("Item")?)?;
                let key = table.schema.key_of(&item)?;
                table.check(&item, "Item size has exceeded the maximum allowed size")?;
                (key, Some(item), given)
            }
            (None, Some(delete)) => {
                let key = item_from_json(Input::of(delete)?.need("Key")?)?;
                (table.schema.key_exactly(&key)?, None, given)
            }
            _ => return Err(invalid(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one \
                 of the supported datatypes",
            )),
        });
    }
    no_duplicates(writes.iter().map(|(key, ..)| key))?;
    Ok(writes)
}

fn requests<'a>(input: Input<'a>) -> Result<&'a Map<String, Value>, AwsError> {
    input.need("RequestItems")?;
    let requests = input.object("RequestItems")?.filter(|r| !r.is_empty());
    requests.ok_or_else(nothing_requested)
}

fn nothing_requested() -> AwsError {
    invalid(
        "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member \
         must have length greater than or equal to 1",
    )
}

fn no_duplicates<'k>(mut keys: impl Iterator<Item = &'k Key>) -> Result<(), AwsError> {
    let mut seen = BTreeSet::new();
    if keys.all(|key| seen.insert(key)) {
        return Ok(());
    }
    Err(invalid("Provided list of item keys contains duplicates"))
}

fn name_resource<'n>(cx: &mut Context<'_>, names: impl Iterator<Item = &'n &'n str>) {
    cx.record.resource = names.copied().collect::<Vec<_>>().join(",");
}

/// What a batch has come to.
struct Answered {
    room: usize,
    asked: Detail,
    responses: Map<String, Value>,
    unprocessed: Map<String, Value>,
    consumed: Vec<Value>,
}

impl Default for Answered {
    fn default() -> Self {
        let (responses, unprocessed) = (Map::new(), Map::new());
        Self { room: 0, asked: Detail::None, responses, unprocessed, consumed: Vec::new() }
    }
}

impl Answered {
    fn reply(self, unprocessed: &str, with_responses: bool) -> Reply {
        let mut answer = json!({ unprocessed: self.unprocessed });
        if with_responses {
            answer["Responses"] = Value::Object(self.responses);
        }
        if self.asked != Detail::None {
            answer["ConsumedCapacity"] = Value::Array(self.consumed);
        }
        Reply::Json(answer)
    }
}
