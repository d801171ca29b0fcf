//! Every bug that the simulation has found, each as the shortest scene in which it showed, with one
//! sentence about it. A seed would not do: its draws change with the simulation.

use aurora_restore_loadtest::sim::suspend::{Driven, drive_to};
use aurora_restore_loadtest::sim::{Running, Sim};
use aurora_restore_loadtest::simulate::classes::FaultClass;
use aurora_restore_loadtest::simulate::knobs::{Knobs, Profile};
use aurora_restore_loadtest::simulate::run::{Options, Verdict, run_seed};
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_shared::ids::{JobId, Seq};
use aurora_restore_shared::job::{Status, StepState, StepStatus};
use aurora_restore_shared::request::IfExists;
use aurora_restore_worker::tick;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

async fn drain(workers: Vec<Running>) {
    for worker in workers {
        worker.drain().await;
    }
}

/// A describe that did not show yet what the job had just restored made it fail as `resource_lost`
/// at the first look.
#[tokio::test(start_paused = true)]
async fn a_describe_that_lags_behind_the_restore_does_not_lose_the_cluster() {
    let sim = Sim::prepared(101).await.unwrap();
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    let worker = sim.start("w1.1");
    while sim.clusters_of(job).is_empty() {
        sim.pass(Duration::from_millis(5)).await;
    }
    // The restore has begun and is known; its worker dies, and the heir looks at once.
    sim.pass(Duration::from_secs(2)).await;
    worker.kill().await;
    let lag = FaultRule::on("DescribeDBClusters", FaultKind::DescribeLag { ms: 3_600_000 }, 3);
    let number = sim.cloud.world().faults.add(lag);
    aurora_restore_worker::fleet::Worker::wake(&sim.worker("waker"), job, None).await.unwrap();
    let heir = sim.start("w2.1");
    sim.until_succeeded(&[job], 12 * HOUR).await.unwrap();
    let fired = {
        let world = sim.cloud.world();
        world.faults.rules().iter().find(|r| r.number == number).map(|r| r.fired)
    };
    assert_eq!(fired, Some(3), "nothing was hidden: the test is vacuous");
    heir.drain().await;
}

/// A worker claimed the record of a newer release: the claim wrote `running` over a status that it
/// could not read.
#[tokio::test(start_paused = true)]
async fn the_record_of_a_newer_release_is_left_untouched() {
    let sim = Sim::prepared(102).await.unwrap();
    let job = JobId::keyed("newer", "release");
    sim.put_newer_state(job).await.unwrap();
    let before = sim.raw_state(job).unwrap();
    let workers = vec![sim.start("w1.1"), sim.start("w2.1")];
    let body = format!(r#"{{"v":1,"job":"{job}","seq":1}}"#);
    sim.send_raw("aurora-restore-low.fifo", &body).await.unwrap();
    let ours = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.until_succeeded(&[ours], 12 * HOUR).await.unwrap();
    assert_eq!(sim.raw_state(job).unwrap(), before);
    let queues = sim.env("looker").queues(&"us-east-1".parse().unwrap());
    let depths = queues.depths().await.unwrap();
    assert_eq!(depths["aurora-restore-low.fifo"], 1, "its wake-up waits for a newer worker");
    drain(workers).await;
}

/// A dispatcher whose clock was ahead took a dead worker's lease for run out, and its wake-up was
/// refused by the lease; because each claim had counted as a dispatch, the next one came six hours
/// later.
#[tokio::test(start_paused = true)]
async fn a_dispatcher_whose_clock_is_ahead_puts_no_dead_workers_job_off_for_hours() {
    let sim = Sim::prepared(103).await.unwrap();
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    // Several workers take the job and die of it, one after the other.
    for n in 0..4 {
        let victim = sim.start(&format!("w{n}.1"));
        let epoch = sim.state(job).await.unwrap().epoch;
        while sim.state(job).await.unwrap().epoch == epoch {
            sim.pass(Duration::from_millis(5)).await;
        }
        victim.kill().await;
        sim.pass(if n < 3 { 2 * MINUTE } else { Duration::from_secs(5) }).await;
    }
    // The last lease has not run out, but for the one whose clock is ahead, who leads.
    let ahead = sim.start_skewed("w8.1", 10 * MINUTE);
    sim.pass(Duration::from_secs(20)).await;
    let right = sim.start("w9.1");
    let since = sim.clock.now_ms();
    sim.until_succeeded(&[job], 12 * HOUR).await.unwrap();
    assert!(sim.clock.now_ms() - since < 3_600_000, "it was put off for hours");
    assert_eq!(sim.state(job).await.unwrap().status, Status::Succeeded);
    drain(vec![ahead, right]).await;
}

/// SQS itself moved a dead letter back before its job was known to have one: it was deleted as stale,
/// the letter sent again was folded into it, and the job had none.
#[tokio::test(start_paused = true)]
async fn a_letter_that_is_moved_back_before_it_is_known_to_be_sent_is_not_lost() {
    let sim = Sim::prepared(104).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.target.subnet_group = Some("nowhere".into());
    let job = sim.submit(&request).await.unwrap();
    let victim = sim.start("w1.1");
    let letters = "aurora-restore-dead-letters.fifo";
    let (account, region) = sim.place();
    let sent = || !sim.cloud.world().sqs.messages(&account, &region, letters).is_empty();
    while !sent() {
        sim.pass(Duration::from_millis(1)).await;
    }
    victim.kill().await;
    assert!(sim.state(job).await.unwrap().failed_at.is_some());
    let pending = sim.raw_state(job).unwrap();
    assert!(pending.get("letter_pending").is_some(), "it is known already: the test is vacuous");
    sim.redrive("aurora-restore-low.fifo").await.unwrap();
    let heir = sim.start("w2.1");
    sim.pass(10 * MINUTE).await;
    let states = sim.until_ended(&[job], HOUR).await.unwrap();
    assert_eq!(states[0].status, Status::Failed);
    // Moved back, it was a replay, and the job has failed again, with a letter of its own.
    let of_job = |m: &aurora_restore_local::sqs::MessageView| m.body.contains(&job.to_string());
    let all = sim.cloud.world().sqs.messages(&account, &region, letters);
    assert_eq!(all.iter().filter(|m| of_job(m)).count(), 1, "{all:#?}");
    heir.drain().await;
}

/// A pointer of an earlier failure that came back set a job going that had failed anew, and left the
/// newer pointer behind.
#[tokio::test(start_paused = true)]
async fn a_pointer_that_comes_back_replays_the_failure_it_names_and_no_other() {
    let sim = Sim::prepared(105).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.target.subnet_group = Some("nowhere".into());
    let worker = sim.start("w1.1");
    let job = sim.submit(&request).await.unwrap();
    sim.until_ended(&[job], HOUR).await.unwrap();
    let (account, region) = sim.place();
    let pointers = || {
        let all =
            sim.cloud.world().sqs.messages(&account, &region, "aurora-restore-dead-letters.fifo");
        all.into_iter().map(|letter| letter.body).collect::<Vec<_>>()
    };
    let first = pointers();
    assert_eq!(first.len(), 1);
    aurora_restore_producer::operate::retry(&sim.env("operator-1"), job).await.unwrap();
    let failed_again = sim.until_ended(&[job], HOUR).await.unwrap();
    let second = pointers();
    assert!(second.len() == 1 && second != first, "{first:?}, {second:?}");

    sim.send_raw("aurora-restore-low.fifo", &first[0]).await.unwrap();
    sim.pass(10 * MINUTE).await;
    assert_eq!(sim.state(job).await.unwrap(), failed_again[0], "the old pointer is stale");
    sim.send_raw_as("again", "aurora-restore-low.fifo", &second[0]).await.unwrap();
    sim.pass(10 * MINUTE).await;
    assert!(sim.state(job).await.unwrap().epoch > failed_again[0].epoch, "the new one is a replay");
    worker.drain().await;
}

/// A worker that was refused the write of a plan noted the step that had made it as done; the next
/// one ran that step again, and where its source had gone since, a step that was done had failed.
#[tokio::test(start_paused = true)]
async fn a_step_whose_plan_could_not_be_stored_is_not_done() {
    let sim = Sim::prepared(106).await.unwrap();
    let refused = FaultRule::on("PutItem", FaultKind::AccessDenied, 1);
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    let number = sim.cloud.world().faults.add(refused);
    let worker = sim.worker("w1.1");
    let seq = sim.state(job).await.unwrap().seq;
    aurora_restore_worker::tick::tick(&worker, job, seq, None).await.unwrap_err();
    let fired = {
        let world = sim.cloud.world();
        world.faults.rules().iter().find(|r| r.number == number).map(|r| r.fired)
    };
    assert_eq!(fired, Some(1), "nothing was refused: the test is vacuous");
    let state = sim.state(job).await.unwrap();
    assert_eq!((state.status, state.plan_epoch), (Status::Waiting, None), "it was handed back");
    let is_done = |step: &StepState| step.status == StepStatus::Done;
    assert!(!state.steps.values().any(is_done), "{:?}", state.steps);
    let heir = sim.start("w2.1");
    sim.until_succeeded(&[job], 12 * HOUR).await.unwrap();
    heir.drain().await;
}

/// A retry whose wake-up could not be sent, because the queue was gone, left the pointer behind; the
/// job went on at its due time, failed anew, and had two.
#[tokio::test(start_paused = true)]
async fn a_retry_without_a_queue_to_send_to_still_takes_the_pointer_back() {
    let sim = Sim::prepared(107).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.target.subnet_group = Some("nowhere".into());
    let worker = sim.start("w1.1");
    let job = sim.submit(&request).await.unwrap();
    sim.until_ended(&[job], HOUR).await.unwrap();
    let sqs = sim.env("operator").sqs(&sim.common().region);
    let url = sqs.get_queue_url().queue_name("aurora-restore-low.fifo").send().await.unwrap();
    sqs.delete_queue().set_queue_url(url.queue_url).send().await.unwrap();
    aurora_restore_producer::operate::retry(&sim.env("operator-1"), job).await.unwrap_err();
    let (account, region) = sim.place();
    let letters = || {
        let name = "aurora-restore-dead-letters.fifo";
        sim.cloud.world().sqs.messages(&account, &region, name).len()
    };
    assert_eq!(letters(), 0, "its pointer stayed");
    sim.pass(MINUTE + Duration::from_secs(1)).await;
    aurora_restore_producer::init::init(&sim.env("operator"), &[]).await.unwrap();
    sim.until_ended(&[job], 12 * HOUR).await.unwrap();
    assert_eq!(letters(), 1);
    worker.drain().await;
}

/// What comes of a hostile seed of drills, for what many have to bring about together.
fn hostile(seed: u64) -> Verdict {
    let knobs = Knobs { profile: Profile::Hostile, only_drills: true, ..Knobs::default() };
    run_seed(seed, &knobs, &Options::default()).expect("the seed runs")
}

/// A worker that was frozen for longer than its lease went on, and restored under the name beside the
/// target, which a swap had made free meanwhile: a second cluster, that nobody would have deleted.
#[tokio::test(start_paused = true)]
async fn who_was_frozen_for_longer_than_its_lease_restores_nothing_after_the_names_were_swapped() {
    for point in (1..).step_by(3) {
        let sim = Sim::prepared(5).await.unwrap();
        sim.make_cluster("orders-drill", None).await.unwrap();
        sim.pass(HOUR).await;
        let mut swap = sim.drill("orders-drill");
        swap.target.if_exists = IfExists::Swap;
        let job = sim.submit(&swap).await.unwrap();
        let zombie = sim.worker("zombie");
        let mut ticking = Box::pin(tick::tick(&zombie, job, Seq(1), None));
        if matches!(drive_to(ticking.as_mut(), point).await, Driven::Ended(_)) {
            assert!(point > 30, "only {point} points: the test looks past the restore");
            break;
        }
        let heir = sim.start_undrained("heir");
        sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
        drop(ticking.await);
        sim.pass(MINUTE).await;
        assert_eq!(sim.clusters_of(job), ["orders-drill"], "frozen at point {point}");
        heir.kill().await;
    }
}

/// SQS moved pointers back into a queue of wake-ups, no worker could reach the table, and somebody
/// threw away what lay there: the pointers were missed, which nobody could have kept.
#[test]
fn pointers_that_people_throw_away_after_sqs_moved_them_back_are_not_missed() {
    let verdict = hostile(11634);
    for class in [FaultClass::NativeRedrive, FaultClass::LostMessage] {
        assert!(verdict.counts[&class] > 0, "no {}: the test is vacuous", class.name());
    }
    assert_eq!(verdict.violations, []);
}

/// A restore that never ended kept a snapshot that somebody had deleted in `deleting`; the next job
/// waited for it for a day, as it should, and the bound did not know of that day. Since workers drop
/// what they hold when their lease is over, this seed takes a shorter way.
#[test]
fn a_snapshot_that_is_deleted_while_a_restore_of_it_is_stuck_keeps_nobody_longer_than_the_bound() {
    let verdict = hostile(12593);
    for class in [FaultClass::Stuck, FaultClass::SourceDeleted] {
        assert!(verdict.counts[&class] > 0, "no {}: the test is vacuous", class.name());
    }
    assert_eq!(verdict.violations, []);
}

/// AWS stopped an operator's retry between setting the job going and taking its pointer back: after
/// the next failure there were two pointers, as the failure model says there may be.
#[test]
fn a_pointer_that_a_stopped_retry_has_left_behind_is_known_for_one() {
    assert_eq!(hostile(14976).violations, []);
}
