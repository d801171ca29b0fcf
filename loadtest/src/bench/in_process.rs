//! The AWS SDK on the in-process door: what a simulation pays for one call. One thread, in virtual
//! time, through the fleet's own store and queues.

use super::empty::Empty;
use super::report::{Operations, Rate};
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use crate::sim::START_MS;
use anyhow::{Context, ensure};
use aurora_restore_local::clock::TokioNow;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::{Epoch, JobId};
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::queue::Sending;
use aurora_restore_shared::settings::Common;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;

/// Calls between two looks at the wall clock.
const BETWEEN_LOOKS: u64 = 64;

/// Calls per second, one after the other.
pub(super) fn measure(time: Duration) -> anyhow::Result<Operations> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(async {
        let now = Arc::new(TokioNow::starting_at(START_MS));
        let stage = Stage::set(now, Clock::starting_at(START_MS), 1).await?;
        operations(&stage, time).await
    })
}

/// Calls per second of the SDK when nobody handles them: building, signing, retry bookkeeping,
/// parsing.
pub(super) fn measure_sdk_alone(time: Duration) -> anyhow::Result<Rate> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(async {
        let clock = Clock::starting_at(START_MS);
        let (http, entropy) = (SharedHttpClient::new(Empty), Entropy::seeded(1));
        let env = Environment::in_process(http, clock, entropy, &Common::default(), "alone");
        let store = env.store();
        let id = JobId::keyed("bench", "alone");
        let renew = async |n| {
            ensure!(store.renew(id, Epoch(1), i64::try_from(n)?).await?, "nobody refuses it");
            Ok(())
        };
        repeat(time, renew).await
    })
}

async fn operations(stage: &Stage, time: Duration) -> anyhow::Result<Operations> {
    let job = stage.jobs.first().context("there is no job")?;
    let (store, queues) = (stage.env.store(), stage.env.queues(&job.region));
    let wake = WakeUp::new(job.id, job.seq);
    let send_message = repeat(time, async |n| {
        // Another deduplication id for each: none is folded into an earlier one.
        let sending = Sending { wake, dispatches: n + 1 };
        Ok(queues.send(job.priority, sending).await?)
    });
    let send_message = send_message.await?;
    let update_item = repeat(time, async |n| {
        let until_ms = START_MS + i64::try_from(n)?;
        ensure!(store.renew(job.id, job.epoch, until_ms).await?, "the lease is gone");
        Ok(())
    });
    let update_item = update_item.await?;
    let get_item = repeat(time, async |_| {
        store.state(job.id).await?.context("the job is gone")?;
        Ok(())
    });
    Ok(Operations { send_message, update_item, get_item: get_item.await? })
}

async fn repeat(
    time: Duration,
    mut call: impl AsyncFnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<Rate> {
    let watch = Stopwatch::start();
    let mut calls = 0;
    while watch.elapsed() < time {
        for _ in 0..BETWEEN_LOOKS {
            call(calls).await?;
            calls += 1;
        }
    }
    Ok(Rate::of(calls, watch.elapsed()))
}
