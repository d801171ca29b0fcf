//! ReceiveMessage: long polling, groups, attempts, and what is moved to the dead-letter queue.

use super::error::invalid;
use super::input::{check_id, number, text, texts};
use super::queue::{Queue, parse_arn, sequence_number};
use super::receipts::VISIBILITY;
use super::store::{Message, State};
use super::{Sqs, digest};
use crate::error::AwsError;
use crate::faults::FaultKind;
use crate::world::{Answer, Context, Reply};
use serde_json::{Map, Value, json};

/// What a receive asks for.
struct Wish<'a> {
    max: usize,
    visibility_ms: i64,
    wait_ms: i64,
    attempt: Option<&'a str>,
    /// System attributes wanted.
    system: Vec<&'a str>,
    /// Message attributes wanted.
    named: Vec<&'a str>,
}

fn wish<'a>(queue: &Queue, input: &'a Value) -> Result<Wish<'a>, AwsError> {
    let attempt = text(input, "ReceiveRequestAttemptId");
    attempt.map_or(Ok(()), |id| check_id("ReceiveRequestAttemptId", id))?;
    let max = number(input, "MaxNumberOfMessages", 1..=10)?.unwrap_or(1);
    let visibility = number(input, "VisibilityTimeout", VISIBILITY)?;
    let wait = number(input, "WaitTimeSeconds", 0..=20)?;
    let mut system = texts(input, "AttributeNames");
    system.extend(texts(input, "MessageSystemAttributeNames"));
    Ok(Wish {
        max: usize::try_from(max).unwrap_or(1),
        visibility_ms: visibility.map_or(queue.attributes.visibility_ms, |s| s * 1_000),
        wait_ms: wait.map_or(queue.attributes.wait_ms, |s| s * 1_000),
        attempt,
        system,
        named: texts(input, "MessageAttributeNames"),
    })
}

/// `ReceiveMessage`.
pub(super) fn receive_message(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let limit = receive_limit(sqs, cx, input)?;
    let queue = sqs.queue(cx, input)?;
    let wish = wish(queue, input)?;
    if queue.store.has_something() && cx.faults.strikes(&FaultKind::EmptyReceive) {
        return Ok(Reply::Json(json!({})));
    }
    if let Some((place, message)) = queue.store.next_ghost() {
        return Ok(haunt(queue, &wish, place, &message, cx));
    }
    let (places, dead) = match again(queue, &wish, cx.now_ms)? {
        Some(places) => (places, Vec::new()),
        None => take(queue, &wish, limit, cx),
    };
    let target = queue.attributes.redrive.as_ref().map(|r| r.arn.clone());
    let reply = answer(queue, &wish, &places, cx);
    if let Some(target) = target {
        bury(sqs, &target, dead, input, cx)?;
    }
    Ok(reply)
}

/// Takes what is there, as far as no fault has it otherwise.
fn take(
    queue: &mut Queue,
    wish: &Wish<'_>,
    limit: Option<u64>,
    cx: &mut Context<'_>,
) -> (Vec<u64>, Vec<Message>) {
    let store = &mut queue.store;
    let out_of_turn = store.second_group().is_some() && cx.faults.strikes(&FaultKind::Reorder);
    let taken = if out_of_turn {
        store.take_out_of_turn(wish.max, wish.visibility_ms, limit, cx.now_ms)
    } else {
        store.take(wish.max, wish.visibility_ms, limit, cx.now_ms)
    };
    if let Some(first) = taken.0.first()
        && cx.faults.strikes(&FaultKind::DuplicateDelivery)
    {
        store.deliver_again(*first);
    }
    taken
}

/// The answer with a message that was delivered before: at-least-once delivery at its worst.
fn haunt(
    queue: &Queue,
    wish: &Wish<'_>,
    place: u64,
    message: &Message,
    cx: &mut Context<'_>,
) -> Reply {
    cx.record.items = 1;
    cx.record.resource = format!("{}/{}", queue.name, message.group);
    Reply::Json(json!({ "Messages": [write(queue, wish, place, message)] }))
}

/// After how many receives messages of the queue move on; never, where the dead-letter queue is
/// gone.
fn receive_limit(
    sqs: &mut Sqs,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Option<u64>, AwsError> {
    let redrive = sqs.queue(cx, input)?.attributes.redrive.clone();
    let there = redrive.filter(|r| parse_arn(&r.arn).is_some_and(|k| sqs.queues.contains_key(&k)));
    Ok(there.map(|r| r.max_receives))
}

/// The places an attempt was answered with before, if it may be answered so again: then their
/// visibility timeout starts anew.
fn again(queue: &mut Queue, wish: &Wish<'_>, now_ms: i64) -> Result<Option<Vec<u64>>, AwsError> {
    let Some(attempt) = wish.attempt else { return Ok(None) };
    let Some(taken) = queue.attempts.get(&attempt.to_owned(), now_ms).cloned() else {
        return Ok(None);
    };
    let held = |(place, receipt): &(u64, u64)| {
        let message = queue.store.get(*place);
        message.filter(|m| m.receipt == *receipt && !m.touched)
    };
    let messages: Option<Vec<_>> = taken.iter().map(held).collect();
    let Some(messages) = messages else {
        let reason = "The receiveRequestAttemptId is not valid anymore since the receive call is \
                      not retryable.";
        return Err(invalid("ReceiveRequestAttemptId", attempt, reason));
    };
    if messages.iter().any(|m| m.state != State::InFlight) {
        queue.attempts.forget(&attempt.to_owned());
        return Ok(None);
    }
    let places: Vec<_> = taken.iter().map(|(place, _)| *place).collect();
    for place in &places {
        queue.store.hide(*place, wish.visibility_ms, now_ms);
    }
    Ok(Some(places))
}

/// The messages at some places; or, if there are none and time is left, nothing yet.
fn answer(queue: &mut Queue, wish: &Wish<'_>, places: &[u64], cx: &mut Context<'_>) -> Reply {
    let ends_ms = cx.call.arrived_at_ms + wish.wait_ms;
    if places.is_empty() && ends_ms > cx.now_ms {
        let event_ms = queue.store.next_event_ms().unwrap_or(i64::MAX);
        return Reply::Park { retry_at_ms: ends_ms.min(event_ms) };
    }
    cx.record.items = places.len() as u64;
    let messages = places.iter().filter_map(|p| Some((*p, queue.store.get(*p)?)));
    let messages: Vec<_> = messages.collect();
    if let [(_, only)] = messages[..] {
        cx.record.resource = format!("{}/{}", queue.name, only.group);
    }
    let written: Vec<_> = messages.iter().map(|(p, m)| write(queue, wish, *p, m)).collect();
    if let Some(attempt) = wish.attempt.filter(|_| !written.is_empty()) {
        let taken = messages.iter().map(|(place, m)| (*place, m.receipt)).collect();
        queue.attempts.put(attempt.to_owned(), taken, cx.now_ms);
    }
    Reply::Json(if written.is_empty() { json!({}) } else { json!({ "Messages": written }) })
}

/// One message as it is answered.
fn write(queue: &Queue, wish: &Wish<'_>, place: u64, message: &Message) -> Value {
    let mut out = json!({
        "MessageId": message.id,
        "ReceiptHandle": queue.handle(place, message.receipt),
        "MD5OfBody": message.md5,
        "Body": message.body,
    });
    let system = system_attributes(&wish.system, place, message);
    if !system.is_empty() {
        out["Attributes"] = Value::Object(system);
    }
    let named = named_attributes(&wish.named, &message.attributes);
    if let Some(md5) = digest::md5_of_attributes(&named) {
        out["MD5OfMessageAttributes"] = json!(md5);
        out["MessageAttributes"] = Value::Object(named);
    }
    out
}

fn system_attributes(wanted: &[&str], place: u64, message: &Message) -> Map<String, Value> {
    let mut all = vec![
        ("ApproximateReceiveCount", message.receives.to_string()),
        ("MessageDeduplicationId", message.dedup_id.clone()),
        ("MessageGroupId", message.group.to_string()),
        ("SenderId", message.sender.clone()),
        ("SentTimestamp", message.sent_ms.to_string()),
        ("SequenceNumber", sequence_number(place)),
    ];
    let first = message.first_received_ms.map(|ms| ms.to_string());
    all.extend(first.map(|ms| ("ApproximateFirstReceiveTimestamp", ms)));
    all.extend(message.source.clone().map(|arn| ("DeadLetterQueueSourceArn", arn)));
    let is_wanted = |name: &str| wanted.iter().any(|w| *w == "All" || *w == name);
    let wanted = all.into_iter().filter(|(name, _)| is_wanted(name));
    wanted.map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

/// Message attributes are answered by name, by `prefix.*`, or all (`All`, `.*`).
fn named_attributes(wanted: &[&str], attributes: &Map<String, Value>) -> Map<String, Value> {
    let is_wanted = |name: &str| {
        wanted.iter().any(|w| match w.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => *w == "All" || *w == name,
        })
    };
    let wanted = attributes.iter().filter(|(name, _)| is_wanted(name));
    wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Puts messages that were received too often into the dead-letter queue. They keep their ids,
/// groups and receive counts; their time of sending starts anew, as FIFO queues do it.
fn bury(
    sqs: &mut Sqs,
    target: &str,
    dead: Vec<Message>,
    input: &Value,
    cx: &mut Context<'_>,
) -> Result<(), AwsError> {
    let source = sqs.queue(cx, input)?.arn.clone();
    let Some(queue) = parse_arn(target).and_then(|key| sqs.queues.get_mut(&key)) else {
        return Ok(());
    };
    for message in dead {
        queue.store.push(Message {
            source: Some(source.clone()),
            sent_ms: cx.now_ms,
            receipt: 0,
            ..message
        });
    }
    Ok(())
}
