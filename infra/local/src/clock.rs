//! The one place where the local cloud reads a clock: injected into the doors, never into the core.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the doors get the present moment from. The core is only ever told it.
pub trait Now: Send + Sync + fmt::Debug {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
}

/// A shared handle on a source of time.
pub type SharedNow = Arc<dyn Now>;

/// The system clock, for the HTTP server.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNow;

impl Now for SystemNow {
    #[expect(
        clippy::disallowed_methods,
        reason = "the HTTP door serves in real time; this is its clock"
    )]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Virtual time: a fixed start plus what tokio's clock (which a test may pause) has moved since.
#[derive(Debug, Clone, Copy)]
pub struct TokioNow {
    base_ms: i64,
    start: tokio::time::Instant,
}

impl TokioNow {
    /// Starts virtual time at `base_ms` (milliseconds since the Unix epoch), now.
    #[must_use]
    pub fn starting_at(base_ms: i64) -> Self {
        Self { base_ms, start: tokio::time::Instant::now() }
    }
}

impl Now for TokioNow {
    fn now_ms(&self) -> i64 {
        self.base_ms + i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
