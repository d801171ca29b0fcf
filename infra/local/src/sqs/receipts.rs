//! DeleteMessage, ChangeMessageVisibility and their batches: what receipt handles are good for.

use super::batch;
use super::input::{needed, number};
use super::{Sqs, done};
use crate::error::AwsError;
use crate::world::{Answer, Context};
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// Visibility timeouts, seconds.
pub(super) const VISIBILITY: RangeInclusive<i64> = 0..=43_200;

/// In a batch, a receipt handle that is no good has a code of its own.
fn in_batch(mut e: AwsError) -> AwsError {
    if e.code == "InvalidParameterValue" && e.message.contains("parameter ReceiptHandle") {
        e.code = "ReceiptHandleIsInvalid".into();
    }
    e
}

/// Notes the group of a receipt handle in the record.
fn note(cx: &mut Context<'_>, queue: &super::Queue, handle: &str) {
    cx.record.items = 1;
    if let Some(group) = queue.group_of(handle) {
        cx.record.resource = format!("{}/{group}", queue.name);
    }
}

/// `DeleteMessage`.
pub(super) fn delete_message(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let queue = sqs.queue(cx, input)?;
    let handle = needed(input, "ReceiptHandle")?;
    note(cx, queue, handle);
    queue.delete(handle)?;
    done()
}

/// `DeleteMessageBatch`.
pub(super) fn delete_message_batch(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let queue = sqs.queue(cx, input)?;
    let (reply, count) = batch::each(batch::entries(input)?, |entry| {
        batch::spared(cx)?;
        queue.delete(needed(entry, "ReceiptHandle")?).map_err(in_batch)?;
        Ok(json!({}))
    });
    cx.record.items = count;
    Ok(reply)
}

fn visibility_ms(input: &Value) -> Result<i64, AwsError> {
    let seconds = number(input, "VisibilityTimeout", VISIBILITY)?;
    Ok(seconds.ok_or_else(|| super::error::missing("VisibilityTimeout"))? * 1_000)
}

/// `ChangeMessageVisibility`.
pub(super) fn change_visibility(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let now_ms = cx.now_ms;
    let queue = sqs.queue(cx, input)?;
    let handle = needed(input, "ReceiptHandle")?;
    note(cx, queue, handle);
    queue.change_visibility(handle, visibility_ms(input)?, now_ms)?;
    done()
}

/// `ChangeMessageVisibilityBatch`.
pub(super) fn change_visibility_batch(
    sqs: &mut Sqs,
    cx: &mut Context<'_>,
    input: &Value,
) -> Answer {
    let now_ms = cx.now_ms;
    let queue = sqs.queue(cx, input)?;
    let (reply, count) = batch::each(batch::entries(input)?, |entry| {
        batch::spared(cx)?;
        let handle = needed(entry, "ReceiptHandle")?;
        queue.change_visibility(handle, visibility_ms(entry)?, now_ms).map_err(in_batch)?;
        Ok(json!({}))
    });
    cx.record.items = count;
    Ok(reply)
}
