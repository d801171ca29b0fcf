//! Requests and responses as both doors hand them to the core: plain HTTP, already in memory.

use bytes::Bytes;
use std::collections::BTreeMap;

/// One HTTP request, its body read to the end. Header names are lower case.
#[derive(Debug, Clone, Default)]
pub struct WireRequest {
    /// HTTP method, upper case.
    pub method: String,
    /// Path and query, as received.
    pub path: String,
    /// Headers by lower-case name; of a repeated header the last value.
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    pub body: Bytes,
}

impl WireRequest {
    /// The value of a header (`name` in lower case), or the empty string.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One HTTP response of the core.
#[derive(Debug, Clone)]
pub struct WireResponse {
    /// HTTP status code.
    pub status: u16,
    /// Value of the `content-type` header.
    pub content_type: &'static str,
    /// Further headers (lower-case names).
    pub headers: Vec<(&'static str, String)>,
    /// The whole body.
    pub body: Bytes,
}
