//! Ends database processes that work in a data folder: our own at shutdown, and those that a
//! killed run left behind.
//!
//! A process is only ever ended when it is one of the programs this module starts **and** its
//! command line names a path below the data folder; a recorded process id alone proves nothing,
//! because ids are used again.

use crate::data_plane::{mariadb, postgres};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What runs the scripts among the programs.
const SHELLS: [&str; 3] = ["sh", "bash", "dash"];

/// What servers run to keep their archive and to read from it.
const HELPERS: [&str; 2] = ["cp", "mv"];

/// How often the process list is read again before harsher means (each after [`PAUSE`]).
const PATIENCE: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// Ends every program that works below `folder` and waits until they are gone. Servers
/// get the signal for an immediate shutdown: what they hold is about to be removed.
///
/// # Errors
/// The processes that could not be ended.
pub(in crate::data_plane) fn end(folder: &Path) -> Result<usize, String> {
    let mut ended = 0;
    for attempt in 0..PATIENCE {
        let found = working_in(folder);
        if found.is_empty() {
            return Ok(ended);
        }
        if attempt == 0 {
            ended = found.len();
        }
        // Once, and again late: a server needs its time, but may also have been started meanwhile.
        if attempt % 40 == 0 {
            let force = attempt >= PATIENCE / 2;
            found.iter().try_for_each(|process| process.end(force))?;
        }
        std::thread::park_timeout(PAUSE);
    }
    let left: Vec<String> = working_in(folder).iter().map(|p| p.pid.to_string()).collect();
    Err(format!("processes {} under {} do not end", left.join(", "), folder.display()))
}

/// The program of a process, when there is one with that id.
pub(super) fn program(pid: i32) -> Option<String> {
    all().into_iter().find(|p| p.pid == pid).map(|p| p.program().to_owned())
}

#[derive(Debug)]
struct Process {
    pid: i32,
    /// Arguments joined by blanks.
    command: String,
}

impl Process {
    fn program(&self) -> &str {
        self.file_name(0)
    }

    /// The program, or the script that it runs.
    fn script(&self) -> &str {
        self.file_name(usize::from(SHELLS.contains(&self.program())))
    }

    fn file_name(&self, nth: usize) -> &str {
        let word = self.command.split(' ').nth(nth).unwrap_or_default();
        word.rsplit('/').next().unwrap_or_default()
    }

    fn works_in(&self, folder: &str) -> bool {
        // As an argument of its own, or the value of an option.
        let names = |before: char| self.command.contains(&format!("{before}{folder}/"));
        let script = self.script();
        let server = postgres::programs::NAMES.contains(&script)
            || mariadb::programs::NAMES.contains(&script);
        let helper = HELPERS.contains(&self.program()) && self.command.contains("/archive/");
        (server && (names(' ') || names('='))) || (helper && names(' '))
    }

    fn end(&self, force: bool) -> Result<(), String> {
        let signal = match self.program() {
            "postgres" if !force => Signal::SIGQUIT,
            _ => Signal::SIGKILL,
        };
        match kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(e) => Err(format!("cannot end process {} ({}): {e}", self.pid, self.command)),
        }
    }
}

fn working_in(folder: &Path) -> Vec<Process> {
    let Some(folder) = folder.to_str() else { return Vec::new() };
    all().into_iter().filter(|p| p.works_in(folder)).collect()
}

/// All processes with a command line (a process that has ended but was not waited for has none).
fn all() -> Vec<Process> {
    if Path::new("/proc/self/cmdline").exists() { from_proc() } else { from_ps() }
}

fn from_proc() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let bytes = fs::read(entry.path().join("cmdline")).ok()?;
            let text = String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " ");
            (!text.is_empty()).then_some(Process { pid, command: text })
        })
        .collect()
}

/// For systems without `/proc`.
fn from_ps() -> Vec<Process> {
    let Ok(output) = Command::new("ps").args(["-axww", "-o", "pid=,args="]).output() else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let one = |line: &str| {
        let (pid, command) = line.trim_start().split_once(' ')?;
        Some(Process { pid: pid.parse().ok()?, command: command.trim().to_owned() })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(command: &str) -> Process {
        Process { pid: 1, command: command.into() }
    }

    #[test]
    fn only_programs_of_databases_below_the_folder_count() {
        let ours = process("/usr/lib/postgresql/15/bin/postgres -D /data/clusters/a/data");
        assert!(ours.works_in("/data"));
        assert!(!ours.works_in("/dat"));
        assert!(!ours.works_in("/data/clusters/b"));
        assert!(
            process("/usr/sbin/mariadbd --defaults-file=/data/clusters/a/server.cnf")
                .works_in("/data")
        );
        assert!(
            process("/bin/sh /usr/bin/mariadb-install-db --datadir=/data/templates/mysql")
                .works_in("/data")
        );
        assert!(!process("sh -c mariadbd /data/clusters/a").works_in("/data"));
        assert!(process("cp pg_wal/01 /data/clusters/a/archive/01.new").works_in("/data"));
        assert!(!process("cp /data/clusters/a/log /tmp/log").works_in("/data"));
        assert!(!process("vim /data/clusters/a/log").works_in("/data"));
        assert!(!process("postgres -D /mnt/data/clusters/a/data").works_in("/data"));
    }

    #[test]
    fn this_very_process_is_seen() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(program(pid).is_some());
        assert!(from_ps().is_empty() || from_ps().iter().any(|p| p.pid == pid));
    }
}
