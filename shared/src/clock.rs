//! The one place that reads a clock (the other such file is `entropy.rs`; lints keep it so).
//!
//! Production reads the system clock; a test or simulation derives time from tokio's, which it may
//! pause, and may skew it per process.

use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub type EpochMs = i64;

/// Where a process gets the time from. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    System,
    Virtual { base_ms: EpochMs, start: Instant, skew_ms: i64, jump: Option<Jump> },
}

/// A moment at which a clock is put forward or back.
#[derive(Debug, Clone, Copy)]
struct Jump {
    at: Instant,
    by_ms: i64,
}

impl Clock {
    /// The system clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Virtual time: `base_ms` now, then as tokio's clock moves.
    #[must_use]
    pub fn starting_at(base_ms: EpochMs) -> Self {
        Self(Source::Virtual { base_ms, start: Instant::now(), skew_ms: 0, jump: None })
    }

    /// The same clock, wrong by `skew_ms` (virtual clocks only; the system clock stays as it is).
    #[must_use]
    pub fn skewed_by(self, skew_ms: i64) -> Self {
        match self.0 {
            Source::System => self,
            Source::Virtual { base_ms, start, jump, .. } => {
                Self(Source::Virtual { base_ms, start, skew_ms, jump })
            }
        }
    }

    /// The same clock, put forward by `by_ms` (back, if negative) when `after` has passed from now
    /// (virtual clocks only).
    #[must_use]
    pub fn jumping(self, after: Duration, by_ms: i64) -> Self {
        match self.0 {
            Source::System => self,
            Source::Virtual { base_ms, start, skew_ms, .. } => {
                let jump = Some(Jump { at: Instant::now() + after, by_ms });
                Self(Source::Virtual { base_ms, start, skew_ms, jump })
            }
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now_ms(&self) -> EpochMs {
        match self.0 {
            Source::System => system_ms(),
            Source::Virtual { base_ms, start, skew_ms, jump } => {
                let now = Instant::now();
                let jumped = jump.filter(|jump| now >= jump.at).map_or(0, |jump| jump.by_ms);
                base_ms + skew_ms + jumped + as_ms(now - start)
            }
        }
    }

    /// The present moment as a timestamp.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        timestamp(self.now_ms())
    }

    /// Waits.
    pub async fn sleep(self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this file is the project's door to the system clock"
)]
fn system_ms() -> EpochMs {
    as_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

/// A duration in whole milliseconds.
#[must_use]
pub fn as_ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A moment as a timestamp; moments no timestamp can hold become the nearest one that it can.
#[must_use]
pub fn timestamp(at_ms: EpochMs) -> Timestamp {
    let bound = if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at_ms).unwrap_or(bound)
}
