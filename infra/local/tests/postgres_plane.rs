//! Facts about the data plane, with real PostgreSQL servers and the real `psql` as the client.
//!
//! Needs PostgreSQL on the machine; `AURORA_RESTORE_SKIP_POSTGRES=1` skips these tests.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, as in tests themselves"
)]

use aurora_restore_local::data_plane::postgres::programs::PostgresPrograms;
use aurora_restore_local::data_plane::servers::ServerPlane;
use aurora_restore_local::data_plane::servers::folder::DataFolder;
use aurora_restore_local::data_plane::{DataPlane, Endpoint, Progress, Ticket, Work};
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Bounds every wait for a real process: 60 s.
const TURNS: u32 = 2400;
const TURN: Duration = Duration::from_millis(25);
const PASSWORD: &str = "it's a \"secret\" \\ $HOME `id` :x";

fn skipped() -> bool {
    let skip = std::env::var("AURORA_RESTORE_SKIP_POSTGRES").is_ok_and(|v| v == "1");
    if skip {
        eprintln!("skipped: AURORA_RESTORE_SKIP_POSTGRES=1");
    } else if let Err(e) = PostgresPrograms::find() {
        panic!("{e}; or set AURORA_RESTORE_SKIP_POSTGRES=1 to do without these tests");
    }
    skip
}

/// A plane in a folder of its own.
struct Rig {
    plane: ServerPlane,
    data: PathBuf,
    parent: TempDir,
}

impl Rig {
    fn new() -> Self {
        // The servers may run as another user, who has to get through.
        let open = Permissions::from_mode(0o755);
        let parent = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let data = parent.path().join("data");
        Self { plane: ServerPlane::open(&data).unwrap(), data, parent }
    }

    fn wait(&mut self, ticket: Ticket) -> Progress {
        for _ in 0..TURNS {
            match self.plane.poll(ticket) {
                Progress::Pending => std::thread::park_timeout(TURN),
                ended => return ended,
            }
        }
        panic!("work {ticket} takes too long");
    }

    fn done(&mut self, work: Work) -> Option<Endpoint> {
        let ticket = self.plane.submit(work);
        match self.wait(ticket) {
            Progress::Done(endpoint) => endpoint,
            other => panic!("{other:?}"),
        }
    }

    fn failure(&mut self, work: Work) -> String {
        let ticket = self.plane.submit(work);
        match self.wait(ticket) {
            Progress::Failed(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// A new cluster that takes connections.
    fn opened(&mut self, cluster: &str) -> Endpoint {
        self.plane.submit(create(cluster));
        self.done(open(cluster)).unwrap()
    }

    fn client(&self, endpoint: &Endpoint) -> Client {
        Client {
            psql: PostgresPrograms::find().unwrap().bin.join("psql"),
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

struct Client {
    psql: PathBuf,
    target: String,
    password: String,
}

impl Client {
    fn with(&self, more: &str) -> Client {
        let target = format!("{} {more}", self.target);
        Client { psql: self.psql.clone(), target, password: self.password.clone() }
    }

    fn password(&self, password: &str) -> Client {
        let (psql, target) = (self.psql.clone(), self.target.clone());
        Client { psql, target, password: password.into() }
    }

    fn run(&self, sql: &str) -> Result<String, String> {
        let mut command = Command::new(&self.psql);
        let output = command
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.target])
            .env("PGPASSWORD", &self.password)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn sql(&self, sql: &str) -> String {
        self.run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }
}

fn create(cluster: &str) -> Work {
    Work::CreateCluster {
        engine: aurora_restore_local::data_plane::Engine::Postgres,
        cluster: cluster.into(),
        user: "master".into(),
        password: PASSWORD.into(),
        database: "orders".into(),
    }
}

fn open(cluster: &str) -> Work {
    Work::Open { cluster: cluster.into() }
}

fn snapshot(cluster: &str, snapshot: &str) -> Work {
    Work::Snapshot { cluster: cluster.into(), snapshot: snapshot.into() }
}

fn restore(snapshot: &str, cluster: &str) -> Work {
    Work::Restore { snapshot: snapshot.into(), cluster: cluster.into() }
}

fn listens(endpoint: &Endpoint) -> bool {
    TcpStream::connect(("127.0.0.1", endpoint.port)).is_ok()
}

/// Processes whose command line names a path below the folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-axww", "-o", "args="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let within = format!("{}/clusters", folder.display());
    text.lines().filter(|line| line.contains(&within)).map(str::to_owned).collect()
}

#[test]
fn rows_of_a_cluster_come_back_from_its_snapshot_and_both_go_their_own_ways() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("cluster-source");
    let source = rig.client(&source);
    source.sql("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g");
    assert_eq!(rig.done(snapshot("cluster-source", "snapshot-1")), None);
    source.sql("DELETE FROM t WHERE id > 10");

    let closed = rig.done(restore("snapshot-1", "cluster-copy")).unwrap();
    assert!(!listens(&closed));
    let opened = rig.done(open("cluster-copy")).unwrap();
    assert_eq!(opened, closed);
    let copy = rig.client(&opened);
    assert_eq!(copy.sql("SELECT count(*), sum(id) FROM t"), "1000|500500");
    assert_eq!(source.sql("SELECT count(*) FROM t"), "10");
    copy.sql("INSERT INTO t VALUES (0)");

    // A snapshot outlives the cluster it was taken of.
    rig.done(Work::DropCluster { cluster: "cluster-source".into() });
    rig.plane.submit(restore("snapshot-1", "cluster-again"));
    let again = rig.done(open("cluster-again")).unwrap();
    assert_eq!(rig.client(&again).sql("SELECT count(*) FROM t"), "1000");
}

#[test]
fn a_snapshot_taken_while_rows_are_written_holds_whole_transactions_only() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("cluster-busy");
    let client = rig.client(&source);
    client.sql("CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE TABLE enough ()");
    // A row in each per transaction, from before the snapshot until after it.
    let writer = client.with("application_name=writer");
    let writing = std::thread::spawn(move || {
        let body = "BEGIN FOR i IN 1..10000000 LOOP INSERT INTO a VALUES (i); \
                    INSERT INTO b VALUES (i); COMMIT; \
                    EXIT WHEN EXISTS (SELECT FROM enough); END LOOP; END";
        writer.sql(&format!("DO $$ {body} $$"));
    });
    while client.sql("SELECT EXISTS (SELECT FROM a)") == "f" && !writing.is_finished() {}
    rig.done(snapshot("cluster-busy", "snapshot-busy"));
    client.sql("INSERT INTO enough DEFAULT VALUES");
    writing.join().unwrap();
    rig.plane.submit(restore("snapshot-busy", "cluster-calm"));
    let calm = rig.done(open("cluster-calm")).unwrap();
    let count = |client: &Client, table: &str| -> u64 {
        client.sql(&format!("SELECT count(*) FROM {table}")).parse().unwrap()
    };
    let calm = rig.client(&calm);
    assert_eq!(count(&calm, "a"), count(&calm, "b"));
    assert!(count(&calm, "a") > 0);
    assert!(count(&calm, "a") < count(&client, "a"));
}

#[test]
fn a_cluster_takes_connections_only_while_it_is_open_and_only_with_tls_and_password() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.done(create("cluster-a")).unwrap();
    assert_eq!(endpoint.address, "localhost");
    let client = rig.client(&endpoint);
    assert!(client.run("SELECT 1").unwrap_err().contains("refused"));

    assert_eq!(rig.done(open("cluster-a")), Some(endpoint.clone()));
    assert_eq!(client.sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t");
    let by_number = client.with("host=127.0.0.1");
    assert_eq!(by_number.sql("SELECT current_user, current_database()"), "master|orders");
    let plain = client.with("sslmode=disable").run("SELECT 1").unwrap_err();
    assert!(plain.contains("no encryption"), "{plain}");
    let system = client.with("sslrootcert=/dev/null").run("SELECT 1").unwrap_err();
    assert!(system.contains("certificate"), "{system}");
    let internal = client.with("user=rdsadmin dbname=postgres").run("SELECT 1").unwrap_err();
    assert!(internal.contains("rdsadmin"), "{internal}");
    let wrong = client.password("wrong").run("SELECT 1").unwrap_err();
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    client.sql("CREATE ROLE app LOGIN");
    assert!(client.run("COPY t FROM PROGRAM 'id'").is_err());

    rig.done(Work::Close { cluster: "cluster-a".into() });
    assert!(!listens(&endpoint));
    assert_eq!(rig.done(open("cluster-a")), Some(endpoint));
    assert_eq!(client.sql("SELECT 1"), "1");
}

#[test]
fn a_new_master_password_replaces_the_old_one() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.opened("cluster-a");
    let client = rig.client(&endpoint);
    let change = |user: &str| Work::SetPassword {
        cluster: "cluster-a".into(),
        user: user.into(),
        password: "'; DROP TABLE t; --".into(),
    };
    assert_eq!(rig.done(change("master")), Some(endpoint));
    assert_eq!(client.password("'; DROP TABLE t; --").sql("SELECT 1"), "1");
    assert!(client.run("SELECT 1").is_err());

    let unknown = rig.failure(change("nobody"));
    assert!(unknown.starts_with("psql ended with exit status: 3"), "{unknown}");
    assert!(unknown.contains("role \"nobody\" does not exist"), "{unknown}");
    let log = std::fs::read_to_string(rig.data.join("clusters/cluster-a/log")).unwrap();
    assert!(!log.contains("DROP TABLE"), "{log}");
}

#[test]
fn what_is_dropped_leaves_no_file_and_no_process() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.opened("cluster-a");
    assert!(!processes_in(&rig.data).is_empty());
    rig.done(snapshot("cluster-a", "snapshot-a"));
    rig.done(Work::DropCluster { cluster: "cluster-a".into() });
    rig.done(Work::DropSnapshot { snapshot: "snapshot-a".into() });
    assert!(!listens(&endpoint));
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert!(!rig.data.join("clusters/cluster-a").exists());
    assert!(!rig.data.join("snapshots/snapshot-a").exists());

    // And what cannot be done says why, and leaves nothing either.
    let missing = rig.failure(restore("snapshot-a", "cluster-b"));
    assert!(missing.contains("snapshot-a"), "{missing}");
    assert!(!rig.data.join("clusters/cluster-b").exists());
    let unknown = rig.failure(open("cluster-b"));
    assert_eq!(unknown, "there is no cluster cluster-b");
    assert!(rig.failure(create("../x")).contains("name of a folder"));
    // The id is free again.
    rig.done(create("cluster-a"));

    rig.plane.shutdown().unwrap();
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert!(!rig.data.exists());
    assert!(rig.failure(create("cluster-c")).contains("shut down"));
}

/// A run that was killed while its cluster took connections.
fn killed_run(data: &Path) -> Endpoint {
    let mut run = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "a_run_to_be_killed", "--nocapture"])
        .env("KILLED_RUN_DATA", data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = said.find_map(|line| line.split_once("port=")?.1.parse().ok()).unwrap();
    assert!(DataFolder::claim(data, false).unwrap_err().contains("in use"));
    run.kill().unwrap();
    run.wait().unwrap();
    let left = Endpoint { address: "localhost".into(), port };
    assert!(listens(&left));
    assert!(!processes_in(data).is_empty());
    left
}

#[test]
fn leftovers_of_a_killed_run_are_cleaned_at_the_next_start_and_by_down() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let other = rig.opened("cluster-of-another-run");
    let data = rig.parent.path().join("killed");

    let left = killed_run(&data);
    let plane = ServerPlane::open(&data).unwrap();
    assert!(!listens(&left));
    assert_eq!(processes_in(&data), Vec::<String>::new());
    assert!(!data.join("clusters/cluster-left").exists());
    plane.shutdown().unwrap();
    assert!(!data.exists());

    let left = killed_run(&data);
    let program = env!("CARGO_BIN_EXE_aurora-restore-local");
    let down = Command::new(program).args(["down", "--data-dir"]).arg(&data).status().unwrap();
    assert!(down.success());
    assert!(!listens(&left));
    assert_eq!(processes_in(&data), Vec::<String>::new());
    assert!(!data.exists());

    assert_eq!(rig.client(&other).sql("SELECT 1"), "1");
}

#[test]
#[ignore = "not a fact by itself: the process that another test starts and kills"]
fn a_run_to_be_killed() {
    let Some(data) = std::env::var_os("KILLED_RUN_DATA") else { return };
    let mut plane = ServerPlane::open(Path::new(&data)).unwrap();
    plane.submit(create("cluster-left"));
    let ticket = plane.submit(open("cluster-left"));
    for _ in 0..TURNS {
        if let Progress::Done(Some(endpoint)) = plane.poll(ticket) {
            println!("\nport={}", endpoint.port);
            break;
        }
        std::thread::park_timeout(TURN);
    }
    // Long enough to be killed, and no leftover itself when the test that started it fails.
    (0..TURNS).for_each(|_| std::thread::park_timeout(TURN));
}
