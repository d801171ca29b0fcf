//! Setting the stage of a run: the cloud, the fleet, what is asked of it, and what will happen.

use super::{Options, Run};
use crate::sim::Sim;
use crate::sim::two_accounts::{SPOKE, THERE};
use crate::simulate::agenda::{self, Agenda, Happening};
use crate::simulate::audit::{Auditor, Setting};
use crate::simulate::classes::{Counter, FaultClass};
use crate::simulate::fleet::Fleet;
use crate::simulate::knobs::{Drawn, Knobs, Profile};
use crate::simulate::lost::LostPointers;
use crate::simulate::orders::{self, Order, SOURCE};
use crate::simulate::people::{Meddling, Touched};
use crate::simulate::submitters::Accepted;
use crate::simulate::trace::Trace;
use crate::simulate::weather::{self, Weather};
use crate::simulate::wire::{Adrift, WireSetting};
use aurora_restore_local::seed::SeedFile;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::witness::{Seen, Witness};
use aurora_restore_shared::request::Priority;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

/// The trace and the auditor look on together.
struct Both<W>(Trace, W);

impl<W: Witness> Witness for Both<W> {
    fn saw(&mut self, seen: &Seen<'_>) {
        self.0.saw(seen);
        self.1.saw(seen);
    }
}

impl Run {
    pub(super) async fn prepare(
        seed: u64,
        knobs: Knobs,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let is_scripted = options.script.is_some();
        let mut drawn = Drawn::by(&mut rng, knobs.profile);
        let settings =
            WorldSettings { speed: drawn.speed, keep_calls: 1, ..Sim::settings_of_world(seed) };
        let has_spoke = !knobs.only_drills && !is_scripted && rng.u8(..4) == 0;
        let lingers = !knobs.only_drills && !is_scripted && rng.u8(..8) == 0;
        let sim = Arc::new(make_sim(settings, has_spoke).await?);
        if has_spoke {
            // As the settings demand: a place for each queue of each Region.
            drawn.capacity = drawn.capacity.max(2 * Priority::ALL.len());
        }
        let trace = if options.keep_trace { Trace::kept() } else { Trace::default() };
        let auditor = Auditor::new(setting(&sim, drawn.lease));
        sim.cloud.watched_by(Both(trace.clone(), auditor.witness()));
        let counter = Counter::without(options.without.clone());
        let adrift = Adrift::default();
        let mut orders = orders::draw(&mut rng, &knobs, drawn.safety / 3, has_spoke);
        if is_scripted {
            drawn.rates = Default::default();
            orders = vec![orders::plain()];
        }
        make_targets(&sim, &orders).await?;
        let is_deadly = knobs.profile == Profile::Hostile && !is_scripted && rng.u8(..8) == 0;
        let deadly = is_deadly.then(|| rng.usize(..orders.len()));
        let deadly = deadly.filter(|_| counter.may(FaultClass::WorkerKillingRequest));
        let setting = WireSetting {
            network: Arc::clone(&options.network),
            counter: counter.clone(),
            adrift: adrift.clone(),
            script: options.script.clone(),
            lease: drawn.lease,
            deadly_target: deadly.map(|n| orders[n].target.clone()),
        };
        let (sender, obituaries) = unbounded_channel();
        let fleet = Fleet::new(knobs.workers, setting, drawn.clone(), sender, rng.fork());
        let mut run = Self {
            seed,
            knobs,
            rng,
            fleet,
            weather: Weather::new(sim.cloud.clone(), counter.clone()),
            agenda: Agenda::default(),
            orders,
            accepted: Accepted::new(auditor.clone()),
            touched: Touched::default(),
            lost: LostPointers::default(),
            counter,
            trace,
            auditor,
            adrift,
            network: Arc::clone(&options.network),
            script: options.script.clone(),
            obituaries,
            liveness_ms: 0,
            lingers,
            deadly,
            drawn,
            sim,
        };
        run.plan(is_scripted);
        if has_spoke {
            run.plan_abroad();
        }
        Ok(run)
    }

    /// Draws what happens when.
    pub(super) fn plan(&mut self, is_scripted: bool) {
        let start = Instant::now();
        for place in 0..self.knobs.workers {
            self.agenda.add(start, Happening::Start(place));
        }
        for (n, order) in self.orders.iter().enumerate() {
            self.agenda.add(start + order.at, Happening::Submit(n));
        }
        if is_scripted {
            return;
        }
        self.fleet.skews = self.knobs.profile != Profile::Calm
            && self.rng.bool()
            && self.counter.may(FaultClass::ClockSkew);
        for front in weather::climate(&mut self.rng, self.knobs.profile) {
            if self.counter.may(front.class) {
                self.weather.comes(front);
            }
        }
        let happens =
            agenda::draw(&mut self.rng, self.knobs.profile, &self.drawn, self.knobs.workers);
        for (offset, happening) in happens {
            self.agenda.add(start + offset, happening);
        }
    }

    /// What goes wrong between accounts: sessions that end, a role that denies, a key that is disabled,
    /// a share that somebody takes back.
    fn plan_abroad(&mut self) {
        for front in weather::abroad(&mut self.rng, self.knobs.profile) {
            if self.counter.may(front.class) {
                self.weather.comes(front);
            }
        }
        if self.knobs.profile == Profile::Hostile && self.rng.u8(..3) == 0 {
            let at = Instant::now() + self.drawn.safety.mul_f64(self.rng.f64());
            self.agenda.add(at, Happening::Meddle(Meddling::Unshare));
        }
    }
}

async fn make_sim(settings: WorldSettings, has_spoke: bool) -> anyhow::Result<Sim> {
    if !has_spoke {
        return Sim::prepared_in(settings).await;
    }
    let sim = Sim::two_accounts_in(settings).await?;
    make_automated(&sim)?;
    Ok(sim)
}

/// An automated snapshot of the source, as AWS makes one each day.
fn make_automated(sim: &Sim) -> anyhow::Result<()> {
    let (account, region) = sim.place();
    let snapshot = json!({
        "account": account, "region": region, "name": orders::AUTOMATED, "kind": "automated",
        "cluster": SOURCE, "engine": "aurora-postgresql", "version": "15.10", "encryption": "none",
        // The latest one is the other.
        "created": "6h ago",
    });
    let refused = |faults| anyhow::anyhow!("a seed is refused: {faults:?}");
    let seed = SeedFile::read(&json!({ "version": 1, "snapshots": [snapshot] }));
    let now_ms = sim.clock.now_ms();
    sim.cloud.world().seed(&seed.map_err(refused)?, now_ms).map_err(refused)?;
    Ok(())
}

/// How long a cluster takes to be made, at the most.
const MAKING: Duration = Duration::from_secs(1_800);

/// The clusters that are to be replaced.
async fn make_targets(sim: &Sim, orders: &[Order]) -> anyhow::Result<()> {
    for order in orders {
        for target in &order.replaces {
            match order.is_abroad {
                true => sim.make_cluster_in((SPOKE, THERE), target, None).await?,
                false => sim.make_cluster(target, None).await?,
            }
        }
    }
    if orders.iter().any(|order| !order.replaces.is_empty()) {
        sim.pass(MAKING).await;
    }
    Ok(())
}

fn setting(sim: &Sim, lease: Duration) -> Setting {
    let (account, region) = sim.place();
    Setting {
        account,
        region,
        spokes: vec![(SPOKE.to_owned(), THERE.to_owned())],
        table: sim.common().table.clone(),
        queue_prefix: sim.common().queue_prefix.clone(),
        lease_ms: i64::try_from(lease.as_millis()).unwrap_or(i64::MAX),
        volumes: sim.volumes.clone(),
        secrets: ["drill-password", "source-password"].map(str::to_owned).to_vec(),
        source_clusters: [SOURCE.to_owned()].into(),
    }
}
