//! The conditional writes of `shared/src/store/state.rs`, made in the local cloud's table, do what
//! the model's do: also those of which there is no pure statement (`renew`, `wake`, `move_due`, the
//! condition of a commit, "maybe mine").

use crate::agreement::{around, claims, coded, lease, modelled, moment, refused, token};
use crate::job::{Claim, Ending, Job};
use crate::records;
use crate::state::{Commit, DueJob, INTERVAL, State, Time};
use crate::table::CommitOutcome;
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_shared::ids::{Epoch, JobId, Seq};
use aurora_restore_shared::job::JobState;
use aurora_restore_shared::request::Priority;
use aurora_restore_shared::store::{self, ClaimOutcome, Store};

/// A table, with a new item for each write that is tried.
struct Table {
    store: Store,
    items: u32,
}

impl Table {
    async fn new() -> Self {
        let store = Sim::empty(7).env("model").store();
        store.create_table().await.expect("a new table");
        Self { store, items: 0 }
    }

    /// Puts a record as a job of its own.
    async fn put(&mut self, job: &Job) -> JobId {
        self.items += 1;
        let id = JobId::keyed("model", &self.items.to_string());
        assert!(self.store.put_state(&coded(id, job)).await.expect("it is put"));
        id
    }

    async fn read(&self, id: JobId) -> Job {
        let state = self.store.state(id).await.expect("it is read");
        modelled(&state.expect("it is there"))
    }

    async fn claims_agree(&mut self, job: &Job, now: Time) {
        for claim in claims(job, now) {
            let id = self.put(job).await;
            let Claim { seq, lease: held, token: t, now: at } = claim;
            let (held, t) = (lease(held), token(t));
            let outcome = self.store.claim(id, Seq(seq.into()), &held, &t, moment(at)).await;
            let stored = match outcome.expect("an answer") {
                ClaimOutcome::Claimed(claimed) => Ok(modelled(&claimed)),
                ClaimOutcome::Refused(why) => Err(refused(why)),
                other => panic!("{claim:?} at {job:?}: {other:?}"),
            };
            let mut world = State::with(*job, now, 1);
            assert_eq!(stored, world.claim(claim, None), "{claim:?} at {job:?}");
            assert_eq!(self.read(id).await, world.job, "{claim:?} at {job:?}");
        }
    }

    async fn renewals_agree(&mut self, job: &Job, now: Time) {
        for epoch in around(job.epoch) {
            let id = self.put(job).await;
            let until = now + 3;
            let renewed = self.store.renew(id, Epoch(epoch.into()), moment(until)).await;
            let mut world = State::with(*job, now, 1);
            assert_eq!(renewed.expect("an answer"), world.renew(epoch, until), "{job:?}");
            assert_eq!(self.read(id).await, world.job, "renewing {epoch} of {job:?}");
        }
    }

    async fn wakes_agree(&mut self, job: &Job, now: Time) {
        for seq in around(job.seq).map(Some).chain([None]) {
            let id = self.put(job).await;
            let due = now + INTERVAL;
            let woken = self.store.wake(id, seq.map(|seq| Seq(seq.into())), moment(due)).await;
            let woken = woken.expect("an answer").as_ref().map(modelled);
            assert_eq!(woken, job.wake(seq, due), "waking {seq:?} of {job:?}");
            assert_eq!(self.read(id).await, woken.unwrap_or(*job), "waking {seq:?} of {job:?}");
        }
    }

    async fn moves_agree(&mut self, job: &Job, now: Time) {
        let dues = around(job.due_at.unwrap_or(now));
        for (seq, due_at) in around(job.seq).flat_map(|seq| dues.clone().map(move |d| (seq, d))) {
            let id = self.put(job).await;
            let read = DueJob { seq, due_at, dispatches: job.dispatches };
            let entry = store::DueJob {
                id,
                seq: Seq(seq.into()),
                due_at_ms: moment(due_at),
                dispatches: read.dispatches.into(),
                priority: Priority::Normal,
                is_running: false,
            };
            let moved = self.store.move_due(&entry, moment(now + 5)).await.expect("an answer");
            let model = job.move_due(read, now + 5);
            assert_eq!(moved, model.is_some(), "{read:?} of {job:?}");
            assert_eq!(self.read(id).await, model.unwrap_or(*job), "{read:?} of {job:?}");
        }
    }

    /// What ticks of this record, of an older and of a newer epoch or number write; each is sent
    /// twice, as after a lost answer.
    async fn commits_agree(&mut self, job: &Job, now: Time) {
        let ticks = around(job.epoch).flat_map(|epoch| around(job.seq).map(move |s| (epoch, s)));
        for (epoch, seq) in ticks {
            let claimed = Job { epoch, seq, ..*job };
            let next = claimed.commit(Ending::WaitUntil, now + INTERVAL);
            let commit = Commit { claimed, next, sends: false };
            let id = self.put(job).await;
            let mut world = State::with(*job, now, 1);
            for _ in 0..2 {
                let (claimed, next) = (coded(id, &claimed), coded(id, &next));
                let outcome = self.store.commit(&claimed, &next).await.expect("an answer");
                let stored = match outcome {
                    store::CommitOutcome::Stored => CommitOutcome::Stored,
                    store::CommitOutcome::Fenced => CommitOutcome::Fenced,
                };
                assert_eq!(stored, world.commit(commit, None), "{commit:?} at {job:?}");
                assert_eq!(self.read(id).await, world.job, "{commit:?} at {job:?}");
            }
        }
    }

    async fn retries_agree(&mut self, job: &Job, now: Time) {
        let Some(next) = job.retry(now + INTERVAL) else { return };
        let id = self.put(job).await;
        let (read, next_state) = (coded(id, job), coded(id, &next));
        assert!(self.store.replace_ended(&read, &next_state).await.expect("an answer"));
        assert_eq!(self.read(id).await, next);
        let other = JobState { dispatches: 9, ..next_state };
        let again = self.store.replace_ended(&read, &other).await.expect("an answer");
        assert!(!again, "somebody else has set it going");
    }
}

/// All records but those that differ in the moment only, at which the table happens to hold them.
fn records() -> Vec<(Job, Time)> {
    let mut records: Vec<_> = records::of_one_takeover().into_iter().collect();
    records.dedup_by_key(|(job, _)| *job);
    records
}

#[tokio::test(start_paused = true)]
async fn the_stores_claim_is_the_models_claim() {
    let mut table = Table::new().await;
    for (job, now) in records() {
        table.claims_agree(&job, now).await;
    }
    println!("{} claims compared", table.items);
}

#[tokio::test(start_paused = true)]
async fn the_stores_commit_is_the_models_commit() {
    let mut table = Table::new().await;
    for (job, now) in records() {
        table.commits_agree(&job, now).await;
        table.retries_agree(&job, now).await;
    }
    println!("{} commits compared, each sent twice", table.items);
}

#[tokio::test(start_paused = true)]
async fn the_stores_other_writes_are_the_models() {
    let mut table = Table::new().await;
    for (job, now) in records() {
        table.renewals_agree(&job, now).await;
        table.wakes_agree(&job, now).await;
        table.moves_agree(&job, now).await;
    }
    println!("{} renewals, wakes and moves compared", table.items);
}
