//! What carries the calls of a worker that has a bug.

use super::Bug;
use super::call::Call;
use aurora_restore_local::cloud::{Cloud, ConnectionBroken};
use aurora_restore_local::transport::{Carried, Network};
use aurora_restore_local::wire::{WireRequest, WireResponse};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What becomes of a call, which the bug may have changed.
#[derive(Debug)]
pub enum Course {
    /// It goes its way.
    Goes,
    /// It goes its way after others.
    GoesAfter(Vec<Call>),
    /// It does not go at all, and its caller believes that it was answered so.
    Pretended(Value),
}

/// What the workers that have the bug remember, all of them together.
#[derive(Debug, Default)]
pub struct Memory {
    /// Words.
    pub notes: BTreeMap<String, String>,
    /// Calls.
    pub calls: BTreeMap<String, Call>,
}

/// The network between workers that have a bug and the cloud.
#[derive(Debug)]
pub struct Buggy {
    bug: &'static Bug,
    memory: Mutex<Memory>,
}

impl Buggy {
    /// A network for one run.
    #[must_use]
    pub fn new(bug: &'static Bug) -> Self {
        Self { bug, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn before(&self, call: &mut Call) -> Course {
        (self.bug.before)(call, &mut self.memory())
    }

    fn after(&self, call: &Call, answer: &mut WireResponse) -> Vec<Call> {
        (self.bug.after)(call, answer, &mut self.memory())
    }

    async fn carried(
        &self,
        cloud: &Cloud,
        component: &str,
        request: WireRequest,
    ) -> Result<WireResponse, ConnectionBroken> {
        let Some(mut call) = Call::read(component, cloud.now_ms(), &request) else {
            return cloud.serve(component, &request).await;
        };
        match self.before(&mut call) {
            Course::Goes => {}
            Course::GoesAfter(calls) => make(cloud, component, calls).await,
            Course::Pretended(body) => return Ok(Call::pretended(&body)),
        }
        let mut answer = cloud.serve(component, &call.write()).await?;
        let calls = self.after(&call, &mut answer);
        make(cloud, component, calls).await;
        Ok(answer)
    }
}

/// Makes calls whose answers nobody looks at.
async fn make(cloud: &Cloud, component: &str, calls: Vec<Call>) {
    for call in calls {
        drop(cloud.serve(component, &call.write()).await);
    }
}

impl Network for Buggy {
    fn carry<'a>(
        &'a self,
        cloud: &'a Cloud,
        component: &'a str,
        request: WireRequest,
    ) -> Carried<'a> {
        Box::pin(self.carried(cloud, component, request))
    }
}
