//! Injected faults: rules that decide, call by call and each from a random stream of its own, what
//! goes wrong.
//!
//! Some faults meet a call on its way ([`Faults::decide`]); others happen inside a service, at the
//! point where they matter ([`Inside`]), so that a rule is counted only when it has done something.

mod lag;
mod reach;
mod read;
mod refusals;
mod rule;
#[cfg(test)]
mod tests;

pub use read::KINDS;
pub use rule::{Asked, FaultKind, FaultRule, LONGEST_SILENCE_MS};

use crate::call::Service;
use crate::error::AwsError;
use crate::rds::{Surprise, errors};
use reach::Reach;
use serde::Serialize;

/// What the rules decided for one call on its way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fate {
    /// Added time, milliseconds.
    pub extra_latency_ms: u64,
    /// Refuse with this; no effect.
    pub refuse: Option<AwsError>,
    /// Refuse the connection.
    pub unreachable: bool,
    /// Say nothing for so long (milliseconds), then break the connection; no effect.
    pub silent_ms: Option<u64>,
    /// Break the connection before the effect.
    pub lose_request: bool,
    /// Break the connection after the effect.
    pub lose_response: bool,
    /// Break the connection in the middle of the answer.
    pub reset: bool,
}

impl Fate {
    /// Whether the effect takes place and the caller does not learn of it.
    #[must_use]
    pub fn hides_the_effect(&self) -> bool {
        self.lose_response || self.reset
    }
}

/// How likely an event is lost, or delivered twice.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EventRates {
    /// It is not delivered, 0.0–1.0.
    pub lose: f64,
    /// It is delivered twice, 0.0–1.0.
    pub double: f64,
}

/// The rules in force.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Faults {
    rules: Vec<FaultRule>,
    /// The random stream of each rule.
    #[serde(skip)]
    streams: Vec<fastrand::Rng>,
    #[serde(skip)]
    seed: u64,
    #[serde(skip)]
    added: u64,
}

impl Faults {
    /// No rules yet; those without a seed of their own get one from this.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a rule and numbers it; answers the number.
    pub fn add(&mut self, mut rule: FaultRule) -> u64 {
        self.added += 1;
        rule.number = self.added;
        let seed = *rule.seed.get_or_insert_with(|| seed_of(self.seed, self.added));
        self.streams.push(fastrand::Rng::with_seed(seed));
        self.rules.push(rule);
        self.added
    }

    /// Takes the rule of a number away. Says whether there was one.
    pub fn remove(&mut self, number: u64) -> bool {
        let Some(at) = self.rules.iter().position(|r| r.number == number) else { return false };
        self.rules.remove(at);
        self.streams.remove(at);
        true
    }

    /// Takes all rules away; numbers start again.
    pub fn clear(&mut self) {
        *self = Self::seeded(self.seed);
    }

    /// The rules in force, with how often each has fired.
    #[must_use]
    pub fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// Decides one call on its way.
    pub fn decide(&mut self, asked: &Asked<'_>) -> Fate {
        let mut fate = Fate::default();
        for at in self.draw(|rule| rule.fault.reach().is_on_the_way() && rule.matches(asked)) {
            self.rules[at].fired += 1;
            apply(&mut fate, &self.rules[at].fault, asked);
        }
        fate
    }

    /// How likely an event of a place is lost or doubled, by all rules together. Draws nothing and
    /// counts nothing: [`Faults::event_copies`] does.
    #[must_use]
    pub fn events_rates(&self, account: &str, region: &str) -> EventRates {
        let meant = self.rules.iter().filter(|r| r.matches_place(account, region));
        let (mut kept, mut single) = (1.0, 1.0);
        for rule in meant {
            match rule.fault {
                FaultKind::LoseEvents => kept *= 1.0 - rule.rate,
                FaultKind::DoubleEvents => single *= 1.0 - rule.rate,
                _ => {}
            }
        }
        EventRates { lose: 1.0 - kept, double: 1.0 - single }
    }

    /// How often one event of a place is to be delivered: once, or as a rule has it not at all or
    /// twice. Draws from the rules' streams and counts.
    pub fn event_copies(&mut self, account: &str, region: &str) -> usize {
        let hits = self.draw(|rule| {
            rule.fault.reach() == Reach::Events && rule.matches_place(account, region)
        });
        let lost = hits.iter().find(|at| self.rules[**at].fault == FaultKind::LoseEvents);
        // Of several rules one acts: what is lost cannot be doubled.
        let Some(at) = lost.or(hits.first()).copied() else { return 1 };
        self.rules[at].fired += 1;
        if self.rules[at].fault == FaultKind::LoseEvents { 0 } else { 2 }
    }

    /// The places of the rules meant that come true now. Every one of them draws, whatever the
    /// others drew, so that no rule shifts another's fates.
    fn draw(&mut self, meant: impl Fn(&FaultRule) -> bool) -> Vec<usize> {
        let rules = self.rules.iter().zip(&mut self.streams).enumerate();
        let meant = rules.filter(|(_, (rule, _))| meant(rule));
        let hits = meant.filter_map(|(at, (rule, rng))| (rng.f64() < rule.rate).then_some(at));
        hits.collect()
    }
}

/// The seed of a rule that has none of its own. Below 2^53, so that every JSON reader keeps it.
fn seed_of(world: u64, number: u64) -> u64 {
    let mut mixed = fastrand::Rng::with_seed(world ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed.u64(..1 << 53)
}

fn apply(fate: &mut Fate, fault: &FaultKind, asked: &Asked<'_>) {
    let service = asked.call.service;
    match fault {
        FaultKind::Throttle => fate.refuse = Some(refusals::throttle(service)),
        FaultKind::InternalError => fate.refuse = Some(refusals::internal(service)),
        FaultKind::ExpiredCredentials => fate.refuse = Some(refusals::expired(service)),
        FaultKind::AccessDenied => {
            fate.refuse = Some(refusals::denied(service, &asked.call.operation));
        }
        FaultKind::Refuse { code, status } => {
            fate.refuse = Some(AwsError::new(code, "injected refusal").with_status(*status));
        }
        FaultKind::RdsRefusal { code } => {
            fate.refuse = errors::by_code(code, &asked.call.operation);
        }
        FaultKind::LostRequest => fate.lose_request = true,
        FaultKind::LostResponse => fate.lose_response = true,
        FaultKind::ConnectionReset => fate.reset = true,
        FaultKind::Latency { ms } => {
            fate.extra_latency_ms = fate.extra_latency_ms.saturating_add(*ms);
        }
        FaultKind::Silent { ms } => fate.silent_ms = Some((*ms).min(LONGEST_SILENCE_MS)),
        FaultKind::Unreachable => fate.unreachable = true,
        // The others happen inside a service.
        _ => {}
    }
}

/// The rules as a service's handler asks them about the call it handles.
#[derive(Debug)]
pub struct Inside<'a> {
    faults: &'a mut Faults,
    asked: Asked<'a>,
    /// By which rules a describe lags, once it was asked.
    lags: Option<Vec<lag::Lag>>,
}

impl<'a> Inside<'a> {
    /// The rules for a call.
    pub(crate) fn new(faults: &'a mut Faults, asked: Asked<'a>) -> Self {
        Self { faults, asked, lags: None }
    }

    /// Whether a fault happens now. To be asked only where it makes a difference: it counts.
    pub(crate) fn strikes(&mut self, fault: &FaultKind) -> bool {
        let hits = self.draw(|kind| kind == fault);
        for at in &hits {
            self.faults.rules[*at].fired += 1;
        }
        !hits.is_empty()
    }

    /// How much later than usual the indexes see the write that is about to happen, milliseconds.
    pub(crate) fn index_lag_ms(&mut self) -> i64 {
        let hits = self.draw(|kind| matches!(kind, FaultKind::IndexLag { .. }));
        let mut lag_ms = 0_i64;
        for at in hits {
            let rule = &mut self.faults.rules[at];
            rule.fired += 1;
            if let FaultKind::IndexLag { ms } = rule.fault {
                lag_ms = lag_ms.saturating_add(ms);
            }
        }
        lag_ms
    }

    /// What will happen to the RDS operation that is asked for, if it is accepted, and by which
    /// rule: not counted before it is.
    pub(crate) fn surprise(&mut self) -> Option<(u64, Surprise)> {
        if self.asked.call.service != Service::Rds {
            return None;
        }
        let operation = &self.asked.call.operation;
        let hits = self.draw(|kind| surprise_of(kind, operation).is_some());
        hits.into_iter().find_map(|at| {
            let rule = &self.faults.rules[at];
            Some((rule.number, surprise_of(&rule.fault, operation)?))
        })
    }

    /// Counts a rule whose surprise has come true.
    pub(crate) fn count(&mut self, number: u64) {
        if let Some(rule) = self.faults.rules.iter_mut().find(|r| r.number == number) {
            rule.fired += 1;
        }
    }

    /// The places of the rules of some kinds that come true for the call now.
    fn draw(&mut self, meant: impl Fn(&FaultKind) -> bool) -> Vec<usize> {
        let asked = self.asked;
        let inside = |rule: &FaultRule| matches!(rule.fault.reach(), Reach::Operations(..));
        self.faults.draw(|rule| inside(rule) && meant(&rule.fault) && rule.matches(&asked))
    }
}

/// What a fault does to an operation of RDS.
fn surprise_of(fault: &FaultKind, operation: &str) -> Option<Surprise> {
    Some(match fault {
        FaultKind::Slow { times } => Surprise::Slow { times: *times },
        FaultKind::Stuck => Surprise::Stuck,
        FaultKind::Failed => Surprise::Failed,
        FaultKind::IncompatibleRestore => Surprise::IncompatibleRestore,
        FaultKind::CapacityShortage => Surprise::Refuse(match operation {
            "CreateDBInstance" => errors::insufficient_db_instance_capacity(),
            "CreateDBCluster" => errors::insufficient_storage_cluster_capacity(),
            _ => errors::insufficient_db_cluster_capacity(),
        }),
        _ => return None,
    })
}
