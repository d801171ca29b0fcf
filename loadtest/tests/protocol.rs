//! The protocol, in the whole fleet and in virtual time: what is lost, doubled, late or dead changes
//! nothing in the outcome.

use aurora_restore_loadtest::sim::suspend::{Driven, drive_to};
use aurora_restore_loadtest::sim::{Running, Sim};
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_local::rds::Surprise;
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::ids::{JobId, Seq};
use aurora_restore_shared::job::Status;
use aurora_restore_shared::message::WakeUp;
use aurora_restore_shared::plan::StepName;
use aurora_restore_shared::queue::Sending;
use aurora_restore_shared::request::Priority;
use aurora_restore_worker::tick::{self, TickEnd};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// The job has succeeded, with exactly one cluster and one instance, and nothing is left queued.
async fn expect_one_good_restore(sim: &Sim, job: JobId) {
    sim.until_succeeded(&[job], 12 * HOUR).await.expect("the job succeeds");
    assert_eq!(sim.clusters_of(job).len(), 1, "clusters of the job");
    assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 1, "restores that took effect");
    let world = sim.cloud.world();
    let of_target = world.rds.instances().filter(|(_, i)| i.cluster == "orders-drill").count();
    assert_eq!(of_target, 1, "instances");
}

async fn drain(workers: Vec<Running>) {
    for worker in workers {
        assert!(worker.drain().await, "everything is handed back in time");
    }
}

#[tokio::test(start_paused = true)]
async fn two_workers_restore_one_job_once() {
    let sim = Sim::prepared(1).await.unwrap();
    let workers = vec![sim.start("w1"), sim.start("w2")];
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    expect_one_good_restore(&sim, job).await;
    drain(workers).await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_of_all_queues_in_mid_run_loses_nothing() {
    let sim = Sim::prepared(2).await.unwrap();
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    purge(&sim).await;
    let workers = vec![sim.start("w1")];
    sim.pass(MINUTE).await;
    purge(&sim).await;
    expect_one_good_restore(&sim, job).await;
    drain(workers).await;
}

async fn purge(sim: &Sim) {
    let names = Priority::ALL.map(|(name, _)| format!("aurora-restore-{name}.fifo"));
    for name in names {
        sim.purge(&name).await.expect("the queue is there");
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_worker_is_taken_over_after_its_lease_wherever_it_stood() {
    // Every few milliseconds of the first tick, and then while it waits.
    for ms in (0..32).map(|n| n * 7).chain([2_000, 500_000, 520_000]) {
        let sim = Sim::prepared(3).await.unwrap();
        let victim = sim.start_undrained("victim");
        let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
        sim.pass(Duration::from_millis(ms)).await;
        victim.kill().await;
        let heir = sim.start_undrained("heir");
        expect_one_good_restore(&sim, job).await;
        heir.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_frozen_past_its_lease_cannot_write() {
    let mut stopped = 0;
    for point in 1.. {
        let sim = Sim::prepared(4).await.unwrap();
        let zombie = sim.worker("zombie");
        let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
        let mut ticking = Box::pin(tick::tick(&zombie, job, Seq(1), None));
        if matches!(drive_to(ticking.as_mut(), point).await, Driven::Ended(_)) {
            break;
        }
        // Frozen: nobody polls it, while its lease runs out and another worker goes on.
        let heir = sim.start_undrained("heir");
        sim.pass(3 * MINUTE).await;
        let before = sim.state(job).await.unwrap();
        let end = ticking.await;
        let after = sim.state(job).await.unwrap();
        assert!(after.epoch >= before.epoch, "epochs grow");
        if after.token == before.token {
            assert_eq!(after, before, "point {point}: the zombie wrote");
        }
        stopped += usize::from(matches!(end, Ok(TickEnd::Fenced | TickEnd::Lapsed)));
        expect_one_good_restore(&sim, job).await;
        heir.kill().await;
    }
    assert!(stopped > 3, "only {stopped} zombies were stopped");
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_of_any_call_changes_nothing_in_the_outcome() {
    let operations = [
        "PutItem",
        "UpdateItem",
        "SendMessage",
        "DeleteMessage",
        "ReceiveMessage",
        "RestoreDBClusterFromSnapshot",
        "CreateDBInstance",
        "ModifyDBCluster",
        "Query",
    ];
    for operation in operations {
        for skipped in 0..4 {
            let sim = Sim::prepared(5).await.unwrap();
            let worker = sim.start_undrained("w1");
            sim.pass(Duration::from_secs(skipped)).await;
            let mut rule = FaultRule::on(operation, FaultKind::LostResponse, 1 + skipped);
            rule.component = Some("w1".into());
            let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
            sim.cloud.world().faults.add(rule);
            expect_one_good_restore(&sim, job).await;
            let fired = sim.cloud.world().faults.rules()[0].fired;
            assert!(fired > 0, "no response of {operation} was lost: the test is vacuous");
            worker.kill().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_down_and_uses_no_attempt() {
    let sim = Sim::prepared(6).await.unwrap();
    let rule = FaultRule::on("RestoreDBClusterFromSnapshot", FaultKind::Throttle, 60);
    sim.cloud.world().faults.add(rule);
    let worker = sim.start("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    expect_one_good_restore(&sim, job).await;
    assert_eq!(sim.state(job).await.unwrap().steps[&StepName::RestoreCluster].attempts, 0);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn stale_and_doubled_wake_ups_are_deleted_and_change_nothing() {
    let sim = Sim::prepared(7).await.unwrap();
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    let queues = sim.env("noise").queues(&"us-east-1".parse().unwrap());
    for (seq, dispatches) in [(0, 0), (1, 5), (1, 6), (2, 9), (99, 1)] {
        let wake = WakeUp::new(job, Seq(seq));
        queues.send(Priority::Low, Sending { wake, dispatches }).await.unwrap();
    }
    let workers = vec![sim.start("w1"), sim.start("w2")];
    expect_one_good_restore(&sim, job).await;
    let depths = queues.depths().await.unwrap();
    assert!(depths.values().all(|depth| *depth == 0), "{depths:?}");
    drain(workers).await;
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_message_goes_to_the_dead_letters_with_the_reason() {
    let sim = Sim::prepared(8).await.unwrap();
    let body = r#"{"v":9,"hello":"world"}"#;
    sim.send_raw("aurora-restore-normal.fifo", body).await.unwrap();
    let worker = sim.start("w1");
    sim.pass(MINUTE).await;
    let queues = sim.env("looker").queues(&"us-east-1".parse().unwrap());
    let letters = queues.look_through_dead_letters(10, |_| true).await.unwrap();
    let letter = letters[0].letter.as_ref().unwrap();
    assert_eq!((letters.len(), letter.body.as_deref()), (1, Some(body)));
    assert!(letter.text.contains("not a wake-up"), "{}", letter.text);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn two_jobs_never_work_on_one_target_at_the_same_time() {
    let sim = Sim::prepared(9).await.unwrap();
    let workers = vec![sim.start("w1"), sim.start("w2")];
    let mut second = sim.drill("orders-drill");
    second.idempotency_key = Some("second".into());
    let first = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    let second = sim.submit(&second).await.unwrap();
    let states = sim.until_ended(&[first, second], 12 * HOUR).await.unwrap();
    // The one that came second finds the name taken: it is refused, and nothing of it is left.
    let failed: Vec<_> = states.iter().filter(|s| s.status == Status::Failed).collect();
    assert_eq!(failed.len(), 1);
    let failure = &failed[0].failed_at.as_ref().unwrap().failure;
    assert_eq!(failure.code, FailureCode::TargetNameTaken);
    assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 1);
    drain(workers).await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_carries_a_hand_made_tag_is_refused_and_left_alone() {
    let sim = Sim::prepared(10).await.unwrap();
    let request = sim.drill("orders-drill");
    let id = request.keyed_id().unwrap();
    sim.make_cluster("orders-drill", Some(id)).await.unwrap();
    sim.pass(HOUR).await;
    let worker = sim.start("w1");
    let job = sim.submit(&request).await.unwrap();
    let states = sim.until_ended(&[job], HOUR).await.unwrap();
    let failure = &states[0].failed_at.as_ref().unwrap().failure;
    assert_eq!(failure.code, FailureCode::TargetNameTaken);
    assert!(failure.text.contains("set by hand"), "{}", failure.text);
    assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 0);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_has_one_pointer_and_a_retry_goes_on_at_the_failed_step() {
    let sim = Sim::prepared(11).await.unwrap();
    let refusal = aurora_restore_local::error::AwsError::new("InvalidParameterValue", "no");
    let request = sim.drill("orders-drill");
    let id = request.keyed_id().unwrap();
    let instance = format!("orders-drill-{}-1", id.short());
    sim.cloud.world().rds.plan_surprise(&instance, Surprise::Refuse(refusal));
    let worker = sim.start("w1");
    let job = sim.submit(&request).await.unwrap();
    let states = sim.until_ended(&[job], 2 * HOUR).await.unwrap();
    let failed_at = states[0].failed_at.as_ref().unwrap();
    assert_eq!(failed_at.step, Some(StepName::CreateInstances));
    let queues = sim.env("looker").queues(&"us-east-1".parse().unwrap());
    let letters = queues.look_through_dead_letters(10, |_| false).await.unwrap();
    assert!(letters.is_empty(), "nothing was taken out");
    assert_eq!(queues.depths().await.unwrap()["aurora-restore-dead-letters.fifo"], 1);

    aurora_restore_producer::operate::retry(&sim.env("operator"), job).await.unwrap();
    expect_one_good_restore(&sim, job).await;
    assert_eq!(queues.depths().await.unwrap()["aurora-restore-dead-letters.fifo"], 0);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_the_failure_and_its_dead_letter_still_gives_one_pointer() {
    let sim = Sim::prepared(12).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.target.subnet_group = Some("nowhere".into());
    let broken = FaultRule::on("SendMessage", FaultKind::InternalError, 3);
    let first = sim.start("w1");
    let job = sim.submit(&request).await.unwrap();
    sim.cloud.world().faults.add(broken);
    sim.pass(Duration::from_secs(20)).await;
    let pending = sim.state(job).await.unwrap();
    assert!(pending.letter_pending && pending.due_at_ms.is_some(), "{pending:?}");
    first.kill().await;
    let second = sim.start("w2");
    let states = sim.until_ended(&[job], HOUR).await.unwrap();
    assert_eq!(states[0].failed_at.as_ref().unwrap().failure.code, FailureCode::SettingNotFound);
    let queues = sim.env("looker").queues(&"us-east-1".parse().unwrap());
    assert_eq!(queues.depths().await.unwrap()["aurora-restore-dead-letters.fifo"], 1);
    second.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_told_to_stop_hands_its_tick_back_at_once() {
    let sim = Sim::prepared(13).await.unwrap();
    let slow = FaultRule::on("DescribeAccountAttributes", FaultKind::Latency { ms: 20_000 }, 1);
    sim.cloud.world().faults.add(slow);
    let first = sim.start("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.pass(Duration::from_secs(2)).await;
    assert!(sim.state(job).await.unwrap().lease.is_some(), "it is in the middle of a tick");
    let before = sim.clock.now_ms();
    assert!(first.drain().await);
    assert!(sim.clock.now_ms() - before <= 10_000, "within ten seconds");
    let handed = sim.state(job).await.unwrap();
    assert_eq!((handed.lease, handed.claims), (None, 0));
    let second = sim.start("w2");
    sim.pass(Duration::from_secs(5)).await;
    assert!(sim.effects("RestoreDBClusterFromSnapshot") == 1, "the other goes on at once");
    expect_one_good_restore(&sim, job).await;
    second.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ends_every_worker_is_poisoned() {
    let sim = Sim::prepared(14).await.unwrap();
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    for n in 0..5 {
        let victim = sim.worker(&format!("victim-{n}"));
        let mut ticking = Box::pin(tick::tick(&victim, job, Seq(1), None));
        assert!(matches!(drive_to(ticking.as_mut(), 6).await, Driven::Suspended));
        drop(ticking);
        sim.pass(2 * MINUTE).await;
    }
    let worker = sim.start("last");
    let states = sim.until_ended(&[job], HOUR).await.unwrap();
    assert_eq!(states[0].failed_at.as_ref().unwrap().failure.code, FailureCode::Poisoned);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_leader_is_followed_by_another_and_indexes_may_lag() {
    let sim = Sim::prepared(15).await.unwrap();
    sim.cloud.world().settings.index_lag_ms = 30_000;
    let (first, second) = (sim.start("w1"), sim.start("w2"));
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.pass(2 * MINUTE).await;
    first.kill().await;
    expect_one_good_restore(&sim, job).await;
    second.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_past_its_deadline_fails_the_job_with_its_name() {
    let sim = Sim::prepared(16).await.unwrap();
    sim.cloud.world().rds.plan_surprise("orders-drill", Surprise::Stuck);
    let worker = sim.start_undrained("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    let states = sim.until_ended(&[job], 24 * HOUR).await.unwrap();
    let failed_at = states[0].failed_at.as_ref().unwrap();
    assert_eq!(failed_at.failure.code, FailureCode::DeadlinePassed);
    assert_eq!(failed_at.step, Some(StepName::RestoreCluster));
    worker.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_with_another_answer_fails_the_job_and_keeps_the_cluster() {
    let sim = Sim::prepared(17).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.verify.checks[0].expect = aurora_restore_shared::request::Expect::AtLeast(1e9);
    let worker = sim.start("w1");
    let job = sim.submit(&request).await.unwrap();
    let states = sim.until_ended(&[job], 2 * HOUR).await.unwrap();
    let failure = &states[0].failed_at.as_ref().unwrap().failure;
    assert_eq!(failure.code, FailureCode::CheckFailed);
    assert!(failure.text.contains("orders are there"), "{}", failure.text);
    assert_eq!(sim.clusters_of(job), ["orders-drill"], "left for a person to look at");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn twenty_jobs_and_three_workers_that_keep_dying_lose_nothing() {
    let sim = Sim::prepared(18).await.unwrap();
    let mut jobs = Vec::new();
    for n in 0..20 {
        jobs.push(sim.submit(&sim.drill(&format!("copy-{n}"))).await.unwrap());
    }
    let mut workers: Vec<Running> = (0..3).map(|n| sim.start(&format!("w{n}"))).collect();
    for round in 0..12 {
        sim.pass(Duration::from_secs(97)).await;
        workers.remove(0).kill().await;
        workers.push(sim.start(&format!("w{}", round + 3)));
    }
    sim.until_succeeded(&jobs, 12 * HOUR).await.unwrap();
    for job in &jobs {
        assert_eq!(sim.clusters_of(*job).len(), 1);
    }
    assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 20);
    drain(workers).await;
}

#[tokio::test(start_paused = true)]
async fn no_state_is_written_without_a_condition() {
    let sim = Sim::prepared(19).await.unwrap();
    let workers = vec![sim.start("w1"), sim.start("w2")];
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    expect_one_good_restore(&sim, job).await;
    drain(workers).await;
    let world = sim.cloud.world();
    let transactions = world.meter.recent().filter(|c| c.operation.starts_with("Transact")).count();
    assert_eq!(transactions, 0);
    let spec_writes = world
        .meter
        .recent()
        .filter(|c| c.resource.ends_with(&format!("job#{job}/spec")) && c.write_units > 0.0);
    assert_eq!(spec_writes.count(), 1, "the spec is written once");
}

#[tokio::test(start_paused = true)]
async fn a_request_for_another_account_is_never_done_in_the_workers_own() {
    let sim = Sim::prepared(20).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.target.account = "222222222222".parse().unwrap();
    if let aurora_restore_shared::request::Source::Snapshot(source) = &mut request.source {
        source.account = request.target.account.clone();
    }
    let refused = sim.submit(&request).await.unwrap_err();
    assert!(refused.to_string().contains("target.account"), "{refused}");

    // A submitter that may not ask who it is stores the job; the workers refuse it.
    let rule = FaultRule::on(
        "GetCallerIdentity",
        FaultKind::Refuse { code: "AccessDenied".into(), status: 403 },
        9,
    );
    sim.cloud.world().faults.add(rule);
    let job = sim.submit(&request).await.unwrap();
    let worker = sim.start("w1");
    sim.pass(HOUR / 6).await;
    let codes = sim.codes(job).await.unwrap();
    assert!(codes.iter().any(|code| code == "role_denied"), "{codes:?}");
    let of_worker = |c: &&aurora_restore_local::meter::CallRecord| c.component == "w1";
    let on_rds = {
        let world = sim.cloud.world();
        let calls = world.meter.recent().filter(of_worker);
        calls.filter(|c| c.operation.contains("DB")).count()
    };
    assert_eq!(on_rds, 0, "nothing was even looked at");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn hours_in_front_of_a_full_quota_do_not_count_against_the_deadline() {
    let sim = Sim::prepared(21).await.unwrap();
    let full = FaultKind::Refuse { code: "InstanceQuotaExceeded".into(), status: 400 };
    sim.cloud.world().faults.add(FaultRule::on("CreateDBInstance", full, 80));
    let worker = sim.start_undrained("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.until_succeeded(&[job], 24 * HOUR).await.unwrap();
    let fired = sim.cloud.world().faults.rules()[0].fired;
    assert_eq!(fired, 80, "the quota was full for hours");
    assert!(sim.clock.now_ms() - sim.state(job).await.unwrap().created_at_ms > 3 * 3_600_000);
    worker.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_lacks_a_right_is_parked_and_goes_on_once_it_is_granted() {
    let sim = Sim::prepared(24).await.unwrap();
    let rule = FaultRule::on("CreateDBInstance", FaultKind::AccessDenied, u64::MAX);
    sim.cloud.world().faults.add(rule);
    let worker = sim.start_undrained("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    sim.pass(12 * HOUR).await;
    let parked = sim.state(job).await.unwrap();
    assert!(parked.is_parked(), "{parked:?}");
    let reason = parked.parked.unwrap();
    assert_eq!(reason.failure.code, FailureCode::AccessDenied);
    assert!(reason.failure.text.contains("rds:CreateDBInstance"), "{reason:?}");
    let looks = sim.cloud.world().faults.rules()[0].fired;
    assert!(looks < 120, "{looks} looks within half a day: once in a quarter of an hour is enough");

    sim.cloud.world().faults.clear();
    sim.until_succeeded(&[job], 2 * HOUR).await.unwrap();
    let done = sim.state(job).await.unwrap();
    assert_eq!((done.parked, done.steps[&StepName::CreateInstances].attempts), (None, 0));
    worker.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_worker_takes_the_critical_ones_first() {
    let sim = Sim::prepared(22).await.unwrap();
    let mut jobs = Vec::new();
    for n in 0..24 {
        let mut request = sim.drill(&format!("copy-{n}"));
        request.priority = if n % 2 == 0 { Priority::Low } else { Priority::Critical };
        jobs.push((request.priority, sim.submit(&request).await.unwrap()));
    }
    let slow = FaultRule::on("DescribeAccountAttributes", FaultKind::Latency { ms: 30_000 }, 999);
    sim.cloud.world().faults.add(slow);
    let settings = aurora_restore_worker::settings::Settings { capacity: 4, ..sim.settings("w1") };
    let worker = sim.start_with(settings);
    let mut low_before_critical = 0;
    loop {
        sim.pass(Duration::from_secs(5)).await;
        let mut started = [0, 0];
        for (priority, job) in &jobs {
            let has_started = sim.state(*job).await.unwrap().epoch.0 > 0;
            started[usize::from(*priority == Priority::Critical)] += usize::from(has_started);
        }
        if started[1] == 12 {
            break;
        }
        low_before_critical = started[0];
    }
    assert!(low_before_critical <= 2, "{low_before_critical} low ones went first");
    worker.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_right_after_a_dispatch_is_taken_over_after_one_lease() {
    let sim = Sim::prepared(23).await.unwrap();
    let victim = sim.start("victim");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    purge(&sim).await;
    while sim.state(job).await.unwrap().dispatches == 0 {
        sim.pass(Duration::from_millis(5)).await;
    }
    victim.kill().await;
    let at = sim.clock.now_ms();
    let heir = sim.start_undrained("heir");
    let epoch = sim.state(job).await.unwrap().epoch;
    while sim.state(job).await.unwrap().epoch == epoch {
        sim.pass(Duration::from_secs(1)).await;
        assert!(sim.clock.now_ms() - at <= 100_000, "a wake-up was swallowed");
    }
    expect_one_good_restore(&sim, job).await;
    heir.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_woken_job_is_woken_once_while_nobody_takes_it() {
    let sim = Sim::prepared(24).await.unwrap();
    let first = sim.start("w1");
    let job = sim.submit(&sim.drill("orders-drill")).await.unwrap();
    while sim.state(job).await.unwrap().watch.is_none() {
        sim.pass(Duration::from_secs(1)).await;
    }
    first.drain().await;
    // An observer alone, and no poller: the job is woken and stays where it is.
    let watcher = sim.worker("watcher");
    let region = "us-east-1".parse().unwrap();
    let observing = aurora_restore_worker::observer::run(&watcher, &watcher.account, &region);
    assert!(tokio::time::timeout(HOUR, observing).await.is_err());
    let woken = sim.state(job).await.unwrap();
    assert_eq!((woken.dispatches, woken.watch), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_pointer_that_sqs_itself_puts_back_is_a_replay() {
    let sim = Sim::prepared(25).await.unwrap();
    let mut request = sim.drill("orders-drill");
    request.access.master =
        Some(aurora_restore_shared::request::Master::Secret("not/yet/there".into()));
    let worker = sim.start("w1");
    let job = sim.submit(&request).await.unwrap();
    let states = sim.until_ended(&[job], 2 * HOUR).await.unwrap();
    let failure = &states[0].failed_at.as_ref().unwrap().failure;
    assert_eq!(failure.code, FailureCode::SecretUnusable);
    sim.make_secret("not/yet/there").await.unwrap();
    sim.redrive("aurora-restore-low.fifo").await.unwrap();
    sim.pass(MINUTE).await;
    expect_one_good_restore(&sim, job).await;
    let queues = sim.env("looker").queues(&"us-east-1".parse().unwrap());
    assert_eq!(queues.depths().await.unwrap()["aurora-restore-dead-letters.fifo"], 0);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_still_being_made_is_waited_for() {
    let sim = Sim::prepared(26).await.unwrap();
    let rds = sim.env("operator").home_place(&"us-east-1".parse().unwrap()).await.unwrap().rds();
    rds.create_db_cluster_snapshot()
        .db_cluster_identifier("orders-prod")
        .db_cluster_snapshot_identifier("fresh")
        .send()
        .await
        .unwrap();
    let mut request = sim.drill("orders-drill");
    if let aurora_restore_shared::request::Source::Snapshot(source) = &mut request.source {
        (source.id, source.cluster, source.latest) = (Some("fresh".into()), None, false);
    }
    let worker = sim.start("w1");
    let job = sim.submit(&request).await.unwrap();
    sim.pass(Duration::from_secs(5)).await;
    let watch = sim.state(job).await.unwrap().watch.unwrap();
    assert_eq!(watch.reference().to_string(), "snapshot#fresh");
    expect_one_good_restore(&sim, job).await;
    worker.drain().await;
}
