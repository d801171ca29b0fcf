//! Creating, finding, changing, purging and deleting queues.

use super::attributes::{Attributes, bad_value};
use super::error::{invalid, no_queue, prefixed};
use super::input::{map, needed, number, text, texts};
use super::queue::{Key, Queue, arn, parse_arn};
use super::{Sqs, done};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A deleted queue's name is not free, and a purged queue cannot be purged again, for so long.
const PAUSE_MS: i64 = 60_000;

/// The URL of a queue, at the host the call came to: an SDK may call it instead of its endpoint.
fn url(cx: &Context<'_>, name: &str) -> String {
    let host = &cx.call.host;
    let local = !host.is_empty() && !host.ends_with(".amazonaws.com");
    let aws = || format!("https://sqs.{}.amazonaws.com", cx.call.region);
    let base = if local { format!("http://{host}") } else { aws() };
    format!("{base}/{}/{name}", cx.call.account)
}

fn key(cx: &Context<'_>, name: &str) -> Key {
    (cx.call.account.clone(), cx.call.region.clone(), name.to_owned())
}

fn check_name(name: &str, given: &BTreeMap<String, String>) -> Result<(), AwsError> {
    let fifo = given.get("FifoQueue").map(String::as_str) == Some("true");
    let stem = name.strip_suffix(".fifo");
    if !fifo && stem.is_none() {
        let text = "the local cloud has FIFO queues only: end the name in .fifo and set the \
                    attribute FifoQueue to true";
        return Err(prefixed("UnsupportedOperation", text));
    }
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let stem = stem.unwrap_or_default();
    if fifo && !stem.is_empty() && name.len() <= 80 && stem.bytes().all(known) {
        return Ok(());
    }
    let reason = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
                  underscores, must end with .fifo suffix and be 1 to 80 in length.";
    Err(invalid("QueueName", name, reason))
}

/// `CreateQueue`: creating a queue that is there with the same attributes is success.
pub(super) fn create_queue(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let name = needed(input, "QueueName")?;
    cx.record.resource = name.to_owned();
    let given = map(input, "Attributes");
    check_name(name, &given)?;
    let key = key(cx, name);
    let attributes = Attributes::new(&given)?;
    if let Some(there) = sqs.queues.get(&key) {
        if !there.attributes.agree_with(&given) {
            let text = "A queue already exists with the same name and a different value for an \
                        attribute";
            return Err(AwsError::new("QueueAlreadyExists", text));
        }
        return Ok(Reply::Json(json!({ "QueueUrl": url(cx, name) })));
    }
    if sqs.deleted.get(&key).is_some_and(|ms| ms + PAUSE_MS > cx.now_ms) {
        let text = "You must wait 60 seconds after deleting a queue before you can create another \
                    with the same name.";
        return Err(prefixed("QueueDeletedRecently", text));
    }
    check_redrive(sqs, &key, &attributes)?;
    sqs.created += 1;
    let queue = Queue::new(&key, sqs.created, attributes, map(input, "tags"), cx.now_ms);
    sqs.queues.insert(key, queue);
    Ok(Reply::Json(json!({ "QueueUrl": url(cx, name) })))
}

/// A dead-letter queue must be there, in the same account and Region, and allow it.
fn check_redrive(sqs: &Sqs, source: &Key, attributes: &Attributes) -> Result<(), AwsError> {
    let Some(redrive) = &attributes.redrive else { return Ok(()) };
    let target = parse_arn(&redrive.arn).ok_or_else(|| bad_value("RedrivePolicy"))?;
    let is_near = target.0 == source.0 && target.1 == source.1;
    match sqs.queues.get(&target).filter(|_| is_near) {
        Some(queue) if queue.attributes.allows_redrive_from(&arn(source)) => Ok(()),
        Some(_) => {
            let reason = "Redrive permission is denied by the dead-letter queue.";
            Err(invalid("RedrivePolicy", &redrive.arn, reason))
        }
        None => {
            let reason = "Dead letter target does not exist.";
            Err(invalid("RedrivePolicy", &redrive.arn, reason))
        }
    }
}

/// `GetQueueUrl`.
pub(super) fn get_queue_url(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let name = needed(input, "QueueName")?;
    cx.record.resource = name.to_owned();
    let own = text(input, "QueueOwnerAWSAccountId").is_none_or(|a| a == cx.call.account);
    if !own || !sqs.queues.contains_key(&key(cx, name)) {
        return Err(no_queue());
    }
    Ok(Reply::Json(json!({ "QueueUrl": url(cx, name) })))
}

/// `ListQueues`: by prefix, in pages; the token is the last name of the page before.
pub(super) fn list_queues(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let prefix = text(input, "QueueNamePrefix").unwrap_or_default();
    let max = number(input, "MaxResults", 1..=1_000)?;
    let after = text(input, "NextToken").unwrap_or_default();
    let first = key(cx, prefix);
    let names = sqs.queues.range(first.clone()..).map(|(k, _)| k);
    let own = names.take_while(|k| k.0 == first.0 && k.1 == first.1 && k.2.starts_with(prefix));
    let size = usize::try_from(max.unwrap_or(1_000)).unwrap_or(1_000);
    let mut names: Vec<_> = own.map(|k| &k.2).filter(|n| n.as_str() > after).collect();
    let more = names.len() > size;
    names.truncate(size);
    cx.record.items = names.len() as u64;
    let urls: Vec<_> = names.iter().map(|n| url(cx, n)).collect();
    let mut reply = json!({ "QueueUrls": urls });
    if let Some(last) = names.last().filter(|_| more && max.is_some()) {
        reply["NextToken"] = json!(last);
    }
    Ok(Reply::Json(reply))
}

/// `GetQueueAttributes`.
pub(super) fn get_queue_attributes(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let queue = sqs.queue(cx, input)?;
    let wanted = texts(input, "AttributeNames");
    let mut all = queue.attributes.all();
    let depth = queue.store.depth();
    for (name, value) in [
        ("ApproximateNumberOfMessages", depth.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
        ("CreatedTimestamp", (queue.created_ms / 1_000).to_string()),
        ("LastModifiedTimestamp", (queue.modified_ms / 1_000).to_string()),
        ("QueueArn", queue.arn.clone()),
    ] {
        all.insert(name.to_owned(), value);
    }
    if let Some(unknown) = wanted.iter().find(|w| **w != "All" && !is_attribute(&all, w)) {
        let text = format!("Unknown Attribute {unknown}.");
        return Err(AwsError::new("InvalidAttributeName", text));
    }
    all.retain(|name, _| wanted.iter().any(|w| *w == "All" || w == name));
    Ok(Reply::Json(if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) }))
}

/// Whether an attribute exists; some have no value by default.
fn is_attribute(all: &BTreeMap<String, String>, name: &str) -> bool {
    all.contains_key(name) || super::attributes::can_be_set(name)
}

/// `SetQueueAttributes`.
pub(super) fn set_queue_attributes(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let given = map(input, "Attributes");
    let queue = sqs.queue(cx, input)?;
    let attributes = queue.attributes.changed(&given)?;
    let key = key(cx, &queue.name.clone());
    check_redrive(sqs, &key, &attributes)?;
    let now_ms = cx.now_ms;
    let queue = sqs.queue(cx, input)?;
    queue.attributes = attributes;
    queue.modified_ms = now_ms;
    queue.store.news = true;
    done()
}

/// `DeleteQueue`. Who waits for a message of the queue learns at once that it is gone.
pub(super) fn delete_queue(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let name = sqs.queue(cx, input)?.name.clone();
    let key = key(cx, &name);
    sqs.queues.remove(&key);
    sqs.deleted.insert(key, cx.now_ms);
    sqs.news = true;
    done()
}

/// `PurgeQueue`. Deduplication ids stay known.
pub(super) fn purge_queue(sqs: &mut Sqs, cx: &mut Context<'_>, input: &Value) -> Answer {
    let now_ms = cx.now_ms;
    let queue = sqs.queue(cx, input)?;
    if queue.purged_ms.is_some_and(|ms| ms + PAUSE_MS > now_ms) {
        let text =
            format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", queue.name);
        return Err(prefixed("PurgeQueueInProgress", text));
    }
    queue.purged_ms = Some(now_ms);
    queue.store.clear();
    done()
}
