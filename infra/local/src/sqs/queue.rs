//! One queue: its name, attributes, messages, and what it remembers.

use super::attributes::Attributes;
use super::error::{invalid, prefixed};
use super::store::{State, Store};
use super::window::Window;
use crate::error::AwsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

/// How long a deduplication id or a receive attempt counts.
const WINDOW_MS: i64 = 5 * 60 * 1_000;

/// Account, Region and name.
pub(super) type Key = (String, String, String);

/// What a send was answered with.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) message_id: String,
    pub(super) sequence_number: String,
}

/// One queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) arn: String,
    /// Tells a queue from an earlier one of the same name.
    number: u64,
    pub(super) attributes: Attributes,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
    pub(super) purged_ms: Option<i64>,
    pub(super) store: Store,
    /// Deduplication ids, within a message group or (`None`) within the queue.
    pub(super) sent: Window<(Option<String>, String), Sent>,
    /// Places and receipts that a receive attempt was answered with.
    pub(super) attempts: Window<String, Vec<(u64, u64)>>,
}

/// What a receipt handle stands for.
pub(super) enum Receipt {
    /// A message in flight since that receive.
    Live(u64),
    /// A message that is visible again, and was not received since.
    Visible,
    /// A message that was received again since.
    Stale,
    /// No message any more.
    Gone,
}

impl Queue {
    /// A new, empty queue.
    pub(super) fn new(
        key: &Key,
        number: u64,
        attributes: Attributes,
        tags: BTreeMap<String, String>,
        now_ms: i64,
    ) -> Self {
        Self {
            name: key.2.clone(),
            arn: arn(key),
            number,
            attributes,
            tags,
            created_ms: now_ms,
            modified_ms: now_ms,
            purged_ms: None,
            store: Store::default(),
            sent: Window::lasting(WINDOW_MS),
            attempts: Window::lasting(WINDOW_MS),
        }
    }

    /// Lets time pass.
    pub(super) fn settle(&mut self, now_ms: i64) {
        self.store.settle(now_ms, self.attributes.retention_ms);
    }

    /// The receipt handle of a message's last receive.
    pub(super) fn handle(&self, place: u64, receipt: u64) -> String {
        STANDARD.encode(format!("{}:{place}:{receipt}:{}", self.number, self.name))
    }

    /// What a receipt handle stands for.
    pub(super) fn receipt(&self, handle: &str) -> Result<Receipt, AwsError> {
        let (number, place, receipt) = parse_handle(handle).ok_or_else(bad_handle)?;
        if number != self.number {
            return Err(bad_handle());
        }
        Ok(match self.store.get(place) {
            None => Receipt::Gone,
            Some(m) if m.receipt != receipt => Receipt::Stale,
            Some(m) if m.state == State::InFlight => Receipt::Live(place),
            Some(_) => Receipt::Visible,
        })
    }

    /// The message group of a receipt handle, where there still is one.
    pub(super) fn group_of(&self, handle: &str) -> Option<&str> {
        let (number, place, _) = parse_handle(handle)?;
        let message = self.store.get(place).filter(|_| number == self.number)?;
        Some(&message.group)
    }

    /// Deletes the message of a receipt handle. One that is gone is success; FIFO queues refuse
    /// a receipt whose visibility timeout is over.
    pub(super) fn delete(&mut self, handle: &str) -> Result<(), AwsError> {
        match self.receipt(handle)? {
            Receipt::Gone => {}
            Receipt::Live(place) => {
                self.store.remove(place);
            }
            Receipt::Stale | Receipt::Visible => {
                let reason = "The receipt handle has expired.";
                return Err(invalid("ReceiptHandle", handle, reason));
            }
        }
        Ok(())
    }

    /// Keeps the message of a receipt handle invisible for a time from now.
    pub(super) fn change_visibility(
        &mut self,
        handle: &str,
        visibility_ms: i64,
        now_ms: i64,
    ) -> Result<(), AwsError> {
        let place = match self.receipt(handle)? {
            Receipt::Live(place) => place,
            Receipt::Visible => {
                let text = "The specified message isn't in flight.";
                return Err(prefixed("MessageNotInflight", text));
            }
            Receipt::Stale | Receipt::Gone => {
                let reason =
                    "Message does not exist or is not available for visibility timeout change.";
                return Err(invalid("ReceiptHandle", handle, reason));
            }
        };
        let received_ms = self.store.get(place).map_or(now_ms, |m| m.received_ms);
        if now_ms + visibility_ms - received_ms > CEILING_MS {
            let reason =
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            return Err(invalid("VisibilityTimeout", visibility_ms / 1_000, reason));
        }
        self.store.change_visibility(place, visibility_ms, now_ms);
        if visibility_ms == 0 {
            self.settle(now_ms);
        }
        Ok(())
    }
}

/// The longest a message may be invisible after one receive: 12 hours.
const CEILING_MS: i64 = 43_200_000;

/// The ARN of a queue.
pub(super) fn arn((account, region, name): &Key) -> String {
    format!("arn:aws:sqs:{region}:{account}:{name}")
}

/// The key of an ARN.
pub(super) fn parse_arn(arn: &str) -> Option<Key> {
    let mut parts = arn.strip_prefix("arn:aws:sqs:")?.split(':').map(str::to_owned);
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some((account, region, name))
}

/// A sequence number: twenty digits that grow with the place.
pub(super) fn sequence_number(place: u64) -> String {
    (18_849_496_460_467_696_128 + u128::from(place) * 256).to_string()
}

fn bad_handle() -> AwsError {
    AwsError::new("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
}

fn parse_handle(handle: &str) -> Option<(u64, u64, u64)> {
    let text = String::from_utf8(STANDARD.decode(handle).ok()?).ok()?;
    let mut parts = text.split(':').map(str::parse);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(number)), Some(Ok(place)), Some(Ok(receipt))) => Some((number, place, receipt)),
        _ => None,
    }
}
