//! SendMessage and SendMessageBatch.

use super::error::{invalid, missing, prefixed};
use super::input::{check_id, needed, number, text};
use super::queue::{Queue, Sent, sequence_number};
use super::store::{Message, State};
use super::{Sqs, batch, digest, fresh_id};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use serde_json::{Map, Value, json};

/// The largest batch, bytes of all its messages together.
const BATCH_BYTES: usize = 1_048_576;

/// `SendMessage`.
pub(super) fn send_message(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let queue = sqs.queue(cx, input)?;
    if let Some(group) = text(input, "MessageGroupId") {
        cx.record.resource = format!("{}/{group}", queue.name);
    }
    let answer = send(queue, cx, input)?;
    cx.record.items = 1;
    Ok(Reply::Json(answer))
}

/// `SendMessageBatch`.
pub(super) fn send_message_batch(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let queue = sqs.queue(cx, input)?;
    let entries = batch::entries(input)?;
    let bytes: usize = entries.iter().map(size).sum();
    if bytes > BATCH_BYTES {
        let text = format!(
            "Batch requests cannot be longer than {BATCH_BYTES} bytes. You have sent {bytes} bytes."
        );
        return Err(prefixed("BatchRequestTooLong", text));
    }
    let (reply, count) = batch::each(entries, |entry| {
        batch::spared(cx)?;
        send(queue, cx, entry)
    });
    cx.record.items = count;
    Ok(reply)
}

/// Size of a message; what is wrong with its attributes comes to light when it is sent.
fn size(entry: &Value) -> usize {
    let attributes = attributes(entry).map_or(0, |a| digest::check_attributes(a).unwrap_or(0));
    text(entry, "MessageBody").map_or(0, str::len) + attributes
}

fn attributes(entry: &Value) -> Option<&Map<String, Value>> {
    entry.get("MessageAttributes").and_then(Value::as_object)
}

/// Sends one message, or answers what a message with the same deduplication id was answered.
fn send(queue: &mut Queue, cx: &mut Context<'_>, entry: &Value) -> Result<Value, AwsError> {
    let body = needed(entry, "MessageBody")?;
    let group = text(entry, "MessageGroupId").ok_or_else(|| missing("MessageGroupId"))?;
    check_id("MessageGroupId", group)?;
    check(queue, entry, body)?;
    let dedup_id = dedup_id(queue, entry, body)?;
    let nothing = Map::new();
    let attributes = attributes(entry).unwrap_or(&nothing);
    let sender = &cx.call.account;
    let sent =
        place(queue, Outgoing { group, dedup_id, body, attributes, sender }, cx.rng, cx.now_ms);
    let mut answer = json!({
        "MessageId": sent.message_id,
        "SequenceNumber": sent.sequence_number,
        "MD5OfMessageBody": digest::md5(body),
    });
    if let Some(md5) = digest::md5_of_attributes(attributes) {
        answer["MD5OfMessageAttributes"] = json!(md5);
    }
    Ok(answer)
}

/// A message that may be sent.
pub(super) struct Outgoing<'a> {
    pub(super) group: &'a str,
    pub(super) dedup_id: String,
    pub(super) body: &'a str,
    pub(super) attributes: &'a Map<String, Value>,
    pub(super) sender: &'a str,
}

/// Puts a message into a queue, unless its deduplication id counts still: then answers what the
/// earlier one was answered.
pub(super) fn place(
    queue: &mut Queue,
    outgoing: Outgoing<'_>,
    rng: &mut fastrand::Rng,
    now_ms: i64,
) -> Sent {
    let Outgoing { group, dedup_id, body, attributes, sender } = outgoing;
    let scope = queue.attributes.per_group.then(|| group.to_owned());
    let window_key = (scope, dedup_id.clone());
    if let Some(earlier) = queue.sent.get(&window_key, now_ms) {
        return earlier.clone();
    }
    let delay_ms = queue.attributes.delay_ms;
    let message = Message {
        id: fresh_id(rng),
        group: group.into(),
        dedup_id,
        body: body.to_owned(),
        md5: digest::md5(body),
        attributes: attributes.clone(),
        sender: sender.to_owned(),
        source: None,
        sent_ms: now_ms,
        first_received_ms: None,
        received_ms: 0,
        receives: 0,
        receipt: 0,
        until_ms: now_ms + delay_ms,
        state: if delay_ms > 0 { State::Delayed } else { State::Ready },
        touched: false,
    };
    let message_id = message.id.clone();
    let place = queue.store.push(message);
    let sent = Sent { message_id, sequence_number: sequence_number(place) };
    queue.sent.put(window_key, sent.clone(), now_ms);
    sent
}

fn check(queue: &Queue, entry: &Value, body: &str) -> Result<(), AwsError> {
    if number(entry, "DelaySeconds", 0..=900)?.is_some_and(|n| n > 0) {
        let reason = "The request include parameter that is not valid for this queue type.";
        return Err(invalid("DelaySeconds", &entry["DelaySeconds"], reason));
    }
    if entry
        .get("MessageSystemAttributes")
        .and_then(Value::as_object)
        .is_some_and(|a| !a.is_empty())
    {
        let text = "the local cloud does not keep MessageSystemAttributes";
        return Err(prefixed("UnsupportedOperation", text));
    }
    if !body.chars().all(is_allowed) {
        let text = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | \
                    #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
        return Err(AwsError::new("InvalidMessageContents", text));
    }
    let attributes = attributes(entry).map_or(Ok(0), digest::check_attributes)?;
    let (bytes, limit) = (body.len() + attributes, queue.attributes.max_bytes);
    if bytes > limit {
        let text = format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        );
        return Err(AwsError::new("InvalidParameterValue", text));
    }
    Ok(())
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

fn dedup_id(queue: &Queue, entry: &Value, body: &str) -> Result<String, AwsError> {
    match text(entry, "MessageDeduplicationId") {
        Some(id) => {
            check_id("MessageDeduplicationId", id)?;
            Ok(id.to_owned())
        }
        None if queue.attributes.content_based => Ok(digest::sha256(body)),
        None => {
            let text = "The queue should either have ContentBasedDeduplication enabled or \
                        MessageDeduplicationId provided explicitly";
            Err(AwsError::new("InvalidParameterValue", text))
        }
    }
}
