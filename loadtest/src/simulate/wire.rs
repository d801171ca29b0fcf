//! The wire between one simulated process and the cloud: where it is frozen, dies, or has its
//! requests held back.

use super::classes::{Counter, FaultClass};
use super::gate::Gate;
use super::script::{Script, Strike};
use aurora_restore_local::cloud::{Cloud, ConnectionBroken};
use aurora_restore_local::transport::{Carried, Network};
use aurora_restore_local::wire::{WireRequest, WireResponse};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{AbortHandle, JoinSet};

/// What one process is alive by.
#[derive(Debug)]
pub struct Vitals {
    /// Its component name.
    pub name: String,
    /// Holds it while it is frozen.
    pub gate: Gate,
    dead: AtomicBool,
    task: Mutex<Option<AbortHandle>>,
    obituaries: UnboundedSender<String>,
}

impl Vitals {
    /// A process that lives. Its name is sent to `obituaries` when it dies by a call.
    #[must_use]
    pub fn new(name: &str, obituaries: UnboundedSender<String>) -> Self {
        let (name, gate) = (name.to_owned(), Gate::default());
        let (dead, task) = (AtomicBool::new(false), Mutex::new(None));
        Self { name, gate, dead, task, obituaries }
    }

    /// The task that ends with the process.
    pub fn owns(&self, task: AbortHandle) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Ends it where it stands: nothing leaves it any more.
    pub fn die(&self) {
        if self.dead.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
        // Nobody waits for the news once the run is over.
        drop(self.obituaries.send(self.name.clone()));
    }

    /// Whether it is gone.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Goes on when it is not frozen; never when it is dead.
    async fn pass(&self) {
        self.gate.pass().await;
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }
}

/// How likely the wire does something at a point of the protocol (0.0–1.0).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WireRates {
    /// Each of the three ways to die at a call.
    pub crash: f64,
    /// A write is held back.
    pub late: f64,
    /// The process is frozen.
    pub freeze: f64,
}

/// What all wires of a run share.
#[derive(Debug, Clone)]
pub struct WireSetting {
    /// What carries the requests behind the wire.
    pub network: Arc<dyn Network>,
    /// Counts what the wires do.
    pub counter: Counter,
    /// Requests that are still on their way although nobody waits for them.
    pub adrift: Adrift,
    /// Strikes at counted points, instead of chance.
    pub script: Option<Script>,
    /// The lease of a claim: freezes and delays are measured by it.
    pub lease: Duration,
    /// A cluster whose restore ends every worker that asks for it.
    pub deadly_target: Option<String>,
}

/// Requests nobody waits for any more. They end with the run.
#[derive(Debug, Clone, Default)]
pub struct Adrift(Arc<Mutex<JoinSet<()>>>);

impl Adrift {
    /// Lets something go on by itself.
    pub fn cast_off(&self, request: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while set.try_join_next().is_some() {}
        set.spawn(request);
    }

    /// Whether nothing is on its way any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while set.try_join_next().is_some() {}
        set.is_empty()
    }
}

/// The wire of one process.
#[derive(Debug)]
pub struct Wire {
    vitals: Arc<Vitals>,
    setting: WireSetting,
    rates: Mutex<WireRates>,
    rng: Mutex<fastrand::Rng>,
}

impl Wire {
    /// A wire whose chances come from a seed.
    #[must_use]
    pub fn new(vitals: Arc<Vitals>, setting: WireSetting, rates: WireRates, seed: u64) -> Self {
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        Self { vitals, setting, rates: Mutex::new(rates), rng }
    }

    /// From now on nothing happens by chance.
    pub fn calm_down(&self) {
        *self.rates.lock().unwrap_or_else(PoisonError::into_inner) = WireRates::default();
    }

    /// What happens to a request before it leaves.
    fn strike(&self, request: &WireRequest) -> Option<Strike> {
        match Point::of(request) {
            Point::None | Point::Receive => None,
            point => self.counted(self.drawn(point, operation(request))?),
        }
    }

    /// What happens at a point by the script, or else by chance, if its class may strike.
    fn drawn(&self, point: Point, operation: &str) -> Option<Strike> {
        let strike = match &self.setting.script {
            Some(script) => script.strike(&self.vitals.name, operation),
            None => self.chance(point),
        };
        strike.filter(|strike| self.setting.counter.may(strike.class()))
    }

    fn counted(&self, strike: Strike) -> Option<Strike> {
        self.setting.counter.add(strike.class());
        Some(strike)
    }

    fn is_deadly(&self, request: &WireRequest) -> bool {
        let is_restore = |body: &str| body.contains("Action=RestoreDBCluster");
        self.setting.deadly_target.as_ref().is_some_and(|target| {
            let body = std::str::from_utf8(&request.body).unwrap_or_default();
            is_restore(body) && body.contains(&format!("DBClusterIdentifier={target}&"))
        })
    }

    fn chance(&self, point: Point) -> Option<Strike> {
        let rates = *self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = rng.f64();
        let late = if point == Point::Write { rates.late } else { 0.0 };
        let freeze = |rng: &mut fastrand::Rng| {
            let time = self.setting.lease.mul_f64(1.0 + 9.0 * rng.f64());
            if rng.bool() { Strike::FreezeBefore(time) } else { Strike::FreezeAfter(time) }
        };
        let mut below = 0.0;
        let mut within = |rate: f64| {
            below += rate;
            drawn < below
        };
        if within(rates.crash) {
            Some(Strike::CrashBeforeSend)
        } else if within(rates.crash) {
            Some(Strike::CrashAfterEffect)
        } else if within(rates.crash) {
            Some(Strike::CrashAfterAnswer)
        } else if within(late) {
            Some(Strike::Late(self.setting.lease.mul_f64(0.2 + 5.0 * rng.f64())))
        } else if within(rates.freeze) {
            Some(freeze(&mut rng))
        } else {
            None
        }
    }

    async fn carried(
        &self,
        cloud: &Cloud,
        component: &str,
        request: WireRequest,
    ) -> Result<WireResponse, ConnectionBroken> {
        self.vitals.pass().await;
        if self.is_deadly(&request) {
            self.setting.counter.add(FaultClass::WorkerKillingRequest);
            self.vitals.die();
            return std::future::pending().await;
        }
        let strike = self.strike(&request);
        match strike {
            Some(Strike::CrashBeforeSend) => {
                self.vitals.die();
                return std::future::pending().await;
            }
            Some(Strike::Late(delay)) => return self.hold_back(cloud, component, request, delay),
            Some(Strike::FreezeBefore(time)) => {
                self.vitals.gate.freeze(time);
                self.vitals.pass().await;
            }
            _ => {}
        }
        let is_receive = Point::of(&request) == Point::Receive;
        let answer = self.setting.network.carry(cloud, component, request).await;
        let strike = strike.or_else(|| self.strike_receive(is_receive, &answer));
        self.strike_answer(strike, answer).await
    }

    /// A receive is a point only when it brings something.
    fn strike_receive(
        &self,
        is_receive: bool,
        answer: &Result<WireResponse, ConnectionBroken>,
    ) -> Option<Strike> {
        let brings = |answer: &WireResponse| contains(&answer.body, b"ReceiptHandle");
        if !is_receive || !answer.as_ref().is_ok_and(brings) {
            return None;
        }
        // What would happen before it leaves happens to its answer.
        self.counted(match self.drawn(Point::Read, "ReceiveMessage")? {
            Strike::CrashBeforeSend => Strike::CrashAfterEffect,
            Strike::FreezeBefore(time) | Strike::Late(time) => Strike::FreezeAfter(time),
            strike => strike,
        })
    }

    async fn strike_answer(
        &self,
        strike: Option<Strike>,
        answer: Result<WireResponse, ConnectionBroken>,
    ) -> Result<WireResponse, ConnectionBroken> {
        match strike {
            Some(Strike::CrashAfterEffect) => self.vitals.die(),
            Some(Strike::FreezeAfter(time)) => self.vitals.gate.freeze(time),
            Some(Strike::LostResponse) => return Err(ConnectionBroken::Unanswered),
            _ => {}
        }
        self.vitals.pass().await;
        if matches!(strike, Some(Strike::CrashAfterAnswer)) {
            self.vitals.die();
        }
        answer
    }

    /// The sender is told that the connection broke; the request arrives all the same, much later.
    fn hold_back(
        &self,
        cloud: &Cloud,
        component: &str,
        request: WireRequest,
        delay: Duration,
    ) -> Result<WireResponse, ConnectionBroken> {
        let (cloud, component) = (cloud.clone(), component.to_owned());
        let network = Arc::clone(&self.setting.network);
        self.setting.adrift.cast_off(async move {
            tokio::time::sleep(delay).await;
            // Whatever it is answered, nobody is left to hear it.
            drop(network.carry(&cloud, &component, request).await);
        });
        Err(ConnectionBroken::Unanswered)
    }
}

impl Network for Wire {
    fn carry<'a>(
        &'a self,
        cloud: &'a Cloud,
        component: &'a str,
        request: WireRequest,
    ) -> Carried<'a> {
        Box::pin(self.carried(cloud, component, request))
    }
}

/// What a request is to the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// Nothing: polls that may bring nothing, leadership, looks into an index.
    None,
    /// A receive: a point when it brings something.
    Receive,
    /// A read that matters.
    Read,
    /// A write.
    Write,
}

impl Point {
    fn of(request: &WireRequest) -> Self {
        let operation = operation(request);
        match operation {
            "ReceiveMessage" => Self::Receive,
            "Query" => Self::None,
            "UpdateItem" if contains(&request.body, b"lease#") => Self::None,
            _ if operation.starts_with("Get") || operation.starts_with("Describe") => Self::Read,
            _ if operation.starts_with("BatchGet") => Self::Read,
            _ => Self::Write,
        }
    }
}

/// The operation of a request, as its protocol says it.
#[must_use]
pub fn operation(request: &WireRequest) -> &str {
    let target = request.header("x-amz-target");
    if let Some((_, operation)) = target.rsplit_once('.') {
        return operation;
    }
    let body = std::str::from_utf8(&request.body).unwrap_or_default();
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or_default()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
