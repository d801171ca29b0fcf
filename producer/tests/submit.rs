//! Facts about submitting: the same key is the same job, whatever crashed in between.

mod common;

use aurora_restore_producer::submit::{SubmitError, submit};
use aurora_restore_producer::trouble::Trouble;
use aurora_restore_shared::ids::{JobId, Seq};
use aurora_restore_shared::job::Status;
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::request::{Notify, Priority};
use aurora_restore_shared::store::{Accepted, Spec};
use common::{Lab, START_MS, drill, drill_with_key, dropped_at};

/// One job, queued, and exactly one wake-up that can be delivered.
async fn is_one_job(lab: &Lab, id: JobId) {
    assert_eq!(lab.job_count().await, 1);
    let state = lab.state(id).await;
    assert_eq!((state.status, state.seq, state.priority), (Status::Queued, Seq(1), Priority::Low));
    assert!(state.due_at_ms.is_some());
    assert_eq!(lab.wake_ups().await, [WakeUp::new(id, Seq(1))]);
}

#[tokio::test(start_paused = true)]
async fn a_submission_stores_a_job_and_wakes_a_worker() {
    let lab = Lab::ready().await;
    let made = submit(&lab.env, &drill()).await.unwrap();
    assert!(!made.existed);
    assert_eq!(made.id, JobId::keyed("backup-audit", "drill-orders-2026-11-22"));
    let (spec, _) = lab.env.store().load_spec_and_plan(made.id, None).await.unwrap();
    let spec = spec.unwrap();
    assert_eq!(spec.request, drill());
    assert_eq!(spec.submitted_by, "arn:aws:iam::111111111111:root");
    assert_eq!(lab.state(made.id).await.due_at_ms, Some(made.created_at_ms + 60_000));
    is_one_job(&lab, made.id).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_job() {
    let lab = Lab::ready().await;
    let first = submit(&lab.env, &drill()).await.unwrap();
    let again = submit(&lab.env, &drill()).await.unwrap();
    assert_eq!((again.id, again.existed), (first.id, true));
    assert_eq!(again.created_at_ms, first.created_at_ms);
    is_one_job(&lab, first.id).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_key_each_submission_is_a_job_of_its_own() {
    let lab = Lab::ready().await;
    let request = drill_with_key(None);
    let first = submit(&lab.env, &request).await.unwrap();
    let second = submit(&lab.env, &request).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(lab.job_count().await, 2);
    assert_eq!(lab.wake_ups().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_with_another_request_is_a_conflict_that_says_what_differs() {
    let lab = Lab::ready().await;
    let first = submit(&lab.env, &drill()).await.unwrap();
    let mut other = drill();
    other.priority = Priority::High;
    other.target.port = Some(6000);
    let error = submit(&lab.env, &other).await.unwrap_err();
    let SubmitError::Conflict { job, differences } = error else { panic!("{error:?}") };
    assert_eq!(job, first.id);
    let expected = ["priority was \"low\", now \"high\"", "target.port was absent, now 6000"];
    assert_eq!(differences, expected);
    is_one_job(&lab, first.id).await;
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_suspension_and_repeated_it_is_one_job_with_one_wake_up() {
    let mut points = 0;
    loop {
        let lab = Lab::ready().await;
        let whole = dropped_at(points, submit(&lab.new_process(), &drill())).await;
        let made = submit(&lab.new_process(), &drill()).await.unwrap();
        is_one_job(&lab, made.id).await;
        if whole.is_some() {
            break;
        }
        points += 1;
    }
    // Queue address, identity, spec, state, wake-up: each there and back.
    assert!(points >= 10, "only {points} points of suspension");
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_of_any_call_leaves_one_job() {
    for operation in ["GetQueueUrl", "GetCallerIdentity", "PutItem", "SendMessage"] {
        for times in 1..=2 {
            let lab = Lab::ready().await;
            lab.lose_responses(operation, times);
            let made = submit(&lab.new_process(), &drill()).await.unwrap();
            assert_eq!(lab.fired(), times, "{operation}");
            lab.cloud.world().faults.clear();
            is_one_job(&lab, made.id).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_to_the_state_still_wakes_a_worker() {
    let lab = Lab::ready().await;
    let request = drill();
    let spec = Spec {
        id: request.keyed_id().unwrap(),
        hash: request.hash(),
        request,
        submitted_by: "somebody".into(),
        created_at_ms: START_MS,
        aftercare: None,
        set: None,
    };
    assert_eq!(lab.env.store().put_spec(&spec).await.unwrap(), Accepted::New);
    // The first put is that of the spec, which is refused now; the second is that of the state.
    lab.lose_responses("PutItem", 2);
    let made = submit(&lab.env, &drill()).await.unwrap();
    assert_eq!((lab.fired(), made.created_at_ms), (2, START_MS));
    lab.cloud.world().faults.clear();
    is_one_job(&lab, made.id).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_does_not_wake_a_job_that_is_under_way() {
    let lab = Lab::ready().await;
    let made = submit(&lab.env, &drill()).await.unwrap();
    assert_eq!(lab.wake_ups().await.len(), 1);
    lab.claim(made.id, Seq(1)).await;
    let sent = lab.calls("SendMessage");
    assert!(submit(&lab.env, &drill()).await.unwrap().existed);
    assert_eq!(lab.calls("SendMessage"), sent);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_the_settings_do_not_name_is_refused_and_nothing_is_called() {
    let lab = Lab::ready().await;
    let calls = lab.calls("PutItem");
    let mut request = drill();
    request.notify = vec![Notify::Webhook("https://example.com/hook".into())];
    let error = submit(&lab.env, &request).await.unwrap_err();
    let SubmitError::BadInput(faults) = error else { panic!("{error:?}") };
    assert_eq!(faults.0[0].path, "notify[0].webhook");
    assert_eq!(lab.calls("PutItem"), calls);
}

#[tokio::test(start_paused = true)]
async fn without_its_queue_nothing_is_stored() {
    let lab = Lab::empty();
    lab.env.store().create_table().await.unwrap();
    let error = submit(&lab.env, &drill()).await.unwrap_err();
    let SubmitError::Aws(trouble) = error else { panic!("{error:?}") };
    assert_eq!(trouble.code(), "no_queue");
    assert!(trouble.advice().contains("aurora-restore init --queues-in us-east-1"));
    assert_eq!(lab.job_count().await, 0);
}

#[tokio::test(start_paused = true)]
async fn without_the_table_the_way_out_is_named() {
    let lab = Lab::empty();
    lab.queues().create().await.unwrap();
    let error = submit(&lab.env, &drill()).await.unwrap_err();
    let SubmitError::Aws(trouble @ Trouble::Table(_)) = error else { panic!("{error:?}") };
    assert_eq!(
        trouble.to_string(),
        "there is no table \"aurora-restore\" in this account and Region"
    );
    assert!(trouble.advice().contains("aurora-restore init"));
    assert!(lab.wake_ups().await.is_empty());
}
