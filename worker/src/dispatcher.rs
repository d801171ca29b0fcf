//! The dispatcher: turns due jobs into wake-ups. Sends first and moves the due time after, so that
//! every due job is woken at least once.

use crate::fleet::{Worker, safety_interval};
use crate::leader::{Pass, run_led};
use aurora_restore_shared::clock::{EpochMs, as_ms};
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::queue::{BATCH, Sending};
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::DueJob;
use futures::future::join_all;
use std::time::Duration;

/// How many entries of the index are read at once: enough for a thousand wake-ups a second.
const PAGE: i32 = 200;

/// Dispatches one partition of a Region's `due` index while this worker leads it.
pub async fn run(worker: &Worker, region: &RegionName, shard: u8) {
    let name = format!("dispatcher#{region}#{shard}");
    run_led(worker, &name, Dispatcher { worker, region, shard }).await;
}

/// One partition.
pub struct Dispatcher<'a> {
    /// The worker that leads it.
    pub worker: &'a Worker,
    /// Its Region.
    pub region: &'a RegionName,
    /// Its number.
    pub shard: u8,
}

impl Pass for Dispatcher<'_> {
    async fn pass(&mut self) -> anyhow::Result<EpochMs> {
        let worker = self.worker;
        let jobs = worker.store.due_jobs(self.region, self.shard, PAGE).await?;
        let is_full = i32::try_from(jobs.len()).is_ok_and(|n| n >= PAGE);
        let now = worker.now_ms();
        let (due, later): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|j| j.due_at_ms <= now);
        let mut failed = None;
        for (_, priority) in Priority::ALL {
            let of_priority: Vec<&DueJob> = due.iter().filter(|j| j.priority == priority).collect();
            for batch in of_priority.chunks(BATCH) {
                // One queue that is out of reach does not hold back the others.
                if let Err(e) = self.dispatch(priority, batch).await {
                    failed = failed.or(Some(e));
                }
            }
        }
        if let Some(e) = failed {
            return Err(e);
        }
        if is_full && later.is_empty() {
            return Ok(worker.now_ms());
        }
        let longest = worker.now_ms() + as_ms(worker.settings.dispatch_sleep);
        Ok(later.first().map_or(longest, |next| next.due_at_ms.min(longest)))
    }
}

impl Dispatcher<'_> {
    async fn dispatch(&self, priority: Priority, batch: &[&DueJob]) -> anyhow::Result<()> {
        let worker = self.worker;
        let sending = |job: &&DueJob| Sending {
            wake: WakeUp::new(job.id, job.seq),
            dispatches: job.dispatches + 1,
        };
        let sendings: Vec<Sending> = batch.iter().map(sending).collect();
        let accepted = worker.queues(self.region).send_batch(priority, &sendings).await?;
        let sent = batch.iter().zip(accepted).filter(|(_, accepted)| *accepted);
        let moves = sent.map(|(job, _)| worker.store.move_due(job, worker.after(next_look(job))));
        for moved in join_all(moves).await {
            // Not moved: the job was claimed in between, and has a due time of its own now.
            moved?;
            worker.metrics.dispatched.inc();
        }
        Ok(())
    }
}

/// How long after its wake-up was sent a job is looked at again. The lease of a running job has just
/// run out, by this worker's clock: where the clock of whoever receives the wake-up is behind, it is
/// refused by the lease and deleted, so it is sent again soon, however often it was sent before.
fn next_look(job: &DueJob) -> Duration {
    safety_interval(if job.is_running { 0 } else { job.dispatches })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_restore_shared::ids::{JobId, Seq};

    #[test]
    fn a_job_whose_lease_has_run_out_is_looked_at_again_soon_however_often_it_was_dispatched() {
        let due = |is_running, dispatches| DueJob {
            id: JobId::keyed("a", "b"),
            seq: Seq(1),
            due_at_ms: 0,
            dispatches,
            priority: Priority::Low,
            is_running,
        };
        assert_eq!(next_look(&due(true, 9)), safety_interval(0));
        assert_eq!(next_look(&due(false, 9)), safety_interval(9));
        assert_eq!(next_look(&due(false, 1)), safety_interval(1));
    }
}
