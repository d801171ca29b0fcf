//! What a run that was killed leaves, and who cleans it.

use crate::mariadb_rig::*;
use crate::rig::*;
use aurora_restore_local::data_plane::servers::ServerPlane;
use aurora_restore_local::data_plane::servers::folder::DataFolder;
use aurora_restore_local::data_plane::{DataPlane, Endpoint, Progress};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// A run that was killed while its cluster took connections.
fn killed_run(data: &Path, engine: &str) -> Endpoint {
    let mut run = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "killed::a_run_to_be_killed", "--nocapture"])
        .env("KILLED_RUN_DATA", data)
        .env("KILLED_RUN_ENGINE", engine)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = said.find_map(|line| line.split_once("port=")?.1.parse().ok()).unwrap();
    assert!(DataFolder::claim(data, false).unwrap_err().contains("in use"));
    run.kill().unwrap();
    run.wait().unwrap();
    let left = Endpoint { address: "localhost".into(), port };
    assert!(listens(&left));
    assert!(!processes_in(data).is_empty());
    left
}

#[test]
fn leftovers_of_a_killed_run_are_cleaned_at_the_next_start_and_by_down() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let other = rig.opened("cluster-of-another-run");
    cleaned_after_a_kill(rig.parent.path(), "postgres");
    assert_eq!(rig.client(&other).sql("SELECT 1"), "1");
}

#[test]
fn leftovers_of_a_killed_run_with_mysql_are_cleaned_at_the_next_start_and_by_down() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let other = rig.opened_mysql("cluster-of-another-run");
    cleaned_after_a_kill(rig.parent.path(), "mysql");
    assert_eq!(other.sql("SELECT 1"), "1");
}

/// Kills one run, which the next start cleans up after, and another one, for `down`.
fn cleaned_after_a_kill(parent: &Path, engine: &str) {
    let data = parent.join("killed");
    let left = killed_run(&data, engine);
    let plane = ServerPlane::open(&data).unwrap();
    assert!(!listens(&left));
    assert_eq!(processes_in(&data), Vec::<String>::new());
    assert!(!data.join("clusters/cluster-left").exists());
    plane.shutdown().unwrap();
    assert!(!data.exists());

    let left = killed_run(&data, engine);
    let program = env!("CARGO_BIN_EXE_aurora-restore-local");
    let down = Command::new(program).args(["down", "--data-dir"]).arg(&data).status().unwrap();
    assert!(down.success());
    assert!(!listens(&left));
    assert_eq!(processes_in(&data), Vec::<String>::new());
    assert!(!data.exists());
}

#[test]
#[ignore = "not a fact by itself: the process that another test starts and kills"]
fn a_run_to_be_killed() {
    let Some(data) = std::env::var_os("KILLED_RUN_DATA") else { return };
    let mut plane = ServerPlane::open(Path::new(&data)).unwrap();
    let mysql = std::env::var("KILLED_RUN_ENGINE").is_ok_and(|engine| engine == "mysql");
    plane.submit(if mysql { create_mysql("cluster-left") } else { create("cluster-left") });
    let ticket = plane.submit(open("cluster-left"));
    for _ in 0..TURNS {
        if let Progress::Done(Some(endpoint)) = plane.poll(ticket) {
            println!("\nport={}", endpoint.port);
            break;
        }
        std::thread::park_timeout(TURN);
    }
    // Long enough to be killed, and no leftover itself when the test that started it fails.
    (0..TURNS).for_each(|_| std::thread::park_timeout(TURN));
}
