//! The fleet in several places: other accounts, which it reaches through a role only, and several
//! Regions, each with queues, a dispatcher and an observer of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

mod regions;
mod spoke;

use aurora_restore_loadtest::sim::Sim;
use aurora_restore_loadtest::sim::two_accounts::{HUB, ROLE};
use aurora_restore_local::call::Service;
use aurora_restore_local::identity::{Principal, Role, Session, Trust};
use aurora_restore_local::witness::{Seen, Witness};
use aurora_restore_shared::request::{Request, Source};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// The drill with source and target in another place, under a name of its own.
fn drill(sim: &Sim, target: &str, account: &str, region: &str) -> Request {
    let mut request = sim.drill(target);
    request.target.account = account.parse().unwrap();
    request.target.region = region.parse().unwrap();
    let Source::Snapshot(source) = &mut request.source else { panic!("the drill has a snapshot") };
    source.account = request.target.account.clone();
    source.region = request.target.region.clone();
    request
}

/// Lets a role be assumed by the hub that names this external id.
fn make_role(sim: &Sim, external_id: &str) {
    let trust = Trust::of(HUB).unwrap().with_external_id(external_id);
    sim.cloud.world().identity.add_role(Role::new(ROLE, vec![trust])).unwrap();
}

/// A call of a worker in the places it works in: the operation, account and Region, and the session.
#[derive(Debug, Clone)]
struct Call {
    operation: String,
    account: String,
    region: String,
    session: Option<Session>,
}

/// Writes down the calls of one worker that are not about table or queues.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Call>>>);

impl Notes {
    /// On everything that happens in a cloud from now on.
    fn on(sim: &Sim) -> Self {
        let notes = Self::default();
        sim.cloud.watched_by(notes.clone());
        notes
    }

    fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().clone()
    }

    /// How often an operation was called.
    fn count(&self, operation: &str) -> usize {
        self.calls().iter().filter(|call| call.operation == operation).count()
    }
}

impl Witness for Notes {
    fn saw(&mut self, seen: &Seen<'_>) {
        let own = matches!(seen.call.service, Service::Sqs | Service::Dynamodb);
        if own || seen.component != "w1" {
            return;
        }
        let session = match &seen.call.principal {
            Principal::Session(session) => Some((**session).clone()),
            Principal::Root { .. } | Principal::User(_) => None,
        };
        let call = seen.call;
        let (operation, account) = (call.operation.clone(), call.account.clone());
        let call = Call { operation, account, region: call.region.clone(), session };
        self.0.lock().unwrap().push(call);
    }
}
