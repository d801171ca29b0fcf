//! What happens in a run, as it happens.

use super::Run;
use crate::simulate::agenda::Happening;
use crate::simulate::classes::FaultClass;
use crate::simulate::knobs::Profile;
use crate::simulate::people::{Meddling, Person};
use crate::simulate::submitters::Caller;
use crate::simulate::weather;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// When a worker that was told to stop must have ended.
const DRAIN: Duration = Duration::from_secs(11);

impl Run {
    /// Runs the fleet until a moment, with everything that happens till then.
    pub(super) async fn live_until(&mut self, end: Instant) {
        loop {
            let next = self.agenda.next().map_or(end, |next| next.min(end));
            tokio::select! {
                biased;
                Some(name) = self.obituaries.recv() => self.bury(&name),
                () = sleep_until(next) => {
                    if !self.do_what_is_due().await && Instant::now() >= end {
                        return;
                    }
                }
            }
        }
    }

    async fn do_what_is_due(&mut self) -> bool {
        let mut did = false;
        while let Some(happening) = self.agenda.take_due(Instant::now()) {
            self.trace.note(self.sim.clock.now_ms(), &format!("{happening:?}"));
            self.happen(happening).await;
            did = true;
        }
        did
    }

    async fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start(place) => {
                let is_calm = self.script.is_some() || self.agenda.is_calm();
                self.fleet.start(&self.sim, place, is_calm);
            }
            Happening::Kill(place) => {
                if self.counter.may(FaultClass::CrashAnywhere) && self.kill(place) {
                    self.counter.add(FaultClass::CrashAnywhere);
                }
            }
            Happening::Freeze(place, time) => {
                let process = self.fleet.process(place);
                if let Some(process) = process.filter(|_| self.counter.may(FaultClass::Zombie)) {
                    process.vitals.gate.freeze(time);
                    self.counter.add(FaultClass::Zombie);
                }
            }
            Happening::Stop(place) => {
                if self.counter.may(FaultClass::Sigterm) && self.fleet.tell_to_stop(place) {
                    self.counter.add(FaultClass::Sigterm);
                    self.agenda.add(Instant::now() + DRAIN, Happening::DrainOver);
                }
            }
            Happening::DrainOver => self.reap().await,
            Happening::Storm => self.storm(),
            Happening::FrontGoes(number) => self.weather.goes(number),
            Happening::Submit(n) => self.submit(n),
            Happening::Meddle(what) => self.meddle(what),
        }
    }

    pub(super) fn kill(&mut self, place: usize) -> bool {
        let killed = self.fleet.kill(place);
        if let Some(name) = &killed {
            self.auditor.process_ended(name);
            self.restart(place);
        }
        killed.is_some()
    }

    fn bury(&mut self, name: &str) {
        if let Some(place) = self.fleet.buried(name) {
            self.auditor.process_ended(name);
            self.restart(place);
        }
    }

    async fn reap(&mut self) {
        for (place, name, handed_back) in self.fleet.reap().await {
            if !handed_back {
                self.counter.add(FaultClass::DrainDeadline);
            }
            self.auditor.process_ended(&name);
            self.restart(place);
        }
    }

    fn restart(&mut self, place: usize) {
        let after = Duration::from_secs(self.rng.u64(1..=60));
        self.agenda.add(Instant::now() + after, Happening::Start(place));
    }

    fn storm(&mut self) {
        let place = self.rng.usize(..self.fleet.len());
        let victim = self.fleet.process(place).map(|p| p.vitals.name.clone()).unwrap_or_default();
        let (fronts, lasts) = weather::storm(&mut self.rng, self.knobs.profile, &victim);
        for front in fronts {
            if !self.counter.may(front.class) {
                continue;
            }
            let number = self.weather.comes(front);
            self.agenda.add(Instant::now() + lasts, Happening::FrontGoes(number));
        }
    }

    pub(super) fn submit(&mut self, n: usize) {
        let order = &self.orders[n];
        if self.accepted.has(n) {
            return;
        }
        let callers = if order.twice && self.counter.may(FaultClass::DoubleSubmit) { 2 } else { 1 };
        if callers == 2 {
            self.counter.add(FaultClass::DoubleSubmit);
        }
        for _ in 0..callers {
            let caller = Caller {
                sim: Arc::clone(&self.sim),
                network: Arc::clone(&self.network),
                counter: self.counter.clone(),
                rng: self.rng.fork(),
                may_crash: self.script.is_none() && self.knobs.profile != Profile::Calm,
            };
            if let Some(script) = &self.script {
                script.open();
            }
            self.adrift.cast_off(caller.submit(n, order.clone(), self.accepted.clone()));
        }
    }

    fn meddle(&mut self, what: Meddling) {
        let person = Person {
            sim: Arc::clone(&self.sim),
            counter: self.counter.clone(),
            order: self.orders[self.rng.usize(..self.orders.len())].clone(),
            touched: self.touched.clone(),
            lost: self.lost.clone(),
            rng: self.rng.fork(),
        };
        let is_far = person.order.is_abroad && what.is_about_cluster();
        if self.counter.may(what.class()) && !is_far {
            self.adrift.cast_off(person.act(what));
        }
    }
}
