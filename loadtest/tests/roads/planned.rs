//! `plan` says what a restore calls: no more, no less; and it changes nothing itself.

use super::{HOUR, latest, merge, restore};
use aurora_restore_loadtest::sim::two_accounts::{HUB, SPOKE, refresh, there};
use aurora_restore_loadtest::sim::{Sim, last_call};
use aurora_restore_local::call::Service;
use aurora_restore_producer::plan_view::preview;
use aurora_restore_shared::plan::{StepCalls, calls, calls_later};
use aurora_restore_shared::request::Request;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What was called of AWS beside table, queues and sessions, since a call: `service:Operation`, with
/// the place and how often.
type Called = BTreeMap<(String, String, String), usize>;

fn called(sim: &Sim, since: u64) -> Called {
    let mut called = Called::new();
    for call in sim.cloud.world().meter.recent().filter(|call| call.n > since) {
        if matches!(call.service, Service::Sqs | Service::Dynamodb | Service::Sts) {
            continue;
        }
        let action = format!("{}:{}", call.service, call.operation);
        *called.entry((action, call.account.clone(), call.region.clone())).or_default() += 1;
    }
    called
}

fn is_read(action: &str) -> bool {
    action.contains(":Describe") || action.contains(":Get")
}

/// The calls that change something, as planned.
fn changes(steps: &[StepCalls], instances_of_old: usize) -> Called {
    let mut planned = Called::new();
    for change in steps.iter().flat_map(|step| &step.changes) {
        let place = (change.account.to_string(), change.region.to_string());
        let key = (change.action.to_owned(), place.0, place.1);
        *planned.entry(key).or_default() += change.times.unwrap_or(instances_of_old);
    }
    planned
}

fn reads(actions: impl Iterator<Item = String>) -> BTreeSet<String> {
    actions.filter(|action| is_read(action)).collect()
}

/// Plans a request, which changes nothing; runs it; and holds the two against each other.
async fn holds(sim: &Sim, request: &Request) {
    let before = last_call(&sim.cloud);
    let planned = preview(&sim.env("planner"), request).await.unwrap().plan;
    let by_plan = called(sim, before);
    assert!(by_plan.keys().all(|(action, ..)| is_read(action)), "{by_plan:?}");
    assert!(!by_plan.is_empty());

    let before = last_call(&sim.cloud);
    let worker = sim.start("w1");
    let job = sim.submit(request).await.unwrap();
    sim.until_succeeded(&[job], 10 * HOUR).await.unwrap();
    sim.pass(6 * HOUR).await;
    worker.drain().await;
    let found = called(sim, before);
    let mut steps = calls(request, &planned);
    steps.extend(calls_later(request, &planned));
    let changed = found.clone().into_iter().filter(|((action, ..), _)| !is_read(action));
    assert_eq!(changed.collect::<Called>(), changes(&steps, 1), "{:?}", planned.steps);
    let said = steps.iter().flat_map(|step| &step.reads).map(ToString::to_string);
    assert_eq!(reads(found.into_keys().map(|(action, ..)| action)), reads(said));
}

#[tokio::test(start_paused = true)]
async fn of_a_drill_that_expires() {
    let sim = Sim::prepared(1).await.unwrap();
    let more = json!({
        "access": {"master": {"secret": "drill/orders/master"}},
        "verify": {"checks": [{"name": "a", "sql": "SELECT count(*) FROM orders", "expect": {"at_least": 1}}]},
        "keep": {"restored": "1h"},
        "target": {"instances": [{"class": "db.r6g.large", "count": 2}]},
    });
    holds(&sim, &restore(latest(), "orders-drill", more)).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_point_in_time_and_of_a_clone() {
    for kind in ["point_in_time", "clone"] {
        let sim = Sim::prepared(2).await.unwrap();
        let mut source =
            json!({kind: {"account": HUB, "region": "us-east-1", "cluster": "orders-prod"}});
        if kind == "point_in_time" {
            merge(&mut source, json!({kind: {"to": "latest"}}));
        }
        holds(&sim, &restore(source, "orders-copy", json!({}))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_snapshot_shared_with_another_account() {
    let sim = Sim::two_accounts(3).await.unwrap();
    sim.make_source_in(SPOKE, "us-east-1").await.unwrap();
    let target = json!({"target": there("orders-staging", "us-east-1")});
    holds(&sim, &restore(latest(), "orders-staging", target)).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_refresh_of_staging_in_another_account_and_region() {
    let mut sim = Sim::two_accounts(4).await.unwrap();
    let home = sim.env("setup").home_place(&"us-east-1".parse().unwrap()).await.unwrap();
    let secret = "x".repeat(32);
    home.secrets().create_secret().name("webhooks").secret_string(secret).send().await.unwrap();
    sim.settle(|common| {
        common.webhooks.hosts = vec!["hooks.example.com".into()];
        common.webhooks.secret = Some("webhooks".into());
    });
    let mut more = refresh();
    merge(&mut more, json!({"notify": [{"webhook": "https://hooks.example.com/restored"}]}));
    holds(&sim, &restore(latest(), "orders-prod", more)).await;
}
