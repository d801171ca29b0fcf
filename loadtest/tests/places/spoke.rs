//! A cluster of another account is restored through the role there, or not at all.

use super::{HOUR, HUB, Notes, ROLE, drill, make_role};
use aurora_restore_loadtest::sim::Sim;
use aurora_restore_loadtest::sim::two_accounts::SPOKE;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aurora_restore_shared::settings::Account;
use std::time::Duration;

const REGION: &str = "us-east-1";

fn account(external_id: &str) -> Account {
    let (role, external_id) = (Some(ROLE.to_owned()), Some(external_id.to_owned()));
    Account { role, external_id, ..Account::default() }
}

/// A hub whose settings say this of a spoke that has a source and, for the right external id, a role.
async fn hub(seed: u64, spoke: Option<Account>) -> Sim {
    let mut sim = Sim::prepared(seed).await.unwrap();
    sim.make_source_in(SPOKE, REGION).await.unwrap();
    make_role(&sim, "restore-staging");
    sim.settle(|common| common.accounts.extend(spoke.map(|a| (SPOKE.parse().unwrap(), a))));
    sim
}

#[tokio::test(start_paused = true)]
async fn a_spokes_cluster_is_restored_and_observed_in_sessions_that_say_who_acts() {
    let sim = hub(1, Some(account("restore-staging"))).await;
    let notes = Notes::on(&sim);
    let worker = sim.start("w1");
    let jobs = ["orders-a", "orders-b"].map(|target| drill(&sim, target, SPOKE, REGION));
    let jobs = [sim.submit(&jobs[0]).await.unwrap(), sim.submit(&jobs[1]).await.unwrap()];
    sim.until_succeeded(&jobs, HOUR).await.unwrap();
    worker.drain().await;
    let calls = notes.calls();
    let (asked, worked): (Vec<_>, Vec<_>) =
        calls.iter().partition(|call| call.operation == "AssumeRole");
    assert!(worked.len() > 20, "{} calls", worked.len());
    for call in &worked {
        let session = call.session.as_ref().unwrap_or_else(|| panic!("{call:?}"));
        assert_eq!((call.account.as_str(), session.name.as_str()), (SPOKE, "aurora-restore-w1"));
        assert_eq!(session.source_identity.as_deref(), Some("aurora-restore"));
        assert_eq!(session.tags["aurora-restore:process"], "w1");
        assert_eq!(session.tags["aurora-restore:hub"], HUB);
    }
    assert!(asked.iter().all(|call| call.account == HUB && call.session.is_none()));
    assert_eq!(asked.len(), 1, "one session serves all ticks and the observer");
}

#[tokio::test(start_paused = true)]
async fn a_restore_of_hours_renews_its_session_before_its_end() {
    let sim = hub(2, Some(account("restore-staging"))).await;
    let slow = aurora_restore_local::rds::Surprise::Slow { times: 15 };
    sim.cloud.world().rds.plan_surprise("orders-slow", slow);
    let notes = Notes::on(&sim);
    let worker = sim.start("w1");
    let job = sim.submit(&drill(&sim, "orders-slow", SPOKE, REGION)).await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    let took = sim.clock.now_ms() - sim.state(job).await.unwrap().created_at_ms;
    assert!(took > 5_400_000, "it took {took} ms only");
    assert!(notes.count("AssumeRole") >= 2);
    assert_eq!(sim.codes(job).await.unwrap(), [""; 0], "no call met a session that was over");
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_revoked_in_mid_use_is_replaced() {
    let sim = hub(3, Some(account("restore-staging"))).await;
    let notes = Notes::on(&sim);
    let worker = sim.start("w1");
    let job = sim.submit(&drill(&sim, "orders-a", SPOKE, REGION)).await.unwrap();
    sim.pass(Duration::from_secs(120)).await;
    assert_eq!(notes.count("AssumeRole"), 1);
    let rule = FaultRule::on("CreateDBInstance", FaultKind::ExpiredCredentials, 1);
    sim.cloud.world().faults.add(rule);
    sim.until_succeeded(&[job], HOUR).await.unwrap();
    let met = sim.codes(job).await.unwrap();
    assert_eq!(met.iter().filter(|code| *code == "credentials_rejected").count(), 1, "{met:?}");
    assert_eq!(notes.count("AssumeRole"), 2);
    worker.drain().await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_work_in_an_account_says_so_and_calls_nothing_there() {
    let elsewhere =
        Account { regions: vec!["eu-west-1".parse().unwrap()], ..account("restore-staging") };
    let no_role = Account { role: None, ..account("restore-staging") };
    for (spoke, asked) in
        [(account("restore-production"), true), (no_role, false), (elsewhere, false)]
    {
        // It is accepted by somebody whose settings are right.
        let mut sim = hub(4, Some(account("restore-staging"))).await;
        let job = sim.submit(&drill(&sim, "orders-a", SPOKE, REGION)).await.unwrap();
        sim.settle(|common| drop(common.accounts.insert(SPOKE.parse().unwrap(), spoke)));
        let notes = Notes::on(&sim);
        let worker = sim.start("w1");
        sim.pass(HOUR / 6).await;
        let codes = sim.codes(job).await.unwrap();
        assert!(!codes.is_empty() && codes.iter().all(|code| code == "role_denied"), "{codes:?}");
        let calls = notes.calls();
        assert!(calls.iter().all(|call| call.operation == "AssumeRole"), "{calls:?}");
        assert_eq!(!calls.is_empty(), asked);
        assert_eq!(sim.effects("RestoreDBClusterFromSnapshot"), 0);
        worker.drain().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_for_an_account_without_settings_is_not_accepted() {
    let sim = hub(5, None).await;
    let refused = sim.submit(&drill(&sim, "orders-a", SPOKE, REGION)).await.unwrap_err();
    assert!(refused.to_string().contains("add [accounts.222222222222]"), "{refused}");
}
