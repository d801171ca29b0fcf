//! Amazon SQS: FIFO queues. API = API Reference, DG = Developer Guide.

pub(crate) mod groups;

use crate::bed::Bed;
use crate::fact::Skip;
use aws_sdk_sqs::Client;
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
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        let send = send.message_group_id(group).message_deduplication_id(body);
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
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|m| m.body().unwrap()).collect()
}

/// Waits for what must come: an endpoint elsewhere may be slow to show it.
pub(crate) async fn later(bed: &Bed) -> Result<(), Skip> {
    bed.seconds(1).await
}
