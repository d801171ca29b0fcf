//! The rules that every write of a slot keeps: pure.

use super::typed::texts;
use serde_json::Value;
use std::collections::BTreeMap;

/// A place at a slot; its order is that in which places are granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 is the most urgent.
    rank: usize,
    since_ms: i64,
    /// The epoch of the tick that asked.
    pub(super) epoch: i64,
}

/// The most urgent first.
const PRIORITIES: [&str; 4] = ["critical", "high", "normal", "low"];

impl Place {
    /// `<priority> <since> <epoch>`.
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let priority = words.next()?;
        let rank = PRIORITIES.iter().position(|name| *name == priority)?;
        let since_ms = words.next()?.parse().ok()?;
        Some(Self { rank, since_ms, epoch: words.next()?.parse().ok()? })
    }
}

/// A slot item: who holds it, and who waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) holders: BTreeMap<String, Place>,
    pub(super) waiting: BTreeMap<String, Place>,
}

impl Slot {
    pub(super) fn read(item: &Value) -> Self {
        let places = |name: &str| {
            let all = texts(item, name).into_iter();
            all.filter_map(|(job, text)| Some((job, Place::read(&text)?))).collect()
        };
        Self { holders: places("holders"), waiting: places("waiting") }
    }

    /// Jobs that were in it and are no more, with the place they had.
    pub(super) fn left<'a>(&'a self, after: &'a Self) -> Vec<(&'a String, Place)> {
        let is_in =
            |job: &String| after.holders.contains_key(job) || after.waiting.contains_key(job);
        let all = self.holders.iter().chain(&self.waiting);
        all.filter(|(job, _)| !is_in(job)).map(|(job, place)| (job, *place)).collect()
    }

    /// Jobs that hold it now and did not, with the place by which they were chosen.
    pub(super) fn granted<'a>(&self, after: &'a Self) -> Vec<(&'a String, Place)> {
        let new = after.holders.iter().filter(|(job, _)| !self.holders.contains_key(*job));
        new.map(|(job, place)| (job, self.waiting.get(job).copied().unwrap_or(*place))).collect()
    }

    /// Who waits and should have been chosen before a place.
    pub(super) fn passed_over(&self, granted: Place) -> Option<&String> {
        let order = |place: &Place| (place.rank, place.since_ms);
        let mut waiting = self.waiting.iter();
        waiting.find(|(_, place)| order(place) < order(&granted)).map(|(job, _)| job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slot(holders: &[(&str, &str)], waiting: &[(&str, &str)]) -> Slot {
        let map = |entries: &[(&str, &str)]| {
            let entry = |(job, text): &(&str, &str)| ((*job).to_owned(), json!({ "S": text }));
            json!({ "M": entries.iter().map(entry).collect::<serde_json::Map<_, _>>() })
        };
        Slot::read(&json!({ "holders": map(holders), "waiting": map(waiting) }))
    }

    #[test]
    fn whoever_is_more_urgent_or_older_is_passed_over() {
        let before = slot(&[("a", "low 1 1")], &[("b", "low 5 1"), ("c", "critical 9 1")]);
        let fair = slot(&[("c", "critical 20 1")], &[("b", "low 5 1")]);
        let unfair = slot(&[("b", "low 20 1")], &[("c", "critical 9 1")]);
        let granted = before.granted(&fair)[0];
        assert_eq!((granted.0.as_str(), fair.passed_over(granted.1)), ("c", None));
        let granted = before.granted(&unfair)[0];
        assert_eq!(unfair.passed_over(granted.1), Some(&"c".to_owned()));
    }

    #[test]
    fn whoever_is_neither_holder_nor_waiting_has_left() {
        let before = slot(&[("a", "low 1 1")], &[("b", "low 5 2")]);
        let after = slot(&[("c", "low 9 1")], &[]);
        let left: Vec<_> =
            before.left(&after).into_iter().map(|(job, p)| (job.as_str(), p.epoch)).collect();
        assert_eq!(left, [("a", 1), ("b", 2)]);
    }
}
