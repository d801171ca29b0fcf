//! Facts about the evidence report: what it says of a job that succeeded, failed or goes on, that
//! nothing in it is taken for markup, and that tampering shows.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

mod common;

use aurora_restore_producer::operate::retry_because;
use aurora_restore_producer::query::{JobDetails, settled};
use aurora_restore_producer::report::{CheckVerdict, EvidenceReport, Outcome, schema};
use aurora_restore_producer::submit::submit;
use aurora_restore_shared::chain::{self, Chain};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::{Ending, FailedAt, How, JobState, StepState, StepStatus};
use aurora_restore_shared::plan::{Plan, StepName, step_names};
use aurora_restore_shared::request::{PointInTime, Request, Source};
use aurora_restore_shared::store::{Event, EventEntry, EventOf};
use common::{Lab, START_MS, drill};
use serde_json::json;
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;

fn entry(step: StepName, what: &str, at_min: i64, took_min: i64) -> EventEntry {
    EventEntry {
        step: Some(step.to_string()),
        what: what.into(),
        at_ms: START_MS + at_min * MINUTE_MS,
        took_ms: Some(took_min * MINUTE_MS),
        note: String::new(),
        details: BTreeMap::new(),
    }
}

fn with(entry: EventEntry, details: &[(&str, &str)]) -> EventEntry {
    let details = details.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    EventEntry { details: details.collect(), ..entry }
}

fn plan(request: &Request) -> Plan {
    let steps: Vec<_> =
        step_names(request, false).iter().map(|name| json!({ "name": name })).collect();
    serde_json::from_value(json!({
        "steps": steps, "instances": [{"class": "db.r6g.large"}],
        "why": ["Same account and Region, so no copy is needed."], "settings": {},
        "facts": {"snapshot_arn": "arn:aws:rds:us-east-1:111111111111:cluster-snapshot:nightly",
            "snapshot_id": "nightly", "created_at": "2027-01-15T02:00:00Z",
            "engine": "aurora-postgresql", "engine_version": "15.4", "allocated_gib": 100,
            "master_user": "postgres"}
    }))
    .unwrap()
}

/// One tick of a worker, with its event on the chain.
async fn tick(lab: &Lab, id: JobId, entries: Vec<EventEntry>, change: impl FnOnce(&mut JobState)) {
    let state = lab.state(id).await;
    let claimed = lab.claim(id, state.seq).await;
    let at_ms = entries.last().map_or(START_MS, |entry| entry.at_ms);
    let (of, worker, prev) = (EventOf::Tick, "worker-1".to_owned(), claimed.chain.clone());
    let event = Event { job: id, epoch: claimed.epoch, of, worker, at_ms, prev, entries };
    lab.env.store().put_event(&event).await.unwrap();
    let mut next = JobState { chain: Some(event.hash()), ..claimed.clone() };
    change(&mut next);
    let ended = event.entries.iter().find(|entry| entry.what == "ended");
    let failure =
        Failure::permanent(FailureCode::CheckFailed, "\"rows\" answered 0, expected >= 1");
    let failed_at = FailedAt { step: Some(StepName::VerifyRestore), failure };
    let ending = match ended.map(|entry| entry.note.as_str()) {
        Some("succeeded") => Ending::Succeed,
        Some(_) => Ending::Fail { failed_at, due_at_ms: at_ms + MINUTE_MS },
        None => Ending::WaitUntil { due_at_ms: at_ms + MINUTE_MS },
    };
    lab.commit(&claimed, &next.commit(ending, at_ms)).await;
}

fn done(state: &mut JobState, steps: &[StepName]) {
    for step in steps {
        let at = StepState::started(START_MS);
        let at = StepState { status: StepStatus::Done, how: Some(How::Did), ..at };
        state.steps.insert(*step, at);
    }
}

fn ended(note: &str, at_min: i64) -> EventEntry {
    let note = note.to_owned();
    EventEntry { step: None, note, took_ms: None, ..entry(StepName::Notify, "ended", at_min, 0) }
}

/// The plan is made, the cluster restored: 30 minutes.
async fn restored(lab: &Lab, request: &Request) -> JobId {
    let id = submit(&lab.env, request).await.unwrap().id;
    let plan = plan(request);
    let hash = chain::plan_hash(&plan);
    let epoch = lab.state(id).await.epoch.next();
    lab.env.store().put_plan(id, epoch, &plan).await.unwrap();
    let first = vec![
        with(entry(StepName::ResolveSource, "done", 1, 1), &[(chain::PLAN, &hash)]),
        entry(StepName::CheckTarget, "done", 1, 0),
        with(entry(StepName::RestoreCluster, "waiting", 2, 1), &[("aws_request_id", "r-1, r-2")]),
    ];
    tick(lab, id, first, |next| {
        next.plan_epoch = Some(epoch);
        done(next, &[StepName::ResolveSource, StepName::CheckTarget]);
    })
    .await;
    tick(lab, id, vec![entry(StepName::RestoreCluster, "done", 30, 29)], |next| {
        next.outputs.insert("resource_id".into(), "cluster-ABC".into());
        done(next, &[StepName::RestoreCluster]);
    })
    .await;
    id
}

async fn succeeded(lab: &Lab, request: &Request) -> JobId {
    let id = restored(lab, request).await;
    let name = request.verify.checks[0].name.clone();
    let answer = format!("passed: 42 (expected {})", request.verify.checks[0].expect);
    let told = [
        (format!("check {name}"), answer),
        ("setting.storage_type".into(), "aurora → aurora-iopt1".into()),
    ];
    let last = EventEntry { details: told.into(), ..entry(StepName::VerifyRestore, "done", 45, 5) };
    tick(lab, id, vec![last, ended("succeeded", 45)], |next| {
        done(next, &[StepName::VerifyRestore]);
    })
    .await;
    id
}

async fn details(lab: &Lab, id: JobId) -> JobDetails {
    settled(&lab.env, id).await.unwrap().unwrap()
}

fn report_of(details: &JobDetails) -> EvidenceReport {
    EvidenceReport::of(details, START_MS + 60 * MINUTE_MS).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_succeeded_is_told_with_its_figures() {
    let lab = Lab::ready().await;
    let id = succeeded(&lab, &drill()).await;
    let report = report_of(&details(&lab, id).await);
    assert_eq!(report.verdict.outcome, Outcome::Succeeded);
    assert_eq!(report.chain.chain, Chain::Whole { events: 3, uncommitted: 0 });
    assert_eq!(report.source.data_as_of.as_deref(), Some("2027-01-15T02:00:00Z"));
    let accepted_ms = details(&lab, id).await.spec.created_at_ms;
    let age = (accepted_ms - START_MS) / 1000 + 6 * 3600;
    assert_eq!(report.source.rpo_at_acceptance_seconds, Some(age));
    assert_eq!(report.times.rto_to_verified_ms, Some(START_MS + 45 * MINUTE_MS - accepted_ms));
    let restore = report.stages.iter().find(|stage| stage.step == "restore_cluster").unwrap();
    assert_eq!((restore.took_ms, restore.waited_ms), (Some(29 * MINUTE_MS), Some(28 * MINUTE_MS)));
    let check = &report.checks[0];
    assert_eq!((check.verdict, check.answer.as_deref()), (CheckVerdict::Passed, Some("42")));
    assert_eq!(report.checks[1].verdict, CheckVerdict::NotRun);
    let ids: Vec<&str> = report.aws_requests.iter().map(|r| r.request_id.as_str()).collect();
    assert_eq!(ids, ["r-1", "r-2"]);
    let differs = &report.settings.differences[0];
    assert_eq!((differs.source.as_str(), differs.restored.as_str()), ("aurora", "aurora-iopt1"));
    assert_eq!(report.target.resource_id.as_deref(), Some("cluster-ABC"));
    assert_eq!(report.job.submitted_by, "arn:aws:iam::111111111111:root");
}

#[tokio::test(start_paused = true)]
async fn the_data_of_the_latest_point_in_time_is_of_the_moment_that_was_pinned() {
    let lab = Lab::ready().await;
    let mut request = drill();
    let (account, region) = (request.target.account.clone(), request.target.region.clone());
    let (cluster, to) = ("orders-prod".parse().unwrap(), "latest".into());
    request.source = Source::PointInTime(PointInTime { account, region, cluster, to });
    let id = succeeded(&lab, &request).await;
    let report = report_of(&details(&lab, id).await);
    assert_eq!(report.source.data_as_of.as_deref(), Some("2027-01-15T02:00:00Z"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_check_and_who_had_it_go_on_are_told() {
    let lab = Lab::ready().await;
    let mut request = drill();
    request.verify = serde_json::from_value(json!({ "checks": [
        { "name": "rows", "sql": "SELECT count(*) FROM t", "expect": { "at_least": 1 } }
    ]}))
    .unwrap();
    let id = restored(&lab, &request).await;
    let note = "\"rows\" answered 0, expected >= 1".to_owned();
    let failed = EventEntry { note, ..entry(StepName::VerifyRestore, "failed", 45, 5) };
    tick(&lab, id, vec![failed, ended("failed: check_failed", 45)], |_| ()).await;
    let report = report_of(&details(&lab, id).await);
    assert_eq!(report.verdict.outcome, Outcome::Failed);
    assert_eq!(report.checks[0].verdict, CheckVerdict::Failed);
    assert_eq!(report.checks[0].answer.as_deref(), Some("0"));
    assert_eq!(report.job.failure.as_ref().unwrap().code, "check_failed");

    let claimed = lab.claim(id, lab.state(id).await.seq).await;
    lab.commit(&claimed, &claimed.letter_sent()).await;
    retry_because(&lab.env, id, "the rows are there now").await.unwrap();
    let report = report_of(&details(&lab, id).await);
    assert_eq!(report.verdict.outcome, Outcome::Unfinished);
    let again = &report.job.set_going_again[0];
    assert_eq!(again.by, "arn:aws:iam::111111111111:root");
    assert_eq!(again.reason, "the rows are there now");
    assert_eq!(report.chain.chain, Chain::Whole { events: 4, uncommitted: 0 });
    assert!(report.markdown().contains("not ended: the report is of this moment"));
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_was_fenced_is_told_apart_and_what_was_changed_shows() {
    let lab = Lab::ready().await;
    let id = restored(&lab, &drill()).await;
    let state = lab.state(id).await;
    let claimed = lab.claim(id, state.seq).await;
    let fenced = Event {
        job: id,
        epoch: claimed.epoch,
        of: EventOf::Tick,
        worker: "frozen".into(),
        at_ms: START_MS,
        prev: claimed.chain,
        entries: vec![entry(StepName::Notify, "done", 31, 1)],
    };
    lab.env.store().put_event(&fenced).await.unwrap();
    let whole = details(&lab, id).await;
    let report = report_of(&whole);
    assert_eq!(report.chain.chain, Chain::Whole { events: 2, uncommitted: 1 });
    let standing: Vec<bool> = report.events.iter().map(|event| event.committed).collect();
    assert_eq!(standing, [true, true, false]);
    let notify = report.stages.iter().find(|stage| stage.step == "notify").unwrap();
    assert_eq!(notify.status, "pending", "what was not committed has not happened");

    let mut changed = whole;
    changed.events[0].entries[0].note = "changed".into();
    let report = report_of(&changed);
    assert!(!report.verdict.records_intact && report.chain.chain.is_broken());
    assert!(report.verdict.summary.contains("TAMPERING SHOWS"));
    assert!(report.html().contains("tampered"));
}

#[tokio::test(start_paused = true)]
async fn nothing_in_a_page_is_taken_for_markup() {
    const EVIL: &str = "<script>alert(1)</script>\"'&|`";
    let lab = Lab::ready().await;
    let mut request = drill();
    request.labels = [(EVIL.to_owned(), EVIL.to_owned())].into();
    request.caller = Some(EVIL.to_owned());
    let id = restored(&lab, &request).await;
    let entry = EventEntry { note: EVIL.into(), ..entry(StepName::Notify, "waiting", 46, 1) };
    tick(&lab, id, vec![with(entry, &[(EVIL, EVIL)])], |_| ()).await;
    let report = report_of(&details(&lab, id).await);
    let (html, text) = (report.html(), report.markdown());
    assert!(html.matches("&lt;script&gt;alert(1)").count() >= 5, "it is told, escaped");
    assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"));
    let before_request = text.split("## The request").next().unwrap();
    assert!(before_request.contains("&lt;script&gt;") && !before_request.contains("<script"));
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows = before_request.lines().filter(|line| line.starts_with("| 2027"));
    assert!(rows.map(columns).all(|n| n == 8 || n == 5), "{before_request}");
}

#[tokio::test(start_paused = true)]
async fn a_report_of_a_job_that_has_just_been_accepted_says_so() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    let report = report_of(&details(&lab, id).await);
    assert_eq!(report.verdict.outcome, Outcome::Unfinished);
    assert_eq!(report.chain.chain, Chain::Whole { events: 0, uncommitted: 0 });
    assert!(report.stages.iter().all(|stage| stage.status == "pending"));
    assert!(report.html().contains("has not ended"));
}

#[tokio::test(start_paused = true)]
async fn the_text_of_a_report_stays_as_it_is() {
    let lab = Lab::ready().await;
    let mut request = drill();
    request.labels = [("team".to_owned(), "data|base".to_owned())].into();
    let id = succeeded(&lab, &request).await;
    let report = report_of(&details(&lab, id).await);
    let text = report.markdown().replace(env!("CARGO_PKG_VERSION"), "VERSION");
    if let Some(file) = std::env::var_os("REPORT_PAGE") {
        std::fs::write(file, report.html()).unwrap();
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/report.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap();
    assert_eq!(text, kept, "UPDATE_SNAPSHOTS=1 takes the new one");
}

#[tokio::test(start_paused = true)]
async fn a_report_reads_back_and_its_schema_names_every_field() {
    let lab = Lab::ready().await;
    let id = succeeded(&lab, &drill()).await;
    let report = report_of(&details(&lab, id).await);
    assert_eq!(serde_json::from_str::<EvidenceReport>(&report.json()).unwrap(), report);
    let document = serde_json::to_value(&report).unwrap();
    let (schema, fields) = (schema(), document.as_object().unwrap());
    assert!(fields.keys().all(|name| schema["properties"].get(name).is_some()));
    assert_eq!(schema["title"], "aurora-restore evidence report, version 1");
}

#[tokio::test(start_paused = true)]
async fn what_follows_the_question_mark_of_a_webhook_is_left_out() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    let mut told = details(&lab, id).await;
    let webhook = json!([{ "webhook": "https://hooks.example.com/a?token=s3cret" }]);
    told.spec.request.notify = serde_json::from_value(webhook).unwrap();
    let report = report_of(&told);
    assert!(!report.json().contains("s3cret") && report.json().contains("(left out)"));
}

#[tokio::test(start_paused = true)]
async fn what_was_masked_and_what_became_of_the_old_cluster_are_told() {
    let lab = Lab::ready().await;
    let id = restored(&lab, &drill()).await;
    let mut told = details(&lab, id).await;
    let mask = json!({ "scripts": [{ "name": "names", "sql": "UPDATE c SET name = 'x'" }],
        "proof": [{ "name": "orders are there", "sql": "SELECT 0", "expect": { "equals": 0 } }] });
    told.spec.request.mask = serde_json::from_value(mask).unwrap();
    let answers = [
        ("check orders are there", "passed: 0 (expected = 0)"),
        ("script names", "ran, 3 rows, 7 ms"),
        ("old.cluster", "orders-old-62575421"),
    ];
    let masked = with(entry(StepName::Notify, "done", 31, 1), &answers);
    let masked = EventEntry { step: Some("mask_data".into()), ..masked };
    told.events[1].entries.push(masked);
    let report = report_of(&told);
    let masking = report.masking.as_ref().unwrap();
    assert_eq!(masking.proof[0].verdict, CheckVerdict::Passed);
    assert_eq!(
        (masking.told["names"].as_str(), masking.scripts[0].sha256.len()),
        (answers[1].1, 64)
    );
    assert_eq!(report.checks[0].verdict, CheckVerdict::NotRun, "a proof of its name is no check");
    assert_eq!(report.old_cluster["cluster"], "orders-old-62575421");
    assert!(report.markdown().contains("## What was masked"));
}
