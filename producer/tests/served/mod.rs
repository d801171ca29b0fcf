//! A local cloud over HTTP, and the program run against it.
#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::server;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::entropy::Entropy;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::failure::{Failure, FailureCode, FailureKind};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::{Ending, FailedAt, Lease};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::settings::Common;
use aurora_restore_shared::store::ClaimOutcome;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aurora-restore");

/// A local cloud over HTTP, and what a worker would see of it.
pub(crate) struct Served {
    pub(crate) cloud: Cloud,
    pub(crate) env: Environment,
    pub(crate) endpoint: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn empty() -> Self {
        let world = World::new(WorldSettings::default(), Box::new(NoData));
        let cloud = Cloud::new(world, Arc::new(SystemNow));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = cloud.clone();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stopped = async { drop(stopped.await) };
                server::serve(served, listener, Pages::default(), stopped).await;
            });
        });
        let http = SharedHttpClient::new(LocalTransport::new(cloud.clone(), "test"));
        let (clock, entropy) = (Clock::system(), Entropy::seeded(1));
        let env = Environment::in_process(http, clock, entropy, &Common::default(), "test");
        Self { cloud, env, endpoint, stop: Some(stop), thread: Some(thread) }
    }

    /// One with table and queues.
    pub(crate) fn ready() -> Self {
        let served = Self::empty();
        let init = served.run(&["init"]);
        assert_eq!(code(&init), 0, "{init:?}");
        served
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&["--endpoint", &self.endpoint]);
        command.args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[&["--output", "json"], args].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
    }

    /// Submits the drill; the id of its job.
    pub(crate) fn submit_drill(&self) -> String {
        let answer = self.json(&["submit", &example("drill.json")]);
        answer["jobs"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Parks a job as a worker would whose role lacks a right.
    pub(crate) fn park(&self, id: &str) {
        runtime().block_on(async {
            let (id, store) = (id.parse().unwrap(), self.env.store());
            let now_ms = self.env.clock.now_ms();
            let seq = store.state(id).await.unwrap().unwrap().seq;
            let lease = Lease { owner: "worker-1".parse().unwrap(), until_ms: now_ms + 30_000 };
            let claim = store.claim(id, seq, &lease, "token", now_ms).await.unwrap();
            let ClaimOutcome::Claimed(claimed) = claim else { panic!("{claim:?}") };
            let text = "restoring the cluster: AccessDenied: not authorized";
            let failure = Failure::new(FailureKind::NeedsPerson, FailureCode::AccessDenied, text);
            let failed_at = FailedAt { step: Some(StepName::RestoreCluster), failure };
            let ending = Ending::Park { failed_at, due_at_ms: now_ms + 900_000 };
            store.commit(&claimed, &claimed.commit(ending, now_ms)).await.unwrap();
        });
    }

    /// Ends a job as a worker would: well, or with a dead letter that is known to be sent.
    pub(crate) fn end(&self, id: &str, well: bool) {
        runtime().block_on(async {
            let id: JobId = id.parse().unwrap();
            let store = self.env.store();
            let claim = async || {
                let now_ms = self.env.clock.now_ms();
                let seq = store.state(id).await.unwrap().unwrap().seq;
                let lease = Lease { owner: "worker-1".parse().unwrap(), until_ms: now_ms + 30_000 };
                let claim = store.claim(id, seq, &lease, "token", now_ms).await.unwrap();
                let ClaimOutcome::Claimed(claimed) = claim else { panic!("{claim:?}") };
                *claimed
            };
            let claimed = claim().await;
            let now_ms = self.env.clock.now_ms();
            let failure = Failure::permanent(FailureCode::CapacityShort, "no db.r6g.large left");
            let failed_at = FailedAt { step: Some(StepName::CreateInstances), failure };
            let ending = if well {
                Ending::Succeed
            } else {
                Ending::Fail { failed_at, due_at_ms: now_ms + 60_000 }
            };
            store.commit(&claimed, &claimed.commit(ending, now_ms)).await.unwrap();
            if !well {
                let claimed = claim().await;
                store.commit(&claimed, &claimed.letter_sent()).await.unwrap();
            }
        });
    }

    pub(crate) fn calls(&self) -> u64 {
        self.cloud.world().meter.totals().values().map(|totals| totals.calls).sum()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(JoinHandle::join);
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The program, with nothing of the environment of this process.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn run(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

pub(crate) fn example(name: &str) -> String {
    examples().join(name).display().to_string()
}
