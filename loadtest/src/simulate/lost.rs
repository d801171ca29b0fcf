//! Pointers that were lost by people: SQS's own redrive moves them into the queues of wake-ups, and
//! whoever throws away what lies there throws them away too. And pointers that were left behind: a
//! `retry` that AWS stops after it has set the job going does not get to take them back.

use aurora_restore_shared::message::DeadLetter;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The jobs whose pointers were thrown away, each with the number that its pointer named. All clones
/// are the same list.
#[derive(Debug, Clone, Default)]
pub struct LostPointers(Arc<Mutex<Inner>>);

/// Jobs, each with the number that its pointer named.
type Pointers = BTreeSet<(String, i64)>;

#[derive(Debug, Default)]
struct Inner {
    lost: Pointers,
    left: Pointers,
}

impl LostPointers {
    /// All that were lost.
    #[must_use]
    pub fn all(&self) -> BTreeSet<(String, i64)> {
        self.inner().lost.clone()
    }

    /// All that were left behind.
    #[must_use]
    pub fn left(&self) -> BTreeSet<(String, i64)> {
        self.inner().left.clone()
    }

    /// Notes that a retry has not got to taking this one back.
    pub(super) fn leave(&self, job: String, seq: i64) {
        self.inner().left.insert((job, seq));
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the pointers among the messages of these bodies.
    pub(super) fn note<'a>(&self, bodies: impl IntoIterator<Item = &'a String>) {
        let lost = bodies.into_iter().filter_map(|body| pointer(body));
        self.inner().lost.extend(lost);
    }
}

fn pointer(body: &str) -> Option<(String, i64)> {
    let letter = serde_json::from_str::<DeadLetter>(body).ok()?;
    Some((letter.job?.to_string(), i64::try_from(letter.seq?.0).ok()?))
}
