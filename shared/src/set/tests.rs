//! Reading sets, and what becomes of them.

use super::*;
use serde_json::{Value, json};

fn a_set(more: &Value) -> Value {
    let member = |target: &str| {
        json!({
            "source": {"point_in_time": {"account": "111111111111", "region": "us-east-1", "cluster": "shop"}},
            "target": {"account": "111111111111", "region": "us-east-1", "cluster": target},
        })
    };
    let mut value = json!({"version": 1, "members": [member("a"), member("b")]});
    for (name, more) in more.as_object().into_iter().flatten() {
        value[name] = more.clone();
    }
    value
}

fn parse(value: &Value) -> Result<RestoreSet, Faults> {
    RestoreSet::parse(&value.to_string())
}

fn paths(value: &Value) -> Vec<String> {
    parse(value).unwrap_err().0.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn a_set_has_defaults_and_its_members_have_its_caller() {
    let set = parse(&a_set(&json!({"caller": "shop-team"}))).unwrap();
    assert_eq!((set.as_of.as_str(), set.complete_within.to_string().as_str()), ("latest", "12h"));
    assert!(set.members.iter().all(|m| m.caller.as_deref() == Some("shop-team")));
    assert_eq!((set.keyed_id(), set.moment()), (None, None));
}

#[test]
fn all_members_get_the_one_moment() {
    let set = parse(&a_set(&json!({"as_of": "2026-11-22T09:41:30+01:00"}))).unwrap();
    let members = set.members_at(set.moment().unwrap());
    let to = |request: &Request| match &request.source {
        Source::PointInTime(point) => point.to.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(members.iter().map(to).collect::<Vec<_>>(), vec!["2026-11-22T08:41:30Z"; 2]);
}

#[test]
fn every_fault_is_named_with_the_member_it_is_in() {
    let mut value =
        a_set(&json!({"version": 2, "as_of": "yesterday", "complete_within": "soon", "colour": 1}));
    value["members"][0]["source"] = json!({"snapshot": {"id": "x"}});
    value["members"][1]["source"]["point_in_time"]["to"] = json!("latest");
    value["members"][1]["schedule"] = json!({});
    assert_eq!(
        paths(&value),
        [
            "colour",
            "version",
            "as_of",
            "complete_within",
            "members[0].source",
            "members[1].schedule",
            "members[1].source.point_in_time.to",
        ]
    );
    let mut value = a_set(&json!({}));
    value["members"][1]["target"]["region"] = json!("mars");
    assert_eq!(paths(&value), ["members[1].target.region"]);
}

#[test]
fn a_set_has_two_members_at_least_and_no_target_twice() {
    let mut value = a_set(&json!({}));
    value["members"][1]["target"]["cluster"] = json!("a");
    assert_eq!(paths(&value), ["members"]);
    value["members"].as_array_mut().unwrap().pop();
    assert_eq!(paths(&value), ["members"]);
}

#[test]
fn the_schema_takes_what_is_read_and_knows_no_field_that_is_not() {
    let schema = schema();
    let request = &schema["$defs"]["Request"];
    assert!(request["properties"].get("version").is_none());
    assert!(request["properties"].get("mask").is_some());
    assert_eq!(request["required"], json!(["source", "target"]));
    let point = &schema["$defs"]["PointInTime"];
    assert!(point["properties"].get("to").is_none());
    assert_eq!(point["required"], json!(["account", "region", "cluster"]));
}

#[test]
fn one_set_gives_each_member_one_id_and_no_other_set_gives_it() {
    let (this, other) = (SetId::keyed("ci", "k"), SetId::keyed("ci", "l"));
    assert_eq!(this.member(1), SetId::keyed("ci", "k").member(1));
    assert_ne!(this.member(1), this.member(0));
    assert_ne!(this.member(1), other.member(1));
}
