//! The two sparse indexes, as the dispatcher and the observers read them: `due` and `watching`.

use super::item::{Item, ItemReader, ordered, text};
use super::state_codec::{self, job_id, priority, shard_name};
use super::{Store, StoreResult, Unreadable, store_error};
use crate::clock::EpochMs;
use crate::ids::{JobId, RegionName, Seq};
use crate::job::Status;
use crate::request::Priority;
use crate::watch::WatchRef;

/// A job as the `due` index shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueJob {
    /// The job.
    pub id: JobId,
    /// The wake-up it expects.
    pub seq: Seq,
    /// When it is due.
    pub due_at_ms: EpochMs,
    /// How often its wake-up was sent again.
    pub dispatches: u64,
    /// Its priority.
    pub priority: Priority,
    /// Whether a worker had claimed it.
    pub is_running: bool,
}

/// A job as the `watching` index shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedJob {
    /// The job.
    pub id: JobId,
    /// The wake-up it expects.
    pub seq: Seq,
    /// What it watches.
    pub reference: WatchRef,
    /// The status it wants to see.
    pub want: String,
    /// When that is expected.
    pub expected_at_ms: EpochMs,
}

impl Store {
    /// How many partitions the `due` index has per Region.
    pub const DUE_SHARDS: u8 = state_codec::DUE_SHARDS;

    /// The next due jobs of one partition, the earliest first, whether due now or later.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or an entry cannot be read.
    pub async fn due_jobs(
        &self,
        region: &RegionName,
        shard: u8,
        most: i32,
    ) -> StoreResult<Vec<DueJob>> {
        let query = self.client.query().table_name(&self.table).index_name("due");
        let query = query
            .key_condition_expression("due_shard = :shard")
            .expression_attribute_values(":shard", text(shard_name(region, shard)))
            .limit(most);
        let page = query.send().await.map_err(store_error!(self, "reading due jobs"))?;
        let items = page.items.unwrap_or_default().into_iter().map(ordered);
        Ok(items.filter_map(|item| readable(due_job(&item))).collect())
    }

    /// All jobs that watch something in one account and Region.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or an entry cannot be read.
    pub async fn watched_jobs(&self, scope: &str) -> StoreResult<Vec<WatchedJob>> {
        let query = self.client.query().table_name(&self.table).index_name("watching");
        let mut pages = query
            .key_condition_expression("watch_scope = :scope")
            .expression_attribute_values(":scope", text(scope))
            .into_paginator()
            .items()
            .send();
        let mut jobs = Vec::new();
        while let Some(item) = pages.next().await {
            let item = ordered(item.map_err(store_error!(self, "reading watched jobs"))?);
            jobs.extend(readable(watched_job(&item)));
        }
        Ok(jobs)
    }
}

/// An entry of an index that this release cannot read is a newer release's: it is left to it, with
/// a warning, and stops nobody else's.
fn readable<T>(entry: Result<T, Unreadable>) -> Option<T> {
    entry.inspect_err(|e| tracing::warn!(error = %e, "left alone")).ok()
}

fn due_job(item: &Item) -> Result<DueJob, Unreadable> {
    let read = ItemReader::new(item);
    Ok(DueJob {
        id: job_id(&read)?,
        seq: Seq(read.number("seq")?),
        due_at_ms: read.number("due_at")?,
        dispatches: read.number("dispatches")?,
        priority: priority(&read)?,
        is_running: read.text("status")? == Status::Running.as_str(),
    })
}

fn watched_job(item: &Item) -> Result<WatchedJob, Unreadable> {
    let read = ItemReader::new(item);
    Ok(WatchedJob {
        id: job_id(&read)?,
        seq: Seq(read.number("seq")?),
        reference: read.parsed("watch_ref")?,
        want: read.text("watch_want")?.to_owned(),
        expected_at_ms: read.number("watch_at")?,
    })
}
