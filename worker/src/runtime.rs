//! Owns all tasks of a worker: starts them, and ends them when the drain is told. Dropping the
//! future of [`run`] ends them all where they stand, as a crash would.

use crate::fleet::Worker;
use crate::room::Room;
use crate::{dispatcher, http, observer, poller};
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::Store;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Runs a worker until `worker.drain` is cancelled and everything it holds is handed back, or the
/// drain time is over. Says whether everything was handed back.
pub async fn run(worker: Arc<Worker>, listener: Option<TcpListener>) -> bool {
    let mut tasks = JoinSet::new();
    let room = Room::new(worker.settings.capacity);
    for region in worker.regions() {
        for (_, priority) in Priority::ALL {
            let (worker, room) = (Arc::clone(&worker), Arc::clone(&room));
            tasks.spawn(poller::run(worker, region.clone(), priority, room));
        }
        for shard in 0..Store::DUE_SHARDS {
            let (worker, region) = (Arc::clone(&worker), region.clone());
            tasks.spawn(async move { dispatcher::run(&worker, &region, shard).await });
        }
    }
    for (account, region) in worker.places.clone() {
        let worker = Arc::clone(&worker);
        tasks.spawn(async move { observer::run(&worker, &account, &region).await });
    }
    if let Some(listener) = listener {
        let serving = Arc::clone(&worker);
        tasks.spawn(async move {
            if let Err(e) = http::serve(serving, listener).await {
                tracing::error!(error = %e, "the HTTP pages ended");
            }
        });
    }
    worker.drain.cancelled().await;
    let all = async { while tasks.join_next().await.is_some() {} };
    let drained = tokio::time::timeout(worker.settings.drain, all).await.is_ok();
    if !drained {
        tracing::warn!("the drain time is over; leases of what is left run out by themselves");
    }
    drained
}
