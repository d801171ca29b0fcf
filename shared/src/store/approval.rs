//! `job#<id>` / `approval`: that somebody else than the caller has agreed to a swap onto a protected
//! target. Put once, never changed.

use super::item::{ItemReader, job_pk, key, number, ordered, text};
use super::{Store, StoreResult, store_error};
use crate::clock::EpochMs;
use crate::failure::wire_code;
use crate::ids::JobId;

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who gave it: an AWS identity, by ARN.
    pub by: String,
    /// When.
    pub at_ms: EpochMs,
}

impl Store {
    /// The approval of a job, if there is one.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn approval(&self, id: JobId) -> StoreResult<Option<Approval>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let name = job_pk(id);
        let get = key(&name, "approval").into_iter().fold(get, |get, (k, v)| get.key(k, v));
        let answer = get.send().await.map_err(store_error!(self, "reading the approval"))?;
        let Some(item) = answer.item.map(ordered) else { return Ok(None) };
        let read = ItemReader::new(&item);
        Ok(Some(Approval { by: read.text("by")?.to_owned(), at_ms: read.number("at")? }))
    }

    /// Puts an approval; says whether it is the first. A repeat changes nothing.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn approve(&self, id: JobId, approval: &Approval) -> StoreResult<bool> {
        let name = job_pk(id);
        let put = self.client.put_item().table_name(&self.table);
        let put = key(&name, "approval").into_iter().fold(put, |put, (k, v)| put.item(k, v));
        let put = put
            .item("by", text(&approval.by))
            .item("at", number(approval.at_ms))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(true),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => Ok(false),
            Err(e) => Err(store_error!(self, "storing the approval")(e)),
        }
    }
}
