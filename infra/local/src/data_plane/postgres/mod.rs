//! PostgreSQL, for Aurora PostgreSQL: every cluster is a server of its own.

pub mod programs;
mod recovery;
mod server;

use super::servers::dbms::{Dbms, Moment, Origin, Site};
use super::servers::tools::{Input, Tools};
use programs::PostgresPrograms;
use server::{INTERNAL_USER, Server};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

/// How PostgreSQL servers are made, run and copied.
#[derive(Debug)]
pub(super) struct Postgres {
    programs: PostgresPrograms,
    tools: Arc<Tools>,
}

impl Postgres {
    pub(super) fn new(programs: PostgresPrograms, tools: Arc<Tools>) -> Self {
        Self { programs, tools }
    }

    fn server<'a>(&'a self, site: &'a Site) -> Server<'a> {
        Server { bin: &self.programs.bin, tools: &self.tools, site }
    }

    fn fill(&self, site: &Site, from: &Origin<'_>) -> Result<(), String> {
        let data = site.data();
        match from {
            Origin::Nothing { template: files, .. } | Origin::Files(files) => {
                self.tools.copy(files, &data)
            }
            Origin::Running(source) => self.server(source).back_up(&data),
            Origin::Past { source, moment } => {
                if *moment != Moment::Base {
                    self.server(source).archive_all()?;
                }
                self.tools.copy(&source.base(), &data)
            }
        }
    }
}

impl Dbms for Postgres {
    fn make_template(&self, to: &Path) -> Result<(), String> {
        self.tools.make_folder(to).map_err(|e| format!("cannot make the template: {e}"))?;
        let fixed = ["--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"];
        let more = ["--locale=C", "--no-sync", "--wal-segsize=4", "-U", INTERNAL_USER, "-D"];
        let mut args: Vec<&OsStr> = fixed.iter().chain(&more).map(OsStr::new).collect();
        args.push(to.as_os_str());
        self.tools.run(&self.programs.bin.join("initdb"), &args, Input::None, &[]).map(drop)
    }

    fn make(&self, site: &Site, from: &Origin<'_>) -> Result<(), String> {
        let server = self.server(site);
        self.fill(site, from)?;
        server.configure(false)?;
        match from {
            Origin::Past { source, moment } => server.start_as_of(source, *moment)?,
            _ => server.start()?,
        }
        if let Origin::Nothing { master, .. } = from {
            server.create_master(master)?;
        }
        server.back_up(&site.base())
    }

    fn listen(&self, site: &Site, open: bool) -> Result<(), String> {
        let server = self.server(site);
        server.configure(open)?;
        server.restart()
    }

    fn set_password(&self, site: &Site, user: &str, password: &str) -> Result<(), String> {
        self.server(site).set_password(user, password)
    }

    fn run_sql(&self, site: &Site, user: &str, database: &str, sql: &str) -> Result<(), String> {
        self.server(site).run_sql(user, database, sql)
    }

    fn back_up(&self, site: &Site, to: &Path) -> Result<(), String> {
        self.server(site).back_up(to)
    }
}
