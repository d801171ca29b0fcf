//! Input that is accepted, for the operations whose input has a structure; and the words that
//! arbitrary input is made of.

use serde_json::{Value, json};

/// Where the queue of the scene is.
const URL: &str = "http://x/111111111111/q.fifo";

/// A good input of an operation of a JSON service; empty where no input is needed, or known.
pub(crate) fn of(operation: &str) -> Value {
    sqs(operation)
        .or_else(|| dynamodb(operation))
        .or_else(|| secrets(operation))
        .unwrap_or(json!({}))
}

fn sqs(operation: &str) -> Option<Value> {
    // The base64 of `1:1:1:q.fifo`.
    let handle = "MToxOjE6cS5maWZv";
    let arn = "arn:aws:sqs:us-east-1:111111111111:q.fifo";
    let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": "3" }).to_string();
    Some(match operation {
        "SendMessage" => json!({ "QueueUrl": URL, "MessageBody": "x", "MessageGroupId": "a",
            "MessageDeduplicationId": "e", "DelaySeconds": 0, "MessageAttributes": {
                "a": { "DataType": "String", "StringValue": "x" },
                "b": { "DataType": "Binary", "BinaryValue": "AQI=" },
                "c": { "DataType": "Number", "StringValue": "1" } } }),
        "SendMessageBatch" => json!({ "QueueUrl": URL, "Entries": [
            { "Id": "1", "MessageBody": "x", "MessageGroupId": "a",
                "MessageDeduplicationId": "e" },
            { "Id": "2", "MessageBody": "y", "MessageGroupId": "b",
                "MessageDeduplicationId": "f" }] }),
        "ReceiveMessage" => json!({ "QueueUrl": URL, "MaxNumberOfMessages": 10,
            "WaitTimeSeconds": 1, "VisibilityTimeout": 30, "ReceiveRequestAttemptId": "r",
            "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["a.*", "All"] }),
        "DeleteMessage" => json!({ "QueueUrl": URL, "ReceiptHandle": handle }),
        "ChangeMessageVisibility" => {
            json!({ "QueueUrl": URL, "ReceiptHandle": handle, "VisibilityTimeout": 5 })
        }
        "DeleteMessageBatch" => {
            json!({ "QueueUrl": URL, "Entries": [{ "Id": "1", "ReceiptHandle": handle }] })
        }
        "ChangeMessageVisibilityBatch" => json!({ "QueueUrl": URL, "Entries": [
            { "Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 5 }] }),
        "CreateQueue" => json!({ "QueueName": "r.fifo", "tags": { "a": "b" }, "Attributes": {
            "FifoQueue": "true", "VisibilityTimeout": "30", "RedrivePolicy": redrive } }),
        "SetQueueAttributes" => json!({ "QueueUrl": URL, "Attributes": {
            "RedrivePolicy": redrive, "RedriveAllowPolicy": "{}", "DelaySeconds": "5" } }),
        "GetQueueUrl" => json!({ "QueueName": "q.fifo" }),
        "ListQueues" => json!({ "QueueNamePrefix": "q", "MaxResults": 5, "NextToken": "x" }),
        "GetQueueAttributes" => json!({ "QueueUrl": URL, "AttributeNames": ["All"] }),
        "TagQueue" => json!({ "QueueUrl": URL, "Tags": { "a": "b" } }),
        "UntagQueue" => json!({ "QueueUrl": URL, "TagKeys": ["a"] }),
        "StartMessageMoveTask" => {
            json!({ "SourceArn": arn, "DestinationArn": arn, "MaxNumberOfMessagesPerSecond": 5 })
        }
        "ListMessageMoveTasks" => json!({ "SourceArn": arn, "MaxResults": 5 }),
        "DeleteQueue" | "PurgeQueue" | "ListQueueTags" | "ListDeadLetterSourceQueues" => {
            json!({ "QueueUrl": URL })
        }
        _ => return None,
    })
}

fn dynamodb(operation: &str) -> Option<Value> {
    let key = json!({ "pk": { "S": "a" }, "sk": { "N": "1" } });
    let names = json!({ "#n": "list" });
    let values = json!({ ":a": { "S": "a" }, ":n": { "N": "1" }, ":s": { "SS": ["b"] } });
    Some(match operation {
        "GetItem" => json!({ "TableName": "table", "Key": key, "ConsistentRead": true,
            "ProjectionExpression": "#n[0], pk", "ExpressionAttributeNames": names }),
        "PutItem" => json!({ "TableName": "table", "Item": { "pk": { "S": "a" },
            "sk": { "N": "-1.5e3" }, "b": { "B": "AQI=" }, "bs": { "BS": ["AQI="] },
            "ns": { "NS": ["1", "2"] }, "m": { "M": { "x": { "NULL": true } } },
            "t": { "BOOL": true } }, "ConditionExpression": "pk = :a OR #n = :a",
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": { ":a": { "S": "a" } },
            "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "INDEXES" }),
        "UpdateItem" => json!({ "TableName": "table", "Key": key,
            "UpdateExpression": "SET #n[1] = :n, x = if_not_exists(x, :n) + :n ADD y :n \
                                 DELETE z :s",
            "ConditionExpression": "attribute_exists(pk) AND begins_with(pk, :a)",
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW" }),
        "DeleteItem" => json!({ "TableName": "table", "Key": key,
            "ConditionExpression": "sk BETWEEN :n AND :n AND pk IN (:a)",
            "ExpressionAttributeValues": { ":a": { "S": "a" }, ":n": { "N": "1" } },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD" }),
        "Query" => json!({ "TableName": "table", "ScanIndexForward": false, "Limit": 2,
            "KeyConditionExpression": "pk = :a AND sk >= :n", "FilterExpression": "size(#n) > :n",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": { ":a": { "S": "a" }, ":n": { "N": "1" } },
            "ExclusiveStartKey": key, "Select": "ALL_ATTRIBUTES" }),
        "Scan" => json!({ "TableName": "table", "IndexName": "index", "Limit": 1 }),
        "BatchGetItem" => json!({ "RequestItems": { "table": { "Keys": [key] } } }),
        "BatchWriteItem" => json!({ "RequestItems": { "table": [
            { "PutRequest": { "Item": key } },
            { "DeleteRequest": { "Key": { "pk": { "S": "b" }, "sk": { "N": "1" } } } }] } }),
        "CreateTable" => json!({ "TableName": "other", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }] }),
        "UpdateTimeToLive" => json!({ "TableName": "table",
            "TimeToLiveSpecification": { "AttributeName": "ttl", "Enabled": true } }),
        "ListTables" => json!({ "Limit": 1, "ExclusiveStartTableName": "s" }),
        "DescribeTable" | "DeleteTable" | "DescribeTimeToLive" | "UpdateTable" => {
            json!({ "TableName": "table" })
        }
        _ => return None,
    })
}

fn secrets(operation: &str) -> Option<Value> {
    Some(match operation {
        "CreateSecret" => json!({ "Name": "new", "SecretString": "x", "ClientRequestToken": "t",
            "Tags": [{ "Key": "a", "Value": "b" }] }),
        "PutSecretValue" => json!({ "SecretId": "secret", "SecretBinary": "AQI=",
            "VersionStages": ["AWSCURRENT"], "ClientRequestToken": "t" }),
        "GetSecretValue" => json!({ "SecretId": "secret", "VersionStage": "AWSCURRENT" }),
        "DeleteSecret" => json!({ "SecretId": "secret", "RecoveryWindowInDays": 7 }),
        "ListSecrets" => json!({ "MaxResults": 5, "Filters": [
            { "Key": "name", "Values": ["s"] }] }),
        "DescribeSecret" | "UpdateSecret" | "RestoreSecret" => json!({ "SecretId": "secret" }),
        _ => return None,
    })
}

/// Texts that mean something somewhere.
pub(crate) const WORDS: [&str; 44] = [
    "",
    "a",
    "pk",
    "#n",
    ":a",
    "table",
    "index",
    "q.fifo",
    "secret",
    "cluster",
    "snapshot",
    "instance",
    "true",
    "false",
    "All",
    "ALL",
    "0",
    "-1",
    "1e400",
    "1e-400",
    "+.5e-2147483649",
    "99999999999999999999999999999999999999999",
    "aurora-postgresql",
    "16.6",
    "db.r6g.large",
    "arn:aws:rds:us-east-1:111111111111:cluster-snapshot:snapshot",
    "arn:aws:rds:::::",
    "arn:aws:sqs:us-east-1:111111111111:q.fifo",
    "arn:",
    "MToxOjE6cS5maWZv",
    "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MTox",
    "http://x/111111111111/q.fifo",
    "/",
    "{}",
    "[",
    "{\"maxReceiveCount\":1e99,\"deadLetterTargetArn\":[]}",
    "SET a = b",
    "a[99999999999]",
    "\u{0}",
    "\u{FEFF}\u{10FFFF}",
    "<&\">]]>",
    "2027-01-15T08:00:00Z",
    "after:",
    "%",
];
