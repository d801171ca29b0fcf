//! Time to live: expired items vanish late, as on AWS, so that nobody takes it for a lease.

use super::key::Key;
use super::value::{Attr, Item};
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeSet;

/// How long after its expiry an item is removed. AWS says "within a few days".
const DELAY_MS: i64 = 48 * 3_600_000;
/// An item whose expiry lies further back than this is never removed, as on AWS.
const TOO_OLD_MS: i64 = 5 * 365 * 86_400_000;

/// The time-to-live setting of a table and what waits for its expiry.
#[derive(Debug, Default)]
pub(super) struct Ttl {
    attribute: Option<String>,
    expiring: BTreeSet<(i64, Key)>,
}

impl Ttl {
    /// The attribute that holds the expiry, when time to live is on.
    pub(super) fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// Turns time to live on (for the items there are, too) or off.
    pub(super) fn set<'a>(
        &mut self,
        attribute: Option<String>,
        items: impl Iterator<Item = (Key, &'a Item)>,
    ) {
        self.attribute = attribute;
        self.expiring = items.filter_map(|(key, item)| Some((self.expiry(item)?, key))).collect();
    }

    /// Notes a write.
    pub(super) fn note(&mut self, key: &Key, old: Option<&Item>, new: Option<&Item>) {
        if let Some(expiry) = old.and_then(|item| self.expiry(item)) {
            self.expiring.remove(&(expiry, key.clone()));
        }
        if let Some(expiry) = new.and_then(|item| self.expiry(item)) {
            self.expiring.insert((expiry, key.clone()));
        }
    }

    /// The next item whose time has come.
    pub(super) fn next_expired(&mut self, now_ms: i64) -> Option<Key> {
        let due_ms = now_ms - DELAY_MS;
        while self.expiring.first().is_some_and(|(expiry, _)| *expiry <= due_ms) {
            let (expiry, key) = self.expiring.pop_first()?;
            if expiry > now_ms - TOO_OLD_MS {
                return Some(key);
            }
        }
        None
    }

    fn expiry(&self, item: &Item) -> Option<i64> {
        match item.get(self.attribute.as_deref()?)? {
            Attr::N(seconds) => seconds.to_i64()?.checked_mul(1000),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::KeyValue;
    use super::*;

    #[test]
    fn an_item_vanishes_two_days_after_its_expiry_and_not_before() {
        let now_ms = 1_800_000_000_000;
        let key = Key { hash: KeyValue::S("a".into()), range: None };
        let item = Item::from([("expires".into(), Attr::N(1_800_000_000.into()))]);
        let mut ttl = Ttl::default();
        ttl.note(&key, None, Some(&item));
        assert_eq!(ttl.next_expired(now_ms + DELAY_MS), None, "time to live is off");
        ttl.set(Some("expires".into()), std::iter::once((key.clone(), &item)));
        assert_eq!(ttl.next_expired(now_ms + DELAY_MS - 1), None);
        assert_eq!(ttl.next_expired(now_ms + DELAY_MS), Some(key.clone()));
        ttl.note(&key, None, Some(&item));
        ttl.note(&key, Some(&item), Some(&Item::new()));
        assert_eq!(ttl.next_expired(now_ms + DELAY_MS), None, "the attribute was removed");
    }
}
