//! Amazon EventBridge: rules that send events of RDS (and those put by hand) into SQS queues.
//!
//! There is the `default` bus only, and queues are the only targets. Delivery is best effort, as on
//! AWS: an injected fault may lose or double one.

mod bus;
mod event;
mod pattern;
mod put;
mod rules;
mod targets;

pub use event::Event;

use crate::call::Call;
use crate::error::AwsError;
use crate::faults::Faults;
use crate::rds::notices::Notice;
use crate::sqs::{Delivery, Sqs};
use crate::world::{Answer, Context, Reply, unknown_operation};
use bus::Rule;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Account, Region and name of a rule.
type Key = (String, String, String);

/// All rules of all accounts and Regions.
#[derive(Debug, Default)]
pub struct Events {
    rules: BTreeMap<Key, Rule>,
}

impl Events {
    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Value, sqs: &mut Sqs) -> Answer {
        if text(input, "EventBusName").is_some_and(|name| !is_default_bus(name)) {
            return Err(no_such(&format!("EventBus {}", input["EventBusName"])));
        }
        let answer = match cx.call.operation.as_str() {
            "PutRule" => rules::put_rule(self, cx, input),
            "DescribeRule" => rules::describe_rule(self, cx, input),
            "ListRules" => rules::list_rules(self, cx, input),
            "EnableRule" => rules::switch(self, cx, input, true),
            "DisableRule" => rules::switch(self, cx, input, false),
            "DeleteRule" => rules::delete_rule(self, cx, input),
            "PutTargets" => targets::put_targets(self, cx, input),
            "RemoveTargets" => targets::remove_targets(self, cx, input),
            "ListTargetsByRule" => targets::list_targets(self, cx, input),
            "PutEvents" => put::put_events(self, cx, input, sqs),
            _ => Err(unknown_operation(cx.call)),
        };
        answer.map(Reply::Json)
    }

    /// Whether any rule has a target: else nothing can come of an event.
    #[must_use]
    pub fn has_targets(&self) -> bool {
        self.rules.values().any(|rule| !rule.targets.is_empty())
    }

    /// Whether events may come into a queue of the caller.
    pub(crate) fn fills(&self, call: &Call, queue: &str) -> bool {
        let arn = format!("arn:aws:sqs:{}:{}:{queue}", call.region, call.account);
        let mut targets = self.rules.values().flat_map(|rule| rule.targets.values());
        targets.any(|target| target.queue == arn)
    }

    /// Makes events of what RDS has to say, and sends them to the queues that wait for them; an
    /// injected fault may lose or double one.
    pub fn tell(
        &mut self,
        notices: Vec<Notice>,
        sqs: &mut Sqs,
        faults: &mut Faults,
        rng: &mut fastrand::Rng,
        now_ms: i64,
    ) {
        for notice in notices {
            let copies = faults.event_copies(&notice.place.account, &notice.place.region);
            if let Some(event) = Event::of(&notice, crate::sqs::fresh_id(rng)) {
                self.send(&event, copies, sqs, rng, now_ms);
            }
        }
    }

    /// Sends an event to the targets of the rules that it matches.
    fn send(
        &self,
        event: &Event,
        copies: usize,
        sqs: &mut Sqs,
        rng: &mut fastrand::Rng,
        now_ms: i64,
    ) {
        let document = event.document();
        let body = document.to_string();
        for ((account, region, _), rule) in &self.rules {
            let here = *account == event.account && *region == event.region;
            if !here || !rule.enabled || !rule.pattern.matches(&document) {
                continue;
            }
            for target in rule.targets.values().filter(|t| t.since_ms <= event.at_ms) {
                for copy in 0..copies {
                    // A queue would notice the second of two with one deduplication id.
                    let again = if copy == 0 { "" } else { "-again" };
                    let delivery = Delivery {
                        sender: "events.amazonaws.com",
                        group: &target.group,
                        dedup_id: &format!("{}{again}", event.id),
                        body: &body,
                        attributes: &Map::new(),
                    };
                    if !sqs.deliver(&target.queue, &delivery, rng, now_ms) {
                        tracing::warn!(
                            rule = rule.arn,
                            queue = target.queue,
                            "an event could not be delivered"
                        );
                    }
                }
            }
        }
    }

    /// All rules with their targets, for the status page.
    #[must_use]
    pub fn summary(&self) -> Value {
        let rules = self.rules.values().map(|rule| {
            json!({
                "arn": rule.arn,
                "enabled": rule.enabled,
                "pattern": rule.text,
                "queues": rule.targets.values().map(|t| &t.queue).collect::<Vec<_>>(),
            })
        });
        rules.collect()
    }

    /// The rule a request names.
    fn rule(
        &mut self,
        cx: &mut Context<'_>,
        input: &Value,
        member: &str,
    ) -> Result<&mut Rule, AwsError> {
        let name = needed(input, member)?;
        cx.record.resource = name.to_owned();
        let missing = || no_such(&format!("Rule {name}"));
        self.rules.get_mut(&key(cx, name)).ok_or_else(missing)
    }
}

fn key(cx: &Context<'_>, name: &str) -> Key {
    (cx.call.account.clone(), cx.call.region.clone(), name.to_owned())
}

fn is_default_bus(name: &str) -> bool {
    name == "default" || name.ends_with(":event-bus/default")
}

fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

fn needed<'a>(input: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    text(input, name).filter(|s| !s.is_empty()).ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy \
            constraint: Member must not be null"
        ))
    })
}

fn list<'a>(input: &'a Value, name: &str) -> &'a [Value] {
    input.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn invalid(text: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", text)
}

fn no_such(what: &str) -> AwsError {
    let text = format!("{what} does not exist on EventBus default.");
    AwsError::new("ResourceNotFoundException", text)
}
