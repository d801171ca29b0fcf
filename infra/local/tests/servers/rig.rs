//! A data plane of its own for each test, and the real `psql` as the client.

use aurora_restore_local::data_plane::postgres::programs::PostgresPrograms;
use aurora_restore_local::data_plane::servers::ServerPlane;
use aurora_restore_local::data_plane::{DataPlane, Endpoint, Engine, Progress, Ticket, Work};
use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// Bounds every wait for a real process: 60 s.
pub const TURNS: u32 = 2400;
pub const TURN: Duration = Duration::from_millis(25);
pub const PASSWORD: &str = "it's a \"secret\" \\ $HOME `id` :x";

fn postgres() -> &'static Result<PostgresPrograms, String> {
    static FOUND: OnceLock<Result<PostgresPrograms, String>> = OnceLock::new();
    FOUND.get_or_init(PostgresPrograms::find)
}

pub fn skipped() -> bool {
    skipped_by("AURORA_RESTORE_SKIP_POSTGRES", || postgres().as_ref().err())
}

/// Whether a variable has the tests of an engine skipped; if not, its programs must be there.
pub fn skipped_by<'a>(variable: &str, missing: impl Fn() -> Option<&'a String>) -> bool {
    let skip = std::env::var(variable).is_ok_and(|v| v == "1");
    if skip {
        eprintln!("skipped: {variable}=1");
    } else if let Some(e) = missing() {
        panic!("{e}; or set {variable}=1 to do without these tests");
    }
    skip
}

/// A plane in a folder of its own.
pub struct Rig {
    pub plane: ServerPlane,
    pub data: PathBuf,
    pub parent: TempDir,
}

impl Rig {
    pub fn new() -> Self {
        // The servers may run as another user, who has to get through.
        let open = Permissions::from_mode(0o755);
        let parent = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let data = parent.path().join("data");
        Self { plane: ServerPlane::open(&data).unwrap(), data, parent }
    }

    pub fn wait(&mut self, ticket: Ticket) -> Progress {
        for _ in 0..TURNS {
            match self.plane.poll(ticket) {
                Progress::Pending => std::thread::park_timeout(TURN),
                ended => return ended,
            }
        }
        panic!("work {ticket} takes too long");
    }

    pub fn done(&mut self, work: Work) -> Option<Endpoint> {
        let ticket = self.plane.submit(work);
        match self.wait(ticket) {
            Progress::Done(endpoint) => endpoint,
            other => panic!("{other:?}"),
        }
    }

    pub fn failure(&mut self, work: Work) -> String {
        let ticket = self.plane.submit(work);
        match self.wait(ticket) {
            Progress::Failed(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for all work that was handed over.
    pub fn all_done(&mut self, tickets: &[Ticket]) {
        for ticket in tickets {
            let ended = self.wait(*ticket);
            assert!(matches!(ended, Progress::Done(_)), "{ended:?}");
        }
    }

    /// A new cluster, made by some work, that takes connections.
    pub fn opened_after(&mut self, work: Work, cluster: &str) -> Client {
        let endpoint = self.endpoint_after(work, cluster);
        self.client(&endpoint)
    }

    /// Where a new cluster, made by some work, takes connections.
    pub fn endpoint_after(&mut self, work: Work, cluster: &str) -> Endpoint {
        let made = self.plane.submit(work);
        let opened = self.plane.submit(open(cluster));
        self.all_done(&[made, opened]);
        self.done(open(cluster)).unwrap()
    }

    /// A new cluster that takes connections.
    pub fn opened(&mut self, cluster: &str) -> Endpoint {
        self.plane.submit(create(cluster));
        self.done(open(cluster)).unwrap()
    }

    pub fn client(&self, endpoint: &Endpoint) -> Client {
        Client {
            psql: postgres().as_ref().unwrap().bin.join("psql"),
            target: format!(
                "host={} port={} dbname=orders user=master connect_timeout=10 sslmode=verify-full \
                 sslrootcert={}",
                endpoint.address,
                endpoint.port,
                self.plane.ca_file().display()
            ),
            password: PASSWORD.into(),
        }
    }
}

/// What a client program prints, or what it complains of.
pub fn answer(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

pub struct Client {
    psql: PathBuf,
    target: String,
    password: String,
}

impl Client {
    pub fn with(&self, more: &str) -> Client {
        let target = format!("{} {more}", self.target);
        Client { psql: self.psql.clone(), target, password: self.password.clone() }
    }

    pub fn password(&self, password: &str) -> Client {
        let (psql, target) = (self.psql.clone(), self.target.clone());
        Client { psql, target, password: password.into() }
    }

    pub fn run(&self, sql: &str) -> Result<String, String> {
        let mut command = Command::new(&self.psql);
        command.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.target]);
        answer(command.env("PGPASSWORD", &self.password))
    }

    pub fn sql(&self, sql: &str) -> String {
        self.run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// Commits a row in `a` and one in `b` at a time, until there is one in `enough`.
    pub fn write_pairs(&self) -> JoinHandle<()> {
        let writer = self.with("application_name=writer");
        std::thread::spawn(move || {
            let body = "BEGIN FOR i IN 1..10000000 LOOP INSERT INTO a VALUES (i); \
                        INSERT INTO b VALUES (i); COMMIT; \
                        EXIT WHEN EXISTS (SELECT FROM enough); END LOOP; END";
            writer.sql(&format!("DO $$ {body} $$"));
        })
    }

    /// A moment, in milliseconds, after all that was committed before and before all that will be.
    pub fn moment(&self) -> i64 {
        let now = "ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let answer = self.sql(&format!("SELECT {now}; DO 'BEGIN PERFORM pg_sleep(0.001); END'"));
        answer.parse().unwrap()
    }
}

pub fn create(cluster: &str) -> Work {
    Work::CreateCluster {
        engine: Engine::Postgres,
        cluster: cluster.into(),
        user: "master".into(),
        password: PASSWORD.into(),
        database: "orders".into(),
    }
}

pub fn open(cluster: &str) -> Work {
    Work::Open { cluster: cluster.into() }
}

pub fn snapshot(cluster: &str, snapshot: &str) -> Work {
    Work::Snapshot { cluster: cluster.into(), snapshot: snapshot.into() }
}

pub fn restore(snapshot: &str, cluster: &str) -> Work {
    Work::Restore { snapshot: snapshot.into(), cluster: cluster.into() }
}

pub fn listens(endpoint: &Endpoint) -> bool {
    TcpStream::connect(("127.0.0.1", endpoint.port)).is_ok()
}

/// Processes whose command line names a path below the folder.
pub fn processes_in(folder: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-axww", "-o", "args="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let within = format!("{}/clusters", folder.display());
    text.lines().filter(|line| line.contains(&within)).map(str::to_owned).collect()
}

pub fn drop_cluster(cluster: &str) -> Work {
    Work::DropCluster { cluster: cluster.into() }
}

pub fn drop_snapshot(snapshot: &str) -> Work {
    Work::DropSnapshot { snapshot: snapshot.into() }
}

pub fn clone(source: &str, cluster: &str) -> Work {
    Work::Clone { source: source.into(), cluster: cluster.into() }
}

pub fn restore_to(source: &str, cluster: &str, to_ms: Option<i64>) -> Work {
    Work::RestoreToTime { source: source.into(), cluster: cluster.into(), to_ms }
}

pub fn run_sql(cluster: &str, sql: &str) -> Work {
    Work::RunSql {
        cluster: cluster.into(),
        user: "master".into(),
        database: "orders".into(),
        sql: sql.into(),
    }
}
