//! The dead-letter queue of a Region: pointers to failed jobs, and messages nobody could read.

use super::{BATCH, EXPIRED_RECEIPT, QueueResult, Queues, queue_error};
use crate::failure::wire_code;
use crate::ids::{JobId, Seq};
use crate::message::DeadLetter;
use std::collections::BTreeMap;

/// A dead letter as it lies in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLetter {
    /// What it says, or its body when it cannot be read.
    pub letter: Result<DeadLetter, String>,
    /// Deletes it.
    pub receipt: String,
}

/// While dead letters are looked through, they stay invisible to others for this long.
const LOOK_SECONDS: i32 = 30;

/// How long the last look waits for letters that are on their way.
const LOOK_WAIT_SECONDS: i32 = 1;

impl Queues {
    /// Sends a dead letter. `group` keeps the letters of one job in order; `deduplication` makes a
    /// repeat harmless.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn send_dead_letter(
        &self,
        letter: &DeadLetter,
        group: &str,
        deduplication: &str,
    ) -> QueueResult<()> {
        let name = self.dead_letter_name();
        let body = serde_json::to_string(letter).unwrap_or_default();
        let send = self.client.send_message().queue_url(self.url(&name).await?).message_body(body);
        let send = send.message_group_id(group).message_deduplication_id(deduplication);
        send.send().await.map_err(queue_error!(name, "sending a dead letter"))?;
        Ok(())
    }

    /// Looks through the dead letters, up to `most`, and makes them visible again, but for those
    /// that `taken` wants to keep (to delete them).
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn look_through_dead_letters(
        &self,
        most: usize,
        taken: impl Fn(&StoredLetter) -> bool,
    ) -> QueueResult<Vec<StoredLetter>> {
        let name = self.dead_letter_name();
        let url = self.url(&name).await?;
        let (mut kept, mut others) = (Vec::new(), Vec::new());
        while kept.len() + others.len() < most {
            let call = self.client.receive_message().queue_url(&url);
            let call = call.max_number_of_messages(i32::try_from(BATCH).unwrap_or(10));
            // A short poll may say "empty" of a queue that is not.
            let call = call.wait_time_seconds(LOOK_WAIT_SECONDS);
            let call = call.receive_request_attempt_id(self.attempt());
            let answer = call.visibility_timeout(LOOK_SECONDS).send().await;
            let answer = answer.map_err(queue_error!(name, "reading dead letters"))?;
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            let letters = messages.into_iter().map(stored);
            let (mine, rest): (Vec<_>, Vec<_>) = letters.partition(&taken);
            kept.extend(mine);
            others.extend(rest);
        }
        // The oldest first: a group's first message must be visible before its next.
        for letter in &others {
            let call = self.client.change_message_visibility().queue_url(&url);
            let call = call.receipt_handle(&letter.receipt).visibility_timeout(0);
            match call.send().await {
                // Its time was over: it is visible again without our doing.
                Err(e) if wire_code(&e).is_some_and(|code| EXPIRED_RECEIPT.contains(&code)) => {}
                answer => {
                    answer.map_err(queue_error!(name, "giving a dead letter back"))?;
                }
            }
        }
        Ok(kept)
    }

    /// Deletes a dead letter.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn delete_dead_letter(&self, letter: &StoredLetter) -> QueueResult<()> {
        let name = self.dead_letter_name();
        let call = self.client.delete_message().queue_url(self.url(&name).await?);
        let call = call.receipt_handle(&letter.receipt);
        call.send().await.map_err(queue_error!(name, "deleting a dead letter"))?;
        Ok(())
    }

    /// Deletes the pointers to one job that were sent before a wake-up number; says how many there
    /// were. A newer pointer is that of a newer failure, and stays.
    ///
    /// # Errors
    /// When the queue is missing or AWS refuses.
    pub async fn delete_pointers_to(
        &self,
        job: JobId,
        before: Seq,
        most: usize,
    ) -> QueueResult<usize> {
        let points = |l: &StoredLetter| {
            let older = |l: &DeadLetter| l.job == Some(job) && l.seq.is_none_or(|s| s < before);
            l.letter.as_ref().is_ok_and(older)
        };
        let pointers = self.look_through_dead_letters(most, points).await?;
        for pointer in &pointers {
            self.delete_dead_letter(pointer).await?;
        }
        Ok(pointers.len())
    }

    /// How many messages each queue holds, those in flight included.
    ///
    /// # Errors
    /// When a queue is missing or AWS refuses.
    pub async fn depths(&self) -> QueueResult<BTreeMap<String, u64>> {
        use aws_sdk_sqs::types::QueueAttributeName as Name;
        let queues = crate::request::Priority::ALL.map(|(_, priority)| self.name(priority));
        let mut depths = BTreeMap::new();
        for name in queues.into_iter().chain([self.dead_letter_name()]) {
            let call = self.client.get_queue_attributes().queue_url(self.url(&name).await?);
            let call = call
                .attribute_names(Name::ApproximateNumberOfMessages)
                .attribute_names(Name::ApproximateNumberOfMessagesNotVisible);
            let answer = call.send().await.map_err(queue_error!(name, "reading the depth"))?;
            let counts = answer.attributes.unwrap_or_default();
            let depth = counts.values().filter_map(|n| n.parse::<u64>().ok()).sum();
            depths.insert(name, depth);
        }
        Ok(depths)
    }
}

fn stored(message: aws_sdk_sqs::types::Message) -> StoredLetter {
    let body = message.body.unwrap_or_default();
    let letter = serde_json::from_str(&body).map_err(|_| body);
    StoredLetter { letter, receipt: message.receipt_handle.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
