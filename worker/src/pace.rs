//! How often the observer looks: seldom while nothing is expected, often when something is.

use aurora_restore_shared::clock::{EpochMs, as_ms};
use std::time::Duration;

/// The part of the remaining (or overdue) time between two looks: a resource is noticed at most
/// about 5 % of its expected duration after it was ready, if the estimate is right.
const PART: i64 = 20;

/// When to look next at resources that are expected at these moments; `None` when there are none.
/// Never sooner than `shortest` and never later than `longest` from now.
#[must_use]
pub fn next_look(
    now_ms: EpochMs,
    expected: impl Iterator<Item = EpochMs>,
    shortest: Duration,
    longest: Duration,
) -> Option<EpochMs> {
    let (low, high) = (as_ms(shortest), as_ms(longest).max(as_ms(shortest)));
    let wait = |at: EpochMs| ((at - now_ms).abs() / PART).clamp(low, high);
    expected.map(wait).min().map(|wait| now_ms + wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S15: Duration = Duration::from_secs(15);
    const M5: Duration = Duration::from_secs(300);

    fn wait_for(expected: &[EpochMs]) -> Option<i64> {
        let at = next_look(0, expected.iter().copied(), S15, M5);
        at.map(|at| at / 1000)
    }

    #[test]
    fn a_long_copy_is_looked_at_seldom_and_a_near_end_often() {
        assert_eq!(wait_for(&[3 * 3_600_000]), Some(300));
        assert_eq!(wait_for(&[30 * 60_000]), Some(90));
        assert_eq!(wait_for(&[10_000]), Some(15));
    }

    #[test]
    fn the_earliest_decides_and_what_is_overdue_is_looked_at_less_and_less() {
        assert_eq!(wait_for(&[3 * 3_600_000, 40 * 60_000]), Some(120));
        assert_eq!(wait_for(&[-30 * 60_000]), Some(90));
        assert_eq!(wait_for(&[]), None);
    }
}
