//! Until when a process may take its lease for held: by time that passes, and not by a clock that may
//! be wrong. Who was frozen for longer does nothing more when it goes on: a restore that comes after
//! the names were swapped would find its name free again.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// The end of a lease, as its holder knows it.
#[derive(Debug)]
pub(super) struct Held {
    since: Instant,
    /// Milliseconds after that.
    until_ms: AtomicU64,
}

impl Held {
    /// A lease that was asked for at a moment.
    pub(super) fn since(since: Instant, lease: Duration) -> Self {
        Self { since, until_ms: AtomicU64::new(in_ms(lease)) }
    }

    /// It was renewed: asked for at this moment, for this long.
    pub(super) fn renew(&self, asked: Instant, lease: Duration) {
        self.until_ms.store(in_ms(asked - self.since + lease), Ordering::Relaxed);
    }

    fn is_over_now(&self) -> bool {
        in_ms(self.since.elapsed()) >= self.until_ms.load(Ordering::Relaxed)
    }

    /// Ends when the lease is over. It is looked at whenever anything beside it goes on, and wakes
    /// nobody by itself.
    pub(super) async fn is_over(&self) {
        poll_fn(|_| if self.is_over_now() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

fn in_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const LEASE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_over_when_its_time_has_passed_since_it_was_asked_for_last() {
        let held = Held::since(Instant::now(), LEASE);
        let is_over = || held.is_over().now_or_never().is_some();
        tokio::time::advance(LEASE - Duration::from_millis(1)).await;
        assert!(!is_over());
        held.renew(Instant::now(), LEASE);
        tokio::time::advance(LEASE - Duration::from_millis(1)).await;
        assert!(!is_over());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(is_over());
    }
}
