//! The doors a fact is held against: in process, over HTTP, and whatever the environment names.

use crate::bed::{Bed, Elsewhere, Stepped, Time};
use crate::clean;
use crate::fact::{Fact, Outcome, Skip};
use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::server::serve;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use futures::FutureExt;
use std::collections::BTreeMap;
use std::env;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// When time starts on a local bed: 2027-01-15T08:00:00Z.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// The services whose endpoints the environment may name.
const SERVICES: [&str; 9] =
    ["sqs", "dynamodb", "rds", "sts", "secretsmanager", "kms", "sns", "cloudwatch", "events"];

/// A way to a cloud.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// The SDK's transport in process, in virtual time.
    InProcess,
    /// A real port, and a clock that a fact sets forward.
    Http,
    /// Endpoints by service, as the environment names them.
    Elsewhere(BTreeMap<&'static str, String>),
}

impl Door {
    /// Every door there is.
    pub(crate) fn all() -> Vec<Self> {
        let named = SERVICES.into_iter().filter_map(|service| {
            let variable = format!("AURORA_CONFORMANCE_{}", service.to_uppercase());
            Some((service, env::var(variable).ok()?))
        });
        let named: BTreeMap<_, _> = named.collect();
        let mut doors = vec![Self::InProcess, Self::Http];
        if !named.is_empty() {
            doors.push(Self::Elsewhere(named));
        }
        doors
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::InProcess => "in_process",
            Self::Http => "http",
            Self::Elsewhere(_) => "elsewhere",
        }
    }

    /// Whether a service can be asked through this door.
    pub(crate) fn serves(&self, service: &str) -> bool {
        match self {
            Self::InProcess | Self::Http => true,
            Self::Elsewhere(endpoints) => endpoints.contains_key(service),
        }
    }

    /// Holds a fact against a fresh bed behind this door; a panic says that it does not hold.
    pub(crate) fn try_out(&self, fact: &Fact) -> Outcome {
        let paused = matches!(self, Self::InProcess);
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(paused).build().unwrap();
        runtime.block_on(async {
            match self {
                Self::InProcess => {
                    let cloud = cloud(fact, Arc::new(TokioNow::starting_at(START_MS)));
                    (fact.check)(Bed::local(cloud, Time::Virtual, None)).await
                }
                Self::Http => over_http(fact).await,
                Self::Elsewhere(endpoints) => elsewhere(fact, endpoints).await,
            }
        })
    }
}

fn cloud(fact: &Fact, now: aurora_restore_local::clock::SharedNow) -> Cloud {
    let settings = fact.settings.map_or_else(WorldSettings::default, |settings| settings());
    Cloud::new(World::new(settings, Box::new(NoData)), now)
}

async fn over_http(fact: &Fact) -> Outcome {
    let clock = Stepped::starting_at(START_MS);
    let cloud = cloud(fact, Arc::new(clock.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(serve(cloud.clone(), listener, Pages::default(), std::future::pending()));
    (fact.check)(Bed::local(cloud, Time::Stepped(clock), Some(endpoint))).await
}

/// Asks what is not ours, and takes away what the fact has made there, however it ended.
async fn elsewhere(fact: &Fact, endpoints: &BTreeMap<&'static str, String>) -> Outcome {
    if fact.settings.is_some() {
        return Err(Skip("needs settings of the local cloud".into()));
    }
    let bed = Bed::elsewhere(Elsewhere::at(endpoints.clone()));
    let ended = AssertUnwindSafe((fact.check)(bed.clone())).catch_unwind().await;
    clean::clean(&bed).await;
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}
