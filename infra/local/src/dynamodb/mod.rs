//! Amazon DynamoDB.
//!
//! Tables, sparse indexes that may lag behind, conditional single-item writes, queries, scans and
//! batches, with the validation and the consumed capacity of AWS. No transactions: the protocol of
//! the fleet must hold without them, so calling one is refused.

mod capacity;
mod expression;
mod index;
mod input;
mod key;
mod number;
mod ops_batch;
mod ops_item;
mod ops_query;
mod ops_table;
mod schema;
mod source;
mod table;
mod table_json;
#[cfg(test)]
mod tests;
mod ttl;
mod value;
mod view;

use crate::error::AwsError;
use crate::world::{Answer, Context, unknown_operation};
use capacity::Detail;
use input::Input;
use serde_json::Value;
use std::collections::BTreeMap;
use table::{Moment, Table};

/// The tables of one account and Region by name.
type Tables = BTreeMap<String, Table>;

/// All tables of all accounts and Regions.
#[derive(Debug, Default)]
pub struct DynamoDb {
    regions: BTreeMap<(String, String), Tables>,
}

impl DynamoDb {
    /// Handles one call.
    ///
    /// # Errors
    /// The refusal as DynamoDB words it.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Value) -> Answer {
        let input = Input::of(input)?;
        let place = (cx.call.account.clone(), cx.call.region.clone());
        let tables = self.regions.entry(place).or_default();
        match cx.call.operation.as_str() {
            "CreateTable" => ops_table::create(tables, cx, input),
            "DescribeTable" => ops_table::describe(tables, cx, input),
            "DeleteTable" => ops_table::delete(tables, cx, input),
            "ListTables" => ops_table::list(tables, input),
            "UpdateTimeToLive" => ops_table::update_ttl(tables, cx, input),
            "DescribeTimeToLive" => ops_table::describe_ttl(tables, cx, input),
            "GetItem" => ops_item::get(table(tables, cx, input)?, cx, input),
            "PutItem" => ops_item::put(table(tables, cx, input)?, cx, input),
            "UpdateItem" => ops_item::update(table(tables, cx, input)?, cx, input),
            "DeleteItem" => ops_item::delete(table(tables, cx, input)?, cx, input),
            "Query" => ops_query::query(table(tables, cx, input)?, cx, input),
            "Scan" => ops_query::scan(table(tables, cx, input)?, cx, input),
            "BatchGetItem" => ops_batch::get(tables, cx, input),
            "BatchWriteItem" => ops_batch::write(tables, cx, input),
            _ => Err(unknown_operation(cx.call)),
        }
    }
}

/// The table a call is about, as it is now.
fn table<'t>(
    tables: &'t mut Tables,
    cx: &mut Context<'_>,
    input: Input<'_>,
) -> Result<&'t mut Table, AwsError> {
    named(tables, cx, input.need_text("TableName")?)
}

fn named<'t>(
    tables: &'t mut Tables,
    cx: &mut Context<'_>,
    name: &str,
) -> Result<&'t mut Table, AwsError> {
    name.clone_into(&mut cx.record.resource);
    let not_found = || AwsError::new("ResourceNotFoundException", "Requested resource not found");
    let table = tables.get_mut(name).ok_or_else(not_found)?;
    table.expire(moment(cx));
    table.catch_up(cx.now_ms);
    Ok(table)
}

/// Now, and the lag of the indexes.
fn moment(cx: &Context<'_>) -> Moment {
    Moment { now_ms: cx.now_ms, lag_ms: cx.settings.index_lag_ms }
}

/// The same for a write of a table: a fault may have its indexes lag further.
fn moment_of_write(table: &Table, cx: &mut Context<'_>) -> Moment {
    let more_ms = if table.indexes.is_empty() { 0 } else { cx.faults.index_lag_ms() };
    let at = moment(cx);
    Moment { lag_ms: at.lag_ms.saturating_add(more_ms), ..at }
}

/// How much the caller wants to know about consumed capacity.
fn detail(input: Input<'_>) -> Result<Detail, AwsError> {
    let known = ["NONE", "TOTAL", "INDEXES"];
    Ok(match input.choice("ReturnConsumedCapacity", &known, "NONE")? {
        "TOTAL" => Detail::Total,
        "INDEXES" => Detail::Indexes,
        _ => Detail::None,
    })
}

/// A `ValidationException`.
fn invalid(text: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", text)
}

/// A `ValidationException` about the value of a parameter.
fn invalid_parameter(text: impl AsRef<str>) -> AwsError {
    let text = text.as_ref();
    invalid(format!("One or more parameter values were invalid: {text}"))
}
