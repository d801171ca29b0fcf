//! All transitions of a job, without a runtime.

use super::*;
use crate::failure::FailureCode;

fn accepted() -> JobState {
    let region = "us-east-1".parse().unwrap();
    JobState::accepted(JobId::keyed("t", "1"), region, Priority::Normal, 1_000, 60_000)
}

fn lease(owner: &str, until_ms: EpochMs) -> Lease {
    Lease { owner: owner.parse().unwrap(), until_ms }
}

fn claimed() -> JobState {
    accepted().claim(Seq(1), &lease("w1", 31_000), "t1", 1_001).unwrap()
}

fn failure() -> FailedAt {
    let failure = Failure::permanent(FailureCode::CheckFailed, "no rows");
    FailedAt { step: Some(StepName::VerifyRestore), failure }
}

#[test]
fn an_accepted_job_is_queued_and_due() {
    let job = accepted();
    assert_eq!((job.status, job.due_at_ms), (Status::Queued, Some(61_000)));
    assert!(job.is_live());
}

#[test]
fn a_claim_raises_the_epoch_and_is_due_when_its_lease_ends() {
    let job = claimed();
    assert_eq!((job.epoch, job.seq, job.status), (Epoch(1), Seq(1), Status::Running));
    assert_eq!(job.due_at_ms, Some(31_000));
    assert_eq!(job.claims, 1);
    assert!(job.is_claimed_by(&"w1".parse().unwrap(), "t1"));
    assert!(!job.is_claimed_by(&"w1".parse().unwrap(), "t2"));
    assert!(!job.is_claimed_by(&"w2".parse().unwrap(), "t1"));
}

#[test]
fn a_stale_wake_up_claims_nothing() {
    let refused = accepted().claim(Seq(2), &lease("w1", 9), "t", 1);
    assert_eq!(refused, Err(ClaimRefused::Stale));
}

#[test]
fn a_leased_job_is_claimed_only_after_its_lease() {
    let job = claimed();
    let at = |now| job.claim(Seq(1), &lease("w2", now + 30_000), "t2", now);
    assert_eq!(at(31_000), Err(ClaimRefused::Leased));
    let taken = at(31_001).unwrap();
    assert_eq!((taken.epoch, taken.claims), (Epoch(2), 2));
    assert!(!job.is_committed_by(&taken));
}

#[test]
fn a_wait_ends_the_lease_and_expects_the_next_wake_up() {
    let job = claimed().commit(Ending::WaitUntil { due_at_ms: 99_000 }, 2_000);
    assert_eq!((job.status, job.seq), (Status::Waiting, Seq(2)));
    assert_eq!((job.lease.clone(), job.due_at_ms, job.claims), (None, Some(99_000), 0));
    assert!(job.is_committed_by(&claimed()));
}

fn watch() -> Watch {
    Watch {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        kind: crate::watch::WatchKind::Cluster,
        id: "c".into(),
        want: "available".into(),
        expected_at_ms: 5,
    }
}

#[test]
fn a_watch_is_gone_after_the_next_commit() {
    let watch = watch();
    let waiting = claimed().commit(Ending::WaitFor { watch: watch.clone(), due_at_ms: 9 }, 2_000);
    assert_eq!(waiting.watch, Some(watch));
    let woken = waiting.claim(Seq(2), &lease("w2", 9_000), "t2", 3_000).unwrap();
    assert!(woken.commit(Ending::WaitUntil { due_at_ms: 1 }, 3_001).watch.is_none());
}

#[test]
fn a_handed_back_job_stays_due_and_the_claim_does_not_count() {
    let job = claimed().commit(Ending::HandBack { due_at_ms: 62_000 }, 2_000);
    assert_eq!((job.status, job.due_at_ms, job.claims), (Status::Waiting, Some(62_000), 0));
}

#[test]
fn a_parked_job_waits_with_its_reason_until_a_look_does_not_find_it_any_more() {
    let parked = claimed().commit(Ending::Park { failed_at: failure(), due_at_ms: 9_000 }, 2_000);
    assert_eq!((parked.status, parked.due_at_ms), (Status::Waiting, Some(9_000)));
    assert_eq!((parked.parked.clone(), parked.failed_at.clone()), (Some(failure()), None));
    assert!(parked.is_parked() && parked.is_live() && !parked.letter_pending);
    assert_eq!(parked.retry(3_000, 60_000), None, "it is woken, and keeps what it knows");

    let looking = parked.claim(Seq(2), &lease("w", 99_000), "t", 3_000).unwrap();
    assert_eq!((looking.is_parked(), looking.parked.clone()), (false, Some(failure())));
    let handed_back = looking.commit(Ending::HandBack { due_at_ms: 9 }, 4_000);
    assert!(handed_back.is_parked(), "who has not looked knows nothing new");
    let again = looking.commit(Ending::Park { failed_at: failure(), due_at_ms: 9 }, 4_000);
    assert!(again.is_parked());
    let failed = Ending::Fail { failed_at: failure(), due_at_ms: 9 };
    let watched = Ending::WaitFor { watch: watch(), due_at_ms: 9 };
    let (until, now) = (Ending::WaitUntil { due_at_ms: 9 }, Ending::Again { due_at_ms: 9 });
    for ending in [Ending::Succeed, failed, watched, until, now] {
        assert_eq!(looking.commit(ending.clone(), 4_000).parked, None, "{ending:?}");
    }
}

#[test]
fn an_ended_job_is_never_due_and_never_claimed() {
    let job = claimed().commit(Ending::Succeed, 2_000);
    assert_eq!(
        (job.status, job.due_at_ms, job.ended_at_ms),
        (Status::Succeeded, None, Some(2_000))
    );
    let refused = job.claim(Seq(2), &lease("w", 9_000), "t", 3_000);
    assert_eq!(refused, Err(ClaimRefused::Ended));
}

#[test]
fn a_failed_job_stays_due_until_its_dead_letter_is_sent() {
    let failed = claimed().commit(Ending::Fail { failed_at: failure(), due_at_ms: 62_000 }, 2_000);
    assert_eq!((failed.status, failed.due_at_ms), (Status::Failed, Some(62_000)));
    assert!(failed.is_live());
    let again = failed.claim(Seq(2), &lease("w", 99_000), "t", 63_000).unwrap();
    assert_eq!(again.status, Status::Running);
    let sent = again.letter_sent();
    assert_eq!((sent.status, sent.due_at_ms), (Status::Failed, None));
    assert_eq!((sent.is_live(), sent.lease.is_none()), (false, true));
    assert_eq!(sent.failed_at, Some(failure()));
}

#[test]
fn a_retry_keeps_what_is_done_and_gives_the_rest_fresh_attempts() {
    let mut job = claimed();
    let done = StepState { status: StepStatus::Done, how: Some(How::Did), ..StepState::started(1) };
    let failed = StepState { status: StepStatus::Failed, attempts: 8, ..StepState::started(2) };
    job.steps.insert(StepName::RestoreCluster, done.clone());
    job.steps.insert(StepName::VerifyRestore, failed);
    let job = job.commit(Ending::Fail { failed_at: failure(), due_at_ms: 9 }, 2_000);
    assert_eq!(job.retry(3_000, 60_000), None, "the dead letter is still on its way");
    let again = job.letter_sent().retry(3_000, 60_000).unwrap();
    assert_eq!((again.status, again.due_at_ms), (Status::Queued, Some(63_000)));
    assert_eq!(again.steps, BTreeMap::from([(StepName::RestoreCluster, done)]));
    assert_eq!((again.failed_at, again.ended_at_ms), (None, None));
    assert_eq!(accepted().retry(1, 1), None, "it has not failed");
}

#[test]
fn only_the_next_number_of_the_same_epoch_and_token_is_a_commit_of_ours() {
    let ours = claimed().commit(Ending::Succeed, 2_000);
    assert!(ours.is_committed_by(&claimed()));
    let others = [
        JobState { epoch: Epoch(2), ..ours.clone() },
        JobState { token: Some("t2".into()), ..ours.clone() },
        JobState { seq: Seq(3), ..ours.clone() },
        claimed(),
    ];
    for other in others {
        assert!(!other.is_committed_by(&claimed()), "{other:?}");
    }
}

#[test]
fn a_commit_leaves_nothing_of_the_wake_up_that_led_to_it() {
    let (watch, letter_pending, dispatches) = (Some(watch()), true, 7);
    let ticked = JobState { watch, letter_pending, dispatches, claims: 3, ..claimed() };
    let next = ticked.commit(Ending::WaitUntil { due_at_ms: 9 }, 2_000);
    let rest = (next.watch, next.letter_pending, next.dispatches, next.claims, next.lease);
    assert_eq!(rest, (None, false, 0, 0, None));
}

#[test]
fn every_transition_of_an_ended_job_expects_a_new_wake_up() {
    let failed = claimed().commit(Ending::Fail { failed_at: failure(), due_at_ms: 9 }, 2_000);
    let again = failed.claim(Seq(2), &lease("w", 99_000), "t", 63_000).unwrap();
    let sent = again.letter_sent();
    assert_eq!((again.claims, sent.claims, sent.seq), (1, 0, Seq(3)));
    let dispatched = JobState { dispatches: 4, ..sent };
    let retried = dispatched.retry(70_000, 60_000).unwrap();
    assert_eq!((retried.seq, retried.dispatches), (Seq(4), 0));
}

#[test]
fn a_step_state_reads_back_as_written() {
    for text in ["waiting 0 1790000000000", "done 3 5 took_over", "failed 8 7", "waiting 1 5 r9"] {
        assert_eq!(text.parse::<StepState>().map(|s| s.to_string()), Ok(text.to_owned()));
    }
    for bad in ["", "done", "done x 5", "lost 0 1", "done 0 1 guessed"] {
        assert!(bad.parse::<StepState>().is_err(), "{bad}");
    }
}
