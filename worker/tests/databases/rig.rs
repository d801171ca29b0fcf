//! One server for each test, in a folder of its own, and a way in behind the back of the code that
//! is tested: the server's own client, through the Unix socket.

use aurora_restore_local::data_plane::mariadb::programs::MariadbPrograms;
use aurora_restore_local::data_plane::postgres::programs::PostgresPrograms;
use aurora_restore_local::data_plane::servers::ServerPlane;
use aurora_restore_local::data_plane::{DataPlane, Endpoint, Engine as Served, Progress, Work};
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::{Script, User};
use aurora_restore_worker::database::{
    Databases, Engine, Granted, Hidden, Login, Masked, NewUser, SqlDatabases,
};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub const MASTER: &str = "it's \"master\" \\";

/// Bounds every wait for a real process: 60 s.
const TURNS: u32 = 2400;
const TURN: Duration = Duration::from_millis(25);

/// Whether a variable has the tests of an engine skipped; if not, its programs must be there.
pub fn skipped(engine: Engine) -> bool {
    let (variable, missing) = match engine {
        Engine::Postgres => ("AURORA_RESTORE_SKIP_POSTGRES", PostgresPrograms::find().err()),
        Engine::Mysql => ("AURORA_RESTORE_SKIP_MARIADB", MariadbPrograms::find().err()),
    };
    let skip = std::env::var(variable).is_ok_and(|v| v == "1");
    if let (false, Some(e)) = (skip, missing) {
        panic!("{e}; or set {variable}=1 to do without these tests");
    }
    skip
}

pub struct Rig {
    pub databases: Arc<SqlDatabases>,
    pub login: Login,
    pub job: JobId,
    pub folder: PathBuf,
    plane: ServerPlane,
    client: PathBuf,
    _parent: TempDir,
}

impl Rig {
    /// A server with three customers.
    pub fn new(engine: Engine) -> Self {
        // The servers may run as another user, who has to get through.
        let open = Permissions::from_mode(0o755);
        let parent = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let folder = parent.path().join("data");
        let mut plane = ServerPlane::open(&folder).unwrap();
        let (served, client) = match engine {
            Engine::Postgres => {
                (Served::Postgres, PostgresPrograms::find().unwrap().bin.join("psql"))
            }
            Engine::Mysql => (Served::Mysql, MariadbPrograms::find().unwrap().client),
        };
        let cluster = || "a".to_owned();
        let endpoint = all_done(
            &mut plane,
            [
                Work::CreateCluster {
                    cluster: cluster(),
                    engine: served,
                    user: "master".into(),
                    password: MASTER.into(),
                    database: "orders".into(),
                },
                Work::RunSql {
                    cluster: cluster(),
                    user: "master".into(),
                    database: "orders".into(),
                    sql: CUSTOMERS.into(),
                },
                Work::Open { cluster: cluster() },
            ],
        );
        let login = Login {
            engine,
            host: endpoint.address,
            port: endpoint.port,
            database: "orders".into(),
            user: "master".into(),
            password: Hidden::new(MASTER),
        };
        let databases = Arc::new(SqlDatabases::new(Some(plane.ca_file())));
        let job = JobId::keyed("tests", "databases");
        Self { databases, login, job, folder, plane, client, _parent: parent }
    }

    pub async fn mask(&self, name: &str, sql: &str) -> Result<Masked, Failure> {
        let scripts = [script(name, sql)];
        let masked = self.databases.mask(&self.login, self.job, &scripts).await;
        masked.map(|mut all| all.pop().unwrap())
    }

    /// Masks beside the test.
    #[expect(clippy::disallowed_methods, reason = "the test ends it, or waits for it")]
    pub fn masking(&self, name: &str, sql: &str) -> JoinHandle<Result<Vec<Masked>, Failure>> {
        let (databases, login, job) = (Arc::clone(&self.databases), self.login.clone(), self.job);
        let scripts = [script(name, sql)];
        tokio::spawn(async move { databases.mask(&login, job, &scripts).await })
    }

    pub async fn grant(&self, users: &[(User, &str)]) -> Result<Vec<Granted>, Failure> {
        let new: Vec<NewUser<'_>> = users
            .iter()
            .map(|(user, password)| NewUser { user, password: Hidden::new(*password) })
            .collect();
        self.databases.grant(&self.login, &new).await
    }

    pub async fn connect_as(&self, user: &str, password: &str) -> Result<(), Failure> {
        self.databases.connect_as(&self.as_user(user, password)).await
    }

    pub fn as_user(&self, user: &str, password: &str) -> Login {
        Login { user: user.into(), password: Hidden::new(password), ..self.login.clone() }
    }

    /// The first value that a query answers to a user.
    pub async fn ask_as(&self, login: &Login, query: &str) -> Result<Value, String> {
        let answers = self.databases.ask(login, &[query]).await.unwrap();
        answers.into_iter().next().unwrap()
    }

    pub async fn ask(&self, query: &str) -> Result<Value, String> {
        self.ask_as(&self.login, query).await
    }

    /// How often scripts have counted up, in all.
    pub async fn runs(&self) -> Value {
        self.ask("SELECT CAST(sum(runs) AS DECIMAL) FROM customers").await.unwrap()
    }

    /// Runs statements as the server's superuser.
    pub fn admin(&self, sql: &str) -> String {
        let mut command = self.admin_command();
        command.arg(if self.login.engine == Engine::Postgres { "-c" } else { "-e" }).arg(sql);
        let output = command.output().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        assert!(output.status.success(), "{sql}: {}", said(&output.stderr));
        said(&output.stdout)
    }

    fn admin_command(&self) -> Command {
        let (mut command, port) = (Command::new(&self.client), self.login.port);
        let sockets = self.folder.join("run");
        match self.login.engine {
            Engine::Postgres => {
                command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "rdsadmin"]);
                command
                    .arg("-h")
                    .arg(sockets)
                    .arg("-p")
                    .arg(port.to_string())
                    .args(["-d", "orders"]);
            }
            Engine::Mysql => {
                command.args(["--no-defaults", "--batch", "--skip-column-names", "--unbuffered"]);
                command.arg(format!("--socket={}/mysql.{port}", sockets.display()));
                command.args(["--user=rdsadmin", "--database=orders"]);
            }
        }
        command
    }

    /// Waits until a query of the superuser answers so.
    pub async fn until(&self, query: &str, answer: &str) {
        for _ in 0..TURNS {
            if self.admin(query) == answer {
                return;
            }
            tokio::time::sleep(TURN).await;
        }
        panic!("{query} does not become {answer}: {}", self.admin(query));
    }

    /// A session of the superuser that has run a query and stays, with what it holds.
    pub fn holding(&self, query: &str) -> Session {
        let mut command = self.admin_command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{query};").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Session { child }
    }

    /// Where the server's files are.
    pub fn home(&self) -> PathBuf {
        self.folder.join("clusters/a")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.plane.shutdown().unwrap();
        }
    }
}

/// A session that ends when told.
pub struct Session {
    child: Child,
}

impl Session {
    pub fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

const CUSTOMERS: &str = "CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(99), runs INT);
INSERT INTO customers VALUES (1, 'ann@real.example', 0), (2, 'bob@real.example', 0),
    (3, 'eve@real.example', 0);";

fn all_done(plane: &mut ServerPlane, work: [Work; 3]) -> Endpoint {
    let mut last = None;
    for ticket in work.map(|work| plane.submit(work)) {
        last = done(plane, ticket);
    }
    last.unwrap()
}

fn done(plane: &mut ServerPlane, ticket: u64) -> Option<Endpoint> {
    for _ in 0..TURNS {
        match plane.poll(ticket) {
            Progress::Pending => std::thread::park_timeout(TURN),
            Progress::Done(endpoint) => return endpoint,
            Progress::Failed(e) => panic!("{e}"),
        }
    }
    panic!("work {ticket} takes too long");
}

pub fn script(name: &str, sql: &str) -> Script {
    Script { name: name.into(), sql: sql.into() }
}

/// A user of a request with grants.
pub fn user(name: &str, grants: &[&str]) -> User {
    serde_json::from_value(json!({ "name": name, "secret": "s", "grants": grants })).unwrap()
}

/// How often something ran now, and how often it was found done.
pub fn counts<'a>(all: impl IntoIterator<Item = &'a Masked>) -> (usize, usize) {
    let (now, before): (Vec<_>, Vec<_>) = all.into_iter().partition(|m| m.how == How::Did);
    (now.len(), before.len())
}

pub fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}
