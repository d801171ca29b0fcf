//! `job#<id>` / `event#<epoch>#<n>`: the audit trail. One item per tick, put before its commit;
//! the key makes a repeat harmless; it expires by TTL. What an operator did stands beside it under
//! another number and its own hash, so that two operators at once do not overwrite each other.

use super::item::{Item, ItemReader, Unreadable, job_pk, number, ordered, text};
use super::{Store, StoreResult, store_error};
use crate::chain;
use crate::clock::EpochMs;
use crate::ids::{Epoch, JobId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long events are kept, milliseconds: 400 days, a year and a month. A report that must last
/// longer is made before, and kept as a file.
pub const KEEP_EVENTS_MS: EpochMs = 400 * 24 * 3600 * 1000;

/// What an event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventOf {
    /// One tick of a worker.
    Tick,
    /// What was done to a job that had ended: it was set going again.
    Operator,
}

impl EventOf {
    /// The number in the key.
    fn number(self) -> &'static str {
        match self {
            Self::Tick => "0",
            Self::Operator => "1",
        }
    }
}

/// What one tick did, or an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The job.
    pub job: JobId,
    /// The epoch of the tick; for an operator's, the last one before.
    pub epoch: Epoch,
    /// What it tells of.
    pub of: EventOf,
    /// The worker; for an operator's, the AWS identity of who did it.
    pub worker: String,
    /// When the tick ended.
    pub at_ms: EpochMs,
    /// The hash of the event before it, as the job's state named it; for the first, of the request.
    pub prev: Option<String>,
    /// What happened in it, in order.
    pub entries: Vec<EventEntry>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventEntry {
    /// The step, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// `claimed`, `done`, `waiting`, `retrying`, `failed`, `handed_back`, `ended`, `retried`.
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
    /// The hash over everything in it (43 characters): the link to what follows it.
    #[must_use]
    pub fn hash(&self) -> String {
        chain::digest(&[
            "event 1",
            &self.job.to_string(),
            &self.epoch.to_string(),
            self.of.number(),
            &self.worker,
            &self.at_ms.to_string(),
            self.prev.as_deref().unwrap_or_default(),
            &self.entries_text(),
        ])
    }

    /// The place in the trail: ticks by epoch, an operator's deed behind the tick before it.
    #[must_use]
    pub fn place(&self) -> (Epoch, EventOf) {
        (self.epoch, self.of)
    }

    fn entries_text(&self) -> String {
        serde_json::to_string(&self.entries).unwrap_or_default()
    }

    fn sort_key(&self) -> String {
        let key = format!("event#{:08}#{}", self.epoch.0, self.of.number());
        match self.of {
            EventOf::Tick => key,
            EventOf::Operator => format!("{key}#{}", &self.hash()[..11]),
        }
    }

    pub(super) fn encode(&self) -> Item {
        let mut item: Item = [
            ("pk", text(job_pk(self.job))),
            ("sk", text(self.sort_key())),
            ("worker", text(&self.worker)),
            ("at", number(self.at_ms)),
            ("entries", text(self.entries_text())),
            ("expires_at", number((self.at_ms + KEEP_EVENTS_MS) / 1000)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        item.extend(self.prev.as_ref().map(|prev| ("prev".to_owned(), text(prev))));
        item
    }

    pub(super) fn decode(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        let job = read.text("pk")?.strip_prefix("job#").and_then(|id| id.parse().ok());
        let mut key = read.text("sk")?.split('#').skip(1);
        let epoch = key.next().and_then(|n| n.parse().ok());
        let of = match key.next() {
            Some("0") => EventOf::Tick,
            Some("1") => EventOf::Operator,
            _ => return Err(read.wrong("sk", "has a number that this release does not know")),
        };
        Ok(Self {
            job: job.ok_or_else(|| read.wrong("pk", "is not a job"))?,
            epoch: Epoch(epoch.ok_or_else(|| read.wrong("sk", "has no epoch"))?),
            of,
            worker: read.text("worker")?.to_owned(),
            at_ms: read.number("at")?,
            prev: read.maybe_text("prev")?.map(str::to_owned),
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
