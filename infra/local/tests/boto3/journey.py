"""A journey through the local cloud with the AWS SDK for Python.

Shows that an SDK which nobody here has written can do what the fleet does: queues, conditional
writes, a snapshot, its copy, its share, a role assumed in another account, a restore there; the
other engine, a point in time, a clone; topics, metrics, and an event of RDS that comes to a queue.

    python journey.py http://127.0.0.1:4566

Each chapter is a function. One that does not hold raises, and the exit code is 1.
"""

import datetime
import json
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PRODUCER, CUSTOMER = "111111111111", "222222222222"
HOME, FAR = "us-east-1", "eu-west-1"
PASSWORD = "correct-horse"
ENGINE, MYSQL = "aurora-postgresql", "aurora-mysql"
KEY = "11111111-2222-3333-4444-555555555555"


def prepare(endpoint):
    """Seeds what the journey needs and no call of AWS makes: the customer's role and the keys.

    Answers their names: `role_arn`, `external_id`, and one key's ARN for each account.
    """
    role, external_id = f"arn:aws:iam::{CUSTOMER}:role/restore", "journey-1"
    # The producer's snapshot is read by the customer: the producer's key must let it.
    users = {PRODUCER: [CUSTOMER], CUSTOMER: []}
    seed = {
        "version": 1,
        "roles": [
            {"arn": role, "trust": [{"principal": PRODUCER, "external_id": external_id}]},
        ],
        "keys": [
            {"account": account, "region": HOME, "id": KEY, "users": others}
            for account, others in users.items()
        ],
    }
    request = urllib.request.Request(
        f"{endpoint}/_local/seed",
        data=json.dumps(seed).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        made = json.load(answer)
    producer_key, customer_key = made["keys"]
    return {
        "role_arn": made["roles"][0],
        "external_id": external_id,
        "producer_key": producer_key,
        "customer_key": customer_key,
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


def add_instance(rds, cluster):
    name = f"{cluster}-1"
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBClusterIdentifier=cluster,
        DBInstanceClass="db.r6g.large",
        Engine=ENGINE,
    )

    def look():
        found = rds.describe_db_instances(DBInstanceIdentifier=name)
        return found["DBInstances"][0]["DBInstanceStatus"]

    until(name, "available", look)


def fifo_queue(sqs, name):
    """URL and ARN of a new queue."""
    url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, told["Attributes"]["QueueArn"]


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
    add_instance(rds, "orders-restored")
    refused(
        "DBClusterNotFoundFault",
        cloud.client("rds").describe_db_clusters,
        DBClusterIdentifier="orders-restored",
    )


def mysql(cloud):
    """An Aurora MySQL cluster, and its restore from a snapshot."""
    rds = cloud.client("rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine=MYSQL,
        EngineVersion="8.0",
        MasterUsername="admin",
        ManageMasterUserPassword=True,
    )["DBCluster"]
    assert (made["Port"], made["EngineVersion"][:3]) == (3306, "8.0"), made
    until_cluster(rds, "shop")
    secret = cloud.client("secretsmanager").get_secret_value(
        SecretId=made["MasterUserSecret"]["SecretArn"]
    )
    assert json.loads(secret["SecretString"])["username"] == "admin"
    rds.create_db_cluster_snapshot(DBClusterIdentifier="shop", DBClusterSnapshotIdentifier="shop-1")
    until_snapshot(rds, "shop-1")
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="shop-restored", SnapshotIdentifier="shop-1", Engine=MYSQL
    )
    until_cluster(rds, "shop-restored")


def point_in_time(cloud):
    """A cluster as it was at a moment, and one as of now."""
    rds = cloud.client("rds")

    def latest():
        return rds.describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"][0]

    moment = latest()["LatestRestorableTime"]
    rds.restore_db_cluster_to_point_in_time(
        DBClusterIdentifier="orders-then",
        SourceDBClusterIdentifier="orders",
        RestoreToTime=moment,
    )
    rds.restore_db_cluster_to_point_in_time(
        DBClusterIdentifier="orders-latest",
        SourceDBClusterIdentifier="orders",
        UseLatestRestorableTime=True,
    )
    until_cluster(rds, "orders-then")
    until_cluster(rds, "orders-latest")


def clone(cloud):
    """A cluster that shares another one's storage."""
    rds = cloud.client("rds")
    add_instance(rds, "orders")
    cloned = rds.restore_db_cluster_to_point_in_time(
        DBClusterIdentifier="orders-clone",
        SourceDBClusterIdentifier="orders",
        RestoreType="copy-on-write",
        UseLatestRestorableTime=True,
    )["DBCluster"]
    source = rds.describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"][0]
    assert cloned["CloneGroupId"] == source["CloneGroupId"], (cloned, source)
    until_cluster(rds, "orders-clone")


def notifications(cloud):
    """A topic whose messages come to a queue."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topic = sns.create_topic(Name="restored.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    queue, arn = fifo_queue(sqs, "restored.fifo")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    published = sns.publish(
        TopicArn=topic,
        Subject="done",
        Message="orders-restored",
        MessageGroupId="orders",
        MessageDeduplicationId="1",
    )["MessageId"]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    envelope = json.loads(message["Body"])
    assert (envelope["MessageId"], envelope["Message"]) == (published, "orders-restored")


def metrics(cloud):
    """Metric data, read back as statistics."""
    cloudwatch = cloud.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc)
    metric = {"Namespace": "Restores", "MetricName": "Duration"}
    for value in (2.0, 4.0):
        datum = {"MetricName": "Duration", "Value": value, "Timestamp": now, "Unit": "Seconds"}
        cloudwatch.put_metric_data(Namespace="Restores", MetricData=[datum])
    refused(
        "InvalidParameterValue",
        cloudwatch.put_metric_data,
        Namespace="AWS/RDS",
        MetricData=[datum],
    )
    (point,) = cloudwatch.get_metric_statistics(
        **metric,
        StartTime=now - datetime.timedelta(minutes=5),
        EndTime=now + datetime.timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum", "Average"],
    )["Datapoints"]
    assert (point["Sum"], point["Average"], point["Unit"]) == (6.0, 3.0, "Seconds"), point


def events(cloud):
    """An event of RDS that a rule brings to a queue."""
    rds, sqs, events = (cloud.client(service) for service in ("rds", "sqs", "events"))
    queue, arn = fifo_queue(sqs, "happened.fifo")
    pattern = {"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0170"]}}
    events.put_rule(Name="created", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": arn, "SqsParameters": {"MessageGroupId": "rds"}}
    assert events.put_targets(Rule="created", Targets=[target])["FailedEntryCount"] == 0
    rds.create_db_cluster(
        DBClusterIdentifier="told",
        Engine=ENGINE,
        MasterUsername="postgres",
        MasterUserPassword=PASSWORD,
    )
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["SourceIdentifier"] == "told", event


# In order: later chapters use what earlier ones have made.
CHAPTERS = (
    queues,
    conditional_writes,
    secrets,
    keys,
    snapshot,
    copy,
    share,
    assume_role,
    restore,
    mysql,
    point_in_time,
    clone,
    notifications,
    metrics,
    events,
)


def main(endpoint):
    cloud = Cloud(endpoint, prepare(endpoint))
    for chapter in CHAPTERS:
        chapter(cloud)
        print(f"holds: {chapter.__name__}")


if __name__ == "__main__":
    main(sys.argv[1])
