//! Listing secrets, page by page.

use super::{Secret, Vault, invalid_parameter, members, text};
use crate::error::AwsError;
use crate::world::Context;
use serde_json::{Value, json};

pub(super) fn list(
    vault: &mut Vault,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let most = input.get("MaxResults").and_then(Value::as_u64).unwrap_or(100);
    if !(1..=100).contains(&most) {
        return Err(invalid_parameter("MaxResults must be between 1 and 100."));
    }
    let after = text(input, "NextToken");
    let deleted_too = input.get("IncludePlannedDeletion").and_then(Value::as_bool) == Some(true);
    let mut found = Vec::new();
    for secret in vault.values() {
        let passes = (deleted_too || secret.deleted.is_none())
            && after.as_ref().is_none_or(|after| secret.name > *after)
            && passes_filters(secret, input)?;
        if passes {
            found.push(secret);
        }
    }
    let more = found.len() as u64 > most;
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    cx.record.items = found.len() as u64;
    let next = found.last().filter(|_| more).map(|s| json!(s.name));
    let secrets: Vec<_> = found.iter().map(|s| s.describe("SecretVersionsToStages")).collect();
    Ok(Value::Object(members([("SecretList", Some(json!(secrets))), ("NextToken", next)])))
}

/// Whether a secret passes every filter: for each, one of its values must be a prefix.
fn passes_filters(secret: &Secret, input: &Value) -> Result<bool, AwsError> {
    for filter in input.get("Filters").and_then(Value::as_array).into_iter().flatten() {
        let key = text(filter, "Key").unwrap_or_default();
        let texts: Vec<&String> = match key.as_str() {
            "name" => vec![&secret.name],
            "tag-key" => secret.tags.keys().collect(),
            "tag-value" => secret.tags.values().collect(),
            _ => return Err(invalid_parameter(&format!("unknown filter: {key}"))),
        };
        let values = filter.get("Values").and_then(Value::as_array).into_iter().flatten();
        let mut prefixes = values.filter_map(Value::as_str);
        if !prefixes.any(|prefix| texts.iter().any(|text| text.starts_with(prefix))) {
            return Ok(false);
        }
    }
    Ok(true)
}
