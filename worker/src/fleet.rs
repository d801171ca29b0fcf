//! What the tasks of one worker share.

use crate::database::Databases;
use crate::metrics::Metrics;
use crate::settings::Settings;
use aurora_restore_shared::clock::{Clock, EpochMs, as_ms};
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::{Environment, WakeError};
use aurora_restore_shared::ids::{AccountId, Epoch, JobId, RegionName, Seq, WorkerId};
use aurora_restore_shared::queue::{QueueResult, Queues};
use aurora_restore_shared::store::{Store, StoreResult};
use aurora_restore_shared::watch::Watch;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// One worker: its settings, its clients, its name. Shared by all its tasks.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Its name.
    pub id: WorkerId,
    /// The account that its own credentials belong to.
    pub account: AccountId,
    /// Its settings.
    pub settings: Settings,
    /// Its outside world.
    pub env: Environment,
    /// The table.
    pub store: Store,
    /// The accounts and Regions whose resources it can observe.
    pub places: BTreeSet<(AccountId, RegionName)>,
    /// How it reaches databases.
    pub databases: Arc<dyn Databases>,
    /// What it counts.
    pub metrics: Metrics,
    /// Told to stop: take nothing new, hand back what is not finished.
    pub drain: CancellationToken,
}

impl Worker {
    /// A worker in an account.
    #[must_use]
    pub fn new(
        env: Environment,
        account: AccountId,
        settings: Settings,
        databases: Arc<dyn Databases>,
    ) -> Self {
        let id = settings.worker_id.clone().unwrap_or_else(|| draw_id(&env.entropy));
        let env = env.acting_as(id.as_str());
        Self {
            id,
            store: env.store(),
            places: settings.common.watched_places(&account),
            account,
            databases,
            metrics: Metrics::default(),
            drain: CancellationToken::new(),
            settings,
            env,
        }
    }

    /// The Regions it serves.
    #[must_use]
    pub fn regions(&self) -> &[RegionName] {
        &self.settings.common.regions
    }

    /// The queues of a Region.
    #[must_use]
    pub fn queues(&self, region: &RegionName) -> Queues {
        self.env.queues(region)
    }

    /// Checks that the queues of every Region it serves are there.
    ///
    /// # Errors
    /// That of the first Region whose queues are not.
    pub async fn check_queues(&self) -> QueueResult<()> {
        for region in self.regions() {
            self.queues(region).check().await?;
        }
        Ok(())
    }

    /// Whether workers with these settings observe what a job waits for; else it must look itself.
    #[must_use]
    pub fn observes(&self, watch: &Watch) -> bool {
        self.places.contains(&(watch.account.clone(), watch.region.clone()))
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.env.clock
    }

    /// The present moment.
    #[must_use]
    pub fn now_ms(&self) -> EpochMs {
        self.env.clock.now_ms()
    }

    /// The present moment and so much later.
    #[must_use]
    pub fn after(&self, time: Duration) -> EpochMs {
        self.now_ms() + as_ms(time)
    }

    /// Wakes a waiting job. `false`: the job does not wait (any more).
    ///
    /// # Errors
    /// When the table or queue is missing or AWS refuses.
    pub async fn wake(&self, id: JobId, seq: Option<Seq>) -> Result<bool, WakeError> {
        Ok(self.env.wake(&self.store, id, seq).await?.is_some())
    }

    /// Gives a target's slot back, as a tick of `epoch`, and wakes the jobs that are granted it by that.
    ///
    /// # Errors
    /// When the table is missing or AWS refuses.
    pub async fn release_target(&self, slot: &str, job: JobId, epoch: Epoch) -> StoreResult<()> {
        let granted = self.store.release_slot(slot, job, epoch, self.now_ms(), 1).await?;
        for id in granted {
            // Its own due time covers it if this fails.
            if let Err(e) = self.wake(id, None).await {
                tracing::warn!(job = %id, error = %e, "could not wake the next holder of a slot");
            }
        }
        Ok(())
    }
}

fn draw_id(entropy: &Entropy) -> WorkerId {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "worker".into());
    let host: String = host.chars().take(64).collect();
    let name = format!("{host}-{}", &entropy.token()[..8]);
    name.parse().expect("the name is neither empty nor longer than 128 characters")
}

/// When a job is looked at again after its wake-up was sent `dispatches` times: 60 s, 5 min,
/// 30 min, 2 h, then every 6 h.
#[must_use]
pub fn safety_interval(dispatches: u64) -> Duration {
    let seconds = match dispatches {
        0 => 60,
        1 => 300,
        2 => 1_800,
        3 => 7_200,
        _ => 21_600,
    };
    Duration::from_secs(seconds)
}
