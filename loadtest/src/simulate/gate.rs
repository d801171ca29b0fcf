//! Freezing a process: whatever it waits for comes to it only after the thaw.
//!
//! What a worker awaits is a call, a timer of the SDK, or a sleep of its own. It is held at the first
//! two; after a sleep it gets as far as its next call, which is the same as having been frozen there.

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// The gate of one process. All clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Mutex<Option<Instant>>>);

impl Gate {
    /// Freezes the process for so long from now, if it is not frozen for longer already.
    pub fn freeze(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut frozen = self.frozen();
        *frozen = Some(frozen.map_or(until, |before| before.max(until)));
    }

    /// Whether the process is frozen.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.frozen().is_some_and(|until| until > Instant::now())
    }

    /// Goes on at once, or after the thaw.
    pub async fn pass(&self) {
        loop {
            let until = self.frozen().filter(|until| *until > Instant::now());
            let Some(until) = until else { return };
            sleep_until(until).await;
        }
    }

    fn frozen(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The timers of the SDK of one process.
#[derive(Debug, Clone)]
pub struct GatedSleep(pub Gate);

impl AsyncSleep for GatedSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let gate = self.0.clone();
        Sleep::new(async move {
            sleep(duration).await;
            gate.pass().await;
        })
    }
}
