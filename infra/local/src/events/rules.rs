//! Making, describing, switching and deleting rules.

use super::bus::Rule;
use super::pattern::Pattern;
use super::{Events, invalid, key, list, needed, text};
use crate::error::AwsError;
use crate::world::{Context, unsupported_parameter};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn check_name(name: &str) -> Result<(), AwsError> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if name.len() <= 64 && name.bytes().all(known) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
    )))
}

fn enabled(input: &Value) -> Result<bool, AwsError> {
    match text(input, "State") {
        None | Some("ENABLED") => Ok(true),
        Some("DISABLED") => Ok(false),
        Some(other) => Err(invalid(format!("State is {other}, must be ENABLED or DISABLED"))),
    }
}

/// `PutRule`: makes a rule, or changes the one of this name; its targets stay.
pub(super) fn put_rule(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    for name in ["ScheduleExpression", "RoleArn"] {
        if input.get(name).is_some() {
            return Err(unsupported_parameter(cx.call, name));
        }
    }
    if !list(input, "Tags").is_empty() {
        return Err(unsupported_parameter(cx.call, "Tags"));
    }
    let name = needed(input, "Name")?;
    cx.record.resource = name.to_owned();
    check_name(name)?;
    let given = text(input, "EventPattern").filter(|pattern| !pattern.is_empty());
    let given = given.ok_or_else(|| {
        invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    })?;
    let pattern = Pattern::parse(given)?;
    let (region, account) = (&cx.call.region, &cx.call.account);
    let arn = format!("arn:aws:events:{region}:{account}:rule/{name}");
    let key = key(cx, name);
    let enabled = enabled(input)?;
    let targets = events.rules.remove(&key).map_or_else(BTreeMap::new, |old| old.targets);
    let rule = Rule {
        arn: arn.clone(),
        description: text(input, "Description").map(str::to_owned),
        text: given.to_owned(),
        pattern,
        enabled,
        targets,
    };
    events.rules.insert(key, rule);
    Ok(json!({ "RuleArn": arn }))
}

fn write(name: &str, rule: &Rule) -> Value {
    let mut out = json!({
        "Name": name,
        "Arn": rule.arn,
        "EventPattern": rule.text,
        "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        "EventBusName": "default",
    });
    if let Some(description) = &rule.description {
        out["Description"] = json!(description);
    }
    out
}

/// `DescribeRule`.
pub(super) fn describe_rule(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let name = needed(input, "Name")?;
    Ok(write(name, events.rule(cx, input, "Name")?))
}

/// `ListRules`: all at once, there are never many.
pub(super) fn list_rules(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    for name in ["Limit", "NextToken"] {
        if input.get(name).is_some() {
            return Err(unsupported_parameter(cx.call, name));
        }
    }
    let prefix = text(input, "NamePrefix").unwrap_or_default();
    let rules = events.rules.iter().filter(|((account, region, name), _)| {
        *account == cx.call.account && *region == cx.call.region && name.starts_with(prefix)
    });
    let rules: Vec<_> = rules.map(|((_, _, name), rule)| write(name, rule)).collect();
    cx.record.items = rules.len() as u64;
    Ok(json!({ "Rules": rules }))
}

/// `EnableRule` and `DisableRule`.
pub(super) fn switch(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
    on: bool,
) -> Result<Value, AwsError> {
    events.rule(cx, input, "Name")?.enabled = on;
    Ok(json!({}))
}

/// `DeleteRule`: one that is not there is success, one with targets must lose them first.
pub(super) fn delete_rule(
    events: &mut Events,
    cx: &mut Context<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let name = needed(input, "Name")?;
    cx.record.resource = name.to_owned();
    let key = key(cx, name);
    if events.rules.get(&key).is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(invalid("Rule can't be deleted since it has targets."));
    }
    events.rules.remove(&key);
    Ok(json!({}))
}
