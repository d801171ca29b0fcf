//! StartMessageMoveTask and ListMessageMoveTasks: out of a dead-letter queue, all at once.

use super::error::invalid;
use super::input::{needed, number, text};
use super::queue::{Key, parse_arn};
use super::store::{Message, State};
use super::{Sqs, fresh_id};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One move, over as soon as it started.
#[derive(Debug)]
pub(super) struct Task {
    source: String,
    target: Option<String>,
    rate: Option<i64>,
    moved: usize,
    of: usize,
    failure: Option<&'static str>,
    started_ms: i64,
}

fn not_found(arn: &str) -> AwsError {
    let text =
        format!("The resource that you specified for the SourceArn parameter doesn't exist: {arn}");
    AwsError::new("ResourceNotFoundException", text)
}

/// The queue of an ARN, in the account and Region of the call.
fn own_queue(sqs: &Sqs, cx: &Context<'_>, arn: &str) -> Result<Key, AwsError> {
    let key = parse_arn(arn).filter(|k| k.0 == cx.call.account && k.1 == cx.call.region);
    key.filter(|k| sqs.queues.contains_key(k)).ok_or_else(|| not_found(arn))
}

/// `StartMessageMoveTask`: moves what is not in flight to its source, or to the destination.
pub(super) fn start(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let source = needed(input, "SourceArn")?.to_owned();
    let source_key = own_queue(sqs, cx, &source)?;
    cx.record.resource.clone_from(&source_key.2);
    let is_dead_letter = |arn: &str| {
        sqs.queues.values().any(|q| q.attributes.redrive.as_ref().is_some_and(|r| r.arn == arn))
    };
    if !is_dead_letter(&source) {
        let reason = "Source queue must be configured as a Dead Letter Queue.";
        return Err(invalid("SourceArn", &source, reason));
    }
    let target = text(input, "DestinationArn").map(str::to_owned);
    target.as_deref().map(|arn| own_queue(sqs, cx, arn)).transpose()?;
    let rate = number(input, "MaxNumberOfMessagesPerSecond", 1..=500)?;
    let places = sqs.queues.get_mut(&source_key).map(|queue| {
        queue.settle(cx.now_ms);
        queue.store.receivable()
    });
    let places = places.unwrap_or_default();
    let mut task = Task {
        source,
        target,
        rate,
        moved: 0,
        of: places.len(),
        failure: None,
        started_ms: cx.now_ms,
    };
    for place in places {
        match move_one(sqs, cx, &source_key, place, task.target.as_deref()) {
            Ok(()) => task.moved += 1,
            Err(reason) => {
                task.failure = Some(reason);
                break;
            }
        }
    }
    cx.record.items = task.moved as u64;
    sqs.tasks.push(task);
    let handle = STANDARD.encode(format!("task:{}", sqs.tasks.len()));
    Ok(Reply::Json(json!({ "TaskHandle": handle })))
}

/// Moves one message. It is a new message then, with an id and counts of its own.
fn move_one(
    sqs: &mut Sqs,
    cx: &mut Context<'_>,
    from: &Key,
    place: u64,
    target: Option<&str>,
) -> Result<(), &'static str> {
    let source = sqs.queues.get_mut(from).ok_or("QueueDoesNotExist")?;
    let home = source.store.get(place).and_then(|m| m.source.clone());
    let arn = target.map(str::to_owned).or(home).ok_or("CouldNotDetermineMessageSource")?;
    let to = parse_arn(&arn).filter(|k| sqs.queues.contains_key(k)).ok_or("QueueDoesNotExist")?;
    let source = sqs.queues.get_mut(from).ok_or("QueueDoesNotExist")?;
    let Some(message) = source.store.remove(place) else { return Ok(()) };
    let target = sqs.queues.get_mut(&to).ok_or("QueueDoesNotExist")?;
    target.store.push(Message {
        id: fresh_id(cx.rng),
        source: None,
        sent_ms: cx.now_ms,
        first_received_ms: None,
        receives: 0,
        receipt: 0,
        state: State::Ready,
        ..message
    });
    Ok(())
}

/// `ListMessageMoveTasks`: the latest first, at most ten.
pub(super) fn list(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let arn = needed(input, "SourceArn")?;
    cx.record.resource = own_queue(sqs, cx, arn)?.2;
    let max = number(input, "MaxResults", 1..=10)?.unwrap_or(1);
    let own = sqs.tasks.iter().rev().filter(|t| t.source == arn);
    let results: Vec<_> = own.take(usize::try_from(max).unwrap_or(1)).map(write).collect();
    Ok(Reply::Json(json!({ "Results": results })))
}

fn write(task: &Task) -> Value {
    let mut out = json!({
        "Status": if task.failure.is_none() { "COMPLETED" } else { "FAILED" },
        "SourceArn": task.source,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.of,
        "StartedTimestamp": task.started_ms,
    });
    let optional = [
        ("DestinationArn", task.target.as_ref().map(|t| json!(t))),
        ("MaxNumberOfMessagesPerSecond", task.rate.map(|r| json!(r))),
        ("FailureReason", task.failure.map(|f| json!(f))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            out[name] = value;
        }
    }
    out
}
