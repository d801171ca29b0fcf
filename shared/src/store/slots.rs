//! `slots#<account>#<region>#<kind>` / `slots`: a semaphore with a priority queue in one item. The
//! name of a target is a slot of limit 1, so that two jobs never work on one target.

use super::item::{Item, ItemReader, Unreadable, texts};
use super::versioned::Versioned;
use super::{Store, StoreResult};
use crate::clock::EpochMs;
use crate::ids::{AccountId, ClusterId, Epoch, JobId, RegionName};
use crate::request::Priority;
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
}

impl Versioned for Slots {
    const SK: &'static str = "slots";

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn attributes(&self) -> Item {
        let places = [("holders", &self.holders), ("waiting", &self.waiting)];
        places.into_iter().map(|(name, places)| (name.to_owned(), texts(places))).collect()
    }

    fn read(item: &Item) -> Result<Self, Unreadable> {
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
        let (_, slots) = self.change(name, change).await?;
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
        let (before, after) = self.change(name, change).await?;
        Ok(after.newly_granted(&before))
    }
}
