//! `lease#<name>` / `lease`: leadership of a loop (dispatcher, observer). Expiry is compared in the
//! condition, with the caller's clock: a wrong clock costs time, never safety, because everything a
//! leader does is conditional anyway.

use super::item::{Item, ItemReader, Unreadable, key, number, ordered, text};
use super::{Store, StoreResult, store_error};
use crate::clock::EpochMs;
use crate::failure::wire_code;
use crate::ids::{Epoch, WorkerId};
use aws_sdk_dynamodb::types::ReturnValue;

/// Who leads, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leadership {
    /// The leader.
    pub owner: WorkerId,
    /// Until this moment.
    pub until_ms: EpochMs,
    /// One more at each renewal or change of the leader.
    pub epoch: Epoch,
}

impl Leadership {
    pub(super) fn decode(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        Ok(Self {
            owner: read.parsed("owner")?,
            until_ms: read.number("lease_until")?,
            epoch: Epoch(read.number("epoch")?),
        })
    }
}

impl Store {
    /// Acquires or renews leadership. `None`: somebody else leads.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn lead(
        &self,
        name: &str,
        owner: &WorkerId,
        now_ms: EpochMs,
        until_ms: EpochMs,
    ) -> StoreResult<Option<Leadership>> {
        let update = self.client.update_item().table_name(&self.table);
        let update = key(&format!("lease#{name}"), "lease")
            .into_iter()
            .fold(update, |update, (k, v)| update.key(k, v))
            .update_expression("SET #owner = :owner, lease_until = :until ADD epoch :one")
            .condition_expression(
                "attribute_not_exists(#owner) OR #owner = :owner OR lease_until < :now",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", number(until_ms))
            .expression_attribute_values(":now", number(now_ms))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => {
                let item = ordered(answer.attributes.unwrap_or_default());
                Ok(Some(Leadership::decode(&item)?))
            }
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => Ok(None),
            Err(e) => Err(store_error!(self, "taking the lead")(e)),
        }
    }
}
