//! Queue attributes: which there are, what they may be, what they default to.

use crate::error::AwsError;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    /// ARN of the dead-letter queue.
    pub(super) arn: String,
    /// How often a message is received at most.
    pub(super) max_receives: u64,
}

/// What an attribute may be.
enum Kind {
    Number(i64, i64),
    Flag,
    OneOf(&'static [&'static str]),
    Json,
    Text,
}

/// The attributes that can be set, with their kinds and defaults (none: absent by default).
const SETTABLE: &[(&str, Kind, Option<&str>)] = &[
    ("ContentBasedDeduplication", Kind::Flag, Some("false")),
    ("DeduplicationScope", Kind::OneOf(&["queue", "messageGroup"]), Some("queue")),
    ("DelaySeconds", Kind::Number(0, 900), Some("0")),
    ("FifoQueue", Kind::Flag, Some("true")),
    ("FifoThroughputLimit", Kind::OneOf(&["perQueue", "perMessageGroupId"]), Some("perQueue")),
    ("KmsDataKeyReusePeriodSeconds", Kind::Number(60, 86_400), None),
    ("KmsMasterKeyId", Kind::Text, None),
    ("MaximumMessageSize", Kind::Number(1_024, 1_048_576), Some("1048576")),
    ("MessageRetentionPeriod", Kind::Number(60, 1_209_600), Some("345600")),
    ("Policy", Kind::Json, None),
    ("ReceiveMessageWaitTimeSeconds", Kind::Number(0, 20), Some("0")),
    ("RedriveAllowPolicy", Kind::Json, None),
    ("RedrivePolicy", Kind::Json, None),
    ("SqsManagedSseEnabled", Kind::Flag, Some("true")),
    ("VisibilityTimeout", Kind::Number(0, 43_200), Some("30")),
];

fn unknown(name: &str) -> AwsError {
    AwsError::new("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

pub(super) fn bad_value(name: &str) -> AwsError {
    let text = format!("Invalid value for the parameter {name}.");
    AwsError::new("InvalidAttributeValue", text)
}

impl Kind {
    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Number(low, high) => value.parse().is_ok_and(|n| (*low..=*high).contains(&n)),
            Self::Flag => matches!(value, "true" | "false"),
            Self::OneOf(values) => values.contains(&value),
            Self::Json => value.is_empty() || serde_json::from_str::<Value>(value).is_ok(),
            Self::Text => true,
        }
    }
}

fn check(name: &str, value: &str) -> Result<(), AwsError> {
    let (_, kind, _) = SETTABLE.iter().find(|s| s.0 == name).ok_or_else(|| unknown(name))?;
    if kind.accepts(value) { Ok(()) } else { Err(bad_value(name)) }
}

/// Reads a `RedrivePolicy`; `maxReceiveCount` may be a number or a text.
fn redrive(policy: &str) -> Result<Redrive, AwsError> {
    let wrong = || bad_value("RedrivePolicy");
    let policy: Value = serde_json::from_str(policy).map_err(|_| wrong())?;
    let arn = policy["deadLetterTargetArn"].as_str().ok_or_else(wrong)?.to_owned();
    let max = &policy["maxReceiveCount"];
    let max = max.as_u64().or_else(|| max.as_str()?.parse().ok()).ok_or_else(wrong)?;
    if (1..=1_000).contains(&max) { Ok(Redrive { arn, max_receives: max }) } else { Err(wrong()) }
}

/// The attributes of one queue.
#[derive(Debug, Clone)]
pub(super) struct Attributes {
    set: BTreeMap<String, String>,
    /// Default visibility timeout.
    pub(super) visibility_ms: i64,
    /// How long messages are kept.
    pub(super) retention_ms: i64,
    /// Largest message, bytes.
    pub(super) max_bytes: usize,
    /// Default wait of a receive.
    pub(super) wait_ms: i64,
    /// How long new messages stay invisible.
    pub(super) delay_ms: i64,
    /// Whether a missing deduplication id is made from the body.
    pub(super) content_based: bool,
    /// Whether deduplication ids count per message group.
    pub(super) per_group: bool,
    /// Where messages go that were received too often.
    pub(super) redrive: Option<Redrive>,
}

impl Attributes {
    /// The attributes of a new queue.
    pub(super) fn new(given: &BTreeMap<String, String>) -> Result<Self, AwsError> {
        Self::parsed(BTreeMap::new(), given)
    }

    /// The same with some changed. An empty text takes a policy away.
    pub(super) fn changed(&self, given: &BTreeMap<String, String>) -> Result<Self, AwsError> {
        if given.get("FifoQueue").is_some_and(|v| v != "true") {
            return Err(bad_value("FifoQueue"));
        }
        Self::parsed(self.set.clone(), given)
    }

    fn parsed(
        mut set: BTreeMap<String, String>,
        given: &BTreeMap<String, String>,
    ) -> Result<Self, AwsError> {
        for (name, value) in given {
            check(name, value)?;
            set.insert(name.clone(), value.clone());
        }
        set.retain(|_, value| !value.is_empty());
        let value = |name| effective(&set, name).unwrap_or_default();
        let number = |name| value(name).parse::<i64>().unwrap_or(0);
        let per_group = value("DeduplicationScope") == "messageGroup";
        if value("FifoThroughputLimit") == "perMessageGroupId" && !per_group {
            return Err(bad_value("FifoThroughputLimit"));
        }
        Ok(Self {
            visibility_ms: number("VisibilityTimeout") * 1_000,
            retention_ms: number("MessageRetentionPeriod") * 1_000,
            max_bytes: usize::try_from(number("MaximumMessageSize")).unwrap_or(0),
            wait_ms: number("ReceiveMessageWaitTimeSeconds") * 1_000,
            delay_ms: number("DelaySeconds") * 1_000,
            content_based: value("ContentBasedDeduplication") == "true",
            per_group,
            redrive: set.get("RedrivePolicy").map(|p| redrive(p)).transpose()?,
            set,
        })
    }

    /// Whether another queue's redrive policy may name this queue (its `RedriveAllowPolicy`).
    pub(super) fn allows_redrive_from(&self, source_arn: &str) -> bool {
        let Some(policy) = self.set.get("RedriveAllowPolicy") else { return true };
        let policy: Value = serde_json::from_str(policy).unwrap_or_default();
        match policy["redrivePermission"].as_str() {
            Some("denyAll") => false,
            Some("byQueue") => policy["sourceQueueArns"]
                .as_array()
                .is_some_and(|arns| arns.iter().any(|a| a.as_str() == Some(source_arn))),
            _ => true,
        }
    }

    /// Whether every given attribute already has the given value (policies are compared as JSON).
    pub(super) fn agree_with(&self, given: &BTreeMap<String, String>) -> bool {
        let json = |s: &str| serde_json::from_str::<Value>(s).ok();
        given.iter().all(|(name, value)| {
            let own = effective(&self.set, name).unwrap_or_default();
            own == value || (json(own).is_some() && json(own) == json(value))
        })
    }

    /// The attributes as they are answered, defaults included.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        let names = SETTABLE.iter().map(|s| s.0);
        names.filter_map(|n| Some((n.to_owned(), effective(&self.set, n)?.to_owned()))).collect()
    }
}

fn effective<'a>(set: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let default = || SETTABLE.iter().find(|s| s.0 == name).and_then(|s| s.2);
    set.get(name).map(String::as_str).or_else(default)
}

/// Whether there is an attribute of this name that can be set.
pub(super) fn can_be_set(name: &str) -> bool {
    SETTABLE.iter().any(|s| s.0 == name)
}
