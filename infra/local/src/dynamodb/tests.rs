//! The service as a whole, without an SDK in between.

use crate::data_plane::NoData;
use crate::faults::Fate;
use crate::meter::CallRecord;
use crate::settings::WorldSettings;
use crate::wire::WireRequest;
use crate::world::{Handled, World};
use serde_json::{Value, json};

struct Bench(World);

impl Bench {
    fn new() -> Self {
        let mut bench = Self(World::new(WorldSettings::default(), Box::new(NoData)));
        let attr = |name, kind| json!({ "AttributeName": name, "KeyType": kind });
        let defined = |name, kind| json!({ "AttributeName": name, "AttributeType": kind });
        let create = json!({
            "TableName": "restores", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [attr("pk", "HASH"), attr("sk", "RANGE")],
            "AttributeDefinitions": [defined("pk", "S"), defined("sk", "S"),
                defined("due_shard", "S"), defined("due_at", "N")],
            "GlobalSecondaryIndexes": [{ "IndexName": "due",
                "KeySchema": [attr("due_shard", "HASH"), attr("due_at", "RANGE")],
                "Projection": { "ProjectionType": "KEYS_ONLY" } }],
        });
        bench.call("CreateTable", &create).unwrap();
        bench
    }

    /// The answer and its record, or the text of the refusal.
    fn call(&mut self, operation: &str, input: &Value) -> Result<(Value, CallRecord), String> {
        let scope = "Credential=111111111111/20270115/us-east-1/dynamodb/aws4_request";
        let headers = [
            ("authorization", format!("AWS4-HMAC-SHA256 {scope}, Signature=0")),
            ("x-amz-target", format!("DynamoDB_20120810.{operation}")),
        ];
        let request = WireRequest {
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: input.to_string().into(),
            ..WireRequest::default()
        };
        let call = self.0.identify(&request, 0).unwrap();
        let handled = self.0.handle(&call, "tests", &request, &Fate::default(), 0);
        let Handled::Response(response) = handled else { panic!("parked") };
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        match response.status {
            200 => Ok((answer, self.0.meter.recent().last().unwrap().clone())),
            _ => Err(answer["message"].as_str().unwrap().to_owned()),
        }
    }
}

#[test]
fn queries_of_an_index_with_twenty_thousand_entries_stay_fast() {
    let mut bench = Bench::new();
    for i in 0..20_000 {
        let item = json!({ "pk": {"S": format!("job#{i}")}, "sk": {"S": "state"},
            "due_shard": {"S": format!("r#{}", i % 100)}, "due_at": {"N": i.to_string()} });
        bench.call("PutItem", &json!({ "TableName": "restores", "Item": item })).unwrap();
    }
    // A query that walked over the whole index would take minutes here.
    for i in 0..1000 {
        let query = json!({ "TableName": "restores", "IndexName": "due",
            "KeyConditionExpression": "due_shard = :s AND due_at BETWEEN :from AND :to",
            "ExpressionAttributeValues": { ":s": {"S": format!("r#{}", i % 100)},
                ":from": {"N": "5000"}, ":to": {"N": "5999"} } });
        let (answer, record) = bench.call("Query", &query).unwrap();
        assert_eq!((answer["Count"].clone(), record.items), (json!(10), 10));
    }
}

#[test]
fn every_refusal_happens_before_anything_has_changed() {
    let mut bench = Bench::new();
    let update = |expression: &str| {
        json!({ "TableName": "restores", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": { ":s": {"S": "x"}, ":n": {"N": "1"} } })
    };
    for expression in
        ["SET x = :s, y = :n, due_at = :s", "SET x = :s, y = :n, z.a = :s", "ADD x :s"]
    {
        bench.call("UpdateItem", &update(expression)).unwrap_err();
    }
    let (scan, _) = bench.call("Scan", &json!({ "TableName": "restores" })).unwrap();
    assert_eq!(scan["Count"], 0);
}

#[test]
fn unknown_parameters_are_refused_instead_of_ignored() {
    let mut bench = Bench::new();
    for (operation, parameter) in [
        ("PutItem", "Expected"),
        ("UpdateItem", "AttributeUpdates"),
        ("Query", "KeyConditions"),
        ("Scan", "TotalSegments"),
        ("CreateTable", "LocalSecondaryIndexes"),
    ] {
        let input = json!({ "TableName": "restores", parameter: {} });
        let text = bench.call(operation, &input).unwrap_err();
        assert!(text.ends_with(&format!("the parameter {parameter}")), "{text}");
    }
}
