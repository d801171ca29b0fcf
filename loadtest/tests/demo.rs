//! The demo as a test: the programs as processes, real databases, a worker that dies.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use tempfile::TempDir;

const DEMO: &str = env!("CARGO_BIN_EXE_demo");

/// The programs of other crates, which cargo builds only when it is asked to.
const OTHERS: [&str; 3] = ["aurora-restore", "aurora-restore-local", "aurora-restore-worker"];

/// A place where everything that the demo makes must lie, and nothing is to be left.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let beside = Path::new(DEMO).parent().unwrap();
        for name in OTHERS {
            let there = beside.join(name).is_file();
            assert!(there, "{name} is not built: run `cargo build --workspace --bins` first");
        }
        let folder = tempfile::tempdir().unwrap();
        // Database servers run as another user when this runs as root.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        Self { folder }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    fn demo(&self, args: &[&str]) -> Command {
        let mut demo = Command::new(DEMO);
        demo.args(args).arg("--state").arg(self.state()).env("TMPDIR", self.folder.path());
        demo.stdin(Stdio::null());
        demo
    }

    fn run(&self, args: &[&str]) -> Output {
        self.demo(args).output().unwrap()
    }

    /// Command lines of processes that name this place.
    fn processes(&self) -> Vec<String> {
        let all = Command::new("ps").args(["-axww", "-o", "args="]).output().unwrap();
        let place = self.folder.path().to_str().unwrap();
        let all = String::from_utf8(all.stdout).unwrap();
        all.lines().filter(|line| line.contains(place)).map(str::to_owned).collect()
    }

    fn assert_nothing_is_left(&self) {
        assert_eq!(self.processes(), Vec::<String>::new());
        let left = fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap().path());
        assert_eq!(left.collect::<Vec<_>>(), Vec::<PathBuf>::new());
    }
}

fn report(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn without_postgres() -> bool {
    std::env::var("AURORA_RESTORE_SKIP_POSTGRES").is_ok_and(|v| v == "1")
}

/// What no job may exceed whose workers all lived; the last one goes a longer way.
fn assert_within_budget(job: &Value) {
    let is_longest = job["cluster"] == "orders-staging";
    let (sqs, write, read) = if is_longest { (32.0, 150.0, 25.0) } else { (12.0, 60.0, 15.0) };
    let cost = &job["cost"];
    let at_most = |what: &str, most: f64| {
        let n = cost[what].as_f64().unwrap();
        assert!(n > 0.0 && n <= most, "{what} of {}: {n}, at most {most}", job["cluster"]);
    };
    at_most("sqs_requests", sqs);
    at_most("write_units", write);
    at_most("read_units", read);
}

/// A masked swap in another account and Region, told in a report.
fn assert_road(road: &Value, has_data: bool) {
    assert_eq!(road["old"], road["before"]);
    assert_ne!(road["after"], road["before"]);
    assert_eq!(road["chain"], "whole");
    assert!(
        road["rpo_seconds"].as_i64() > Some(0) && road["rto_ms"].as_i64() > Some(0),
        "{road:#}"
    );
    if has_data {
        assert_eq!(road["old_note"], "kept for an hour");
        assert_eq!((&road["unmasked"], &road["unmasked_in_source"]), (&0.into(), &5_000.into()));
        assert_eq!(road["content"]["orders"], 120_000);
        assert_eq!(road["is_kept_from_writing"], true);
    }
}

#[test]
fn four_jobs_restore_every_row_although_a_worker_is_killed_and_nothing_is_left_behind() {
    let place = Place::new();
    let plane = if without_postgres() { "none" } else { "postgres" };
    let output = place.run(&["--output", "json", "--data-plane", plane]);
    place.assert_nothing_is_left();
    let report = report(&output);
    assert_eq!(report["holds"], true, "{report:#}");
    assert!(report["took_ms"].as_u64().unwrap() < 90_000, "{report:#}");
    assert_eq!(report["killing"]["held_the_lease"], true);
    assert_ne!(report["takeover"]["worker"], report["killing"]["worker"]);
    let jobs = report["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 4);
    assert_road(&report["road"], plane == "postgres");
    for job in jobs {
        assert_eq!(job["status"], "succeeded");
        assert_eq!(job["clusters"], serde_json::json!([job["cluster"]]));
        if job["id"] != report["killing"]["job"] {
            assert_within_budget(job);
        }
        if plane == "postgres" && job["cluster"] != "orders-staging" {
            assert_eq!(job["content"]["orders"], 120_000);
            assert_eq!(job["content"], report["source"]["at_snapshot"]);
            assert_ne!(job["content"], report["source"]["later"]);
            let checks = job["checks"].as_array().unwrap();
            assert!(!checks.is_empty() && checks.iter().all(|check| check["passed"] == true));
        }
    }
}

#[test]
fn what_keep_leaves_running_is_ended_by_down() {
    let place = Place::new();
    let args = ["--keep", "--output", "json", "--data-plane", "none", "--speed", "300"];
    let report = report(&place.run(&args));
    let endpoint = report["kept"]["endpoint"].as_str().unwrap();
    assert_eq!(place.processes().len(), 2, "{:?}", place.processes());
    let list = Path::new(DEMO).with_file_name("aurora-restore");
    let list = Command::new(list)
        .args(["list", "--output", "json", "--endpoint", endpoint])
        .env_remove("AWS_ACCESS_KEY_ID")
        .output()
        .unwrap();
    assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));

    let second = place.run(&[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("./dev down"));

    let down = |said: &str| {
        let down = place.run(&["down"]);
        assert!(down.status.success());
        assert!(String::from_utf8_lossy(&down.stdout).contains(said), "{down:?}");
    };
    down("ended");
    place.assert_nothing_is_left();
    down("nothing is running");
}

/// A demo that is under way; a test that fails does not leave it alone.
struct Running(Child);

impl Running {
    fn terminate(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        self.0.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.terminate();
        }
    }
}

#[test]
fn stopped_in_the_middle_it_leaves_nothing_behind() {
    let place = Place::new();
    let mut demo = place.demo(&["--data-plane", "none", "--speed", "300"]);
    let mut demo = Running(demo.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("at work")));
    // The demo itself, the local cloud, two workers.
    assert_eq!(place.processes().len(), 4, "{:?}", place.processes());
    assert_eq!(demo.terminate().code(), Some(130));
    place.assert_nothing_is_left();
}
