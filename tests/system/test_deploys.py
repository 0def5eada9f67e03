"""A stack is deployed twice, with other parameters, half-way, without one of its buckets, and again.

Nothing is orphaned, nothing of others touched, and what the watch remembers is what is connected.
"""

from typing import Any

import pytest

from bucket_subscription.wishes.wish_table import WishTable
from infra.local.aws import TEMPLATE
from infra.local.sam import SamError
from tests.system import site

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.soak("takes minutes"),
    pytest.mark.xdist_group("system"),
]

NAME = "lived"
OWN = f"cloudfront-invalidator-{NAME}"
ONE, TWO, SWITCHED = "l-one", "l-two", "l-switched"


def notification(stack, bucket):
    found = stack.aws.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: each for name, each in found.items() if name != "ResponseMetadata"}


def own_ids(stack, bucket):
    return [
        each["Id"]
        for each in notification(stack, bucket).get("QueueConfigurations", [])
        if each["Id"].startswith(OWN)
    ]


def theirs(stack, bucket):
    return [
        each
        for each in notification(stack, bucket).get("QueueConfigurations", [])
        if not each["Id"].startswith(OWN)
    ]


def remembered(stack, outputs):
    wishes = WishTable(stack.aws.client("dynamodb"), outputs["TableName"]).all()
    return {(wish.bucket, str(wish.road), str(wish.maker)) for wish in wishes}


def deploy(stack, **parameters: str) -> dict[str, str]:
    outputs: dict[str, str] = stack.aws.deploy(parameters, stack=NAME, template=TEMPLATE)
    return outputs


def delete(stack) -> None:
    cloudformation = stack.aws.client("cloudformation")
    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def test_a_stack_s_life(stack):
    s3, sqs = stack.aws.client("s3"), stack.aws.client("sqs")
    queue = sqs.create_queue(QueueName="l-theirs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    entry: dict[str, Any] = {"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRestore:*"]}
    for bucket in (ONE, TWO, SWITCHED):
        site.make_bucket(stack.aws, bucket)
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={"QueueConfigurations": [entry]},
            SkipDestinationValidation=True,
        )
    before = {bucket: theirs(stack, bucket) for bucket in (ONE, TWO, SWITCHED)}

    def others_stay(*buckets):
        assert {bucket: theirs(stack, bucket) for bucket in buckets} == {b: before[b] for b in buckets}

    # Twice, and then with other parameters.
    for _ in range(2):
        outputs = deploy(stack, Buckets=ONE, EventBridgeBuckets=SWITCHED)
        assert own_ids(stack, ONE) == [OWN]
    assert remembered(stack, outputs) == {(ONE, "queue", "stack"), (SWITCHED, "eventbridge", "stack")}
    outputs = deploy(
        stack, Buckets=f"{ONE},{TWO}", BucketFilters=f"{TWO}=public/*.html", EventBridgeBuckets=""
    )
    assert remembered(stack, outputs) == {(ONE, "queue", "stack"), (TWO, "queue", "stack")}
    assert len(own_ids(stack, TWO)) == 1
    others_stay(ONE, TWO, SWITCHED)

    # Half-way, and rolled back: as it was.
    standing = {bucket: notification(stack, bucket) for bucket in (ONE, TWO)}
    with pytest.raises(SamError):
        deploy(stack, Buckets=f"{ONE},l-nowhere", BucketFilters="")
    assert {bucket: notification(stack, bucket) for bucket in (ONE, TWO)} == standing
    assert remembered(stack, outputs) == {(ONE, "queue", "stack"), (TWO, "queue", "stack")}

    # Deleted, with one of its buckets gone.
    s3.delete_bucket(Bucket=TWO)
    delete(stack)
    assert own_ids(stack, ONE) == []
    others_stay(ONE, SWITCHED)
    assert remembered(stack, outputs) == set()

    # And again, with the table of before still there; the emulator takes it, AWS makes one of another name.
    outputs = deploy(stack, Buckets=ONE, BucketFilters="", EventBridgeBuckets="")
    assert own_ids(stack, ONE) == [OWN]
    assert remembered(stack, outputs) == {(ONE, "queue", "stack")}
    others_stay(ONE, SWITCHED)
    delete(stack)
