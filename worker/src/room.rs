//! Room for ticks: places that are given to the most urgent poller that waits for one, so that a
//! full worker takes no message of a lower priority while a higher one waits.

use aurora_restore_shared::request::Priority;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The places of one worker.
#[derive(Debug)]
pub struct Room {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    free: usize,
    waiting: BTreeMap<Priority, usize>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place(Arc<Room>);

/// A poller in the queue for a place; it leaves the queue when this is dropped.
struct Waiting<'a>(&'a Room, Priority);

impl Room {
    /// So many places.
    #[must_use]
    pub fn new(places: usize) -> Arc<Self> {
        let inner = Inner { free: places, waiting: BTreeMap::new() };
        Arc::new(Self { inner: Mutex::new(inner), changed: Notify::new() })
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, behind everybody more urgent.
    pub async fn take(self: &Arc<Self>, priority: Priority) -> Place {
        let _waiting = Waiting::enter(self, priority);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.inner().give(priority) {
                return Place(Arc::clone(self));
            }
            changed.await;
        }
    }
}

impl Inner {
    /// Gives a place, if one is free and nobody more urgent waits.
    fn give(&mut self, priority: Priority) -> bool {
        let first = self.waiting.iter().find(|(_, n)| **n > 0).map(|(first, _)| *first);
        let is_next = self.free > 0 && first.is_none_or(|first| first >= priority);
        self.free -= usize::from(is_next);
        is_next
    }
}

impl<'a> Waiting<'a> {
    fn enter(room: &'a Room, priority: Priority) -> Self {
        *room.inner().waiting.entry(priority).or_default() += 1;
        Self(room, priority)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(n) = self.0.inner().waiting.get_mut(&self.1) {
            *n -= 1;
        }
        // Whoever comes next may find the rest of the room free.
        self.0.changed.notify_waiters();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inner().free += 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::join;

    #[tokio::test]
    async fn a_free_place_goes_to_the_most_urgent_who_waits() {
        let room = Room::new(1);
        let held = room.take(Priority::Low).await;
        let (low, critical) = (room.take(Priority::Low), room.take(Priority::Critical));
        tokio::pin!(low, critical);
        assert!(low.as_mut().now_or_never().is_none());
        assert!(critical.as_mut().now_or_never().is_none());
        drop(held);
        assert!(low.as_mut().now_or_never().is_none(), "the critical one waits, too");
        let place = critical.await;
        assert!(low.as_mut().now_or_never().is_none(), "the place is taken");
        drop(place);
        drop(low.await);
    }

    #[tokio::test]
    async fn whoever_stops_waiting_holds_nobody_back() {
        let room = Room::new(1);
        let held = room.take(Priority::Low).await;
        {
            let critical = room.take(Priority::Critical);
            tokio::pin!(critical);
            assert!(critical.as_mut().now_or_never().is_none());
        }
        let releasing = async { drop(held) };
        let (place, ()) = join(room.take(Priority::Low), releasing).await;
        drop(place);
    }
}
