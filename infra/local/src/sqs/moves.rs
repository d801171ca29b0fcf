//! Move tasks: out of a dead-letter queue, at once or with so many messages in a second.

use super::error::prefixed;
use super::input::{needed, number, text};
use super::queue::{Key, parse_arn};
use super::store::{Message, State};
use super::{Sqs, fresh_id};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Running,
    Completed,
    Cancelled,
    /// Why.
    Failed(&'static str),
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed(_) => "FAILED",
        }
    }
}

/// One move.
#[derive(Debug)]
pub(super) struct Task {
    id: String,
    source: Key,
    target: Option<String>,
    /// Messages in a second; all at once where there is none.
    rate: Option<i64>,
    moved: usize,
    of: usize,
    /// Places of the messages that are still to be moved.
    left: VecDeque<u64>,
    status: Status,
    started_ms: i64,
}

impl Task {
    /// How many of its messages are due at a moment.
    fn due(&self, now_ms: i64) -> usize {
        let by_rate = |rate: i64| usize::try_from(rate * (now_ms - self.started_ms) / 1_000);
        self.rate.map_or(self.of, |rate| by_rate(rate).unwrap_or(0)).min(self.of)
    }

    /// When the next of its messages is due.
    fn next_ms(&self) -> Option<i64> {
        let next = i64::try_from(self.of - self.left.len() + 1).ok()?;
        let rate = self.rate.filter(|_| self.status == Status::Running)?;
        Some(self.started_ms + (next * 1_000 + rate - 1) / rate)
    }

    fn handle(&self) -> String {
        let handle = json!({ "taskId": self.id, "sourceArn": super::queue::arn(&self.source) });
        STANDARD.encode(handle.to_string())
    }
}

fn not_found(parameter: &str) -> AwsError {
    let text =
        format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    AwsError::new("ResourceNotFoundException", text).with_status(404)
}

fn refused(text: &str) -> AwsError {
    AwsError::new("InvalidParameterValue", text)
}

/// The queue of an ARN, in the account and Region of the call.
fn own_queue(sqs: &Sqs, cx: &Context<'_>, parameter: &str, arn: &str) -> Result<Key, AwsError> {
    let key = parse_arn(arn).filter(|k| k.0 == cx.call.account && k.1 == cx.call.region);
    key.filter(|k| sqs.queues.contains_key(k)).ok_or_else(|| not_found(parameter))
}

/// `StartMessageMoveTask`: moves what is not in flight to its source, or to the destination.
pub(super) fn start(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let arn = needed(input, "SourceArn")?;
    let source = own_queue(sqs, cx, "SourceArn", arn)?;
    cx.record.resource.clone_from(&source.2);
    let target = text(input, "DestinationArn").map(str::to_owned);
    target.as_deref().map(|arn| own_queue(sqs, cx, "DestinationArn", arn)).transpose()?;
    let rate = number(input, "MaxNumberOfMessagesPerSecond", 1..=500)?;
    check_source(sqs, &source, arn)?;
    let left = sqs.queues.get_mut(&source).map(|queue| {
        queue.settle(cx.now_ms);
        queue.store.receivable()
    });
    let left = VecDeque::from(left.unwrap_or_default());
    let task = Task {
        id: fresh_id(cx.rng),
        source,
        target,
        rate,
        moved: 0,
        of: left.len(),
        left,
        status: Status::Running,
        started_ms: cx.now_ms,
    };
    let handle = task.handle();
    sqs.tasks.push(task);
    // Who waits for messages must know that some will come before the wait ends.
    sqs.news = true;
    advance(sqs, cx);
    cx.record.items = sqs.tasks.last().map_or(0, |task| task.moved as u64);
    Ok(Reply::Json(json!({ "TaskHandle": handle })))
}

/// Whether messages may be moved out of a queue: a dead-letter queue without a task under way.
fn check_source(sqs: &Sqs, source: &Key, arn: &str) -> Result<(), AwsError> {
    let redrives = |q: &super::Queue| q.attributes.redrive.as_ref().is_some_and(|r| r.arn == arn);
    if !sqs.queues.values().any(redrives) {
        return Err(refused("Source queue must be configured as a Dead Letter Queue."));
    }
    let running = |task: &Task| task.source == *source && task.status == Status::Running;
    if sqs.tasks.iter().any(running) {
        return Err(refused(
            "There is already a task running. Only one active task is allowed for a source queue \
             arn at a given time.",
        ));
    }
    Ok(())
}

/// Moves what is due by now, of all tasks.
pub(super) fn advance(sqs: &mut Sqs, cx: &mut Context<'_>) {
    if sqs.tasks.iter().all(|task| task.status != Status::Running) {
        return;
    }
    let mut tasks = std::mem::take(&mut sqs.tasks);
    for task in tasks.iter_mut().filter(|task| task.status == Status::Running) {
        let due = task.due(cx.now_ms);
        while task.status == Status::Running && task.of - task.left.len() < due {
            let Some(place) = task.left.pop_front() else { break };
            match move_one(sqs, cx, &task.source, place, task.target.as_deref()) {
                Ok(moved) => task.moved += usize::from(moved),
                Err(reason) => task.status = Status::Failed(reason),
            }
        }
        if task.left.is_empty() && task.status == Status::Running {
            task.status = Status::Completed;
        }
    }
    sqs.tasks = tasks;
}

/// When the next message of any task is due.
pub(super) fn next_ms(sqs: &Sqs) -> Option<i64> {
    sqs.tasks.iter().filter_map(Task::next_ms).min()
}

/// Moves one message, if it is still there and not in flight. It is a new message then, with an id
/// and counts of its own.
fn move_one(
    sqs: &mut Sqs,
    cx: &mut Context<'_>,
    from: &Key,
    place: u64,
    target: Option<&str>,
) -> Result<bool, &'static str> {
    const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
    let source = sqs.queues.get_mut(from).ok_or(NO_QUEUE)?;
    source.settle(cx.now_ms);
    let Some(message) = source.store.get(place).filter(|m| m.state == State::Ready) else {
        return Ok(false);
    };
    let home = message.source.clone();
    let arn = target.map(str::to_owned).or(home).ok_or("CouldNotDetermineMessageSource")?;
    let to = parse_arn(&arn).filter(|k| sqs.queues.contains_key(k)).ok_or(NO_QUEUE)?;
    let source = sqs.queues.get_mut(from).ok_or(NO_QUEUE)?;
    let Some(message) = source.store.remove(place) else { return Ok(false) };
    let target = sqs.queues.get_mut(&to).ok_or(NO_QUEUE)?;
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
    Ok(true)
}

/// `CancelMessageMoveTask`: what was moved stays moved.
pub(super) fn cancel(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let wrong = || refused("Value for parameter TaskHandle is invalid.");
    let handle = STANDARD.decode(needed(input, "TaskHandle")?).map_err(|_| wrong())?;
    let handle: Value = serde_json::from_slice(&handle).map_err(|_| wrong())?;
    let arn = handle["sourceArn"].as_str().ok_or_else(wrong)?;
    let id = handle["taskId"].as_str().ok_or_else(wrong)?;
    let source = own_queue(sqs, cx, "SourceArn", arn)?;
    cx.record.resource.clone_from(&source.2);
    let missing =
        || AwsError::new("ResourceNotFoundException", "Task does not exist.").with_status(404);
    let task = sqs.tasks.iter_mut().find(|t| t.id == id && t.source == source);
    let task = task.ok_or_else(missing)?;
    if task.status != Status::Running {
        let text = "Only a message movement task that is running can be cancelled.";
        return Err(prefixed("UnsupportedOperation", text));
    }
    task.status = Status::Cancelled;
    Ok(Reply::Json(json!({ "ApproximateNumberOfMessagesMoved": task.moved })))
}

/// `ListMessageMoveTasks`: the latest first, at most ten.
pub(super) fn list(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let source = own_queue(sqs, cx, "SourceArn", needed(input, "SourceArn")?)?;
    cx.record.resource.clone_from(&source.2);
    let max = number(input, "MaxResults", 1..=10)?.unwrap_or(1);
    let own = sqs.tasks.iter().rev().filter(|t| t.source == source);
    let results: Vec<_> = own.take(usize::try_from(max).unwrap_or(1)).map(write).collect();
    cx.record.items = results.len() as u64;
    Ok(Reply::Json(json!({ "Results": results })))
}

fn write(task: &Task) -> Value {
    let mut out = json!({
        "Status": task.status.as_str(),
        "SourceArn": super::queue::arn(&task.source),
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.of,
        "StartedTimestamp": task.started_ms,
    });
    let failure = match task.status {
        Status::Failed(reason) => Some(reason),
        _ => None,
    };
    let optional = [
        ("DestinationArn", task.target.as_ref().map(|t| json!(t))),
        ("MaxNumberOfMessagesPerSecond", task.rate.map(|r| json!(r))),
        ("FailureReason", failure.map(|f| json!(f))),
        ("TaskHandle", (task.status == Status::Running).then(|| json!(task.handle()))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            out[name] = value;
        }
    }
    out
}
