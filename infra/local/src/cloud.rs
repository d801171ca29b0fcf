//! The handle both doors share: the world behind a lock, a clock, and the news that it changed.

use crate::call::Call;
use crate::clock::SharedNow;
use crate::faults::{Asked, Fate};
use crate::wire::{WireRequest, WireResponse};
use crate::witness::{Seen, Witness};
use crate::world::{Handled, World};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The connection broke: the caller cannot know whether the call had its effect.
#[derive(Debug, Clone)]
pub enum ConnectionBroken {
    /// Without an answer.
    Unanswered,
    /// It did not even come to be.
    Refused,
    /// In the middle of this answer.
    Midway(WireResponse),
}

impl std::fmt::Display for ConnectionBroken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unanswered => "connection reset by the local cloud (an injected fault)",
            Self::Refused => "connection refused by the local cloud (an injected fault)",
            Self::Midway(_) => "connection reset within an answer (an injected fault)",
        })
    }
}

impl std::error::Error for ConnectionBroken {}

/// A running local cloud. Cheap to clone; all clones are the same cloud.
#[derive(Clone)]
pub struct Cloud {
    world: Arc<Mutex<World>>,
    now: SharedNow,
    changed: Arc<Notify>,
    parked: Arc<AtomicUsize>,
    witness: Arc<Mutex<Option<Box<dyn Witness>>>>,
}

/// A call that waits; no longer, once this is dropped.
struct Parked<'a>(&'a AtomicUsize);

impl<'a> Parked<'a> {
    fn one_more_of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cloud").finish_non_exhaustive()
    }
}

impl Cloud {
    /// Puts a world behind its doors.
    #[must_use]
    pub fn new(world: World, now: SharedNow) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            now,
            changed: Arc::default(),
            parked: Arc::default(),
            witness: Arc::default(),
        }
    }

    /// Has somebody look on from now on, instead of whoever did.
    pub fn watched_by(&self, witness: impl Witness + 'static) {
        let mut place = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Box::new(witness));
    }

    /// The present moment, milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now.now_ms()
    }

    /// The world itself, for tests, admin pages and auditors. Do not hold it over an await.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every waiting call look again, as after a jump of the clock.
    pub fn look_again(&self) {
        self.changed.notify_waiters();
    }

    /// How many calls wait for something to happen (long polls).
    #[must_use]
    pub fn parked(&self) -> usize {
        self.parked.load(Ordering::SeqCst)
    }

    /// Serves one request of a component, with the latency and faults that fate has for it.
    ///
    /// # Errors
    /// [`ConnectionBroken`] when an injected fault loses the request or its response.
    pub async fn serve(
        &self,
        component: &str,
        request: &WireRequest,
    ) -> Result<WireResponse, ConnectionBroken> {
        let call = match self.world().identify(request, self.now_ms()) {
            Ok(call) => call,
            Err(response) => return Ok(*response),
        };
        let asked = Asked { call: &call, component, request };
        let (latency_ms, fate) = self.world().fate(&asked);
        if fate.unreachable {
            return Err(ConnectionBroken::Refused);
        }
        if let Some(ms) = fate.silent_ms {
            pause(ms).await;
            return Err(ConnectionBroken::Unanswered);
        }
        let latency_ms = latency_ms.saturating_add(fate.extra_latency_ms);
        pause(latency_ms / 2).await;
        if fate.lose_request {
            return Err(ConnectionBroken::Unanswered);
        }
        let response = loop {
            let news = self.changed.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            match self.handle(&call, component, request, &fate) {
                Handled::Response(response) => break response,
                Handled::Park { retry_at_ms } => {
                    let _waiting = Parked::one_more_of(&self.parked);
                    let ms = u64::try_from(retry_at_ms - self.now_ms()).unwrap_or(0).max(1);
                    let _ = tokio::time::timeout(Duration::from_millis(ms), news).await;
                }
            }
        };
        pause(latency_ms.div_ceil(2)).await;
        match (fate.lose_response, fate.reset) {
            (true, _) => Err(ConnectionBroken::Unanswered),
            (_, true) => Err(ConnectionBroken::Midway(response)),
            _ => Ok(response),
        }
    }

    /// Has the world handle a call now, and wakes the parked calls if that made news.
    fn handle(&self, call: &Call, component: &str, request: &WireRequest, fate: &Fate) -> Handled {
        let mut world = self.world();
        let handled = world.handle(call, component, request, fate, self.now_ms());
        if let Handled::Response(response) = &handled {
            self.tell(&world, call, component, request, response);
        }
        if world.take_news() {
            self.changed.notify_waiters();
        }
        handled
    }

    /// Tells whoever looks on of a call that was handled.
    fn tell(
        &self,
        world: &World,
        call: &Call,
        component: &str,
        request: &WireRequest,
        response: &WireResponse,
    ) {
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(witness), Some(record)) = (witness.as_mut(), world.meter.last()) {
            witness.saw(&Seen { world, call, component, request, response, record });
        }
    }
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
