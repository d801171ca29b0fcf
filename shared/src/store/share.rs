//! `share#<account>#<region>#<snapshot>#<with>` / `share`: which jobs need that an account is let in on
//! a snapshot of somebody. The last one takes back what a job has given, and nobody relies on it while
//! it is being taken back: a copy that is under way when its share goes ends in failure.

use super::item::{Item, ItemReader, Unreadable, text, texts};
use super::versioned::Versioned;
use super::{Store, StoreResult};
use crate::ids::{AccountId, JobId, RegionName};
use std::collections::BTreeSet;

/// Who needs a share, and whose it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// Version of the item: one more at each write; 0 while there is none.
    version: u64,
    /// Whether a job has given it; else its owner has.
    is_ours: bool,
    /// The jobs that need it.
    users: BTreeSet<JobId>,
    /// The job that takes it back at this moment.
    leaving: Option<JobId>,
}

/// What became of an attempt to rely on a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// The job may rely on it, once it is there.
    In,
    /// Another job is taking it back: come again.
    Later,
}

/// What is left to do for a job that needs a share no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Others need it, or its owner has given it: nothing.
    Stays,
    /// It is taken back, and then [`Store::share_is_gone`] is told.
    TakeBack,
}

impl Share {
    /// A job needs it. `None`: it is being taken back.
    #[must_use]
    pub fn enter(&self, job: JobId) -> Option<Self> {
        if self.leaving.is_some_and(|leaving| leaving != job) {
            return None;
        }
        let mut next = Self { leaving: None, ..self.clone() };
        next.users.insert(job);
        Some(next)
    }

    /// A job is about to give it.
    #[must_use]
    pub fn give(&self) -> Self {
        Self { is_ours: true, ..self.clone() }
    }

    /// A job needs it no more.
    #[must_use]
    pub fn leave(&self, job: JobId) -> Self {
        let mut next = self.clone();
        if next.users.contains(&job) && next.users.len() == 1 && next.is_ours {
            next.leaving = Some(job);
        } else {
            next.users.remove(&job);
        }
        next
    }

    /// The last job has taken it back.
    #[must_use]
    pub fn gone(&self, job: JobId) -> Self {
        match self.leaving == Some(job) {
            true => Self { version: self.version, ..Self::default() },
            false => self.clone(),
        }
    }
}

impl Versioned for Share {
    const SK: &'static str = "share";

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }

    fn attributes(&self) -> Item {
        let mut item = Item::new();
        let users = self.users.iter().map(|job| (job, "")).collect();
        item.insert("users".into(), texts(&users));
        if self.is_ours {
            item.insert("ours".into(), text("yes"));
        }
        if let Some(job) = self.leaving {
            item.insert("leaving".into(), text(job));
        }
        item
    }

    fn read(item: &Item) -> Result<Self, Unreadable> {
        let read = ItemReader::new(item);
        let users: Result<_, _> = read.texts("users")?.into_keys().map(str::parse).collect();
        Ok(Self {
            version: read.number("version")?,
            is_ours: read.has("ours"),
            users: users.map_err(|_| read.wrong("users", "holds an entry that is no job"))?,
            leaving: read.has("leaving").then(|| read.parsed("leaving")).transpose()?,
        })
    }
}

/// The name of a share: of a snapshot, where it is, with whom.
#[must_use]
pub fn share_name(
    (account, region): (&AccountId, &RegionName),
    snapshot: &str,
    with: &AccountId,
) -> String {
    format!("share#{account}#{region}#{snapshot}#{with}")
}

impl Store {
    /// A job is to rely on a share.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn enter_share(&self, name: &str, job: JobId) -> StoreResult<Entered> {
        let (_, share) = self.change(name, |share: &Share| share.enter(job)).await?;
        let is_in = share.users.contains(&job) && share.leaving.is_none();
        Ok(if is_in { Entered::In } else { Entered::Later })
    }

    /// A job is about to give the share; said before it does.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn give_share(&self, name: &str) -> StoreResult<()> {
        self.change(name, |share: &Share| Some(share.give())).await.map(drop)
    }

    /// A job needs the share no more; a repeat answers the same until it is gone.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn leave_share(&self, name: &str, job: JobId) -> StoreResult<Left> {
        let (_, share) = self.change(name, |share: &Share| Some(share.leave(job))).await?;
        Ok(if share.leaving == Some(job) { Left::TakeBack } else { Left::Stays })
    }

    /// The last job has taken the share back: others may give it again.
    ///
    /// # Errors
    /// When the table is missing, AWS refuses, or the item cannot be read.
    pub async fn share_is_gone(&self, name: &str, job: JobId) -> StoreResult<()> {
        self.change(name, |share: &Share| Some(share.gone(job))).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(n: u8) -> JobId {
        JobId::keyed("tests", &n.to_string())
    }

    #[test]
    fn the_last_job_takes_back_what_a_job_has_given_and_nobody_enters_meanwhile() {
        let one = Share::default().enter(job(1)).unwrap().give();
        let two = one.enter(job(2)).unwrap();
        let left = two.leave(job(1));
        assert_eq!((left.leaving, left.users.len()), (None, 1));
        let last = left.leave(job(2));
        assert_eq!(last.leaving, Some(job(2)));
        assert_eq!(last.enter(job(3)), None, "it is being taken back");
        assert_eq!(last.leave(job(2)), last, "a repeat takes it back as well");
        let gone = last.gone(job(2));
        assert_eq!((gone.is_ours, gone.leaving, gone.users.len()), (false, None, 0));
        assert!(gone.enter(job(3)).is_some());
        assert_eq!(gone.gone(job(2)), gone);
    }

    #[test]
    fn what_its_owner_has_given_is_never_taken_back() {
        let one = Share::default().enter(job(1)).unwrap();
        let left = one.leave(job(1));
        assert_eq!((left.leaving, left.users.len()), (None, 0));
    }

    #[test]
    fn whoever_was_taking_it_back_may_need_it_again() {
        let last = Share::default().enter(job(1)).unwrap().give().leave(job(1));
        assert_eq!(last.enter(job(1)).unwrap().leaving, None);
    }

    #[test]
    fn a_share_reads_back_as_written() {
        for share in [
            Share::default().enter(job(1)).unwrap().give().leave(job(1)),
            Share::default().enter(job(1)).unwrap().enter(job(2)).unwrap(),
        ] {
            let mut item = share.attributes();
            item.insert("version".into(), super::super::item::number(0));
            assert_eq!(Share::read(&item).unwrap(), share);
        }
    }
}
