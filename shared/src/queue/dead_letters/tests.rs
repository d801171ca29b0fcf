//! Dead letters are looked through without loss, and taken out one by one.

use super::*;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::environment::Environment;
use crate::failure::{Failure, FailureCode};
use crate::request::Priority;
use crate::settings::Common;
use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::transport::LocalTransport;
use aurora_restore_local::world::World;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::Arc;

const START_MS: i64 = 1_795_305_600_000;

async fn queues() -> (Queues, Cloud) {
    let world = World::new(WorldSettings::default(), Box::new(NoData));
    let cloud = Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS)));
    let http = SharedHttpClient::new(LocalTransport::new(cloud.clone(), "looker"));
    let (clock, common) = (Clock::starting_at(START_MS), Common::default());
    let env = Environment::in_process(http, clock, Entropy::seeded(1), &common, "looker");
    let queues = env.queues(&common.region);
    queues.create().await.unwrap();
    (queues, cloud)
}

fn job(n: u64) -> JobId {
    JobId::keyed("letters", &n.to_string())
}

/// Sends the pointer to a job that failed at a wake-up number.
async fn send(queues: &Queues, n: u64, seq: u64) {
    let failure = Failure::permanent(FailureCode::CheckFailed, "no rows");
    let letter = DeadLetter::of_job(job(n), Seq(seq), None, &failure);
    let (group, deduplication) = (job(n).to_string(), format!("{n}:{seq}"));
    queues.send_dead_letter(&letter, &group, &deduplication).await.unwrap();
}

async fn depth(queues: &Queues) -> u64 {
    queues.depths().await.unwrap()[&queues.dead_letter_name()]
}

/// The wake-up numbers of the pointers to a job that are there, in order.
async fn pointers_to(queues: &Queues, n: u64) -> Vec<Option<Seq>> {
    let mut pointers = Vec::new();
    for stored in queues.look_through_dead_letters(1_000, |_| true).await.unwrap() {
        let letter = stored.letter.unwrap();
        pointers.extend((letter.job == Some(job(n))).then_some(letter.seq));
    }
    pointers
}

#[tokio::test(start_paused = true)]
async fn the_depth_of_every_queue_is_told() {
    let (queues, _) = queues().await;
    send(&queues, 1, 2).await;
    let names = Priority::ALL.map(|(_, priority)| (queues.name(priority), 0));
    let expected = BTreeMap::from_iter(names.into_iter().chain([(queues.dead_letter_name(), 1)]));
    assert_eq!(queues.depths().await.unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_look_takes_no_more_than_asked_for_and_leaves_the_others_visible() {
    let (queues, _) = queues().await;
    for n in 0..25 {
        send(&queues, n, 2).await;
    }
    let nothing = queues.look_through_dead_letters(1_000, |_| false).await.unwrap();
    assert_eq!(nothing, []);
    let is_even = |l: &StoredLetter| {
        let job = l.letter.as_ref().unwrap().job;
        (0..25).step_by(2).any(|n| job == Some(self::job(n)))
    };
    let even = queues.look_through_dead_letters(10, is_even).await.unwrap();
    assert!((1..=9).contains(&even.len()), "{} of ten", even.len());
    let left = 25 - even.len();
    let ten = queues.look_through_dead_letters(10, |_| true).await.unwrap();
    assert_eq!(ten.len(), 10);
    let rest = queues.look_through_dead_letters(1_000, |_| true).await.unwrap();
    assert_eq!(rest.len(), left - 10, "all that nobody kept");
    assert_eq!(depth(&queues).await, 25, "nothing is deleted by a look");
}

#[tokio::test(start_paused = true)]
async fn pointers_that_were_sent_before_a_wake_up_number_are_deleted_and_no_others() {
    let (queues, _) = queues().await;
    for seq in 2..=5 {
        send(&queues, 1, seq).await;
    }
    for seq in [3, 9] {
        send(&queues, 2, seq).await;
    }
    assert_eq!(queues.delete_pointers_to(job(1), Seq(4), 1_000).await.unwrap(), 2);
    assert_eq!(depth(&queues).await, 4);
    assert_eq!(queues.delete_pointers_to(job(1), Seq(4), 1_000).await.unwrap(), 0);
    assert_eq!(pointers_to(&queues, 1).await, [Some(Seq(4)), Some(Seq(5))]);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_is_visible_again_before_the_look_ends_is_no_error() {
    let (queues, cloud) = queues().await;
    send(&queues, 1, 2).await;
    send(&queues, 2, 2).await;
    let slow = FaultRule::on("ChangeMessageVisibility", FaultKind::Latency { ms: 25_000 }, 2);
    cloud.world().faults.add(slow);
    assert_eq!(queues.look_through_dead_letters(2, |_| false).await.unwrap(), []);
    assert_eq!(queues.look_through_dead_letters(2, |_| true).await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_to_give_a_letter_back_is_told() {
    let (queues, cloud) = queues().await;
    send(&queues, 1, 2).await;
    let refusal = FaultRule::on("ChangeMessageVisibility", FaultKind::AccessDenied, 9);
    cloud.world().faults.add(refusal);
    let error = queues.look_through_dead_letters(2, |_| false).await.unwrap_err();
    assert!(error.to_string().contains("giving a dead letter back"), "{error}");
}
