//! The queues as those see them who make no calls, auditors and meddlers: nothing is received here.

use super::Sqs;
use super::queue::{Key, Queue};
use super::store::{Message, State};

/// A message as it lies in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// Its message group.
    pub group: String,
    /// Its deduplication id.
    pub dedup_id: String,
    /// Its body.
    pub body: String,
    /// When it was sent, milliseconds since the Unix epoch.
    pub sent_ms: i64,
    /// How often it was received.
    pub receives: u64,
    /// Whether it was received, and is not visible again (as of the last call about the queue).
    pub in_flight: bool,
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.clone(),
            group: message.group.to_string(),
            dedup_id: message.dedup_id.clone(),
            body: message.body.clone(),
            sent_ms: message.sent_ms,
            receives: message.receives,
            in_flight: message.state == State::InFlight,
        }
    }
}

impl Sqs {
    /// The messages of a queue, as they were sent; none when there is no such queue.
    #[must_use]
    pub fn messages(&self, account: &str, region: &str, name: &str) -> Vec<MessageView> {
        let queue = self.queues.get(&key(account, region, name));
        let messages = |queue: &Queue| queue.store.all().map(MessageView::from).collect();
        queue.map(messages).unwrap_or_default()
    }

    /// Loses a message, as SQS itself promises not to: whoever sent it was told that it was taken,
    /// and nobody will ever receive it. Says whether there was one of this id. A long poll that
    /// waits for the rest of its group finds it with the next call of anybody.
    pub fn lose(&mut self, account: &str, region: &str, name: &str, id: &str) -> bool {
        let Some(queue) = self.queues.get_mut(&key(account, region, name)) else { return false };
        queue.store.lose(id)
    }
}

fn key(account: &str, region: &str, name: &str) -> Key {
    (account.to_owned(), region.to_owned(), name.to_owned())
}
