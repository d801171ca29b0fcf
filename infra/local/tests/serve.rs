//! Facts about the program: it comes up, tells where it is, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aurora-restore-local");

fn program(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running local cloud without databases, in a folder of its own.
struct Run {
    child: Child,
    ready: String,
    about: Value,
    parent: TempDir,
}

impl Run {
    fn start(more: &[&str]) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let about = parent.path().join("about.json");
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-plane", "none", "--data-dir"])
            .arg(parent.path().join("data"))
            .arg("--port-file")
            .arg(&about)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let about = serde_json::from_slice(&std::fs::read(about).unwrap()).unwrap();
        Self { child, ready, about, parent }
    }

    fn data(&self) -> String {
        self.parent.path().join("data").display().to_string()
    }

    fn address(&self) -> SocketAddr {
        let endpoint = self.about["endpoint"].as_str().unwrap();
        endpoint.strip_prefix("http://").unwrap().parse().unwrap()
    }

    fn down(&self) -> Output {
        program(&["down", "--data-dir", &self.data()])
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_it_is_and_down_ends_it_without_a_trace() {
    let mut run = Run::start(&["--speed", "600"]);
    let endpoint = run.about["endpoint"].as_str().unwrap();
    assert_eq!(run.ready, format!("ready: {endpoint} (data plane none, speed 600)\n"));
    assert_eq!(run.about["pid"], run.child.id());
    assert_eq!(run.about["data_plane"], "none");
    assert_eq!(run.about["ca_file"], Value::Null);
    TcpStream::connect(run.address()).unwrap();

    // `down` waits for the end of a process that somebody else has to wait for, too.
    let pid = run.child.id();
    let data = run.data();
    let down = std::thread::spawn(move || program(&["down", "--data-dir", &data]));
    assert!(run.child.wait().unwrap().success());
    let down = down.join().unwrap();
    assert_eq!(text(&down.stdout), format!("ended process {pid}\n"));
    assert!(down.status.success());
    assert!(!Path::new(&run.data()).exists());
    assert!(!run.parent.path().join("about.json").exists());
    assert!(TcpStream::connect(run.address()).is_err());
    assert!(text(&run.down().stdout).starts_with("nothing is running"));
}

#[test]
fn what_a_killed_one_left_is_cleaned_by_down() {
    let mut run = Run::start(&[]);
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    assert!(Path::new(&run.data()).exists());
    assert!(run.down().status.success());
    assert!(!Path::new(&run.data()).exists());
}

#[test]
fn a_data_folder_serves_one_at_a_time() {
    let run = Run::start(&[]);
    let args = ["serve", "--listen", "127.0.0.1:0", "--data-plane", "none", "--data-dir"];
    let second = program(&[&args[..], &[&run.data()]].concat());
    assert_eq!(second.status.code(), Some(1));
    let pid = run.child.id();
    assert!(text(&second.stderr).contains(&format!("in use by process {pid}")));
    TcpStream::connect(run.address()).unwrap();
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let refused = program(&["serve", "--listen", "0.0.0.0:0", "--data-plane", "none"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--allow-remote"));
}

#[test]
fn without_postgresql_it_says_how_to_install_it() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Command::new(PROGRAM).arg("programs").env("PG_BIN", folder.path()).output();
    let asked = asked.unwrap();
    assert_eq!(asked.status.code(), Some(1));
    assert!(text(&asked.stderr).contains("PG_BIN: there is no initdb"), "{asked:?}");
}

#[test]
fn a_speed_that_is_no_speed_is_refused() {
    for bad in ["0", "-1", "NaN", "inf", "fast"] {
        let refused = program(&["serve", &format!("--speed={bad}")]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
    }
}

#[test]
fn a_seed_file_is_there_before_it_is_said_to_be_up() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/seeds");
    let run = Run::start(&["--seed-file", &format!("{examples}/two-accounts.json")]);
    let endpoint = run.about["endpoint"].as_str().unwrap();
    let status = program(&["status", "--output", "json", "--endpoint", endpoint]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let clusters = status["rds"]["clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 3);
    assert!(clusters.iter().all(|cluster| cluster["status"] == "available"), "{clusters:?}");

    let refused = program(&["serve", "--seed-file", &format!("{examples}/bad-many-faults.json")]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
