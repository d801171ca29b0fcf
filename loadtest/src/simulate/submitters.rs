//! Callers: they submit until they are told "accepted", whatever dies on the way.

use super::audit::Auditor;
use super::classes::{Counter, FaultClass};
use super::orders::Order;
use crate::sim::Sim;
use crate::sim::suspend::{Driven, drive_to};
use aurora_restore_local::transport::Network;
use aurora_restore_producer::set::{SetError, submit_set};
use aurora_restore_producer::submit::{SubmitError, submit};
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Which orders were accepted, as which jobs. All clones are the same list.
#[derive(Debug, Clone)]
pub struct Accepted {
    jobs: Arc<Mutex<BTreeMap<usize, Vec<JobId>>>>,
    auditor: Auditor,
}

impl Accepted {
    /// None yet. The auditor is told of each.
    #[must_use]
    pub fn new(auditor: Auditor) -> Self {
        Self { jobs: Arc::default(), auditor }
    }

    fn add(&self, n: usize, order: &Order, jobs: Vec<JobId>) {
        for (job, asked) in jobs.iter().zip(order.jobs()) {
            self.auditor.accepted(*job, &asked.key, &asked.target);
        }
        self.inner().insert(n, jobs);
    }

    /// Whether an order was accepted.
    #[must_use]
    pub fn has(&self, n: usize) -> bool {
        self.inner().contains_key(&n)
    }

    /// How many orders were accepted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner().is_empty()
    }

    /// The jobs.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobId> {
        self.inner().values().flatten().copied().collect()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, Vec<JobId>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who submits one order.
#[derive(Debug)]
pub struct Caller {
    /// The cloud, and time.
    pub sim: Arc<Sim>,
    /// What carries its requests.
    pub network: Arc<dyn Network>,
    /// Counts crashes.
    pub counter: Counter,
    /// Chance.
    pub rng: fastrand::Rng,
    /// Whether the submitting process may die.
    pub may_crash: bool,
}

/// Whoever is refused again and again asks less often: up to ten minutes pass.
const LONGEST: u32 = 60;

/// More suspension points than a submission has.
const POINTS: usize = 120;

impl Caller {
    /// Submits until the order is accepted.
    pub async fn submit(mut self, n: usize, order: Order, accepted: Accepted) {
        for attempt in 1.. {
            match self.once(n, attempt, &order).await {
                Some(Ok(jobs)) => return accepted.add(n, &order, jobs),
                Some(Err(SubmitError::Aws(_))) | None => {}
                Some(Err(refused)) => panic!("order {n} is refused: {refused}"),
            }
            let patience = u32::try_from(attempt).unwrap_or(u32::MAX).min(LONGEST);
            tokio::time::sleep(Duration::from_secs(self.rng.u64(1..=10)) * patience).await;
        }
    }

    /// One process that submits; none: it died.
    async fn once(
        &mut self,
        n: usize,
        attempt: usize,
        order: &Order,
    ) -> Option<Result<Vec<JobId>, SubmitError>> {
        let name = format!("submitter-{n}.{attempt}");
        let env = self.sim.env_through(&name, Arc::clone(&self.network));
        let submitting = submit_order(&env, order);
        let may_crash = self.may_crash && self.counter.may(FaultClass::SubmitterCrash);
        if !may_crash || self.rng.u8(..3) > 0 {
            return Some(submitting.await);
        }
        let point = self.rng.usize(1..POINTS);
        match drive_to(pin!(submitting), point).await {
            Driven::Ended(answer) => Some(answer),
            Driven::Suspended => {
                self.counter.add(FaultClass::SubmitterCrash);
                None
            }
        }
    }
}

/// Submits a request, or a set: the jobs that it is.
async fn submit_order(env: &Environment, order: &Order) -> Result<Vec<JobId>, SubmitError> {
    let Some(set) = &order.set else {
        return Ok(vec![submit(env, &order.request).await?.id]);
    };
    match submit_set(env, set).await {
        Ok(submission) => Ok(submission.jobs.iter().map(|job| job.id).collect()),
        Err(SetError::Submit(error)) => Err(error),
        Err(SetError::Conflict(id)) => panic!("set {id} is another one"),
    }
}
