//! One PostgreSQL server: its configuration, starting and stopping it, and talking to it. Moments of
//! its past are in [`super::recovery`].

use crate::data_plane::servers::dbms::{Master, Site};
use crate::data_plane::servers::tools::{Input, Tools, last_lines};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// The superuser, for ourselves only: it can log in through the Unix socket and nowhere else.
pub(super) const INTERNAL_USER: &str = "rdsadmin";

/// Nobody comes in over the network without TLS and a password. Nobody but us gets to the Unix
/// socket, whose folder is closed to others.
const HBA: &str = "\
local all all trust
local replication rdsadmin trust
hostssl all rdsadmin all reject
hostssl all all 127.0.0.1/32 scram-sha-256
";

/// The master user owns the databases and is no superuser, as in Aurora.
const CREATE_MASTER: &str = r#"
\getenv user MASTER_USER
\getenv password MASTER_PASSWORD
CREATE ROLE rds_superuser NOLOGIN;
GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION;
CREATE ROLE :"user" LOGIN CREATEDB CREATEROLE PASSWORD :'password';
GRANT rds_superuser TO :"user";
ALTER DATABASE postgres OWNER TO :"user";
"#;

const CREATE_DATABASE: &str = r#"
\getenv user MASTER_USER
\getenv database FIRST_DATABASE
SELECT count(*) = 0 AS wanted FROM pg_database WHERE datname = :'database' \gset
\if :wanted
CREATE DATABASE :"database" OWNER :"user";
\endif
"#;

const SET_PASSWORD: &str = r#"
\getenv user MASTER_USER
\getenv password MASTER_PASSWORD
ALTER ROLE :"user" PASSWORD :'password';
"#;

/// A server with its files.
#[derive(Debug)]
pub(super) struct Server<'a> {
    /// The folder of the programs.
    pub(super) bin: &'a Path,
    pub(super) tools: &'a Tools,
    pub(super) site: &'a Site,
}

impl Server<'_> {
    /// Writes its configuration; with `open`, it will take connections over the network.
    pub(super) fn configure(&self, open: bool) -> Result<(), String> {
        let data = self.site.data();
        let failed = |e| format!("cannot configure {}: {e}", data.display());
        self.tools.write(&data.join("pg_hba.conf"), HBA).map_err(failed)?;
        // What an earlier life of the data has set must not win.
        self.tools.write(&data.join("postgresql.auto.conf"), "").map_err(failed)?;
        self.tools.write(&data.join("postgresql.conf"), &self.settings(open)).map_err(failed)
    }

    fn settings(&self, open: bool) -> String {
        let (home, sockets) = (self.site.home.display(), self.site.sockets.display());
        // Under its name only when it is whole.
        let archive = format!(
            r#"cp %p "{home}/archive/%f.new" && mv "{home}/archive/%f.new" "{home}/archive/%f""#
        );
        let (port, listen) = (self.site.port, if open { "127.0.0.1" } else { "" });
        format!(
            "\
listen_addresses = '{listen}'
port = {port}
unix_socket_directories = '\"{sockets}\"'
unix_socket_permissions = 0700
ssl = on
ssl_cert_file = '{home}/server.pem'
ssl_key_file = '{home}/server.key'
ssl_min_protocol_version = 'TLSv1.2'
password_encryption = 'scram-sha-256'
max_connections = 50
shared_buffers = 32MB
huge_pages = off
jit = off
wal_level = replica
max_wal_senders = 20
min_wal_size = 8MB
max_wal_size = 512MB
archive_mode = on
archive_command = '{archive}'
# Statements may hold passwords.
log_min_error_statement = panic
# The data lives no longer than this run: a crash of the machine may cost it.
fsync = off
synchronous_commit = off
full_page_writes = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"
        )
    }

    /// Starts it and waits until it takes connections.
    pub(super) fn start(&self) -> Result<(), String> {
        self.control("start", &[])
    }

    /// Stops it in order and starts it again.
    pub(super) fn restart(&self) -> Result<(), String> {
        self.control("restart", &["-m", "fast"])
    }

    fn control(&self, action: &str, more: &[&str]) -> Result<(), String> {
        let (data, log) = (self.site.data(), self.site.log());
        let fixed = [action, "-w", "-t", "600", "-s", "-D"].map(OsStr::new);
        let mut args =
            [&fixed[..], &[data.as_os_str(), OsStr::new("-l"), log.as_os_str()]].concat();
        args.extend(more.iter().map(OsStr::new));
        self.run("pg_ctl", &args, Input::None, &[])
            .map(drop)
            .map_err(|e| format!("{e}\n{}", self.last_words()))
    }

    /// The end of its log.
    pub(super) fn last_words(&self) -> String {
        last_lines(&fs::read_to_string(self.site.log()).unwrap_or_default())
    }

    /// Creates the master user and, unless its name is empty, the first database.
    pub(super) fn create_master(&self, master: &Master<'_>) -> Result<(), String> {
        let Master { user, password, database } = *master;
        self.script(CREATE_MASTER, &[("MASTER_USER", user), ("MASTER_PASSWORD", password)])?;
        if database.is_empty() {
            return Ok(());
        }
        self.script(CREATE_DATABASE, &[("MASTER_USER", user), ("FIRST_DATABASE", database)])
    }

    /// Changes the password of a user.
    pub(super) fn set_password(&self, user: &str, password: &str) -> Result<(), String> {
        self.script(SET_PASSWORD, &[("MASTER_USER", user), ("MASTER_PASSWORD", password)])
    }

    /// Runs a fixed script. What varies comes through the environment, which other users of the
    /// machine cannot read as they can a command line, and is quoted by `psql`.
    fn script(&self, script: &str, variables: &[(&str, &str)]) -> Result<(), String> {
        self.psql(INTERNAL_USER, "postgres", &[], script, variables).map(drop)
    }

    /// The answer to a question, as text.
    pub(super) fn ask(&self, sql: &str) -> Result<String, String> {
        let answer = self.psql(INTERNAL_USER, "postgres", &["-A", "-t"], sql, &[])?;
        Ok(answer.trim().to_owned())
    }

    /// Runs statements as a user of the cluster. Errors come without the statement: it may hold a
    /// password.
    pub(super) fn run_sql(&self, user: &str, database: &str, sql: &str) -> Result<(), String> {
        let quiet = ["-v", "VERBOSITY=terse", "-o", "/dev/null"];
        let options = [("PGOPTIONS", "-c client_min_messages=warning")];
        self.psql(user, database, &quiet, sql, &options).map(drop)
    }

    fn psql(
        &self,
        user: &str,
        database: &str,
        more: &[&str],
        script: &str,
        env: &[(&str, &str)],
    ) -> Result<String, String> {
        let fixed = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"];
        let mut args: Vec<&OsStr> = fixed.iter().chain(more).map(OsStr::new).collect();
        let port = self.site.port.to_string();
        args.extend(self.address(&port));
        // As `PGDATABASE`, a name is never taken for a connection string.
        let env = [env, &[("PGUSER", user), ("PGDATABASE", database)]].concat();
        self.run("psql", &args, Input::Text(script), &env)
    }

    /// Copies its data into a folder, consistently, while it runs.
    pub(super) fn back_up(&self, to: &Path) -> Result<(), String> {
        let fixed = ["--checkpoint=fast", "-X", "stream", "--no-sync", "-D"];
        let mut args: Vec<&OsStr> = fixed.iter().map(OsStr::new).collect();
        args.push(to.as_os_str());
        let port = self.site.port.to_string();
        args.extend(self.address(&port));
        let env = [("PGUSER", INTERNAL_USER)];
        self.run("pg_basebackup", &args, Input::None, &env).map(drop)
    }

    fn run(
        &self,
        program: &str,
        args: &[&OsStr],
        input: Input<'_>,
        env: &[(&str, &str)],
    ) -> Result<String, String> {
        self.tools.run(&self.bin.join(program), args, input, env)
    }

    fn address<'s>(&'s self, port: &'s str) -> [&'s OsStr; 4] {
        let [h, p] = ["-h", "-p"].map(OsStr::new);
        [h, self.site.sockets.as_os_str(), p, OsStr::new(port)]
    }
}
