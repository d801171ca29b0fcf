//! Processes that the demo starts: each with a log file of its own, each ended when it is dropped.

use anyhow::{Context, Result, bail, ensure};
use aurora_restore_shared::clock::Clock;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How often a process is asked whether it has ended.
const TURN: Duration = Duration::from_millis(20);

/// How long a process that is told to end may take before it is killed: a worker drains for up to
/// ten seconds, the local cloud stops its database servers.
const GRACE: Duration = Duration::from_secs(20);

/// How much of a log is shown when something went wrong.
const TAIL_LINES: usize = 15;

/// A program built beside this one. Programs of tests lie one folder further in.
///
/// # Errors
/// When it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let me = std::env::current_exe().context("looking for this program")?;
    let folder = me.parent().unwrap_or(Path::new("."));
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let program = folder.join(name);
    let folder = folder.display();
    ensure!(program.is_file(), "no {name} in {folder}: `cargo build --workspace --bins` makes it");
    Ok(program)
}

/// A running process.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    left_running: bool,
}

impl Process {
    /// Starts a program in a process group of its own, so that Ctrl-C reaches the demo alone, which
    /// then ends everything in order. What it says goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, mut command: Command, log: PathBuf) -> Result<Self> {
        let file = log_file(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = command.spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), child, log, left_running: false })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error when it has ended.
    ///
    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended too early: {status}", self.name),
        }
    }

    /// Ends it where it stands (SIGKILL).
    ///
    /// # Errors
    /// It had ended before.
    pub fn kill(&mut self) -> Result<()> {
        self.check()?;
        self.child.kill()?;
        let status = self.child.wait()?;
        ensure!(!status.success(), "{} ended by itself just before it was killed", self.name);
        Ok(())
    }

    /// Tells it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// It does not end in time.
    pub async fn stop(&mut self, clock: Clock) -> Result<ExitStatus> {
        self.tell(Signal::SIGTERM);
        let until = clock.now_ms() + i64::try_from(GRACE.as_millis())?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(clock.now_ms() < until, "{} does not end", self.name);
            clock.sleep(TURN).await;
        }
    }

    /// Leaves it running when this is dropped.
    pub fn leave_running(&mut self) {
        self.left_running = true;
    }

    /// Whether it is left running when this is dropped.
    #[must_use]
    pub fn is_left_running(&self) -> bool {
        self.left_running
    }

    fn tell(&mut self, signal: Signal) {
        // An id that was not waited for is still the child's, whether or not it has ended.
        if let (Ok(None), Ok(pid)) = (self.child.try_wait(), i32::try_from(self.child.id())) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Ends it in order if it can be, and in any case.
    pub fn end(&mut self) {
        self.tell(Signal::SIGTERM);
        for _ in 0..GRACE.as_millis() / TURN.as_millis() {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(TURN);
        }
        // Nothing more can be done about one that survives even this.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// The end of its log.
    #[must_use]
    pub fn tail(&self) -> String {
        let lines = tail(&self.log);
        format!("--- the last that {} said ({}):\n{lines}", self.name, self.log.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.left_running {
            self.end();
        }
    }
}

fn log_file(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.with_context(|| format!("cannot write {}", path.display()))
}

fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// Runs a program to its end and returns what it wrote to standard output.
///
/// # Errors
/// When it ends badly; with what it wrote to standard error.
pub async fn output(command: Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut command = tokio::process::Command::from(command);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("starting {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    bail!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
}

/// The command line of a process, when there is one with that id.
#[must_use]
pub fn command_line(pid: u32) -> Option<String> {
    let text = match std::fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).replace('\0', " "),
        Err(_) if Path::new("/proc/self/cmdline").exists() => return None,
        // Systems without /proc.
        Err(_) => {
            let asked =
                Command::new("ps").args(["-ww", "-o", "args=", "-p"]).arg(pid.to_string()).output();
            String::from_utf8_lossy(&asked.ok()?.stdout).into_owned()
        }
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
