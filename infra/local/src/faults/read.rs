//! Reading a rule from JSON, with everything that is wrong with it named at once.

use super::reach::Reach;
use super::rule::{FaultKind, FaultRule, LONGEST_SILENCE_MS};
use crate::call::Service;
use crate::identity::is_account;
use crate::operations::{self, OPERATIONS};
use crate::rds::errors;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// A kind of fault by its name, and the members it has beside it.
pub type Kind = (&'static str, &'static [&'static str]);

/// The kinds of faults.
pub const KINDS: [Kind; 25] = [
    ("throttle", &[]),
    ("internal_error", &[]),
    ("expired_credentials", &[]),
    ("access_denied", &[]),
    ("refuse", &["code", "status"]),
    ("rds_refusal", &["code"]),
    ("lost_request", &[]),
    ("lost_response", &[]),
    ("connection_reset", &[]),
    ("latency", &["ms"]),
    ("silent", &["ms"]),
    ("unreachable", &[]),
    ("duplicate_delivery", &[]),
    ("reorder", &[]),
    ("empty_receive", &[]),
    ("partial_batch", &[]),
    ("index_lag", &["ms"]),
    ("slow", &["times"]),
    ("stuck", &[]),
    ("failed", &[]),
    ("incompatible_restore", &[]),
    ("capacity_shortage", &[]),
    ("describe_lag", &["ms"]),
    ("lose_events", &[]),
    ("double_events", &[]),
];

/// The members of a rule that may be given.
const MEMBERS: [&str; 10] = [
    "fault",
    "rate",
    "service",
    "operation",
    "region",
    "account",
    "component",
    "resource",
    "limit",
    "seed",
];

/// The longest added latency or lag: a day.
const LONGEST_MS: u64 = 86_400_000;

impl FaultRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// Everything that is wrong with it, also that it could never fire.
    pub fn read(value: &Value) -> Result<Self, Vec<String>> {
        let Some(given) = value.as_object() else {
            return Err(vec!["a fault rule is a JSON object".into()]);
        };
        let mut problems = Vec::new();
        unknown_members("a fault rule", given, &MEMBERS, &mut problems);
        let fault = fault(given.get("fault"), &mut problems);
        rate(given.get("rate"), &mut problems);
        texts(given, &mut problems);
        whole(given, "limit", 1..=u64::MAX, &mut problems);
        whole(given, "seed", 0..=u64::MAX, &mut problems);
        let service = service(given, &mut problems);
        let operation = given.get("operation").and_then(Value::as_str);
        operation_of(service, operation, &mut problems);
        if let Some(fault) = &fault {
            out_of_reach(fault, given, service, operation, &mut problems);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        serde_json::from_value(value.clone()).map_err(|e| vec![e.to_string()])
    }
}

fn unknown_members(
    whose: &str,
    given: &Map<String, Value>,
    known: &[&str],
    problems: &mut Vec<String>,
) {
    let unknown = given.keys().filter(|name| !known.contains(&name.as_str()));
    problems.extend(unknown.map(|name| format!("{whose} has no {name}")));
}

fn fault(given: Option<&Value>, problems: &mut Vec<String>) -> Option<FaultKind> {
    let Some(members) = given.and_then(Value::as_object) else {
        problems.push("fault must be given, as {\"kind\": ...}".into());
        return None;
    };
    let name = members.get("kind").and_then(Value::as_str).unwrap_or_default();
    let Some((_, of_kind)) = KINDS.iter().find(|(kind, _)| *kind == name) else {
        let all: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
        problems.push(format!("there is no kind {name:?}: it must be one of {}", all.join(", ")));
        return None;
    };
    let before = problems.len();
    let known: Vec<_> = of_kind.iter().copied().chain(["kind"]).collect();
    unknown_members(&format!("the kind {name}"), members, &known, problems);
    members_of_fault(name, members, of_kind, problems);
    if problems.len() > before {
        return None;
    }
    match serde_json::from_value(Value::Object(members.clone())) {
        Ok(fault) => Some(fault),
        Err(e) => {
            problems.push(e.to_string());
            None
        }
    }
}

fn members_of_fault(
    name: &str,
    members: &Map<String, Value>,
    of_kind: &[&str],
    problems: &mut Vec<String>,
) {
    let defaults = [("silent", "ms"), ("refuse", "status")];
    for member in of_kind {
        if members.get(*member).is_none_or(Value::is_null) {
            if !defaults.contains(&(name, member)) {
                problems.push(format!("the kind {name} needs {member}"));
            }
            continue;
        }
        match *member {
            "ms" if name == "silent" => whole(members, "ms", 1..=LONGEST_SILENCE_MS, problems),
            "ms" => whole(members, "ms", 1..=LONGEST_MS, problems),
            "times" => whole(members, "times", 2..=u64::from(u32::MAX), problems),
            "status" => whole(members, "status", 400..=599, problems),
            _ if name == "rds_refusal" => {
                let code = members[*member].as_str().unwrap_or_default();
                if errors::by_code(code, "").is_none() {
                    problems.push(format!("the local RDS never answers {code:?}: use refuse"));
                }
            }
            _ => {
                let code = members[*member].as_str().unwrap_or_default();
                if code.is_empty() || !code.bytes().all(|b| b.is_ascii_graphic()) {
                    problems.push(format!("{member} must be a word, such as AccessDenied"));
                }
            }
        }
    }
}

fn rate(given: Option<&Value>, problems: &mut Vec<String>) {
    match given.map(Value::as_f64) {
        None => problems.push("rate must be given, a number from 0 to 1".into()),
        Some(Some(rate)) if (0.0..=1.0).contains(&rate) => {}
        Some(_) => {
            let rate = given.unwrap_or(&Value::Null);
            problems.push(format!("rate is {rate}, must be a number from 0 to 1"));
        }
    }
}

fn whole(
    given: &Map<String, Value>,
    name: &str,
    range: RangeInclusive<u64>,
    problems: &mut Vec<String>,
) {
    let Some(value) = given.get(name).filter(|v| !v.is_null()) else { return };
    if value.as_u64().is_some_and(|n| range.contains(&n)) {
        return;
    }
    let (from, to) = (range.start(), range.end());
    let upto = if *to == u64::MAX { "up".to_owned() } else { format!("to {to}") };
    problems.push(format!("{name} is {value}, must be a whole number from {from} {upto}"));
}

fn texts(given: &Map<String, Value>, problems: &mut Vec<String>) {
    for name in ["operation", "region", "account", "component", "resource"] {
        let Some(value) = given.get(name).filter(|v| !v.is_null()) else { continue };
        let text = value.as_str().unwrap_or_default();
        if text.is_empty() {
            problems.push(format!("{name} is {value}, must be a text that is not empty"));
        } else if name == "account" && !is_account(text) {
            problems.push(format!("account is {value}, must be 12 digits"));
        }
    }
}

fn service(given: &Map<String, Value>, problems: &mut Vec<String>) -> Option<Service> {
    let value = given.get("service").filter(|v| !v.is_null())?;
    let service = serde_json::from_value(value.clone()).ok();
    if service.is_none() {
        let all: Vec<_> = OPERATIONS.iter().map(|(service, _)| name_of(*service)).collect();
        problems.push(format!("there is no service {value}: it must be one of {}", all.join(", ")));
    }
    service
}

/// The name of a service in a rule.
fn name_of(service: Service) -> String {
    match serde_json::to_value(service) {
        Ok(Value::String(name)) => name,
        _ => service.to_string(),
    }
}

fn operation_of(service: Option<Service>, operation: Option<&str>, problems: &mut Vec<String>) {
    let Some(operation) = operation.filter(|o| !o.is_empty()) else { return };
    match service {
        Some(service) if !operations::of(service).contains(&operation) => {
            let service = name_of(service);
            problems.push(format!("{service} has no operation {operation}: it would never fire"));
        }
        None if OPERATIONS.iter().all(|(_, all)| !all.contains(&operation)) => {
            problems.push(format!("no service has an operation {operation}: it would never fire"));
        }
        _ => {}
    }
}

/// What a rule says that its kind of fault never meets.
fn out_of_reach(
    fault: &FaultKind,
    given: &Map<String, Value>,
    service: Option<Service>,
    operation: Option<&str>,
    problems: &mut Vec<String>,
) {
    let kind = &given["fault"]["kind"];
    match fault.reach() {
        Reach::Calls => {}
        Reach::CallsOf(only) => {
            let is_elsewhere = service.is_some_and(|service| service != only);
            if is_elsewhere || operation.is_some_and(|o| !operations::of(only).contains(&o)) {
                problems.push(format!("{kind} happens in {} only", name_of(only)));
            }
        }
        Reach::Operations(services, operations) => {
            if service.is_some_and(|service| !services.contains(&service)) {
                let all: Vec<_> = services.iter().map(|s| name_of(*s)).collect();
                problems.push(format!("{kind} happens in {} only", all.join(" and ")));
            } else if operation.is_some_and(|operation| !operations.contains(&operation)) {
                problems.push(format!("{kind} happens in {} only", operations.join(", ")));
            }
        }
        Reach::Events => {
            let selectors = ["service", "operation", "component", "resource"];
            let meant = selectors.iter().filter(|s| given.get(**s).is_some_and(|v| !v.is_null()));
            let meant: Vec<_> = meant.copied().collect();
            if !meant.is_empty() {
                let text = "meets events, not calls: take away";
                problems.push(format!("{kind} {text} {}", meant.join(", ")));
            }
        }
    }
}
