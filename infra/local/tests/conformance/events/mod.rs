//! Amazon EventBridge, by requests written by hand. API = API Reference, UG = User Guide.

pub(crate) mod delivery;
pub(crate) mod rules;

use crate::bed::{ACCOUNT, Bed, REGION};
use crate::fact::Skip;
use serde_json::{Value, json};

/// A call that succeeds.
pub(crate) async fn call(bed: &Bed, operation: &str, input: Value) -> Result<Value, Skip> {
    let target = format!("AWSEvents.{operation}");
    let (status, answer) = bed.raw_call("events", &target, input).await?;
    assert_eq!(status, 200, "{operation}: {answer}");
    Ok(answer)
}

/// The code of a call that is refused.
pub(crate) async fn refused(bed: &Bed, operation: &str, input: Value) -> Result<String, Skip> {
    let target = format!("AWSEvents.{operation}");
    let (status, answer) = bed.raw_call("events", &target, input).await?;
    assert_eq!(status, 400, "{operation}: {answer}");
    Ok(answer["__type"].as_str().unwrap().to_owned())
}

/// A rule.
pub(crate) async fn rule(bed: &Bed, name: &str, pattern: Value) -> Result<Value, Skip> {
    call(bed, "PutRule", json!({ "Name": name, "EventPattern": pattern.to_string() })).await
}

/// The queue `q.fifo` as a target, in a message group.
pub(crate) fn queue_target(id: &str, queue: &str) -> Value {
    let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}");
    json!({ "Id": id, "Arn": arn, "SqsParameters": { "MessageGroupId": "events" } })
}

/// Makes a queue the target of a rule.
pub(crate) async fn target(bed: &Bed, rule: &str, queue: &str) -> Result<(), Skip> {
    let targets = [queue_target("1", queue)];
    let answer = call(bed, "PutTargets", json!({ "Rule": rule, "Targets": targets })).await?;
    assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    Ok(())
}
