//! The one place that draws random numbers: ids, tokens, jitter. Seeded in tests and simulations.

use crate::clock::Clock;
use crate::ids::JobId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A source of random choices, shared by one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Entropy(Arc<Mutex<fastrand::Rng>>);

impl Entropy {
    /// Seeded by the operating system.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is the project's door to randomness")]
    pub fn from_system() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }

    /// Seeded: the same seed gives the same draws.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// The next draw.
    #[must_use]
    pub fn draw(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }

    /// A token nobody else has: 16 hexadecimal digits.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{:016x}", self.draw())
    }

    /// A new job id (UUIDv7: ids sort by time).
    #[must_use]
    pub fn job_id(&self, clock: &Clock) -> JobId {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.draw().to_be_bytes());
        bytes[8..].copy_from_slice(&self.draw().to_be_bytes()[..2]);
        let ms = u64::try_from(clock.now_ms()).unwrap_or(0);
        JobId(uuid::Builder::from_unix_timestamp_millis(ms, &bytes).into_uuid())
    }

    /// Between half of `time` and all of it ("equal jitter").
    #[must_use]
    pub fn jitter(&self, time: Duration) -> Duration {
        let share = (self.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        time.mul_f64(0.5 + share / 2.0)
    }
}
