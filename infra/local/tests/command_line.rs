//! Facts about the verbs that talk to a running local cloud, with the real binary.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::{DataPlane, NoData, Progress, Ticket, Work};
use aurora_restore_local::server::serve;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::wire::WireRequest;
use aurora_restore_local::world::World;
use serde_json::{Value, json};
use std::process::{Command, Output};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aurora-restore-local");

/// A seed file that shows all there is, and one with every kind of fault.
const GOOD_SEED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/seeds/two-accounts.json");
const BAD_SEED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/seeds/bad-many-faults.json");

/// A local cloud behind a port, served in the background until it is dropped.
struct Running {
    cloud: Cloud,
    endpoint: String,
    runtime: Runtime,
    _server: JoinSet<()>,
}

fn running() -> Running {
    running_on(Box::new(NoData))
}

fn running_on(plane: Box<dyn DataPlane>) -> Running {
    let world = World::new(WorldSettings::default(), plane);
    let cloud = Cloud::new(world, Arc::new(SystemNow));
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    let forever = std::future::pending();
    server.spawn_on(serve(cloud.clone(), listener, Pages::default(), forever), runtime.handle());
    Running { cloud, endpoint, runtime, _server: server }
}

/// A data plane that has done nothing for the first few times it is asked.
struct Late {
    asked: u32,
    ends: Progress,
}

impl DataPlane for Late {
    fn submit(&mut self, _work: Work) -> Ticket {
        0
    }

    fn poll(&mut self, _ticket: Ticket) -> Progress {
        self.asked += 1;
        if self.asked < 40 { Progress::Pending } else { self.ends.clone() }
    }
}

impl Running {
    fn run(&self, args: &[&str]) -> Output {
        Command::new(PROGRAM)
            .args(args)
            .env("AURORA_RESTORE_LOCAL_ENDPOINT", &self.endpoint)
            .output()
            .unwrap()
    }

    /// What a verb that succeeds prints.
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        text(&output.stdout)
    }

    /// The same as JSON.
    fn shows(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[args, &["--output", "json"]].concat())).unwrap()
    }

    /// A call of a service in the account 111111111111 and us-east-1; answers its status.
    fn call(&self, service: &str, target: &str, body: &str) -> u16 {
        let scope = format!("111111111111/20270115/us-east-1/{service}/aws4_request");
        let headers = [
            ("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0")),
            ("x-amz-target", target.to_owned()),
        ];
        let request = WireRequest {
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: body.to_owned().into(),
            ..WireRequest::default()
        };
        self.runtime.block_on(self.cloud.serve("tests", &request)).unwrap().status
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The words of the line of a table that has one of them.
fn line<'a>(table: &'a str, word: &str) -> Vec<&'a str> {
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let found = lines.into_iter().find(|words| words.contains(&word));
    found.unwrap_or_else(|| panic!("no {word} in:\n{table}"))
}

fn furnished() -> Running {
    let running = running();
    let queue = json!({ "QueueName": "orders.fifo", "Attributes": { "FifoQueue": "true" } });
    assert_eq!(running.call("sqs", "AmazonSQS.CreateQueue", &queue.to_string()), 200);
    let message = json!({ "QueueUrl": "http://x/111111111111/orders.fifo", "MessageBody": "x",
        "MessageGroupId": "a", "MessageDeduplicationId": "d" });
    assert_eq!(running.call("sqs", "AmazonSQS.SendMessage", &message.to_string()), 200);
    let cluster = "Action=CreateDBCluster&DBClusterIdentifier=orders&Engine=aurora-postgresql&\
                   MasterUsername=postgres&MasterUserPassword=correct-horse";
    assert_eq!(running.call("rds", "", cluster), 200);
    assert_eq!(running.call("rds", "", "Action=DeleteDBCluster&DBClusterIdentifier=none"), 404);
    running
}

#[test]
fn status_shows_clusters_queues_and_requests_to_a_person() {
    let table = furnished().says(&["status"]);
    assert_eq!(line(&table, "orders")[..2], ["orders", "creating"]);
    assert_eq!(line(&table, "orders.fifo")[..5], ["orders.fifo", "1", "0", "0", "1"]);
    assert_eq!(line(&table, "SendMessage")[..5], ["sqs", "SendMessage", "1", "0", "1"]);
    assert_eq!(line(&table, "DeleteDBCluster")[..4], ["rds", "DeleteDBCluster", "1", "1"]);
    assert!(table.contains("Snapshots: none") && table.contains("Instances: none"), "{table}");
    assert!(!table.contains('\u{1b}'), "colours without a terminal:\n{table}");
}

#[test]
fn status_shows_the_same_to_a_program() {
    let shown = furnished().shows(&["status"]);
    assert_eq!(shown["queues"][0]["name"], "orders.fifo");
    assert_eq!(shown["rds"]["clusters"][0]["identifier"], "orders");
    let requests = shown["requests"].as_array().unwrap();
    let sent = requests.iter().find(|r| r["operation"] == "SendMessage").unwrap();
    assert_eq!((&sent["calls"], &sent["refused"]), (&json!(1), &json!(0)));
}

#[test]
fn faults_are_added_shown_with_their_count_and_cleared_by_number() {
    let running = running();
    assert_eq!(running.says(&["faults", "list"]), "Faults: none\n");
    let add =
        "faults add throttle --service sqs --operation ListQueues --rate 1 --seed 7 --limit 10";
    running.says(&add.split(' ').collect::<Vec<_>>());
    let add = "faults add latency --ms 1 --region eu-west-1 --account 111111111111";
    running.says(&add.split(' ').collect::<Vec<_>>());
    assert_eq!(running.call("sqs", "AmazonSQS.ListQueues", "{}"), 400);
    let table = running.says(&["faults", "list"]);
    let throttle = line(&table, "throttle");
    assert_eq!(throttle[..5], ["1", "throttle", "1.0", "1", "10"]);
    assert_eq!(throttle[5..].join(" "), "service sqs, operation ListQueues 7");
    let latency = line(&table, "latency").join(" ");
    assert!(
        latency.starts_with("2 latency ms=1 1.0 0 - region eu-west-1, account 1111"),
        "{latency}"
    );

    running.says(&["faults", "clear", "1"]);
    let left = running.shows(&["faults", "list"]);
    assert_eq!(left["rules"].as_array().unwrap().len(), 1);
    assert_eq!((&left["rules"][0]["number"], &left["rules"][0]["fired"]), (&json!(2), &json!(0)));
    let gone = running.run(&["faults", "clear", "1"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("there is no fault rule 1"), "{gone:?}");
    assert_eq!(running.says(&["faults", "clear"]), "Faults: none\n");
}

#[test]
fn every_kind_of_fault_can_be_added_by_its_name_with_hyphens() {
    let running = running();
    for (kind, members) in aurora_restore_local::faults::KINDS {
        let kind = kind.replace('_', "-");
        let flags = members.iter().map(|m| match *m {
            "code" if kind == "rds-refusal" => "--code=InvalidRestoreFault".to_owned(),
            "code" => "--code=Teapot".to_owned(),
            member => format!("--{member}=500"),
        });
        let flags: Vec<_> = flags.collect();
        let args = ["faults", "add", &kind].into_iter().chain(flags.iter().map(String::as_str));
        running.says(&args.collect::<Vec<_>>());
    }
    let all = running.shows(&["faults", "list"]);
    assert_eq!(all["rules"].as_array().unwrap().len(), 25);
}

#[test]
fn all_flags_that_are_wrong_are_named_at_once() {
    let bad = "faults add latency --rate 2 --service s3 --limit 0 --seed -1 --account 12 --times 3";
    // Nothing has to run for that.
    let refused = Command::new(PROGRAM).args(bad.split(' ')).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    for named in ["rate", "service", "limit", "seed", "account", "has no times", "needs ms"] {
        assert!(said.contains(named), "{named} is missing in:\n{said}");
    }
    for bad in ["faults add make-tea", "faults add stuck --service sqs", "faults clear x", "faults"]
    {
        let refused = Command::new(PROGRAM).args(bad.split(' ')).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{bad}");
    }
}

#[test]
fn nothing_that_answers_has_an_exit_code_of_its_own() {
    // A port that was just free: nobody listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{address}");
    let seed: &[&str] = &["seed", GOOD_SEED];
    for verb in [&["status"], seed, &["faults", "list"], &["faults", "add", "stuck"]] {
        let run =
            Command::new(PROGRAM).args(verb).args(["--endpoint", &endpoint]).output().unwrap();
        assert_eq!(run.status.code(), Some(3), "{run:?}");
        let said = text(&run.stderr);
        assert!(said.contains(&format!("nothing answers at {endpoint}")), "{said}");
    }
    let run = Command::new(PROGRAM).args(["status", "--endpoint", "localhost"]).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("--endpoint is \"localhost\""), "{run:?}");
}

#[test]
fn what_is_no_local_cloud_is_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhi!\n").unwrap();
    });
    let run = Command::new(PROGRAM).args(["status", "--endpoint", &endpoint]).output().unwrap();
    other.join().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run.stderr).contains("is no local cloud"), "{run:?}");
}

#[test]
fn every_verb_has_help_with_examples() {
    let verbs = [
        "serve",
        "seed",
        "status",
        "faults",
        "faults list",
        "faults add",
        "faults clear",
        "down",
        "programs",
    ];
    for verb in verbs {
        let help = Command::new(PROGRAM).args(verb.split(' ')).arg("--help").output().unwrap();
        assert!(help.status.success(), "{verb}");
        let said = text(&help.stdout);
        assert!(said.contains(&format!("Examples:\n  aurora-restore-local {verb}")), "{said}");
    }
}

#[test]
fn a_seed_file_is_applied_and_shown() {
    let running = running();
    let table = running.says(&["seed", GOOD_SEED]);
    assert_eq!(line(&table, "orders-prod")[..4], ["orders-prod", "available", "15.10", "120"]);
    assert_eq!(line(&table, "shop-prod")[1], "available");
    assert_eq!(line(&table, "orders-prod-for-staging")[2..4], ["available", "manual"]);
    assert!(table.contains("arn:aws:iam::222222222222:role/aurora-restore"), "{table}");
    assert!(table.contains("key/0b8e6a0e-6d5c-4a34-9d6c-2f0c8a5a1c11"), "{table}");
    let there = running.shows(&["status"]);
    assert_eq!(there["rds"]["clusters"].as_array().unwrap().len(), 3);
    assert_eq!(there["rds"]["snapshots"].as_array().unwrap().len(), 5);

    let again = running.run(&["seed", GOOD_SEED]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("clusters[0].name: \"orders-prod\" is there already"));
}

#[test]
fn seed_waits_for_the_data_and_tells_when_it_cannot_be_there() {
    let done = running_on(Box::new(Late { asked: 0, ends: Progress::Done(None) }));
    let table = done.says(&["seed", GOOD_SEED]);
    assert_eq!(line(&table, "orders-prod-reader")[2], "available");

    let failed = running_on(Box::new(Late { asked: 0, ends: Progress::Failed("no".into()) }));
    let run = failed.run(&["seed", GOOD_SEED]);
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert_eq!(line(&text(&run.stdout), "shop-prod")[1], "failed");
    assert!(text(&run.stderr).contains("not available: ledger-prod, "), "{run:?}");
}

#[test]
fn what_a_seed_file_made_is_shown_to_a_program() {
    let shown = running().shows(&["seed", GOOD_SEED]);
    let clusters = shown["rds"]["clusters"].as_array().unwrap();
    assert!(clusters.iter().all(|cluster| cluster["status"] == "available"), "{clusters:?}");
    assert_eq!(shown["made"]["roles"].as_array().unwrap().len(), 2);
}

#[test]
fn a_seed_file_with_faults_is_refused_with_all_of_them_and_nothing_is_stored() {
    let running = running();
    let refused = running.run(&["seed", BAD_SEED]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    for path in [
        "version: is 2",
        "rolls: there is no such field; did you mean \"roles\"?",
        "roles[0].trust: ",
        "clusters[0].size_gib: ",
        "clusters[0].encryption: ",
        "clusters[0].instances[0].klass: ",
        "clusters[0].instances[0].class: is missing",
        "clusters[0].data[0].file: ",
        "snapshots[0].kind: is \"manually\"; did you mean \"manual\"?",
    ] {
        assert!(said.contains(path), "{path} is missing in:\n{said}");
    }
    assert!(said.contains("nothing was stored, faults: 9"), "{said}");
    let there = running.shows(&["status"]);
    assert_eq!(there["rds"], json!({ "clusters": [], "instances": [], "snapshots": [] }));
}

#[test]
fn a_seed_file_is_checked_without_a_local_cloud() {
    let check = |file: &str| Command::new(PROGRAM).args(["seed", file, "--check"]).output();
    let good = check(GOOD_SEED).unwrap();
    assert!(good.status.success(), "{good:?}");
    assert_eq!(check(BAD_SEED).unwrap().status.code(), Some(2));
    assert_eq!(check("not-there.json").unwrap().status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    let key = json!({ "account": "1", "region": "eu-west-1" });
    std::fs::write(&file, json!({ "version": 1, "keys": [key] }).to_string()).unwrap();
    let refused = check(file.to_str().unwrap()).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("keys[0].account: is \"1\"; must be twelve digits"));
}

#[test]
fn the_schema_of_seed_files_is_printed() {
    let printed = Command::new(PROGRAM).args(["seed", "--schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(schema["properties"]["clusters"].is_object(), "{schema}");
    let neither = Command::new(PROGRAM).arg("seed").output().unwrap();
    assert_eq!(neither.status.code(), Some(2));
}
