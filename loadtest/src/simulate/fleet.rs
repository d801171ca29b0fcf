//! The simulated fleet: worker processes that start, die, are frozen and come back under a new
//! incarnation, as a container service brings them back.

use super::classes::FaultClass;
use super::gate::GatedSleep;
use super::knobs::{Drawn, WIDEST_SKEW_MS};
use super::wire::{Vitals, Wire, WireSetting};
use crate::sim::Sim;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_worker::fleet::Worker;
use aurora_restore_worker::runtime;
use aurora_restore_worker::settings::Settings;
use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

/// One process of a worker.
#[derive(Debug)]
pub struct Process {
    /// What it is alive by.
    pub vitals: Arc<Vitals>,
    wire: Arc<Wire>,
    worker: Arc<Worker>,
    task: JoinHandle<bool>,
}

/// The workers of a run.
#[derive(Debug)]
pub struct Fleet {
    setting: WireSetting,
    drawn: Drawn,
    obituaries: UnboundedSender<String>,
    rng: fastrand::Rng,
    /// Whether clocks may be wrong.
    pub skews: bool,
    /// Processes by worker; none while it is down.
    places: Vec<Option<Process>>,
    incarnations: Vec<u64>,
}

impl Fleet {
    /// So many workers, none of which runs yet.
    #[must_use]
    pub fn new(
        workers: usize,
        setting: WireSetting,
        drawn: Drawn,
        obituaries: UnboundedSender<String>,
        rng: fastrand::Rng,
    ) -> Self {
        let places = (0..workers).map(|_| None).collect();
        let incarnations = vec![0; workers];
        Self { setting, drawn, obituaries, rng, skews: false, places, incarnations }
    }

    /// How many workers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The process of a worker, if it runs.
    #[must_use]
    pub fn process(&self, place: usize) -> Option<&Process> {
        self.places.get(place)?.as_ref()
    }

    /// The workers that do not run.
    pub fn down(&self) -> impl Iterator<Item = usize> + '_ {
        let places = self.places.iter().enumerate();
        places.filter(|(_, process)| process.is_none()).map(|(place, _)| place)
    }

    /// Starts a worker that does not run, under its next incarnation.
    pub fn start(&mut self, sim: &Sim, place: usize, is_calm: bool) {
        if self.places[place].is_some() {
            return;
        }
        self.incarnations[place] += 1;
        let name = format!("w{}.{}", place + 1, self.incarnations[place]);
        let clock = self.clock(sim);
        let process = self.launch(sim, &name, clock, is_calm);
        self.places[place] = Some(process);
    }

    /// The clock of a new process: right, wrong, or about to jump.
    fn clock(&mut self, sim: &Sim) -> Clock {
        let skew = |rng: &mut fastrand::Rng| rng.i64(-WIDEST_SKEW_MS..=WIDEST_SKEW_MS);
        if !self.skews {
            return sim.clock;
        }
        match self.rng.u8(..4) {
            0 => {
                self.setting.counter.add(FaultClass::ClockSkew);
                sim.clock.skewed_by(skew(&mut self.rng))
            }
            1 => {
                self.setting.counter.add(FaultClass::ClockJump);
                let after = Duration::from_secs(self.rng.u64(10..200));
                sim.clock.jumping(after, skew(&mut self.rng))
            }
            _ => sim.clock,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a simulated process: owned by what is returned")]
    fn launch(&mut self, sim: &Sim, name: &str, clock: Clock, is_calm: bool) -> Process {
        let vitals = Arc::new(Vitals::new(name, self.obituaries.clone()));
        let rates = if is_calm { Default::default() } else { self.drawn.rates };
        let (seed, entropy) = (self.rng.u64(..), Entropy::seeded(self.rng.u64(..)));
        let wire = Arc::new(Wire::new(Arc::clone(&vitals), self.setting.clone(), rates, seed));
        let network = Arc::clone(&wire);
        let transport = LocalTransport::through(sim.cloud.clone(), name, network);
        let http = SharedHttpClient::new(transport);
        let env = Environment::in_process(http, clock, entropy, sim.common(), name)
            .sleeping_by(SharedAsyncSleep::new(GatedSleep(vitals.gate.clone())));
        let databases = Arc::new(sim.databases());
        let account = sim.common().local_account.clone();
        let worker = Arc::new(Worker::new(env, account, self.settings(sim, name), databases));
        let task = tokio::spawn(runtime::run(Arc::clone(&worker), None));
        vitals.owns(task.abort_handle());
        Process { vitals, wire, worker, task }
    }

    fn settings(&self, sim: &Sim, name: &str) -> Settings {
        let drawn = &self.drawn;
        Settings {
            capacity: drawn.capacity,
            lease: drawn.lease,
            poll_wait_seconds: drawn.poll_wait_seconds,
            dispatch_sleep: drawn.dispatch_sleep,
            leadership: drawn.leadership,
            observe: (Duration::from_secs(10), Duration::from_secs(60)),
            duration_scale: 1.0 / drawn.speed,
            ..sim.settings(name)
        }
    }

    /// Kills a worker where it stands.
    pub fn kill(&mut self, place: usize) -> Option<String> {
        let process = self.places[place].take()?;
        process.vitals.die();
        Some(process.vitals.name.clone())
    }

    /// Takes note that a process has died by itself; says which worker it was.
    pub fn buried(&mut self, name: &str) -> Option<usize> {
        let is_it = |p: &Option<Process>| p.as_ref().is_some_and(|p| p.vitals.name == name);
        let place = self.places.iter().position(is_it)?;
        self.places[place] = None;
        Some(place)
    }

    /// Tells a worker to stop, as SIGTERM does. It is found ended by [`Fleet::reap`].
    pub fn tell_to_stop(&self, place: usize) -> bool {
        let process = self.process(place);
        process.inspect(|process| process.worker.drain.cancel()).is_some()
    }

    /// Takes note of processes that have ended by themselves: which, and whether they had handed
    /// everything back.
    pub async fn reap(&mut self) -> Vec<(usize, String, bool)> {
        let mut ended = Vec::new();
        for (place, slot) in self.places.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(|process| process.task.is_finished())
                && let Some(process) = slot.take()
            {
                let handed_back = process.task.await.unwrap_or(false);
                process.vitals.die();
                ended.push((place, process.vitals.name.clone(), handed_back));
            }
        }
        ended
    }

    /// Whether one of them is frozen.
    #[must_use]
    pub fn has_frozen(&self) -> bool {
        self.places.iter().flatten().any(|process| process.vitals.gate.is_closed())
    }

    /// From now on nothing happens to them by chance.
    pub fn calm_down(&mut self) {
        self.skews = false;
        for process in self.places.iter().flatten() {
            process.wire.calm_down();
        }
    }
}
