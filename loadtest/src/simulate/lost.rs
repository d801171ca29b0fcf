//! Pointers that were lost by people: SQS's own redrive moves them into the queues of wake-ups, and
//! whoever throws away what lies there throws them away too.

use aurora_restore_shared::message::DeadLetter;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The jobs whose pointers were thrown away, each with the number that its pointer named. All clones
/// are the same list.
#[derive(Debug, Clone, Default)]
pub struct LostPointers(Arc<Mutex<BTreeSet<(String, i64)>>>);

impl LostPointers {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> BTreeSet<(String, i64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the pointers among the messages of these bodies.
    pub(super) fn note<'a>(&self, bodies: impl IntoIterator<Item = &'a String>) {
        let lost = bodies.into_iter().filter_map(|body| pointer(body));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(lost);
    }
}

fn pointer(body: &str) -> Option<(String, i64)> {
    let letter = serde_json::from_str::<DeadLetter>(body).ok()?;
    Some((letter.job?.to_string(), i64::try_from(letter.seq?.0).ok()?))
}
