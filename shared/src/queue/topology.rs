//! The queues themselves: made by `aurora-restore init`, described in one place.

use super::{QueueResult, Queues, queue_error};
use crate::request::Priority;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::json;

/// How long messages are kept, in seconds: 14 days, the most there is.
const RETENTION_SECONDS: u32 = 14 * 24 * 3600;

/// Receives without a delete after which SQS itself moves a message to the dead-letter queue: the most
/// that SQS takes. A job is judged by its record, and a table that is out of reach for hours must not
/// fill the dead-letter queue with the wake-ups of healthy jobs.
const MAX_RECEIVES: u32 = 1000;

/// A worker sets its own at each receive; this one serves whoever does not.
const VISIBILITY_SECONDS: u32 = 60;

impl Queues {
    /// Makes the dead-letter queue and the four queues that feed it; a repeat changes nothing.
    /// Returns their names.
    ///
    /// # Errors
    /// When AWS refuses (also when a queue of the name exists with other attributes).
    pub async fn create(&self) -> QueueResult<Vec<String>> {
        let dead_letters = self.dead_letter_name();
        let url = self.create_one(&dead_letters, &[]).await?;
        let call = self.client.get_queue_attributes().queue_url(url);
        let answer = call.attribute_names(Name::QueueArn).send().await;
        let answer = answer.map_err(queue_error!(dead_letters, "reading the queue's ARN"))?;
        let arn = answer.attributes().and_then(|a| a.get(&Name::QueueArn)).cloned();
        let redrive = json!({
            "deadLetterTargetArn": arn.unwrap_or_default(),
            "maxReceiveCount": MAX_RECEIVES,
        });
        let mut names = vec![dead_letters];
        for (_, priority) in Priority::ALL {
            let name = self.name(priority);
            self.create_one(&name, &[(Name::RedrivePolicy, redrive.to_string())]).await?;
            names.push(name);
        }
        Ok(names)
    }

    /// A FIFO queue in high-throughput mode: groups are independent (Amazon SQS Developer Guide,
    /// "High throughput for FIFO queues").
    async fn create_one(&self, name: &str, more: &[(Name, String)]) -> QueueResult<String> {
        let attributes = [
            (Name::FifoQueue, "true".to_owned()),
            (Name::DeduplicationScope, "messageGroup".to_owned()),
            (Name::FifoThroughputLimit, "perMessageGroupId".to_owned()),
            (Name::MessageRetentionPeriod, RETENTION_SECONDS.to_string()),
            (Name::VisibilityTimeout, VISIBILITY_SECONDS.to_string()),
        ];
        let call = self.client.create_queue().queue_name(name);
        let all = attributes.iter().chain(more);
        let call = all.fold(call, |call, (name, value)| call.attributes(name.clone(), value));
        let answer = call.send().await.map_err(queue_error!(name, "creating the queue"))?;
        let url = answer.queue_url.unwrap_or_default();
        self.known_urls().insert(name.to_owned(), url.clone());
        Ok(url)
    }
}
