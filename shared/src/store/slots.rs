//! `slots#<account>#<region>#<kind>` / `slots`: a semaphore with a priority queue in one item. The
//! name of a target is a slot of limit 1, so that two jobs never work on one target.

use super::item::{Item, ItemReader, Unreadable, key, ordered, texts};
use super::{Store, StoreResult, store_error};
use crate::clock::EpochMs;
use crate::failure::wire_code;
use crate::ids::{AccountId, ClusterId, Epoch, JobId, RegionName};
use crate::request::Priority;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use std::collections::BTreeMap;

/// A job at a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claimant {
    /// The job.
    pub job: JobId,
    /// The epoch of its tick: a tick of an older epoch cannot give back what a newer one holds.
    pub epoch: Epoch,
    /// Its priority.
    pub priority: Priority,
}

/// A place at a slot: ordered as places are granted, the highest priority first, then the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Priority of the job.
    pub priority: Priority,
    /// Since when it holds or waits.
    pub since_ms: EpochMs,
    /// The epoch of the tick that asked.
    pub epoch: Epoch,
}

/// A limited thing, its holders and those who wait for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// Version of the item: one more at each write; 0 while there is none.
    pub version: u64,
    /// Who holds a slot.
    pub holders: BTreeMap<JobId, Place>,
    /// Who waits for one.
    pub waiting: BTreeMap<JobId, Place>,
}

/// What became of an attempt to acquire a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquired {
    /// The job holds a slot (now, or already).
    Held,
    /// It waits; these hold the slots.
    Waiting {
        /// The holders. One whose job has ended should be released by whoever notices.
        holders: Vec<JobId>,
    },
}

impl Slots {
    /// Asks for a slot: pure. Returns the new slots, or `None` when nothing changes.
    #[must_use]
    pub fn acquire(&self, asking: Claimant, now_ms: EpochMs, limit: usize) -> Option<Self> {
        let Claimant { job, epoch, priority } = asking;
        let mut next = self.clone();
        if let Some(held) = next.holders.get_mut(&job) {
            held.epoch = held.epoch.max(epoch);
        } else {
            let since_ms = self.waiting.get(&job).map_or(now_ms, |place| place.since_ms);
            next.waiting.insert(job, Place { priority, since_ms, epoch });
            next.grant(now_ms, limit);
        }
        (next != *self).then_some(next)
    }

    /// Gives a slot back, or a place in the queue, and grants what is free in the same write: pure.
    /// `None` when the job has neither, or took it in a newer epoch than the one that gives back.
    #[must_use]
    pub fn release(&self, job: JobId, epoch: Epoch, now_ms: EpochMs, limit: usize) -> Option<Self> {
        let mut next = self.clone();
        let older = |place: &Place| place.epoch <= epoch;
        let held = next.holders.get(&job).is_some_and(older) && next.holders.remove(&job).is_some();
        let waited =
            next.waiting.get(&job).is_some_and(older) && next.waiting.remove(&job).is_some();
        next.grant(now_ms, limit);
        (held || waited).then_some(next)
    }

    /// Grants free slots: the highest priority first, then the oldest, then by id.
    fn grant(&mut self, now_ms: EpochMs, limit: usize) {
        while self.holders.len() < limit {
            let first = self.waiting.iter().map(|(job, place)| (*place, *job)).min();
            let Some((place, job)) = first else { return };
            self.waiting.remove(&job);
            self.holders.insert(job, Place { since_ms: now_ms, ..place });
        }
    }

    /// Jobs that hold a slot here and did not in `before`.
    #[must_use]
    pub fn newly_granted(&self, before: &Self) -> Vec<JobId> {
        self.holders.keys().filter(|job| !before.holders.contains_key(job)).copied().collect()
    }

    pub(super) fn encode(&self, name: &str) -> Item {
        let mut item: Item = key(name, "slots").map(|(k, v)| (k.to_owned(), v)).into();
        item.insert("version".into(), super::item::number(self.version));
        item.insert("holders".into(), texts(&self.holders));
        item.insert("waiting".into(), texts(&self.waiting));
        item
    }

    pub(super) fn decode(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        let places = |attribute: &str| {
            let wrong = || read.wrong(attribute, "holds an entry that is no place");
            let place = |(job, place): (&str, &str)| Some((job.parse().ok()?, parse_place(place)?));
            let all: Option<BTreeMap<JobId, Place>> =
                read.texts(attribute)?.into_iter().map(place).collect();
            all.ok_or_else(wrong)
        };
        let (holders, waiting) = (places("holders")?, places("waiting")?);
        Ok(Self { version: read.number("version")?, holders, waiting })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.priority.as_str(), self.since_ms, self.epoch)
    }
}

fn parse_place(text: &str) -> Option<Place> {
    let mut words = text.split(' ');
    let priority = Priority::from_name(words.next()?)?;
    let since_ms = words.next()?.parse().ok()?;
    Some(Place { priority, since_ms, epoch: Epoch(words.next()?.parse().ok()?) })
}

/// The name of a target's slot.
#[must_use]
pub fn target_slot(account: &AccountId, region: &RegionName, cluster: &ClusterId) -> String {
    format!("slots#{account}#{region}#target:{cluster}")
}

/// How often a write is tried against rivals before the caller is told to come back.
const RIVALS: usize = 16;

impl Store {
    /// Asks for a slot of `name`, of which there are `limit`.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn acquire_slot(
        &self,
        name: &str,
        asking: Claimant,
        now_ms: EpochMs,
        limit: usize,
    ) -> StoreResult<Acquired> {
        let job = asking.job;
        let change = |slots: &Slots| slots.acquire(asking, now_ms, limit);
        let (_, slots) = self.change_slots(name, change).await?;
        if slots.holders.contains_key(&job) {
            return Ok(Acquired::Held);
        }
        Ok(Acquired::Waiting { holders: slots.holders.into_keys().collect() })
    }

    /// Gives a slot (or a place in the queue) back, as a tick of `epoch`; returns the jobs that were granted one by it,
    /// which the caller wakes.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn release_slot(
        &self,
        name: &str,
        job: JobId,
        epoch: Epoch,
        now_ms: EpochMs,
        limit: usize,
    ) -> StoreResult<Vec<JobId>> {
        let change = |slots: &Slots| slots.release(job, epoch, now_ms, limit);
        let (before, after) = self.change_slots(name, change).await?;
        Ok(after.newly_granted(&before))
    }

    /// Applies a pure change to the item: optimistically on an empty one first, because most slots
    /// are free, then on what stood in the way. Returns it as it was and as it is.
    async fn change_slots(
        &self,
        name: &str,
        change: impl Fn(&Slots) -> Option<Slots>,
    ) -> StoreResult<(Slots, Slots)> {
        let mut there = Slots::default();
        for _ in 0..RIVALS {
            let Some(mut next) = change(&there) else {
                if there.version > 0 {
                    return Ok((there.clone(), there));
                }
                match self.read_slots(name).await? {
                    Some(read) => there = read,
                    None => return Ok((there.clone(), there)),
                }
                continue;
            };
            next.version = there.version + 1;
            match self.put_slots(name, &there, &next).await? {
                None => return Ok((there, next)),
                // The very write, found done: its answer had been lost.
                Some(found) if found == next => return Ok((there, next)),
                Some(rival) => there = rival,
            }
        }
        let doing = format!("changing {name}: too many rivals at once");
        let code = crate::failure::FailureCode::ResourceBusy;
        Err(crate::failure::Failure::transient(code, doing).into())
    }

    async fn read_slots(&self, name: &str) -> StoreResult<Option<Slots>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = key(name, "slots").into_iter().fold(get, |get, (k, v)| get.key(k, v));
        let answer = get.send().await.map_err(store_error!(self, "reading slots"))?;
        Ok(answer.item.map(ordered).map(|item| Slots::decode(&item)).transpose()?)
    }

    /// Puts slots if they are still at the version that was read; `Some` is what stood in the way.
    async fn put_slots(
        &self,
        name: &str,
        read: &Slots,
        next: &Slots,
    ) -> StoreResult<Option<Slots>> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(next.encode(name).into_iter().collect()));
        let put = match read.version {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            version => put
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", super::item::number(version)),
        };
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        match put.return_values_on_condition_check_failure(all_old).send().await {
            Ok(_) => Ok(None),
            Err(e) if wire_code(&e) == Some("ConditionalCheckFailedException") => {
                let PutItemError::ConditionalCheckFailedException(e) = e.into_service_error()
                else {
                    return Ok(Some(Slots::default()));
                };
                match e.item.map(ordered) {
                    Some(item) => Ok(Some(Slots::decode(&item)?)),
                    None => Ok(Some(Slots::default())),
                }
            }
            Err(e) => Err(store_error!(self, "changing slots")(e)),
        }
    }
}
