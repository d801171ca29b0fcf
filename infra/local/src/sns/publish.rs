//! Publish and PublishBatch.

use super::topic::{Published, Subscription, Topic};
use super::{Sns, invalid, required, result};
use crate::error::AwsError;
use crate::moment::iso;
use crate::params::Params;
use crate::sqs::{Delivery, Sqs, check_attributes, fresh_id, sha256};
use crate::world::{Answer, Context, Reply, unsupported_parameter};
use crate::xml::Xml;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The largest message, and the largest batch of them, bytes.
const MAX_BYTES: usize = 262_144;

/// The most messages in a batch.
const BATCH: usize = 10;

/// `Publish`.
pub(super) fn publish(
    sns: &mut Sns,
    cx: &mut Context<'_>,
    params: &Params,
    sqs: &mut Sqs,
) -> Answer {
    if params.get("PhoneNumber").is_some() {
        return Err(unsupported_parameter(cx.call, "PhoneNumber"));
    }
    let target = if params.get("TopicArn").is_some() { "TopicArn" } else { "TargetArn" };
    let topic = sns.topic(cx, required(params, target)?)?;
    let (id, sequence) = post(topic, cx, params, sqs)?;
    cx.record.items = 1;
    Ok(Reply::Xml(result(cx).text("MessageId", id).maybe("SequenceNumber", sequence)))
}

/// `PublishBatch`: each message succeeds or fails by itself.
pub(super) fn publish_batch(
    sns: &mut Sns,
    cx: &mut Context<'_>,
    params: &Params,
    sqs: &mut Sqs,
) -> Answer {
    let topic = sns.topic(cx, required(params, "TopicArn")?)?;
    let entries = params.structs("PublishBatchRequestEntries.member");
    check_batch(&entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in &entries {
        let member = Xml::new("member").text("Id", entry.get("Id").unwrap_or_default());
        match post(topic, cx, entry, sqs) {
            Ok((id, sequence)) => {
                successful.push(member.text("MessageId", id).maybe("SequenceNumber", sequence));
            }
            Err(e) => {
                let member = member.text("Code", e.code).text("Message", e.message);
                failed.push(member.text("SenderFault", true));
            }
        }
    }
    cx.record.items = successful.len() as u64;
    Ok(Reply::Xml(result(cx).list("Successful", successful).list("Failed", failed)))
}

fn check_batch(entries: &[Params]) -> Result<(), AwsError> {
    if entries.is_empty() {
        let text = "The batch request doesn't contain any entries.";
        return Err(AwsError::new("EmptyBatchRequest", text));
    }
    if entries.len() > BATCH {
        let text = "The batch request contains more entries than permissible.";
        return Err(AwsError::new("TooManyEntriesInBatchRequest", text));
    }
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = entry.get("Id").unwrap_or_default();
        if !(1..=80).contains(&id.len()) || !id.bytes().all(known) {
            let text = format!("The Id {id:?} of a batch entry in a batch request is not valid.");
            return Err(AwsError::new("InvalidBatchEntryId", text));
        }
        if !ids.insert(id) {
            let text = format!("Two or more batch entries in the request have the same Id {id}.");
            return Err(AwsError::new("BatchEntryIdsNotDistinct", text));
        }
    }
    let bytes: usize = entries.iter().map(|e| e.get("Message").map_or(0, str::len)).sum();
    if bytes > MAX_BYTES {
        let text = "The length of all the batch messages put together is more than the limit.";
        return Err(AwsError::new("BatchRequestTooLong", text));
    }
    Ok(())
}

/// Publishes one message: remembers it, and sends it to the queues. Answers its id and sequence
/// number; those of an earlier one with the same deduplication id, whose time is not over.
fn post(
    topic: &mut Topic,
    cx: &mut Context<'_>,
    params: &Params,
    sqs: &mut Sqs,
) -> Result<(String, Option<String>), AwsError> {
    let mut published = read(topic, cx, params)?;
    if let Some(dedup_id) = &published.dedup_id {
        if let Some((id, sequence)) = topic.sent.get(dedup_id, cx.now_ms) {
            return Ok((id.clone(), Some(sequence.clone())));
        }
        let sequence = format!("{:020}", 10_000_000_000_000_000_000 + u128::from(topic.count + 1));
        let answer = (published.message_id.clone(), sequence.clone());
        topic.sent.put(dedup_id.clone(), answer, cx.now_ms);
        published.sequence = Some(sequence);
    }
    topic.count += 1;
    for subscription in &topic.subscriptions {
        deliver(topic, subscription, &published, cx, sqs);
    }
    let answer = (published.message_id.clone(), published.sequence.clone());
    topic.remember(published);
    Ok(answer)
}

fn read(topic: &Topic, cx: &mut Context<'_>, params: &Params) -> Result<Published, AwsError> {
    if params.get("MessageStructure").is_some() {
        return Err(unsupported_parameter(cx.call, "MessageStructure"));
    }
    let message = params.get("Message").filter(|m| !m.is_empty());
    let message = message.ok_or_else(|| invalid("Empty message"))?;
    let subject = params.get("Subject");
    subject.map_or(Ok(()), check_subject)?;
    let attributes = attributes(params);
    let bytes = check_attributes(&attributes)
        .map_err(|e| AwsError::new("ParameterValueInvalid", e.message))?;
    if message.len() + bytes > MAX_BYTES {
        return Err(invalid("Message too long"));
    }
    Ok(Published {
        message_id: fresh_id(cx.rng),
        at_ms: cx.now_ms,
        subject: subject.map(str::to_owned),
        group: group(topic, params)?,
        dedup_id: dedup_id(topic, params, message)?,
        message: message.to_owned(),
        attributes,
        sequence: None,
    })
}

fn check_subject(subject: &str) -> Result<(), AwsError> {
    let printable = |b: u8| b == b' ' || b.is_ascii_graphic();
    let short = (1..=100).contains(&subject.len());
    if short && !subject.starts_with(' ') && subject.bytes().all(printable) {
        return Ok(());
    }
    Err(invalid("Subject"))
}

/// Message attributes, in the form SQS has them.
fn attributes(params: &Params) -> Map<String, Value> {
    let entries = params.structs("MessageAttributes.entry").into_iter();
    let entry = |p: Params| {
        let value = ["DataType", "StringValue", "BinaryValue"].into_iter().filter_map(|name| {
            let value = p.get(&format!("Value.{name}"))?;
            Some((name.to_owned(), json!(value)))
        });
        Some((p.get("Name")?.to_owned(), Value::Object(value.collect())))
    };
    entries.filter_map(entry).collect()
}

fn check_id(name: &str, id: &str) -> Result<(), AwsError> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(invalid(&format!(
        "{name} Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 \
         in length"
    )))
}

/// What only FIFO topics have.
fn for_fifo<'a>(
    topic: &Topic,
    params: &'a Params,
    name: &str,
) -> Result<Option<&'a str>, AwsError> {
    let Some(id) = params.get(name) else { return Ok(None) };
    if !topic.fifo {
        return Err(invalid(&format!(
            "{name} Reason: The request includes {name} parameter that is not valid for this topic \
             type"
        )));
    }
    check_id(name, id)?;
    Ok(Some(id))
}

fn group(topic: &Topic, params: &Params) -> Result<Option<String>, AwsError> {
    match for_fifo(topic, params, "MessageGroupId")? {
        None if topic.fifo => {
            Err(invalid("The MessageGroupId parameter is required for FIFO topics"))
        }
        group => Ok(group.map(str::to_owned)),
    }
}

fn dedup_id(topic: &Topic, params: &Params, message: &str) -> Result<Option<String>, AwsError> {
    match for_fifo(topic, params, "MessageDeduplicationId")? {
        None if topic.fifo && topic.content_based() => Ok(Some(sha256(message))),
        None if topic.fifo => Err(invalid(
            "The topic should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        )),
        id => Ok(id.map(str::to_owned)),
    }
}

fn deliver(
    topic: &Topic,
    subscription: &Subscription,
    published: &Published,
    cx: &mut Context<'_>,
    sqs: &mut Sqs,
) {
    let (envelope, nothing) = (envelope(topic, subscription, published), Map::new());
    let delivery = Delivery {
        sender: "sns.amazonaws.com",
        group: published.group.as_deref().unwrap_or_default(),
        dedup_id: published.dedup_id.as_deref().unwrap_or_default(),
        body: if subscription.raw { &published.message } else { &envelope },
        attributes: if subscription.raw { &published.attributes } else { &nothing },
    };
    if !sqs.deliver(&subscription.queue, &delivery, cx.rng, cx.now_ms) {
        tracing::warn!(
            topic = topic.arn,
            queue = subscription.queue,
            "a published message could not be delivered"
        );
    }
}

/// The message as a queue gets it unless it wants it raw.
fn envelope(topic: &Topic, subscription: &Subscription, published: &Published) -> String {
    let region = topic.arn.split(':').nth(3).unwrap_or_default();
    let host = format!("https://sns.{region}.amazonaws.com");
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": published.message_id,
        "TopicArn": topic.arn,
        "Message": published.message,
        "Timestamp": iso(published.at_ms),
        "UnsubscribeURL": format!("{host}/?Action=Unsubscribe&SubscriptionArn={}", subscription.arn),
    });
    if let Some(subject) = &published.subject {
        envelope["Subject"] = json!(subject);
    }
    if let Some(sequence) = &published.sequence {
        envelope["SequenceNumber"] = json!(sequence);
    }
    if !published.attributes.is_empty() {
        let attributes = published.attributes.iter().map(|(name, value)| {
            let text = value.get("StringValue").or(value.get("BinaryValue"));
            (name.clone(), json!({ "Type": value["DataType"], "Value": text }))
        });
        envelope["MessageAttributes"] = Value::Object(attributes.collect());
    }
    envelope.to_string()
}
