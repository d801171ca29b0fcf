//! The time that a person waits. Everything else in this crate runs on a clock that can be virtual;
//! a benchmark is the one thing that asks for the other.

use std::time::{Duration, Instant};

/// Wall time since it was started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a benchmark measures wall time, also where tokio's clock stands still"
    )]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
