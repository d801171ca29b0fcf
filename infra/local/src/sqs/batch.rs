//! What all batch operations have in common.

use super::error::prefixed;
use super::input::text;
use crate::error::AwsError;
use crate::faults::FaultKind;
use crate::world::{Context, Reply};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The entries of a batch: 1–10 with distinct ids.
pub(super) fn entries(input: &Value) -> Result<&[Value], AwsError> {
    let entries = input.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        let text = "There should be at least one entry in the request.";
        return Err(prefixed("EmptyBatchRequest", text));
    }
    if entries.len() > 10 {
        let n = entries.len();
        let text = format!("Maximum number of entries per request are 10. You have sent {n}.");
        return Err(prefixed("TooManyEntriesInBatchRequest", text));
    }
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = text(entry, "Id").unwrap_or_default();
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=80).contains(&id.len()) || !id.bytes().all(known) {
            let text = "A batch entry id can only contain alphanumeric characters, hyphens and \
                        underscores. It can be at most 80 letters long.";
            return Err(prefixed("InvalidBatchEntryId", text));
        }
        if !ids.insert(id) {
            return Err(prefixed("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    Ok(entries)
}

/// Whether an entry is spared by the faults.
pub(super) fn spared(cx: &mut Context<'_>) -> Result<(), AwsError> {
    if cx.faults.strikes(&FaultKind::PartialBatch) {
        return Err(AwsError::new("InternalError", "An internal error occurred").with_status(500));
    }
    Ok(())
}

/// Does every entry by itself; answers which went well and which did not, and how many went well.
pub(super) fn each(
    entries: &[Value],
    mut one: impl FnMut(&Value) -> Result<Value, AwsError>,
) -> (Reply, u64) {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = text(entry, "Id").unwrap_or_default();
        match one(entry) {
            Ok(mut result) => {
                result["Id"] = json!(id);
                successful.push(result);
            }
            Err(e) => failed.push(json!({
                "Id": id,
                "SenderFault": e.status < 500,
                "Code": e.code,
                "Message": e.message,
            })),
        }
    }
    let count = successful.len() as u64;
    (Reply::Json(json!({ "Successful": successful, "Failed": failed })), count)
}
