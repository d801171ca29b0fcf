//! Amazon SNS: topics, what was published to them, and its delivery to SQS queues.
//!
//! Subscriptions are confirmed at once, and policies of topics and queues are not looked at: a
//! topic is for its own account alone, a queue takes what any topic sends.

mod manage;
mod publish;
mod subscribe;
mod topic;

pub use topic::Published;

use crate::error::AwsError;
use crate::identity::not_authorized;
use crate::params::Params;
use crate::sqs::Sqs;
use crate::world::{Answer, Context, Reply, unknown_operation};
use crate::xml::Xml;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use topic::Topic;

/// All topics of all accounts and Regions.
#[derive(Debug, Default)]
pub struct Sns {
    /// By ARN.
    topics: BTreeMap<String, Topic>,
}

impl Sns {
    /// Handles one call; what is published goes into the subscribed queues.
    pub fn handle(&mut self, cx: &mut Context<'_>, params: &Params, sqs: &mut Sqs) -> Answer {
        match cx.call.operation.as_str() {
            "CreateTopic" => manage::create_topic(self, cx, params),
            "DeleteTopic" => manage::delete_topic(self, cx, params),
            "ListTopics" => manage::list_topics(self, cx, params),
            "GetTopicAttributes" => manage::get_topic_attributes(self, cx, params),
            "Subscribe" => subscribe::subscribe(self, cx, params),
            "Unsubscribe" => subscribe::unsubscribe(self, cx, params),
            "ListSubscriptionsByTopic" => subscribe::list_by_topic(self, cx, params),
            "Publish" => publish::publish(self, cx, params, sqs),
            "PublishBatch" => publish::publish_batch(self, cx, params, sqs),
            _ => Err(unknown_operation(cx.call)),
        }
    }

    /// What was published to a topic last, oldest first.
    pub fn published(&self, topic_arn: &str) -> impl Iterator<Item = &Published> {
        self.topics.get(topic_arn).into_iter().flat_map(|topic| topic.published.iter())
    }

    /// All topics with their counts, for the status page.
    #[must_use]
    pub fn summary(&self) -> Value {
        let topics = self.topics.values().map(|topic| {
            json!({
                "arn": topic.arn,
                "subscriptions": topic.subscriptions.len(),
                "published": topic.count,
            })
        });
        topics.collect()
    }

    /// The topic with an ARN, which must belong to the account and Region of the call.
    fn topic(&mut self, cx: &mut Context<'_>, arn: &str) -> Result<&mut Topic, AwsError> {
        cx.record.resource = arn.to_owned();
        let within = arn.strip_prefix("arn:aws:sns:").map(|rest| rest.split(':'));
        let parts: Vec<_> = within.into_iter().flatten().collect();
        let [region, account, name] = parts[..] else {
            return Err(invalid(&format!("TopicArn Reason: {arn} is not the ARN of a topic")));
        };
        if account != cx.call.account {
            let operation = &cx.call.operation;
            let what = format!(
                "SNS:{operation} on resource: {arn} because no resource-based \
                policy allows the SNS:{operation} action"
            );
            return Err(not_authorized(cx.call, &what));
        }
        if region != cx.call.region || name.is_empty() {
            return Err(invalid("TopicArn"));
        }
        self.topics.get_mut(arn).ok_or_else(no_topic)
    }
}

fn invalid(what: &str) -> AwsError {
    AwsError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

fn no_topic() -> AwsError {
    AwsError::new("NotFound", "Topic does not exist").with_status(404)
}

/// A parameter that must be given.
fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, AwsError> {
    params
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| invalid(&format!("{name} Reason: no value for required parameter")))
}

/// The entries of a map, e.g. `Attributes.entry.1.key`.
fn entries(params: &Params, name: &str) -> BTreeMap<String, String> {
    let entries = params.structs(&format!("{name}.entry")).into_iter();
    let text = |p: &Params, name: &str| p.get(name).map(str::to_owned);
    entries.filter_map(|p| Some((text(&p, "key")?, text(&p, "value")?))).collect()
}

/// The answer with nothing but some children.
fn result(cx: &Context<'_>) -> Xml {
    Xml::new(format!("{}Result", cx.call.operation))
}

/// The answer of an operation that answers nothing.
fn done(cx: &Context<'_>) -> Answer {
    Ok(Reply::Xml(result(cx)))
}

/// The members after a token (the last one of the page before), up to a hundred, and the token of
/// the next page.
fn page<'a, T>(
    members: impl Iterator<Item = (&'a str, T)>,
    after: Option<&str>,
) -> (Vec<T>, Option<String>) {
    const PAGE: usize = 100;
    let mut found: Vec<_> = members.filter(|(id, _)| after.is_none_or(|a| *id > a)).collect();
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|(id, _)| (*id).to_owned());
    (found.into_iter().map(|(_, member)| member).collect(), next)
}
