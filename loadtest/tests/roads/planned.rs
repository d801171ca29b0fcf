//! `plan` says what a restore calls: no more, no less; and it changes nothing itself.

use super::{HOUR, latest, merge, restore};
use aurora_restore_loadtest::sim::two_accounts::{HUB, SPOKE, THERE, refresh, there};
use aurora_restore_loadtest::sim::{Sim, cost_of, last_call};
use aurora_restore_local::call::Service;
use aurora_restore_local::seed::SeedFile;
use aurora_restore_producer::cost::Units;
use aurora_restore_producer::plan_view::preview;
use aurora_restore_shared::plan::{StepCalls, calls, calls_later};
use aurora_restore_shared::request::Request;
use aurora_restore_shared::settings::Account;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What was called of AWS since a call: `service:Operation`, with the place and how often.
type Called = BTreeMap<(String, String, String), usize>;

/// What the steps of a job call: not the table, the queues and the sessions, which is how it is run.
fn called_by_steps(sim: &Sim, since: u64) -> Called {
    let own = [Service::Sqs, Service::Dynamodb, Service::Sts].map(|service| format!("{service}:"));
    let is_own = |action: &str| own.iter().any(|own| action.starts_with(own));
    called(sim, since).into_iter().filter(|((action, ..), _)| !is_own(action)).collect()
}

fn called(sim: &Sim, since: u64) -> Called {
    let mut called = Called::new();
    for call in sim.cloud.world().meter.recent().filter(|call| call.n > since) {
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

/// What is planned is enough, and not more than half as much again and a few.
fn is_told(found: f64, planned: u32) {
    let planned = f64::from(planned);
    assert!(found <= planned && planned <= found * 1.5 + 8.0, "{found} of {planned}");
}

/// Plans a request, which changes nothing; runs it; and holds the two against each other.
async fn holds(sim: &Sim, request: &Request) {
    let before = last_call(&sim.cloud);
    let planned = preview(&sim.env("planner"), request).await.unwrap().plan;
    let by_plan = called(sim, before);
    let changes_nothing = |action: &str| is_read(action) || action == "sts:AssumeRole";
    assert!(by_plan.keys().all(|(action, ..)| changes_nothing(action)), "{by_plan:?}");
    assert!(!by_plan.is_empty());

    let worker = sim.start_undrained("w1");
    // Whoever starts asks for the names of all queues.
    sim.pass(HOUR / 60).await;
    let before = last_call(&sim.cloud);
    let job = sim.submit(request).await.unwrap();
    // Looked at from outside only when it must be over: a look costs a read unit.
    sim.pass(HOUR * 3 / 4).await;
    let cost = cost_of(&sim.cloud, before);
    sim.until_succeeded(&[job], HOUR).await.unwrap();
    let units = Units::of(request, &planned);
    is_told(u32::try_from(cost.sqs_requests).unwrap().into(), units.queue_requests);
    is_told(cost.write_units, units.write_units);
    is_told(cost.read_units, units.read_units);
    sim.pass(6 * HOUR).await;
    worker.kill().await;
    let found = called_by_steps(sim, before);
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

/// A snapshot that cannot be shared as it is: what the seed makes of it, and the key that goes with it.
async fn holds_abroad(n: u64, snapshot: Value) {
    let mut sim = Sim::two_accounts(n).await.unwrap();
    let mut snapshot = snapshot;
    merge(&mut snapshot, json!({"account": HUB, "region": "us-east-1", "of": "billing-prod"}));
    let key = |account: &str, region: &str, id: &str| {
        json!({"account": account, "region": region, "id": id, "alias": "alias/copies",
            "users": [HUB, SPOKE]})
    };
    let (here, there_key) =
        ("5f4c2f6e-94a7-4f0e-8a52-0a3a5f7f9b21", "0b8e6a0e-6d5c-4a34-9d6c-2f0c8a5a1c11");
    let seed = json!({
        "version": 1,
        "keys": [key(HUB, "us-east-1", here), key(SPOKE, THERE, there_key)],
        "clusters": [{"account": HUB, "region": "us-east-1", "name": "billing-prod",
            "engine": "aurora-postgresql", "version": "15", "encryption": "aws-managed",
            "instances": [{"class": "db.r6g.large"}]}],
        "snapshots": [snapshot],
    });
    let now_ms = sim.clock.now_ms();
    sim.cloud.world().seed(&SeedFile::read(&seed).unwrap(), now_ms).unwrap();
    let arn =
        |account: &str, region: &str, id: &str| format!("arn:aws:kms:{region}:{account}:key/{id}");
    sim.settle(|common| {
        let hub = Account {
            copy_keys: [("us-east-1".parse().unwrap(), arn(HUB, "us-east-1", here))].into(),
            ..Account::default()
        };
        common.accounts.insert(HUB.parse().unwrap(), hub);
    });
    let source = json!({"snapshot": {"account": HUB, "region": "us-east-1", "cluster": "billing-prod", "latest": true}});
    let mut target = there("billing-staging", THERE);
    target["kms_key"] = json!(arn(SPOKE, THERE, there_key));
    holds(&sim, &restore(source, "billing-staging", json!({"target": target}))).await;
}

#[tokio::test(start_paused = true)]
async fn of_an_automated_snapshot_under_the_key_of_aws() {
    holds_abroad(5, json!({"kind": "automated", "created": "2h ago"})).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_snapshot_by_aws_backup() {
    let kind = json!({"kind": "awsbackup", "name": "awsbackup:job-1", "created": "2h ago"});
    holds_abroad(6, kind).await;
}
