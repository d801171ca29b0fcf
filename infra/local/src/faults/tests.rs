//! Rules by themselves.

use super::*;
use crate::call::Call;
use crate::wire::WireRequest;
use serde_json::{Value, json};

fn call(service: Service, operation: &str) -> Call {
    Call::of(service, operation, "111111111111")
}

/// The fates of a hundred calls: which of them are refused.
fn refused(faults: &mut Faults, operation: &str) -> Vec<bool> {
    let (call, request) = (call(Service::Rds, operation), WireRequest::default());
    let asked = Asked { call: &call, component: "tests", request: &request };
    (0..100).map(|_| faults.decide(&asked).refuse.is_some()).collect()
}

fn half(operation: &str) -> FaultRule {
    let rule = FaultRule::on(operation, FaultKind::Throttle, u64::MAX);
    FaultRule { rate: 0.5, ..rule }
}

#[test]
fn the_same_seed_gives_the_same_fates_and_another_seed_others() {
    let fates = |world: u64| {
        let mut faults = Faults::seeded(world);
        faults.add(half("CreateDBCluster"));
        refused(&mut faults, "CreateDBCluster")
    };
    assert_eq!(fates(1), fates(1));
    assert_ne!(fates(1), fates(2));
    let own = |world: u64| {
        let mut faults = Faults::seeded(world);
        faults.add(FaultRule { seed: Some(7), ..half("CreateDBCluster") });
        refused(&mut faults, "CreateDBCluster")
    };
    assert_eq!(own(1), own(2));
}

#[test]
fn a_further_rule_does_not_shift_the_fates_of_others() {
    let mut alone = Faults::seeded(1);
    alone.add(half("CreateDBCluster"));
    let mut beside = Faults::seeded(1);
    beside.add(half("CreateDBCluster"));
    beside.add(FaultRule { rate: 0.3, ..FaultRule::always(FaultKind::Latency { ms: 5 }) });
    beside.add(half("DeleteDBCluster"));
    let expected = refused(&mut alone, "CreateDBCluster");
    assert!(expected.contains(&true) && expected.contains(&false));
    assert_eq!(refused(&mut beside, "CreateDBCluster"), expected);
}

#[test]
fn a_rule_fires_as_often_as_its_limit_allows_and_keeps_its_number() {
    let mut faults = Faults::seeded(1);
    faults.add(FaultRule::on("CreateDBCluster", FaultKind::Throttle, 3));
    assert_eq!(faults.add(half("DeleteDBCluster")), 2);
    let refused = refused(&mut faults, "CreateDBCluster");
    assert_eq!(refused.iter().filter(|r| **r).count(), 3);
    assert_eq!(faults.rules()[0].fired, 3);
    assert!(faults.remove(1));
    assert!(!faults.remove(1));
    assert_eq!(faults.rules()[0].number, 2);
    faults.clear();
    assert_eq!(faults.add(half("DeleteDBCluster")), 1);
}

#[test]
fn a_rule_meets_only_calls_of_its_account_region_component_and_resource() {
    let mut rule = FaultRule::always(FaultKind::Throttle);
    rule.account = Some("111111111111".into());
    rule.region = Some("us-east-1".into());
    rule.component = Some("worker".into());
    rule.resource = Some("orders".into());
    let mut faults = Faults::seeded(1);
    faults.add(rule);
    let orders = WireRequest {
        body: "Action=CreateDBInstance&DBClusterIdentifier=ORDERS".into(),
        ..WireRequest::default()
    };
    let other = WireRequest { body: "DBClusterIdentifier=other".into(), ..WireRequest::default() };
    let here = call(Service::Rds, "CreateDBInstance");
    let elsewhere = Call { region: "eu-west-1".into(), ..here.clone() };
    let stranger = Call { account: "222222222222".into(), ..here.clone() };
    for (call, component, request, met) in [
        (&here, "worker", &orders, true),
        (&here, "producer", &orders, false),
        (&here, "worker", &other, false),
        (&elsewhere, "worker", &orders, false),
        (&stranger, "worker", &orders, false),
    ] {
        let fate = faults.decide(&Asked { call, component, request });
        assert_eq!(fate.refuse.is_some(), met, "{call:?} {component} {request:?}");
    }
}

#[test]
fn events_are_lost_or_doubled_by_rate_and_counted() {
    let mut faults = Faults::seeded(1);
    assert_eq!(faults.event_copies("111111111111", "us-east-1"), 1);
    faults.add(FaultRule { rate: 0.5, ..FaultRule::always(FaultKind::LoseEvents) });
    faults.add(FaultRule { rate: 0.25, ..FaultRule::always(FaultKind::DoubleEvents) });
    let rates = faults.events_rates("111111111111", "us-east-1");
    assert_eq!(rates, EventRates { lose: 0.5, double: 0.25 });
    let copies = (0..400).map(|_| faults.event_copies("111111111111", "us-east-1"));
    let copies: Vec<_> = copies.collect();
    let count = |n: usize| copies.iter().filter(|c| **c == n).count() as u64;
    assert_eq!((faults.rules()[0].fired, faults.rules()[1].fired), (count(0), count(2)));
    assert!((150..250).contains(&count(0)) && (20..90).contains(&count(2)), "{copies:?}");
}

/// What one describe hides of things of these ages (milliseconds), and how often each rule has
/// fired by then.
fn describe(faults: &mut Faults, ages_ms: &[i64]) -> (Vec<bool>, Vec<u64>) {
    let (call, request) = (call(Service::Rds, "DescribeDBClusters"), WireRequest::default());
    let asked = Asked { call: &call, component: "tests", request: &request };
    let mut inside = Inside::new(faults, asked);
    let hidden = ages_ms.iter().map(|age_ms| inside.hides(10_000 - age_ms, 10_000)).collect();
    (hidden, faults.rules().iter().map(|rule| rule.fired).collect())
}

#[test]
fn a_describe_hides_what_is_new_and_counts_once_for_a_call() {
    let mut faults = Faults::seeded(1);
    faults.add(FaultRule::on("DescribeDBClusters", FaultKind::DescribeLag { ms: 1_000 }, 2));
    faults.add(FaultRule::always(FaultKind::DescribeLag { ms: 100 }));
    assert_eq!(describe(&mut faults, &[1_000, 2_000]), (vec![false, false], vec![0, 0]));
    assert_eq!(describe(&mut faults, &[999, 500]), (vec![true, true], vec![1, 0]));
    assert_eq!(describe(&mut faults, &[99, 2_000]), (vec![true, false], vec![2, 1]));
    assert_eq!(describe(&mut faults, &[999, 99]), (vec![false, true], vec![2, 2]));
}

#[test]
fn a_describe_lags_with_all_it_shows_or_with_nothing() {
    let mut faults = Faults::seeded(1);
    let rule = FaultRule::always(FaultKind::DescribeLag { ms: 1_000 });
    faults.add(FaultRule { rate: 0.5, ..rule });
    let calls: Vec<_> = (0..100).map(|_| describe(&mut faults, &[0; 5]).0).collect();
    assert!(calls.iter().all(|hidden| *hidden == [hidden[0]; 5]), "{calls:?}");
    let hidden = calls.iter().filter(|hidden| hidden[0]).count();
    assert!((30..70).contains(&hidden), "{hidden}");
    assert_eq!(faults.rules()[0].fired, hidden as u64);
}

#[test]
fn every_kind_is_read_and_written_under_its_name() {
    for (name, members) in KINDS {
        let mut fault = json!({ "kind": name });
        for member in members {
            fault[*member] = match (name, *member) {
                ("rds_refusal", _) => json!("InvalidRestoreFault"),
                (_, "code") => json!("Code"),
                _ => json!(500),
            };
        }
        let rule = FaultRule::read(&json!({ "fault": fault, "rate": 1 })).unwrap();
        assert_eq!(serde_json::to_value(&rule).unwrap()["fault"], fault);
    }
}

fn problems(rule: &Value) -> Vec<String> {
    FaultRule::read(rule).unwrap_err()
}

#[test]
fn everything_that_is_wrong_with_a_rule_is_named_at_once() {
    let rule = json!({ "fault": { "kind": "latency", "times": 3 }, "rate": 1.5, "service": "s3",
        "limit": 0, "account": "12", "region": "", "seed": -1, "colour": "red",
        "operation": "MakeTea" });
    let problems = problems(&rule).join("\n");
    for named in [
        "a fault rule has no colour",
        "the kind latency has no times",
        "the kind latency needs ms",
        "rate is 1.5",
        "there is no service \"s3\"",
        "limit is 0",
        "account is \"12\"",
        "region is \"\"",
        "seed is -1",
        "no service has an operation MakeTea",
    ] {
        assert!(problems.contains(named), "{named} is missing in:\n{problems}");
    }
}

#[test]
fn a_refusal_of_rds_has_the_status_and_the_text_of_rds() {
    let refused = |operation: &str, code: &str| {
        let mut faults = Faults::seeded(1);
        faults.add(FaultRule::always(FaultKind::RdsRefusal { code: code.into() }));
        let (call, request) = (call(Service::Rds, operation), WireRequest::default());
        let asked = Asked { call: &call, component: "tests", request: &request };
        let refused = faults.decide(&asked).refuse.unwrap();
        (refused.code, refused.status, refused.message)
    };
    let (code, status, text) = refused("RestoreDBClusterFromSnapshot", "AccessDenied");
    assert_eq!((code.as_str(), status), ("AccessDenied", 403));
    assert!(text.contains("rds:RestoreDBClusterFromSnapshot"), "{text}");
    let copies = refused("CopyDBClusterSnapshot", "SnapshotQuotaExceeded").2;
    let snapshots = refused("CreateDBClusterSnapshot", "SnapshotQuotaExceeded").2;
    assert!(copies.starts_with("Cannot copy") && snapshots.starts_with("Cannot create"));
    let mut faults = Faults::seeded(1);
    let code = "AccessDenied".to_owned();
    faults.add(FaultRule::always(FaultKind::RdsRefusal { code }));
    let (call, request) = (call(Service::Sqs, "SendMessage"), WireRequest::default());
    let asked = Asked { call: &call, component: "tests", request: &request };
    assert_eq!(faults.decide(&asked).refuse, None, "other services are not met");
    let unknown = json!({ "fault": { "kind": "rds_refusal", "code": "Teapot" }, "rate": 1 });
    assert!(problems(&unknown)[0].contains("never answers \"Teapot\""));
}

#[test]
fn a_rule_that_could_never_fire_is_refused() {
    let with = |kind: &str, more: Value| {
        let mut rule = json!({ "fault": { "kind": kind }, "rate": 1.0 });
        for (name, value) in more.as_object().unwrap() {
            rule[name] = value.clone();
        }
        problems(&rule)
    };
    let never = [
        ("throttle", json!({ "service": "rds", "operation": "SendMessage" })),
        ("reorder", json!({ "service": "rds" })),
        ("reorder", json!({ "operation": "SendMessage" })),
        ("stuck", json!({ "operation": "DescribeDBClusters" })),
        ("partial_batch", json!({ "operation": "PutItem" })),
        ("describe_lag", json!({ "operation": "CreateDBCluster" })),
        ("lose_events", json!({ "service": "events" })),
    ];
    for (kind, more) in never {
        assert_eq!(with(kind, more.clone()).len(), 1, "{kind} {more}");
    }
    let mut refusal = json!({ "kind": "rds_refusal", "code": "InvalidRestoreFault" });
    refusal = json!({ "fault": refusal, "rate": 1, "operation": "SendMessage" });
    assert_eq!(problems(&refusal), ["\"rds_refusal\" happens in rds only"]);
    assert_eq!(problems(&json!([])), ["a fault rule is a JSON object"]);
    assert_eq!(problems(&json!({})).len(), 2);
    assert_eq!(
        problems(&json!({ "fault": { "kind": "silent", "ms": 60_001 }, "rate": 1 })).len(),
        1
    );
}
