//! The messages of one FIFO queue: order, groups, visibility. No operation scans all messages.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Only the first 120,000 messages are searched for groups that are free, and as many may be in
/// flight.
pub(super) const SEARCHED: usize = 120_000;

/// The longest wait of a receive.
const LONGEST_WAIT_MS: i64 = 20_000;

/// Whether a message can be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It can, when its group is free and it is its turn.
    Ready,
    /// Not until its delay is over.
    Delayed,
    /// Received, and not deleted or visible again.
    InFlight,
}

/// One message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) group: Arc<str>,
    pub(super) dedup_id: String,
    pub(super) body: String,
    pub(super) md5: String,
    pub(super) attributes: Map<String, Value>,
    pub(super) sender: String,
    /// ARN of the queue it came from, once it is in a dead-letter queue.
    pub(super) source: Option<String>,
    pub(super) sent_ms: i64,
    pub(super) first_received_ms: Option<i64>,
    pub(super) received_ms: i64,
    pub(super) receives: u64,
    /// Number of the last receive; a receipt with another number is stale.
    pub(super) receipt: u64,
    /// When its state ends by itself (delayed and in-flight messages).
    pub(super) until_ms: i64,
    pub(super) state: State,
    /// Its visibility was changed since its last receive.
    pub(super) touched: bool,
}

#[derive(Debug, Default)]
struct Group {
    /// Places of its messages, in order.
    places: VecDeque<u64>,
    in_flight: usize,
    /// The place under which it is listed as free.
    listed: Option<u64>,
}

/// How many messages there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Depth {
    /// Messages that are neither in flight nor delayed (their group may be blocked).
    pub visible: usize,
    /// Messages received and not yet deleted or visible again.
    pub in_flight: usize,
    /// Messages whose delay is not over.
    pub delayed: usize,
    /// Message groups with messages.
    pub groups: usize,
}

/// The messages of one queue.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// By place: the order in which they were sent.
    messages: BTreeMap<u64, Message>,
    groups: BTreeMap<Arc<str>, Group>,
    /// Groups that are free, by the place of their first message.
    free: BTreeSet<(u64, Arc<str>)>,
    /// When delayed and in-flight messages become visible.
    timers: BTreeSet<(i64, u64)>,
    in_flight: usize,
    delayed: usize,
    last_place: u64,
    last_receipt: u64,
    /// The last place that is searched for free groups, and how many messages lie up to it.
    horizon: u64,
    searched: usize,
    /// Copies that are delivered once more: an injected fault.
    ghosts: VecDeque<(u64, Message)>,
    /// Something became receivable, or will earlier than before.
    pub(super) news: bool,
}

impl Store {
    pub(super) fn depth(&self) -> Depth {
        Depth {
            visible: self.messages.len() - self.in_flight - self.delayed,
            in_flight: self.in_flight,
            delayed: self.delayed,
            groups: self.groups.len(),
        }
    }

    /// All messages, as they were sent.
    pub(super) fn all(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    /// Takes out the message of an id, and what was to be delivered once more of it. Says whether
    /// there was one.
    pub(super) fn lose(&mut self, id: &str) -> bool {
        self.ghosts.retain(|(_, message)| message.id != id);
        let place = self.messages.iter().find(|(_, m)| m.id == id).map(|(place, _)| *place);
        place.is_some_and(|place| self.remove(place).is_some())
    }

    /// The message at a place.
    pub(super) fn get(&self, place: u64) -> Option<&Message> {
        self.messages.get(&place)
    }

    /// Makes visible what is due, and forgets what is older than the retention period.
    pub(super) fn settle(&mut self, now_ms: i64, retention_ms: i64) {
        while let Some((_, place)) = self.timers.first().copied().filter(|t| t.0 <= now_ms) {
            self.release(place);
        }
        let old = |m: &Message| m.sent_ms + retention_ms <= now_ms;
        while let Some((place, _)) = self.messages.first_key_value().filter(|(_, m)| old(m)) {
            self.remove(*place);
        }
    }

    /// When the next message becomes visible by itself.
    pub(super) fn next_event_ms(&self) -> Option<i64> {
        self.timers.first().map(|t| t.0)
    }

    /// Adds a message behind all others (delayed until `until_ms` when its state says so);
    /// answers its place.
    pub(super) fn push(&mut self, message: Message) -> u64 {
        self.last_place += 1;
        let place = self.last_place;
        if message.state == State::Delayed {
            self.delayed += 1;
            self.timers.insert((message.until_ms, place));
            self.news = true;
        }
        if self.searched < SEARCHED {
            self.searched += 1;
            self.horizon = place;
        }
        let group = Arc::clone(&message.group);
        self.messages.insert(place, message);
        self.groups.entry(Arc::clone(&group)).or_default().places.push_back(place);
        self.relist(&group);
        place
    }

    /// Takes a message out, whatever its state.
    pub(super) fn remove(&mut self, place: u64) -> Option<Message> {
        self.untime(place);
        let message = self.messages.remove(&place)?;
        if let Some(group) = self.groups.get_mut(&message.group)
            && let Ok(at) = group.places.binary_search(&place)
        {
            group.places.remove(at);
        }
        if place <= self.horizon {
            self.searched -= 1;
            if let Some((next, _)) = self.messages.range(self.horizon + 1..).next() {
                self.horizon = *next;
                self.searched += 1;
                // A group behind the old horizon may have come into sight.
                self.news = true;
            }
        }
        self.relist(&message.group);
        Some(message)
    }

    /// Receives up to `max` messages of free groups, for `visibility_ms`; those that were received
    /// `limit` times already are taken out instead. Answers the places of the former and the latter
    /// themselves.
    pub(super) fn take(
        &mut self,
        max: usize,
        visibility_ms: i64,
        limit: Option<u64>,
        now_ms: i64,
    ) -> (Vec<u64>, Vec<Message>) {
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        while taken.len() < max && self.in_flight < SEARCHED {
            let Some((head, name)) = self.free.first().cloned() else { break };
            if head > self.horizon {
                break;
            }
            let room = max - taken.len();
            let (more, worn_out) = self.take_of(&name, room, visibility_ms, limit, now_ms);
            taken.extend(more);
            dead.extend(worn_out);
        }
        (taken, dead)
    }

    /// The same from the second free group alone, although it is the turn of the first.
    pub(super) fn take_out_of_turn(
        &mut self,
        max: usize,
        visibility_ms: i64,
        limit: Option<u64>,
        now_ms: i64,
    ) -> (Vec<u64>, Vec<Message>) {
        let Some(name) = self.second_group() else { return (Vec::new(), Vec::new()) };
        self.take_of(&name, max, visibility_ms, limit, now_ms)
    }

    /// Whether a receive would find something.
    pub(super) fn has_something(&self) -> bool {
        let free = self.free.first().is_some_and(|(head, _)| *head <= self.horizon);
        !self.ghosts.is_empty() || (free && self.in_flight < SEARCHED)
    }

    /// The free group whose turn is next but one.
    pub(super) fn second_group(&self) -> Option<Arc<str>> {
        let second = self.free.iter().nth(1).filter(|(head, _)| *head <= self.horizon)?;
        (self.in_flight < SEARCHED).then(|| Arc::clone(&second.1))
    }

    /// Has the message at a place delivered once more, whatever becomes of it.
    pub(super) fn deliver_again(&mut self, place: u64) {
        if let Some(message) = self.messages.get(&place) {
            self.ghosts.push_back((place, message.clone()));
            self.news = true;
        }
    }

    /// A message that is to be delivered once more, and its place.
    pub(super) fn next_ghost(&mut self) -> Option<(u64, Message)> {
        let (place, mut message) = self.ghosts.pop_front()?;
        message.receives += 1;
        Some((place, message))
    }

    /// Receives up to `max` messages of one free group.
    fn take_of(
        &mut self,
        name: &Arc<str>,
        max: usize,
        visibility_ms: i64,
        limit: Option<u64>,
        now_ms: i64,
    ) -> (Vec<u64>, Vec<Message>) {
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        for place in self.ready(name, max) {
            let worn_out = |m: &Message| limit.is_some_and(|limit| m.receives >= limit);
            if self.messages.get(&place).is_some_and(worn_out) {
                dead.extend(self.remove(place));
            } else {
                self.receive(place, visibility_ms, now_ms);
                taken.push(place);
            }
        }
        self.relist(name);
        (taken, dead)
    }

    /// The places of the first `most` messages of a free group that are searched and ready.
    fn ready(&self, group: &str, most: usize) -> Vec<u64> {
        let places = self.groups.get(group).map(|g| g.places.iter().copied());
        let is_ready = |p: &u64| {
            let message = self.messages.get(p).filter(|_| *p <= self.horizon);
            message.is_some_and(|m| m.state == State::Ready)
        };
        places.into_iter().flatten().take(most).take_while(is_ready).collect()
    }

    fn receive(&mut self, place: u64, visibility_ms: i64, now_ms: i64) {
        self.last_receipt += 1;
        let Some(message) = self.messages.get_mut(&place) else { return };
        message.receives += 1;
        message.receipt = self.last_receipt;
        message.received_ms = now_ms;
        message.first_received_ms.get_or_insert(now_ms);
        message.touched = false;
        message.state = State::InFlight;
        self.in_flight += 1;
        if let Some(group) = self.groups.get_mut(&message.group) {
            group.in_flight += 1;
        }
        self.hide(place, visibility_ms, now_ms);
    }

    /// Keeps an in-flight message invisible for a time from now.
    pub(super) fn hide(&mut self, place: u64, visibility_ms: i64, now_ms: i64) {
        let until_ms = now_ms + visibility_ms;
        let Some(message) = self.messages.get_mut(&place) else { return };
        self.timers.remove(&(message.until_ms, place));
        message.until_ms = until_ms;
        self.timers.insert((until_ms, place));
        // Who waits for a message must know that one may come back before the wait ends.
        self.news |= visibility_ms < LONGEST_WAIT_MS;
    }

    /// The same at the wish of a consumer.
    pub(super) fn change_visibility(&mut self, place: u64, visibility_ms: i64, now_ms: i64) {
        self.hide(place, visibility_ms, now_ms);
        if let Some(message) = self.messages.get_mut(&place) {
            message.touched = true;
        }
    }

    /// Makes a delayed or in-flight message visible.
    fn release(&mut self, place: u64) {
        self.untime(place);
        let Some(message) = self.messages.get_mut(&place) else { return };
        message.state = State::Ready;
        let group = Arc::clone(&message.group);
        self.relist(&group);
    }

    /// Takes a message's timer away, and its share in the counts.
    fn untime(&mut self, place: u64) {
        let Some(message) = self.messages.get(&place) else { return };
        self.timers.remove(&(message.until_ms, place));
        match message.state {
            State::Ready => {}
            State::Delayed => self.delayed -= 1,
            State::InFlight => {
                self.in_flight -= 1;
                if let Some(group) = self.groups.get_mut(&message.group) {
                    group.in_flight -= 1;
                }
            }
        }
    }

    /// Lists a group as free, or not, as its messages say.
    fn relist(&mut self, name: &Arc<str>) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let head = group.places.front().copied();
        let ready = |p: &u64| self.messages.get(p).is_some_and(|m| m.state == State::Ready);
        let listed = head.filter(ready).filter(|_| group.in_flight == 0);
        if listed != group.listed {
            if let Some(old) = std::mem::replace(&mut group.listed, listed) {
                self.free.remove(&(old, Arc::clone(name)));
            }
            if let Some(new) = listed {
                self.free.insert((new, Arc::clone(name)));
                self.news = true;
            }
        }
        if head.is_none() {
            self.groups.remove(name);
        }
    }

    /// Takes all messages out.
    pub(super) fn clear(&mut self) {
        let (last_place, last_receipt) = (self.last_place, self.last_receipt);
        *self = Self { last_place, last_receipt, ..Self::default() };
    }

    /// The places of all messages that could be received now, group after group, in order.
    pub(super) fn receivable(&self) -> Vec<u64> {
        let groups = self.free.iter().filter_map(|(_, name)| self.groups.get(name));
        let is_ready = |p: &u64| self.messages.get(p).is_some_and(|m| m.state == State::Ready);
        groups.flat_map(|g| g.places.iter().copied().take_while(is_ready)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, SEARCHED, State, Store};
    use serde_json::Map;
    use std::collections::{BTreeMap, BTreeSet};

    fn message(group: &str) -> Message {
        Message {
            id: String::new(),
            group: group.into(),
            dedup_id: String::new(),
            body: String::new(),
            md5: String::new(),
            attributes: Map::new(),
            sender: String::new(),
            source: None,
            sent_ms: 0,
            first_received_ms: None,
            received_ms: 0,
            receives: 0,
            receipt: 0,
            until_ms: 0,
            state: State::Ready,
            touched: false,
        }
    }

    // Developer Guide, "FIFO queue delivery logic".
    #[test]
    fn only_the_first_120_000_messages_are_searched_for_free_groups() {
        let mut store = Store::default();
        for _ in 0..SEARCHED {
            store.push(message("long"));
        }
        let late = store.push(message("late"));
        store.push(message("late"));
        let (first, _) = store.take(1, 30_000, None, 0);
        assert_eq!(first, [1]);
        assert!(store.take(10, 30_000, None, 0).0.is_empty());
        store.remove(1);
        assert_eq!(store.take(10, 30_000, None, 0).0, (2..12).collect::<Vec<_>>());
        assert_eq!(store.take(10, 30_000, None, 0).0, [late]);
    }

    /// What the store must agree with, in its plainest form.
    #[derive(Default)]
    struct Model {
        /// Places of all messages, by group.
        groups: BTreeMap<String, BTreeSet<u64>>,
        /// Groups and ends of the visibility timeouts of messages in flight, by place.
        in_flight: BTreeMap<u64, (String, i64)>,
    }

    impl Model {
        fn take(&mut self, store: &mut Store, max: usize, visibility_ms: i64, now_ms: i64) {
            let busy: BTreeSet<_> = self.in_flight.values().map(|(g, _)| g.clone()).collect();
            let (taken, _) = store.take(max, visibility_ms, None, now_ms);
            let free: usize = self
                .groups
                .iter()
                .filter(|(g, _)| !busy.contains(*g))
                .map(|(_, places)| places.len())
                .sum();
            assert_eq!(taken.len(), max.min(free));
            let mut by_group: BTreeMap<String, Vec<u64>> = BTreeMap::new();
            for place in taken {
                let group = store.get(place).unwrap().group.to_string();
                self.in_flight.insert(place, (group.clone(), now_ms + visibility_ms));
                by_group.entry(group).or_default().push(place);
            }
            for (group, places) in by_group {
                assert!(!busy.contains(&group));
                let first: Vec<_> = self.groups[&group].iter().copied().collect();
                assert_eq!(places, first[..places.len()]);
            }
        }

        fn delete(&mut self, store: &mut Store) {
            if let Some((place, (group, _))) = self.in_flight.pop_first() {
                store.remove(place);
                self.groups.entry(group).or_default().remove(&place);
            }
        }

        fn change(&mut self, store: &mut Store, visibility_ms: i64, now_ms: i64) {
            if let Some((place, (_, until_ms))) = self.in_flight.iter_mut().next_back() {
                store.change_visibility(*place, visibility_ms, now_ms);
                *until_ms = now_ms + visibility_ms;
            }
        }
    }

    // Random sends, receives, deletes, visibility changes and pauses: a receive gets the first
    // messages of groups that have none in flight, and as many as there are.
    #[test]
    fn groups_stay_in_order_and_blocked_whatever_happens() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut store, mut model, mut now_ms) = (Store::default(), Model::default(), 0);
            for _ in 0..300 {
                match rng.u8(..5) {
                    0 => {
                        let group = rng.u8(..4).to_string();
                        let place = store.push(message(&group));
                        model.groups.entry(group).or_default().insert(place);
                    }
                    1 => model.take(&mut store, rng.usize(1..=10), rng.i64(1..50), now_ms),
                    2 => model.delete(&mut store),
                    3 => model.change(&mut store, rng.i64(1..50), now_ms),
                    _ => now_ms += rng.i64(1..40),
                }
                store.settle(now_ms, i64::MAX / 2);
                model.in_flight.retain(|_, (_, until_ms)| *until_ms > now_ms);
                assert_eq!(store.depth().in_flight, model.in_flight.len(), "seed {seed}");
            }
        }
    }
}
