//! What both doors are measured on: the fleet's own table and queues, with claimed jobs in them.

use crate::sim::the_drill;
use anyhow::{Context, bail};
use aurora_restore_local::clock::SharedNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aurora_restore_producer::init::init;
use aurora_restore_producer::submit::Submitter;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::{JobState, Lease};
use aurora_restore_shared::request::Request;
use aurora_restore_shared::settings::Common;
use aurora_restore_shared::store::ClaimOutcome;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// A prepared cloud.
#[derive(Debug)]
pub(super) struct Stage {
    /// The cloud: no latency, no faults.
    pub(super) cloud: Cloud,
    /// The outside world of a process on it.
    pub(super) env: Environment,
    /// Jobs, each claimed once.
    pub(super) jobs: Vec<JobState>,
}

impl Stage {
    /// Makes table, queues and jobs.
    pub(super) async fn set(now: SharedNow, clock: Clock, jobs: u16) -> anyhow::Result<Self> {
        let world = World::new(WorldSettings::default(), Box::new(NoData));
        let cloud = Cloud::new(world, now);
        let http = SharedHttpClient::new(LocalTransport::new(cloud.clone(), "bench"));
        let entropy = Entropy::seeded(1);
        let env = Environment::in_process(http, clock, entropy, &Common::default(), "bench");
        init(&env, &[]).await?;
        let submitter = Submitter::new(&env);
        let mut claimed = Vec::new();
        for n in 0..jobs {
            let id = submitter.submit(&request(n)?).await?.id;
            claimed.push(claim(&env, id).await?);
        }
        Ok(Self { cloud, env, jobs: claimed })
    }
}

fn request(n: u16) -> anyhow::Result<Request> {
    let mut request = the_drill();
    let target = format!("bench-{n}");
    request.target.cluster = target.parse().ok().context("not the name of a cluster")?;
    request.idempotency_key = Some(target);
    Ok(request)
}

async fn claim(env: &Environment, id: JobId) -> anyhow::Result<JobState> {
    let store = env.store();
    let state = store.state(id).await?.context("the submitted job has no state")?;
    let now_ms = env.clock.now_ms();
    let owner = "bench".parse().ok().context("not the name of a worker")?;
    let lease = Lease { owner, until_ms: now_ms + 60_000 };
    match store.claim(id, state.seq, &lease, "bench", now_ms).await? {
        ClaimOutcome::Claimed(state) => Ok(*state),
        refused => bail!("the job cannot be claimed: {refused:?}"),
    }
}
