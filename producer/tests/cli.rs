//! Facts about the program itself: what it prints, and its exit codes.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

mod planned;
mod served;

use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::Request;
use serde_json::{Value, json};
use served::{Served, code, command, err, example, examples, out, run};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

const VERBS: [&str; 11] = [
    "init", "submit", "set", "plan", "list", "show", "report", "watch", "retry", "approve",
    "schema",
];

fn with_stdin(mut command: Command, text: &str) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The paths of all faults in a bad request.
const FAULTS: [&str; 18] = [
    "priority",
    "source.snapshot.account",
    "source.snapshot.cluster",
    "source.snapshot",
    "target.colour",
    "target.region",
    "target.cluster",
    "target.if_exists",
    "target.serverless",
    "target.instances",
    "schedule.windows[0].days[0]",
    "schedule.windows[0].from",
    "schedule.windows[0].time_zone",
    "access.users[0].password",
    "access.users[0].name",
    "access.users[0].secret",
    "access.users[0].grants[0]",
    "keep.restored",
];

#[test]
fn a_bad_request_is_refused_with_every_fault_and_nothing_is_stored() {
    let served = Served::ready();
    let before = served.calls();
    let bad = example("bad-many-faults.json");
    // A good file beside it is not stored either.
    let output = served.run(&["submit", &example("drill.json"), &bad]);
    assert_eq!((code(&output), out(&output)), (2, String::new()));
    let text = err(&output);
    for path in FAULTS {
        assert!(text.contains(&format!("{bad}: {path}: ")), "{path}\n{text}");
    }
    assert!(text.starts_with(&format!("error: {} faults in {bad}\n", FAULTS.len())), "{text}");
    assert!(text.ends_with("help: nothing was stored; mend these and try again\n"), "{text}");
    assert_eq!(served.calls(), before);
    assert_eq!(served.json(&["list"]), json!({ "jobs": [] }));
}

#[test]
fn every_fault_is_an_object_for_programs() {
    let bad = example("bad-many-faults.json");
    let output = run(&["--output", "json", "submit", &bad]);
    assert_eq!(code(&output), 2);
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    let error = &error["error"];
    assert_eq!((&error["code"], &error["exit_code"]), (&json!("bad_input"), &json!(2)));
    let faults = error["faults"].as_array().unwrap();
    let paths: Vec<&str> = faults.iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(paths, FAULTS);
    let told = |f: &Value| ["problem", "fix"].iter().all(|k| !f[k].as_str().unwrap().is_empty());
    assert!(faults.iter().all(|f| told(f) && f["file"] == bad.as_str()));
}

#[test]
fn what_cannot_be_read_is_a_fault_of_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.json");
    std::fs::write(&broken, "{ \"version\": 1,").unwrap();
    let missing = dir.path().join("missing.json");
    let output = run(&["submit", broken.to_str().unwrap(), missing.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    let text = err(&output);
    assert!(text.contains("broken.json: line 1 column 15: is not JSON"), "{text}");
    assert!(text.contains("missing.json: (the whole): cannot be read: No such file"), "{text}");
}

#[test]
fn a_webhook_that_the_settings_do_not_name_is_refused_before_anything_is_called() {
    let dir = tempfile::tempdir().unwrap();
    let with_webhook = dir.path().join("webhook.json");
    let mut request: Value =
        serde_json::from_str(&std::fs::read_to_string(example("drill.json")).unwrap()).unwrap();
    request["notify"] = json!([{"webhook": "https://example.com/hook"}]);
    std::fs::write(&with_webhook, request.to_string()).unwrap();
    let output = run(&["submit", with_webhook.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    let said = err(&output);
    assert!(
        said.contains("notify[0].webhook: is at example.com, which the settings do not let"),
        "{said}"
    );
}

#[test]
fn two_files_with_one_key_and_different_requests_are_refused_together() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.json");
    let text = std::fs::read_to_string(example("drill.json")).unwrap();
    std::fs::write(&other, text.replace("\"low\"", "\"high\"")).unwrap();
    let output = run(&["submit", &example("drill.json"), other.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("other.json: idempotency_key: is that of"), "{}", err(&output));
}

#[test]
fn a_hyphen_reads_standard_input() {
    let served = Served::ready();
    let text = std::fs::read_to_string(example("drill.json")).unwrap();
    let output = with_stdin(served.command(&["submit", "-"]), &text);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let id = JobId::keyed("backup-audit", "drill-orders-2026-11-22").to_string();
    assert!(out(&output).contains(&id) && out(&output).contains("standard input"));
    assert_eq!(served.json(&["list"])["jobs"][0]["id"], id.as_str());

    let output = with_stdin(command(&["submit", "-"]), "{}");
    assert!(err(&output).contains("standard input: source: is missing"), "{}", err(&output));
    let output = with_stdin(command(&["plan", "-"]), "no request");
    assert!(err(&output).contains("standard input: line 1 column 2: is not JSON"));
    let twice = with_stdin(command(&["submit", "-", "-"]), &text);
    assert!(err(&twice).contains("standard input: (the whole): is named twice"));
}

#[test]
fn a_plan_says_that_its_source_is_missing() {
    let served = Served::ready();
    let output = served.run(&["plan", &example("drill.json")]);
    assert_eq!(code(&output), 2, "{}", err(&output));
    assert!(err(&output).contains("source: no available snapshot of orders-prod"));
}

#[test]
fn an_unreachable_endpoint_is_one_sentence_and_what_to_do() {
    // Nothing listens there: the port was free a moment ago and is ours no more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let output = run(&["--endpoint", &endpoint, "submit", &example("drill.json")]);
    assert_eq!((code(&output), out(&output)), (3, String::new()));
    let text = err(&output);
    let lines: Vec<&str> = text.lines().collect();
    let [error, help] = lines[..] else { panic!("{text}") };
    assert!(error.starts_with("error: AWS does not answer (looking for the queue"), "{text}");
    assert_eq!(help, format!("help: check that something listens at {endpoint} (--endpoint)"));
}

#[test]
fn a_missing_table_or_queue_names_init() {
    let served = Served::empty();
    for args in [&["list"][..], &["watch"], &["show", "00000000-0000-0000-0000-000000000000"]] {
        let output = served.run(args);
        assert_eq!(code(&output), 3, "{output:?}");
        let text = err(&output);
        assert!(text.starts_with("error: there is no table \"aurora-restore\""), "{text}");
        assert!(text.contains("run `aurora-restore init`"), "{text}");
    }
    let output = served.run(&["submit", &example("drill.json")]);
    assert_eq!(code(&output), 3);
    let text = err(&output);
    assert!(text.contains("there is no queue \"aurora-restore-low.fifo\""), "{text}");
    assert!(text.contains("run `aurora-restore init --queues-in us-east-1`"), "{text}");
}

#[test]
fn unknown_credentials_are_said_to_be_so() {
    let served = Served::ready();
    let mut command = served.command(&["list"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIANOBODY").env("AWS_SECRET_ACCESS_KEY", "nothing");
    let output = command.output().unwrap();
    assert_eq!(code(&output), 3);
    let text = err(&output);
    assert!(text.starts_with("error: AWS does not accept these credentials"), "{text}");
    assert!(text.contains("help: check the AWS credentials"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn settings_come_from_the_environment_a_file_and_flags_with_all_faults() {
    let served = Served::ready();
    let mut command = command(&["list"]);
    let output = command.env("AURORA_RESTORE_ENDPOINT", &served.endpoint).output().unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("settings.toml");
    std::fs::write(&file, format!("endpoint = {:?}\ntable = \"other\"\n", served.endpoint))
        .unwrap();
    let output = run(&["list", "--config", file.to_str().unwrap()]);
    assert!(err(&output).contains("there is no table \"other\""), "{}", err(&output));

    let output = run(&["list", "--endpoint", "ftp://x", "--region", "mars-1"]);
    assert_eq!(code(&output), 2);
    for path in ["settings: endpoint: ", "settings: region: "] {
        assert!(err(&output).contains(path), "{}", err(&output));
    }
}

#[test]
fn init_can_be_repeated() {
    let served = Served::empty();
    let first = served.json(&["init"]);
    assert_eq!(
        (&first["table"], &first["table_created"]),
        (&json!("aurora-restore"), &json!(true))
    );
    assert_eq!(first["queues"]["us-east-1"].as_array().unwrap().len(), 5);
    let second = served.json(&["init", "--queues-in", "us-east-1", "--queues-in", "eu-west-1"]);
    assert_eq!(second["table_created"], json!(false));
    assert_eq!(second["queues"].as_object().unwrap().len(), 2);
}

#[test]
fn a_conflict_names_the_job_and_what_differs() {
    let served = Served::ready();
    let id = served.submit_drill();
    let text = std::fs::read_to_string(example("drill.json")).unwrap();
    let other = text.replace("\"orders-drill\"", "\"orders-drill-2\"");
    let output = with_stdin(served.command(&["submit", "-"]), &other);
    assert_eq!(code(&output), 2);
    let text = err(&output);
    assert!(text.contains(&format!("job {id} was submitted under it")), "{text}");
    let differs = "target.cluster was \"orders-drill\", now \"orders-drill-2\"";
    assert!(text.contains(differs), "{text}");
}

#[test]
fn a_parked_job_is_shown_with_its_reason_and_its_page_and_is_woken_by_retry() {
    let served = Served::ready();
    let id = served.submit_drill();
    assert_eq!(served.json(&["list", "--status", "parked"])["jobs"], json!([]));
    served.park(&id);
    let listed = served.json(&["list", "--status", "parked"]);
    let job = &listed["jobs"][0];
    assert_eq!((&job["id"], &job["status"]), (&json!(id), &json!("parked")));
    assert_eq!((&job["failure"], &job["parked"]["code"]), (&json!(null), &json!("access_denied")));
    assert_eq!(served.json(&["list", "--status", "waiting"])["jobs"], json!([]));
    assert!(out(&served.run(&["list"])).contains("parked"));

    let shown = out(&served.run(&["show", &id]));
    let page = "docs/runbook/access_denied.md";
    for part in ["parked", "PARKED", "access_denied at restore_cluster", "not authorized", page] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
    let woken = served.run(&["retry", &id]);
    assert_eq!(code(&woken), 0, "{woken:?}");
    assert!(out(&woken).contains("is looked at now"), "{woken:?}");
    assert_eq!(served.json(&["retry", &id])["status"], "parked");
}

#[test]
fn a_failed_job_is_shown_with_its_page_and_goes_on_when_retried() {
    let served = Served::ready();
    let id = served.submit_drill();
    let begin = &id[..8];

    let early = served.run(&["retry", begin]);
    assert_eq!(code(&early), 2);
    assert!(err(&early).contains("has not failed: it is queued"), "{}", err(&early));

    served.end(&id, false);
    let watched = served.run(&["watch", begin]);
    assert_eq!(code(&watched), 1);
    let line = format!("{id} orders-drill: failed at create_instances after ");
    assert!(out(&watched).starts_with(&line), "{}", out(&watched));
    assert_eq!(code(&served.run(&["submit", &example("drill.json"), "--wait"])), 1);

    let shown = served.run(&["show", begin]);
    assert_eq!(code(&shown), 0);
    let page = out(&shown);
    for part in [&id, "capacity_short at create_instances", "docs/runbook/capacity_short.md"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains('\u{1b}'), "no colours without a terminal");
    assert!(out(&served.run(&["list", "--status", "failed"])).contains(&id));

    let retried = served.run(&["retry", &id]);
    assert_eq!(code(&retried), 0, "{}", err(&retried));
    assert!(out(&retried).starts_with(&format!("job {id} goes on")));
    assert_eq!(served.json(&["list"])["jobs"][0]["status"], "queued");
}

#[test]
fn a_job_that_has_succeeded_is_waited_for_no_longer() {
    let served = Served::ready();
    let id = served.submit_drill();
    served.end(&id, true);
    let output = served.run(&["submit", &example("drill.json"), "--wait"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains(&format!("{id} orders-drill: succeeded after ")));
    let document = served.json(&["submit", &example("drill.json"), "--wait"]);
    assert_eq!(document["jobs"][0]["existed"], json!(true));
    assert_eq!(document["jobs"][0]["job"]["status"], "succeeded");
    assert_eq!(out(&served.run(&["watch"])), "no job is under way\n");
}

#[test]
fn ctrl_c_stops_following_and_says_that_the_jobs_go_on() {
    let served = Served::ready();
    let id = served.submit_drill();
    let mut command = served.command(&["watch"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with(&format!("{id} orders-drill: queued at resolve_source")), "{line}");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130);
    assert!(err(&output).contains("the jobs go on"), "{}", err(&output));
}

#[test]
fn an_id_that_names_no_job_is_bad_input() {
    let served = Served::ready();
    for (id, text) in [
        ("orders", "is no job id"),
        ("0123abcd", "there is no job 0123abcd"),
        ("00000000-0000-0000-0000-000000000000", "there is no job 00000000-"),
    ] {
        for verb in ["show", "watch", "retry"] {
            let output = served.run(&[verb, id]);
            assert_eq!(code(&output), 2, "{verb} {id}");
            assert!(err(&output).contains(text), "{verb} {id}: {}", err(&output));
        }
    }
}

#[test]
fn a_reader_that_closes_standard_output_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(&["schema"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((code(&output), err(&output)), (0, String::new()));
}

#[test]
fn every_verb_has_examples_and_the_program_lists_its_exit_codes() {
    for verb in VERBS {
        let help = run(&[verb, "--help"]);
        assert_eq!(code(&help), 0);
        let example = format!("EXAMPLES:\n  aurora-restore {verb}");
        let text = out(&help);
        assert!(text.contains(&example) || text.contains("| aurora-restore"), "{verb}\n{text}");
    }
    let help = out(&run(&["--help"]));
    assert!(help.contains("EXIT CODES:") && help.contains("EXAMPLES:"));
    for code in ["  0 ", "  1 ", "  2 ", "  3 ", "  130 "] {
        assert!(help.contains(code), "{code}");
    }
    assert_eq!(code(&run(&["submit"])), 2);
    assert_eq!(code(&run(&["dance"])), 2);
}

#[test]
fn the_schema_is_json_and_every_good_example_is_a_request() {
    let schema: Value = serde_json::from_slice(&run(&["schema"]).stdout).unwrap();
    assert_eq!(schema["title"], "aurora-restore request, version 1");
    let known = schema["properties"].as_object().unwrap();
    let mut good = 0;
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".json") || name.starts_with("bad-") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        Request::parse(&text).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        let value: Value = serde_json::from_str(&text).unwrap();
        let fields = value.as_object().unwrap().keys();
        assert!(fields.into_iter().all(|field| known.contains_key(field)), "{name}");
        good += 1;
    }
    assert!(good >= 4, "only {good} good examples");
}

/// The names and kinds of a document's members, without its values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(items) => items.first().map_or_else(|| json!([]), |item| json!([shape(item)])),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), shape(v))).collect(),
    }
}

fn shape_of_job(ended: &str, failure: &Value) -> Value {
    json!({
        "kind": "text", "id": "text", "status": "text", "priority": "text", "caller": "text", "source": "text",
        "target": { "account": "text", "region": "text", "cluster": "text" },
        "step": "text", "steps_done": "number", "steps_all": "number", "created_at": "text",
        "ended_at": ended, "given_up_at": "null", "elapsed_ms": "number", "expected_remaining_ms": "null",
        "failure": failure, "parked": "null", "set": "null",
    })
}

#[test]
fn the_documents_of_list_and_show_keep_their_shape() {
    let served = Served::ready();
    let id = served.submit_drill();
    let live = shape_of_job("null", &json!("null"));
    assert_eq!(shape(&served.json(&["list"])), json!({ "jobs": [live] }));
    served.end(&id, false);
    let failure = json!({ "step": "text", "code": "text", "text": "text", "runbook": "text" });
    let failed = shape_of_job("text", &failure);
    assert_eq!(shape(&served.json(&["list"])), json!({ "jobs": [failed] }));

    let mut shown = shape(&served.json(&["show", &id]));
    let request = shown.as_object_mut().unwrap().remove("request").unwrap();
    assert_eq!(request["target"]["cluster"], "text");
    let step = json!({
        "name": "text", "status": "text", "how": "null", "failed_attempts": "number",
        "started_at": "null", "took_ms": "null",
    });
    assert_eq!(
        shown,
        json!({
            "job": failed, "submitted_by": "text", "seq": "number", "epoch": "number",
            "worker": "null", "due_at": "null", "waits_for": "null", "steps": [step],
            "outputs": {}, "events": [],
        })
    );
}

const SECOND: &str = "arn:aws:iam::111111111111:user/second-person";

/// A cloud in which a second person has keys, and a job of the first one that waits for a person.
fn stage() -> (Served, String) {
    let served = Served::ready();
    let id = served.submit_drill();
    served.park(&id);
    let key = ("AKIASECONDPERSON", "111111111111", "second-person");
    served.cloud.world().identity.add_key(key.0, key.1, key.2).unwrap();
    (served, id)
}

/// What the program says to the second person.
fn second(served: &Served, args: &[&str]) -> Output {
    let mut command = served.command(args);
    command.env("AWS_ACCESS_KEY_ID", "AKIASECONDPERSON").env("AWS_SECRET_ACCESS_KEY", "x");
    command.output().unwrap()
}

#[test]
fn whoever_has_submitted_does_not_approve_and_nothing_changes() {
    let (served, id) = stage();
    let own = served.run(&["approve", &id]);
    assert_eq!((code(&own), out(&own)), (2, String::new()));
    let said = err(&own);
    assert!(said.contains("somebody else must approve it"), "{said}");
    assert_eq!(served.json(&["show", &id])["job"]["status"], "parked");
    let still = second(&served, &["--output", "json", "approve", &id]);
    let answer: Value = serde_json::from_slice(&still.stdout).unwrap();
    assert_eq!(answer["was_approved"], json!(false), "the refused one has left nothing");
}

#[test]
fn somebody_else_approves_once_and_the_job_is_looked_at() {
    let (served, id) = stage();
    let approved = second(&served, &["approve", &id[..8]]);
    assert_eq!(code(&approved), 0, "{}", err(&approved));
    let said = format!("job {id} is approved by {SECOND}; it goes on now\n");
    assert_eq!(out(&approved), said);
    let again = second(&served, &["--output", "json", "approve", &id]);
    let answer: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&answer["approved_by"], &answer["was_approved"]), (&json!(SECOND), &json!(true)));
}

#[test]
fn a_job_that_is_not_there_cannot_be_approved() {
    let (served, _) = stage();
    let output = second(&served, &["approve", "ffffffff"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("ffffffff"), "{}", err(&output));
}
