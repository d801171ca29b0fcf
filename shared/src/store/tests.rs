//! Every stored shape reads back as written, and the store's conditional writes do what the pure
//! transitions of `job.rs` say.

use super::state_codec;
use super::versioned::{Versioned, encode};
use super::*;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::ids::{Epoch, JobId, Seq, WorkerId};
use crate::job::{Ending, FailedAt, JobState, Lease, Status};
use crate::request::{Priority, Request};
use crate::settings::Common;
use crate::watch::{Watch, WatchKind};
use arbitrary::{failures, job_ids, job_states, places, priorities, watches};
use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

mod arbitrary;
mod slots;
mod state;

const START_MS: i64 = 1_795_305_600_000;

proptest! {
    #[test]
    fn a_state_reads_back_as_written(state in job_states()) {
        prop_assert_eq!(state_codec::decode(&state_codec::encode(&state)).unwrap(), state);
    }

    #[test]
    fn slots_read_back_as_written(
        version in 1_u64..1000, holders in places(), waiting in places(),
    ) {
        let slots = Slots { version, holders, waiting };
        prop_assert_eq!(Slots::read(&encode("slots#x", &slots)).unwrap(), slots);
    }

    #[test]
    fn an_event_reads_back_as_written(
        job in job_ids(), epoch in 0_u64..99_999_999, worker in "[a-z]{1,9}", note in ".{0,40}",
        took in proptest::option::of(0_i64..1_000_000),
        prev in proptest::option::of("[A-Za-z0-9_-]{43}"), is_tick in any::<bool>(),
    ) {
        let entry = EventEntry {
            step: Some("restore_cluster".into()), what: "done".into(), at_ms: START_MS,
            took_ms: took, note, details: BTreeMap::from([("k".into(), "v".into())]),
        };
        let of = if is_tick { EventOf::Tick } else { EventOf::Operator };
        let (epoch, entries) = (Epoch(epoch), vec![entry]);
        let event = Event { job, epoch, of, worker, at_ms: START_MS, prev, entries };
        prop_assert_eq!(Event::decode(&event.encode()).unwrap(), event);
    }

    /// Slots in use never exceed the limit, nobody is in both lists, and a free slot never stays
    /// free while somebody waits; the highest priority, then the oldest, is granted first.
    #[test]
    fn slots_are_never_overrun_and_granted_in_order(
        calls in proptest::collection::vec((0_u128..8, any::<bool>(), priorities(), 0_u64..4), 1..60),
        limit in 1_usize..4,
    ) {
        let mut slots = Slots::default();
        for (now, (n, is_release, priority, epoch)) in calls.into_iter().enumerate() {
            let (job, epoch) = (JobId(uuid::Uuid::from_u128(n)), Epoch(epoch));
            let now = i64::try_from(now).unwrap();
            let next = if is_release {
                slots.release(job, epoch, now, limit)
            } else {
                slots.acquire(Claimant { job, epoch, priority }, now, limit)
            };
            let Some(next) = next else { continue };
            let granted = next.newly_granted(&slots);
            let first_waiting = next.waiting.values().min();
            for job in granted {
                if let (Some(was), Some(waits)) = (slots.waiting.get(&job), first_waiting) {
                    prop_assert!(was <= waits, "{was:?} before {waits:?}");
                }
            }
            slots = next;
            prop_assert!(slots.holders.len() <= limit);
            prop_assert!(slots.holders.keys().all(|j| !slots.waiting.contains_key(j)));
            prop_assert!(slots.waiting.is_empty() || slots.holders.len() == limit);
        }
    }
}

#[test]
fn a_spec_reads_back_as_written() {
    let request = Request::parse(include_str!("../../../examples/drill.json")).unwrap();
    let spec = Spec {
        id: JobId::keyed("a", "b"),
        hash: request.hash(),
        request,
        submitted_by: "arn:aws:iam::111111111111:root".into(),
        created_at_ms: START_MS,
        aftercare: None,
        set: None,
    };
    assert_eq!(Spec::decode(&spec.encode()).unwrap(), spec);
}

#[test]
fn a_slot_of_a_newer_epoch_is_not_given_back_by_an_older_tick() {
    let job = JobId::keyed("a", "b");
    let asking = |epoch| Claimant { job, epoch: Epoch(epoch), priority: Priority::Low };
    let first = Slots::default().acquire(asking(1), 5, 1).unwrap();
    let retried = first.acquire(asking(7), 6, 1).unwrap();
    assert_eq!(retried.release(job, Epoch(1), 9, 1), None, "a frozen worker wakes up late");
    assert!(retried.release(job, Epoch(7), 9, 1).unwrap().holders.is_empty());
}

#[test]
fn an_unreadable_item_names_the_item_and_the_attribute() {
    let state = JobState::accepted(
        JobId::keyed("a", "b"),
        "us-east-1".parse().unwrap(),
        Priority::Low,
        1,
        1,
    );
    let mut item = state_codec::encode(&state);
    item.insert("status".into(), item::text("teleported"));
    let error = state_codec::decode(&item).unwrap_err();
    assert_eq!(error.attribute, "status");
    assert!(error.to_string().contains(&format!("job#{}/state", state.id)), "{error}");
}

async fn store() -> (Store, Clock) {
    let (store, clock, _) = on_a_cloud().await;
    (store, clock)
}

async fn on_a_cloud() -> (Store, Clock, Cloud) {
    let cloud = Cloud::new(
        World::new(WorldSettings::default(), Box::new(NoData)),
        Arc::new(TokioNow::starting_at(START_MS)),
    );
    let clock = Clock::starting_at(START_MS);
    let http = SharedHttpClient::new(LocalTransport::new(cloud.clone(), "store"));
    let env = Environment::in_process(http, clock, Entropy::seeded(1), &Common::default(), "store");
    let store = env.store();
    assert_eq!(store.create_table().await.unwrap(), TableReport::Created);
    assert_eq!(store.create_table().await.unwrap(), TableReport::Existed);
    (store, clock, cloud)
}

fn worker(name: &str) -> WorkerId {
    name.parse().unwrap()
}

/// Runs an async test body in virtual time: proptest bodies are synchronous.
fn in_virtual_time<F: Future>(body: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(body)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The claim that the store writes is the claim that `job.rs` computes, for any state.
    #[test]
    fn a_stored_claim_agrees_with_the_pure_one(
        state in job_states(), seq_off in 0_u64..2, now in 0..i64::MAX / 4,
    ) {
        // What is stored obeys: a live job has a due time, an ended one has none.
        let mut state = state;
        state.due_at_ms = state.is_live().then_some(state.due_at_ms.unwrap_or(5));
        let seq = Seq(state.seq.0 + seq_off);
        let lease = Lease { owner: worker("claimer"), until_ms: now + 60_000 };
        let pure = state.claim(seq, &lease, "token-of-this-claim", now);
        let stored = in_virtual_time(async {
            let (store, _) = store().await;
            assert!(store.put_state(&state).await.unwrap());
            store.claim(state.id, seq, &lease, "token-of-this-claim", now).await.unwrap()
        });
        match pure {
            Ok(claimed) => prop_assert_eq!(stored, ClaimOutcome::Claimed(Box::new(claimed))),
            Err(why) => prop_assert_eq!(stored, ClaimOutcome::Refused(why)),
        }
    }

    /// What a commit stores is what `job.rs` computes, attribute by attribute, for any state.
    #[test]
    fn a_stored_commit_agrees_with_the_pure_one(
        claimed in job_states(), watch in watches(), failed_at in failures(),
    ) {
        let endings = [
            Ending::Succeed,
            Ending::WaitUntil { due_at_ms: 9 },
            Ending::HandBack { due_at_ms: 9 },
            Ending::WaitFor { watch, due_at_ms: 9 },
            Ending::Park { failed_at, due_at_ms: 9 },
        ];
        for ending in endings {
            let next = claimed.commit(ending, START_MS);
            let stored = in_virtual_time(async {
                let (store, _) = store().await;
                assert!(store.put_state(&claimed).await.unwrap());
                let outcome = store.commit(&claimed, &next).await.unwrap();
                assert_eq!(outcome, CommitOutcome::Stored);
                // The SDK repeats a commit whose answer was lost: it knows its own work again.
                if claimed.token.is_some() {
                    assert_eq!(store.commit(&claimed, &next).await.unwrap(), CommitOutcome::Stored);
                }
                store.state(claimed.id).await.unwrap()
            });
            prop_assert_eq!(stored, Some(next));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_of_an_old_epoch_is_fenced() {
    let (store, _) = store().await;
    let id = JobId::keyed("a", "b");
    let job = JobState::accepted(id, "us-east-1".parse().unwrap(), Priority::High, 0, 60_000);
    store.put_state(&job).await.unwrap();
    let claim = async |name: &str, now: i64| {
        let lease = Lease { owner: worker(name), until_ms: now + 10 };
        match store.claim(id, Seq(1), &lease, name, now).await.unwrap() {
            ClaimOutcome::Claimed(job) => *job,
            other => panic!("{other:?}"),
        }
    };
    let old = claim("old", 0).await;
    let new = claim("new", 11).await;
    let late = store.commit(&old, &old.commit(Ending::Succeed, 12)).await.unwrap();
    assert_eq!(late, CommitOutcome::Fenced);
    assert!(!store.renew(id, old.epoch, 99).await.unwrap());
    assert!(store.renew(id, new.epoch, 99).await.unwrap());
    let good = store.commit(&new, &new.commit(Ending::Succeed, 13)).await.unwrap();
    assert_eq!(good, CommitOutcome::Stored);
    assert_eq!(store.state(id).await.unwrap().unwrap().status, Status::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_due_job_moves_only_if_nobody_claimed_it_in_between() {
    let (store, _) = store().await;
    let region = "us-east-1".parse().unwrap();
    let id = JobId::keyed("a", "b");
    let job = JobState::accepted(id, "us-east-1".parse().unwrap(), Priority::High, 0, 60_000);
    store.put_state(&job).await.unwrap();
    let mut due = Vec::new();
    for shard in 0..Store::DUE_SHARDS {
        due.extend(store.due_jobs(&region, shard, 10).await.unwrap());
    }
    assert_eq!((due.len(), due[0].due_at_ms, due[0].dispatches), (1, 60_000, 0));
    let lease = Lease { owner: worker("w"), until_ms: 100_000 };
    store.claim(id, Seq(1), &lease, "t", 0).await.unwrap();
    assert!(!store.move_due(&due[0], 999_000).await.unwrap(), "the claim has its own due time");
    assert_eq!(store.state(id).await.unwrap().unwrap().due_at_ms, Some(100_000));
    assert_eq!(store.wake(id, Some(Seq(1)), 5).await.unwrap(), None, "nobody wakes a running job");
}

#[tokio::test(start_paused = true)]
async fn only_one_leads_at_a_time_and_another_after_the_lease() {
    let (store, _) = store().await;
    let lead = async |name: &str, now| store.lead("x", &worker(name), now, now + 10).await.unwrap();
    assert_eq!(lead("a", 0).await.unwrap().epoch, Epoch(1));
    assert!(lead("b", 5).await.is_none());
    assert!(lead("a", 6).await.is_some(), "it renews");
    assert!(lead("b", 16).await.is_none());
    assert_eq!(lead("b", 17).await.unwrap().owner, worker("b"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_table_is_named_with_what_to_do() {
    let cloud = Cloud::new(
        World::new(WorldSettings::default(), Box::new(NoData)),
        Arc::new(TokioNow::starting_at(START_MS)),
    );
    let http = SharedHttpClient::new(LocalTransport::new(cloud, "store"));
    let clock = Clock::starting_at(START_MS);
    let env = Environment::in_process(http, clock, Entropy::seeded(1), &Common::default(), "none");
    let error = env.store().state(JobId::keyed("a", "b")).await.unwrap_err();
    assert!(matches!(&error, StoreError::NoTable { .. }), "{error}");
    assert!(error.to_string().contains("aurora-restore init"));
}
