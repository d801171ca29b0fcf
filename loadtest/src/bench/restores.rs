//! Whole restores in virtual time: how fast they are simulated, and what each of them costs.

use super::report::{PerRestore, Restores};
use super::stopwatch::Stopwatch;
use crate::sim::{Cost, Sim, cost_of};
use anyhow::{Context, ensure};
use aurora_restore_shared::job::{JobState, Status};
use std::time::Duration;
use tokio::runtime::Builder;

const WORKERS: u16 = 3;
const JOBS: u16 = 20;

/// Time between two looks at the jobs: the looks are part of the wall time, so there are few.
const LOOK: Duration = Duration::from_secs(300);

/// All jobs have ended by then.
const LOOKS: usize = 100;

/// The name by which [`Sim::state`] looks at jobs.
const ONLOOKER: &str = "reader";

/// Restores simulated per second, and their cost.
pub(super) fn measure() -> anyhow::Result<Restores> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(async {
        let sim = Sim::prepared(1).await?;
        let workers: Vec<_> = (1..=WORKERS).map(|n| sim.start(&format!("w{n}"))).collect();
        sim.pass(Duration::from_secs(60)).await;
        let last_call = sim.cloud.world().meter.recent().last().map_or(0, |call| call.n);
        let watch = Stopwatch::start();
        let ended = run(&sim).await?;
        let wall = watch.elapsed();
        let cost = without_onlooker(&sim, cost_of(&sim.cloud, last_call));
        for worker in workers {
            worker.drain().await;
        }
        report(&ended, wall, cost)
    })
}

/// Submits all jobs at once and waits until they have succeeded.
async fn run(sim: &Sim) -> anyhow::Result<Vec<JobState>> {
    let mut jobs = Vec::new();
    for n in 1..=JOBS {
        jobs.push(sim.submit(&sim.drill(&format!("bench-{n}"))).await?);
    }
    for _ in 0..LOOKS {
        sim.pass(LOOK).await;
        let mut states = Vec::new();
        for job in &jobs {
            states.push(sim.state(*job).await?);
        }
        if states.iter().all(|state| state.status.is_ended()) {
            let good = states.iter().all(|state| state.status == Status::Succeeded);
            ensure!(good, "a restore failed: {states:#?}");
            return Ok(states);
        }
    }
    anyhow::bail!("the restores do not end")
}

/// A cost without what it cost to look on.
fn without_onlooker(sim: &Sim, cost: Cost) -> Cost {
    let world = sim.cloud.world();
    let looks = world.meter.recent().filter(|call| call.component == ONLOOKER);
    Cost { read_units: cost.read_units - looks.map(|call| call.read_units).sum::<f64>(), ..cost }
}

fn report(ended: &[JobState], wall: Duration, cost: Cost) -> anyhow::Result<Restores> {
    let mut took: Vec<i64> =
        ended.iter().filter_map(|s| Some(s.ended_at_ms? - s.created_at_ms)).collect();
    took.sort_unstable();
    let longest = *took.last().context("no job has ended")?;
    Ok(Restores::of(
        (JOBS, WORKERS),
        wall,
        Duration::from_millis(u64::try_from(longest)?),
        PerRestore::of(cost, JOBS),
    ))
}
