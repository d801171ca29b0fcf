//! `job#<id>` / `event#<epoch>#<n>`: the audit trail. One item per tick, put before its commit;
//! the key makes a repeat harmless; it expires by TTL.

use super::item::{Item, ItemReader, Unreadable, job_pk, number, ordered, text};
use super::{Store, StoreResult, store_error};
use crate::clock::EpochMs;
use crate::ids::{Epoch, JobId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long events are kept, in seconds: 400 days, a year and a month.
const KEEP_SECONDS: i64 = 400 * 24 * 3600;

/// What one tick did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The job.
    pub job: JobId,
    /// The epoch of the tick.
    pub epoch: Epoch,
    /// The worker.
    pub worker: String,
    /// When the tick ended.
    pub at_ms: EpochMs,
    /// What happened in it, in order.
    pub entries: Vec<EventEntry>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEntry {
    /// The step, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// `accepted`, `claimed`, `done`, `waiting`, `retrying`, `failed`, `handed_back`, `ended`.
    pub what: String,
    /// When.
    pub at_ms: EpochMs,
    /// How long the step has taken since it was first started, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<i64>,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// AWS request ids, figures, answers of checks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

impl Event {
    fn sort_key(&self) -> String {
        format!("event#{:08}#0", self.epoch.0)
    }

    pub(super) fn encode(&self) -> Item {
        let entries = serde_json::to_string(&self.entries).unwrap_or_default();
        [
            ("pk", text(job_pk(self.job))),
            ("sk", text(self.sort_key())),
            ("worker", text(&self.worker)),
            ("at", number(self.at_ms)),
            ("entries", text(entries)),
            ("expires_at", number(self.at_ms / 1000 + KEEP_SECONDS)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    pub(super) fn decode(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        let job = read.text("pk")?.strip_prefix("job#").and_then(|id| id.parse().ok());
        let epoch = read.text("sk")?.split('#').nth(1).and_then(|n| n.parse().ok());
        Ok(Self {
            job: job.ok_or_else(|| read.wrong("pk", "is not a job"))?,
            epoch: Epoch(epoch.ok_or_else(|| read.wrong("sk", "has no epoch"))?),
            worker: read.text("worker")?.to_owned(),
            at_ms: read.number("at")?,
            entries: read.json("entries")?,
        })
    }
}

impl Store {
    /// Puts an event; a repeat is harmless.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn put_event(&self, event: &Event) -> StoreResult<()> {
        let item = event.encode().into_iter().collect();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(store_error!(self, "storing an event"))?;
        Ok(())
    }

    /// All events of a job, oldest first.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or an event cannot be read.
    pub async fn events(&self, id: JobId) -> StoreResult<Vec<Event>> {
        let query = self.client.query().table_name(&self.table);
        let mut pages = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", text(job_pk(id)))
            .expression_attribute_values(":event", text("event#"))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut events = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(store_error!(self, "reading the job's events"))?;
            events.push(Event::decode(&ordered(item))?);
        }
        Ok(events)
    }
}
