//! Waiting times between attempts. The `backoff` crate stays behind this file: it computes the
//! growing intervals; the jitter comes from the project's own entropy, so that a seed decides it.

use crate::entropy::Entropy;
use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use std::time::Duration;

/// How long to wait before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Before the second attempt.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
    /// Attempts in all; then the failure counts as permanent.
    pub attempts: u32,
}

/// For a failing step of a job: 5 s, 10 s, 20 s, ... 5 min; 8 attempts span about 10 minutes, which
/// outlasts a failover of a regional service.
pub const STEP: RetryPolicy =
    RetryPolicy { first: Duration::from_secs(5), longest: Duration::from_secs(300), attempts: 8 };

/// For a step that AWS throttles, or that waits for quota or for a busy resource: attempts are not
/// counted, so the pace alone matters.
pub const PATIENT: RetryPolicy = RetryPolicy {
    first: Duration::from_secs(15),
    longest: Duration::from_secs(300),
    attempts: u32::MAX,
};

/// For a job that is parked until a person has mended something: the first looks are close together,
/// because a right that was granted a moment ago takes a moment to be known everywhere.
pub const PARKED: RetryPolicy = RetryPolicy {
    first: Duration::from_secs(15),
    longest: Duration::from_secs(900),
    attempts: u32::MAX,
};

/// For loops (poller, dispatcher, observer) whose call failed.
pub const LOOP: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(30),
    attempts: u32::MAX,
};

impl RetryPolicy {
    /// The wait after `failed` failed attempts (1 or more), with equal jitter: between half of the
    /// interval and all of it.
    #[must_use]
    pub fn delay(&self, failed: u32, entropy: &Entropy) -> Duration {
        let mut intervals = ExponentialBackoff {
            initial_interval: self.first,
            current_interval: self.first,
            max_interval: self.longest,
            multiplier: 2.0,
            randomization_factor: 0.0,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        // Beyond 32 doublings every interval is the longest one.
        let steps = failed.clamp(1, 32);
        let interval = (0..steps).filter_map(|_| intervals.next_backoff()).last();
        entropy.jitter(interval.unwrap_or(self.longest))
    }

    /// Whether `failed` failed attempts are all there are.
    #[must_use]
    pub fn is_used_up(&self, failed: u32) -> bool {
        failed >= self.attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_keep_at_least_half() {
        let entropy = Entropy::seeded(1);
        for (failed, seconds) in [(1, 5), (2, 10), (3, 20), (7, 300), (50, 300)] {
            let delay = STEP.delay(failed, &entropy);
            let whole = Duration::from_secs(seconds);
            assert!(delay >= whole / 2 && delay <= whole, "{failed}: {delay:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let delays = |seed| {
            let entropy = Entropy::seeded(seed);
            (1..9).map(|n| STEP.delay(n, &entropy)).collect::<Vec<_>>()
        };
        assert_eq!(delays(7), delays(7));
        assert_ne!(delays(7), delays(8));
    }

    #[test]
    fn attempts_end() {
        assert!(!STEP.is_used_up(7));
        assert!(STEP.is_used_up(8));
    }
}
