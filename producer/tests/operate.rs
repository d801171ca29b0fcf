//! Facts about `retry`: a failed job goes on, and its dead letter is gone.

#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

mod common;

use aurora_restore_producer::operate::{RetryError, retry};
use aurora_restore_producer::submit::submit;
use aurora_restore_shared::ids::{JobId, Seq};
use aurora_restore_shared::job::Status;
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::plan::StepName;
use common::{Lab, drill, drill_with_key, dropped_at};

async fn failed_job(lab: &Lab) -> JobId {
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    assert_eq!(lab.wake_ups().await.len(), 1);
    lab.fail_for_good(id).await;
    assert_eq!(lab.dead_letters().await, 1);
    id
}

async fn goes_on(lab: &Lab, id: JobId) {
    let state = lab.state(id).await;
    // Submitted, failed, letter sent, retried.
    assert_eq!((state.status, state.seq), (Status::Queued, Seq(4)));
    assert!(state.failed_at.is_none() && state.due_at_ms.is_some());
    let done: Vec<&StepName> = state.steps.keys().collect();
    assert_eq!(done, [&StepName::ResolveSource, &StepName::CheckTarget, &StepName::RestoreCluster]);
    assert_eq!(lab.wake_ups().await, [WakeUp::new(id, Seq(4))]);
    assert_eq!(lab.dead_letters().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_goes_on_at_its_failed_step_and_its_dead_letter_is_gone() {
    let lab = Lab::ready().await;
    let id = failed_job(&lab).await;
    let retried = retry(&lab.env, id).await.unwrap();
    assert_eq!((retried.state.status, retried.pointers_deleted), (Status::Queued, 1));
    goes_on(&lab, id).await;
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_suspension_and_repeated_it_goes_on_once() {
    let mut points = 0;
    loop {
        let lab = Lab::ready().await;
        let id = failed_job(&lab).await;
        let whole = dropped_at(points, retry(&lab.env, id)).await;
        // A dead letter that somebody was looking at when he died is visible again after this.
        lab.env.clock.sleep(std::time::Duration::from_secs(40)).await;
        retry(&lab.env, id).await.unwrap();
        goes_on(&lab, id).await;
        if whole.is_some() {
            break;
        }
        points += 1;
    }
    assert!(points >= 8, "only {points} points of suspension");
}

#[tokio::test(start_paused = true)]
async fn dead_letters_of_other_jobs_stay() {
    let lab = Lab::ready().await;
    let other = submit(&lab.env, &drill_with_key(Some("other"))).await.unwrap().id;
    lab.fail_for_good(other).await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    lab.fail_for_good(id).await;
    assert_eq!(retry(&lab.env, id).await.unwrap().pointers_deleted, 1);
    assert_eq!(lab.dead_letters().await, 1);
    assert_eq!(retry(&lab.env, other).await.unwrap().pointers_deleted, 1);
    assert_eq!(lab.dead_letters().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_to_the_change_is_known_again() {
    let lab = Lab::ready().await;
    let id = failed_job(&lab).await;
    lab.lose_responses("UpdateItem", 1);
    retry(&lab.env, id).await.unwrap();
    assert_eq!(lab.fired(), 1);
    goes_on(&lab, id).await;
}

#[tokio::test(start_paused = true)]
async fn only_a_failed_job_whose_letter_is_sent_can_be_retried() {
    let lab = Lab::ready().await;
    let nobody = JobId::keyed("no", "body");
    assert_eq!(retry(&lab.env, nobody).await, Err(RetryError::Unknown(nobody)));

    let id = submit(&lab.env, &drill()).await.unwrap().id;
    let status = Status::Queued;
    assert_eq!(retry(&lab.env, id).await, Err(RetryError::NotFailed { id, status }));

    lab.fail(id).await;
    let error = retry(&lab.env, id).await.unwrap_err();
    assert_eq!(error, RetryError::LetterPending(id));
    assert!(error.to_string().contains("still on its way"));
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_first_retries_a_failed_job_or_gives_it_up() {
    let lab = Lab::ready().await;
    let store = lab.env.store();
    let id = failed_job(&lab).await;
    let read = lab.state(id).await;
    assert!(store.give_up(&read, 7).await.unwrap());
    assert!(store.give_up(&read, 8).await.unwrap(), "a repeat changes nothing");
    let given_up = lab.state(id).await;
    assert_eq!(given_up.given_up_at_ms, Some(7));
    assert_eq!(retry(&lab.env, id).await, Err(RetryError::GivenUp(id)));
    // Somebody who read it before.
    let late = read.retry(9, 60_000).unwrap();
    assert!(!store.replace_ended(&read, &late).await.unwrap());
    assert_eq!(lab.state(id).await, given_up);

    let other = submit(&lab.env, &drill_with_key(Some("other"))).await.unwrap().id;
    lab.fail_for_good(other).await;
    let read = lab.state(other).await;
    retry(&lab.env, other).await.unwrap();
    assert!(!store.give_up(&read, 9).await.unwrap());
    assert_eq!(lab.state(other).await.given_up_at_ms, None);
}

#[tokio::test(start_paused = true)]
async fn a_parked_job_is_looked_at_at_once_and_keeps_its_reason_until_then() {
    let lab = Lab::ready().await;
    let id = submit(&lab.env, &drill()).await.unwrap().id;
    let parked = lab.park(id).await;
    assert_eq!(lab.wake_ups().await.len(), 1, "the first one");
    let retried = retry(&lab.env, id).await.unwrap();
    assert_eq!((retried.state.is_parked(), retried.pointers_deleted), (true, 0));
    let state = lab.state(id).await;
    assert_eq!((state.status, state.seq), (Status::Waiting, Seq(2)));
    assert_eq!(state, retried.state);
    assert!(state.due_at_ms < parked.due_at_ms, "it is looked at before its time");
    assert_eq!(lab.wake_ups().await, [WakeUp::new(id, Seq(2))]);
    // A repeat sends the wake-up again: the first one may be lost.
    retry(&lab.env, id).await.unwrap();
    assert_eq!(lab.wake_ups().await, [WakeUp::new(id, Seq(2))]);

    lab.claim(id, Seq(2)).await;
    let status = Status::Running;
    let refused = retry(&lab.env, id).await;
    assert_eq!(refused, Err(RetryError::NotFailed { id, status }), "somebody looks already");
}
