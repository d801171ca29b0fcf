//! Facts about `aurora-restore report`: what it prints and writes, and its exit codes.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

#[expect(dead_code, reason = "other facts use the rest of it")]
mod served;

use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::{Ending, JobState, Lease};
use aurora_restore_shared::store::{ClaimOutcome, Event, EventEntry, EventOf};
use serde_json::Value;
use served::{Served, code, err, out, run, runtime};
use std::collections::BTreeMap;

/// Ends a job well, as a worker does: with its event on the chain.
fn succeed(served: &Served, id: &str) {
    runtime().block_on(async {
        let (id, store): (JobId, _) = (id.parse().unwrap(), served.env.store());
        let now_ms = served.env.clock.now_ms();
        let lease = Lease { owner: "worker-1".parse().unwrap(), until_ms: now_ms + 30_000 };
        let seq = store.state(id).await.unwrap().unwrap().seq;
        let claim = store.claim(id, seq, &lease, "token", now_ms).await.unwrap();
        let ClaimOutcome::Claimed(claimed) = claim else { panic!("{claim:?}") };
        let entry = EventEntry {
            step: None,
            what: "ended".into(),
            at_ms: now_ms,
            took_ms: None,
            note: "succeeded".into(),
            details: BTreeMap::new(),
        };
        let (of, worker, prev) = (EventOf::Tick, "worker-1".to_owned(), claimed.chain.clone());
        let (epoch, entries) = (claimed.epoch, vec![entry]);
        let event = Event { job: id, epoch, of, worker, at_ms: now_ms, prev, entries };
        store.put_event(&event).await.unwrap();
        let next = JobState { chain: Some(event.hash()), ..claimed.as_ref().clone() };
        store.commit(&claimed, &next.commit(Ending::Succeed, now_ms)).await.unwrap();
    });
}

#[test]
fn a_report_is_printed_in_each_format_and_written_whole() {
    let served = Served::ready();
    let id = served.submit_drill();
    succeed(&served, &id);
    let text = served.run(&["report", &id]);
    assert_eq!(code(&text), 0, "{text:?}");
    assert!(out(&text).starts_with("# Restore of orders-drill in 111111111111 us-east-1\n"));
    let document: Value = served.json(&["report", &id]);
    assert_eq!(document["verdict"]["outcome"], "succeeded");
    assert_eq!(document["chain"]["verdict"], "whole");
    let html = served.run(&["report", &id, "--format", "html"]);
    assert!(out(&html).starts_with("<!DOCTYPE html>"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let file_name = file.to_str().unwrap();
    let written = served.run(&["report", &id, "--format", "json", "--to", file_name]);
    assert_eq!(code(&written), 0, "{written:?}");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let head = kept["chain"]["head"].as_str().unwrap();
    assert!(out(&written).contains(head), "{written:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(code(&served.run(&["report", &id, "--expect-head", head])), 0);
    let other = served.run(&["report", &id, "--expect-head", "another"]);
    assert_eq!(code(&other), 1);
    assert!(err(&other).contains("expected was another"));
}

#[test]
fn tampering_is_told_by_the_exit_code_and_the_report_is_written_all_the_same() {
    let served = Served::ready();
    let id = served.submit_drill();
    // Says that the job has succeeded, of which no event tells.
    served.end(&id, true);
    let report = served.run(&["report", &id]);
    assert_eq!(code(&report), 1);
    assert!(out(&report).contains("TAMPERING SHOWS") && err(&report).contains("TAMPERING SHOWS"));
    let error = served.run(&["report", &id, "--output", "json"]);
    assert!(err(&error).contains("\"code\":\"tampered\""), "{error:?}");
}

#[test]
fn where_no_report_can_be_written_nothing_is() {
    let served = Served::ready();
    let id = served.submit_drill();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("there.md");
    std::fs::write(&file, "as it was").unwrap();
    let name = file.to_str().unwrap();
    let unknown = served.run(&["report", "no-such-job", "--to", name]);
    assert_eq!(code(&unknown), 2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "as it was");
    let nowhere = folder.path().join("nowhere/report.md");
    let failed = served.run(&["report", &id, "--to", nowhere.to_str().unwrap()]);
    assert_eq!(code(&failed), 4);
    assert!(err(&failed).contains("nothing was written"), "{failed:?}");
}

#[test]
fn a_retry_tells_who_and_why_in_the_report() {
    let served = Served::ready();
    let id = served.submit_drill();
    served.end(&id, false);
    assert_eq!(code(&served.run(&["retry", &id, "--reason", "more quota"])), 0);
    let document = served.json(&["report", &id]);
    let again = &document["job"]["set_going_again"][0];
    assert_eq!(again["by"], "arn:aws:iam::111111111111:root");
    assert_eq!(again["reason"], "more quota");
}

#[test]
fn a_report_has_a_schema_of_its_own() {
    let schema: Value = serde_json::from_slice(&run(&["schema", "report"]).stdout).unwrap();
    assert_eq!(schema["title"], "aurora-restore evidence report, version 1");
    assert!(schema["properties"]["chain"].is_object());
}
