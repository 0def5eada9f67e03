"""The deployed queue takes S3's messages from buckets of its account, over TLS; nobody else's."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.ministack import REGION
from tests.system.conftest import DIRECT
from tests.system.stack import PATIENCE_SECONDS, letters, until

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]


@pytest.fixture(scope="module", autouse=True)
def nobody_reads(stack):
    """Leave on the queue what comes to it, to be looked at."""
    functions = stack.aws.client("lambda")
    (mapping,) = functions.list_event_source_mappings(EventSourceArn=stack.outputs["QueueArn"])[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    yield
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs["QueueUrl"])
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_a_bucket_of_another_account_is_refused(stack):
    """S3 tests the destination when the notification is written. A queue that lets everyone in shows the difference."""
    s3 = boto3.client(
        "s3",
        endpoint_url=stack.aws.endpoint,
        region_name=REGION,
        aws_access_key_id="111122223333",  # MiniStack: the root of that account
        aws_secret_access_key="test",
    )
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="of-someone-else", CreateBucketConfiguration=place)

    def notify(queue, **options):
        entry = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket="of-someone-else", NotificationConfiguration={"QueueConfigurations": [entry]}, **options
        )

    notify(open_queue(stack))
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        notify(stack.outputs["QueueArn"])
    notify(stack.outputs["QueueArn"], SkipDestinationValidation=True)
    s3.put_object(Bucket="of-someone-else", Key="a", Body=b"x")
    assert "of-someone-else" not in delivered(stack)


def test_a_topic_that_was_not_named_is_refused(stack):
    sns, arn = stack.aws.client("sns"), stack.outputs["QueueArn"]
    topic = sns.create_topic(Name="not-named")["TopicArn"]
    for name, to in ((topic, arn), (stack.raw, arn)):
        sns.subscribe(TopicArn=name, Protocol="sqs", Endpoint=to, Attributes={"RawMessageDelivery": "true"})
        sns.publish(TopicArn=name, Message=f"through {name}")
    found = delivered(stack)
    assert f"through {stack.raw}" in found
    assert f"through {topic}" not in found


def test_only_the_stack_s_own_rule_may_write(stack):
    """By the policy as deployed: the emulator's EventBridge does not ask it."""
    policy = stack.aws.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["QueueUrl"], AttributeNames=["Policy"]
    )["Attributes"]["Policy"]
    (statement,) = [
        each
        for each in json.loads(policy)["Statement"]
        if each["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    (rule,) = stack.aws.client("events").list_rule_names_by_target(TargetArn=stack.outputs["QueueArn"])[
        "RuleNames"
    ]
    described = stack.aws.client("events").describe_rule(Name=rule)
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": described["Arn"]}}


def test_a_request_without_tls_is_refused(stack):
    """On both queues, to the root user too; with TLS the same request is taken."""
    sqs = stack.aws.client("sqs")
    plain = stack.aws.client("sqs")
    plain.meta.events.register(
        "before-send.sqs.*", lambda request, **_: request.headers.__setitem__("X-Forwarded-Proto", "http")
    )
    for url in (stack.outputs["QueueUrl"], stack.outputs["DeadLetterQueueUrl"]):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        with pytest.raises(ClientError, match="AccessDenied"):
            plain.send_message(QueueUrl=url, MessageBody="x")


def open_queue(stack):
    """A queue that S3 may write to for any account's bucket."""
    sqs = stack.aws.client("sqs")
    url = sqs.create_queue(QueueName="open")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


def delivered(stack):
    """All that the queue holds, once a change that is uploaded last has come too."""

    def bodies():
        stack.aws.client("s3").put_object(Bucket=DIRECT, Key="marker.html", Body=b"x")
        found = "\n".join(each["Body"] for each in letters(stack.aws, stack.outputs["QueueUrl"]))
        return found if "marker.html" in found else ""

    return until(bodies, PATIENCE_SECONDS, "the marker is delivered")
