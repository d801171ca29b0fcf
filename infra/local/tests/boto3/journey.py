"""A journey through the local cloud with the AWS SDK for Python.

Shows that an SDK which nobody here has written can do what the fleet does: queues, conditional
writes, a snapshot, its copy, its share, a role assumed in another account, a restore there.

    python journey.py http://127.0.0.1:4566

Each chapter is a function. One that does not hold raises, and the exit code is 1.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PRODUCER, CUSTOMER = "111111111111", "222222222222"
HOME, FAR = "us-east-1", "eu-west-1"
PASSWORD = "correct-horse"
ENGINE = "aurora-postgresql"

# Wire codes of what the local cloud does not do yet: a chapter that meets one ends there, and what
# needs it is left out. Empty means that every chapter must hold.
NOT_THERE_YET = frozenset({"InvalidAction", "UnknownOperationException"})


def prepare(endpoint):
    """What the journey needs and no call of AWS makes: the customer's role and the keys.

    Answers their names: `role_arn`, `external_id`, and one key's ARN for each account.
    """
    del endpoint
    key = "arn:aws:kms:{}:{}:key/11111111-2222-3333-4444-555555555555"
    return {
        "role_arn": f"arn:aws:iam::{CUSTOMER}:role/restore",
        "external_id": "journey-1",
        "producer_key": key.format(HOME, PRODUCER),
        "customer_key": key.format(HOME, CUSTOMER),
    }


class Cloud:
    """Clients of the local cloud."""

    def __init__(self, endpoint, prepared):
        self.endpoint = endpoint
        self.prepared = prepared

    def client(self, service, account=PRODUCER, region=HOME, session=None):
        keys = session or {"AccessKeyId": account, "SecretAccessKey": "local"}
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )


def refused(code, call, **parameters):
    """Holds that a call is refused with a wire code."""
    try:
        call(**parameters)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        if found in NOT_THERE_YET:
            raise
        assert found == code, f"{found} instead of {code}: {error}"
        return error
    raise AssertionError(f"not refused with {code}")


def until(what, wanted, look):
    """Waits until a status is as wanted."""
    for _ in range(600):
        status = look()
        if status == wanted:
            return
        assert "failed" not in status and "incompatible" not in status, f"{what} is {status}"
        time.sleep(0.05)
    raise AssertionError(f"{what} is {status}, not {wanted}")


def until_snapshot(rds, name):
    def look():
        found = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)
        return found["DBClusterSnapshots"][0]["Status"]

    until(name, "available", look)


def until_cluster(rds, name):
    def look():
        found = rds.describe_db_clusters(DBClusterIdentifier=name)
        return found["DBClusters"][0]["Status"]

    until(name, "available", look)


def queues(cloud):
    """A FIFO queue and its dead-letter queue."""
    sqs = cloud.client("sqs")
    fifo = {"FifoQueue": "true", "DeduplicationScope": "messageGroup"}
    dead = sqs.create_queue(QueueName="dead.fifo", Attributes=fifo)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 1}
    live = sqs.create_queue(
        QueueName="live.fifo", Attributes=fifo | {"RedrivePolicy": json.dumps(policy)}
    )["QueueUrl"]

    def receive(queue, visibility):
        found = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=visibility
        )
        return found.get("Messages", [])

    for body in ("one", "two"):
        sqs.send_message(
            QueueUrl=live, MessageBody=body, MessageGroupId=body, MessageDeduplicationId=body
        )
    one, two = receive(live, 600)
    assert (one["Body"], two["Body"]) == ("one", "two")
    sqs.delete_message(QueueUrl=live, ReceiptHandle=one["ReceiptHandle"])
    sqs.change_message_visibility(
        QueueUrl=live, ReceiptHandle=two["ReceiptHandle"], VisibilityTimeout=0
    )
    assert receive(live, 600) == []
    (buried,) = receive(dead, 600)
    assert buried["Body"] == "two"
    error = refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="x.fifo")
    assert isinstance(error, sqs.exceptions.QueueDoesNotExist)


def conditional_writes(cloud):
    """A write that its condition refuses."""
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="restores",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName="restores")

    def claim(worker):
        return dynamodb.update_item(
            TableName="restores",
            Key={"pk": {"S": "job#1"}},
            UpdateExpression="SET lease = :me ADD epoch :one",
            ConditionExpression="attribute_not_exists(lease)",
            ExpressionAttributeValues={":me": {"S": worker}, ":one": {"N": "1"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    claim("worker-1")
    error = refused("ConditionalCheckFailedException", claim, worker="worker-2")
    assert isinstance(error, dynamodb.exceptions.ConditionalCheckFailedException)
    assert error.response["Item"]["lease"] == {"S": "worker-1"}
    item = dynamodb.get_item(TableName="restores", Key={"pk": {"S": "job#1"}}, ConsistentRead=True)
    assert item["Item"]["epoch"] == {"N": "1"}


def secrets(cloud):
    """A secret and its next version."""
    manager = cloud.client("secretsmanager")
    arn = manager.create_secret(Name="app/db", SecretString=PASSWORD)["ARN"]
    manager.put_secret_value(SecretId="app/db", SecretString="another")
    assert manager.get_secret_value(SecretId=arn)["SecretString"] == "another"
    previous = manager.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
    assert previous["SecretString"] == PASSWORD
    refused("ResourceNotFoundException", manager.get_secret_value, SecretId="none")


def keys(cloud):
    """What KMS says about a customer's key."""
    kms = cloud.client("kms")
    arn = cloud.prepared["producer_key"]
    about = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert (about["Arn"], about["KeyManager"], about["Enabled"]) == (arn, "CUSTOMER", True)
    refused("NotFoundException", kms.describe_key, KeyId=arn[:-4] + "0000")


def snapshot(cloud):
    """An encrypted cluster and its snapshot."""
    rds = cloud.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="orders",
        Engine=ENGINE,
        MasterUsername="postgres",
        MasterUserPassword=PASSWORD,
        StorageEncrypted=True,
        KmsKeyId=cloud.prepared["producer_key"],
    )
    until_cluster(rds, "orders")
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="orders-1"
    )
    until_snapshot(rds, "orders-1")


def copy(cloud):
    """A copy of the snapshot, which takes a customer's key."""
    rds = cloud.client("rds")
    copied = rds.copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier="orders-1",
        TargetDBClusterSnapshotIdentifier="orders-copy",
        KmsKeyId=cloud.prepared["producer_key"],
        Tags=[{"Key": "journey", "Value": "1"}],
    )["DBClusterSnapshot"]
    assert copied["SnapshotType"] == "manual", copied
    until_snapshot(rds, "orders-copy")


def share(cloud):
    """The copy shared with the customer's account."""
    rds = cloud.client("rds")
    parameters = {
        "DBClusterSnapshotIdentifier": "orders-copy",
        "AttributeName": "restore",
        "ValuesToAdd": [CUSTOMER],
    }
    rds.modify_db_cluster_snapshot_attribute(**parameters)
    told = rds.describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier="orders-copy")
    attributes = told["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"]
    values = {a["AttributeName"]: a["AttributeValues"] for a in attributes}
    assert values["restore"] == [CUSTOMER], values


def assume_role(cloud):
    """The customer's role, which asks for its external id."""
    sts = cloud.client("sts")
    assert sts.get_caller_identity()["Account"] == PRODUCER
    role = {"RoleArn": cloud.prepared["role_arn"], "RoleSessionName": "journey"}
    refused("AccessDenied", sts.assume_role, **role, ExternalId="another")
    session = sts.assume_role(**role, ExternalId=cloud.prepared["external_id"])["Credentials"]
    assumed = cloud.client("sts", session=session).get_caller_identity()
    assert assumed["Account"] == CUSTOMER, assumed
    cloud.session = session


def restore(cloud):
    """A restore with the assumed role, in the customer's account."""
    rds = cloud.client("rds", session=cloud.session)
    shared = f"arn:aws:rds:{HOME}:{PRODUCER}:cluster-snapshot:orders-copy"
    restored = rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="orders-restored",
        SnapshotIdentifier=shared,
        Engine=ENGINE,
        KmsKeyId=cloud.prepared["customer_key"],
        Tags=[{"Key": "journey", "Value": "1"}],
    )["DBCluster"]
    expected = f"arn:aws:rds:{HOME}:{CUSTOMER}:cluster:orders-restored"
    assert restored["DBClusterArn"] == expected, restored
    until_cluster(rds, "orders-restored")
    rds.create_db_instance(
        DBInstanceIdentifier="orders-restored-1",
        DBClusterIdentifier="orders-restored",
        DBInstanceClass="db.r6g.large",
        Engine=ENGINE,
    )
    until_instance = lambda: rds.describe_db_instances(  # noqa: E731
        DBInstanceIdentifier="orders-restored-1"
    )["DBInstances"][0]["DBInstanceStatus"]
    until("orders-restored-1", "available", until_instance)
    refused(
        "DBClusterNotFoundFault",
        cloud.client("rds").describe_db_clusters,
        DBClusterIdentifier="orders-restored",
    )


# Each chapter with those that must have held before it.
CHAPTERS = (
    (queues, ()),
    (conditional_writes, ()),
    (secrets, ()),
    (keys, ()),
    (snapshot, ()),
    (copy, (snapshot,)),
    (share, (copy,)),
    (assume_role, ()),
    (restore, (share, assume_role)),
)


def main(endpoint):
    cloud = Cloud(endpoint, prepare(endpoint))
    held = set()
    for chapter, needs in CHAPTERS:
        if not held.issuperset(needs):
            print(f"not there yet: {chapter.__name__}")
            continue
        try:
            chapter(cloud)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_THERE_YET:
                raise
            print(f"not there yet: {chapter.__name__} ({error})")
            continue
        held.add(chapter)
        print(f"holds: {chapter.__name__}")


if __name__ == "__main__":
    main(sys.argv[1])
