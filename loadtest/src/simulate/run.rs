//! One seed: a fleet, everything that goes wrong, and what became of it.
//!
//! Two phases. Safety: everything may fail, and the auditor judges every call. Liveness: faults
//! stop, and every accepted job must end within a bound.

mod happen;
mod stage;

use super::agenda::{Agenda, Happening};
use super::audit::{Auditor, Invariant, Sightings, Violation};
use super::classes::{Counter, Counts, FaultClass};
use super::excuses;
use super::fleet::Fleet;
use super::knobs::{Drawn, Knobs, Profile, WIDEST_SKEW_MS};
use super::lost::LostPointers;
use super::orders::Order;
use super::people::Touched;
use super::script::Script;
use super::submitters::Accepted;
use super::trace::Trace;
use super::weather::Weather;
use super::wire::Adrift;
use crate::sim::{START_MS, Sim};
use aurora_restore_local::transport::{Direct, Network};
use aurora_restore_producer::init;
use aurora_restore_shared::estimate::{self, Operation};
use aurora_restore_shared::set::SETTLE_WITHIN;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

/// What else a run is given.
#[derive(Debug, Clone)]
pub struct Options {
    /// Keeps the lines of the trace.
    pub keep_trace: bool,
    /// What carries the requests of workers and submitters: a planted bug, or nothing special.
    pub network: Arc<dyn Network>,
    /// Strikes at counted points; nothing happens by chance then.
    pub script: Option<Script>,
    /// Classes that do not strike, although the seed has drawn them.
    pub without: BTreeSet<FaultClass>,
    /// Ends the run where the first thing does not hold that must.
    pub stop_at_violation: bool,
}

impl Default for Options {
    fn default() -> Self {
        let (network, without) = (Arc::new(Direct), BTreeSet::new());
        Self { keep_trace: false, network, script: None, without, stop_at_violation: false }
    }
}

/// What became of one seed.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// What it drew.
    pub drawn: Drawn,
    /// The hash of the trace.
    pub hash: u64,
    /// The next random draw of the thread after it.
    pub next_draw: u64,
    /// Virtual time that has passed, milliseconds.
    pub virtual_ms: i64,
    /// Calls that were handled.
    pub calls: u64,
    /// How many jobs ended in which status.
    pub ended: BTreeMap<String, u64>,
    /// How long after the end of all faults the last job ended, milliseconds.
    pub liveness_ms: i64,
    /// How often each class of faults has struck.
    pub counts: Counts,
    /// What the auditor saw of the protocol at work.
    pub sightings: Sightings,
    /// What must never happen, and did.
    pub violations: Vec<Violation>,
    /// The trace, where it was kept.
    pub lines: Vec<String>,
}

/// Runs one seed from the beginning to the end.
///
/// # Errors
/// When the stage cannot be set: a fault of the simulation itself.
pub fn run_seed(seed: u64, knobs: &Knobs, options: &Options) -> anyhow::Result<Verdict> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let mut run = Run::prepare(seed, *knobs, options).await?;
        let over = until_violation(run.auditor.clone(), options.stop_at_violation);
        tokio::select! {
            biased;
            () = run.both_phases() => {}
            () = over => {}
        }
        Ok(run.judge())
    })
}

/// Ends soon after the first violation; where none is to end the run, never.
async fn until_violation(auditor: Auditor, stops: bool) {
    if !stops {
        std::future::pending::<()>().await;
    }
    while auditor.violation_count() == 0 {
        tokio::time::sleep(LOOK).await;
    }
}

/// A run under way.
struct Run {
    seed: u64,
    knobs: Knobs,
    drawn: Drawn,
    rng: fastrand::Rng,
    sim: Arc<Sim>,
    fleet: Fleet,
    weather: Weather,
    agenda: Agenda,
    orders: Vec<Order>,
    accepted: Accepted,
    touched: Touched,
    lost: LostPointers,
    counter: Counter,
    trace: Trace,
    auditor: Auditor,
    adrift: Adrift,
    network: Arc<dyn Network>,
    script: Option<Script>,
    obituaries: UnboundedReceiver<String>,
    liveness_ms: i64,
    /// Whether the fleet goes on until what follows a restore is over, too.
    lingers: bool,
    deadly: Option<usize>,
}

impl Run {
    async fn both_phases(&mut self) {
        self.safety().await;
        self.liveness().await;
    }

    /// Everything may fail.
    async fn safety(&mut self) {
        if self.script.is_some() {
            return;
        }
        let end = Instant::now() + self.drawn.safety;
        self.live_until(end).await;
        if self.knobs.profile == Profile::Hostile {
            self.downtime().await;
        }
    }

    /// In some seeds the whole fleet is down for longer than SQS remembers something.
    async fn downtime(&mut self) {
        let (class, time) = match self.rng.u8(..12) {
            0 => (FaultClass::RetentionPassed, Duration::from_secs(15 * 24 * 3600)),
            1 | 2 => (FaultClass::DedupWindowPassed, Duration::from_secs(400)),
            _ => return,
        };
        if !self.counter.may(class) {
            return;
        }
        self.agenda.calm_down();
        for place in 0..self.fleet.len() {
            self.kill(place);
        }
        self.counter.add(class);
        tokio::time::sleep(time).await;
    }

    /// Nothing fails any more: every job must end.
    async fn liveness(&mut self) {
        self.weather.clears();
        self.agenda.calm_down();
        self.fleet.calm_down();
        self.make_sure_of_the_stage().await;
        let down: Vec<usize> = self.fleet.down().collect();
        for place in down {
            self.agenda.add(Instant::now(), Happening::Start(place));
        }
        let since = Instant::now();
        let bound = since + self.bound();
        while !self.all_ended() {
            if Instant::now() >= bound {
                self.report_unended();
                break;
            }
            self.live_until(Instant::now() + LOOK).await;
        }
        self.liveness_ms = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        if let Some(script) = &self.script {
            script.close();
        }
        if self.lingers {
            self.linger().await;
        }
        self.settle().await;
    }

    /// Until what was to go has gone. A worker is there only when something is due: most of what hours
    /// cost to simulate is receives that bring nothing.
    async fn linger(&mut self) {
        for (without, with) in LINGERING {
            for place in 0..self.fleet.len() {
                if let Some(name) = self.fleet.kill(place) {
                    self.auditor.process_ended(&name);
                }
            }
            self.live_until(Instant::now() + without).await;
            self.agenda.add(Instant::now(), Happening::Start(0));
            self.live_until(Instant::now() + with).await;
        }
    }

    /// Whatever is still on its way arrives, whoever is frozen goes on, and what that has begun ends.
    async fn settle(&mut self) {
        let longest = Instant::now() + self.drawn.lease * 12;
        let is_moving = |run: &Self| !run.adrift.is_empty() || run.fleet.has_frozen();
        while is_moving(self) && Instant::now() < longest {
            self.live_until(Instant::now() + LOOK).await;
        }
        self.live_until(Instant::now() + SETTLING).await;
        // Time passes in RDS with its own calls only.
        let env = self.sim.env("reader");
        if let Ok(place) = env.home_place(&self.sim.common().region).await {
            drop(place.rds().describe_db_clusters().send().await);
        }
    }

    /// Queues that were deleted are there again, and every order is submitted.
    async fn make_sure_of_the_stage(&mut self) {
        let env = self.sim.env("admin");
        while init::init(&env, &[]).await.is_err() {
            self.live_until(Instant::now() + LOOK).await;
        }
        for n in 0..self.orders.len() {
            self.submit(n);
        }
        while self.accepted.len() < self.orders.len() {
            self.live_until(Instant::now() + LOOK).await;
        }
    }

    /// How long after the end of all faults the last job may end: a lease that was renewed, the
    /// visibility of its message, the deadlines of its steps with their attempts, the longest
    /// interval after which a lost wake-up is sent again, and what the clocks are wrong by.
    fn bound(&self) -> Duration {
        let scale = 1.0 / self.drawn.speed;
        let steps = [
            Operation::RestoreCluster { gib: 100 },
            Operation::CreateInstances,
            Operation::ResetPassword,
            Operation::Modify,
            Operation::Modify,
        ];
        let deadlines: Duration = steps.map(|step| estimate::deadline(step, scale)).iter().sum();
        let attempts = Duration::from_secs(15 * 60) * 6;
        let longest_interval = Duration::from_secs(6 * 3600);
        let skew = Duration::from_millis(2 * WIDEST_SKEW_MS.unsigned_abs());
        let waits = self.patience() + self.waits_for_members();
        self.drawn.lease * 6 + deadlines + attempts + longest_interval + skew + waits
    }

    /// A restore that never ends keeps the snapshot it reads in `deleting` when somebody deletes it,
    /// and whoever else restores from that one is refused as busy: for a day, until it gives up.
    fn patience(&self) -> Duration {
        let counts = self.counter.counts();
        let struck = |class: &FaultClass| counts.get(class).is_some_and(|n| *n > 0);
        let both = [FaultClass::Stuck, FaultClass::SourceDeleted].iter().all(struck);
        if both { Duration::from_secs(24 * 3600) } else { Duration::ZERO }
    }

    /// The members of a set wait for each other.
    fn waits_for_members(&self) -> Duration {
        let sets = self.orders.iter().filter_map(|order| order.set.as_ref());
        let longest = sets.map(|set| set.complete_within.length() + SETTLE_WITHIN).max();
        longest.unwrap_or_default()
    }

    fn statuses(&self) -> Vec<(String, bool)> {
        let status = |job| {
            let state = self.sim.raw_state(job)?;
            let status = state["status"]["S"].as_str()?.to_owned();
            Some((status, state.get("letter_pending").is_some()))
        };
        let jobs = self.accepted.jobs();
        jobs.into_iter().map(|job| status(job).unwrap_or_default()).collect()
    }

    fn all_ended(&self) -> bool {
        let ended = |status: &str| status == "succeeded" || status == "failed";
        self.statuses().iter().all(|(status, pending)| ended(status) && !pending)
    }

    fn report_unended(&self) {
        let text = format!("where the jobs stand at the bound: {:?}", self.statuses());
        self.auditor.report(Invariant::EveryJobEnds, &text);
    }

    fn judge(self) -> Verdict {
        let counts = self.counter.counts();
        let mut excuses =
            excuses::of(&counts, &self.orders, self.deadly, self.touched.all(), self.knobs.profile);
        (excuses.lost_pointers, excuses.left_pointers) = (self.lost.all(), self.lost.left());
        excuses.has_lingered = self.lingers;
        self.auditor.finish(&self.sim.cloud.world(), &excuses);
        self.judge_masking();
        let mut ended = BTreeMap::new();
        for (status, _) in self.statuses() {
            *ended.entry(status).or_default() += 1;
        }
        Verdict {
            seed: self.seed,
            drawn: self.drawn,
            hash: self.trace.hash(),
            next_draw: next_draw(),
            virtual_ms: self.sim.clock.now_ms() - START_MS,
            calls: self.trace.calls(),
            ended,
            liveness_ms: self.liveness_ms,
            counts,
            sightings: self.auditor.sightings(),
            violations: self.auditor.violations(),
            lines: self.trace.lines(),
        }
    }
}

impl Run {
    /// What is in the volumes is what was really done: no script runs twice.
    fn judge_masking(&self) {
        let world = self.sim.cloud.world();
        for (_, cluster) in world.rds.clusters() {
            let masked = self.sim.volumes.of(&cluster.resource_id).masked;
            for ((job, script), ran) in masked.iter().filter(|(_, ran)| ran.times != 1) {
                let text = format!("script {script} of job {job} ran {} times", ran.times);
                self.auditor.report(Invariant::StepsStayDone, &text);
            }
        }
    }
}

/// How long nobody works, and then one worker: until what is kept for an hour has its last name, and
/// until it is gone an hour later; by clocks that are wrong.
const LINGERING: [(Duration, Duration); 2] = [
    (Duration::from_secs(100 * 60), Duration::from_secs(15 * 60)),
    (Duration::from_secs(100 * 60), Duration::from_secs(30 * 60)),
];

/// Between two looks at the jobs.
const LOOK: Duration = Duration::from_secs(10);

/// How long the fleet goes on after everything has ended: longer than it takes to set a password.
const SETTLING: Duration = Duration::from_secs(60);

#[expect(
    clippy::disallowed_methods,
    reason = "the generator that the SDK draws from is the question"
)]
fn next_draw() -> u64 {
    fastrand::u64(..)
}
