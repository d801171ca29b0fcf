//! The checksums SQS answers with, and the size and rules of message attributes.

use super::error::invalid;
use super::input::text;
use crate::error::AwsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value};
use sha2::Sha256;
use std::fmt::Write as _;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// MD5 of a text, as hexadecimal digits.
pub(super) fn md5(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// SHA-256 of a text, as hexadecimal digits: the deduplication id of content-based deduplication.
pub(crate) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// The value of one message attribute.
struct Attribute<'a> {
    data_type: &'a str,
    /// 1 for text and numbers, 2 for binary values.
    transport: u8,
    bytes: Vec<u8>,
}

fn attribute<'a>(name: &str, value: &'a Value) -> Result<Attribute<'a>, AwsError> {
    let wrong = |reason: &str| invalid("MessageAttributes", name, reason);
    let data_type = text(value, "DataType").ok_or_else(|| {
        wrong("The message attribute must contain a non-empty message attribute type.")
    })?;
    let (transport, bytes) = match data_type.split('.').next() {
        Some("String" | "Number") => {
            let value = text(value, "StringValue").filter(|s| !s.is_empty());
            (1, value.ok_or_else(|| wrong("The message attribute value is empty."))?.into())
        }
        Some("Binary") => {
            let value = text(value, "BinaryValue").and_then(|s| STANDARD.decode(s).ok());
            (2, value.ok_or_else(|| wrong("The message attribute value is empty."))?)
        }
        _ => return Err(wrong("The type must start with String, Number or Binary.")),
    };
    Ok(Attribute { data_type, transport, bytes })
}

/// Checks message attributes; answers their size in bytes.
pub(crate) fn check_attributes(attributes: &Map<String, Value>) -> Result<usize, AwsError> {
    if attributes.len() > 10 {
        let reason = "The number of message attributes exceeds the limit of 10.";
        return Err(invalid("MessageAttributes", attributes.len(), reason));
    }
    let mut size = 0;
    for (name, value) in attributes {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        if name.is_empty() || name.len() > 256 || !name.bytes().all(known) {
            return Err(invalid("MessageAttributes", name, "The name is not valid."));
        }
        let attribute = attribute(name, value)?;
        size += name.len() + attribute.data_type.len() + attribute.bytes.len();
    }
    Ok(size)
}

/// MD5 of message attributes (they must have passed [`check_attributes`]), or `None` of none.
pub(super) fn md5_of_attributes(attributes: &Map<String, Value>) -> Option<String> {
    let mut names: Vec<_> = attributes.keys().collect();
    names.sort();
    let mut digest = Md5::new();
    for name in &names {
        let attribute = attribute(name, attributes.get(*name)?).ok()?;
        for part in [name.as_bytes(), attribute.data_type.as_bytes()] {
            digest.update(length(part));
            digest.update(part);
        }
        digest.update([attribute.transport]);
        digest.update(length(&attribute.bytes));
        digest.update(&attribute.bytes);
    }
    (!names.is_empty()).then(|| hex(&digest.finalize()))
}

fn length(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}
