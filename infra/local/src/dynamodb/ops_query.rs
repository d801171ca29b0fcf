//! `Query` and `Scan`, of a table or one of its indexes.

use super::capacity::{self, Consumed};
use super::expression::{Condition, Projector, Scope, Span, holds};
use super::index::Projection;
use super::input::Input;
use super::key::Position;
use super::ops_item::cut;
use super::source::Source;
use super::table::Table;
use super::value::{Item, item_size};
use super::{detail, invalid, invalid_parameter};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use serde_json::{Map, Value, json};
use std::ops::Bound;
use std::sync::Arc;

/// A page ends with the item that fills it.
const PAGE_BYTES: usize = 1024 * 1024;

/// `Query`.
pub(super) fn query(table: &mut Table, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "IndexName",
        "KeyConditionExpression",
        "FilterExpression",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ScanIndexForward",
        "Limit",
        "ExclusiveStartKey",
        "ConsistentRead",
        "Select",
        "ReturnConsumedCapacity",
    ])?;
    let source = Source::of(table, input)?;
    let mut scope = Scope::of(input)?;
    let span = scope.key_condition(source.schema())?;
    cx.record.resource = match source.index {
        Some(index) => format!("{}:{}", table.about.name, index.name),
        None => format!("{}/{}", table.about.name, span.from.hash),
    };
    let reading = Reading::of(&source, input, &mut scope)?;
    let keys = source.schema().attrs();
    if let Some(name) = keys.map(|a| &a.name).find(|n| reading.filters_on(n)) {
        return Err(invalid(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: \
             {name}"
        )));
    }
    let start = source.start(input)?;
    let forward = input.flag("ScanIndexForward")?.unwrap_or(true);
    let page = match bounds(span, start, forward)? {
        None => Page::default(),
        Some(range) => {
            let found = source.entries().range(range).map(|(_, item)| item);
            match forward {
                true => reading.page(found, &scope),
                false => reading.page(found.rev(), &scope),
            }
        }
    };
    reading.reply(page, cx, input)
}

/// `Scan`.
pub(super) fn scan(table: &mut Table, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
    input.only(&[
        "TableName",
        "IndexName",
        "FilterExpression",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "Limit",
        "ExclusiveStartKey",
        "ConsistentRead",
        "Select",
        "ReturnConsumedCapacity",
    ])?;
    let source = Source::of(table, input)?;
    if let Some(index) = source.index {
        cx.record.resource = format!("{}:{}", table.about.name, index.name);
    }
    let mut scope = Scope::of(input)?;
    let reading = Reading::of(&source, input, &mut scope)?;
    let from = source.start(input)?.map_or(Bound::Unbounded, Bound::Excluded);
    let found = source.entries().range((from, Bound::Unbounded)).map(|(_, item)| item);
    let page = reading.page(found, &scope);
    reading.reply(page, cx, input)
}

/// The stretch left to read; nothing when the start key is at its end.
#[expect(clippy::type_complexity, reason = "the pair of bounds that BTreeMap::range takes")]
fn bounds(
    span: Span,
    start: Option<Position>,
    forward: bool,
) -> Result<Option<(Bound<Position>, Bound<Position>)>, AwsError> {
    let Span { mut from, mut to } = span;
    let mut after_start = false;
    if let Some(start) = start {
        if start < from || start >= to {
            return Err(invalid(
                "The provided starting key is outside query boundaries based on provided \
                 conditions",
            ));
        }
        if forward {
            (from, after_start) = (start, true);
        } else {
            to = start;
        }
    }
    if from >= to {
        return Ok(None);
    }
    let from = if after_start { Bound::Excluded(from) } else { Bound::Included(from) };
    Ok(Some((from, Bound::Excluded(to))))
}

/// How a query or scan reads.
struct Reading<'t, 's> {
    source: &'s Source<'t>,
    filter: Option<Condition>,
    projection: Option<Projector>,
    limit: usize,
    consistent: bool,
    count_only: bool,
}

/// What a query or scan has read.
#[derive(Default)]
struct Page {
    items: Vec<Arc<Item>>,
    scanned: usize,
    bytes: usize,
    last: Option<Arc<Item>>,
}

impl<'t, 's> Reading<'t, 's> {
    fn of(
        source: &'s Source<'t>,
        input: Input<'_>,
        scope: &mut Scope<'_>,
    ) -> Result<Self, AwsError> {
        let filter = scope.condition("FilterExpression")?;
        let projection = scope.projection()?;
        scope.finish()?;
        let consistent = input.flag("ConsistentRead")?.unwrap_or(false);
        if consistent && source.index.is_some() {
            let text = "Consistent reads are not supported on global secondary indexes";
            return Err(invalid(text));
        }
        check_projected(source, projection.as_ref())?;
        let count_only = select(source, input, projection.is_some())?;
        let limit = input.positive("Limit")?.unwrap_or(usize::MAX);
        detail(input)?;
        Ok(Self { source, filter, projection, limit, consistent, count_only })
    }

    fn filters_on(&self, name: &str) -> bool {
        self.filter.as_ref().is_some_and(|f| f.mentions(name))
    }

    fn page<'i>(&self, found: impl Iterator<Item = &'i Arc<Item>>, scope: &Scope<'_>) -> Page {
        let mut page = Page::default();
        for item in found {
            page.scanned += 1;
            page.bytes += item_size(item);
            if holds(self.filter.as_ref(), item, scope.values()) {
                page.items.push(Arc::clone(item));
            }
            // AWS names a last key whenever it stopped here, even if nothing follows.
            if page.scanned == self.limit || page.bytes >= PAGE_BYTES {
                page.last = Some(Arc::clone(item));
                break;
            }
        }
        page
    }

    fn reply(&self, page: Page, cx: &mut Context<'_>, input: Input<'_>) -> Answer {
        let units = capacity::read(page.bytes, self.consistent);
        cx.record.read_units = units;
        cx.record.items = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
        let consumed = match self.source.index {
            Some(index) => Consumed::of_index(&index.name, units),
            None => Consumed::of_table(units),
        };
        let mut answer = Map::new();
        answer.insert("Count".into(), json!(page.items.len()));
        answer.insert("ScannedCount".into(), json!(page.scanned));
        if !self.count_only {
            let items = page.items.iter().map(|item| cut(self.projection.as_ref(), item));
            answer.insert("Items".into(), items.collect());
        }
        if let Some(last) = page.last {
            answer.insert("LastEvaluatedKey".into(), self.source.last_key(&last));
        }
        if let Some(capacity) = consumed.to_json(&self.source.table.about.name, detail(input)?) {
            answer.insert("ConsumedCapacity".into(), capacity);
        }
        Ok(Reply::Json(Value::Object(answer)))
    }
}

/// An index can only give what it holds.
fn check_projected(source: &Source<'_>, projection: Option<&Projector>) -> Result<(), AwsError> {
    let (Some(index), Some(projection)) = (source.index, projection) else { return Ok(()) };
    let missing: Vec<_> = projection.roots().filter(|name| !index.projects(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (name, missing) = (&index.name, missing.join(", "));
    Err(invalid_parameter(format!("Global secondary index {name} does not project [{missing}]")))
}

/// Whether only a count is wanted.
fn select(source: &Source<'_>, input: Input<'_>, projected: bool) -> Result<bool, AwsError> {
    let known = ["ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"];
    let default = match (projected, source.index) {
        (true, _) => "SPECIFIC_ATTRIBUTES",
        (_, Some(_)) => "ALL_PROJECTED_ATTRIBUTES",
        _ => "ALL_ATTRIBUTES",
    };
    let select = input.choice("Select", &known, default)?;
    if projected && select != "SPECIFIC_ATTRIBUTES" {
        return Err(invalid(format!(
            "Cannot specify the ProjectionExpression when choosing to get {select}"
        )));
    }
    match (select, source.index) {
        ("SPECIFIC_ATTRIBUTES", _) if !projected => Err(invalid_parameter(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get \
             SPECIFIC_ATTRIBUTES",
        )),
        ("ALL_PROJECTED_ATTRIBUTES", None) => Err(invalid_parameter(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        )),
        ("ALL_ATTRIBUTES", Some(index)) if index.projection != Projection::All => {
            Err(invalid_parameter(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because \
                 its projection type is not ALL",
                index.name
            )))
        }
        _ => Ok(select == "COUNT"),
    }
}
