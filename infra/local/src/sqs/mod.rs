//! Amazon SQS: FIFO queues.
//!
//! Standard queues are refused: nothing here needs them, and their lack of rules is hard to test.

mod attributes;
mod batch;
mod deliver;
mod digest;
mod error;
mod input;
mod manage;
mod moves;
mod queue;
mod receipts;
mod receive;
mod send;
mod store;
mod tags;
mod view;
pub(crate) mod window;

pub(crate) use deliver::Delivery;
pub(crate) use digest::{check_attributes, sha256};
pub(crate) use error::shape;
pub use store::Depth;
pub use view::MessageView;

use crate::error::AwsError;
use crate::world::{Answer, Context, Reply, unknown_operation};
use queue::{Key, Queue};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All queues of all accounts and Regions.
#[derive(Debug, Default)]
pub struct Sqs {
    queues: BTreeMap<Key, Queue>,
    /// When queues were deleted: their names are not free at once.
    deleted: BTreeMap<Key, i64>,
    tasks: Vec<moves::Task>,
    /// Queues created so far.
    created: u64,
    news: bool,
}

impl Sqs {
    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, input: &Value) -> Answer {
        moves::advance(self, cx);
        let answer = self.dispatch(cx, input);
        for queue in self.queues.values_mut() {
            self.news |= std::mem::take(&mut queue.store.news);
        }
        answer.map(|reply| self.waking_for_moves(reply))
    }

    /// Has a receive that waits look again when a move task may bring something.
    fn waking_for_moves(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Park { retry_at_ms } => {
                let next_ms = moves::next_ms(self).unwrap_or(i64::MAX);
                Reply::Park { retry_at_ms: retry_at_ms.min(next_ms) }
            }
            reply => reply,
        }
    }

    fn dispatch(&mut self, cx: &mut Context<'_>, input: &Value) -> Answer {
        match cx.call.operation.as_str() {
            "ReceiveMessage" => receive::receive_message(self, cx, input),
            "SendMessage" => send::send_message(self, cx, input),
            "SendMessageBatch" => send::send_message_batch(self, cx, input),
            "DeleteMessage" => receipts::delete_message(self, cx, input),
            "DeleteMessageBatch" => receipts::delete_message_batch(self, cx, input),
            "ChangeMessageVisibility" => receipts::change_visibility(self, cx, input),
            "ChangeMessageVisibilityBatch" => receipts::change_visibility_batch(self, cx, input),
            "CreateQueue" => manage::create_queue(self, cx, input),
            "GetQueueUrl" => manage::get_queue_url(self, cx, input),
            "ListQueues" => manage::list_queues(self, cx, input),
            "GetQueueAttributes" => manage::get_queue_attributes(self, cx, input),
            "SetQueueAttributes" => manage::set_queue_attributes(self, cx, input),
            "DeleteQueue" => manage::delete_queue(self, cx, input),
            "PurgeQueue" => manage::purge_queue(self, cx, input),
            "ListQueueTags" => tags::list_queue_tags(self, cx, input),
            "TagQueue" => tags::tag_queue(self, cx, input),
            "UntagQueue" => tags::untag_queue(self, cx, input),
            "StartMessageMoveTask" => moves::start(self, cx, input),
            "ListMessageMoveTasks" => moves::list(self, cx, input),
            "CancelMessageMoveTask" => moves::cancel(self, cx, input),
            _ => Err(unknown_operation(cx.call)),
        }
    }

    /// Whether a waiting receive may now find something, or must wake earlier than it planned;
    /// asking resets it.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// How many messages a queue has at a moment.
    pub fn depth(&mut self, account: &str, region: &str, name: &str, now_ms: i64) -> Option<Depth> {
        let key = (account.to_owned(), region.to_owned(), name.to_owned());
        let queue = self.queues.get_mut(&key)?;
        queue.settle(now_ms);
        Some(queue.store.depth())
    }

    /// All queues with their depths at a moment.
    pub fn summary(&mut self, now_ms: i64) -> Value {
        let queues = self.queues.iter_mut().map(|((account, region, name), queue)| {
            queue.settle(now_ms);
            let depth = queue.store.depth();
            json!({
                "account": account,
                "region": region,
                "name": name,
                "visible": depth.visible,
                "in_flight": depth.in_flight,
                "delayed": depth.delayed,
                "groups": depth.groups,
                "dead_letter_queue": queue.attributes.redrive.as_ref().map(|r| &r.arn),
            })
        });
        queues.collect()
    }

    /// The queue a request is about, brought up to the present moment and noted in the record.
    fn queue(&mut self, cx: &mut Context<'_>, input: &Value) -> Result<&mut Queue, AwsError> {
        let key = key_of(cx, input::needed(input, "QueueUrl")?)?;
        cx.record.resource.clone_from(&key.2);
        let queue = self.queues.get_mut(&key).ok_or_else(error::no_queue)?;
        queue.settle(cx.now_ms);
        Ok(queue)
    }
}

/// The key of a queue URL: its last two segments, and the Region of the call.
fn key_of(cx: &Context<'_>, url: &str) -> Result<Key, AwsError> {
    let mut segments = url.rsplit('/');
    let (Some(name), Some(account)) = (segments.next(), segments.next()) else {
        return Err(AwsError::new("InvalidAddress", "The specified queue URL is not valid."));
    };
    if account != cx.call.account {
        let text = format!("Access to the resource {url} is denied.");
        return Err(AwsError::new("AccessDenied", text).with_status(403));
    }
    Ok((account.to_owned(), cx.call.region.clone(), name.to_owned()))
}

/// An id in the form of a UUID, from the world's random source.
pub(crate) fn fresh_id(rng: &mut fastrand::Rng) -> String {
    let hex = format!("{:032x}", rng.u128(..));
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// The answer of an operation that answers nothing.
fn done() -> Answer {
    Ok(Reply::Json(json!({})))
}
