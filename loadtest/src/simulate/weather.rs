//! The weather of a run: rules of the local cloud that are in force, some all the time, some for a
//! while, and how often each class of them has struck.

use super::classes::{Counter, FaultClass};
use super::knobs::Profile;
use crate::sim::two_accounts::SPOKE;
use aurora_restore_local::call::Service;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::settings::Common;
use std::time::Duration;

/// A rule of a class.
#[derive(Debug, Clone)]
pub struct Front {
    /// The class.
    pub class: FaultClass,
    /// The rule.
    pub rule: FaultRule,
}

/// The rules in force.
#[derive(Debug)]
pub struct Weather {
    cloud: Cloud,
    counter: Counter,
    in_force: Vec<(u64, FaultClass)>,
}

impl Weather {
    /// Good weather.
    #[must_use]
    pub fn new(cloud: Cloud, counter: Counter) -> Self {
        Self { cloud, counter, in_force: Vec::new() }
    }

    /// A front comes; answers its number.
    pub fn comes(&mut self, front: Front) -> u64 {
        let number = self.cloud.world().faults.add(front.rule);
        self.in_force.push((number, front.class));
        number
    }

    /// A front goes.
    pub fn goes(&mut self, number: u64) {
        let Some(at) = self.in_force.iter().position(|(n, _)| *n == number) else { return };
        let (_, class) = self.in_force.remove(at);
        let mut world = self.cloud.world();
        let fired = world.faults.rules().iter().find(|r| r.number == number).map_or(0, |r| r.fired);
        self.counter.add_many(class, fired);
        world.faults.remove(number);
    }

    /// Good weather again.
    pub fn clears(&mut self) {
        let all: Vec<u64> = self.in_force.iter().map(|(number, _)| *number).collect();
        all.into_iter().for_each(|number| self.goes(number));
    }
}

fn always(class: FaultClass, fault: FaultKind, rate: f64) -> Front {
    Front { class, rule: FaultRule { rate, ..FaultRule::always(fault) } }
}

fn once(class: FaultClass, operation: &str, fault: FaultKind) -> Front {
    Front { class, rule: FaultRule::on(operation, fault, 1) }
}

/// The rules that are in force as long as things may fail. Each class is on in half of the seeds.
#[must_use]
pub fn climate(rng: &mut fastrand::Rng, profile: Profile) -> Vec<Front> {
    use FaultClass as C;
    use FaultKind as K;
    let lag_ms = rng.i64(1_000..=60_000);
    let hidden_ms = rng.i64(1_000..=60_000);
    let mut all = vec![
        always(C::DuplicateDelivery, K::DuplicateDelivery, 0.1),
        always(C::Reorder, K::Reorder, 0.5),
        always(C::IndexLag, K::IndexLag { ms: lag_ms }, 0.3),
    ];
    if profile != Profile::Calm {
        let often = if profile == Profile::Hostile { 3.0 } else { 1.0 };
        all.extend([
            always(C::LostResponse, K::LostResponse, 0.01 * often),
            always(C::LostRequest, K::LostRequest, 0.01 * often),
            always(C::ConnectionReset, K::ConnectionReset, 0.005 * often),
            always(C::InternalError, K::InternalError, 0.005 * often),
            always(C::PartialBatch, K::PartialBatch, 0.2),
            always(C::DescribeLag, K::DescribeLag { ms: hidden_ms }, 0.5),
            always(C::SlowOperation, K::Slow { times: 3 }, 0.1),
        ]);
    }
    all.retain(|_| rng.bool());
    if rng.bool() {
        all.extend(empty_receives());
    }
    if profile == Profile::Hostile {
        let surprise = [
            once(C::Stuck, "RestoreDBClusterFromSnapshot", K::Stuck),
            once(C::Stuck, "CreateDBInstance", K::Stuck),
            once(C::Failed, "CreateDBInstance", K::Failed),
            once(C::Failed, "RestoreDBClusterFromSnapshot", K::Failed),
            once(C::IncompatibleRestore, "RestoreDBClusterFromSnapshot", K::IncompatibleRestore),
            always(C::CapacityShortage, K::CapacityShortage, 0.4),
        ];
        if rng.bool() {
            all.push(surprise[rng.usize(..surprise.len())].clone());
        }
    }
    all
}

/// What is in force between accounts as long as things may fail. Each class is on in half of the seeds.
#[must_use]
pub fn abroad(rng: &mut fastrand::Rng, profile: Profile) -> Vec<Front> {
    use FaultClass as C;
    let of = |class, operation: &str, fault, rate| {
        let rule = FaultRule { rate, limit: None, ..FaultRule::on(operation, fault, 1) };
        Front { class, rule }
    };
    let key = FaultKind::RdsRefusal { code: "KMSKeyNotAccessibleFault".into() };
    let mut all = Vec::new();
    if profile == Profile::Hostile {
        let ended = always(C::SessionEnded, FaultKind::ExpiredCredentials, 0.2);
        let rule =
            FaultRule { service: Some(Service::Rds), account: Some(SPOKE.into()), ..ended.rule };
        all.extend([
            Front { rule, ..ended },
            of(C::RoleDenied, "AssumeRole", FaultKind::AccessDenied, 0.5),
            of(C::KeyDisabled, "CopyDBClusterSnapshot", key, 0.5),
        ]);
    }
    all.retain(|_| rng.bool());
    all
}

/// Of wake-ups only: SQS's long polls ask all its servers, so that a person who looks through the
/// dead letters is not told of none where there are some (Amazon SQS Developer Guide, "Short and
/// long polling"). Workers must bear it all the same.
fn empty_receives() -> impl Iterator<Item = Front> {
    let prefix = Common::default().queue_prefix;
    Priority::ALL.into_iter().map(move |(name, _)| {
        let mut front = always(FaultClass::EmptyReceive, FaultKind::EmptyReceive, 0.2);
        front.rule.resource = Some(format!("{prefix}-{name}.fifo"));
        front
    })
}

/// A front that comes for a while, with how long it lasts. `victim` is the component that a cut-off
/// meets.
#[must_use]
pub fn storm(rng: &mut fastrand::Rng, profile: Profile, victim: &str) -> (Vec<Front>, Duration) {
    use FaultClass as C;
    use FaultKind as K;
    let services = [Service::Sqs, Service::Dynamodb, Service::Rds, Service::Secretsmanager];
    let service = Some(services[rng.usize(..services.len())]);
    let of_service = |mut front: Front| {
        front.rule.service = service;
        front
    };
    let lasts = Duration::from_secs(rng.u64(10..=120));
    let kinds = if profile == Profile::Hostile { 6 } else { 2 };
    let fronts = match rng.u8(..kinds) {
        0 => vec![of_service(always(C::Throttling, K::Throttle, 0.9))],
        1 => {
            let mut front = of_service(always(C::CutOff, K::Unreachable, 1.0));
            front.rule.component = Some(victim.to_owned());
            vec![front]
        }
        2 => vec![always(C::RegionOutage, K::Unreachable, 1.0)],
        3 => vec![
            always(C::GreyFailure, K::Latency { ms: 700 }, 1.0),
            always(C::GreyFailure, K::InternalError, 0.05),
        ],
        4 => vec![of_service(always(C::ExpiredCredentials, K::ExpiredCredentials, 0.7))],
        _ => vec![of_service(always(C::AccessDenied, K::AccessDenied, 0.7))],
    };
    (fronts, lasts)
}
