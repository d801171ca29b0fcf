//! `docker-compose.yml` without containers: the very commands and settings that stand there are
//! started as processes, with other addresses and another folder.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use aurora_restore_loadtest::demo::cloud::http;
use aurora_restore_loadtest::demo::process::{Process, program};
use aurora_restore_shared::clock::Clock;
use serde_norway::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const FILE: &str = include_str!("../../docker-compose.yml");
const DOCKERFILE: &str = include_str!("../../infra/docker/Dockerfile");

/// Ports of the file.
const PORTS: [&str; 3] = ["4566", "8081", "8082"];

/// The services of the file, its merge keys resolved.
fn services() -> BTreeMap<String, Value> {
    let mut file: Value = serde_norway::from_str(FILE).unwrap();
    // What is merged may itself be merged of something.
    file.apply_merge().unwrap();
    file.apply_merge().unwrap();
    serde_norway::from_value(file["services"].clone()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    serde_norway::from_value(value.clone()).unwrap()
}

/// Stands in for the containers: free ports for those of the file, a folder for the volume.
struct Host {
    folder: TempDir,
    ports: BTreeMap<&'static str, u16>,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        let sockets = PORTS.map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = sockets.iter().map(|socket| socket.local_addr().unwrap().port());
        Self { folder, ports: PORTS.into_iter().zip(ports).collect() }
    }

    fn here(&self, text: &str) -> String {
        let text = text.replace("0.0.0.0", "127.0.0.1");
        let text = text.replace("/data/", &format!("{}/", self.folder.path().display()));
        let swap = |text: String, (from, to): (&&str, &u16)| {
            text.replace(&format!(":{from}"), &format!(":{to}"))
        };
        self.ports.iter().fold(text, swap)
    }

    fn command(&self, service: &Value) -> Command {
        let words = texts(&service["command"]);
        let mut command = Command::new(program(&words[0]).unwrap_or_else(|e| panic!("{e}")));
        command.args(words[1..].iter().map(|word| self.here(word)));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        if let Some(settings) = service.get("environment") {
            let settings: BTreeMap<String, String> =
                serde_norway::from_value(settings.clone()).unwrap();
            command.envs(settings.iter().map(|(name, value)| (name, self.here(value))));
        }
        command
    }

    fn start(&self, name: &str, service: &Value) -> Process {
        let log = self.folder.path().join(format!("{name}.log"));
        Process::start(name, self.command(service), log).unwrap()
    }

    /// Waits until a service's own health check would pass.
    async fn until_healthy(&self, service: &Value, process: &mut Process) {
        let check = texts(&service["healthcheck"]["test"]);
        let [_, program, port, path] = &check[..] else { panic!("{check:?}") };
        assert_eq!(program, "answers");
        let address = self.here(&format!("127.0.0.1:{port}"));
        while let Err(e) = http(&address, "GET", path, "").await {
            assert!(process.check().is_ok(), "{e}\n{}", process.tail());
            Clock::system().sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn the_commands_of_the_compose_file_start_and_stop_in_its_order() {
    let (host, services, clock) = (Host::new(), services(), Clock::system());
    let cloud = &services["cloud"];
    let mut local_cloud = host.start("cloud", cloud);
    host.until_healthy(cloud, &mut local_cloud).await;
    let init = host.command(&services["init"]).output().unwrap();
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    let mut workers = Vec::new();
    for name in ["worker-1", "worker-2"] {
        let mut worker = host.start(name, &services[name]);
        host.until_healthy(&services[name], &mut worker).await;
        workers.push(worker);
    }
    for mut process in workers.into_iter().chain([local_cloud]) {
        let ended = process.stop(clock).await.unwrap();
        assert!(ended.success(), "{}", process.tail());
    }
    assert!(!host.folder.path().join("cloud").exists(), "the local cloud cleans up");
}

#[test]
fn every_program_of_the_compose_file_is_in_the_image_it_names() {
    for (name, service) in services() {
        let target = service["build"]["target"].as_str().unwrap().to_owned();
        let stage = DOCKERFILE.split("\nFROM ").find(|stage| {
            stage.lines().next().is_some_and(|line| line.ends_with(&format!(" AS {target}")))
        });
        let stage = stage.unwrap_or_else(|| panic!("{name}: there is no target {target}"));
        let program = texts(&service["command"])[0].clone();
        let copied: BTreeSet<&str> = stage
            .lines()
            .filter(|line| line.contains("--from=build"))
            .flat_map(|line| line.split_whitespace())
            .filter_map(|word| Path::new(word).file_name()?.to_str())
            .collect();
        assert!(copied.contains(program.as_str()), "{name}: {program} is not in {target}");
        assert!(stage.contains("\nUSER aurora-restore\n"), "{target} runs as root");
    }
}
