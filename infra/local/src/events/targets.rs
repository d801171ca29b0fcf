//! The targets of rules: SQS queues.

use super::bus::Target;
use super::{Events, invalid, list, needed, text};
use crate::error::AwsError;
use crate::world::{Context, unsupported_parameter};
use serde_json::{Value, json};

/// The most targets of a rule.
const MAX_TARGETS: usize = 5;

/// What a target can have on AWS and not here.
const UNSUPPORTED: [&str; 6] =
    ["Input", "InputPath", "InputTransformer", "RoleArn", "DeadLetterConfig", "RetryPolicy"];

/// `PutTargets`: adds targets, or changes those with the same ids.
pub(super) fn put_targets(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let given = list(input, "Targets");
    if given.is_empty() {
        return Err(invalid("Targets must have at least one member"));
    }
    let new: Result<Vec<_>, _> = given.iter().map(|t| target(cx, t)).collect();
    let new = new?;
    let rule = events.rule(cx, input, "Rule")?;
    let more = new.iter().filter(|(id, _)| !rule.targets.contains_key(id)).count();
    if rule.targets.len() + more > MAX_TARGETS {
        let text = "The requested resource exceeds the maximum number allowed.";
        return Err(AwsError::new("LimitExceededException", text));
    }
    rule.targets.extend(new);
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

/// A target and its id.
fn target(cx: &Context<'_>, input: &Value) -> Result<(String, Target), AwsError> {
    if let Some(name) = UNSUPPORTED.iter().find(|name| input.get(**name).is_some()) {
        return Err(unsupported_parameter(cx.call, &format!("Targets {name}")));
    }
    let (id, queue) = (needed(input, "Id")?, needed(input, "Arn")?);
    let Some(rest) = queue.strip_prefix("arn:aws:sqs:") else {
        return Err(unsupported_parameter(cx.call, &format!("Targets Arn {queue}")));
    };
    let parts: Vec<_> = rest.split(':').collect();
    if parts.len() != 3 || parts[0] != cx.call.region {
        return Err(invalid(format!(
            "Parameter {queue} is not valid. Reason: Provided Arn is not \
            in correct format."
        )));
    }
    let group = text(&input["SqsParameters"], "MessageGroupId").unwrap_or_default();
    if queue.ends_with(".fifo") && group.is_empty() {
        return Err(invalid(format!(
            "Parameter(s) MessageGroupId must be specified for target: {id}."
        )));
    }
    let (queue, group) = (queue.to_owned(), group.to_owned());
    Ok((id.to_owned(), Target { queue, group, since_ms: cx.now_ms }))
}

/// `RemoveTargets`: ids that are not there are told in the answer.
pub(super) fn remove_targets(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let rule = events.rule(cx, input, "Rule")?;
    let mut failed = Vec::new();
    for id in list(input, "Ids").iter().filter_map(Value::as_str) {
        if rule.targets.remove(id).is_none() {
            failed.push(json!({
                "TargetId": id,
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": format!("Target {id} does not exist."),
            }));
        }
    }
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

/// `ListTargetsByRule`.
pub(super) fn list_targets(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let rule = events.rule(cx, input, "Rule")?;
    let targets = rule.targets.iter().map(|(id, target)| {
        let mut out = json!({ "Id": id, "Arn": target.queue });
        if !target.group.is_empty() {
            out["SqsParameters"] = json!({ "MessageGroupId": target.group });
        }
        out
    });
    Ok(json!({ "Targets": targets.collect::<Vec<_>>() }))
}
