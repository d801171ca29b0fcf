//! SQS: one FIFO queue per Region and priority, and one dead-letter queue per Region.

mod dead_letters;
mod topology;

pub use dead_letters::StoredLetter;

use crate::entropy::Entropy;
use crate::failure::{Failure, FailureCode, wire_code};
use crate::ids::RegionName;
use crate::job::JobState;
use crate::message::WakeUp;
use crate::request::Priority;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageSystemAttributeName, SendMessageBatchRequestEntry};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the queues may answer with.
pub type QueueResult<T> = Result<T, QueueError>;

/// A call on a queue that did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// The queue is missing.
    #[error(
        "there is no queue {name:?} in this account and Region; run `aurora-restore init` first (or set the queue prefix)"
    )]
    NoQueue {
        /// The queue.
        name: String,
    },
    /// AWS refused or did not answer.
    #[error(transparent)]
    Aws(#[from] Failure),
}

impl QueueError {
    /// The same as a failure, for the record of a job.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Aws(failure) => failure,
            Self::NoQueue { .. } => {
                Failure::transient(FailureCode::AwsUnavailable, self.to_string())
            }
        }
    }
}

/// Turns an SDK error of a call on a queue into a [`QueueError`].
macro_rules! queue_error {
    ($name:expr, $doing:expr) => {
        |e| {
            let missing = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
            if crate::failure::wire_code(&e).is_some_and(|code| missing.contains(&code)) {
                crate::queue::QueueError::NoQueue { name: $name.to_string() }
            } else {
                crate::queue::QueueError::Aws(crate::failure::Failure::from_sdk($doing, &e))
            }
        }
    };
}
use queue_error;

/// The queues of one Region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queues {
    client: Client,
    region: RegionName,
    prefix: String,
    entropy: Entropy,
    urls: Arc<Mutex<BTreeMap<String, String>>>,
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The Region of the queue it came from.
    pub region: RegionName,
    /// The queue it came from.
    pub priority: Priority,
    /// Its body.
    pub body: String,
    /// Deletes it, or keeps it invisible.
    pub receipt: String,
    /// Its message group.
    pub group: String,
}

/// A wake-up to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// The wake-up.
    pub wake: WakeUp,
    /// How often it was sent before.
    pub dispatches: u64,
}

/// SQS takes at most ten messages in one batch.
pub const BATCH: usize = 10;

/// How SQS refuses a receipt that is no longer the last one; the second is what FIFO queues answer,
/// the third what a message is called that is visible again.
const EXPIRED_RECEIPT: [&str; 3] = [
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "AWS.SimpleQueueService.MessageNotInflight",
];

/// The longest a receive may wait, seconds.
pub const LONG_POLL_SECONDS: i32 = 20;

impl Queues {
    /// The queues of a Region, whose names begin with `prefix`. Receives are named by `entropy`.
    #[must_use]
    pub fn new(client: Client, region: RegionName, prefix: &str, entropy: Entropy) -> Self {
        Self { client, region, prefix: prefix.to_owned(), entropy, urls: Arc::default() }
    }

    /// Names one receive, so that the SDK's repeat of it, when its answer was lost, brings the same
    /// messages: otherwise they would be out of sight for a whole visibility timeout (API
    /// ReceiveMessage, ReceiveRequestAttemptId).
    fn attempt(&self) -> String {
        self.entropy.token()
    }

    /// The Region.
    #[must_use]
    pub fn region(&self) -> &RegionName {
        &self.region
    }

    /// The name of the queue of a priority.
    #[must_use]
    pub fn name(&self, priority: Priority) -> String {
        format!("{}-{}.fifo", self.prefix, priority.as_str())
    }

    /// The name of the dead-letter queue.
    #[must_use]
    pub fn dead_letter_name(&self) -> String {
        format!("{}-dead-letters.fifo", self.prefix)
    }

    /// Asked once per queue and process.
    async fn url(&self, name: &str) -> QueueResult<String> {
        if let Some(url) = self.known_urls().get(name) {
            return Ok(url.clone());
        }
        let answer = self.client.get_queue_url().queue_name(name).send().await;
        let answer = answer.map_err(queue_error!(name, "looking for the queue"))?;
        let url = answer.queue_url.unwrap_or_default();
        self.known_urls().insert(name.to_owned(), url.clone());
        Ok(url)
    }

    fn known_urls(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.urls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks that all queues are there: for a clear word at start.
    ///
    /// # Errors
    /// [`QueueError::NoQueue`] when one is missing; when AWS refuses.
    pub async fn check(&self) -> QueueResult<()> {
        for (_, priority) in Priority::ALL {
            self.url(&self.name(priority)).await?;
        }
        self.url(&self.dead_letter_name()).await.map(drop)
    }

    /// Checks that the queue of one priority is there. Free for who sends to it next: the address
    /// is asked for once.
    ///
    /// # Errors
    /// [`QueueError::NoQueue`] when it is missing; when AWS refuses.
    pub async fn check_one(&self, priority: Priority) -> QueueResult<()> {
        self.url(&self.name(priority)).await.map(drop)
    }

    /// Sends one wake-up.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn send(&self, priority: Priority, sending: Sending) -> QueueResult<()> {
        let name = self.name(priority);
        let Sending { wake, dispatches } = sending;
        let send = self.client.send_message().queue_url(self.url(&name).await?);
        let send = send
            .message_body(wake.body())
            .message_group_id(wake.group_id())
            .message_deduplication_id(wake.deduplication_id(dispatches));
        send.send().await.map_err(queue_error!(name, "sending a wake-up"))?;
        Ok(())
    }

    /// Sends the wake-up that a job expects now.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn send_for(&self, job: &JobState) -> QueueResult<()> {
        let wake = WakeUp::new(job.id, job.seq);
        self.send(job.priority, Sending { wake, dispatches: job.dispatches }).await
    }

    /// Sends up to ten wake-ups; returns which of them were accepted, in the order given.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses the whole batch.
    pub async fn send_batch(
        &self,
        priority: Priority,
        batch: &[Sending],
    ) -> QueueResult<Vec<bool>> {
        let name = self.name(priority);
        let mut call = self.client.send_message_batch().queue_url(self.url(&name).await?);
        for (n, Sending { wake, dispatches }) in batch.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(n.to_string())
                .message_body(wake.body())
                .message_group_id(wake.group_id())
                .message_deduplication_id(wake.deduplication_id(*dispatches));
            let entry = entry.build().map_err(|e| {
                Failure::permanent(FailureCode::RefusedByAws, format!("building a request: {e}"))
            })?;
            call = call.entries(entry);
        }
        let answer = call.send().await.map_err(queue_error!(name, "sending wake-ups"))?;
        let accepted: Vec<&str> = answer.successful().iter().map(|entry| entry.id()).collect();
        Ok((0..batch.len()).map(|n| accepted.contains(&n.to_string().as_str())).collect())
    }

    /// Receives up to `most` (1–10) messages of one priority, waiting for the first one up to
    /// `wait_seconds` (0–20); they stay invisible to others for `visibility_seconds`.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn receive(
        &self,
        priority: Priority,
        most: i32,
        wait_seconds: i32,
        visibility_seconds: i32,
    ) -> QueueResult<Vec<Received>> {
        let name = self.name(priority);
        let call = self.client.receive_message().queue_url(self.url(&name).await?);
        let call = call
            .max_number_of_messages(most)
            .wait_time_seconds(wait_seconds)
            .visibility_timeout(visibility_seconds)
            .receive_request_attempt_id(self.attempt())
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(e) => {
                self.forget_url_if_gone(&name, wire_code(&e));
                return Err(queue_error!(name, "receiving wake-ups")(e));
            }
        };
        let group = MessageSystemAttributeName::MessageGroupId;
        let received = |m: aws_sdk_sqs::types::Message| Received {
            region: self.region.clone(),
            priority,
            group: m.attributes.as_ref().and_then(|a| a.get(&group)).cloned().unwrap_or_default(),
            body: m.body.unwrap_or_default(),
            receipt: m.receipt_handle.unwrap_or_default(),
        };
        Ok(answer.messages.unwrap_or_default().into_iter().map(received).collect())
    }

    /// A queue that was deleted and made again may have another URL.
    fn forget_url_if_gone(&self, name: &str, code: Option<&str>) {
        if code.is_some_and(|code| code.contains("NonExistent") || code.contains("DoesNotExist")) {
            self.known_urls().remove(name);
        }
    }

    /// Deletes a message. An expired receipt is no error: the message was delivered again, and the
    /// wake-up number tells who is right.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn delete(&self, message: &Received) -> QueueResult<()> {
        let name = self.name(message.priority);
        let call = self.client.delete_message().queue_url(self.url(&name).await?);
        match call.receipt_handle(&message.receipt).send().await {
            Ok(_) => Ok(()),
            Err(e) if wire_code(&e).is_some_and(|code| EXPIRED_RECEIPT.contains(&code)) => Ok(()),
            Err(e) => Err(queue_error!(name, "deleting a wake-up")(e)),
        }
    }

    /// Keeps a message invisible for so many seconds from now; zero gives it back.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses (also for a receipt that is too old).
    pub async fn change_visibility(&self, message: &Received, seconds: i32) -> QueueResult<()> {
        let name = self.name(message.priority);
        let call = self.client.change_message_visibility().queue_url(self.url(&name).await?);
        let call = call.receipt_handle(&message.receipt).visibility_timeout(seconds);
        call.send().await.map_err(queue_error!(name, "keeping a wake-up invisible"))?;
        Ok(())
    }
}
