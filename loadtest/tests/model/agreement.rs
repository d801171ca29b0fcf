//! The code's pure transitions (`shared/src/job.rs`) do what the model's do, and refuse what the
//! model refuses: for each record that the model reaches, under every number, moment and ending.

use crate::job::{Claim, ClaimRefused, Ending, Job, Lease, Status};
use crate::records;
use crate::state::{INTERVAL, LEASE, Time};
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::{Epoch, JobId, Seq, WorkerId};
use aurora_restore_shared::job as code;
use aurora_restore_shared::job::{FailedAt, JobState};
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::watch::{Watch, WatchKind};

/// A unit of the model's time, in the code's.
const UNIT_MS: i64 = 60_000;

pub fn moment(time: Time) -> EpochMs {
    1_795_305_600_000 + i64::from(time) * UNIT_MS
}

fn time(moment_ms: EpochMs) -> Time {
    let since = moment_ms - moment(0);
    assert_eq!(since % UNIT_MS, 0, "no moment of the model");
    Time::try_from(since / UNIT_MS).expect("a moment of the model")
}

pub fn owner(name: u8) -> WorkerId {
    format!("w{name}").parse().expect("a name")
}

pub fn token(token: u8) -> String {
    format!("t{token}")
}

fn number(text: &str) -> u8 {
    text[1..].parse().expect("a name of the model")
}

pub fn lease(lease: Lease) -> code::Lease {
    code::Lease { owner: owner(lease.owner), until_ms: moment(lease.until) }
}

fn watch() -> Watch {
    Watch {
        account: "111111111111".parse().expect("an account"),
        region: "us-east-1".parse().expect("a Region"),
        kind: WatchKind::Cluster,
        id: "orders-drill".into(),
        want: "available".into(),
        expected_at_ms: moment(0),
    }
}

fn failed_at() -> FailedAt {
    FailedAt { step: None, failure: Failure::permanent(FailureCode::CheckFailed, "no rows") }
}

const STATUSES: [(Status, code::Status); 5] = [
    (Status::Queued, code::Status::Queued),
    (Status::Running, code::Status::Running),
    (Status::Waiting, code::Status::Waiting),
    (Status::Succeeded, code::Status::Succeeded),
    (Status::Failed, code::Status::Failed),
];

/// The record as the code has it.
pub fn coded(id: JobId, job: &Job) -> JobState {
    let region = "us-east-1".parse().expect("a Region");
    let (_, status) = STATUSES.into_iter().find(|(s, _)| *s == job.status).expect("all of them");
    JobState {
        status,
        seq: Seq(job.seq.into()),
        epoch: Epoch(job.epoch.into()),
        dispatches: job.dispatches.into(),
        lease: job.lease.map(lease),
        token: job.token.map(token),
        due_at_ms: job.due_at.map(moment),
        watch: job.watched.then(watch),
        claims: job.claims.into(),
        failed_at: job.failed.then(failed_at),
        parked: job.parked.then(failed_at),
        letter_pending: job.letter_pending,
        ..JobState::accepted(id, region, Priority::Normal, moment(0), 0)
    }
}

/// The record as the model has it.
pub fn modelled(state: &JobState) -> Job {
    let small = |n: u64| u8::try_from(n).expect("a number of the model");
    let (status, _) = STATUSES.into_iter().find(|(_, s)| *s == state.status).expect("all of them");
    let lease =
        |l: &code::Lease| Lease { owner: number(l.owner.as_str()), until: time(l.until_ms) };
    Job {
        status,
        seq: small(state.seq.0),
        epoch: small(state.epoch.0),
        dispatches: small(state.dispatches),
        lease: state.lease.as_ref().map(lease),
        token: state.token.as_deref().map(number),
        due_at: state.due_at_ms.map(time),
        watched: state.watch.is_some(),
        claims: small(state.claims.into()),
        failed: state.failed_at.is_some(),
        parked: state.parked.is_some(),
        letter_pending: state.letter_pending,
    }
}

pub fn refused(why: code::ClaimRefused) -> ClaimRefused {
    match why {
        code::ClaimRefused::Stale => ClaimRefused::Stale,
        code::ClaimRefused::Leased => ClaimRefused::Leased,
        code::ClaimRefused::Ended => ClaimRefused::Ended,
    }
}

fn ending(ending: Ending, due_at: Time) -> code::Ending {
    let due_at_ms = moment(due_at);
    match ending {
        Ending::WaitFor => code::Ending::WaitFor { watch: watch(), due_at_ms },
        Ending::WaitUntil => code::Ending::WaitUntil { due_at_ms },
        Ending::Park => code::Ending::Park { failed_at: failed_at(), due_at_ms },
        Ending::Again => code::Ending::Again { due_at_ms },
        Ending::HandBack => code::Ending::HandBack { due_at_ms },
        Ending::Succeed => code::Ending::Succeed,
        Ending::Fail => code::Ending::Fail { failed_at: failed_at(), due_at_ms },
    }
}

/// The numbers around one.
pub fn around(n: u8) -> std::ops::RangeInclusive<u8> {
    n.saturating_sub(1)..=n + 1
}

/// Claims that could arrive at a record: of each number near the one it expects, by its owner and
/// another, built now or earlier, under its token and a fresh one.
pub fn claims(job: &Job, now: Time) -> impl Iterator<Item = Claim> {
    let tokens = [job.token.unwrap_or(7), 7];
    let moments = now.saturating_sub(1)..=now;
    around(job.seq).flat_map(move |seq| {
        let moments = moments.clone();
        let owners = moments.flat_map(|now| [0, 1].map(|owner| (now, owner)));
        owners.flat_map(move |(now, owner)| {
            let lease = Lease { owner, until: now + LEASE };
            tokens.map(|token| Claim { seq, lease, token, now })
        })
    })
}

fn id() -> JobId {
    JobId::keyed("model", "job")
}

#[test]
fn the_codes_claim_is_the_models_claim() {
    let mut compared = [0; 4];
    for (job, now) in records::of_two_workers() {
        let there = coded(id(), &job);
        assert_eq!(modelled(&there), job, "a record survives the way there and back");
        assert_eq!(there.is_live(), job.is_live(), "{job:?}");
        for claim in claims(&job, now) {
            let Claim { seq, lease: held, token: t, now } = claim;
            let pure = there.claim(Seq(seq.into()), &lease(held), &token(t), moment(now));
            let pure = pure.as_ref().map(modelled).map_err(|why| refused(*why));
            assert_eq!(pure, job.claim(claim), "{claim:?} at {job:?}");
            let ours = there.is_claimed_by(&owner(held.owner), &token(t));
            assert_eq!(ours, job.is_claimed_by(held.owner, t), "{claim:?} at {job:?}");
            compared[pure.map_or_else(|why| 1 + why as usize, |_| 0)] += 1;
        }
    }
    println!("claims compared, granted and refused as stale, leased, ended: {compared:?}");
    assert!(compared.iter().all(|n| *n > 0), "{compared:?}");
}

#[test]
fn the_codes_endings_are_the_models_endings() {
    let mut compared = 0;
    for (job, now) in records::of_two_workers() {
        let there = coded(id(), &job);
        let due = now + INTERVAL;
        for end in Ending::ALL {
            let pure = there.commit(ending(end, due), moment(now));
            let next = job.commit(end, due);
            assert_eq!(modelled(&pure), next, "{end:?} of {job:?}");
            // What a commit has left behind is recognised, and nothing else.
            for (other, found) in [(next, &pure), (job, &there)] {
                let ours = found.is_committed_by(&there);
                assert_eq!(ours, other.is_committed_by(&job), "{end:?} of {job:?}");
            }
            compared += 1;
        }
        assert_eq!(modelled(&there.letter_sent()), job.letter_sent(), "{job:?}");
        let first_ms = moment(due) - moment(now);
        let retried = there.retry(moment(now), first_ms).as_ref().map(modelled);
        assert_eq!(retried, job.retry(due), "{job:?}");
    }
    println!("endings compared: {compared}");
    assert!(compared > 0);
}
