//! PutEvents: events of one's own.

use super::event::Event;
use super::{Events, invalid, is_default_bus, list, text};
use crate::error::AwsError;
use crate::sqs::{Sqs, fresh_id};
use crate::world::{Context, unsupported_parameter};
use serde_json::{Value, json};

/// The most events in a request, and the most bytes of all together.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 1024 * 1024;

/// `PutEvents`: each succeeds or fails by itself.
pub(super) fn put_events(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
    sqs: &mut Sqs,
) -> Result<Value, AwsError> {
    let given = list(input, "Entries");
    if given.is_empty() || given.len() > MAX_ENTRIES {
        return Err(invalid(format!("Entries must have between 1 and {MAX_ENTRIES} members")));
    }
    let bytes: usize = given.iter().map(|e| text(e, "Detail").map_or(0, str::len)).sum();
    if bytes > MAX_BYTES {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    let mut failed = 0;
    let mut entries = Vec::new();
    for entry in given {
        entries.push(match event(cx, entry) {
            Ok(event) => {
                events.send(&event, 1, sqs, cx.rng, cx.now_ms);
                json!({ "EventId": event.id })
            }
            Err(e) => {
                failed += 1;
                json!({ "ErrorCode": e.code, "ErrorMessage": e.message })
            }
        });
    }
    cx.record.items = (entries.len() - failed) as u64;
    Ok(json!({ "FailedEntryCount": failed, "Entries": entries }))
}

fn event(cx: &mut Context<'_>, entry: &Value) -> Result<Event, AwsError> {
    let wrong = |text: String| AwsError::new("InvalidArgument", text);
    let member = |name: &str| {
        let given = text(entry, name).filter(|s| !s.is_empty());
        given.ok_or_else(|| wrong(format!("Parameter {name} is not valid. Reason: it is missing.")))
    };
    if entry.get("Time").is_some() {
        return Err(unsupported_parameter(cx.call, "Entries Time"));
    }
    let source = member("Source")?;
    if source.starts_with("aws.") {
        let text = "Not authorized for the source.";
        return Err(AwsError::new("NotAuthorizedForSourceException", text));
    }
    if text(entry, "EventBusName").is_some_and(|name| !is_default_bus(name)) {
        return Err(wrong("the local cloud has the default bus only".to_owned()));
    }
    let detail: Value = serde_json::from_str(member("Detail")?)
        .map_err(|_| AwsError::new("MalformedDetail", "Detail is malformed."))?;
    if !detail.is_object() {
        return Err(AwsError::new("MalformedDetail", "Detail is malformed."));
    }
    let resources = list(entry, "Resources").iter();
    Ok(Event {
        id: fresh_id(cx.rng),
        source: source.to_owned(),
        detail_type: member("DetailType")?.to_owned(),
        account: cx.call.account.clone(),
        region: cx.call.region.clone(),
        at_ms: cx.now_ms,
        resources: resources.filter_map(|r| r.as_str().map(str::to_owned)).collect(),
        detail,
    })
}
