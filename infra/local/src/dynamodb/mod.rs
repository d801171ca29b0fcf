//! Amazon DynamoDB.

use crate::world::{Answer, Context, unknown_operation};
use serde_json::Value;

/// All tables of all accounts and Regions.
#[derive(Debug, Default)]
pub struct DynamoDb {}

impl DynamoDb {
    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, _input: &Value) -> Answer {
        Err(unknown_operation(cx.call))
    }
}
