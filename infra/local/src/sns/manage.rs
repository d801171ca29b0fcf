//! Creating, deleting and describing topics.

use super::topic::Topic;
use super::{Sns, done, entries, invalid, page, required, result};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply, unsupported_parameter};
use crate::xml::Xml;
use std::collections::BTreeMap;

/// The attributes a topic can be created with.
const ATTRIBUTES: [&str; 4] =
    ["ContentBasedDeduplication", "DisplayName", "FifoTopic", "KmsMasterKeyId"];

fn check_name(name: &str, fifo: bool) -> Result<(), AwsError> {
    let stem = name.strip_suffix(".fifo");
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let rest = stem.unwrap_or(name);
    if stem.is_some() == fifo && !rest.is_empty() && name.len() <= 256 && rest.bytes().all(known) {
        return Ok(());
    }
    Err(invalid(if fifo {
        "Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only \
         uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be \
         between 1 and 256 characters long."
    } else {
        "Topic Name"
    }))
}

fn check_attributes(cx: &Context<'_>, given: &BTreeMap<String, String>) -> Result<(), AwsError> {
    for (name, value) in given {
        if !ATTRIBUTES.contains(&name.as_str()) {
            return Err(unsupported_parameter(cx.call, &format!("Attributes {name}")));
        }
        let is_flag = matches!(name.as_str(), "ContentBasedDeduplication" | "FifoTopic");
        if is_flag && !matches!(value.as_str(), "true" | "false") {
            return Err(invalid(&format!("Attributes Reason: {name} must be true or false")));
        }
    }
    Ok(())
}

fn tags(params: &Params) -> BTreeMap<String, String> {
    let tags = params.structs("Tags.member").into_iter();
    let text = |p: &Params, name: &str| p.get(name).map(str::to_owned);
    tags.filter_map(|p| Some((text(&p, "Key")?, text(&p, "Value").unwrap_or_default()))).collect()
}

/// `CreateTopic`: creating a topic that is there with the same attributes is success.
pub(super) fn create_topic(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    if params.get("DataProtectionPolicy").is_some() {
        return Err(unsupported_parameter(cx.call, "DataProtectionPolicy"));
    }
    let name = required(params, "Name")?;
    let (attributes, tags) = (entries(params, "Attributes"), tags(params));
    check_attributes(cx, &attributes)?;
    let fifo = attributes.get("FifoTopic").is_some_and(|v| v == "true");
    check_name(name, fifo)?;
    if !fifo && attributes.contains_key("ContentBasedDeduplication") {
        return Err(invalid("Attributes Reason: ContentBasedDeduplication is for FIFO topics"));
    }
    let arn = format!("arn:aws:sns:{}:{}:{name}", cx.call.region, cx.call.account);
    cx.record.resource.clone_from(&arn);
    if let Some(there) = sns.topics.get(&arn) {
        agrees(there, &attributes, &tags)?;
    } else {
        let topic = Topic::new(arn.clone(), &cx.call.account, attributes, tags);
        sns.topics.insert(arn.clone(), topic);
    }
    Ok(Reply::Xml(result(cx).text("TopicArn", arn)))
}

fn agrees(
    topic: &Topic,
    attributes: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    if attributes.iter().any(|(name, value)| topic.attributes.get(name) != Some(value)) {
        return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
    }
    if !tags.is_empty() && topic.tags != *tags {
        return Err(invalid("Tags Reason: Topic already exists with different tags"));
    }
    Ok(())
}

/// `DeleteTopic`: one that is not there is success.
pub(super) fn delete_topic(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    let arn = required(params, "TopicArn")?;
    match sns.topic(cx, arn) {
        Err(e) if e.code != "NotFound" => return Err(e),
        _ => sns.topics.remove(arn),
    };
    done(cx)
}

/// `ListTopics`.
pub(super) fn list_topics(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    let here = format!("arn:aws:sns:{}:{}:", cx.call.region, cx.call.account);
    let topics = sns.topics.keys().filter(|arn| arn.starts_with(&here));
    let members = topics.map(|arn| (arn.as_str(), Xml::new("member").text("TopicArn", arn)));
    let (members, next) = page(members, params.get("NextToken"));
    Ok(Reply::Xml(result(cx).list("Topics", members).maybe("NextToken", next)))
}

/// `GetTopicAttributes`.
pub(super) fn get_topic_attributes(sns: &mut Sns, cx: &mut Context<'_>, params: &Params) -> Answer {
    let topic = sns.topic(cx, required(params, "TopicArn")?)?;
    let mut all = BTreeMap::from([
        ("DisplayName".to_owned(), String::new()),
        ("Owner".to_owned(), topic.account.clone()),
        ("SubscriptionsConfirmed".to_owned(), topic.subscriptions.len().to_string()),
        ("SubscriptionsDeleted".to_owned(), "0".to_owned()),
        ("SubscriptionsPending".to_owned(), "0".to_owned()),
        ("TopicArn".to_owned(), topic.arn.clone()),
    ]);
    all.extend(topic.attributes.clone());
    let entry = |(name, value)| Xml::new("entry").text("key", name).text("value", value);
    let entries: Vec<_> = all.iter().map(entry).collect();
    Ok(Reply::Xml(result(cx).list("Attributes", entries)))
}
