//! Amazon SQS: FIFO queues. API = API Reference, DG = Developer Guide.

pub(crate) mod batches;
pub(crate) mod dead_letters;
pub(crate) mod deduplication;
pub(crate) mod groups;
pub(crate) mod limits;
pub(crate) mod long_polls;
pub(crate) mod moves;
pub(crate) mod queues;
pub(crate) mod receipts;
pub(crate) mod receiving;
pub(crate) mod records;

use crate::bed::Bed;
use crate::fact::Skip;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName as Attribute, QueueAttributeName as Q,
};

/// A queue with deduplication per message group, and a client of it.
pub(crate) struct Queue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl Queue {
    pub(crate) async fn new(bed: &Bed, name: &str, attributes: &[(Q, &str)]) -> Self {
        let client = bed.sqs();
        let mut create = client.create_queue().queue_name(bed.name(name));
        let usual = [(Q::FifoQueue, "true"), (Q::DeduplicationScope, "messageGroup")];
        for (name, value) in usual.iter().chain(attributes) {
            create = create.attributes(name.clone(), *value);
        }
        let url = create.send().await.unwrap().queue_url.unwrap();
        Self { client, url }
    }

    pub(crate) async fn send(&self, group: &str, body: &str) -> String {
        self.send_as(group, body, body).await
    }

    pub(crate) async fn send_as(&self, group: &str, dedup: &str, body: &str) -> String {
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        let send = send.message_group_id(group).message_deduplication_id(dedup);
        send.send().await.unwrap().message_id.unwrap()
    }

    pub(crate) async fn receive(&self, max: i32) -> Vec<Message> {
        self.receive_for(max, 30, 0).await
    }

    pub(crate) async fn receive_for(&self, max: i32, visibility: i32, wait: i32) -> Vec<Message> {
        let receive = self.client.receive_message().queue_url(&self.url);
        let receive = receive.max_number_of_messages(max).visibility_timeout(visibility);
        let receive = receive.message_system_attribute_names(Attribute::All);
        receive.wait_time_seconds(wait).send().await.unwrap().messages.unwrap_or_default()
    }

    /// The text of the refusal, if it is refused.
    pub(crate) async fn delete(&self, message: &Message) -> Result<(), String> {
        let delete = self.client.delete_message().queue_url(&self.url);
        let deleted = delete.receipt_handle(handle(message)).send().await;
        deleted.map(|_| ()).map_err(|e| e.message().unwrap_or_default().to_owned())
    }

    /// The text of the refusal, if it is refused.
    pub(crate) async fn change(&self, message: &Message, seconds: i32) -> Result<(), String> {
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(handle(message)).visibility_timeout(seconds);
        let changed = change.send().await;
        changed.map(|_| ()).map_err(|e| e.message().unwrap_or_default().to_owned())
    }

    pub(crate) async fn attribute(&self, name: Q) -> String {
        let get = self.client.get_queue_attributes().queue_url(&self.url);
        let got = get.attribute_names(name.clone()).send().await.unwrap();
        got.attributes.unwrap().remove(&name).unwrap()
    }

    /// The wire code of the refusal, if it is refused.
    pub(crate) async fn set(&self, name: Q, value: &str) -> Result<(), String> {
        let set = self.client.set_queue_attributes().queue_url(&self.url);
        let set = set.attributes(name, value).send().await;
        set.map(|_| ()).map_err(|e| e.code().unwrap_or_default().to_owned())
    }

    /// How many messages are visible, in flight, delayed.
    pub(crate) async fn counts(&self) -> [String; 3] {
        [
            self.attribute(Q::ApproximateNumberOfMessages).await,
            self.attribute(Q::ApproximateNumberOfMessagesNotVisible).await,
            self.attribute(Q::ApproximateNumberOfMessagesDelayed).await,
        ]
    }
}

pub(crate) fn handle(message: &Message) -> &str {
    message.receipt_handle().unwrap()
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|m| m.body().unwrap()).collect()
}

pub(crate) fn attribute(message: &Message, name: Attribute) -> &str {
    message.attributes().unwrap()[&name].as_str()
}

/// A queue that hands messages on after two receives, and its dead-letter queue.
pub(crate) async fn with_dead_letters(bed: &Bed) -> (Queue, Queue) {
    let dead = Queue::new(bed, "dead.fifo", &[]).await;
    let arn = dead.attribute(Q::QueueArn).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"2"}}"#);
    let live = [(Q::RedrivePolicy, policy.as_str())];
    (Queue::new(bed, "live.fifo", &live).await, dead)
}

/// Has all messages received until they are in the dead-letter queue.
pub(crate) async fn wear_out(bed: &Bed, queue: &Queue) -> Result<(), Skip> {
    for _ in 0..3 {
        queue.receive_for(10, 1, 0).await;
        bed.seconds(1).await?;
    }
    Ok(())
}

/// Lets time pass while so many long polls wait.
pub(crate) async fn while_passing<T>(
    bed: &Bed,
    (polls, seconds): (usize, u64),
    waits: impl Future<Output = T>,
) -> Result<T, Skip> {
    let passes = async {
        bed.until_parked(polls).await;
        bed.seconds(seconds).await
    };
    let (answer, passed) = futures::join!(waits, passes);
    passed.map(|()| answer)
}

/// Does something a while after a long poll began to wait.
pub(crate) async fn meanwhile<T>(
    bed: &Bed,
    waits: impl Future<Output = T>,
    seconds: u64,
    acts: impl Future<Output = ()>,
) -> Result<T, Skip> {
    let acts = async {
        bed.until_parked(1).await;
        bed.seconds(seconds).await?;
        acts.await;
        Ok(())
    };
    let (answer, acted) = futures::join!(waits, acts);
    acted.map(|()| answer)
}
