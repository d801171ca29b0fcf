//! Messages that other services put into queues.

use super::Sqs;
use super::queue::parse_arn;
use super::send::{Outgoing, place};
use serde_json::{Map, Value};

/// A message of another service.
#[derive(Debug, Clone)]
pub(crate) struct Delivery<'a> {
    /// The service, as the sender of the message.
    pub(crate) sender: &'a str,
    /// Message group id.
    pub(crate) group: &'a str,
    /// Deduplication id.
    pub(crate) dedup_id: &'a str,
    /// The body.
    pub(crate) body: &'a str,
    /// Message attributes, in the form SQS has them.
    pub(crate) attributes: &'a Map<String, Value>,
}

impl Sqs {
    /// Puts a message into the queue with an ARN. Answers whether it could: there may be no such
    /// queue, or the message may be too large for it. Queue policies are not looked at.
    pub(crate) fn deliver(
        &mut self,
        arn: &str,
        delivery: &Delivery<'_>,
        rng: &mut fastrand::Rng,
        now_ms: i64,
    ) -> bool {
        let Some(queue) = parse_arn(arn).and_then(|key| self.queues.get_mut(&key)) else {
            return false;
        };
        if delivery.body.len() > queue.attributes.max_bytes {
            return false;
        }
        queue.settle(now_ms);
        let outgoing = Outgoing {
            group: delivery.group,
            dedup_id: delivery.dedup_id.to_owned(),
            body: delivery.body,
            attributes: delivery.attributes,
            sender: delivery.sender,
        };
        place(queue, outgoing, rng, now_ms);
        self.news |= std::mem::take(&mut queue.store.news);
        true
    }
}
