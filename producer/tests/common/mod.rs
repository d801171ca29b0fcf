//! A local cloud in process, in virtual time, and a producer's environment on it.
#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]
#![expect(dead_code, reason = "every test file uses another part of these helpers")]

use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aurora_restore_producer::init::init;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::ids::{JobId, Seq};
use aurora_restore_shared::job::{Ending, FailedAt, JobState, Lease, StepState, StepStatus};
use aurora_restore_shared::message::{DeadLetter, WakeUp};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::queue::Queues;
use aurora_restore_shared::request::{Priority, Request};
use aurora_restore_shared::settings::Common;
use aurora_restore_shared::store::{ClaimOutcome, CommitOutcome};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// When virtual time starts: 2027-01-15T08:00:00Z.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

const DRILL: &str = include_str!("../../../examples/drill.json");

/// The example of a drill.
pub(crate) fn drill() -> Request {
    Request::parse(DRILL).unwrap()
}

/// The same under another key (or none).
pub(crate) fn drill_with_key(key: Option<&str>) -> Request {
    Request { idempotency_key: key.map(str::to_owned), ..drill() }
}

/// A local cloud and a producer's environment on it.
pub(crate) struct Lab {
    pub(crate) cloud: Cloud,
    pub(crate) env: Environment,
}

impl Lab {
    /// An empty cloud: calls take 2 ms, so that each is suspended on its way there and back.
    pub(crate) fn empty() -> Self {
        let settings = WorldSettings { latency_ms: (2, 2), ..WorldSettings::default() };
        let world = World::new(settings, Box::new(NoData));
        let cloud = Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS)));
        let http = SharedHttpClient::new(LocalTransport::new(cloud.clone(), "producer"));
        let (clock, entropy) = (Clock::starting_at(START_MS), Entropy::seeded(7));
        let env = Environment::in_process(http, clock, entropy, &Common::default(), "producer");
        Self { cloud, env }
    }

    /// The environment of another process: it knows no queue's address yet.
    pub(crate) fn new_process(&self) -> Environment {
        let http = SharedHttpClient::new(LocalTransport::new(self.cloud.clone(), "producer"));
        let (clock, entropy) = (self.env.clock, Entropy::seeded(8));
        Environment::in_process(http, clock, entropy, &Common::default(), "producer")
    }

    /// One with table and queues.
    pub(crate) async fn ready() -> Self {
        let lab = Self::empty();
        init(&lab.env, &[]).await.unwrap();
        lab
    }

    /// Loses the responses of the next `limit` calls of an operation.
    pub(crate) fn lose_responses(&self, operation: &str, limit: u64) {
        let rule = FaultRule::on(operation, FaultKind::LostResponse, limit);
        self.cloud.world().faults.add(rule);
    }

    /// How often the rule that was added first has fired.
    pub(crate) fn fired(&self) -> u64 {
        self.cloud.world().faults.rules()[0].fired
    }

    /// How many calls of an operation there were.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        let world = self.cloud.world();
        let of = world.meter.totals().iter().filter(|((_, name), _)| name == operation);
        of.map(|(_, totals)| totals.calls).sum()
    }

    pub(crate) fn queues(&self) -> Queues {
        self.env.queues(&self.env.common.region)
    }

    /// All wake-ups in the queues, read until there is none left.
    pub(crate) async fn wake_ups(&self) -> Vec<WakeUp> {
        let mut found = Vec::new();
        for (_, priority) in Priority::ALL {
            loop {
                let received = self.queues().receive(priority, 10, 0, 3_600).await.unwrap();
                if received.is_empty() {
                    break;
                }
                for message in received {
                    found.push(WakeUp::parse(&message.body).unwrap());
                    self.queues().delete(&message).await.unwrap();
                }
            }
        }
        found
    }

    pub(crate) async fn state(&self, id: JobId) -> JobState {
        self.env.store().state(id).await.unwrap().unwrap()
    }

    /// All jobs there are.
    pub(crate) async fn job_count(&self) -> usize {
        let now_ms = self.env.clock.now_ms();
        self.env.store().newest_jobs(now_ms, 1, 100).await.unwrap().len()
    }

    pub(crate) async fn claim(&self, id: JobId, seq: Seq) -> JobState {
        let now_ms = self.env.clock.now_ms();
        let lease = Lease { owner: "worker-1".parse().unwrap(), until_ms: now_ms + 30_000 };
        let claim = self.env.store().claim(id, seq, &lease, "token", now_ms).await.unwrap();
        let ClaimOutcome::Claimed(state) = claim else { panic!("{claim:?}") };
        *state
    }

    pub(crate) async fn commit(&self, claimed: &JobState, next: &JobState) {
        let outcome = self.env.store().commit(claimed, next).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Stored);
    }

    /// Does what a worker does to a job whose role lacks a right.
    pub(crate) async fn park(&self, id: JobId) -> JobState {
        let state = self.state(id).await;
        let claimed = self.claim(id, state.seq).await;
        let text = "restoring the cluster: AccessDenied: not authorized";
        let failure = Failure::new(FailureKind::NeedsPerson, FailureCode::AccessDenied, text);
        let failed_at = FailedAt { step: Some(StepName::RestoreCluster), failure };
        let now_ms = self.env.clock.now_ms();
        let parked =
            claimed.commit(Ending::Park { failed_at, due_at_ms: now_ms + 900_000 }, now_ms);
        self.commit(&claimed, &parked).await;
        parked
    }

    /// Does what a worker does to a job that fails at `create_instances`; its dead letter is sent,
    /// but not yet known to be.
    pub(crate) async fn fail(&self, id: JobId) -> JobState {
        let state = self.state(id).await;
        let claimed = self.claim(id, state.seq).await;
        let now_ms = self.env.clock.now_ms();
        let mut ticked = claimed.clone();
        for (name, status) in [
            (StepName::ResolveSource, StepStatus::Done),
            (StepName::CheckTarget, StepStatus::Done),
            (StepName::RestoreCluster, StepStatus::Done),
            (StepName::CreateInstances, StepStatus::Failed),
        ] {
            let attempts = if status == StepStatus::Failed { 3 } else { 0 };
            ticked.steps.insert(name, StepState { status, attempts, ..StepState::started(now_ms) });
        }
        let failure = Failure::permanent(FailureCode::CapacityShort, "no db.r6g.large left");
        let failed_at = FailedAt { step: Some(StepName::CreateInstances), failure };
        let due_at_ms = now_ms + 60_000;
        let ending = Ending::Fail { failed_at: failed_at.clone(), due_at_ms };
        let failed = ticked.commit(ending, now_ms);
        self.commit(&claimed, &failed).await;
        let letter =
            DeadLetter::of_job(id, claimed.seq, Some("create_instances"), &failed_at.failure);
        let deduplication = format!("{id}:{}", claimed.seq);
        self.queues().send_dead_letter(&letter, &id.to_string(), &deduplication).await.unwrap();
        failed
    }

    /// The same, and the dead letter is known to be sent.
    pub(crate) async fn fail_for_good(&self, id: JobId) {
        let failed = self.fail(id).await;
        let claimed = self.claim(id, failed.seq).await;
        self.commit(&claimed, &claimed.letter_sent()).await;
    }

    /// How many dead letters there are.
    pub(crate) async fn dead_letters(&self) -> u64 {
        self.queues().depths().await.unwrap()[&self.queues().dead_letter_name()]
    }
}

/// Polls a future until it is suspended for the `n`th time (from 0) and drops it there: a crash.
/// `Some` when it was ready before.
pub(crate) async fn dropped_at<F: Future>(n: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut suspended = 0;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if suspended == n => Poll::Ready(None),
        Poll::Pending => {
            suspended += 1;
            Poll::Pending
        }
    })
    .await
}
