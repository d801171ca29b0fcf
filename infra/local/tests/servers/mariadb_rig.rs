//! The real `mariadb` as the client of MariaDB clusters.

use crate::rig::*;
use aurora_restore_local::data_plane::mariadb::programs::MariadbPrograms;
use aurora_restore_local::data_plane::{Endpoint, Engine, Work};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::thread::JoinHandle;

/// Prints the next full second, once it has come.
const NEXT_SECOND: &str = "\
BEGIN NOT ATOMIC
DECLARE before_it BIGINT DEFAULT UNIX_TIMESTAMP(SYSDATE());
WHILE UNIX_TIMESTAMP(SYSDATE()) = before_it DO SET @slept = SLEEP(0.01); END WHILE;
SELECT UNIX_TIMESTAMP(SYSDATE());
END";

const WRITE_PAIRS: &str = "\
BEGIN NOT ATOMIC
DECLARE i INT DEFAULT 0;
WHILE NOT EXISTS (SELECT 1 FROM enough) DO
SET i = i + 1;
START TRANSACTION; INSERT INTO a VALUES (i); INSERT INTO b VALUES (i); COMMIT;
SET @slept = SLEEP(0.001);
END WHILE;
END";

fn mariadb() -> &'static Result<MariadbPrograms, String> {
    static FOUND: OnceLock<Result<MariadbPrograms, String>> = OnceLock::new();
    FOUND.get_or_init(MariadbPrograms::find)
}

pub fn skipped_mariadb() -> bool {
    skipped_by("AURORA_RESTORE_SKIP_MARIADB", || mariadb().as_ref().err())
}

pub fn create_mysql(cluster: &str) -> Work {
    Work::CreateCluster {
        engine: Engine::Mysql,
        cluster: cluster.into(),
        user: "master".into(),
        password: PASSWORD.into(),
        database: "orders".into(),
    }
}

impl Rig {
    /// A new MariaDB cluster that takes connections.
    pub fn opened_mysql(&mut self, cluster: &str) -> MysqlClient {
        self.mysql_after(create_mysql(cluster), cluster)
    }

    /// A new MariaDB cluster, made by some work, that takes connections.
    pub fn mysql_after(&mut self, work: Work, cluster: &str) -> MysqlClient {
        let endpoint = self.endpoint_after(work, cluster);
        self.mysql(&endpoint)
    }

    pub fn mysql(&self, endpoint: &Endpoint) -> MysqlClient {
        MysqlClient {
            program: mariadb().as_ref().unwrap().client.clone(),
            target: vec![
                "--no-defaults".into(),
                format!("--host={}", endpoint.address),
                format!("--port={}", endpoint.port),
                "--protocol=TCP".into(),
                "--user=master".into(),
                "--database=orders".into(),
                format!("--ssl-ca={}", self.plane.ca_file().display()),
                "--ssl-verify-server-cert".into(),
            ],
            password: PASSWORD.into(),
        }
    }
}

pub struct MysqlClient {
    program: PathBuf,
    target: Vec<String>,
    password: String,
}

impl MysqlClient {
    pub fn with(&self, more: &[&str]) -> MysqlClient {
        let mut target = self.target.clone();
        target.extend(more.iter().map(|&arg| arg.to_owned()));
        MysqlClient { program: self.program.clone(), target, password: self.password.clone() }
    }

    pub fn without_tls(&self) -> MysqlClient {
        let mut plain = self.with(&["--skip-ssl"]);
        plain.target.retain(|arg| !arg.starts_with("--ssl"));
        plain
    }

    pub fn password(&self, password: &str) -> MysqlClient {
        MysqlClient { password: password.into(), ..self.with(&[]) }
    }

    pub fn run(&self, sql: &str) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.args(&self.target);
        command.args(["--batch", "--raw", "--skip-column-names", "--execute", sql]);
        answer(command.env("MYSQL_PWD", &self.password))
    }

    pub fn sql(&self, sql: &str) -> String {
        self.run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    pub fn count(&self, table: &str) -> u64 {
        self.sql(&format!("SELECT COUNT(*) FROM {table}")).parse().unwrap()
    }

    /// Commits a row in `a` and one in `b` at a time, until there is one in `enough`. Returns when
    /// there are some.
    pub fn write_pairs(&self) -> JoinHandle<()> {
        self.sql("CREATE TABLE a (n INT); CREATE TABLE b (n INT); CREATE TABLE enough (n INT)");
        let writer = self.with(&["--delimiter=//"]);
        let writing = std::thread::spawn(move || drop(writer.sql(WRITE_PAIRS)));
        while self.count("a") == 0 && !writing.is_finished() {}
        writing
    }

    /// A full second, in milliseconds, after all that was committed before and not after anything
    /// that will be.
    pub fn moment(&self) -> i64 {
        self.with(&["--delimiter=//"]).sql(NEXT_SECOND).parse::<i64>().unwrap() * 1000
    }
}
