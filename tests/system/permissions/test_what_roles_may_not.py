"""What the deployed roles may not do: what belongs to others, and more than needed with what is theirs."""

import pytest
from botocore.exceptions import ClientError

from tests.system.conftest import DIRECT, EVENTS
from tests.system.permissions.roles import as_role

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]


@pytest.fixture(scope="module")
def others(stack):
    """What other people own in the account."""
    made = stack.aws.client("sqs").create_queue(QueueName="other")["QueueUrl"]
    stack.aws.client("dynamodb").create_table(
        TableName="other",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    stack.aws.client("s3").put_object(Bucket=DIRECT, Key="kept.html", Body=b"x")
    return {"queue": made, "table": "other"}


FORBIDDEN = {
    "read another queue": lambda aws, o, s: aws("sqs").receive_message(QueueUrl=o["queue"]),
    "write to another queue": lambda aws, o, s: aws("sqs").send_message(QueueUrl=o["queue"], MessageBody="x"),
    "read the dead letters": lambda aws, o, s: aws("sqs").receive_message(
        QueueUrl=s.outputs["DeadLetterQueueUrl"]
    ),
    "purge its queue": lambda aws, o, s: aws("sqs").purge_queue(QueueUrl=s.outputs["QueueUrl"]),
    "read another table": lambda aws, o, s: aws("dynamodb").query(
        TableName=o["table"],
        KeyConditionExpression="pk = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
    ),
    "delete items": lambda aws, o, s: aws("dynamodb").delete_item(
        TableName=s.outputs["TableName"], Key={"pk": {"S": "pins"}, "sk": {"S": "x"}}
    ),
    "scan its table": lambda aws, o, s: aws("dynamodb").scan(TableName=s.outputs["TableName"]),
    "delete its table": lambda aws, o, s: aws("dynamodb").delete_table(TableName=s.outputs["TableName"]),
    "read objects": lambda aws, o, s: aws("s3").get_object(Bucket=DIRECT, Key="kept.html"),
    "write objects": lambda aws, o, s: aws("s3").put_object(Bucket=DIRECT, Key="kept.html", Body=b"y"),
    "delete objects": lambda aws, o, s: aws("s3").delete_object(Bucket=DIRECT, Key="kept.html"),
    "list a bucket that was not named": lambda aws, o, s: aws("s3").list_objects_v2(Bucket=EVENTS),
    "change a bucket's notifications": lambda aws, o, s: aws("s3").put_bucket_notification_configuration(
        Bucket=DIRECT, NotificationConfiguration={}
    ),
    "change a distribution": lambda aws, o, s: aws("cloudfront").delete_distribution(Id="E1", IfMatch="x"),
    "write another function's log": lambda aws, o, s: aws("logs").create_log_stream(
        logGroupName="/aws/lambda/cloudfront-invalidator/bucket-subscription", logStreamName="x"
    ),
    "assume another role": lambda aws, o, s: aws("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/other", RoleSessionName="session"
    ),
    "pass a role": lambda aws, o, s: aws("lambda").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=s.role,
        Handler="a.b",
        Code={"ZipFile": b"x"},
    ),
    "make itself mightier": lambda aws, o, s: aws("iam").put_role_policy(
        RoleName=s.worker_role, PolicyName="all", PolicyDocument="{}"
    ),
}


@pytest.mark.parametrize("call", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_worker_may_not(stack, others, call):
    session = as_role(stack, stack.worker_role)
    with pytest.raises(ClientError) as refused:
        call(lambda service: session.client(service, endpoint_url=stack.aws.endpoint), others, stack)
    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}


@pytest.mark.parametrize(
    ("call", "bucket"),
    [
        ("get_bucket_notification_configuration", EVENTS + "-x"),
        ("delete_bucket", DIRECT),
        ("list_objects_v2", DIRECT),
        ("list_buckets", None),
    ],
)
def test_the_subscription_may_not(stack, call, bucket):
    """…touch a bucket that was not named, nor do more to one that was."""
    session = as_role(stack, stack.role_of(stack.subscription))
    s3 = session.client("s3", endpoint_url=stack.aws.endpoint)
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(s3, call)(**({"Bucket": bucket} if bucket else {}))
