//! A cloud with something of everything in it, and calls as bytes.

use crate::xml;
use aurora_restore_local::call::Service;
use aurora_restore_local::data_plane::NoData;
use aurora_restore_local::faults::Fate;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::wire::{WireRequest, WireResponse};
use aurora_restore_local::world::{Handled, World};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

const START_MS: i64 = 1_800_000_000_000;

pub(crate) struct Scene {
    world: World,
    now_ms: i64,
}

fn scope(service: Service) -> String {
    format!("AWS4-HMAC-SHA256 Credential=111111111111/20270115/us-east-1/{service}/aws4_request")
}

fn prefix(service: Service) -> &'static str {
    match service {
        Service::Sqs => "AmazonSQS",
        Service::Dynamodb => "DynamoDB_20120810",
        Service::Kms => "TrentService",
        Service::Events => "AWSEvents",
        _ => "secretsmanager",
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        let world = World::new(WorldSettings::default(), Box::new(NoData));
        let mut scene = Self { world, now_ms: START_MS };
        let queue = json!({ "QueueName": "q.fifo", "Attributes": { "FifoQueue": "true" } });
        scene.set_up(Service::Sqs, "CreateQueue", &queue);
        let message = json!({ "QueueUrl": "http://x/111111111111/q.fifo", "MessageBody": "x",
            "MessageGroupId": "a", "MessageDeduplicationId": "d" });
        scene.set_up(Service::Sqs, "SendMessage", &message);
        let table = json!({ "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" }],
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "N" }],
            "GlobalSecondaryIndexes": [{ "IndexName": "index",
                "KeySchema": [{ "AttributeName": "sk", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "ALL" } }] });
        scene.set_up(Service::Dynamodb, "CreateTable", &table);
        let item = json!({ "TableName": "table", "Item": { "pk": { "S": "a" },
            "sk": { "N": "1" }, "list": { "L": [{ "N": "1" }] }, "set": { "SS": ["a"] } } });
        scene.set_up(Service::Dynamodb, "PutItem", &item);
        let secret = json!({ "Name": "secret", "SecretString": "x" });
        scene.set_up(Service::Secretsmanager, "CreateSecret", &secret);
        let cluster = "Action=CreateDBCluster&DBClusterIdentifier=cluster&MasterUsername=postgres&\
                       Engine=aurora-postgresql&MasterUserPassword=correct-horse";
        scene.set_up_query(cluster);
        scene.now_ms += 3_600_000;
        scene.set_up_query(
            "Action=CreateDBClusterSnapshot&DBClusterIdentifier=cluster&\
             DBClusterSnapshotIdentifier=snapshot",
        );
        scene.set_up_query(
            "Action=CreateDBInstance&DBClusterIdentifier=cluster&DBInstanceIdentifier=instance&\
             DBInstanceClass=db.r6g.large&Engine=aurora-postgresql",
        );
        scene.now_ms += 3_600_000;
        scene
    }

    fn set_up(&mut self, service: Service, operation: &str, input: &Value) {
        let answer = self.json(service, operation, input.to_string().into()).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    fn set_up_query(&mut self, body: &str) {
        let answer = self.query(Service::Rds, body.to_owned().into()).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Calls an operation of a JSON service; nothing when the call waits.
    pub(crate) fn json(
        &mut self,
        service: Service,
        operation: &str,
        body: Bytes,
    ) -> Option<WireResponse> {
        self.call(service, ("x-amz-target", format!("{}.{operation}", prefix(service))), body)
    }

    /// Calls an operation of a query service.
    pub(crate) fn query(&mut self, service: Service, body: Bytes) -> Option<WireResponse> {
        let form = ("content-type", "application/x-www-form-urlencoded".to_owned());
        self.call(service, form, body)
    }

    fn call(
        &mut self,
        service: Service,
        header: (&str, String),
        body: Bytes,
    ) -> Option<WireResponse> {
        self.now_ms += 1;
        let headers = [("authorization", scope(service)), header];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        let request = WireRequest { headers, body, ..WireRequest::default() };
        let call = match self.world.identify(&request, self.now_ms) {
            Ok(call) => call,
            Err(response) => return Some(*response),
        };
        match self.world.handle(&call, "tests", &request, &Fate::default(), self.now_ms) {
            Handled::Response(response) => Some(response),
            Handled::Park { retry_at_ms } => {
                assert!(retry_at_ms > self.now_ms, "a call that waits for the past");
                None
            }
        }
    }
}

/// What every answer must be: in the form of its service, and no internal error.
pub(crate) fn is_in_form(service: Service, answer: &WireResponse) -> Result<(), TestCaseError> {
    let text = std::str::from_utf8(&answer.body);
    prop_assert!(text.is_ok(), "no UTF-8: {:?}", answer.body);
    let text = text.unwrap_or_default();
    prop_assert!(answer.status == 200 || (400..500).contains(&answer.status), "{text}");
    if service.is_query() {
        let elements = xml::check(text);
        prop_assert!(elements.is_ok(), "{:?} {}", elements, text);
        prop_assert!(answer.status == 200 || text.contains("<Code>"), "{text}");
    } else {
        let value: Result<Value, _> = serde_json::from_str(text);
        prop_assert!(value.as_ref().is_ok_and(Value::is_object), "{text}");
        let code = value.map(|v| v["__type"].clone()).unwrap_or_default();
        prop_assert!(
            answer.status == 200 || code.as_str().is_some_and(|c| !c.is_empty()),
            "{text}"
        );
    }
    Ok(())
}
