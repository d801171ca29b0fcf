//! Listing jobs: by the day they were accepted (`created` index), newest first.

use super::item::{ItemReader, job_pk, key, ordered, text};
use super::spec::Spec;
use super::state_codec::{decode, job_id};
use super::{Store, StoreResult, store_error};
use crate::clock::{EpochMs, timestamp};
use crate::ids::JobId;
use crate::job::JobState;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A job in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSummary {
    /// The request.
    pub spec: Spec,
    /// Where it stands; none while its submission is incomplete.
    pub state: Option<JobState>,
}

const DAY_MS: i64 = 24 * 3600 * 1000;

/// DynamoDB reads at most 100 items in one batch: two of each job.
const BATCH: usize = 50;

/// How often items that a batch left unread are asked for again.
const BATCH_TRIES: usize = 8;

impl Store {
    /// The newest jobs accepted in the last `days` days, at most `most`.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or an item cannot be read.
    pub async fn newest_jobs(
        &self,
        now_ms: EpochMs,
        days: u32,
        most: usize,
    ) -> StoreResult<Vec<JobSummary>> {
        let mut ids = Vec::new();
        for day in 0..=i64::from(days) {
            if ids.len() >= most {
                break;
            }
            let name = timestamp(now_ms - day * DAY_MS).to_string()[..10].to_owned();
            ids.extend(self.ids_of_day(&name, most - ids.len()).await?);
        }
        let mut summaries = Vec::new();
        for chunk in ids.chunks(BATCH) {
            summaries.extend(self.summaries(chunk).await?);
        }
        Ok(summaries)
    }

    async fn ids_of_day(&self, day: &str, most: usize) -> StoreResult<Vec<JobId>> {
        let query = self.client.query().table_name(&self.table).index_name("created");
        let mut pages = query
            .key_condition_expression("created_day = :day")
            .expression_attribute_values(":day", text(day))
            .scan_index_forward(false)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .into_paginator()
            .items()
            .send();
        let mut ids = Vec::new();
        while ids.len() < most {
            let Some(item) = pages.next().await else { break };
            let item = ordered(item.map_err(store_error!(self, "listing jobs"))?);
            ids.push(job_id(&ItemReader::new(&item))?);
        }
        Ok(ids)
    }

    /// The jobs of some ids, in their order; ids without a job are left out.
    async fn summaries(&self, ids: &[JobId]) -> StoreResult<Vec<JobSummary>> {
        let mut specs = BTreeMap::new();
        let mut states = BTreeMap::new();
        let both = ids.iter().flat_map(|id| ["spec", "state"].map(|sk| key(&job_pk(id), sk)));
        let mut wanted: Vec<_> = both.map(|k| k.map(|(n, v)| (n.to_owned(), v)).into()).collect();
        for _ in 0..BATCH_TRIES {
            if wanted.is_empty() {
                break;
            }
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).build();
            let keys = keys.map_err(|e| super::item_error(&e))?;
            let call = self.client.batch_get_item().request_items(&self.table, keys);
            let answer = call.send().await.map_err(store_error!(self, "reading jobs"))?;
            for item in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                let item = ordered(item);
                let read = ItemReader::new(&item);
                match read.text("sk")? {
                    "spec" => specs.insert(job_id(&read)?, Spec::decode(&item)?).map(drop),
                    _ => states.insert(job_id(&read)?, decode(&item)?).map(drop),
                };
            }
            let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            wanted = left.map(|left| left.keys).unwrap_or_default();
        }
        let summary = |id: &JobId| match specs.entry(*id) {
            Entry::Occupied(spec) => {
                Some(JobSummary { spec: spec.remove(), state: states.remove(id) })
            }
            Entry::Vacant(_) => None,
        };
        Ok(ids.iter().filter_map(summary).collect())
    }
}
