//! The poller: one long poll per Region and priority, each only while there is room for what it may
//! bring.

use crate::fleet::Worker;
use crate::room::Room;
use crate::tick;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::queue::Received;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::retry;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// A tick whose store or queue does not answer leaves its message; this long after, it may be
/// received again.
const AGAIN_SECONDS: i32 = 15;

/// How long a tick that is being handed back may take beyond the receive that is under way.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Polls a Region's queue of one priority until the drain. A receive that is under way is waited for: what
/// it brings would be invisible to all for a lease. Its ticks are its own: they end with it.
pub async fn run(worker: Arc<Worker>, region: RegionName, priority: Priority, room: Arc<Room>) {
    let queues = worker.queues(&region);
    let visibility = tick::visibility_seconds(worker.settings.lease);
    let mut ticks = JoinSet::new();
    let mut failures = 0;
    while !worker.drain.is_cancelled() {
        while ticks.try_join_next().is_some() {}
        let place = tokio::select! {
            biased;
            () = worker.drain.cancelled() => break,
            place = room.take(priority) => place,
        };
        let wait = worker.settings.poll_wait_seconds;
        match queues.receive(priority, 1, wait, visibility).await {
            Ok(messages) => {
                failures = 0;
                let Some(message) = messages.into_iter().next() else { continue };
                worker.metrics.messages.inc();
                let worker = Arc::clone(&worker);
                ticks.spawn(async move {
                    handle(&worker, &message).await;
                    drop(place);
                });
            }
            Err(e) => {
                failures += 1;
                let priority = priority.as_str();
                tracing::warn!(%region, priority, error = %e, "could not receive");
                rest(&worker, failures).await;
            }
        }
    }
    while ticks.join_next().await.is_some() {}
}

async fn rest(worker: &Worker, failures: u32) {
    let wait = retry::LOOP.delay(failures, &worker.env.entropy);
    tokio::select! {
        () = worker.drain.cancelled() => {}
        () = worker.clock().sleep(wait) => {}
    }
}

/// Handles one message; one that came while the worker stops is given back at once.
async fn handle(worker: &Worker, message: &Received) {
    if worker.drain.is_cancelled() {
        give_back(worker, message, 0).await;
        return;
    }
    worker.metrics.running.inc();
    let started = worker.now_ms();
    match tick::handle(worker, message).await {
        Ok(end) => worker.metrics.tick_ended(end.as_str()),
        Err(e) => {
            tracing::error!(error = %format!("{e:#}"), "a tick did not end; its job comes again");
            worker.metrics.tick_ended("error");
            give_back(worker, message, AGAIN_SECONDS).await;
        }
    }
    let seconds = (worker.now_ms() - started) as f64 / 1000.0;
    worker.metrics.tick_seconds.observe(seconds);
    worker.metrics.running.dec();
}

async fn give_back(worker: &Worker, message: &Received, seconds: i32) {
    let queues = worker.queues(&message.region);
    let giving = queues.change_visibility(message, seconds);
    match tokio::time::timeout(LAST_WORDS, giving).await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => tracing::debug!(error = %e, "could not give a message back"),
        Err(_) => tracing::debug!("no time to give a message back"),
    }
}
