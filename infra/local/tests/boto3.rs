//! The fact that an SDK which is not Rust's can talk to the local cloud: a journey with boto3.
//!
//! The script is `boto3/journey.py`; its SDK lives in a virtual environment of its own, made from
//! the package index that pip is configured for. Without Python 3 or that index the journey is
//! skipped, with the reason; on a CI machine (`CI=true`) that has Python it must take place.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use serde_json::Value;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The packages, with their versions.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto3/requirements.txt");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto3/journey.py");

/// A running local cloud without databases, which hurries.
struct Run {
    child: Child,
    endpoint: String,
    _folder: TempDir,
}

impl Run {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let about = folder.path().join("about.json");
        let mut child = Command::new(env!("CARGO_BIN_EXE_aurora-restore-local"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-plane", "none"])
            .args(["--speed", "6000", "--data-dir"])
            .arg(folder.path().join("data"))
            .arg("--port-file")
            .arg(&about)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let about: Value = serde_json::from_slice(&fs::read(about).unwrap()).unwrap();
        let endpoint = about["endpoint"].as_str().unwrap().to_owned();
        Self { child, endpoint, _folder: folder }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end; its last line of errors when it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(errors.lines().last().unwrap_or("no reason given").to_owned())
}

/// Whether there is a Python that can make virtual environments.
fn has_python() -> bool {
    run(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok()
}

/// The Python of a virtual environment with the required packages: the one of the last run, if the
/// requirements are the same.
fn environment() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("boto3");
    let (python, made_from) = (folder.join("bin/python"), folder.join("made-from.txt"));
    let required = fs::read_to_string(REQUIREMENTS).unwrap();
    if python.exists() && fs::read_to_string(&made_from).is_ok_and(|made| made == required) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run(Command::new(&python).args(install).arg(REQUIREMENTS))?;
    fs::write(made_from, required).unwrap();
    Ok(python)
}

#[test]
fn the_sdk_for_python_can_do_what_the_fleet_does() {
    if !has_python() {
        println!("skipped: Python 3 with venv is not here");
        return;
    }
    let python = match environment() {
        Ok(python) => python,
        Err(reason) => {
            let must = env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!must, "no packages for the journey: {reason}");
            println!("skipped: no packages for the journey: {reason}");
            return;
        }
    };
    let cloud = Run::start();
    let journey = Command::new(python).args(["-B", SCRIPT, &cloud.endpoint]).output().unwrap();
    let said = String::from_utf8_lossy(&journey.stdout);
    println!("{said}");
    assert!(journey.status.success(), "{}", String::from_utf8_lossy(&journey.stderr));
    assert_eq!(said.lines().last(), Some("holds: events"), "{said}");
}
