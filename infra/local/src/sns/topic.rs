//! A topic: its attributes, its subscriptions, what was published to it.

use crate::sqs::window::Window;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};

/// How many published messages a topic remembers.
const REMEMBERED: usize = 1_000;

/// How long a deduplication id counts.
const WINDOW_MS: i64 = 5 * 60 * 1_000;

/// A message that was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its id.
    pub message_id: String,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The subject, when there is one.
    pub subject: Option<String>,
    /// The text.
    pub message: String,
    /// Message attributes, in the form SQS has them: `{"name": {"DataType": ..., ...}}`.
    pub attributes: Map<String, Value>,
    /// Message group (FIFO topics).
    pub group: Option<String>,
    /// Deduplication id (FIFO topics).
    pub dedup_id: Option<String>,
    /// Sequence number (FIFO topics): twenty digits.
    pub sequence: Option<String>,
}

/// A subscription of a queue.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) arn: String,
    /// ARN of the queue.
    pub(super) queue: String,
    /// Whether the queue gets the message itself, without an envelope.
    pub(super) raw: bool,
}

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) arn: String,
    pub(super) account: String,
    pub(super) fifo: bool,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) subscriptions: Vec<Subscription>,
    /// The last messages, oldest first.
    pub(super) published: VecDeque<Published>,
    /// How many were published in all.
    pub(super) count: u64,
    /// Message ids and sequence numbers by deduplication id.
    pub(super) sent: Window<String, (String, String)>,
}

impl Topic {
    pub(super) fn new(
        arn: String,
        account: &str,
        attributes: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Self {
        Self {
            fifo: arn.ends_with(".fifo"),
            arn,
            account: account.to_owned(),
            attributes,
            tags,
            subscriptions: Vec::new(),
            published: VecDeque::new(),
            count: 0,
            sent: Window::lasting(WINDOW_MS),
        }
    }

    /// Whether a missing deduplication id is made from the message.
    pub(super) fn content_based(&self) -> bool {
        self.attributes.get("ContentBasedDeduplication").is_some_and(|v| v == "true")
    }

    pub(super) fn remember(&mut self, published: Published) {
        if self.published.len() == REMEMBERED {
            self.published.pop_front();
        }
        self.published.push_back(published);
    }
}
