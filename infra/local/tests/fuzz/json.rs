//! The JSON protocol: any body for any operation.

use crate::scene::{Scene, is_in_form};
use crate::templates::{self, WORDS};
use crate::try_all;
use aurora_restore_local::operations::OPERATIONS;
use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// Any text, mostly one that means something somewhere.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&WORDS[..]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => "[-+.eE0-9]{0,12}",
        1 => any::<String>(),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-10_i64..50_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
        (select(&["S", "N", "B", "SS", "NS", "BS", "L", "M", "NULL", "BOOL"][..]), text())
            .prop_map(|(kind, text)| json!({ kind: text })),
    ]
}

/// Any JSON value.
fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// What is done to a good input, at one of its places.
#[derive(Debug, Clone)]
enum Change {
    Replace(Index, Value),
    Remove(Index),
    Add(Index, String, Value),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (any::<Index>(), value()).prop_map(|(at, value)| Change::Replace(at, value)),
        1 => any::<Index>().prop_map(Change::Remove),
        1 => (any::<Index>(), text(), value())
            .prop_map(|(at, name, value)| Change::Add(at, name, value)),
    ]
}

/// The JSON pointers of all places in a value, its own among them.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(k, v)| places(v, &format!("{here}/{}", escape(k)), all));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, v)| places(v, &format!("{here}/{n}"), all));
        }
        _ => {}
    }
}

fn apply(input: &mut Value, change: &Change) {
    let mut all = Vec::new();
    places(input, "", &mut all);
    let place = |at: &Index| all[at.index(all.len())].clone();
    match change {
        Change::Replace(at, value) => {
            let at = place(at);
            input.pointer_mut(&at).into_iter().for_each(|there| *there = value.clone());
        }
        Change::Remove(at) => {
            let at = place(at);
            let (parent, name) = at.rsplit_once('/').unwrap_or(("", ""));
            let parent = input.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.into_iter().for_each(|map| drop(map.remove(name)));
        }
        Change::Add(at, name, value) => {
            let map = input.pointer_mut(&place(at)).and_then(Value::as_object_mut);
            map.into_iter().for_each(|map| drop(map.insert(name.clone(), value.clone())));
        }
    }
}

#[test]
fn any_change_of_a_good_input_gets_an_answer() {
    for (service, operations) in OPERATIONS.iter().filter(|(service, _)| !service.is_query()) {
        for operation in *operations {
            let good = templates::of(operation);
            try_all(operation, 100, &vec(change(), 0..4), |changes| {
                let mut input = good.clone();
                changes.iter().for_each(|change| apply(&mut input, change));
                let mut scene = Scene::new();
                // Twice: what the first call has left must not break the second.
                for _ in 0..2 {
                    let body = Bytes::from(input.to_string());
                    if let Some(answer) = scene.json(*service, operation, body) {
                        is_in_form(*service, &answer)?;
                    }
                }
                Ok(())
            });
        }
    }
}

#[test]
fn any_bytes_get_an_answer() {
    let bodies = prop_oneof![
        value().prop_map(|value| value.to_string().into_bytes()),
        vec(any::<u8>(), 0..60),
        text().prop_map(String::into_bytes),
    ];
    for (service, operations) in OPERATIONS {
        try_all(service.as_str(), 200, &(select(operations), &bodies), |(operation, body)| {
            let mut scene = Scene::new();
            let answer = if service.is_query() {
                scene.query(service, body.into())
            } else {
                scene.json(service, operation, body.into())
            };
            answer.map_or(Ok(()), |answer| is_in_form(service, &answer))
        });
    }
}

#[test]
fn good_input_is_good() {
    let refused = ["ListDeadLetterSourceQueues", "CancelMessageMoveTask", "UpdateTable"];
    for (service, operations) in &OPERATIONS[..2] {
        for operation in operations.iter().filter(|operation| !refused.contains(operation)) {
            let body = Bytes::from(templates::of(operation).to_string());
            let answer = Scene::new().json(*service, operation, body).unwrap();
            let text = String::from_utf8_lossy(&answer.body);
            // What reads the message or the item that is there cannot do so under any name.
            let known =
                ["ReceiptHandle", "MessageMoveTask", "ConditionalCheckFailed", "Dead Letter Queue"];
            let known = known.iter().any(|known| text.contains(known));
            assert!(answer.status == 200 || known, "{operation}: {text}");
        }
    }
}
