//! An error as AWS would answer it: a wire code, a text, an HTTP status.

use serde_json::{Map, Value};

/// The refusal of a call, before it is put into the wire form of the service's protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct AwsError {
    /// The wire code, e.g. `DBClusterNotFoundFault` or `ConditionalCheckFailedException`.
    pub code: String,
    /// The text for a person.
    pub message: String,
    /// HTTP status, 400–599.
    pub status: u16,
    /// Further members of a JSON error body (e.g. `Item` of a failed condition).
    pub fields: Map<String, Value>,
}

impl AwsError {
    /// A refusal with HTTP status 400, the usual one.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400, fields: Map::new() }
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with one more member in its JSON body.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.into(), value);
        self
    }
}
