//! A local cloud in process, in virtual time, and workers on it that do nothing by themselves.

use crate::database::SqlDatabases;
use crate::fleet::Worker;
use crate::settings::Settings;
use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aurora_restore_shared::clock::{Clock, EpochMs};
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::facts::SourceFacts;
use aurora_restore_shared::ids::{Epoch, JobId, Seq};
use aurora_restore_shared::job::{JobState, Lease, StepState, StepStatus};
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::plan::{self, Plan, StepName};
use aurora_restore_shared::request::{Priority, Request};
use aurora_restore_shared::settings::Common;
use aurora_restore_shared::store::{ClaimOutcome, Spec};
use aws_sdk_rds::config::SharedHttpClient;
use std::sync::Arc;
use std::time::Duration;

/// When virtual time starts: 2026-11-22T00:00:00Z.
pub(crate) const START_MS: EpochMs = 1_795_305_600_000;

/// How long a job waits before the dispatcher looks at it for the first time.
pub(crate) const FIRST_MS: EpochMs = 60_000;

/// The request of all jobs here.
pub(crate) fn request() -> Request {
    Request::parse(include_str!("../../../examples/drill.json")).unwrap()
}

/// A plan of it.
pub(crate) fn plan() -> Plan {
    let facts = SourceFacts {
        snapshot_id: "orders-prod-nightly".into(),
        engine: "aurora-postgresql".into(),
        engine_version: "15.10".into(),
        ..SourceFacts::default()
    };
    plan::plan(&request(), &facts).unwrap()
}

/// A job of a number, as it is accepted now.
pub(crate) fn job(worker: &Worker, n: u32, priority: Priority) -> JobState {
    let id = JobId::keyed("lab", &n.to_string());
    let region = worker.settings.common.region.clone();
    JobState::accepted(id, region, priority, worker.now_ms(), FIRST_MS)
}

/// What it was accepted with.
pub(crate) fn spec(job: &JobState) -> Spec {
    let request = request();
    Spec {
        id: job.id,
        hash: request.hash(),
        request,
        submitted_by: "arn:aws:iam::111111111111:root".into(),
        created_at_ms: job.created_at_ms,
        aftercare: None,
        set: None,
    }
}

/// A local cloud with table and queues.
pub(crate) struct Lab {
    pub(crate) cloud: Cloud,
    clock: Clock,
}

impl Lab {
    pub(crate) async fn ready() -> Self {
        let world = World::new(WorldSettings::default(), Box::new(NoData));
        let cloud = Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS)));
        let lab = Self { cloud, clock: Clock::starting_at(START_MS) };
        let setup = lab.worker("setup");
        setup.store.create_table().await.unwrap();
        setup.queues(&Common::default().region).create().await.unwrap();
        lab
    }

    /// A worker of this name.
    pub(crate) fn worker(&self, name: &str) -> Worker {
        let common = Common::default();
        let http = SharedHttpClient::new(LocalTransport::new(self.cloud.clone(), name));
        let env = Environment::in_process(http, self.clock, Entropy::seeded(1), &common, name);
        let account = common.local_account.clone();
        let settings = Settings { worker_id: name.parse().ok(), ..Settings::defaults(common) };
        Worker::new(env, account, settings, Arc::new(SqlDatabases::new(None)))
    }

    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// How often a worker has called an operation.
    pub(crate) fn calls(&self, worker: &str, operation: &str) -> usize {
        let world = self.cloud.world();
        let of_worker = world.meter.recent().filter(|call| call.component == worker);
        of_worker.filter(|call| call.operation == operation).count()
    }

    /// Answers the next calls of an operation badly.
    pub(crate) fn fault(&self, operation: &str, fault: FaultKind, limit: u64) {
        self.cloud.world().faults.add(FaultRule::on(operation, fault, limit));
    }

    /// Stores a job, and its request.
    pub(crate) async fn put(&self, worker: &Worker, job: &JobState) {
        worker.store.put_spec(&spec(job)).await.unwrap();
        assert!(worker.store.put_state(job).await.unwrap());
    }

    /// Stores a job whose plan is made and which comes to `check_target` next.
    pub(crate) async fn put_planned(
        &self,
        worker: &Worker,
        job: &JobState,
        plan: &Plan,
    ) -> JobState {
        let mut planned = JobState { plan_epoch: Some(Epoch(0)), ..job.clone() };
        let done = StepState { status: StepStatus::Done, ..StepState::started(worker.now_ms()) };
        planned.steps.insert(StepName::ResolveSource, done);
        worker.store.put_plan(job.id, Epoch(0), plan).await.unwrap();
        self.put(worker, &planned).await;
        planned
    }

    /// Claims a job as a worker does whose token is its name.
    pub(crate) async fn claim(&self, worker: &Worker, id: JobId, seq: Seq) -> JobState {
        let now = worker.now_ms();
        let lease =
            Lease { owner: worker.id.clone(), until_ms: worker.after(worker.settings.lease) };
        match worker.store.claim(id, seq, &lease, worker.id.as_str(), now).await.unwrap() {
            ClaimOutcome::Claimed(job) => *job,
            refused => panic!("{refused:?}"),
        }
    }

    pub(crate) async fn state(&self, worker: &Worker, id: JobId) -> JobState {
        worker.store.state(id).await.unwrap().unwrap()
    }

    /// The wake-ups that lie in the queue of a priority; they are taken out.
    pub(crate) async fn wake_ups(&self, worker: &Worker, priority: Priority) -> Vec<WakeUp> {
        let mut found = Vec::new();
        let queues = worker.queues(&worker.settings.common.region);
        loop {
            let messages = queues.receive(priority, 10, 0, 3_600).await.unwrap();
            if messages.is_empty() {
                return found;
            }
            for message in messages {
                queues.delete(&message).await.unwrap();
                found.push(WakeUp::parse(&message.body).unwrap());
            }
        }
    }
}
