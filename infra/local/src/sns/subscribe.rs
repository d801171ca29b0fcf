//! Subscriptions of SQS queues.

use super::topic::{Subscription, Topic};
use super::{Sns, done, entries, invalid, page, required, result};
use crate::error::AwsError;
use crate::params::Params;
use crate::sqs::fresh_id;
use crate::world::{Answer, Context, Reply, unsupported_parameter};
use crate::xml::Xml;

/// `Subscribe`: only of SQS queues. Subscribing the same queue again is success.
pub(super) fn subscribe(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    let protocol = required(params, "Protocol")?;
    if protocol != "sqs" {
        return Err(unsupported_parameter(cx.call, &format!("Protocol {protocol}")));
    }
    let raw = raw(cx, params)?;
    let queue = required(params, "Endpoint")?;
    let id = fresh_id(cx.rng);
    let topic = sns.topic(cx, required(params, "TopicArn")?)?;
    check_queue(topic, queue)?;
    let arn = match topic.subscriptions.iter().find(|s| s.queue == queue) {
        Some(there) if raw.is_some_and(|raw| raw != there.raw) => {
            return Err(invalid(
                "Attributes Reason: Subscription already exists with different attributes",
            ));
        }
        Some(there) => there.arn.clone(),
        None => {
            let arn = format!("{}:{id}", topic.arn);
            let (queue, raw) = (queue.to_owned(), raw.unwrap_or(false));
            topic.subscriptions.push(Subscription { arn: arn.clone(), queue, raw });
            arn
        }
    };
    Ok(Reply::Xml(result(cx).text("SubscriptionArn", arn)))
}

/// The one attribute a subscription can have.
fn raw(cx: &Context<'_>, params: &Params) -> Result<Option<bool>, AwsError> {
    let mut raw = None;
    for (name, value) in entries(params, "Attributes") {
        raw = match (name.as_str(), value.as_str()) {
            ("RawMessageDelivery", "true") => Some(true),
            ("RawMessageDelivery", "false") => Some(false),
            ("RawMessageDelivery", _) => {
                return Err(invalid(
                    "Attributes Reason: RawMessageDelivery: must be true or false",
                ));
            }
            _ => return Err(unsupported_parameter(cx.call, &format!("Attributes {name}"))),
        };
    }
    Ok(raw)
}

fn check_queue(topic: &Topic, queue: &str) -> Result<(), AwsError> {
    if !queue.starts_with("arn:aws:sqs:") || queue.split(':').count() != 6 {
        return Err(invalid("SQS endpoint ARN"));
    }
    match (topic.fifo, queue.ends_with(".fifo")) {
        (false, true) => Err(invalid(
            "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
        )),
        _ => Ok(()),
    }
}

/// `Unsubscribe`: one that is not there is success.
pub(super) fn unsubscribe(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    let arn = required(params, "SubscriptionArn")?;
    let Some((topic, _)) = arn.rsplit_once(':') else {
        return Err(invalid("SubscriptionArn Reason: not the ARN of a subscription"));
    };
    match sns.topic(cx, topic) {
        Ok(topic) => topic.subscriptions.retain(|s| s.arn != arn),
        Err(e) if e.code == "NotFound" => {}
        Err(e) => return Err(e),
    }
    done(cx)
}

/// `ListSubscriptionsByTopic`.
pub(super) fn list_by_topic(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    let topic = sns.topic(cx, required(params, "TopicArn")?)?;
    topic.subscriptions.sort_by(|a, b| a.arn.cmp(&b.arn));
    let members = topic.subscriptions.iter().map(|s| {
        let member = Xml::new("member")
            .text("TopicArn", &topic.arn)
            .text("Protocol", "sqs")
            .text("SubscriptionArn", &s.arn)
            .text("Owner", &topic.account)
            .text("Endpoint", &s.queue);
        (s.arn.as_str(), member)
    });
    let (members, next) = page(members, params.get("NextToken"));
    Ok(Reply::Xml(result(cx).list("Subscriptions", members).maybe("NextToken", next)))
}
