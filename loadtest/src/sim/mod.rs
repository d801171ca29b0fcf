//! The whole fleet in one thread and in virtual time, against the in-process door of the local
//! cloud: real SDK calls, hours in milliseconds, one seed.

mod audit;
mod databases;
mod others;
pub mod scene;
mod source;
pub mod suspend;
pub mod two_accounts;
mod webhooks;

pub use audit::{Cost, cost_of, last_call};
pub use databases::{Ran, SimDatabases, Volume, VolumeConnection, VolumeUser, Volumes};
pub use source::masking;
pub use webhooks::{Inbox, Told};

use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::{Direct, LocalTransport, Network};
use aurora_restore_local::world::World;
use aurora_restore_producer::submit::submit;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::{JobState, Status};
use aurora_restore_shared::request::{Keep, Request};
use aurora_restore_shared::settings::Common;
use aurora_restore_worker::fleet::Worker;
use aurora_restore_worker::runtime;
use aurora_restore_worker::settings::Settings;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// When virtual time starts: 2026-11-22T00:00:00Z.
pub const START_MS: i64 = 1_795_305_600_000;

const DRILL: &str = include_str!("../../../examples/drill.json");

/// The request that most tests submit: the example, but what it makes is kept.
///
/// # Panics
/// When the example is not a request.
#[must_use]
pub fn the_drill() -> Request {
    let drill = Request::parse(DRILL).expect("the example is a request");
    Request { keep: Keep::default(), ..drill }
}

/// A virtual cloud with a fleet on it. Needs a current-thread tokio runtime in paused time.
#[derive(Debug)]
pub struct Sim {
    /// The local cloud.
    pub cloud: Cloud,
    /// Virtual time.
    pub clock: Clock,
    /// What is in its databases beyond their data.
    pub volumes: Volumes,
    /// Those who are told by webhook.
    pub inbox: Inbox,
    common: Common,
    draws: AtomicU64,
}

/// A worker that runs on tasks of its own until it is killed or drained.
#[derive(Debug)]
pub struct Running {
    /// The worker.
    pub worker: Arc<Worker>,
    task: JoinHandle<bool>,
}

impl Running {
    /// Ends it where it stands, as SIGKILL does.
    pub async fn kill(self) {
        self.task.abort();
        // The task is gone, or ends by the abort: both are what was asked for.
        drop(self.task.await);
    }

    /// Tells it to stop, as SIGTERM does, and waits; says whether everything was handed back.
    pub async fn drain(self) -> bool {
        self.worker.drain.cancel();
        self.task.await.unwrap_or(false)
    }
}

impl Sim {
    /// A cloud with tables and queues, and the cluster `orders-prod` with one instance, an available
    /// snapshot and the secrets of the examples.
    ///
    /// # Errors
    /// When the cloud refuses one of the calls: a fault of the test.
    pub async fn prepared(seed: u64) -> anyhow::Result<Self> {
        Self::prepared_in(Self::settings_of_world(seed)).await
    }

    /// The same in a cloud with settings of its own.
    ///
    /// # Errors
    /// When the cloud refuses one of the calls: a fault of the test.
    pub async fn prepared_in(settings: WorldSettings) -> anyhow::Result<Self> {
        let sim = Self::empty_in(settings);
        let env = sim.env("setup");
        aurora_restore_producer::init::init(&env, &[]).await?;
        sim.make_source(&env, &sim.common.region).await?;
        Ok(sim)
    }

    /// Changes the settings of every process that is made from now on.
    pub fn settle(&mut self, change: impl FnOnce(&mut Common)) {
        change(&mut self.common);
    }

    /// An empty cloud.
    #[must_use]
    pub fn empty(seed: u64) -> Self {
        Self::empty_in(Self::settings_of_world(seed))
    }

    /// The settings of the cloud of a test: calls take a few milliseconds, and all are kept.
    #[must_use]
    pub fn settings_of_world(seed: u64) -> WorldSettings {
        WorldSettings { seed, latency_ms: (2, 12), keep_calls: 1_000_000, ..Default::default() }
    }

    fn empty_in(settings: WorldSettings) -> Self {
        let seed = settings.seed;
        // The SDK draws retry jitter and invocation ids from this thread's generator.
        fastrand::seed(seed);
        let world = World::new(settings, Box::new(NoData));
        let cloud = Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS)));
        let clock = Clock::starting_at(START_MS);
        let (volumes, inbox, common) = (Volumes::default(), Inbox::default(), Common::default());
        Self { cloud, clock, volumes, inbox, common, draws: AtomicU64::new(seed << 16) }
    }

    /// The way of a worker to its databases.
    #[must_use]
    pub fn databases(&self) -> SimDatabases {
        SimDatabases::new(self.cloud.clone(), self.volumes.clone())
    }

    /// The settings of every process.
    #[must_use]
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// Account and Region.
    #[must_use]
    pub fn place(&self) -> (String, String) {
        (self.common.local_account.to_string(), self.common.region.to_string())
    }

    /// The state of a job as the item in the table, in the typed JSON of the wire. No call is made.
    #[must_use]
    pub fn raw_state(&self, job: JobId) -> Option<Value> {
        let (account, region) = self.place();
        let key = (&*format!("job#{job}"), "state");
        self.cloud.world().dynamodb.item(&account, &region, &self.common.table, key)
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// The outside world of a process of this name.
    #[must_use]
    pub fn env(&self, process: &str) -> Environment {
        self.env_by(process, self.clock, Arc::new(Direct))
    }

    /// The same, behind a network.
    #[must_use]
    pub fn env_through(&self, process: &str, network: Arc<dyn Network>) -> Environment {
        self.env_by(process, self.clock, network)
    }

    fn env_by(&self, process: &str, clock: Clock, network: Arc<dyn Network>) -> Environment {
        self.env_of(&self.common, process, clock, network)
    }

    fn env_of(
        &self,
        common: &Common,
        process: &str,
        clock: Clock,
        network: Arc<dyn Network>,
    ) -> Environment {
        let n = self.draws.fetch_add(1, Ordering::Relaxed);
        let transport = LocalTransport::through(self.cloud.clone(), process, network);
        // A retry budget per process and run: the SDK keeps them by name for the whole test binary.
        let name = format!("{process}-{n}");
        let http = SharedHttpClient::new(transport);
        let env = Environment::in_process(http, clock, Entropy::seeded(n), common, &name);
        env.telling_by(self.inbox.webhooks())
    }

    /// The settings of a test's worker.
    #[must_use]
    pub fn settings(&self, name: &str) -> Settings {
        let mut settings = Settings::defaults(self.common.clone());
        settings.worker_id = name.parse().ok();
        settings
    }

    /// A worker that does nothing by itself.
    #[must_use]
    pub fn worker(&self, name: &str) -> Worker {
        self.worker_with(self.settings(name))
    }

    /// A worker with settings of its own that does nothing by itself.
    #[must_use]
    pub fn worker_with(&self, settings: Settings) -> Worker {
        self.worker_by(settings, self.clock)
    }

    fn worker_by(&self, settings: Settings, clock: Clock) -> Worker {
        let name = settings.worker_id.as_ref().map_or("worker", |id| id.as_str()).to_owned();
        let account = self.common.local_account.clone();
        let databases = Arc::new(self.databases());
        Worker::new(self.env_by(&name, clock, Arc::new(Direct)), account, settings, databases)
    }

    /// A running worker.
    #[must_use]
    pub fn start(&self, name: &str) -> Running {
        self.start_with(self.settings(name))
    }

    /// A running worker that is not meant to drain: with the longest polls there are, because empty
    /// receives are most of what a simulated hour costs to run.
    #[must_use]
    pub fn start_undrained(&self, name: &str) -> Running {
        self.start_with(Settings { poll_wait_seconds: 20, ..self.settings(name) })
    }

    /// A running worker whose clock is ahead.
    #[must_use]
    pub fn start_skewed(&self, name: &str, ahead: Duration) -> Running {
        let skew_ms = aurora_restore_shared::clock::as_ms(ahead);
        self.launch(self.settings(name), self.clock.skewed_by(skew_ms))
    }

    /// A running worker with settings of its own.
    #[must_use]
    pub fn start_with(&self, settings: Settings) -> Running {
        self.launch(settings, self.clock)
    }

    #[expect(clippy::disallowed_methods, reason = "a simulated process: owned by what is returned")]
    fn launch(&self, settings: Settings, clock: Clock) -> Running {
        let worker = Arc::new(self.worker_by(settings, clock));
        let task = tokio::spawn(runtime::run(Arc::clone(&worker), None));
        Running { worker, task }
    }

    /// The drill request with other names, so that several can run side by side.
    ///
    /// # Panics
    /// When the test names no cluster.
    #[must_use]
    pub fn drill(&self, target: &str) -> Request {
        let mut request = the_drill();
        request.idempotency_key = Some(target.to_owned());
        request.target.cluster = target.parse().expect("the test names a cluster");
        request
    }

    /// Submits a request.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn submit(&self, request: &Request) -> anyhow::Result<JobId> {
        Ok(submit(&self.env("submitter"), request).await?.id)
    }

    /// The state of a job.
    ///
    /// # Errors
    /// When there is none.
    pub async fn state(&self, id: JobId) -> anyhow::Result<JobState> {
        let state = self.env("reader").store().state(id).await?;
        state.ok_or_else(|| anyhow::anyhow!("no job {id}"))
    }

    /// Waits until all jobs have ended and their dead letters are sent; the error says where they
    /// stand when `most` of virtual time has passed.
    ///
    /// # Errors
    /// When a job has not ended by then.
    pub async fn until_ended(
        &self,
        jobs: &[JobId],
        most: Duration,
    ) -> anyhow::Result<Vec<JobState>> {
        let end = self.clock.now_ms() + aurora_restore_shared::clock::as_ms(most);
        loop {
            let mut states = Vec::new();
            for id in jobs {
                states.push(self.state(*id).await?);
            }
            if states.iter().all(|s| s.status.is_ended() && !s.letter_pending) {
                return Ok(states);
            }
            anyhow::ensure!(self.clock.now_ms() < end, "not ended: {states:#?}");
            self.pass(Duration::from_secs(10)).await;
        }
    }

    /// Waits until all jobs have succeeded.
    ///
    /// # Errors
    /// When one has not by then.
    pub async fn until_succeeded(&self, jobs: &[JobId], most: Duration) -> anyhow::Result<()> {
        let states = self.until_ended(jobs, most).await?;
        let good = states.iter().all(|s| s.status == Status::Succeeded);
        anyhow::ensure!(good, "not succeeded: {states:#?}");
        Ok(())
    }

    /// The codes of the failures that a job met.
    ///
    /// # Errors
    /// When its events cannot be read.
    pub async fn codes(&self, job: JobId) -> anyhow::Result<Vec<String>> {
        let events = self.env("reader").store().events(job).await?;
        let entries = events.into_iter().flat_map(|event| event.entries);
        Ok(entries.filter_map(|mut entry| entry.details.remove("code")).collect())
    }

    /// The identifiers of clusters that carry the tag of a job.
    #[must_use]
    pub fn clusters_of(&self, job: JobId) -> Vec<String> {
        let world = self.cloud.world();
        let job = job.to_string();
        let ours = world.rds.clusters().filter(|(_, c)| {
            c.tags.get(aurora_restore_worker::rds::JOB_TAG).is_some_and(|id| *id == job)
        });
        ours.map(|(_, c)| c.identifier.clone()).collect()
    }

    /// How often an operation was called and had its effect.
    #[must_use]
    pub fn effects(&self, operation: &str) -> usize {
        let world = self.cloud.world();
        world.meter.recent().filter(|c| c.operation == operation && c.outcome == "ok").count()
    }
}
