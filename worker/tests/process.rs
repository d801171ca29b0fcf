//! The worker as a process: settings, pages, the word at a bad start, the drain on SIGTERM.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is how they say no")]

use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::settings::Common;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

const LIMIT: Duration = Duration::from_secs(30);

/// A local cloud over HTTP for the length of a test.
struct Served {
    common: Common,
    _server: JoinSet<()>,
}

async fn serve() -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let world = World::new(WorldSettings::default(), Box::new(NoData));
    let cloud = Cloud::new(world, Arc::new(SystemNow));
    let mut server = JoinSet::new();
    server.spawn(async move {
        let pages = Pages { ca_pem: None };
        let never = std::future::pending::<()>();
        aurora_restore_local::server::serve(cloud, listener, pages, never).await;
    });
    let common = Common { endpoint: Some(endpoint), ..Common::default() };
    Served { common, _server: server }
}

impl Served {
    async fn initialised() -> Self {
        let served = serve().await;
        let env = Environment::real(&served.common, "test").await;
        env.store().create_table().await.unwrap();
        env.queues(&served.common.region).create().await.unwrap();
        served
    }

    fn worker(&self) -> Command {
        let mut command = command();
        command.env("AURORA_RESTORE_ENDPOINT", self.common.endpoint.as_ref().unwrap());
        command
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurora-restore-worker"));
    command.env_clear().kill_on_drop(true).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

async fn output(command: &mut Command) -> Output {
    tokio::time::timeout(LIMIT, command.output()).await.unwrap().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reads the worker's log until it takes work.
async fn until_ready(child: &mut Child) {
    let stderr = child.stderr.take().unwrap();
    let mut lines = BufReader::new(stderr).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("takes work") {
                return;
            }
        }
        panic!("the worker ended before it took work");
    };
    tokio::time::timeout(LIMIT, ready).await.unwrap();
    // Here its pipe closes: a worker whose log nobody reads any more must go on all the same.
}

async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn terminate(mut child: Child) -> ExitStatus {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    // The limit that the issue sets: a drain takes ten seconds at the most, and then a moment.
    tokio::time::timeout(Duration::from_secs(12), child.wait()).await.unwrap().unwrap()
}

#[tokio::test]
async fn all_faults_of_the_settings_are_named_and_the_exit_code_is_2() {
    let mut command = command();
    command.env("AURORA_RESTORE_LEASE_MS", "soon").env("AURORA_RESTORE_REGION", "mars-1");
    let output = output(command.env("AURORA_RESTORE_COLOUR", "blue")).await;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output);
    for part in ["lease_ms", "region", "mars-1", "colour", "not a known field"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn without_a_table_it_says_what_to_do_and_ends_with_3() {
    let served = serve().await;
    let output = output(&mut served.worker()).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("aurora-restore init"), "{}", text(&output));
}

#[tokio::test]
async fn an_endpoint_where_nobody_is_ends_it_with_3() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut command = command();
    command.env("AURORA_RESTORE_ENDPOINT", format!("http://{nobody}"));
    let output = output(&mut command).await;
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
}

#[tokio::test]
async fn it_serves_its_pages_and_drains_on_sigterm_with_0() {
    let served = Served::initialised().await;
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let mut command = served.worker();
    command.env("AURORA_RESTORE_LISTEN", &address).env("AURORA_RESTORE_POLL_WAIT_SECONDS", "1");
    let mut worker = command.spawn().unwrap();
    until_ready(&mut worker).await;
    assert!(get(&address, "/healthz").await.starts_with("HTTP/1.1 200"));
    let ready = get(&address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200") && ready.ends_with("ready\n"), "{ready}");
    let metrics = get(&address, "/metrics").await;
    for name in ["aurora_restore_messages_total", "aurora_restore_ticks", "aurora_restore_looks"] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    assert_eq!(terminate(worker).await.code(), Some(0));
}

#[tokio::test]
async fn help_has_examples_settings_and_exit_codes() {
    let output = output(command().arg("--help")).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["EXAMPLES", "SETTINGS", "EXIT CODES"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
