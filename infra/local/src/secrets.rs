//! AWS Secrets Manager.

use crate::world::{Answer, Context, unknown_operation};
use serde_json::Value;

/// All secrets of all accounts and Regions.
#[derive(Debug, Default)]
pub struct Secrets {}

impl Secrets {
    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, _input: &Value) -> Answer {
        Err(unknown_operation(cx.call))
    }
}
