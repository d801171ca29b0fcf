//! One MariaDB server: its configuration, starting and stopping it, and talking to it. Moments of
//! its past are in [`super::recovery`].

use super::programs::MariadbPrograms;
use super::sql;
use crate::data_plane::servers::dbms::{Master, Site};
use crate::data_plane::servers::tools::{Input, Tools, last_lines};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// For ourselves only: it exists at `localhost` alone, which without the resolving of names is the
/// Unix socket, whose folder is closed to others.
const INTERNAL_USER: &str = "rdsadmin";

/// How often we look whether a server is up or gone, each after [`TURN`]: ten minutes.
const TURNS: u32 = 60_000;
const TURN: Duration = Duration::from_millis(10);

/// The processes of the servers, by their homes. They are ours to wait for.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<BTreeMap<PathBuf, Child>>);

impl Running {
    fn add(&self, home: &Path, child: Child) {
        let mut children = self.children();
        // Those whose servers were ended because their clusters are dropped. One that has a home is
        // being stopped by somebody who will ask how it ended.
        children.retain(|home, child| home.exists() || !matches!(child.try_wait(), Ok(Some(_))));
        children.insert(home.to_owned(), child);
    }

    /// How the server of a home has ended; none while it runs.
    fn ended(&self, home: &Path) -> io::Result<Option<ExitStatus>> {
        let mut children = self.children();
        let none = || io::Error::other("no server was started");
        children.get_mut(home).ok_or_else(none)?.try_wait()
    }

    fn children(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Child>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server with its files.
#[derive(Debug)]
pub(super) struct Server<'a> {
    pub(super) programs: &'a MariadbPrograms,
    pub(super) tools: &'a Tools,
    pub(super) running: &'a Running,
    pub(super) site: &'a Site,
}

impl Server<'_> {
    /// Writes its configuration; with `open`, it will take connections over the network.
    pub(super) fn configure(&self, open: bool) -> Result<(), String> {
        let file = self.settings_file();
        let failed = |e| format!("cannot write {}: {e}", file.display());
        self.tools.write(&file, &self.settings(open)).map_err(failed)
    }

    fn settings_file(&self) -> PathBuf {
        self.site.home.join("server.cnf")
    }

    fn socket(&self) -> PathBuf {
        self.site.sockets.join(format!("mysql.{}", self.site.port))
    }

    fn settings(&self, open: bool) -> String {
        let (home, port) = (self.site.home.display(), self.site.port);
        let socket = self.socket();
        let socket = socket.display();
        let closed = u8::from(!open);
        format!(
            "\
[mariadbd]
datadir = {home}/data
socket = {socket}
pid_file = {home}/pid
bind_address = 127.0.0.1
port = {port}
skip_networking = {closed}
skip_name_resolve = 1
require_secure_transport = 1
ssl_cert = {home}/server.pem
ssl_key = {home}/server.key
tls_version = TLSv1.2,TLSv1.3
local_infile = 0
server_id = 1
log_bin = {home}/archive/binlog
binlog_format = ROW
expire_logs_days = 0
log_bin_trust_function_creators = 1
# Not every client that comes and goes, and no statement: they may hold passwords.
log_warnings = 1
max_connections = 50
max_allowed_packet = 64M
innodb_buffer_pool_size = 16M
innodb_log_file_size = 32M
innodb_buffer_pool_dump_at_shutdown = 0
innodb_buffer_pool_load_at_startup = 0
aria_pagecache_buffer_size = 8M
key_buffer_size = 1M
performance_schema = 0
# The data lives no longer than this run: a crash of the machine may cost it.
innodb_flush_log_at_trx_commit = 0
innodb_doublewrite = 0
innodb_flush_method = nosync
sync_binlog = 0
sync_frm = 0
default_time_zone = +00:00
character_set_server = utf8mb4

[mariadb-backup]
user = {INTERNAL_USER}
socket = {socket}

[client]
user = {INTERNAL_USER}
socket = {socket}
max_allowed_packet = 64M
default_character_set = utf8mb4
"
        )
    }

    /// Starts it and waits until it takes connections.
    pub(super) fn start(&self) -> Result<(), String> {
        let child = self.spawn().map_err(|e| format!("mariadbd: {e}"))?;
        self.running.add(&self.site.home, child);
        let socket = self.socket();
        self.wait(|server| {
            if let Some(status) = server.ended()? {
                return Err(format!("mariadbd ended with {status}\n{}", server.last_words()));
            }
            Ok(UnixStream::connect(&socket).is_ok())
        })?;
        self.admin("SELECT 1").map(drop).map_err(|e| format!("{e}\n{}", self.last_words()))
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = File::options().create(true).append(true).open(self.site.log())?;
        self.tools.give(&self.site.log())?;
        let mut command = self.tools.command(&self.programs.server);
        command.arg(self.settings_argument()).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log).spawn()
    }

    /// Stops it in order and waits until it is gone.
    pub(super) fn stop(&self) -> Result<(), String> {
        self.admin("SHUTDOWN")?;
        self.wait(|server| server.ended().map(|status| status.is_some()))
    }

    fn ended(&self) -> Result<Option<ExitStatus>, String> {
        self.running.ended(&self.site.home).map_err(|e| format!("mariadbd: {e}"))
    }

    fn wait(&self, is_there: impl Fn(&Self) -> Result<bool, String>) -> Result<(), String> {
        for _ in 0..TURNS {
            if is_there(self)? {
                return Ok(());
            }
            if self.tools.is_stopping() {
                return Err("shutting down".into());
            }
            thread::park_timeout(TURN);
        }
        Err(format!("mariadbd takes too long\n{}", self.last_words()))
    }

    /// The end of its log.
    fn last_words(&self) -> String {
        last_lines(&fs::read_to_string(self.site.log()).unwrap_or_default())
    }

    /// Creates the master user and, unless its name is empty, the first database.
    pub(super) fn create_master(&self, master: &Master<'_>) -> Result<(), String> {
        self.admin(&sql::create_master(master)).map(drop)
    }

    /// Runs statements as ourselves and returns their answers.
    pub(super) fn admin(&self, sql: &str) -> Result<String, String> {
        self.client(&[], Input::Text(sql), &[])
    }

    /// Runs the statements of a file as ourselves.
    pub(super) fn admin_file(&self, file: &Path) -> Result<(), String> {
        self.client(&[], Input::File(file), &[]).map(drop)
    }

    /// Runs statements as a user of the cluster, with a password of our own that is good for as
    /// long as they run. Errors come without the statement: it may hold a password.
    pub(super) fn run_sql(&self, user: &str, database: &str, sql: &str) -> Result<(), String> {
        let secret = secret().map_err(|e| format!("cannot make a password: {e}"))?;
        self.admin(&sql::lend_password(user, &secret))?;
        let who = [format!("--user={user}"), format!("--database={database}")];
        let ran = self.client(&who, Input::Text(sql), &[("MYSQL_PWD", &secret)]);
        self.admin(&sql::take_password_back(user, &secret))?;
        ran.map(drop)
    }

    fn client(
        &self,
        more: &[String],
        input: Input<'_>,
        env: &[(&str, &str)],
    ) -> Result<String, String> {
        let settings = self.settings_argument();
        let fixed = [
            "--batch",
            "--raw",
            "--skip-column-names",
            // What is read is statements only and not commands of the client.
            "--binary-mode",
            // Known to newer clients only, which quote the statement otherwise.
            "--loose-skip-print-query-on-error",
        ];
        let mut args = vec![OsStr::new(&settings)];
        args.extend(fixed.map(OsStr::new));
        args.extend(more.iter().map(OsStr::new));
        let ran = self.tools.run(&self.programs.client, &args, input, env);
        ran.map_err(|e| without_statement(&e))
    }

    /// Copies its data into a folder, consistently, while it runs.
    pub(super) fn back_up(&self, to: &Path) -> Result<(), String> {
        let (settings, to) = (self.settings_argument(), format!("--target-dir={}", to.display()));
        let run = |more: [&str; 2]| {
            let args = [&settings, more[0], more[1], &to].map(OsStr::new);
            self.tools.run(&self.programs.backup, &args, Input::None, &[])
        };
        run(["--backup", "--log-copy-interval=10"])?;
        run(["--prepare", "--use-memory=16M"]).map(drop)
    }

    /// The first argument of every program.
    fn settings_argument(&self) -> String {
        format!("--defaults-file={}", self.settings_file().display())
    }
}

fn secret() -> io::Result<String> {
    let mut bytes = [0; 24];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the server says of a statement that it does not understand quotes it.
fn without_statement(error: &str) -> String {
    error.split_once(" to use near ").map_or(error, |(said, _)| said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_quote_the_statement() {
        let said = "ERROR 1064 (42000) at line 1: You have an error in your SQL syntax; check the \
                    manual for the right syntax to use near 'BY 'sesame'' at line 1";
        assert!(without_statement(said).ends_with("the right syntax"));
        assert_eq!(without_statement("Table 'near' exists"), "Table 'near' exists");
    }

    #[test]
    fn secrets_differ() {
        assert_eq!(secret().unwrap().len(), 48);
        assert_ne!(secret().unwrap(), secret().unwrap());
    }

    #[test]
    fn a_server_that_has_ended_is_remembered_as_long_as_it_has_a_home() {
        let (here, gone) = (tempfile::tempdir().unwrap(), Path::new("/no/home/at/all"));
        let ends = |running: &Running, home: &Path| {
            running.add(home, std::process::Command::new("true").spawn().unwrap());
            while running.ended(home).unwrap().is_none() {
                thread::yield_now();
            }
        };
        let running = Running::default();
        ends(&running, here.path());
        ends(&running, gone);
        assert!(running.ended(here.path()).unwrap().is_some());
        ends(&running, here.path());
        assert!(running.ended(gone).is_err());
    }
}
