//! Reading a set as people write it, with every fault noted. A member is a request without what the
//! set says for all of them.

use super::{LATEST, MEMBERS, RestoreSet, SET_VERSION, complete_within};
use crate::fault::Reader;
use crate::request::{REQUEST_VERSION, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

const FIELDS: [&str; 6] =
    ["version", "idempotency_key", "caller", "as_of", "complete_within", "members"];

/// The fields of a request that its set has instead of it.
pub(super) const OF_THE_SET: [&str; 4] = ["version", "idempotency_key", "caller", "schedule"];

const OF_A_MEMBER: [&str; 9] =
    ["labels", "priority", "source", "target", "access", "mask", "verify", "keep", "notify"];

pub(super) fn set(r: &Reader<'_>) -> Option<RestoreSet> {
    r.object(&FIELDS)?;
    let version = r.field("version").whole(1, 1_000_000);
    if let Some(n) = version.filter(|n| *n != i64::from(SET_VERSION)) {
        let fix = format!("this release speaks version {SET_VERSION}");
        r.field("version").fault(format!("is {n}"), fix);
    }
    let text = |name: &str| r.field(name).optional(|r| r.short_text(256));
    let (idempotency_key, caller) = (text("idempotency_key"), text("caller"));
    let as_of = r.field("as_of").optional(moment).unwrap_or_else(|| LATEST.to_owned());
    let within = r.field("complete_within").optional(Reader::parsed);
    let members = r.field("members");
    let requests = members.list(|r| member(r, caller.as_deref(), &as_of));
    check_members(&members, &requests);
    Some(RestoreSet {
        version: SET_VERSION,
        idempotency_key,
        caller,
        as_of,
        complete_within: within.unwrap_or_else(complete_within),
        members: requests,
    })
}

fn moment(r: &Reader<'_>) -> Option<String> {
    let text = r.text()?;
    if text != LATEST && text.parse::<Timestamp>().is_err() {
        let fix = "must be \"latest\" or a timestamp such as \"2026-11-22T09:41:30Z\"";
        r.fault(format!("is {text:?}"), fix);
        return None;
    }
    Some(text)
}

fn member(r: &Reader<'_>, caller: Option<&str>, as_of: &str) -> Option<Request> {
    let mut value = Value::Object(r.object(&OF_A_MEMBER)?.clone());
    value["version"] = json!(REQUEST_VERSION);
    value["caller"] = json!(caller);
    let source = r.field("source");
    let point = source.field("point_in_time");
    if source.is_given() && !point.is_given() {
        let fix = "members of a set are restored to one moment: give {\"point_in_time\": {account, region, cluster}}";
        source.fault("is no point in time", fix);
        return None;
    }
    if point.field("to").is_given() {
        point.field("to").fault("is given", "leave it out: as_of of the set says it");
        return None;
    }
    if let Some(point) = value.pointer_mut("/source/point_in_time").and_then(Value::as_object_mut) {
        point.insert("to".into(), json!(as_of));
    }
    Request::from_json(&value).map_err(|faults| r.include(faults)).ok()
}

fn check_members(r: &Reader<'_>, members: &[Request]) {
    let given = r.raw().and_then(Value::as_array).map_or(0, Vec::len);
    if !MEMBERS.contains(&given) {
        let fix = format!("a set has {} to {} members", MEMBERS.start(), MEMBERS.end());
        r.fault(format!("has {given} members"), fix);
    }
    let targets = members.iter().map(|member| {
        let target = &member.target;
        format!("{} {} {}", target.account, target.region, target.cluster)
    });
    let targets: Vec<String> = targets.collect();
    r.no_twins(targets.iter().map(String::as_str));
}
