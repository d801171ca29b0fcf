//! Leadership of a loop: one worker of the fleet runs it at a time. Two at once (after a frozen
//! leader wakes up) do no harm: all they do is conditional.

use crate::fleet::Worker;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::retry;
use std::time::Duration;

/// What a loop that is led does in one pass: it returns when to run it next.
pub trait Pass {
    /// Runs once.
    fn pass(&mut self) -> impl Future<Output = anyhow::Result<EpochMs>> + Send;

    /// How long leadership of it lasts without renewal, where it usually lasts so long. A longer one
    /// costs fewer writes, of who leads and of who stands by, and a dead leader is missed for longer.
    fn leadership(&self, usual: Duration) -> Duration {
        usual
    }
}

/// Runs a loop while this worker leads it, and stands by while another does. Ends with the drain,
/// giving the lead back so that another takes over at once.
pub async fn run_led(worker: &Worker, name: &str, body: impl Pass) {
    tokio::select! {
        biased;
        () = worker.drain.cancelled() => {}
        () = lead_forever(worker, name, body) => {}
    }
    let now = worker.now_ms();
    if let Err(e) = worker.store.lead(name, &worker.id, now, now - 1).await {
        tracing::warn!(lease = name, error = %e, "could not give the lead back; it expires");
    }
}

async fn lead_forever(worker: &Worker, name: &str, mut body: impl Pass) {
    let (mut failures, mut next_pass) = (0, worker.now_ms());
    loop {
        let led = lead_once(worker, name, &mut body, &mut next_pass).await;
        let wait = match led {
            Ok(wait) => {
                failures = 0;
                wait
            }
            Err(e) => {
                failures += 1;
                tracing::warn!(lease = name, error = %format!("{e:#}"), "a pass failed");
                retry::LOOP.delay(failures, &worker.env.entropy)
            }
        };
        worker.clock().sleep(wait).await;
    }
}

/// Takes or renews the lead and runs the passes that fall due until it must be renewed; returns how
/// long to wait before that.
async fn lead_once(
    worker: &Worker,
    name: &str,
    body: &mut impl Pass,
    next_pass: &mut EpochMs,
) -> anyhow::Result<Duration> {
    let leadership = body.leadership(worker.settings.leadership);
    let (now, until) = (worker.now_ms(), worker.after(leadership));
    if worker.store.lead(name, &worker.id, now, until).await?.is_none() {
        return Ok(worker.env.entropy.jitter(leadership / 2));
    }
    // Passes go on under one lease until a third of it is over: a renewal costs a write.
    let renew_at = worker.after(leadership / 3);
    while *next_pass < renew_at {
        worker.clock().sleep(wait_until(worker, *next_pass)).await;
        *next_pass = body.pass().await?;
    }
    Ok(wait_until(worker, renew_at))
}

fn wait_until(worker: &Worker, at_ms: EpochMs) -> Duration {
    Duration::from_millis(u64::try_from(at_ms - worker.now_ms()).unwrap_or(0))
}
