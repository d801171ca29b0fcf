//! Facts about asking: what is shown, listed, resolved and planned.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

mod common;

use aurora_restore_producer::cost::PriceTable;
use aurora_restore_producer::plan_view::{PreviewError, preview};
use aurora_restore_producer::query::{Filter, ResolveError, list, resolve, show};
use aurora_restore_producer::standing::Standing;
use aurora_restore_producer::submit::submit;
use aurora_restore_producer::view::{DetailsView, JobView, PlanView};
use aurora_restore_shared::ids::{Epoch, JobId, Seq};
use aurora_restore_shared::job::{Ending, Status, StepState};
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::request::Request;
use aurora_restore_shared::store::{Event, EventEntry, EventOf};
use aurora_restore_shared::watch::{Watch, WatchKind};
use common::{Lab, START_MS, drill, drill_with_key};
use serde_json::json;
use std::collections::BTreeMap;

fn everything() -> Filter {
    Filter { statuses: Vec::new(), caller: None, days: 7, most: 50 }
}

/// Has the job wait for its cluster, expected in ten minutes, as a worker would.
async fn waits_for_its_cluster(lab: &Lab, id: JobId) {
    let claimed = lab.claim(id, Seq(1)).await;
    let mut ticked = claimed.clone();
    let done = StepState {
        status: aurora_restore_shared::job::StepStatus::Done,
        how: Some(aurora_restore_shared::job::How::Did),
        ..StepState::started(START_MS + 1_000)
    };
    ticked.steps.insert(StepName::ResolveSource, done.clone());
    ticked.steps.insert(StepName::CheckTarget, done);
    ticked.steps.insert(StepName::RestoreCluster, StepState::started(START_MS + 2_000));
    ticked.outputs.insert("cluster".into(), "orders-drill".into());
    let watch = Watch {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        kind: WatchKind::Cluster,
        id: "orders-drill".into(),
        want: "available".into(),
        expected_at_ms: START_MS + 600_000,
    };
    let due_at_ms = START_MS + 7_200_000;
    let next = ticked.commit(Ending::WaitFor { watch, due_at_ms }, START_MS + 3_000);
    let entry = |step: &str, what: &str, took_ms| EventEntry {
        step: Some(step.into()),
        what: what.into(),
        at_ms: START_MS + 2_500,
        took_ms,
        note: String::new(),
        details: BTreeMap::new(),
    };
    let event = Event {
        job: id,
        epoch: Epoch(1),
        of: EventOf::Tick,
        worker: "worker-1".into(),
        at_ms: START_MS + 3_000,
        prev: None,
        entries: vec![
            entry("resolve_source", "done", Some(700)),
            entry("check_target", "done", Some(300)),
            entry("restore_cluster", "waiting", None),
        ],
    };
    lab.env.store().put_event(&event).await.unwrap();
    lab.commit(&claimed, &next).await;
}

#[tokio::test(start_paused = true)]
async fn the_document_of_a_job_has_a_stable_shape() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    waits_for_its_cluster(&lab, id).await;
    let details = show(&lab.env, id).await.unwrap().unwrap();
    let created = details.spec.created_at_ms;
    let document = serde_json::to_value(DetailsView::of(&details, created + 60_000)).unwrap();
    let at = |ms: i64| aurora_restore_producer::view::moment(ms);
    assert_eq!(
        document["job"],
        json!({
            "kind": "restore",
            "id": id.to_string(),
            "status": "waiting",
            "priority": "low",
            "caller": "backup-audit",
            "source": "latest snapshot of orders-prod in 111111111111 us-east-1",
            "target": { "account": "111111111111", "region": "us-east-1", "cluster": "orders-drill" },
            "step": "restore_cluster",
            "steps_done": 2,
            "set": null,
            "steps_all": 7,
            "created_at": at(created),
            "ended_at": null,
            "given_up_at": null,
            "elapsed_ms": 60_000,
            "expected_remaining_ms": START_MS + 600_000 - created - 60_000,
            "failure": null,
            "parked": null,
        })
    );
    assert_eq!(document["outputs"], json!({ "cluster": "orders-drill" }));
    assert_eq!(document["submitted_by"], "arn:aws:iam::111111111111:root");
    assert_eq!((&document["seq"], &document["epoch"]), (&json!(2), &json!(1)));
    assert_eq!(document["due_at"], "2027-01-15T10:00:00Z");
    assert_eq!(
        document["waits_for"],
        json!({
            "resource": "cluster#orders-drill",
            "want": "available",
            "expected_at": "2027-01-15T08:10:00Z",
        })
    );
    let request: Request = serde_json::from_value(document["request"].clone()).unwrap();
    assert_eq!(request, drill());
}

#[tokio::test(start_paused = true)]
async fn the_document_of_a_job_tells_its_steps_and_its_events() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    waits_for_its_cluster(&lab, id).await;
    let details = show(&lab.env, id).await.unwrap().unwrap();
    let now_ms = START_MS + 60_000;
    let document = serde_json::to_value(DetailsView::of(&details, now_ms)).unwrap();
    let names: Vec<_> = document["steps"].as_array().unwrap().iter().map(|s| &s["name"]).collect();
    assert_eq!(
        names,
        [
            "resolve_source",
            "check_target",
            "restore_cluster",
            "create_instances",
            "set_credentials",
            "verify_restore",
            "notify"
        ]
    );
    assert_eq!(
        document["steps"][0],
        json!({
            "name": "resolve_source", "status": "done", "how": "did", "failed_attempts": 0,
            "started_at": "2027-01-15T08:00:01Z", "took_ms": 700,
        })
    );
    assert_eq!(document["steps"][2]["took_ms"], 58_000);
    assert_eq!(
        document["steps"][3],
        json!({
            "name": "create_instances", "status": "pending", "how": null, "failed_attempts": 0,
            "started_at": null, "took_ms": null,
        })
    );
    assert_eq!(
        document["events"][0]["entries"][0],
        json!({
            "at": "2027-01-15T08:00:02.5Z", "step": "resolve_source", "what": "done",
            "took_ms": 700, "note": "", "details": {},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_names_its_code_and_its_page() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    lab.fail_for_good(id).await;
    let details = show(&lab.env, id).await.unwrap().unwrap();
    let view = JobView::of(&details.spec, details.state.as_ref(), lab.env.clock.now_ms());
    assert_eq!(
        serde_json::to_value(view.failure).unwrap(),
        json!({
            "step": "create_instances", "code": "capacity_short", "text": "no db.r6g.large left",
            "runbook": "docs/runbook/capacity_short.md",
        })
    );
    assert_eq!((view.status, view.step), ("failed", Some("create_instances")));
    assert!(view.ended_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_submitted_is_not_shown() {
    let lab = Lab::ready().await;
    assert_eq!(show(&lab.env, JobId::keyed("no", "body")).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn jobs_are_listed_newest_first_and_by_status_and_caller() {
    let lab = Lab::ready().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let mut request = drill_with_key(Some(&format!("k{n}")));
        request.caller = Some(if n == 1 { "ci".into() } else { "audit".into() });
        ids.push(submit(&lab.env, &request).await.unwrap().id);
        lab.env.clock.sleep(std::time::Duration::from_secs(1)).await;
    }
    lab.fail_for_good(ids[0]).await;
    let listed = |filter: Filter| {
        let env = lab.env.clone();
        async move {
            let jobs = list(&env, &filter).await.unwrap();
            jobs.iter().map(|job| job.spec.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(everything()).await, [ids[2], ids[1], ids[0]]);
    let failed = Filter { statuses: vec![Status::Failed.into()], ..everything() };
    assert_eq!(listed(failed).await, [ids[0]]);
    let live = Filter { statuses: Filter::live(), ..everything() };
    assert_eq!(listed(live).await, [ids[2], ids[1]]);
    lab.park(ids[2]).await;
    let parked = Filter { statuses: vec![Standing::Parked], ..everything() };
    assert_eq!(listed(parked).await, [ids[2]]);
    let waiting = Filter { statuses: vec![Status::Waiting.into()], ..everything() };
    assert_eq!(listed(waiting).await, [], "what waits for a person is not among those that wait");
    let live = Filter { statuses: Filter::live(), ..everything() };
    assert_eq!(listed(live).await, [ids[2], ids[1]]);
    let of_ci = Filter { caller: Some("ci".into()), ..everything() };
    assert_eq!(listed(of_ci).await, [ids[1]]);
    assert_eq!(listed(Filter { most: 1, ..everything() }).await, [ids[2]]);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_found_by_the_beginning_of_its_id() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    let text = id.to_string();
    assert_eq!(resolve(&lab.env, &text).await, Ok(id));
    assert_eq!(resolve(&lab.env, &text[..8]).await, Ok(id));
    assert_eq!(resolve(&lab.env, &text[..13].to_uppercase()).await, Ok(id));
    let no_id = |text: &str| Err(ResolveError::NoId(text.to_owned()));
    assert_eq!(resolve(&lab.env, &text[..7]).await, no_id(&text[..7]));
    assert_eq!(resolve(&lab.env, "orders-drill").await, no_id("orders-drill"));
    let nobody = resolve(&lab.env, "ffffffff").await;
    assert_eq!(nobody, Err(ResolveError::NoJob("ffffffff".into())));
}

#[tokio::test(start_paused = true)]
async fn the_beginning_of_two_ids_names_neither() {
    let lab = Lab::ready().await;
    let request = drill_with_key(None);
    // Ids without a key begin with the time, and these two are a moment apart.
    let first = submit(&lab.env, &request).await.unwrap().id;
    let second = submit(&lab.env, &request).await.unwrap().id;
    let begin = first.to_string()[..8].to_owned();
    let found = resolve(&lab.env, &begin).await.unwrap_err();
    let ResolveError::Several { ids, .. } = found else { panic!("{found:?}") };
    assert_eq!(ids, [second, first]);
}

async fn make_source(lab: &Lab) {
    let rds = lab.env.home_place(&lab.env.common.region).await.unwrap().rds();
    let cluster = rds.create_db_cluster().db_cluster_identifier("orders-prod");
    let cluster = cluster.engine("aurora-postgresql").engine_version("16.6");
    let cluster = cluster.master_username("postgres").master_user_password("a-long-password");
    cluster.send().await.unwrap();
    lab.env.clock.sleep(std::time::Duration::from_secs(3_600)).await;
    let snapshot = rds.create_db_cluster_snapshot().db_cluster_identifier("orders-prod");
    snapshot.db_cluster_snapshot_identifier("before").send().await.unwrap();
    lab.env.clock.sleep(std::time::Duration::from_secs(3_600)).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_made_from_the_source_and_nothing_is_stored() {
    let lab = Lab::ready().await;
    make_source(&lab).await;
    let plan = preview(&lab.env, &drill()).await.unwrap();
    assert_eq!(plan.plan.facts.snapshot_id, "before");
    assert_eq!(plan.plan.settings.engine_version, "16.6");
    let view = PlanView::of(&drill(), plan, &"us-east-1".parse().unwrap(), &PriceTable::own());
    let view = serde_json::to_value(view).unwrap();
    assert_eq!(view["quotas"], json!({ "clusters": 1, "instances": 1 }));
    assert_eq!(view["destroys"], json!(["the restored cluster itself, 2h after"]));
    assert_eq!(view["slots"], json!(["target 111111111111 us-east-1 orders-drill"]));
    let usual = view["usual_ms"].as_object().unwrap();
    // The password is reset while the instances start.
    let longest =
        usual["restore_cluster"].as_i64().unwrap() + usual["create_instances"].as_i64().unwrap();
    assert_eq!(view["usual_total_ms"], longest);
    assert_eq!((lab.calls("PutItem"), lab.calls("SendMessage"), lab.job_count().await), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_not_there_is_a_fault_of_the_request() {
    let lab = Lab::ready().await;
    let error = preview(&lab.env, &drill()).await.unwrap_err();
    let PreviewError::BadInput(faults) = error else { panic!("{error:?}") };
    assert_eq!(faults.0[0].path, "source");
    assert!(faults.0[0].problem.contains("no available snapshot of orders-prod"));
}
