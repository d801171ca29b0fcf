//! What the conditional writes answer, and what they leave behind.

use super::*;
use crate::failure::FailureCode;
use aurora_restore_local::faults::{FaultKind, FaultRule};

fn accepted(n: u32) -> JobState {
    let id = JobId::keyed("state", &n.to_string());
    JobState::accepted(id, "us-east-1".parse().unwrap(), Priority::High, START_MS, 60_000)
}

fn lease(name: &str) -> Lease {
    Lease { owner: worker(name), until_ms: START_MS + 60_000 }
}

async fn due(store: &Store) -> Vec<DueJob> {
    let region = "us-east-1".parse().unwrap();
    let mut due = Vec::new();
    for shard in 0..Store::DUE_SHARDS {
        due.extend(store.due_jobs(&region, shard, 10).await.unwrap());
    }
    due
}

#[tokio::test(start_paused = true)]
async fn a_state_is_put_once() {
    let (store, _) = store().await;
    let job = accepted(1);
    assert!(store.put_state(&job).await.unwrap());
    let other = JobState { seq: Seq(9), ..job.clone() };
    assert!(!store.put_state(&other).await.unwrap());
    assert_eq!(store.state(job.id).await.unwrap(), Some(job));
    assert_eq!(store.state(accepted(2).id).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_known_again() {
    let (store, _, cloud) = on_a_cloud().await;
    let job = accepted(1);
    store.put_state(&job).await.unwrap();
    cloud.world().faults.add(FaultRule::on("UpdateItem", FaultKind::LostResponse, 1));
    let claim = async |name| {
        let claimed = store.claim(job.id, Seq(1), &lease(name), name, START_MS).await;
        claimed.unwrap()
    };
    let first = claim("w1").await;
    let ClaimOutcome::Claimed(claimed) = first else { panic!("{first:?}") };
    assert_eq!((claimed.epoch, claimed.claims), (Epoch(1), 1), "claimed once");
    assert_eq!(claim("w2").await, ClaimOutcome::Refused(crate::job::ClaimRefused::Leased));
    let stale = store.claim(job.id, Seq(2), &lease("w1"), "w1", START_MS).await.unwrap();
    assert_eq!(stale, ClaimOutcome::Refused(crate::job::ClaimRefused::Stale));
    let unknown = store.claim(accepted(2).id, Seq(1), &lease("w1"), "w1", START_MS).await.unwrap();
    assert_eq!(unknown, ClaimOutcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn an_ended_job_is_replaced_by_one_only() {
    let (store, _) = store().await;
    let failure = Failure::permanent(FailureCode::CheckFailed, "no rows");
    let failed = JobState {
        status: Status::Failed,
        due_at_ms: None,
        failed_at: Some(FailedAt { step: None, failure }),
        ..accepted(1)
    };
    let next = failed.retry(START_MS, 60_000).unwrap();
    assert!(!store.replace_ended(&failed, &next).await.unwrap(), "there is no such job");
    store.put_state(&failed).await.unwrap();
    assert!(store.replace_ended(&failed, &next).await.unwrap());
    assert!(store.replace_ended(&failed, &next).await.unwrap(), "it knows its own work again");
    let rival = failed.retry(START_MS + 1, 60_000).unwrap();
    assert!(!store.replace_ended(&failed, &rival).await.unwrap());
    assert_eq!(store.state(failed.id).await.unwrap(), Some(next));
}

#[tokio::test(start_paused = true)]
async fn a_due_job_moves_once_and_counts_its_wake_up() {
    let (store, _) = store().await;
    let job = accepted(1);
    store.put_state(&job).await.unwrap();
    let read = due(&store).await;
    assert!(store.move_due(&read[0], START_MS + 99_000).await.unwrap());
    assert!(!store.move_due(&read[0], START_MS + 98_000).await.unwrap(), "another has done it");
    let moved = due(&store).await;
    assert_eq!((moved[0].due_at_ms, moved[0].dispatches), (START_MS + 99_000, 1));
    assert_eq!((moved[0].id, moved[0].seq, moved[0].priority), (job.id, Seq(1), Priority::High));
}

#[tokio::test(start_paused = true)]
async fn a_watching_job_is_found_by_what_it_watches_until_it_is_woken() {
    let (store, _) = store().await;
    let watch = Watch {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        kind: WatchKind::Cluster,
        id: "orders".into(),
        want: "available".into(),
        expected_at_ms: START_MS + 5,
    };
    let (scope, reference) = (watch.scope(), watch.reference());
    let job = JobState { status: Status::Waiting, watch: Some(watch), ..accepted(1) };
    store.put_state(&job).await.unwrap();
    let found = store.watched_jobs(&scope).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].seq, &found[0].reference), (job.id, job.seq, &reference));
    assert_eq!((found[0].want.as_str(), found[0].expected_at_ms), ("available", START_MS + 5));
    let woken = store.wake(job.id, Some(job.seq), START_MS + 7).await.unwrap().unwrap();
    assert_eq!((woken.due_at_ms, woken.dispatches), (Some(START_MS + 7), 1));
    assert_eq!(store.watched_jobs(&scope).await.unwrap(), []);
    assert_eq!(store.wake(job.id, Some(Seq(2)), START_MS).await.unwrap(), None);
    assert!(store.wake(job.id, None, START_MS).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_parked_job_is_woken_and_keeps_its_reason_until_the_next_commit() {
    let (store, _) = store().await;
    let job = accepted(1);
    store.put_state(&job).await.unwrap();
    let claimed = store.claim(job.id, Seq(1), &lease("w"), "w", START_MS).await.unwrap();
    let ClaimOutcome::Claimed(claimed) = claimed else { panic!("{claimed:?}") };
    let failure = Failure::new(FailureKind::NeedsPerson, FailureCode::AccessDenied, "rds:X");
    let failed_at = FailedAt { step: None, failure };
    let ending = Ending::Park { failed_at: failed_at.clone(), due_at_ms: START_MS + 900_000 };
    store.commit(&claimed, &claimed.commit(ending, START_MS)).await.unwrap();
    let woken = store.wake(job.id, Some(Seq(2)), START_MS + 60_000).await.unwrap().unwrap();
    assert!(woken.is_parked());
    assert_eq!((woken.due_at_ms, woken.dispatches), (Some(START_MS + 60_000), 1));
    let looking = store.claim(job.id, Seq(2), &lease("w"), "x", START_MS).await.unwrap();
    let ClaimOutcome::Claimed(looking) = looking else { panic!("{looking:?}") };
    assert_eq!(looking.parked, Some(failed_at));
    let next = looking.commit(Ending::Succeed, START_MS);
    store.commit(&looking, &next).await.unwrap();
    assert_eq!(store.state(job.id).await.unwrap().unwrap().parked, None);
}

/// A refusal that is no answer to the condition is told, and never taken for one.
#[tokio::test(start_paused = true)]
async fn a_refusal_of_aws_is_an_error_of_every_write() {
    let (store, _, cloud) = on_a_cloud().await;
    let job = accepted(1);
    store.put_state(&job).await.unwrap();
    let read = due(&store).await;
    cloud.world().faults.add(FaultRule::always(FaultKind::AccessDenied));
    let lease = lease("w");
    let refused = [
        ("put", store.put_state(&accepted(2)).await.err()),
        ("state", store.state(job.id).await.err()),
        ("claim", store.claim(job.id, Seq(1), &lease, "t", START_MS).await.err()),
        ("renew", store.renew(job.id, Epoch(1), 9).await.err()),
        ("commit", store.commit(&job, &job).await.err()),
        ("replace", store.replace_ended(&job, &job).await.err()),
        ("move", store.move_due(&read[0], 9).await.err()),
        ("wake", store.wake(job.id, None, 9).await.err()),
        ("lead", store.lead("x", &worker("w"), 1, 2).await.err()),
    ];
    for (what, error) in refused {
        assert!(matches!(error, Some(StoreError::Aws(_))), "{what}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_good_until_its_last_moment_and_a_renewal_moves_the_due_time_along() {
    let (store, _) = store().await;
    let job = accepted(1);
    store.put_state(&job).await.unwrap();
    let claim = async |name, now| store.claim(job.id, Seq(1), &lease(name), name, now).await;
    claim("w1", START_MS).await.unwrap();
    assert!(store.renew(job.id, Epoch(1), START_MS + 90_000).await.unwrap());
    let renewed = store.state(job.id).await.unwrap().unwrap();
    let until_ms = renewed.lease.map(|lease| lease.until_ms);
    assert_eq!((until_ms, renewed.due_at_ms), (Some(START_MS + 90_000), Some(START_MS + 90_000)));
    let last = claim("w2", START_MS + 90_000).await.unwrap();
    assert_eq!(last, ClaimOutcome::Refused(crate::job::ClaimRefused::Leased));
    let after = claim("w2", START_MS + 90_001).await.unwrap();
    assert!(matches!(after, ClaimOutcome::Claimed(_)), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn after_its_commit_a_tick_neither_renews_nor_writes() {
    let (store, _) = store().await;
    let job = accepted(1);
    store.put_state(&job).await.unwrap();
    let claimed = store.claim(job.id, Seq(1), &lease("w1"), "w1", START_MS).await.unwrap();
    let ClaimOutcome::Claimed(claimed) = claimed else { panic!("{claimed:?}") };
    let next = claimed.commit(Ending::WaitUntil { due_at_ms: START_MS + 5 }, START_MS);
    store.commit(&claimed, &next).await.unwrap();
    let late = claimed.commit(Ending::Succeed, START_MS);
    store.commit(&claimed, &late).await.unwrap();
    assert_eq!(store.state(job.id).await.unwrap(), Some(next.clone()), "one commit a tick");
    assert!(!store.renew(job.id, claimed.epoch, START_MS + 90_000).await.unwrap());
    assert_eq!(store.state(job.id).await.unwrap(), Some(next));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_of_another_moment_changes_nothing() {
    let (store, _) = store().await;
    let (live, ended) = (accepted(1), JobState { due_at_ms: None, ..accepted(2) });
    for job in [&live, &ended] {
        store.put_state(job).await.unwrap();
    }
    let next = |read: &JobState| JobState { status: Status::Succeeded, ..read.clone() };
    let of_another_epoch = JobState { epoch: Epoch(7), ..ended.clone() };
    let of_another_number = JobState { seq: Seq(7), ..ended.clone() };
    for read in [&live, &of_another_epoch, &of_another_number] {
        assert!(!store.replace_ended(read, &next(read)).await.unwrap(), "{read:?}");
    }
    let stale = DueJob { seq: Seq(7), ..due(&store).await.remove(0) };
    assert!(!store.move_due(&stale, START_MS + 99_000).await.unwrap());
    assert_eq!(store.wake(ended.id, None, START_MS).await.unwrap(), None, "it has ended");
    for job in [live, ended] {
        assert_eq!(store.state(job.id).await.unwrap(), Some(job));
    }
}
