//! The values of one metric, summed up in buckets of time.

use std::collections::BTreeMap;

/// How long values are kept: 15 days.
const KEPT_MS: i64 = 15 * 24 * 3_600_000;

/// How many buckets a metric keeps at most: 15 days of minutes.
const MOST_BUCKETS: usize = 15 * 24 * 60;

/// What is known of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stats {
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Stats {
    /// One value, so many times.
    pub(super) fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, min: value, max: value }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// A statistic by its name.
    pub(super) fn statistic(&self, name: &str) -> Option<f64> {
        Some(match name {
            "Sum" => self.sum,
            "Average" => self.sum / self.count,
            "Minimum" => self.min,
            "Maximum" => self.max,
            "SampleCount" => self.count,
            _ => return None,
        })
    }
}

/// The values of a metric, by the beginning of their bucket and their unit.
#[derive(Debug, Default)]
pub(super) struct Series {
    buckets: BTreeMap<(i64, String), Stats>,
}

impl Series {
    /// Adds values at a moment, in a bucket of `resolution_ms`.
    pub(super) fn add(&mut self, at_ms: i64, resolution_ms: i64, unit: &str, stats: Stats) {
        let bucket = (at_ms - at_ms.rem_euclid(resolution_ms), unit.to_owned());
        let entry = self.buckets.entry(bucket);
        entry.and_modify(|there| *there = there.and(stats)).or_insert(stats);
        if self.buckets.len() > MOST_BUCKETS {
            self.buckets.pop_first();
        }
    }

    /// Forgets what is too old.
    pub(super) fn forget(&mut self, now_ms: i64) {
        self.buckets = self.buckets.split_off(&(now_ms - KEPT_MS, String::new()));
    }

    /// Whether nothing is known any more.
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Values from a moment up to another (without it), by the beginning of their period; only
    /// those of a unit, if one is given. Beside each the unit of its first value.
    pub(super) fn periods(
        &self,
        (from_ms, to_ms): (i64, i64),
        period_ms: i64,
        unit: Option<&str>,
    ) -> BTreeMap<i64, (Stats, &str)> {
        let mut periods: BTreeMap<i64, (Stats, &str)> = BTreeMap::new();
        if from_ms >= to_ms {
            return periods;
        }
        let range = (from_ms, String::new())..(to_ms, String::new());
        for ((at_ms, of), stats) in self.buckets.range(range) {
            if unit.is_none_or(|unit| unit == of) {
                let begins_ms = at_ms - at_ms.rem_euclid(period_ms);
                let entry = periods.entry(begins_ms);
                entry.and_modify(|p| p.0 = p.0.and(*stats)).or_insert((*stats, of));
            }
        }
        periods
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_BUCKETS, Series, Stats};

    #[test]
    fn values_are_summed_up_by_period() {
        let mut series = Series::default();
        for (at_ms, value) in [(0, 1.0), (30_000, 3.0), (60_000, 5.0), (120_000, 7.0)] {
            series.add(at_ms, 60_000, "Count", Stats::of(value, 1.0));
        }
        let periods = series.periods((0, 180_000), 120_000, None);
        let sums: Vec<_> = periods.iter().map(|(ms, (stats, _))| (*ms, stats.sum)).collect();
        assert_eq!(sums, [(0, 9.0), (120_000, 7.0)]);
        assert_eq!(periods[&0].0.statistic("Average"), Some(3.0));
        assert!(series.periods((0, 180_000), 60_000, Some("Seconds")).is_empty());
    }

    #[test]
    fn memory_stays_bounded() {
        let mut series = Series::default();
        for second in 0..(MOST_BUCKETS as i64 + 10) {
            series.add(second * 1_000, 1_000, "None", Stats::of(1.0, 1.0));
        }
        assert_eq!(series.buckets.len(), MOST_BUCKETS);
        series.forget(i64::MAX / 2);
        assert!(series.is_empty());
    }
}
