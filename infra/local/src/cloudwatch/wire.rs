//! The three protocols of CloudWatch, and the neutral form between them and the operations.
//!
//! The neutral form of a request is what AWS JSON says, or CBOR as JSON values; a request of the query protocol
//! is brought into the same shape, its numbers and moments still texts. In answers the members
//! `Timestamp` and `Timestamps` are moments, in seconds.

use crate::call::{Call, Service};
use crate::error::AwsError;
use crate::gzip;
use crate::moment::iso;
use crate::wire::{WireRequest, WireResponse};
use crate::xml::Xml;
use bytes::Bytes;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value, json};

/// How deep a parameter of the query protocol may be nested.
const DEPTH: usize = 16;

/// The longest list of the query protocol: what lies beyond cannot be meant.
const LONGEST: usize = 10_000;

/// Whether a request is in RPC v2 with CBOR.
pub(crate) fn speaks_cbor(request: &WireRequest) -> bool {
    request.header("smithy-protocol") == "rpc-v2-cbor"
}

/// Whether a request is in AWS JSON.
pub(crate) fn speaks_json(request: &WireRequest) -> bool {
    !speaks_cbor(request) && !request.header("x-amz-target").is_empty()
}

/// The operation a request of CloudWatch names.
pub(crate) fn operation(request: &WireRequest) -> Option<String> {
    if speaks_json(request) {
        let named = request.header("x-amz-target").rsplit('.').next()?;
        return (!named.is_empty()).then(|| named.to_owned());
    }
    if speaks_cbor(request) {
        let named = request.path.split_once("/operation/")?.1;
        let named = named.split(['/', '?']).next()?;
        return (!named.is_empty()).then(|| named.to_owned());
    }
    let body = gzip::plain(request).ok()?;
    form_urlencoded::parse(&body).find(|(k, _)| k == "Action").map(|(_, v)| v.into_owned())
}

/// Reads the body of a request.
pub(super) fn read(request: &WireRequest) -> Result<Value, AwsError> {
    let body = gzip::plain(request)?;
    match (speaks_cbor(request), speaks_json(request)) {
        (true, _) => from_cbor(&body),
        (_, true) => from_json(&body),
        _ => from_query(&body),
    }
}

fn from_json(body: &[u8]) -> Result<Value, AwsError> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(unreadable("the JSON body must be an object")),
        Err(e) => Err(unreadable(format!("not a JSON body: {e}"))),
    }
}

fn unreadable(text: impl Into<String>) -> AwsError {
    AwsError::new("SerializationException", text)
}

fn from_cbor(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    let cbor: Cbor =
        ciborium::from_reader(body).map_err(|e| unreadable(format!("not a CBOR body: {e}")))?;
    match neutral(cbor)? {
        value if value.is_object() => Ok(value),
        _ => Err(unreadable("the CBOR body must be a map")),
    }
}

fn neutral(cbor: Cbor) -> Result<Value, AwsError> {
    Ok(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(flag) => json!(flag),
        Cbor::Text(text) => json!(text),
        Cbor::Integer(n) => {
            let n = i64::try_from(n).map_err(|_| unreadable("a number is too large"))?;
            json!(n)
        }
        Cbor::Float(n) => Number::from_f64(n)
            .map(Value::Number)
            .ok_or_else(|| super::invalid("a number must not be infinite, or no number"))?,
        // A moment is a number with a tag.
        Cbor::Tag(_, inner) => neutral(*inner)?,
        Cbor::Array(members) => {
            Value::Array(members.into_iter().map(neutral).collect::<Result<_, _>>()?)
        }
        Cbor::Map(members) => {
            let mut map = Map::new();
            for (name, value) in members {
                let Cbor::Text(name) = name else {
                    return Err(unreadable("the names of members must be texts"));
                };
                let value = neutral(value)?;
                if !value.is_null() {
                    map.insert(name, value);
                }
            }
            Value::Object(map)
        }
        _ => return Err(unreadable("the body holds a kind of value that no operation takes")),
    })
}

/// Reads form-encoded parameters: `MetricData.member.1.MetricName=x` and the like.
fn from_query(body: &[u8]) -> Result<Value, AwsError> {
    let mut root = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let path: Vec<_> = name.split('.').take(DEPTH + 1).collect();
        if path.len() > DEPTH {
            return Err(unreadable(format!("parameters are nested up to {DEPTH} deep")));
        }
        put(&mut root, &path, &value);
    }
    Ok(Value::Object(root.into_iter().map(|(name, value)| (name, with_lists(value))).collect()))
}

fn put(within: &mut Map<String, Value>, path: &[&str], value: &str) {
    match path {
        [] => {}
        [last] => {
            within.insert((*last).to_owned(), json!(value));
        }
        [first, rest @ ..] => {
            let inner = within.entry(*first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Makes a list of what has the one child `member` with numbered children.
fn with_lists(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    if let (1, Some(Value::Object(numbered))) = (members.len(), members.get_mut("member")) {
        let numbered = std::mem::take(numbered).into_iter();
        let mut list: Vec<(usize, Value)> = numbered
            .filter_map(|(n, member)| Some((n.parse().ok()?, with_lists(member))))
            .collect();
        list.sort_by_key(|(n, _)| *n);
        return list.into_iter().take(LONGEST).map(|(_, member)| member).collect();
    }
    let members = members.into_iter().map(|(name, value)| (name, with_lists(value)));
    Value::Object(members.collect())
}

fn is_moment(name: &str) -> bool {
    matches!(name, "Timestamp" | "Timestamps")
}

/// An answer as XML says it.
pub(super) fn xml(name: &str, value: &Value) -> Xml {
    let Value::Object(members) = value else { return Xml::new(name) };
    members.iter().fold(Xml::new(name), |xml, (name, value)| match value {
        Value::Null => xml,
        Value::Array(list) => {
            let list = list.iter().map(|member| match member {
                Value::Object(_) => self::xml("member", member),
                leaf => Xml::leaf("member", written(name, leaf)),
            });
            xml.list(name, list)
        }
        Value::Object(_) => xml.with(self::xml(name, value)),
        leaf => xml.text(name, written(name, leaf)),
    })
}

fn written(name: &str, leaf: &Value) -> String {
    match leaf {
        Value::String(text) => text.clone(),
        Value::Number(n) if is_moment(name) => iso(milliseconds(n)),
        other => other.to_string(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a moment of our own")]
fn milliseconds(seconds: &Number) -> i64 {
    (seconds.as_f64().unwrap_or(0.0) * 1_000.0).round() as i64
}

/// An answer as CBOR says it.
fn cbor(name: &str, value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(n) => {
            let number = match n.as_i64() {
                Some(n) => Cbor::Integer(n.into()),
                None => Cbor::Float(n.as_f64().unwrap_or(0.0)),
            };
            if is_moment(name) { Cbor::Tag(1, Box::new(number)) } else { number }
        }
        Value::Array(list) => Cbor::Array(list.iter().map(|member| cbor(name, member)).collect()),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| (Cbor::Text(name.clone()), cbor(name, value));
            Cbor::Map(members.iter().map(member).collect())
        }
    }
}

fn cbor_response(status: u16, value: &Value, request_id: &str) -> WireResponse {
    let mut body = Vec::new();
    if let Err(error) = ciborium::into_writer(&cbor("", value), &mut body) {
        tracing::error!(%error, "an answer cannot be written as CBOR");
    }
    WireResponse {
        status,
        content_type: "application/cbor",
        headers: vec![
            ("smithy-protocol", "rpc-v2-cbor".to_owned()),
            ("x-amzn-requestid", request_id.to_owned()),
        ],
        body: Bytes::from(body),
    }
}

/// A success in CBOR.
pub(crate) fn response(call: &Call, value: &Value) -> WireResponse {
    cbor_response(200, value, &call.request_id)
}

/// A refusal in CBOR. The code of the query protocol goes into a header, from which SDKs take it.
pub(crate) fn refusal(request_id: &str, e: &AwsError) -> WireResponse {
    let shape = match e.code.as_str() {
        "InvalidParameterValue" => "InvalidParameterValueException",
        "InvalidParameterCombination" => "InvalidParameterCombinationException",
        "MissingParameter" => "MissingRequiredParameterException",
        other => other,
    };
    let kind = format!("com.amazonaws.cloudwatch#{shape}");
    let body = json!({ "__type": kind, "message": e.message });
    let mut response = cbor_response(e.status, &body, request_id);
    let side = if e.status < 500 { "Sender" } else { "Receiver" };
    response.headers.push(("x-amzn-query-error", format!("{};{side}", e.code)));
    response
}

/// Whether an error of a service is told in CBOR.
pub(crate) fn told_in_cbor(service: Option<Service>, request: &WireRequest) -> bool {
    service.is_none_or(|service| service == Service::Cloudwatch) && speaks_cbor(request)
}

#[cfg(test)]
mod tests {
    use super::{Cbor, cbor, from_cbor, from_query, xml};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(|b| json!(b)),
            any::<i64>().prop_map(|n| json!(n)),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| json!(n)),
            "\\PC{0,8}".prop_map(|s| json!(s)),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::btree_map("[A-Z][a-z]{1,5}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn parameters_become_lists_and_structures() {
        let body = b"Action=X&Namespace=n&MetricData.member.2.MetricName=b\
            &MetricData.member.1.MetricName=a&MetricData.member.10.Values.member.1=3";
        let expected = json!({
            "Action": "X",
            "Namespace": "n",
            "MetricData": [{ "MetricName": "a" }, { "MetricName": "b" }, { "Values": ["3"] }],
        });
        assert_eq!(from_query(body).unwrap(), expected);
        assert!(from_query("a.".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn moments_are_tagged_numbers_in_cbor_and_texts_in_xml() {
        let answer = json!({ "Timestamp": 1_800_000_000.0, "Timestamps": [0.5], "Sum": 1.0 });
        let Cbor::Map(members) = cbor("", &answer) else { panic!("a map") };
        assert!(members.contains(&(
            Cbor::Text("Timestamp".into()),
            Cbor::Tag(1, Box::new(Cbor::Float(1_800_000_000.0))),
        )));
        assert_eq!(
            xml("Result", &answer).render(),
            "<Result><Sum>1.0</Sum><Timestamp>2027-01-15T08:00:00Z</Timestamp><Timestamps>\
             <member>1970-01-01T00:00:00.5Z</member></Timestamps></Result>"
        );
    }

    #[test]
    fn a_deeply_nested_body_is_refused() {
        assert!(from_cbor(&[0x81; 100_000]).is_err());
        assert!(from_cbor(&[0xc1; 100_000]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_in_cbor_is_read_again(value in value()) {
            prop_assume!(value.is_object());
            let mut bytes = Vec::new();
            ciborium::into_writer(&cbor("", &value), &mut bytes).unwrap();
            prop_assert_eq!(from_cbor(&bytes).unwrap(), value);
        }

        #[test]
        fn no_bytes_are_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = from_cbor(&body);
            let _ = from_query(&body);
        }

        #[test]
        fn no_parameters_are_too_strange(body in "[a.&=1-3member]{0,60}") {
            let _ = from_query(body.as_bytes());
        }

        #[test]
        fn every_answer_can_be_written_in_xml(value in value()) {
            prop_assert!(xml("Result", &value).render().ends_with("</Result>"));
        }
    }
}
