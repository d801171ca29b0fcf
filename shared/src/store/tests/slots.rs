//! Slots: who holds one, who waits, and what a write against rivals does.

use super::*;
use crate::failure::FailureCode;
use aurora_restore_local::faults::{FaultKind, FaultRule};

const NAME: &str = "slots#x";

fn job(n: u128) -> JobId {
    JobId(uuid::Uuid::from_u128(n))
}

fn asking(n: u128) -> Claimant {
    Claimant { job: job(n), epoch: Epoch(1), priority: Priority::Normal }
}

/// Slots of limit 1 with a holder, and with others that wait since 2, 3, ...
fn held(waiting: u128) -> Slots {
    let asked = (1..=waiting + 1).map(|n| (n, i64::try_from(n).unwrap()));
    asked.fold(Slots::default(), |slots, (n, now)| slots.acquire(asking(n), now, 1).unwrap())
}

#[test]
fn a_place_in_the_queue_can_be_given_back_but_not_by_an_older_tick() {
    let slots = held(2);
    let left = slots.release(job(2), Epoch(1), 9, 1).unwrap();
    assert_eq!(left.waiting.keys().collect::<Vec<_>>(), [&job(3)]);
    assert_eq!(left.holders, slots.holders);
    assert_eq!(slots.release(job(2), Epoch(0), 9, 1), None);
    assert_eq!(slots.release(job(7), Epoch(1), 9, 1), None, "it has no place");
}

#[test]
fn a_granted_slot_is_held_since_it_was_granted() {
    let slots = held(1);
    let next = slots.release(job(1), Epoch(1), 9, 1).unwrap();
    assert_eq!(next.holders[&job(2)].since_ms, 9);
    assert_eq!(next.newly_granted(&slots), [job(2)]);
    assert_eq!(next.newly_granted(&next), []);
}

#[test]
fn a_target_has_a_slot_in_its_account_and_region() {
    let (account, cluster) = ("111111111111".parse().unwrap(), "orders".parse().unwrap());
    let name = target_slot(&account, &"us-east-1".parse().unwrap(), &cluster);
    assert_eq!(name, "slots#111111111111#us-east-1#target:orders");
}

#[tokio::test(start_paused = true)]
async fn stored_slots_go_from_holder_to_holder() {
    let (store, _) = store().await;
    let ask = async |n: u128| store.acquire_slot(NAME, asking(n), 5, 1).await.unwrap();
    let free = async |n: u128| store.release_slot(NAME, job(n), Epoch(1), 6, 1).await.unwrap();
    assert_eq!(free(1).await, [], "nobody has been there");
    assert_eq!(ask(1).await, Acquired::Held);
    assert_eq!(ask(1).await, Acquired::Held);
    assert_eq!(ask(2).await, Acquired::Waiting { holders: vec![job(1)] });
    assert_eq!(ask(3).await, Acquired::Waiting { holders: vec![job(1)] });
    assert_eq!(free(9).await, []);
    assert_eq!(free(1).await, [job(2)]);
    assert_eq!(free(1).await, [], "once is enough");
    assert_eq!(ask(4).await, Acquired::Waiting { holders: vec![job(2)] });
    assert_eq!(free(2).await, [job(3)]);
    assert_eq!(free(3).await, [job(4)]);
    assert_eq!(free(4).await, []);
    assert_eq!(ask(2).await, Acquired::Held);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_change_of_slots_is_known_again() {
    let (store, _, cloud) = on_a_cloud().await;
    let lose = || cloud.world().faults.add(FaultRule::on("PutItem", FaultKind::LostResponse, 1));
    lose();
    assert_eq!(store.acquire_slot(NAME, asking(1), 5, 1).await.unwrap(), Acquired::Held);
    store.acquire_slot(NAME, asking(2), 6, 1).await.unwrap();
    lose();
    let granted = store.release_slot(NAME, job(1), Epoch(1), 7, 1).await.unwrap();
    assert_eq!(granted, [job(2)], "who was granted the slot is woken all the same");
    let fired: Vec<u64> = cloud.world().faults.rules().iter().map(|rule| rule.fired).collect();
    assert_eq!(fired, [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_aws_is_no_rival() {
    let (store, _, cloud) = on_a_cloud().await;
    cloud.world().faults.add(FaultRule::on("PutItem", FaultKind::AccessDenied, 99));
    let error = store.acquire_slot(NAME, asking(1), 5, 1).await.unwrap_err();
    assert!(matches!(&error, StoreError::Aws(f) if f.code == FailureCode::AccessDenied), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rivals_at_the_same_moment_all_get_their_place() {
    let (store, _, cloud) = on_a_cloud().await;
    // All of them are on their way before the first one arrives.
    cloud.world().faults.add(FaultRule::on("PutItem", FaultKind::Latency { ms: 20 }, 99));
    let ask = async |n: u128| store.acquire_slot(NAME, asking(n), n.try_into().unwrap(), 1).await;
    let answers = tokio::join!(ask(1), ask(2), ask(3));
    let answers = [answers.0.unwrap(), answers.1.unwrap(), answers.2.unwrap()];
    let first = answers.iter().position(|answer| *answer == Acquired::Held).unwrap();
    let mut holder = job(1 + u128::try_from(first).unwrap());
    let mut served = std::collections::BTreeSet::from([holder]);
    for _ in 0..2 {
        let granted = store.release_slot(NAME, holder, Epoch(1), 9, 1).await.unwrap();
        assert_eq!(granted.len(), 1, "{granted:?}");
        holder = granted[0];
        served.insert(holder);
    }
    assert_eq!(served.len(), 3, "nobody was lost");
}
