//! Things remembered for a fixed time: deduplication ids, receive attempts.

use std::collections::{BTreeMap, VecDeque};

/// A map whose entries are forgotten a fixed time after they were put in.
#[derive(Debug)]
pub(crate) struct Window<K, V> {
    span_ms: i64,
    entries: BTreeMap<K, V>,
    order: VecDeque<(i64, K)>,
}

impl<K: Ord + Clone, V> Window<K, V> {
    /// An empty one with a span.
    pub(crate) fn lasting(span_ms: i64) -> Self {
        Self { span_ms, entries: BTreeMap::new(), order: VecDeque::new() }
    }

    /// The entry of a key, unless its time is over.
    pub(crate) fn get(&mut self, key: &K, now_ms: i64) -> Option<&V> {
        while self.order.front().is_some_and(|(ends, _)| *ends <= now_ms) {
            if let Some((_, old)) = self.order.pop_front() {
                self.entries.remove(&old);
            }
        }
        self.entries.get(key)
    }

    /// Remembers an entry from now on, unless the key has one already.
    pub(crate) fn put(&mut self, key: K, value: V, now_ms: i64) {
        if self.get(&key, now_ms).is_none() {
            self.order.push_back((now_ms + self.span_ms, key.clone()));
            self.entries.insert(key, value);
        }
    }

    /// Forgets a key before its time.
    pub(crate) fn forget(&mut self, key: &K) {
        if self.entries.remove(key).is_some() {
            self.order.retain(|(_, k)| k != key);
        }
    }
}
