//! What is paid, and what is said where a price is not known.

use super::*;
use aurora_restore_shared::facts::{Encryption, SourceFacts};
use aurora_restore_shared::plan::plan;
use serde_json::json;

fn request(target: &serde_json::Value, keep: &serde_json::Value) -> Request {
    let value = json!({
        "version": 1,
        "source": {"snapshot": {"account": "111111111111", "region": "us-east-1", "id": "a"}},
        "target": target, "keep": keep,
    });
    Request::from_json(&value).unwrap()
}

fn facts() -> SourceFacts {
    SourceFacts {
        snapshot_arn: "arn:aws:rds:us-east-1:111111111111:cluster-snapshot:a".into(),
        engine: "aurora-postgresql".into(),
        engine_version: "15.10".into(),
        allocated_gib: 730,
        encryption: Encryption::None,
        ..SourceFacts::default()
    }
}

fn cost(request: &Request, facts: &SourceFacts) -> Cost {
    let plan = plan(request, facts).unwrap();
    Cost::of(request, &plan, &"us-east-1".parse().unwrap(), &PriceTable::own())
}

fn usd(cost: &Cost, what: &str) -> Option<String> {
    let line = cost.lines.iter().find(|line| line.what.starts_with(what)).unwrap();
    line.usd.map(|usd| usd.to_string())
}

fn here(instances: &serde_json::Value) -> serde_json::Value {
    json!({"account": "111111111111", "region": "us-east-1", "cluster": "b",
        "instances": instances, "serverless": {"min_capacity": 0.5, "max_capacity": 4}})
}

#[test]
fn storage_and_instances_are_paid_by_the_day_and_table_and_queues_once() {
    let instances = json!([{"class": "db.r6g.large", "count": 2}, {"class": "db.serverless"}]);
    let cost = cost(&request(&here(&instances), &json!({"restored": "8h"})), &facts());
    // 730 GiB at 0.10 a month of 730 hours: a dime an hour.
    assert_eq!(usd(&cost, "cluster storage").as_deref(), Some("2.4"));
    assert_eq!(usd(&cost, "2 x db.r6g.large").as_deref(), Some("12.48"));
    assert_eq!(usd(&cost, "1 x db.serverless").as_deref(), Some("11.52"));
    // 10 requests, 54 write units and 7 read units by the million.
    assert_eq!(usd(&cost, "table and queues").as_deref(), Some("0.000039625"));
    assert_eq!((cost.daily_usd.unwrap().to_string().as_str(), cost.is_partial), ("26.40", false));
    assert!(cost.lines.iter().any(|line| line.until.as_deref() == Some("8h after")));
}

#[test]
fn a_copy_is_paid_on_its_way_and_while_it_is_kept() {
    let target = json!({"account": "111111111111", "region": "eu-west-1", "cluster": "b",
        "instances": [{"class": "db.r6g.large"}], "subnet_group": "x", "parameter_group": "x",
        "security_groups": ["sg-1"]});
    let cost = cost(&request(&target, &json!({"snapshot_copies": "7d"})), &facts());
    assert_eq!(usd(&cost, "transfer to eu-west-1").as_deref(), Some("14.6"));
    assert_eq!(usd(&cost, "snapshot copy in 111111111111 eu-west-1"), None);
    let why = "no price is known for Region eu-west-1";
    assert_eq!(cost.daily_usd, None, "of no part is a price known");
    assert!(cost.is_partial && cost.lines.iter().any(|line| line.how == why), "{cost:?}");
}

#[test]
fn a_clone_pays_for_no_storage_at_first_and_an_unknown_class_has_no_price() {
    let facts = SourceFacts {
        kind: SourceKind::Clone,
        instances: vec![InstanceSpec { class: "db.x2g.large".into(), count: 1, ..spec() }],
        ..facts()
    };
    let cost = cost(&request(&here(&json!([{"class": "db.x2g.large"}])), &json!({})), &facts);
    assert_eq!(usd(&cost, "cluster storage").as_deref(), Some("0"));
    assert_eq!(usd(&cost, "1 x db.x2g.large"), None);
    assert!(cost.is_partial);
}

fn spec() -> InstanceSpec {
    serde_json::from_value(json!({"class": "db.r6g.large", "count": 1})).unwrap()
}
