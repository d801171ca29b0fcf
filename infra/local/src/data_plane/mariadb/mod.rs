//! MariaDB, for Aurora MySQL: every cluster is a server of its own.

pub mod programs;
mod recovery;
mod server;
mod sql;

use super::servers::dbms::{Dbms, Origin, Site};
use super::servers::tools::{Input, Tools};
use programs::MariadbPrograms;
use server::{Running, Server};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The only user of a fresh server that can log in: ours, and through the Unix socket only.
const TEMPLATE_USERS: &str = "\
USE mysql;
FLUSH PRIVILEGES;
CREATE USER rdsadmin@localhost;
GRANT ALL PRIVILEGES ON *.* TO rdsadmin@localhost WITH GRANT OPTION;
DELETE FROM mysql.proxies_priv;
DELETE FROM mysql.global_priv WHERE User NOT IN ('rdsadmin', 'mariadb.sys');
";

/// How MariaDB servers are made, run and copied.
#[derive(Debug)]
pub(super) struct Mariadb {
    programs: MariadbPrograms,
    tools: Arc<Tools>,
    running: Running,
}

impl Mariadb {
    pub(super) fn new(programs: MariadbPrograms, tools: Arc<Tools>) -> Self {
        Self { programs, tools, running: Running::default() }
    }

    fn server<'a>(&'a self, site: &'a Site) -> Server<'a> {
        let Self { programs, tools, running } = self;
        Server { programs, tools, running, site }
    }

    /// Puts the base in its place. Nobody ever writes to it, so it shares its files with what it
    /// is from.
    fn found(&self, site: &Site, from: &Origin<'_>) -> Result<(), String> {
        match from {
            Origin::Nothing { template: files, .. } | Origin::Files(files) => {
                self.tools.link(files, &site.base())
            }
            Origin::Running(source) => self.server(source).back_up(&site.base()),
            Origin::Past { source, .. } => self.tools.link(&source.base(), &site.base()),
        }
    }
}

impl Dbms for Mariadb {
    fn make_template(&self, to: &Path) -> Result<(), String> {
        let users = to.with_extension("sql");
        let failed = |e| format!("cannot write {}: {e}", users.display());
        self.tools.write(&users, TEMPLATE_USERS).map_err(failed)?;
        let fixed = [
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0",
        ];
        let more =
            [format!("--datadir={}", to.display()), format!("--extra-file={}", users.display())];
        let args: Vec<&OsStr> =
            fixed.iter().map(OsStr::new).chain(more.iter().map(OsStr::new)).collect();
        self.tools.run(&self.programs.install, &args, Input::None, &[])?;
        fs::remove_file(&users).map_err(|e| format!("cannot remove {}: {e}", users.display()))
    }

    fn make(&self, site: &Site, from: &Origin<'_>) -> Result<(), String> {
        let server = self.server(site);
        self.found(site, from)?;
        self.tools.copy(&site.base(), &site.data())?;
        server.configure(false)?;
        server.start()?;
        match from {
            Origin::Nothing { master, .. } => server.create_master(master)?,
            Origin::Past { source, moment } => server.replay(&self.server(source), *moment)?,
            Origin::Files(_) | Origin::Running(_) => {}
        }
        server.close_base()
    }

    fn listen(&self, site: &Site, open: bool) -> Result<(), String> {
        let server = self.server(site);
        server.stop()?;
        server.configure(open)?;
        server.start()
    }

    fn set_password(&self, site: &Site, user: &str, password: &str) -> Result<(), String> {
        self.server(site).admin(&sql::set_password(user, password)).map(drop)
    }

    fn run_sql(&self, site: &Site, user: &str, database: &str, sql: &str) -> Result<(), String> {
        self.server(site).run_sql(user, database, sql)
    }

    fn back_up(&self, site: &Site, to: &Path) -> Result<(), String> {
        self.server(site).back_up(to)
    }
}
